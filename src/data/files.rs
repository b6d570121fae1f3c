//! Opening data files: compressed or not, several by one pattern, and what to say where one is not there.

use super::problem::{DataProblem, Found};
use super::source_spec::DataFile;
use super::store::{DiskFile, DiskWriter};
use crate::diagnostics::nearest;
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Where what can be made again is kept: `nnrun` in `XDG_CACHE_HOME`, else in `~/.cache`. None where there is no home.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        // Tests leave nothing behind in the home of whoever runs them.
        _ if cfg!(test) => std::env::temp_dir(),
        Some(folder) if Path::new(&folder).is_absolute() => PathBuf::from(folder),
        _ => PathBuf::from(std::env::var_os("HOME")?).join(".cache"),
    };
    Some(base.join("nnrun"))
}

/// How a file begins that is compressed by gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The file itself. What is no file is not opened: that may wait for somebody who never writes, and data is read more
/// than once.
pub(crate) fn open_file(file: &DataFile) -> Found<File> {
    let about = fs::metadata(&file.path).map_err(|e| failure(file, &e))?;
    match what_instead(&about) {
        Some(what) => Err(unreadable(file, what)),
        None => File::open(&file.path).map_err(|e| failure(file, &e)),
    }
}

/// What a path names that is no file.
fn what_instead(about: &fs::Metadata) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = about.file_type();
        if kind.is_fifo() {
            return Some("it is a pipe, and data is read more than once");
        }
        if kind.is_socket() {
            return Some("it is a socket, not a file");
        }
    }
    match about {
        about if about.is_file() => None,
        about if about.is_dir() => Some("it is a folder"),
        _ => Some("it is a device, not a file"),
    }
}

/// A reader of the file's content, which is decompressed where it begins as gzip does.
pub(crate) fn open(file: &DataFile) -> Found<Box<dyn Read>> {
    let mut reader = BufReader::with_capacity(1 << 16, open_file(file)?);
    let compressed = reader.fill_buf().map_err(|e| failure(file, &e))?.starts_with(&GZIP);
    Ok(if compressed {
        Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    })
}

/// The whole content, decompressed.
pub(crate) fn read_all(file: &DataFile) -> Found<Vec<u8>> {
    let mut bytes = Vec::new();
    open(file)?.read_to_end(&mut bytes).map_err(|e| failure(file, &e))?;
    Ok(bytes)
}

/// The content of a file, decompressed.
pub(crate) enum Content {
    /// All of it.
    Memory(Vec<u8>),
    /// Where it is read when it is needed.
    File(DiskFile),
}

impl Content {
    /// Its bytes.
    pub fn len(&self) -> usize {
        match self {
            Content::Memory(bytes) => bytes.len(),
            Content::File(file) => file.len as usize,
        }
    }

    /// So many of its first bytes, or all.
    pub fn head(&self, most: usize) -> std::io::Result<Cow<'_, [u8]>> {
        let most = most.min(self.len());
        match self {
            Content::Memory(bytes) => Ok(Cow::Borrowed(bytes.get(..most).unwrap_or_default())),
            Content::File(file) => {
                let mut head = vec![0u8; most];
                file.read(0, &mut head)?;
                Ok(Cow::Owned(head))
            }
        }
    }
}

/// The content, decompressed. What has more than `limit` bytes is not in memory: it is read from the file itself, or
/// from a file beside if it is compressed.
pub(crate) fn content(file: &DataFile, limit: usize) -> Found<Content> {
    let mut reader = open(file)?;
    let mut bytes = Vec::new();
    let first = limit as u64 + 1;
    reader.by_ref().take(first).read_to_end(&mut bytes).map_err(|e| failure(file, &e))?;
    if bytes.len() <= limit {
        return Ok(Content::Memory(bytes));
    }
    if !bytes.is_empty() && !is_compressed(file)? {
        drop(bytes);
        let opened = DiskFile::new(open_file(file)?).map_err(|e| failure(file, &e))?;
        return Ok(Content::File(opened));
    }
    let mut beside = DiskWriter::new()?;
    while !bytes.is_empty() {
        beside.write(&bytes)?;
        bytes.clear();
        reader.by_ref().take(1 << 20).read_to_end(&mut bytes).map_err(|e| failure(file, &e))?;
    }
    Ok(Content::File(beside.finish()?))
}

/// Whether a file begins as gzip does.
fn is_compressed(file: &DataFile) -> Found<bool> {
    let mut mark = Vec::new();
    let opened = open_file(file)?;
    opened.take(GZIP.len() as u64).read_to_end(&mut mark).map_err(|e| failure(file, &e))?;
    Ok(mark == GZIP)
}

/// What an input error means for the user.
pub(crate) fn failure(file: &DataFile, error: &std::io::Error) -> Box<DataProblem> {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => not_found(file),
        ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
            unreadable(file, &format!("its compressed content is damaged or cut short ({error})"))
        }
        _ => unreadable(file, &crate::diagnostics::io_reason(error)),
    }
}

pub(crate) fn unreadable(file: &DataFile, reason: &str) -> Box<DataProblem> {
    Box::new(DataProblem::Unreadable { written: file.written.clone(), reason: reason.to_string() })
}

