//! Files are read as the `csv` crate reads them, record by record and slowly.

use super::super::cell::{Parsed, parse};
use super::super::problem::{DataProblem, Found};
use super::super::rows::Rows;
use super::super::scan::Scanner;
use super::super::source_spec::DataFile;
use super::super::table_reader::TableSink;
use super::read_in_stretches;
use proptest::prelude::*;

/// A cell that owns its text.
#[derive(Debug, PartialEq)]
enum Said {
    Missing,
    Number(u64),
    Text(String),
}

fn said(cell: Parsed<'_>) -> Said {
    match cell {
        Parsed::Missing => Said::Missing,
        Parsed::Number(number) => Said::Number(number.to_bits()),
        Parsed::Text(text) => Said::Text(text.to_string()),
    }
}

/// The names of the columns, and each row with its line.
type Content = (Vec<String>, Vec<(u64, Vec<Said>)>);

/// Keeps all cells but those of some columns.
struct Keep {
    unwanted: usize,
    content: Content,
    rows: u64,
}

impl TableSink for Keep {
    fn header(&mut self, columns: &[String]) -> Found<Vec<bool>> {
        self.content.0 = columns.to_vec();
        Ok((0..columns.len()).map(|column| column != self.unwanted).collect())
    }

    fn rows(&mut self, rows: &Rows) -> Found<()> {
        let start = self.content.1.len();
        self.content.1.extend(rows.lines.iter().map(|line| (*line, Vec::new())));
        for column in &rows.columns {
            let cells = column.iter().map(said);
            self.content.1[start..].iter_mut().zip(cells).for_each(|((_, row), cell)| row.push(cell));
        }
        self.rows += rows.lines.len() as u64;
        Ok(())
    }
}

/// What is read of a file in stretches of some length, or the problem.
fn read(text: &[u8], unwanted: usize, stretch: usize) -> Result<Content, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = DataFile::new("a.csv", folder.path().join("a.csv"));
    std::fs::write(&file.path, text).expect("written");
    let mut sink = Keep { unwanted, content: Content::default(), rows: 0 };
    let rows = read_in_stretches(&file, &mut sink, stretch).map_err(|problem| told(&problem))?;
    assert_eq!((rows, rows), (sink.rows, sink.content.1.len() as u64));
    Ok(sink.content)
}

fn told(problem: &DataProblem) -> String {
    match problem {
        DataProblem::Empty { header, .. } => format!("empty {header}"),
        DataProblem::NotUtf8 { place } => format!("not UTF-8 in {}", place.line),
        DataProblem::RaggedRow { place, cells, columns, over_lines } => {
            format!("{cells} of {columns} in {}, over lines {over_lines}", place.line)
        }
        DataProblem::DuplicateColumn { positions, .. } => format!("the same {positions:?}"),
        DataProblem::NeverCloses { .. } => NEVER_CLOSES.to_string(),
        other => panic!("{other:?}"),
    }
}

const NEVER_CLOSES: &str = "a quote is never closed";

/// Whether a file is read as slowly; where a quote is never closed, which the slow reader does not mind, whether that is
/// read which the slow reader reads and the quote is closed at its end.
fn is_as_slowly(text: &[u8], unwanted: usize, stretch: usize) -> bool {
    let (found, slowly) = (read(text, unwanted, stretch), read_slowly(text, unwanted));
    match found {
        Err(problem) if problem == NEVER_CLOSES => {
            read(&[text, b"\"".as_slice()].concat(), unwanted, stretch) == slowly
        }
        found => found == slowly,
    }
}

