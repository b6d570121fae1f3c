//! From byte offsets to the lines and UTF-16 columns of the protocol, and back.

use gen_lsp_types::{Position, Range};
use line_index::{LineCol, LineIndex, TextSize, WideEncoding, WideLineCol};
use std::sync::Arc;

/// A text with its lines.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    text: Arc<str>,
    index: LineIndex,
}

impl Lines {
    /// Scans the text once.
    pub fn new(text: Arc<str>) -> Lines {
        Lines { index: LineIndex::new(&text), text }
    }

    /// The text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Where a byte is. Past the end is the end; within a character is its start.
    pub fn position(&self, offset: usize) -> Position {
        let offset = floor(&self.text, offset);
        let found = u32::try_from(offset).ok().and_then(|offset| self.index.try_line_col(TextSize::new(offset)));
        let wide = found.and_then(|found| self.index.to_wide(WideEncoding::Utf16, found));
        wide.map_or(Position { line: 0, character: 0 }, |wide| Position { line: wide.line, character: wide.col })
    }

    /// The byte at a position. A column behind the end of its line is that end, a line behind the last the end of the
    /// text, as the protocol wants; the second half of a surrogate pair is the start of its character.
    pub fn offset(&self, position: Position) -> usize {
        let Some(line) = self.index.line(position.line) else { return self.text.len() };
        let (start, end) = (usize::from(line.start()), usize::from(line.end()));
        let content = self.text.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r']);
        let wide = WideLineCol { line: position.line, col: position.character };
        let column =
            self.index.to_utf8(WideEncoding::Utf16, wide).map_or(content.len(), |LineCol { col, .. }| col as usize);
        let offset = start + column.min(content.len());
        floor(&self.text, offset)
    }

    /// The range of some bytes.
    pub fn range(&self, bytes: std::ops::Range<usize>) -> Range {
        Range { start: self.position(bytes.start), end: self.position(bytes.end) }
    }

    /// The bytes of a range; empty where it ends before it begins.
    pub fn bytes(&self, range: Range) -> std::ops::Range<usize> {
        let start = self.offset(range.start);
        start..self.offset(range.end).max(start)
    }
}

/// The start of the character that a byte is of.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Lines {
        Lines::new(text.into())
    }

    #[test]
    fn columns_count_as_javascript_does() {
        // A character of two units, one of one unit and three bytes, an accent that combines.
        let lines = lines("𝔸x\r\n模型 e\u{301}!\n");
        let cases = [(0, 0, 0), (4, 0, 2), (5, 0, 3), (7, 1, 0), (10, 1, 1), (13, 1, 2), (15, 1, 4), (17, 1, 5)];
        for (offset, line, character) in cases {
            let position = Position { line, character };
            assert_eq!(lines.position(offset), position, "byte {offset}");
            assert_eq!(lines.offset(position), offset, "{position:?}");
        }
    }

    #[test]
    fn positions_out_of_the_text_are_moved_into_it() {
        let lines = lines("𝔸x\r\nab");
        assert_eq!(lines.offset(Position { line: 0, character: 99 }), 5, "before the line's end");
        assert_eq!(lines.offset(Position { line: 0, character: 1 }), 0, "in the middle of a pair");
        assert_eq!(lines.offset(Position { line: 1, character: 99 }), 9);
        assert_eq!(lines.offset(Position { line: 99, character: 0 }), 9);
        assert_eq!(lines.position(99), Position { line: 1, character: 2 });
        assert_eq!(lines.position(2), Position { line: 0, character: 0 }, "in the middle of a character");
        assert_eq!(lines.bytes(Range { start: Position { line: 1, character: 1 }, end: Position::default() }), 8..8);
    }

    #[test]
    fn every_place_of_an_empty_text_is_its_start() {
        let lines = lines("");
        assert_eq!(lines.position(3), Position::default());
        assert_eq!(lines.offset(Position { line: 3, character: 3 }), 0);
    }
}
