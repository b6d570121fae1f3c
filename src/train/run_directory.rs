//! The directory of a run: made once, never overwritten, and every file in it whole.

use super::error::RunError;
use super::faults;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What names the newest run of a file.
pub(super) const LATEST: &str = "latest";
/// What stands before the number of a sweep.
const SWEEP: &str = "sweep-";
/// Name of the file that is locked while a process works on the run.
const LOCK: &str = ".lock";
/// How often the lock is asked for before another process is said to work on the run, and how long it waits between: a
/// second in all.
const ATTEMPTS: usize = 20;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// The directory of a run being made.
#[derive(Debug, Clone)]
pub(super) struct RunDirectory {
    path: PathBuf,
    /// The directory whose `latest` is to name this run; none with `--out`.
    siblings: Option<PathBuf>,
}

impl RunDirectory {
    /// `runs/<file>/<n>` with the first free number behind all others, or the directory that `out` names.
    pub(super) fn create(runs: &Path, file: &Path, out: Option<&Path>) -> Result<RunDirectory, RunError> {
        RunDirectory::create_named(runs, file, out, "")
    }

    /// `runs/<file>/sweep-<n>` in the same way; `latest` never names it.
    pub(super) fn create_sweep(runs: &Path, file: &Path, out: Option<&Path>) -> Result<RunDirectory, RunError> {
        let directory = RunDirectory::create_named(runs, file, out, SWEEP)?;
        Ok(RunDirectory { siblings: None, ..directory })
    }