/// The same, slowly.
fn read_slowly(text: &[u8], unwanted: usize) -> Result<Content, String> {
    let is_end = |b: &u8| matches!(b, b'\n' | b'\r');
    let first = text.split(is_end).find(|line| !line.is_empty()).unwrap_or_default();
    let delimiter = [b',', b'\t', b';'].into_iter().find(|d| first.contains(d)).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).delimiter(delimiter).from_reader(text);
    let mut content = Content::default();
    let mut is_first = true;
    for record in reader.byte_records() {
        let record = record.expect("in memory");
        let start = record.position().expect("known").byte() as usize;
        let blank = text[start..].iter().take_while(|b| is_end(b)).count();
        // A record never begins between the two bytes of an end.
        let before = String::from_utf8_lossy(&text[..start + blank]).replace("\r\n", "\n").replace('\r', "\n");
        let line = 1 + before.matches('\n').count() as u64;
        if std::mem::take(&mut is_first) {
            for cell in &record {
                let name = std::str::from_utf8(cell).map_err(|_| "not UTF-8 in 1".to_string())?;
                content.0.push(name.trim().to_string());
            }
            let columns = || content.0.iter().enumerate();
            let same =
                columns().find_map(|(i, name)| Some((columns().take(i).position(|(_, n)| n == name)? + 1, i + 1)));
            if let Some(positions) = same {
                return Err(format!("the same {positions:?}"));
            }
            continue;
        }
        let (cells, columns) = (record.len(), content.0.len());
        if cells != columns {
            let over_lines = record.iter().any(|cell| cell.iter().any(is_end));
            return Err(format!("{cells} of {columns} in {line}, over lines {over_lines}"));
        }
        let mut row = Vec::new();
        for (_, cell) in record.iter().enumerate().filter(|(column, _)| *column != unwanted) {
            let cell = std::str::from_utf8(cell).map_err(|_| format!("not UTF-8 in {line}"))?;
            row.push(said(parse(cell)));
        }
        content.1.push((line, row));
    }
    match content {
        _ if is_first => Err("empty false".into()),
        (_, rows) if rows.is_empty() => Err("empty true".into()),
        content => Ok(content),
    }
}

/// Cells as they are written, good and bad.
fn cell() -> impl Strategy<Value = Vec<u8>> {
    let text = |pattern: &'static str| proptest::string::string_regex(pattern).expect("a pattern");
    let bytes = |text: String| text.into_bytes();
    prop_oneof![
        8 => text("-?[0-9]{1,9}(\\.[0-9]{0,18})?([eE][-+]?[0-9]{1,3})?").prop_map(bytes),
        2 => text(" ?[0-9]{1,3} ?").prop_map(bytes),
        2 => text("NA|NaN|inf|-inf|nan|1_0|\\+7|\\.|-|").prop_map(bytes),
        2 => text("[a-zä€😀' ]{0,12}").prop_map(bytes),
        3 => text("\"([a-z0-9ä€,;\r\n\t .]|\"\"){0,12}\"").prop_map(bytes),
    ]
}

