//! Reading what is needed next while something else is done.

use super::blocks::Disk;
use std::ops::Range;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// A file and the numbers of it that are needed soon.
type Wanted = (Arc<Disk<f32>>, Range<usize>);

/// A thread that reads ahead, as long as there is somebody who asks it to.
#[derive(Debug, Default)]
pub(crate) struct ReadAhead {
    sender: Mutex<Option<Sender<Vec<Wanted>>>>,
}

impl ReadAhead {
    /// Begins to read. Where there can be no thread, everything is read when it is needed.
    pub fn want(&self, wanted: Vec<Wanted>) {
        let mut sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.is_none() {
            let (to, from) = channel::<Vec<Wanted>>();
            let read = move || from.iter().flatten().for_each(|(disk, range): Wanted| disk.warm(range));
            if std::thread::Builder::new().name("read ahead".into()).spawn(read).is_ok() {
                *sender = Some(to);
            }
        }
        if let Some(sender) = &*sender {
            let _ = sender.send(wanted);
        }
    }
}
