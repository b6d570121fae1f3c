//! How much is kept in memory.

/// Sizes, in bytes, from which data is kept in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A source's cells (or elements) that are in memory at most.
    pub source: usize,
    /// Values of all fields of a data block that are in memory at most. Beyond, examples are shuffled by blocks.
    pub fields: usize,
    /// A block: what is read at once.
    pub block: usize,
    /// The blocks whose examples are shuffled together. There are two such windows in memory: one is trained on while
    /// the next is read.
    pub window: usize,
}

impl Limits {
    /// Those of all programs.
    pub const USUAL: Limits = Limits { source: 64 << 20, fields: 256 << 20, block: 256 << 10, window: 64 << 20 };
}

impl Default for Limits {
    fn default() -> Self {
        Limits::USUAL
    }
}