/// A file of rows that mostly have as many cells as the first.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let shape = (1usize..5, prop_oneof![Just(","), Just("\t"), Just(";")]);
    shape.prop_flat_map(|(columns, delimiter)| {
        let end =
            prop_oneof![6 => Just("\n"), 3 => Just("\r\n"), 1 => Just("\r"), 1 => Just("\n\n"), 1 => Just("\r\n\r\n")];
        let row = (proptest::collection::vec(cell(), columns), end);
        proptest::collection::vec(row, 0..20).prop_map(move |rows| {
            let names: Vec<String> = (0..columns).map(|i| format!("c{i}")).collect();
            let mut file = names.join(delimiter).into_bytes();
            file.push(b'\n');
            for (cells, end) in rows {
                file.extend(cells.join(delimiter.as_bytes()));
                file.extend(end.as_bytes());
            }
            file
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn files_are_read_as_record_by_record(file in file(), unwanted in 0usize..6, stretch in 1usize..200, cut in 0usize..9) {
        // Half of the files end without the end of a line, some amid a cell.
        let file = &file[..file.len() - cut.saturating_sub(4).min(file.len())];
        prop_assert!(is_as_slowly(file, unwanted, stretch));
        prop_assert!(is_as_slowly(file, unwanted, 1 << 17));
    }

    #[test]
    fn and_so_is_whatever_else_there_is(
        bytes in proptest::collection::vec(
            prop_oneof![
                6 => proptest::sample::select(b",,,;\t\"\"\"\n\n\n\r  \xef\xbb\xbf".to_vec()),
                4 => proptest::sample::select(b"0123456789.-eaN".to_vec()),
                1 => any::<u8>(),
            ],
            0..80,
        ),
        unwanted in 0usize..4,
        stretch in 1usize..90,
    ) {
        // Whole files of another kind are told by how they begin.
        let file = [b"a,b\n".as_slice(), &bytes].concat();
        prop_assert!(is_as_slowly(&file, unwanted, stretch));
        let file = [b"\xef\xbb\xbfa\n".as_slice(), &bytes].concat();
        prop_assert!(is_as_slowly(&file, unwanted, stretch));
    }
}

#[test]
fn the_line_of_a_record_is_where_it_begins() {
    let lines = |text: &str| {
        let content = read(text.as_bytes(), 9, 7).expect("read");
        content.1.iter().map(|(line, _)| *line).collect::<Vec<_>>()
    };
    assert_eq!(lines("a\n1\n2\n3"), [2, 3, 4]);
    assert_eq!(lines("a\r\n1\r\n2\r\n3"), [2, 3, 4]);
    assert_eq!(lines("\n\na\n\n1\n\n\n\"2\n\n\"\n3\n\n4"), [5, 8, 11, 13]);
    assert_eq!(lines("a\n1\r\n2\r\n\r\n\"3\r\n\"\r\n4"), [2, 3, 5, 7]);
    // As spreadsheets on old Macs wrote, and some on new ones do.
    assert_eq!(lines("a\r1\r2\r\r\"3\r\r\"\r4\r"), [2, 3, 5, 8]);
    assert_eq!(lines("\r\n\ra\r\n\n1\r\r\n2\n\r3"), [5, 7, 9]);
}

/// What stands behind a closing quote is kept, and known.
#[test]
fn cells_that_go_on_behind_their_quotes_are_known() {
    let text = "a,b,c\n\"x\" ,\"1\"2,\"p\"\n\"y\"z,\"3\"4,\"say \"hi\" now\"\n\"w\"v,5,\"q\"";
    for stretch in [1, 7, 1 << 17] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = DataFile::new("a.csv", folder.path().join("a.csv"));
        std::fs::write(&file.path, text).expect("written");
        let mut scanner = Scanner::default();
        let rows = read_in_stretches(&file, &mut scanner, stretch).expect("read");
        let found: Vec<_> = scanner.finish(rows).columns.into_iter().map(|column| column.goes_on).collect();
        let cell = |line: u64, written: &str| Some((line, written.to_string()));
        assert_eq!(found, [cell(3, "\"y\"z"), cell(2, "\"1\"2"), cell(3, "\"say \"hi\" now\"")]);
    }
}

/// Without a word, the rows behind it would be gone.
#[test]
fn a_quote_that_is_never_closed_is_told() {
    for (text, line) in
        [("a,b\n1,2\n3,\"4\n5,6\n", 3), ("a,b\n1,2\n3,\"4", 3), ("\na,\"b\n1,2\n", 2), ("a,b\n\"\"\",2\n", 2)]
    {
        for (unwanted, stretch) in [(9, 3), (0, 1 << 17), (1, 1 << 17)] {
            assert_eq!(read(text.as_bytes(), unwanted, stretch), Err(NEVER_CLOSES.to_string()), "{text}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let file = DataFile::new("a.csv", folder.path().join("a.csv"));
        std::fs::write(&file.path, text).expect("written");
        let mut sink = Keep { unwanted: 9, content: Content::default(), rows: 0 };
        let problem = read_in_stretches(&file, &mut sink, 5).expect_err("never closed");
        assert!(
            matches!(*problem, DataProblem::NeverCloses { ref place } if place.line == line),
            "{text}: {problem:?}"
        );
    }
}
