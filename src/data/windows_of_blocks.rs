//! Examples of which not all are in memory: they are read in blocks, and shuffled within windows of several blocks.
//!
//! A window's blocks are drawn from everywhere, so that a batch holds examples of all parts of a file, however it is
//! sorted; while a window is trained on, the next one is read.

use super::batches::Batches;
use super::dataset::{Dataset, Field};
use super::framing::Framing;
use super::problem::{DataError, DataProblem, DataResult};
use super::random::{Purpose, Stream};
use super::resolve::Resolved;
use super::steps::StepKind;
use super::store::{BlockSize, Limits, ReadAhead};
use crate::source::Span;
use std::ops::Range;
use std::sync::Arc;

/// How the examples of a data block are read.
#[derive(Debug, Clone)]
pub struct Blocks {
    /// Examples of a block.
    examples: usize,
    /// Blocks of a window.
    window: usize,
    reader: Arc<ReadAhead>,
    /// Of the first field, for messages.
    span: Span,
}

impl Blocks {
    /// None where the values of all fields fit in memory.
    pub(super) fn of(fields: &[&Resolved], framing: &Framing, limits: &Limits) -> Option<Blocks> {
        let bytes: usize = fields.iter().map(|field| values_of(field, framing) * size_of::<f32>()).sum();
        let each = bytes.checked_div(framing.count)?.max(1);
        let (examples, window) = ((limits.block / each).max(1), (limits.window / limits.block.max(1)).max(1));
        let span = fields.first().map_or(Span::default(), |field| field.span);
        (bytes > limits.fields).then(|| Blocks { examples, window, reader: Arc::default(), span })
    }

    /// The blocks of a field of so many numbers; none but whole positions of `each` numbers.
    pub(super) fn size(&self, numbers: usize, examples: usize, each: usize) -> BlockSize {
        let per_example = numbers.div_ceil(examples.max(1)).max(1);
        let numbers = (self.examples * per_example).next_multiple_of(each.max(1));
        // Those of the window that is trained on and of the one that is read, and some that are cut in two.
        BlockSize { numbers, most: 2 * self.window + 8 }
    }

    /// Examples in the order of their blocks, which is random, and random within each window; and where windows end.
    /// `examples` ascend.
    pub(super) fn shuffled(&self, examples: &[u32], seed: u64, epoch: u64) -> (Vec<u32>, Vec<usize>) {
        let mut blocks: Vec<&[u32]> = examples.chunk_by(|a, b| self.block(*a) == self.block(*b)).collect();
        Stream::new(seed, Purpose::Blocks, epoch).shuffle(&mut blocks);
        let mut stream = Stream::new(seed, Purpose::Shuffle, epoch);
        let (mut order, mut ends) = (Vec::with_capacity(examples.len()), Vec::new());
        for window in blocks.chunks(self.window) {
            let start = order.len();
            window.iter().for_each(|block| order.extend_from_slice(block));
            stream.shuffle(order.get_mut(start..).unwrap_or_default());
            ends.push(order.len());
        }
        (order, ends)
    }

    /// Where windows of examples end that are not shuffled.
    pub(super) fn in_order(&self, examples: usize) -> Vec<usize> {
        let window = self.examples.saturating_mul(self.window);
        (1..=examples.div_ceil(window)).map(|number| (number * window).min(examples)).collect()
    }

    fn block(&self, example: u32) -> usize {
        example as usize / self.examples
    }
}

impl Dataset {
    /// The next batch, while what is needed after its window is read.
    pub fn read_batch<'b>(&self, batches: &'b mut Batches) -> Option<&'b [u32]> {
        if let Some(ahead) = batches.window_ahead() {
            self.read_ahead(ahead);
        }
        batches.next_batch()
    }

    /// Begins to read these examples, which are needed soon; nothing where they are in memory.
    fn read_ahead(&self, examples: &[u32]) {
        let Some(blocks) = &self.blocks else { return };
        let mut wanted: Vec<usize> = examples.iter().map(|example| blocks.block(*example)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let of_field = |field: &Field, block: usize| -> Option<Range<usize>> {
            let first = block * blocks.examples;
            let last = (first + blocks.examples).min(field.rows).checked_sub(1)?;
            Some(field.place(first)?.start..field.place(last)?.end)
        };
        let wanted = wanted.into_iter().flat_map(|block| {
            self.fields.iter().filter_map(move |field| Some((field.values.disk()?.clone(), of_field(field, block)?)))
        });
        blocks.reader.want(wanted.collect());
    }

    /// Whether all values that were asked for so far could be read. Errors: those in a file could not.
    pub fn is_read(&self) -> DataResult<()> {
        let Some(blocks) = &self.blocks else { return Ok(()) };
        match self.fields.iter().find_map(|field| field.values.failure()) {
            None => Ok(()),
            Some(reason) => {
                let problem = DataProblem::LostBeside { reason: reason.to_owned() };
                Err(DataError::new(blocks.span, problem))
            }
        }
    }
}

/// Numbers that a field holds.
fn values_of(field: &Resolved, framing: &Framing) -> usize {
    let units = match field.steps.as_ref().map(|steps| &steps.kind) {
        None => framing.count,
        Some(StepKind::Groups(groups)) => groups.ends.last().map_or(0, |end| *end as usize),
        Some(StepKind::Window { .. }) => field.examples.as_ref().map_or(0, |e| e.counts.iter().sum()),
    };
    units * field.each()
}