    fn create_named(runs: &Path, file: &Path, out: Option<&Path>, before: &str) -> Result<RunDirectory, RunError> {
        if let Some(out) = out {
            fs::create_dir_all(out).map_err(|error| RunError::write(out, &error))?;
            let mut entries = fs::read_dir(out).map_err(|error| RunError::write(out, &error))?;
            if entries.next().is_some() {
                return Err(RunError::OutNotEmpty { path: out.to_owned() });
            }
            return Ok(RunDirectory { path: out.to_owned(), siblings: None });
        }
        let siblings = siblings(runs, file);
        fs::create_dir_all(&siblings).map_err(|error| RunError::write(&siblings, &error))?;
        let mut number = 1 + numbers(&siblings, before).max().unwrap_or(0);
        loop {
            let path = siblings.join(format!("{before}{number}"));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(RunDirectory { path, siblings: Some(siblings) }),
                // Another run was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(RunError::write(&path, &error)),
            }
        }
    }

    /// That of a run of this file that goes on: a numbered one among its siblings, or one that `--out` named, or that
    /// was moved or copied, and then has none.
    pub(super) fn reopen(path: &Path, file: &Path) -> RunDirectory {
        let is_number = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.parse::<u64>().is_ok());
        let siblings = path.parent().filter(|parent| is_number && parent.file_name() == file.file_stem());
        RunDirectory { path: path.to_owned(), siblings: siblings.map(Path::to_owned) }
    }

    /// Keeps other processes from working on this run while the result lives. It goes with the process, however that
    /// ends.
    pub(super) fn lock(&self) -> Result<fs::File, RunError> {
        let path = self.path.join(LOCK);
        let file = fs::File::create(&path).map_err(|error| RunError::write(&path, &error))?;
        // Who lists runs holds the lock of each for an instant, and so does a program that a process has begun to start
        // just before it ended: neither works on the run.
        for attempt in 0..ATTEMPTS {
            match file.try_lock() {
                Err(fs::TryLockError::WouldBlock) if attempt + 1 < ATTEMPTS => std::thread::sleep(BETWEEN_ATTEMPTS),
                Err(fs::TryLockError::WouldBlock) => break,
                // A file system that cannot lock does without.
                Ok(()) | Err(fs::TryLockError::Error(_)) => return Ok(file),
            }
        }
        Err(RunError::RunGoesOn { path: self.path.clone() })
    }

    /// Whether a process works on the run in a directory. What cannot be asked is taken for no.
    pub(super) fn is_locked(path: &Path) -> bool {
        fs::File::open(path.join(LOCK)).is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file of the run.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| RunError::write(parent, &error))?;
        }
        write_whole(&path, bytes)
    }

    /// Makes `latest` name this run, at no moment naming none.
    pub(super) fn become_latest(&self) -> Result<(), RunError> {
        let (Some(siblings), Some(name)) = (&self.siblings, self.path.file_name()) else { return Ok(()) };
        let (latest, beside) = (siblings.join(LATEST), siblings.join(format!(".latest-{}", std::process::id())));
        let _ = fs::remove_file(&beside);
        if link(Path::new(name), &beside).is_err() {
            // A file system without links: a file that holds the name.
            let text = name.to_string_lossy().into_owned();
            fs::write(&beside, text).map_err(|error| RunError::write(&beside, &error))?;
        }
        faults::moment().and_then(|()| fs::rename(&beside, &latest)).map_err(|error| RunError::write(&latest, &error))
    }
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(_to: &Path, _at: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Where the runs of a file are.
fn siblings(runs: &Path, file: &Path) -> PathBuf {
    runs.join(file.file_stem().unwrap_or(file.as_os_str()))
}

/// The numbers behind this word.
fn numbers(siblings: &Path, before: &str) -> impl Iterator<Item = u64> {
    let entries = fs::read_dir(siblings).into_iter().flatten().flatten();
    entries.filter_map(move |entry| entry.file_name().to_str()?.strip_prefix(before)?.parse().ok())
}

/// The run that `latest` names, or that a directory is: follows the file that stands in for a link.
pub(super) fn resolve(path: &Path) -> PathBuf {
    // Without the last slash, behind which a link is a folder.
    let path: PathBuf = path.components().collect();
    let Some(parent) = path.parent() else { return path };
    if path.ends_with(LATEST)
        && path.is_file()
        && let Ok(name) = fs::read_to_string(&path)
    {
        return parent.join(name.trim());
    }
    match fs::read_link(&path) {
        Ok(target) => parent.join(target),
        Err(_) => path,
    }
}

/// Where the runs of a file are, in a folder of runs: `runs/<file>`.
pub fn runs_of(file: &Path, runs: &Path) -> PathBuf {
    siblings(runs, file)
}

/// The newest run of a file that left weights: what `runs/<file>/latest` names. None where there is none.
pub fn latest_run(file: &Path, runs: &Path) -> Option<PathBuf> {
    let latest = siblings(runs, file).join(LATEST);
    let path = resolve(&latest);
    (path != latest && path.is_dir()).then_some(path)
}

/// Whether [`write_whole`] could write a file now. Nothing is left of the attempt.
///
/// Errors: the directory is not there or takes no file.
pub fn takes_file(path: &Path) -> io::Result<()> {
    let beside = beside(path);
    let is_new = beside.symlink_metadata().is_err();
    fs::File::options().write(true).create(true).truncate(false).open(&beside)?;
    if is_new { fs::remove_file(&beside) } else { Ok(()) }
}

/// Where a file is written before it takes its name.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// Writes a file so that at its path there is the old one or the whole new one, whatever happens in between.
///
/// Errors: the directory is not there or takes no file.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    write_whole_by(path, |file| file.write_all(bytes))
}

