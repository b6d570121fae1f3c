//! What is done so that a drawing fits its width: long source lines are cut around what is marked in them, before
//! anything is drawn; long messages are broken between words.

use std::ops::Range;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cells that a tab takes at most.
pub(super) const TAB: usize = 4;

/// What stands for a part that is cut off.
const CUT: char = '…';

/// A text whose long lines are cut, and where its characters are now.
pub(super) struct CutText {
    pub text: String,
    lines: Vec<CutLine>,
}

/// A line of the text. Positions are in characters.
struct CutLine {
    /// Where it began.
    start: usize,
    /// Where it begins now.
    now: usize,
    /// Which of its characters are kept.
    kept: Range<usize>,
}

impl CutText {
    /// Cuts lines that are wider than `room` cells, around the characters that `marks` cover.
    pub fn new(text: &str, room: Option<usize>, marks: &[Range<usize>]) -> CutText {
        let mut cut = CutText { text: String::with_capacity(text.len()), lines: Vec::new() };
        let (mut start, mut now) = (0, 0);
        for line in text.split_inclusive('\n') {
            let body = line.strip_suffix('\n').unwrap_or(line);
            let cells: Vec<char> = body.chars().collect();
            let kept = match room {
                Some(room) if width_of(&cells) > room => {
                    let within = |mark: &Range<usize>| {
                        let (from, to) = (mark.start.max(start), mark.end.min(start + cells.len()));
                        (from < to).then(|| from - start..to - start)
                    };
                    window(&cells, room, &marks.iter().filter_map(within).collect::<Vec<_>>())
                }
                _ => 0..cells.len(),
            };
            let before = cut.text.len();
            if kept.start > 0 {
                cut.text.push(CUT);
            }
            cut.text.extend(cells.get(kept.clone()).unwrap_or_default());
            if kept.end < cells.len() {
                cut.text.push(CUT);
            }
            if line.len() > body.len() {
                cut.text.push('\n');
            }
            cut.lines.push(CutLine { start, now, kept });
            start += cells.len() + (line.len() - body.len());
            now += cut.text.get(before..).map_or(0, |t| t.chars().count());
        }
        cut
    }

    /// Where a character is now; that of the nearest one that is left, where it is cut off.
    pub fn position(&self, offset: usize) -> usize {
        let after = self.lines.partition_point(|line| line.start <= offset);
        let Some(line) = after.checked_sub(1).and_then(|i| self.lines.get(i)) else { return offset };
        let column = offset - line.start;
        let lead = usize::from(line.kept.start > 0);
        // What stands behind the last character (the end of the line) is not cut off.
        line.now + lead + column.clamp(line.kept.start, line.kept.end) - line.kept.start
    }
}

fn cell_width(c: char) -> usize {
    if c == '\t' { TAB } else { c.width().unwrap_or(0) }
}

fn width_of(cells: &[char]) -> usize {
    cells.iter().map(|c| cell_width(*c)).sum()
}

/// The characters of a line to keep: all marks where they fit, else the first, with some of what stands before.
fn window(cells: &[char], room: usize, marks: &[Range<usize>]) -> Range<usize> {
    // For the two signs that something is cut off.
    let room = room.saturating_sub(2).max(1);
    let fits = |range: Range<usize>| width_of(cells.get(range).unwrap_or_default()) <= room;
    let first = marks.iter().map(|m| m.start).min().unwrap_or(0);
    let last = marks.iter().map(|m| m.end).max().unwrap_or(0);
    let mut start = match (fits(0..last), fits(first..last)) {
        (true, _) => 0,
        // What stands before says what it is about; a third of the room, or what the marks leave.
        (_, true) => before(cells, first, (room - width_of(cells.get(first..last).unwrap_or_default())).min(room / 3)),
        _ => before(cells, first, room / 6),
    };
    // From a word on.
    if start > 0
        && let Some(gap) = cells.get(start..first).and_then(|c| c.iter().position(|c| *c == ' '))
        && gap < 12
    {
        start += gap + 1;
    }
    let mut end = start;
    while end < cells.len() && fits(start..end + 1) {
        end += 1;
    }
    start..end
}

/// How far back from a character `room` cells reach.
fn before(cells: &[char], at: usize, room: usize) -> usize {
    let mut start = at;
    while start > 0 && width_of(cells.get(start - 1..at).unwrap_or_default()) <= room {
        start -= 1;
    }
    start
}

/// The words of a text in lines of at most `room` cells. A word that is wider has a line of its own.
pub(super) fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.width() + 1 + word.width() > room {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// A character with the escape sequence that colours it.
#[derive(Clone, PartialEq)]
struct Cell {
    char: char,
    color: String,
}

fn cells_of(line: &str) -> Vec<Cell> {
    let (mut cells, mut color) = (Vec::new(), String::new());
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            let sequence: String = std::iter::once(char).chain(chars.by_ref().take_while(|c| *c != 'm')).collect();
            if sequence.ends_with("[0") {
                color.clear();
            } else {
                color.push_str(&sequence);
                color.push('m');
            }
        } else {
            cells.push(Cell { char, color: color.clone() });
        }
    }
    cells
}

fn text_of(cells: &[Cell]) -> String {
    let (mut text, mut color) = (String::new(), "");
    for cell in cells {
        if cell.color != color {
            if !color.is_empty() {
                text.push_str("\u{1b}[0m");
            }
            text.push_str(&cell.color);
            color = &cell.color;
        }
        text.push(cell.char);
    }
    if !color.is_empty() {
        text.push_str("\u{1b}[0m");
    }
    text
}

