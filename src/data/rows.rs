//! Rows of a table as they are read: some at a time, column by column.

use super::cell::Parsed;

/// Some rows of a table that follow one another.
pub(crate) struct Rows {
    /// By row: the line that it begins on (or its number, from 1).
    pub lines: Vec<u64>,
    /// All columns of the table.
    pub columns: Vec<Cells>,
}

impl Rows {
    /// No rows yet, of columns that are wanted or not.
    pub fn new(wanted: &[bool]) -> Rows {
        let columns = wanted.iter().map(|is_wanted| Cells { is_wanted: *is_wanted, ..Cells::default() }).collect();
        Rows { lines: Vec::new(), columns }
    }

    /// Forgets all but so many rows, and what is there of one that is not complete.
    pub fn truncate(&mut self, rows: usize) {
        self.lines.truncate(rows);
        self.columns.iter_mut().for_each(|cells| cells.truncate(rows));
    }
}

/// The cells of a column.
#[derive(Default)]
pub(crate) struct Cells {
    /// Whether they are kept: none is there otherwise.
    pub is_wanted: bool,
    /// By row; NaN where there is no number.
    numbers: Vec<f64>,
    /// For each text, its row and where it ends in `text`.
    texts: Vec<(usize, usize)>,
    text: String,
    /// The row of the first cell that goes on behind its closing quote, and the cell as it is written.
    goes_on: Option<(usize, String)>,
}

impl Cells {
    /// Appends a number.
    #[inline]
    pub fn push_number(&mut self, number: f64) {
        self.numbers.push(number);
    }

    /// Appends a cell, if they are wanted.
    pub fn push(&mut self, cell: Parsed<'_>) {
        if !self.is_wanted {
            return;
        }
        if let Parsed::Text(text) = cell {
            self.text.push_str(text);
            self.texts.push((self.numbers.len(), self.text.len()));
        }
        self.numbers.push(if let Parsed::Number(number) = cell { number } else { f64::NAN });
    }

    /// That the last cell goes on behind its closing quote.
    pub fn note_going_on(&mut self, written: &str) {
        if let (None, Some(row)) = (&self.goes_on, self.numbers.len().checked_sub(1)) {
            self.goes_on = Some((row, written.to_owned()));
        }
    }

    /// The row of the first cell that goes on behind its closing quote, and the cell as it is written.
    pub fn going_on(&self) -> Option<(usize, &str)> {
        self.goes_on.as_ref().map(|(row, written)| (*row, written.as_str()))
    }

    fn truncate(&mut self, rows: usize) {
        self.goes_on.take_if(|(row, _)| *row >= rows);
        self.numbers.truncate(rows);
        self.texts.truncate(self.texts.partition_point(|(row, _)| *row < rows));
        self.text.truncate(self.texts.last().map_or(0, |(_, end)| *end));
    }

    /// The numbers; NaN where a cell is missing or a text.
    pub fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    /// The cells that are texts, each with its row.
    pub fn texts(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut start = 0;
        self.texts.iter().map(move |(row, end)| {
            let text = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            (*row, text)
        })
    }

    /// All cells.
    pub fn iter(&self) -> impl Iterator<Item = Parsed<'_>> {
        let mut texts = self.texts().peekable();
        self.numbers.iter().enumerate().map(move |(row, number)| match texts.next_if(|(at, _)| *at == row) {
            Some((_, text)) => Parsed::Text(text),
            None if number.is_nan() => Parsed::Missing,
            None => Parsed::Number(*number),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_those_that_were_pushed() {
        let mut rows = Rows::new(&[true, false]);
        let cells = [Parsed::Text("a"), Parsed::Number(1.0), Parsed::Missing, Parsed::Text(""), Parsed::Text("bc")];
        for (line, cell) in (1..).zip(cells) {
            rows.lines.push(line);
            rows.columns.iter_mut().for_each(|column| column.push(cell));
        }
        assert_eq!(rows.columns[0].iter().collect::<Vec<_>>(), cells);
        assert_eq!(rows.columns[0].texts().collect::<Vec<_>>(), [(0, "a"), (3, ""), (4, "bc")]);
        assert_eq!(rows.columns[1].iter().count(), 0);
        rows.truncate(4);
        assert_eq!(rows.columns[0].iter().collect::<Vec<_>>(), &cells[..4]);
        rows.columns[0].push(Parsed::Text("d"));
        assert_eq!(rows.columns[0].iter().last(), Some(Parsed::Text("d")));
        rows.truncate(0);
        assert_eq!((rows.lines.len(), rows.columns[0].iter().count()), (0, 0));
    }
}