/// The same of what is not in memory in one piece.
pub(super) fn write_whole_by(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), RunError> {
    let beside = beside(path);
    let written = (|| {
        faults::moment()?;
        let mut file = io::BufWriter::new(faults::File(fs::File::create(&beside)?));
        content(&mut file)?;
        let faults::File(file) = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        faults::moment()?;
        file.sync_all()?;
        drop(file);
        faults::moment()?;
        fs::rename(&beside, path)?;
        faults::moment()?;
        // The name is safe when its directory is. Not every system can do this, and the content is safe anyway.
        if let Some(directory) = path.parent().and_then(|p| fs::File::open(p).ok()) {
            let _ = directory.sync_all();
        }
        Ok(())
    })();
    written.map_err(|error: io::Error| {
        let _ = fs::remove_file(&beside);
        RunError::write(path, &error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_numbered_and_never_reused() {
        let root = tempfile::tempdir().unwrap();
        let runs = root.path().join("runs");
        let file = Path::new("examples/iris.nn");
        assert_eq!(latest_run(file, &runs), None);
        let first = RunDirectory::create(&runs, file, None).unwrap();
        assert!(first.path().ends_with("runs/iris/1"));
        first.become_latest().unwrap();
        fs::create_dir(runs.join("iris/7")).unwrap();
        let next = RunDirectory::create(&runs, file, None).unwrap();
        assert!(next.path().ends_with("runs/iris/8"));
        assert_eq!(latest_run(file, &runs), Some(runs.join("iris/1")));
        next.become_latest().unwrap();
        assert_eq!(latest_run(file, &runs), Some(runs.join("iris/8")));
    }

    #[test]
    fn a_file_stands_in_for_the_link() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("iris/3")).unwrap();
        fs::write(root.path().join("iris/latest"), "3\n").unwrap();
        assert_eq!(latest_run(Path::new("iris.nn"), root.path()), Some(root.path().join("iris/3")));
    }

    #[test]
    fn a_run_is_found_by_its_link_and_only_that_names_it() {
        let root = tempfile::tempdir().unwrap();
        let runs = root.path().join("runs");
        let first = RunDirectory::create(&runs, Path::new("iris.nn"), None).unwrap();
        first.become_latest().unwrap();
        let latest = runs.join("iris/latest");
        for named in [latest.clone(), latest.join("")] {
            assert_eq!(resolve(&named), runs.join("iris/1"), "{}", named.display());
        }
        fs::write(root.path().join("iris.nn"), "model A(x: [2]) { x }").unwrap();
        assert_eq!(resolve(&root.path().join("iris.nn")), root.path().join("iris.nn"));
        // A copy elsewhere is not one of the runs of the file.
        for elsewhere in [root.path().join("other/1"), runs.join("iris/kept")] {
            fs::create_dir_all(&elsewhere).unwrap();
            RunDirectory::reopen(&elsewhere, Path::new("iris.nn")).become_latest().unwrap();
            assert!(!elsewhere.parent().unwrap().join("latest").exists() || resolve(&latest).ends_with("iris/1"));
        }
        RunDirectory::reopen(&runs.join("iris/1"), Path::new("examples/iris.nn")).become_latest().unwrap();
        assert_eq!(resolve(&latest), runs.join("iris/1"));
    }

    #[test]
    fn out_must_be_empty() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        RunDirectory::create(root.path(), Path::new("a.nn"), Some(&out)).unwrap().write("x", b"1").unwrap();
        let again = RunDirectory::create(root.path(), Path::new("a.nn"), Some(&out));
        assert!(matches!(again, Err(RunError::OutNotEmpty { .. })));
        assert_eq!(fs::read(out.join("x")).unwrap(), b"1");
    }

    #[test]
    fn an_attempt_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        takes_file(&root.path().join("w")).unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        assert_eq!(takes_file(&root.path().join("none/w")).unwrap_err().kind(), io::ErrorKind::NotFound);
        // What a killed write left is written over by the next, and is no file of ours before.
        fs::write(root.path().join("w.part"), b"half").unwrap();
        takes_file(&root.path().join("w")).unwrap();
        assert_eq!(fs::read(root.path().join("w.part")).unwrap(), b"half");
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("w");
        write_whole(&path, b"old").unwrap();
        // A directory where the new file would be written.
        fs::create_dir(root.path().join("w.part")).unwrap();
        assert!(matches!(write_whole(&path, b"new"), Err(RunError::Write { .. })));
        assert!(takes_file(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}
