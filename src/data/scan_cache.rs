//! Scans are kept in memory, and those of big files on disk, so that checking a file twice costs nothing the second
//! time.
//!
//! A scan belongs to a canonical path, a size and a time of change. The cache is a help, never a need: where its folder
//! cannot be read or written, scans are simply made again.

use super::array_file::read_array;
use super::files::{cache_folder, failure};
use super::problem::Found;
use super::scan::{ArrayScan, Scanner, TableScan};
use super::source_spec::{DataFile, SourceSpec};
use super::store::Limits;
use super::table_reader::{TablePart, read};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Raised whenever a scan holds something else than before.
const VERSION: u32 = 3;
/// Smaller files are scanned faster than a cache file is found.
const WORTH_KEEPING: u64 = 1 << 18;
/// To scan such a file again and again takes longer than to wait until it can be remembered.
const WORTH_WAITING: u64 = 1 << 30;
/// A file that changed so recently may change again within the clock's grain.
pub(super) const SETTLED: Duration = Duration::from_secs(2);

/// The scan of a table's file.
pub(crate) fn table_scan(file: &DataFile) -> Found<Arc<TableScan>> {
    scan(file, "table", TablePart::File(file.clone()))
}

/// The scan of a text file's lines.
pub(crate) fn lines_scan(file: &DataFile) -> Found<Arc<TableScan>> {
    scan(file, "lines", TablePart::Lines(file.clone()))
}

fn scan(file: &DataFile, kind: &str, part: TablePart) -> Found<Arc<TableScan>> {
    kept(std::slice::from_ref(file), kind, || {
        let mut scanner = Scanner::default();
        let rows = read(&part, &mut scanner)?;
        Ok(scanner.finish(rows))
    })
}

/// The scan of an array's file, which is read as the source says.
pub(crate) fn array_scan(file: &DataFile, source: &SourceSpec) -> Found<Arc<ArrayScan>> {
    let kind = match source {
        SourceSpec::Npz { array, .. } => format!("npz {array}"),
        _ => source.name().to_string(),
    };
    kept(std::slice::from_ref(file), &kind, || {
        let array = read_array(file, source, Limits::USUAL.source)?;
        ArrayScan::of(&array.shape, array.boolean, |take| array.numbers.each(take))
    })
}

/// An editor asks for every split that somebody types on the way to the one that is meant.
const MOST_REMEMBERED: usize = 10_000;

/// What the files were when they were scanned.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Stamp {
    version: u32,
    kind: String,
    files: Vec<FileStamp>,
    /// A number that tells what else it depends on.
    within: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct FileStamp {
    path: PathBuf,
    size: u64,
    seconds: u64,
    nanoseconds: u32,
}

#[derive(Serialize, Deserialize)]
struct Kept<T> {
    stamp: Stamp,
    scan: T,
}

type Memory = Mutex<HashMap<Stamp, Arc<dyn Any + Send + Sync>>>;
static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::default);

/// What `make` gives for the content of `files`; kept under `kind` until one of them changes.
pub(crate) fn kept<T>(files: &[DataFile], kind: &str, make: impl FnOnce() -> Found<T>) -> Found<Arc<T>>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    kept_within(files, kind, 0, make)
}

/// As [`kept`], until `within` is another number.
pub(crate) fn kept_within<T>(
    files: &[DataFile],
    kind: &str,
    within: u64,
    make: impl FnOnce() -> Found<T>,
) -> Found<Arc<T>>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let Some(stamp) = stamps(files, kind)? else { return make().map(Arc::new) };
    let stamp = Stamp { within, ..stamp };
    if let Some(scan) = recalled(&stamp) {
        return Ok(scan);
    }
    let size: u64 = stamp.files.iter().map(|f| f.size).sum();
    let on_disk = if size >= WORTH_KEEPING { disk_path(&stamp) } else { None };
    let scan = match on_disk.as_deref().and_then(|p| read_kept(p, &stamp)) {
        Some(scan) => scan,
        None => {
            let scan = make()?;
            match on_disk {
                Some(path) => {
                    let kept = Kept { stamp: stamp.clone(), scan };
                    write_kept(&path, &kept);
                    kept.scan
                }
                None => scan,
            }
        }
    };
    Ok(remember(stamp, scan))
}

/// As [`kept`], in memory only: what is made of scans is made faster than it is read from disk.
pub(crate) fn remembered<T>(files: &[DataFile], kind: &str, make: impl FnOnce() -> Found<T>) -> Found<Arc<T>>
where
    T: Send + Sync + 'static,
{
    let Some(stamp) = stamps(files, kind)? else { return make().map(Arc::new) };
    match recalled(&stamp) {
        Some(known) => Ok(known),
        None => Ok(remember(stamp, make()?)),
    }
}

/// The same of what depends on no file, but on what `kind` says alone.
pub(crate) fn remembered_as<T>(kind: String, make: impl FnOnce() -> Found<T>) -> Found<Arc<T>>
where
    T: Send + Sync + 'static,
{
    let stamp = Stamp { version: VERSION, kind, files: Vec::new(), within: 0 };
    match recalled(&stamp) {
        Some(known) => Ok(known),
        None => Ok(remember(stamp, make()?)),
    }
}

fn recalled<T: Send + Sync + 'static>(stamp: &Stamp) -> Option<Arc<T>> {
    let known = MEMORY.lock().unwrap_or_else(PoisonError::into_inner).get(stamp).cloned();
    known.and_then(|known| known.downcast::<T>().ok())
}

