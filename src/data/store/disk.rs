//! A file beside memory: written once from its beginning, then read anywhere.

use super::super::files::cache_folder;
use super::super::problem::{DataProblem, Found};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that is read anywhere, by several threads.
#[derive(Debug)]
pub(crate) struct DiskFile {
    file: File,
    /// Its bytes.
    pub len: u64,
}

impl DiskFile {
    /// An open file.
    pub fn new(file: File) -> io::Result<DiskFile> {
        let len = file.metadata()?.len();
        Ok(DiskFile { file, len })
    }

    /// Fills `bytes` with what lies from `offset` on. Errors: the file ends before.
    pub fn read(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        read_at(&self.file, offset, bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "its file is shorter than it was"),
            _ => error,
        })
    }
}

#[cfg(unix)]
fn read_at(file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut offset: u64, mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        offset += read as u64;
        bytes = bytes.get_mut(read..).unwrap_or_default();
    }
    Ok(())
}

/// Writes a file without a name, which is gone with the process, however that ends: in the folder that `TMPDIR` names,
/// else in that of caches.
pub(crate) struct DiskWriter {
    writer: BufWriter<File>,
    folder: PathBuf,
    written: u64,
}

impl DiskWriter {
    /// An empty file. Errors: there is no place for it.
    pub fn new() -> Found<DiskWriter> {
        // The system's folder of temporary files is often memory itself.
        let named = std::env::var_os("TMPDIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let (folder, there) = match (named, cache_folder()) {
            (Some(named), _) => (named, Ok(())),
            (None, Some(ours)) => (ours.clone(), std::fs::create_dir_all(&ours)),
            (None, None) => (std::env::temp_dir(), Ok(())),
        };
        let made = there.and_then(|()| tempfile::tempfile_in(&folder));
        let file = made.map_err(|error| no_room(&folder, 0, &error))?;
        Ok(DiskWriter { writer: BufWriter::with_capacity(1 << 18, file), folder, written: 0 })
    }

    /// Appends bytes. Errors: the disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> Found<()> {
        self.written += bytes.len() as u64;
        self.writer.write_all(bytes).map_err(|error| no_room(&self.folder, self.written, &error))
    }

    /// Everything that was written, to be read.
    pub fn finish(self) -> Found<DiskFile> {
        let DiskWriter { writer, folder, written } = self;
        let file = writer.into_inner().map_err(|error| no_room(&folder, written, error.error()))?;
        DiskFile::new(file).map_err(|error| no_room(&folder, written, &error))
    }
}

fn no_room(folder: &Path, written: u64, error: &io::Error) -> Box<DataProblem> {
    let reason = crate::diagnostics::io_reason(error);
    Box::new(DataProblem::NoRoomBeside { folder: folder.display().to_string(), written, reason })
}
