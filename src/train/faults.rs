//! Faults that tests ask for: a process that ends in the middle of a write, a disk that is full from one on. Not in
//! release builds.
//!
//! `NN_FAULT=kill:7` ends the process at the seventh moment of all its writing to a run; `NN_FAULT=full:7` has that and
//! every later one fail. With any of them, checkpoints are written at each validation, however quick those are.

#[cfg(debug_assertions)]
mod asked {
    use std::io;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    enum Kind {
        Kill,
        Full,
    }

    static ASKED: LazyLock<Option<(Kind, u64)>> = LazyLock::new(|| {
        let asked = std::env::var("NN_FAULT").ok()?;
        let (kind, at) = asked.split_once(':')?;
        let kind = match kind {
            "kill" => Kind::Kill,
            "full" => Kind::Full,
            _ => return None,
        };
        Some((kind, at.parse().ok()?))
    });
    static PASSED: AtomicU64 = AtomicU64::new(0);

    /// As the system says it, where we know its number.
    fn full() -> io::Error {
        match cfg!(unix) {
            true => io::Error::from_raw_os_error(28),
            false => io::ErrorKind::StorageFull.into(),
        }
    }

    pub fn are_asked_for() -> bool {
        ASKED.is_some()
    }

    pub fn moment() -> io::Result<()> {
        let Some((kind, at)) = &*ASKED else { return Ok(()) };
        let now = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
        match kind {
            Kind::Kill if now == *at => std::process::abort(),
            Kind::Full if now >= *at => Err(full()),
            _ => Ok(()),
        }
    }
}

#[cfg(not(debug_assertions))]
mod asked {
    pub fn are_asked_for() -> bool {
        false
    }

    pub fn moment() -> std::io::Result<()> {
        Ok(())
    }
}

pub(super) use asked::{are_asked_for, moment};
use std::io::{self, Write};

/// A file in which a write may fail, or end the process behind its first half.
pub(super) struct File(pub(super) std::fs::File);

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if are_asked_for() {
            self.0.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())?;
            moment()?;
            self.0.write_all(bytes.get(bytes.len() / 2..).unwrap_or_default())?;
            return Ok(bytes.len());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
