//! Numbers that need not all be in memory at once.
//!
//! What is small lies in memory. What is larger than its [`Limits`] is written to a file that nobody else sees, and is
//! read from there a block at a time; the blocks used last stay. Where values lie depends on how large they are and
//! never on the machine, since large data is also shuffled in another way: two machines train alike.

mod blocks;
mod disk;
mod limits;
mod read_ahead;
mod writer;

pub use blocks::{Store, Stretch};
pub(crate) use disk::{DiskFile, DiskWriter};
pub use limits::Limits;
pub(crate) use read_ahead::ReadAhead;
pub(crate) use writer::{BlockSize, StoreWriter};
