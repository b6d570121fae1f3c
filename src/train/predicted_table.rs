//! Predictions on their way to a file: a row an example or, where an output has a length of its own, a row a position.

use super::prediction::{OutputReader, PredictedCell};
use crate::data::{Dataset, ExampleNames};
use std::io::{self, Write};
use std::ops::Range;

/// What a model gave for one example.
pub(super) struct Predictions<'v> {
    /// Padded as the batch is.
    pub(super) values: &'v [f32],
    /// How many positions are the example's own, where the output has a length of its own.
    pub(super) length: Option<usize>,
}

/// The predictions of all examples.
pub(super) struct PredictedTable {
    is_npy: bool,
    /// Whether a row is a position.
    is_by_position: bool,
    names: Option<ExampleNames>,
    /// The first of the examples.
    first: usize,
    columns: Vec<String>,
    /// By example: its rows.
    cells: Vec<Vec<Vec<PredictedCell>>>,
    /// By example: its rows, one behind the other.
    numbers: Vec<Vec<f32>>,
    /// Sizes of a row of numbers.
    shape: Vec<usize>,
}

impl PredictedTable {
    /// For these of the examples of new data.
    pub(super) fn new(is_npy: bool, dataset: &Dataset, is_by_position: bool, examples: Range<usize>) -> Self {
        let names = match &dataset.names {
            Some(names) => {
                let values = names.values.get(examples.clone()).unwrap_or_default().to_vec();
                Some(ExampleNames { columns: names.columns.clone(), values })
            }
            None if is_by_position => {
                let values = examples.clone().map(|example| vec![(example + 1).to_string()]).collect();
                Some(ExampleNames { columns: vec!["example".to_owned()], values })
            }
            None => None,
        };
        PredictedTable {
            is_npy,
            is_by_position,
            names,
            first: examples.start,
            columns: Vec::new(),
            cells: vec![Vec::new(); examples.len()],
            numbers: vec![Vec::new(); examples.len()],
            shape: Vec::new(),
        }
    }

    /// Adds what the model gave for an example. Where a row is a position, a reader reads one position of an output that
    /// has a length of its own.
    pub(super) fn add<'v>(
        &mut self,
        example: usize,
        readers: &[OutputReader],
        output: impl Fn(usize) -> Predictions<'v>,
    ) {
        let Some(example) = example.checked_sub(self.first) else { return };
        if self.columns.is_empty() {
            self.columns = self.names_of_columns(readers);
            // One output keeps its shape; several stand one behind the other.
            self.shape = match readers {
                [only] => only.shape.clone(),
                several => vec![several.iter().map(size).sum()],
            };
        }
        let outputs: Vec<(&OutputReader, Predictions<'v>)> =
            readers.iter().enumerate().map(|(i, reader)| (reader, output(i))).collect();
        let positions = match self.is_by_position {
            true => outputs.iter().filter_map(|(_, p)| p.length).max().unwrap_or(0),
            false => 1,
        };
        let own = self.names.as_ref().and_then(|n| n.values.get(example)).cloned().unwrap_or_default();
        for position in 0..positions {
            let mut cells: Vec<PredictedCell> = own.iter().cloned().map(PredictedCell::Text).collect();
            cells.extend(self.is_by_position.then(|| PredictedCell::Text(position.to_string())));
            let mut numbers = Vec::new();
            for (reader, predictions) in &outputs {
                let values = predictions.at(position, size(reader));
                match (self.is_npy, values) {
                    (true, Some(values)) => numbers.extend(reader.numbers(values)),
                    (true, None) => numbers.extend(std::iter::repeat_n(f32::NAN, size(reader))),
                    (false, Some(values)) => cells.extend(reader.cells(values)),
                    (false, None) => {
                        let empty = || PredictedCell::Text(String::new());
                        cells.extend(std::iter::repeat_with(empty).take(reader.columns().len()));
                    }
                }
            }
            if let (true, Some(all)) = (self.is_npy, self.numbers.get_mut(example)) {
                all.extend(numbers);
            } else if let Some(all) = self.cells.get_mut(example) {
                all.push(cells);
            }
        }
    }

    fn names_of_columns(&self, readers: &[OutputReader]) -> Vec<String> {
        let outputs: Vec<String> = readers.iter().flat_map(OutputReader::columns).collect();
        let position = self.is_by_position.then(|| "position".to_owned());
        let leading = self.names.iter().flat_map(|n| n.columns.iter().cloned()).chain(position);
        let mut columns: Vec<String> = Vec::new();
        for mut name in leading {
            // An output may be called like the column that tells examples apart.
            while outputs.contains(&name) || columns.contains(&name) {
                name.push('_');
            }
            columns.push(name);
        }
        columns.extend(outputs);
        columns
    }

    /// The names of the columns, as a CSV has them.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether a row is a position of an example.
    pub(super) fn is_by_position(&self) -> bool {
        self.is_by_position
    }

    /// The cells of each row, where they are not written as `.npy`.
    pub(super) fn cells(&self) -> impl Iterator<Item = &[PredictedCell]> {
        self.cells.iter().flatten().map(Vec::as_slice)
    }

    /// The number of rows.
    pub(super) fn rows(&self) -> usize {
        let each = self.shape.iter().product::<usize>().max(1);
        match self.is_npy {
            true => self.numbers.iter().map(|n| n.len() / each).sum(),
            false => self.cells.iter().map(Vec::len).sum(),
        }
    }

    /// Sizes of a row, where it is written as `.npy`.
    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Appends its rows to a CSV, with the names of the columns where it is the first.
    pub(super) fn write_csv(&self, file: &mut dyn Write, is_first: bool) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(file);
        if is_first {
            writer.write_record(&self.columns)?;
        }
        for row in self.cells() {
            let cells = row.iter().map(|cell| match cell {
                PredictedCell::Text(text) => text.clone(),
                PredictedCell::Number(x) => x.to_string(),
            });
            writer.write_record(cells)?;
        }
        writer.flush()
    }

    /// Appends its numbers to what follows the header of a `.npy` file.
    pub(super) fn write_numbers(&self, file: &mut dyn Write) -> io::Result<()> {
        self.numbers.iter().try_for_each(|of_example| {
            let bytes: Vec<u8> = of_example.iter().flat_map(|x| x.to_le_bytes()).collect();
            file.write_all(&bytes)
        })
    }
}