/// Room that a label's message should have; where there is less and it needs more, it stands further left.
const ENOUGH: usize = 28;

/// A drawn line, its label's message broken where it is wider than `width`.
pub(super) fn folded(line: &str, width: usize) -> Vec<String> {
    let cells = cells_of(line);
    if cells.iter().map(|c| cell_width(c.char)).sum::<usize>() <= width {
        return vec![line.to_owned()];
    }
    let plain: Vec<char> = cells.iter().map(|c| c.char).collect();
    let (Some(margin), Some(message)) = (margin_of(&plain), message_of(&plain)) else { return vec![line.to_owned()] };
    let (drawn, said) = cells.split_at(message);
    let color = said.first().map(|c| c.color.clone()).unwrap_or_default();
    let said: String = said.iter().map(|c| c.char).collect();
    let drawn = &shortened(drawn);
    let indent = drawn.len();
    // Bars of other labels go on; what belongs to this one has ended.
    let below: Vec<Cell> = drawn
        .iter()
        .map(|cell| Cell {
            char: if matches!(cell.char, '│' | '├' | '┼' | '┤') { '│' } else { ' ' },
            color: cell.color.clone(),
        })
        .collect();
    let room = width.saturating_sub(indent);
    let own_line = room < ENOUGH && room < said.width();
    let indent = if own_line { width.saturating_sub(ENOUGH.max(width / 2)).max(margin + 2) } else { indent };
    let lines = wrapped(&said, width.saturating_sub(indent).max(1));
    let mut folded = Vec::new();
    let mut lead = drawn.to_vec();
    if own_line {
        lead.truncate(width);
        folded.push(text_of(&lead).trim_end().to_owned());
        lead = below.clone();
    }
    for text in lines {
        lead.truncate(indent);
        lead.extend(text.chars().map(|char| Cell { char, color: color.clone() }));
        folded.push(text_of(&lead).trim_end().to_owned());
        lead = below.clone();
    }
    folded
}

/// What leads to a message, without the part that only brings it to the others of its line.
fn shortened(drawn: &[Cell]) -> Vec<Cell> {
    const LEAD: usize = 2;
    let straight = drawn.iter().rev().skip(1).take_while(|cell| cell.char == '─').count();
    let end = drawn.len().saturating_sub(1);
    let mut short: Vec<Cell> = drawn.get(..end.saturating_sub(straight.saturating_sub(LEAD))).unwrap_or(drawn).to_vec();
    short.extend(drawn.get(end..).unwrap_or_default().iter().cloned());
    short
}

/// Where the margin of a line without a number ends.
fn margin_of(line: &[char]) -> Option<usize> {
    let at = line.iter().position(|c| !c.is_whitespace())?;
    line.get(at).filter(|c| **c == '│').map(|_| at)
}

/// Where the message of a label begins: behind the line that leads to it.
fn message_of(line: &[char]) -> Option<usize> {
    let corner = line.iter().position(|c| matches!(c, '╰'))?;
    let rest = line.get(corner..)?;
    let end = rest.windows(2).position(|pair| matches!(pair, ['─', ' ']))?;
    Some(corner + end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_around_their_marks() {
        let text = "short\naaaa bbbb cccc dddd eeee ffff gggg hhhh iiii jjjj\nlast\n";
        let mark = text.find("gggg").unwrap();
        let cut = CutText::new(text, Some(20), std::slice::from_ref(&(mark..mark + 4)));
        let lines: Vec<&str> = cut.text.lines().collect();
        assert_eq!((lines[0], lines[2]), ("short", "last"));
        assert!(lines[1].starts_with('…') && lines[1].ends_with('…') && lines[1].width() <= 20, "{}", lines[1]);
        let chars: Vec<char> = cut.text.chars().collect();
        let now: String = chars[cut.position(mark)..cut.position(mark + 4)].iter().collect();
        assert_eq!(now, "gggg");
        let last = text.find("last").unwrap();
        assert_eq!(chars[cut.position(last)..][..4].iter().collect::<String>(), "last");
    }

    #[test]
    fn wide_characters_take_two_cells() {
        let cut = CutText::new(&"模".repeat(30), Some(20), &[]);
        assert!(cut.text.width() <= 20 && cut.text.ends_with('…'));
    }

    #[test]
    fn messages_are_broken_between_words_and_bars_go_on() {
        let line = "   │   │      ╰──── one two three four five six seven eight nine ten eleven";
        let lines = folded(line, 50);
        assert!(lines.len() > 1 && lines.iter().all(|l| l.width() <= 50), "{lines:?}");
        assert!(lines[1].starts_with("   │   │      "), "{lines:?}");
        let colored = "   │ \u{1b}[31m╰──\u{1b}[0m one two three four five six seven eight";
        let lines = folded(colored, 30);
        assert!(lines.len() > 1 && lines[0].contains("\u{1b}[31m"), "{lines:?}");
        assert!(folded("12 │ a long source line that nobody may break between its words", 30).len() == 1);
    }

    #[test]
    fn a_message_without_room_stands_further_left() {
        let line = format!("   │ {}╰── one two three four five six", " ".repeat(40));
        let lines = folded(&line, 60);
        assert!(lines.iter().all(|l| l.width() <= 60), "{lines:?}");
        assert!(lines[0].ends_with("╰──") && lines[1].contains("one two three four"), "{lines:?}");
    }
}
