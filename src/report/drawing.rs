//! A chart in a terminal: points of Braille, two by four a letter.

use super::chart::Chart;
use super::curves::Curve;

/// Without the axes it would be nothing.
const NARROWEST: usize = 10;
/// Columns between two letters on a curve.
const BETWEEN: usize = 14;
/// The dots of a letter of Braille, by row and column.
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A letter of a drawing, and the curve that it is of.
pub type Cell = (char, Option<usize>);

/// What a curve is called in a drawing and its legend: `A`, `B`, …
pub fn letter(curve: usize) -> char {
    u32::try_from(curve % 26).ok().and_then(|at| char::from_u32('A' as u32 + at)).unwrap_or('A')
}

impl Chart {
    /// The chart in letters, at most so many columns and rows; line by line. Where there are several curves, letters on
    /// each say which it is. A mark is a dotted line from top to bottom, where nothing else is.
    pub fn cells(&self, width: usize, height: usize) -> Vec<Vec<Cell>> {
        let rows = height.saturating_sub(3).max(4);
        let (_, up) = self.scales(5, (rows / 3).max(2));
        let margin = up.ticks.iter().map(|tick| up.label(*tick).len()).max().unwrap_or(0) + 2;
        let columns = width.saturating_sub(margin).max(NARROWEST);
        let (across, up) = self.scales((columns / 14).max(2), (rows / 3).max(2));
        let mut canvas = Canvas::new(columns, rows);
        for (index, curve) in self.curves.iter().enumerate() {
            canvas.curve(index, curve, |x| across.place(x), |y| up.place(y));
        }
        if self.curves.len() > 1 {
            canvas.letters();
        }
        for (at, _) in &self.marks {
            canvas.mark(dot_of(across.place(*at), columns));
        }
        let mut lines: Vec<Vec<Cell>> = Vec::new();
        let tick_rows: Vec<(usize, String)> =
            up.ticks.iter().map(|tick| (row_of(up.place(*tick), rows), up.label(*tick))).collect();
        for (row, cells) in canvas.cells.iter().enumerate() {
            let label = tick_rows.iter().find(|(at, _)| *at == row).map(|(_, label)| label.as_str());
            let mut line = plain(&format!("{:>w$} ", label.unwrap_or(""), w = margin.saturating_sub(2)));
            line.push((if label.is_some() { '┤' } else { '│' }, None));
            line.extend(cells);
            lines.push(trimmed(line));
        }
        let mut axis = plain(&format!("{:>w$}└", "", w = margin.saturating_sub(1)));
        axis.extend(plain(&"─".repeat(columns)));
        let mut labels = vec![' '; margin + columns];
        for tick in &across.ticks {
            let at = margin + (across.place(*tick) * columns.saturating_sub(1) as f64).round() as usize;
            if let Some(cell) = axis.get_mut(at) {
                cell.0 = '┬';
            }
            let label = across.label(*tick);
            let start =
                (at + 1).saturating_sub(label.len().div_ceil(2)).min((margin + columns).saturating_sub(label.len()));
            let is_free = labels.iter().skip(start.saturating_sub(1)).take(label.len() + 2).all(|c| *c == ' ');
            if is_free {
                labels.iter_mut().skip(start).zip(label.chars()).for_each(|(cell, c)| *cell = c);
            }
        }
        lines.push(axis);
        lines.push(trimmed(labels.into_iter().map(|c| (c, None)).collect()));
        let word = self.across.word();
        lines.push(plain(&format!("{}{word}", " ".repeat(margin + columns.saturating_sub(word.len()) / 2))));
        lines
    }
}

fn plain(text: &str) -> Vec<Cell> {
    text.chars().map(|c| (c, None)).collect()
}

fn trimmed(mut line: Vec<Cell>) -> Vec<Cell> {
    while line.last().is_some_and(|(c, _)| *c == ' ') {
        line.pop();
    }
    line
}

/// The row of letters, from above, of a place between 0 and 1.
fn row_of(place: f64, rows: usize) -> usize {
    dot_of(1.0 - place, rows * 4) / 4
}

fn dot_of(place: f64, dots: usize) -> usize {
    (place * dots.saturating_sub(1) as f64).round().max(0.0) as usize
}

struct Canvas {
    cells: Vec<Vec<Cell>>,
    columns: usize,
    rows: usize,
    /// By curve, where it passes: the rows of letters by column.
    passes: Vec<Vec<Option<usize>>>,
}