/// The header of a `.npy` file of so many rows of single precision.
///
/// The format: `numpy.lib.format`, version 1.0.
pub(super) fn npy_header(rows: usize, shape: &[usize]) -> Vec<u8> {
    let dims: Vec<String> = std::iter::once(&rows).chain(shape).map(usize::to_string).collect();
    // As Python writes a tuple of one.
    let dims = dims.join(", ") + if shape.is_empty() { "," } else { "" };
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({dims}), }}");
    // All of it, with the ten bytes before it and the line feed behind it, ends at a multiple of 64.
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((length as u16).to_le_bytes());
    header.extend(format!("{text:<width$}\n", width = length - 1).into_bytes());
    header
}

/// Numbers that a reader reads at once.
fn size(reader: &OutputReader) -> usize {
    reader.shape.iter().product()
}

impl<'v> Predictions<'v> {
    /// The values of a position; all of them where there are no positions, none beyond the end.
    fn at(&self, position: usize, size: usize) -> Option<&'v [f32]> {
        match self.length {
            None => Some(self.values),
            Some(length) if position < length => self.values.get(position * size..(position + 1) * size),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::prediction::Meaning;
    use super::*;
    use crate::data::{Field, FieldKind, FieldType, Fitted, Ids, Splits};

    fn dataset(lengths: &[usize]) -> Dataset {
        let kind = FieldType { kind: FieldKind::Float, shape: vec![3], ragged: Some("s".into()) };
        let offsets = std::iter::once(0).chain(lengths.iter().scan(0, |end, n| {
            *end += n;
            Some(*end)
        }));
        let offsets = Some(offsets.collect());
        let (values, rows) = (vec![0.0; lengths.iter().sum()], lengths.len());
        let field = Field { name: "x".into(), kind, values: values.into(), rows, offsets, starts: None, inverse: None };
        let values = (0..rows).map(|i| vec![format!("s{i}")]).collect();
        let names = Some(ExampleNames { columns: vec!["id".into()], values });
        Dataset {
            fields: vec![field],
            splits: Splits::default(),
            fitted: Fitted::default(),
            ids: Ids::default(),
            names,
            blocks: None,
        }
    }

    fn reader(name: &str, shape: &[usize]) -> OutputReader {
        OutputReader { name: name.into(), shape: shape.to_vec(), meaning: Meaning::Values { units: Vec::new() } }
    }

    #[test]
    fn a_row_is_a_position_where_an_output_has_a_length() {
        let readers = [reader("y", &[]), reader("id", &[2])];
        let mut table = PredictedTable::new(false, &dataset(&[1, 2]), true, 0..2);
        let of = |values: &'static [f32], length| {
            move |i: usize| match i {
                0 => Predictions { values, length: Some(length) },
                _ => Predictions { values: &[7.0, 8.0], length: None },
            }
        };
        // In an order of its own: what is written follows the examples.
        table.add(1, &readers, of(&[3.0, 4.0], 2));
        table.add(0, &readers, of(&[5.0, 5.0], 1));
        assert_eq!(table.rows(), 3);
        let mut bytes = Vec::new();
        table.write_csv(&mut bytes, true).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "id,position,y,id[0],id[1]\ns0,0,5,7,8\ns1,0,3,7,8\ns1,1,4,7,8\n");
    }

    #[test]
    fn numbers_stand_one_behind_the_other() {
        let mut table = PredictedTable::new(true, &dataset(&[2, 1]), true, 0..2);
        let readers = [reader("y", &[2])];
        table.add(1, &readers, |_| Predictions { values: &[5.0, 6.0, 0.0, 0.0], length: Some(1) });
        table.add(0, &readers, |_| Predictions { values: &[1.0, 2.0, 3.0, 4.0], length: Some(2) });
        let mut bytes = npy_header(table.rows(), table.shape());
        assert_eq!(bytes.len() % 64, 0);
        table.write_numbers(&mut bytes).unwrap();
        let array: ndarray::Array2<f32> = ndarray_npy::ReadNpyExt::read_npy(&bytes[..]).unwrap();
        assert_eq!(array, ndarray::arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    }
}