fn not_found(file: &DataFile) -> Box<DataProblem> {
    let folder = file.path.parent().unwrap_or(Path::new(""));
    let mut missing_folder = None;
    for ancestor in folder.ancestors().filter(|a| !a.as_os_str().is_empty()) {
        if ancestor.exists() {
            break;
        }
        missing_folder = Some(shown_folder(file, ancestor));
    }
    let name = file.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let neighbours: Vec<String> = names_in(folder);
    // A program is no data, however much alike the names are.
    let neighbours = neighbours.iter().map(String::as_str).filter(|other| !other.ends_with(".nn"));
    let nearest = nearest(&name, neighbours).map(|n| match file.written.rsplit_once('/') {
        Some((before, _)) => format!("{before}/{n}"),
        None => n.to_string(),
    });
    Box::new(DataProblem::NoFile { written: file.written.clone(), nearest, missing_folder })
}

/// A folder on the way to a file, written as the user wrote the file.
fn shown_folder(file: &DataFile, folder: &Path) -> String {
    let below = file.path.components().count().saturating_sub(folder.components().count());
    let written: Vec<_> = Path::new(&file.written).components().collect();
    let kept = written.len().saturating_sub(below);
    if kept == 0 {
        return folder.display().to_string();
    }
    written.iter().take(kept).collect::<PathBuf>().display().to_string()
}

fn names_in(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .filter(|n| !n.starts_with('.'))
        .collect();
    names.sort();
    names
}

/// The files themselves: a pattern stands for those that it matches, by name.
pub(crate) fn expand(files: &[DataFile]) -> Found<Vec<DataFile>> {
    let mut all = Vec::new();
    for file in files {
        let name = file.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.contains(['*', '?']) || file.path.exists() {
            all.push(file.clone());
            continue;
        }
        let folder = file.path.parent().unwrap_or(Path::new(""));
        let pattern: Vec<char> = name.chars().collect();
        let matching: Vec<String> =
            names_in(folder).into_iter().filter(|n| matches(&pattern, &n.chars().collect::<Vec<_>>())).collect();
        if matching.is_empty() {
            return Err(not_found(file));
        }
        all.extend(matching.into_iter().map(|n| {
            let written = match file.written.rsplit_once('/') {
                Some((before, _)) => format!("{before}/{n}"),
                None => n.clone(),
            };
            DataFile::new(written, folder.join(n))
        }));
    }
    Ok(all)
}

/// Whether a name matches a pattern of `*` (any characters) and `?` (one character).
fn matches(pattern: &[char], name: &[char]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => (0..=name.len()).any(|skip| name.get(skip..).is_some_and(|n| matches(rest, n))),
        (Some(('?', rest)), Some((_, name))) => matches(rest, name),
        (Some((p, rest)), Some((n, name))) => p == n && matches(rest, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names() {
        let m = |p: &str, n: &str| matches(&p.chars().collect::<Vec<_>>(), &n.chars().collect::<Vec<_>>());
        assert!(m("part-*.csv", "part-01.csv") && m("*", "a") && m("a?c", "abc") && m("a*", "a"));
        assert!(!m("part-*.csv", "part-01.txt") && !m("a?c", "ac"));
    }

    #[test]
    fn a_missing_file_names_its_neighbour() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("iris.csv"), "a\n1\n").expect("written");
        let problem = |written: &str| match open(&DataFile::new(written, dir.path().join(written))) {
            Err(p) => *p,
            Ok(_) => panic!("{written} exists"),
        };
        let DataProblem::NoFile { nearest, missing_folder, .. } = problem("irsi.csv") else { panic!() };
        assert_eq!((nearest.as_deref(), missing_folder), (Some("iris.csv"), None));
        fs::write(dir.path().join("missing.nn"), "").expect("written");
        let DataProblem::NoFile { nearest, .. } = problem("missing.npy") else { panic!() };
        assert_eq!(nearest, None, "a program is no data");
        let DataProblem::NoFile { missing_folder, .. } = problem("data/more/iris.csv") else { panic!() };
        assert_eq!(missing_folder.as_deref(), Some("data"));
        let DataProblem::NoFile { .. } = *expand(&[DataFile::new("x*.csv", dir.path().join("x*.csv"))]).unwrap_err()
        else {
            panic!()
        };
        let DataProblem::Unreadable { .. } = *open(&DataFile::new(".", dir.path())).err().expect("a folder") else {
            panic!()
        };
    }

    /// A pipe that nobody writes to would be waited for.
    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let dir = tempfile::tempdir().expect("a folder");
        let pipe = dir.path().join("a.csv");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("s.csv")).expect("a socket");
        std::os::unix::fs::symlink(&pipe, dir.path().join("link.csv")).expect("a link");
        let mut told = vec![(dir.path().join("s.csv"), "it is a socket"), (dir.path().to_owned(), "it is a folder")];
        if made.is_ok_and(|status| status.success()) {
            told.extend([(pipe, "it is a pipe"), (dir.path().join("link.csv"), "it is a pipe")]);
        }
        if Path::new("/dev/zero").exists() {
            told.push((PathBuf::from("/dev/zero"), "it is a device"));
        }
        for (path, words) in told {
            let file = DataFile::new("x", &path);
            for problem in [open(&file).err(), read_all(&file).err(), content(&file, 1).err()] {
                let DataProblem::Unreadable { reason, .. } = *problem.expect("no file") else { panic!("{path:?}") };
                assert!(reason.starts_with(words), "{reason}");
            }
            let image = super::super::image_file::looked_at(&file).expect_err("no image");
            assert!(matches!(*image, DataProblem::Unreadable { .. }), "{image:?}");
        }
    }
}