impl Canvas {
    fn new(columns: usize, rows: usize) -> Canvas {
        Canvas { cells: vec![vec![(' ', None); columns]; rows], columns, rows, passes: Vec::new() }
    }

    fn curve(&mut self, index: usize, curve: &Curve, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) {
        self.passes.push(vec![None; self.columns]);
        let (across, down) = (self.columns * 2, self.rows * 4);
        let mut before: Option<(usize, usize)> = None;
        for (at, value) in &curve.points {
            if !value.is_finite() {
                before = None;
                continue;
            }
            let now = (dot_of(x(*at), across), dot_of(1.0 - y(*value), down));
            self.line(index, before.unwrap_or(now), now);
            before = Some(now);
        }
    }

    /// All dots between two.
    fn line(&mut self, curve: usize, from: (usize, usize), to: (usize, usize)) {
        let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
        let between =
            |a: usize, b: usize, i: usize| (a as f64 + (b as f64 - a as f64) * i as f64 / steps as f64).round();
        for i in 0..=steps {
            self.dot(curve, between(from.0, to.0, i) as usize, between(from.1, to.1, i) as usize);
        }
    }

    fn dot(&mut self, curve: usize, across: usize, down: usize) {
        let bit = DOTS.get(down % 4).and_then(|row| row.get(across % 2)).copied().unwrap_or(0);
        let Some(cell) = self.cells.get_mut(down / 4).and_then(|row| row.get_mut(across / 2)) else { return };
        let dots = (cell.0 as u32).saturating_sub(0x2800) | bit;
        *cell = (char::from_u32(0x2800 + dots).unwrap_or(' '), Some(curve));
        if let Some(place) = self.passes.get_mut(curve).and_then(|passes| passes.get_mut(across / 2)) {
            *place = Some(down / 4);
        }
    }

    /// A line from top to bottom, behind everything else.
    fn mark(&mut self, column: usize) {
        for cell in self.cells.iter_mut().filter_map(|row| row.get_mut(column)).filter(|(c, _)| *c == ' ') {
            cell.0 = '┊';
        }
    }

    /// A letter here and there on each curve, those of different curves at different places.
    fn letters(&mut self) {
        let count = self.passes.len();
        let between = BETWEEN.max(count * 3);
        for (curve, passes) in self.passes.iter().enumerate() {
            let shift = (2 * curve + 1) * between / (2 * count.max(1));
            let mut places: Vec<usize> = (shift..self.columns).step_by(between).collect();
            // A short one has at least the letter at its end.
            if !places.iter().any(|at| passes.get(*at).is_some_and(Option::is_some)) {
                places = passes.iter().rposition(Option::is_some).into_iter().collect();
            }
            for at in places {
                let Some(row) = passes.get(at).copied().flatten() else { continue };
                if let Some(cell) = self.cells.get_mut(row).and_then(|row| row.get_mut(at)) {
                    *cell = (letter(curve), Some(curve));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::curves::Across;
    use super::*;

    fn text(chart: &Chart, width: usize, height: usize) -> String {
        let line = |cells: Vec<Cell>| cells.into_iter().map(|(c, _)| c).collect::<String>();
        chart.cells(width, height).into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_line_goes_from_corner_to_corner() {
        let points = (0..=10).map(|i| (f64::from(i), f64::from(i))).collect();
        let curves = vec![Curve { name: "a".into(), points }];
        let chart = Chart::of_measures("a", Across::Steps, curves).unwrap();
        let drawn = text(&chart, 24, 7);
        assert_eq!(
            drawn,
            "10 ┤               ⢀⡠⠔⠒⠉\n   │          ⢀⡠⠤⠒⠊⠁\n 5 ┤     ⢀⣀⠤⠒⠊⠁\n 0 ┤⣀⡠⠤⠒⠉⠁\n   └┬─────────┬────────┬\n    0         5       10\n            step",
            "\n{drawn}"
        );
    }

    #[test]
    fn several_are_told_apart_by_letters() {
        let flat = |y: f64| Curve { name: y.to_string(), points: (1..30).map(|i| (f64::from(i), y)).collect() };
        let chart = Chart::of_measures("a", Across::Epochs, vec![flat(1.0), flat(2.0), flat(3.0)]).unwrap();
        for width in [0, 20, 60, 200] {
            let drawn = text(&chart, width, 12);
            assert!(["A", "B", "C"].iter().all(|letter| drawn.contains(letter)), "{width}\n{drawn}");
            assert!(drawn.lines().all(|line| line.chars().count() <= width.max(20)), "{width}\n{drawn}");
        }
    }
}