/// Keeps what was found, in the place of what was found in these files before they changed.
fn remember<T: Send + Sync + 'static>(stamp: Stamp, found: T) -> Arc<T> {
    let found = Arc::new(found);
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let paths = |stamp: &Stamp| stamp.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
    memory.retain(|known, _| known.kind != stamp.kind || paths(known) != paths(&stamp));
    if memory.len() >= MOST_REMEMBERED {
        memory.clear();
    }
    memory.insert(stamp, found.clone());
    found
}

/// What the files are now; none where there are none, or one may change again without showing it.
fn stamps(files: &[DataFile], kind: &str) -> Found<Option<Stamp>> {
    let mut stamps = Vec::new();
    for file in files {
        match stamp(file)? {
            Some(stamp) => stamps.push(stamp),
            None => return Ok(None),
        }
    }
    let stamp = Stamp { version: VERSION, kind: kind.to_string(), files: stamps, within: 0 };
    Ok((!stamp.files.is_empty()).then_some(stamp))
}

thread_local! {
    static LOOKED_AT: RefCell<Option<HashMap<PathBuf, Option<FileStamp>>>> = const { RefCell::new(None) };
}

/// Does something in which every file is looked at once: what it is then, it is to the end.
pub(crate) fn at_one_moment<T>(work: impl FnOnce() -> T) -> T {
    struct Ended;
    impl Drop for Ended {
        fn drop(&mut self) {
            LOOKED_AT.set(None);
        }
    }
    LOOKED_AT.set(Some(HashMap::new()));
    let _ended = Ended;
    work()
}

/// What the file is now; none where it may change again without showing it.
fn stamp(file: &DataFile) -> Found<Option<FileStamp>> {
    let seen = LOOKED_AT.with_borrow(|seen| seen.as_ref().and_then(|seen| seen.get(&file.path)).cloned());
    if let Some(seen) = seen {
        return Ok(seen);
    }
    let stamp = stamp_now(file)?;
    LOOKED_AT.with_borrow_mut(|seen| seen.as_mut().map(|seen| seen.insert(file.path.clone(), stamp.clone())));
    Ok(stamp)
}

fn stamp_now(file: &DataFile) -> Found<Option<FileStamp>> {
    let look = || fs::metadata(&file.path).map_err(|e| failure(file, &e));
    let age_of = |about: &fs::Metadata| SystemTime::now().duration_since(about.modified().ok()?).ok();
    let mut metadata = look()?;
    let rest = age_of(&metadata).and_then(|age| SETTLED.checked_sub(age));
    if let Some(rest) = rest.filter(|_| metadata.len() >= WORTH_WAITING) {
        std::thread::sleep(rest + Duration::from_millis(1));
        metadata = look()?;
    }
    let modified = metadata.modified().ok();
    let settled = age_of(&metadata).is_some_and(|age| age > SETTLED);
    let since = modified.and_then(|m| m.duration_since(SystemTime::UNIX_EPOCH).ok()).unwrap_or_default();
    Ok(settled.then(|| FileStamp {
        path: fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone()),
        size: metadata.len(),
        seconds: since.as_secs(),
        nanoseconds: since.subsec_nanos(),
    }))
}

/// What an FNV-1a hash begins with.
pub(super) const FNV: u64 = 0xcbf2_9ce4_8422_2325;

/// A hash with one more byte. FNV-1a is the same in every version of the compiler, unlike the standard library's.
pub(super) fn fnv(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

/// One cache file for each set of paths, so that the cache does not grow with every change of a file.
fn disk_path(stamp: &Stamp) -> Option<PathBuf> {
    let paths: Vec<_> = stamp.files.iter().map(|f| f.path.as_path()).collect();
    let name = format!("{}:{paths:?}", stamp.kind);
    let hash = name.bytes().fold(FNV, fnv);
    Some(cache_folder()?.join(format!("scan-{hash:016x}.json")))
}

fn read_kept<T: DeserializeOwned>(path: &Path, stamp: &Stamp) -> Option<T> {
    let kept: Kept<T> = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (kept.stamp == *stamp).then_some(kept.scan)
}

/// Written beside and renamed, so that nobody reads half a file. Whatever fails, the scan is still there.
fn write_kept<T: Serialize>(path: &Path, kept: &Kept<T>) {
    let Some(folder) = path.parent() else { return };
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&beside, serde_json::to_vec(kept).unwrap_or_default()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_survive_on_disk_until_the_file_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = DataFile::new("a.csv", folder.path().join("a.csv"));
        let write = |content: String, age: u64| {
            fs::write(&file.path, content).expect("written");
            let when = SystemTime::now() - Duration::from_secs(age);
            fs::File::options().write(true).open(&file.path).and_then(|f| f.set_modified(when)).expect("set");
        };
        write(format!("a\n{}", "0.5\n".repeat(100_000)), 60);
        let scan = table_scan(&file).expect("scanned");
        let stamp = || Stamp {
            version: VERSION,
            kind: "table".into(),
            files: vec![stamp(&file).expect("there").expect("settled")],
            within: 0,
        };
        let (first, path) = (stamp(), disk_path(&stamp()).expect("a path"));
        assert_eq!(read_kept::<TableScan>(&path, &first).as_ref(), Some(&*scan));
        write(format!("a\n{}", "1.5\n".repeat(100_000)), 50);
        assert_eq!(read_kept::<TableScan>(&path, &stamp()), None, "another time of change");
        assert_ne!(table_scan(&file).expect("scanned again"), scan);
        fs::write(&path, b"{").expect("written");
        assert_eq!(read_kept::<TableScan>(&path, &stamp()), None, "half a file is no scan");
        let _ = fs::remove_file(path);
    }
}
