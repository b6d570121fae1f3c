//! Where the time of a step goes, by source line, and the same as a trace for a browser.

use super::numbers::{before_unit, bytes};
use super::table::{Align, Table};
use crate::runtime::{Cost, Record};
use crate::source::{SourceMap, Span};
use crate::train::StepProfile;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// An operation takes a row of its own where it is this part of the step.
const NAMED: f64 = 0.01;

/// What instructions take, all steps together.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    seconds: f64,
    flops: u64,
    bytes: u64,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        self.seconds += other.seconds;
        self.flops += other.flops;
        self.bytes += other.bytes;
    }
}

/// A line of the program with what comes of it.
#[derive(Default)]
struct Line {
    /// Something in it.
    span: Span,
    sum: Sum,
    operations: Vec<(String, Sum)>,
}

/// The steps that were looked at, taken together.
pub struct Profile<'a> {
    sources: &'a SourceMap,
    /// In the order of the program; last what belongs to no line of it.
    lines: Vec<Line>,
    /// Between the instructions: the batch is gathered, the threads are told.
    outside: Sum,
    whole: Sum,
    steps: f64,
}

/// The instructions that ran: what each is, and its seconds. Those of one alone go from the first piece's beginning to the
/// last one's end; where several run together in bands, each has the share of that time that its pieces have of all.
fn instructions(records: &[Record]) -> impl Iterator<Item = (&Arc<Cost>, f64)> {
    let busy = |pieces: &[Record]| pieces.iter().map(|piece| (piece.end - piece.start).as_secs_f64()).sum::<f64>();
    records.chunk_by(|a, b| a.instruction == b.instruction).flat_map(move |together| {
        let start = together.iter().map(|piece| piece.start).min();
        let end = together.iter().map(|piece| piece.end).max();
        let seconds = start.zip(end).map_or(0.0, |(start, end)| (end - start).as_secs_f64());
        let all = busy(together);
        together.chunk_by(|a, b| Arc::ptr_eq(&a.cost, &b.cost)).filter_map(move |pieces| {
            let share = if pieces.len() == together.len() { 1.0 } else { busy(pieces) / all.max(f64::MIN_POSITIVE) };
            Some((&pieces.first()?.cost, seconds * share))
        })
    })
}

impl<'a> Profile<'a> {
    /// None where no step was looked at.
    pub fn of(steps: &[StepProfile], sources: &'a SourceMap) -> Option<Profile<'a>> {
        let (mut whole, mut inside) = (Sum::default(), Sum::default());
        let mut by_line: BTreeMap<_, Line> = BTreeMap::new();
        for step in steps {
            whole.seconds += (step.end - step.start).as_secs_f64();
            for (cost, seconds) in instructions(&step.records) {
                let sum = Sum { seconds, flops: cost.flops, bytes: cost.bytes };
                let place = sources.has(cost.span.file).then(|| (cost.span.file, sources.position(cost.span).line));
                let line = by_line.entry((place.is_none(), place)).or_default();
                line.span = cost.span;
                line.sum.add(sum);
                match line.operations.iter_mut().find(|(name, _)| *name == cost.operation) {
                    Some((_, known)) => known.add(sum),
                    None => line.operations.push((cost.operation.clone(), sum)),
                }
                inside.add(sum);
            }
        }
        (whole.flops, whole.bytes) = (inside.flops, inside.bytes);
        let outside = Sum { seconds: (whole.seconds - inside.seconds).max(0.0), ..Sum::default() };
        let mut lines: Vec<Line> = by_line.into_values().collect();
        for line in &mut lines {
            line.operations.sort_by(|a, b| b.1.seconds.total_cmp(&a.1.seconds));
        }
        (!steps.is_empty()).then_some(Profile { sources, lines, outside, whole, steps: steps.len() as f64 })
    }

    /// `model.nn:7`
    fn place(&self, line: &Line) -> String {
        if !self.sources.has(line.span.file) {
            return "–".to_owned();
        }
        let name = self.sources.file(line.span.file).path.file_name();
        let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        format!("{name}:{}", self.sources.position(line.span).line)
    }

    fn text(&self, line: &Line) -> &str {
        if !self.sources.has(line.span.file) {
            return "what belongs to no line";
        }
        let number = self.sources.position(line.span).line;
        self.sources.file(line.span.file).text.lines().nth(number.saturating_sub(1)).unwrap_or_default().trim()
    }

    fn cells(&self, sum: Sum) -> Vec<String> {
        let rate = sum.flops as f64 / sum.seconds;
        let traffic = sum.bytes as f64 / self.steps;
        vec![
            milliseconds(sum.seconds / self.steps),
            format!("{:.1} %", 100.0 * sum.seconds / self.whole.seconds),
            if sum.flops > 0 && sum.seconds > 0.0 { format!("{}FLOP/s", before_unit(rate)) } else { String::new() },
            if sum.bytes > 0 { bytes(traffic as u64) } else { String::new() },
        ]
    }

    /// For a terminal of this width.
    pub fn table(&self, width: usize) -> String {
        let numbers = ["ms", "share", "rate", "touches"].map(|name| (name, Align::Right));
        let mut table = Table::new(&[&[("line", Align::Left)][..], &numbers].concat());
        let mut row = |name: String, sum: Sum| {
            let mut cells = vec![name];
            cells.extend(self.cells(sum));
            table.row(cells);
        };
        for line in &self.lines {
            row(format!("{}  {}", self.place(line), self.text(line)), line.sum);
            let named = |sum: &Sum| sum.seconds >= NAMED * self.whole.seconds;
            if line.operations.len() > 1 {
                for (name, sum) in line.operations.iter().filter(|(_, sum)| named(sum)) {
                    row(format!("    {name}"), *sum);
                }
                // With those that are too small for it, the rows make up the line. Where all are, it says enough.
                let smaller: Vec<_> = line.operations.iter().filter(|(_, sum)| !named(sum)).collect();
                match smaller.as_slice() {
                    all if all.len() == line.operations.len() => {}
                    [] => {}
                    [(name, sum)] => row(format!("    {name}"), *sum),
                    several => {
                        let mut all = Sum::default();
                        several.iter().for_each(|(_, sum)| all.add(*sum));
                        row(format!("    and {} smaller ones", several.len()), all);
                    }
                }
            }
        }
        row("between them: batches, threads".to_owned(), self.outside);
        let mut cells = vec!["a step".to_owned()];
        cells.extend(self.cells(self.whole));
        table.total(cells);
        table.render(width, "  ")
    }

    /// A list of lines, for programs.
    pub fn as_json(&self) -> Value {
        let sum = |sum: Sum| {
            json!({
                "ms": sum.seconds / self.steps * 1e3, "share": sum.seconds / self.whole.seconds,
                "gflops": (sum.seconds > 0.0).then(|| sum.flops as f64 / sum.seconds / 1e9),
                "bytes": sum.bytes as f64 / self.steps,
            })
        };
        let with = |mut object: Value, name: &str, value: Value| {
            object[name] = value;
            object
        };
        let line = |line: &Line| {
            let operations = line.operations.iter().map(|(name, of)| with(sum(*of), "operation", json!(name)));
            let operations = operations.collect::<Vec<_>>();
            with(with(sum(line.sum), "line", json!(self.place(line))), "operations", json!(operations))
        };
        let mut lines: Vec<Value> = self.lines.iter().map(line).collect();
        lines.push(with(sum(self.outside), "line", Value::Null));
        json!(lines)
    }
}

/// The steps in the format of Chrome's tracing (chrome://tracing, Perfetto): a track a thread, a bar a piece.
pub fn trace(steps: &[StepProfile], sources: &SourceMap) -> Value {
    let Some(began) = steps.first().map(|step| step.start) else { return json!({ "traceEvents": [] }) };
    let micros = |at: Instant| at.saturating_duration_since(began).as_secs_f64() * 1e6;
    let bar = |name: &str, worker: usize, start: Instant, end: Instant, args: Value| {
        json!({
            "name": name, "ph": "X", "pid": 1, "tid": worker, "ts": micros(start), "dur": micros(end) - micros(start),
            "args": args,
        })
    };
    let threads = steps.iter().flat_map(|step| &step.records).map(|record| record.worker + 1).max().unwrap_or(1);
    let named = |worker: usize| json!({ "name": "thread_name", "ph": "M", "pid": 1, "tid": worker, "args": { "name": format!("thread {}", worker + 1) } });
    let mut events: Vec<Value> = (0..threads).map(named).collect();
    for (number, step) in steps.iter().enumerate() {
        events.push(bar(&format!("step {}", number + 1), 0, step.start, step.end, json!({})));
        for record in &step.records {
            let cost = &record.cost;
            let line = sources.has(cost.span.file).then(|| sources.location(cost.span));
            let args = json!({ "line": line, "details": cost.to_string(), "flops": cost.flops, "bytes": cost.bytes });
            events.push(bar(&cost.operation, record.worker, record.start, record.end, args));
        }
    }
    json!({ "traceEvents": events, "displayTimeUnit": "ms" })
}

/// Three digits, however short or long it is.
pub fn milliseconds(seconds: f64) -> String {
    let ms = seconds * 1e3;
    let digits = if ms > 0.0 { (2.0 - ms.log10().floor()).clamp(0.0, 6.0) as usize } else { 0 };
    format!("{ms:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn three_digits() {
        let shown = [0.0000123, 0.00123, 0.0999, 0.1234, 1.5].map(milliseconds);
        assert_eq!(shown, ["0.0123", "1.23", "99.9", "123", "1500"]);
    }

    /// Two steps of two instructions, the first in two pieces on two threads.
    fn steps(sources: &mut SourceMap) -> Vec<StepProfile> {
        let file = sources.add("m.nn", "one\ntwo\n");
        let cost = |start: usize, operation: &str| {
            let (operation, results, operands) = (operation.to_owned(), "%1".to_owned(), String::new());
            let (span, flops, bytes) = (Span::new(file, start, start + 3), 4_000_000, 500);
            Arc::new(Cost { span, operation, results, operands, flops, bytes, stored: 100, pieces: 2 })
        };
        let costs = [cost(0, "matmul"), cost(4, "add")];
        let began = Instant::now();
        let at = |ms: u64| began + Duration::from_millis(ms);
        let piece = |instruction: usize, worker: usize, from: u64, to: u64| {
            let cost = costs[instruction].clone();
            Record { instruction, cost, worker, start: at(from), end: at(to) }
        };
        let step = |from: u64| StepProfile {
            start: at(from),
            end: at(from + 10),
            records: vec![
                piece(0, 0, from + 1, from + 4),
                piece(0, 1, from + 2, from + 5),
                piece(1, 0, from + 6, from + 9),
            ],
        };
        vec![step(0), step(10)]
    }

    #[test]
    fn time_is_told_by_line() {
        let mut sources = SourceMap::new();
        let steps = steps(&mut sources);
        let profile = Profile::of(&steps, &sources).expect("steps");
        let json = profile.as_json();
        let ms = |at: usize| json[at]["ms"].as_f64().expect("a number");
        assert!((ms(0) - 4.0).abs() < 1e-9 && (ms(1) - 3.0).abs() < 1e-9 && (ms(2) - 3.0).abs() < 1e-9, "{json}");
        assert_eq!((&json[0]["line"], &json[2]["line"]), (&json!("m.nn:1"), &Value::Null));
        assert!((json[0]["gflops"].as_f64().expect("a rate") - 1.0).abs() < 1e-9);
        let table = anstream::adapter::strip_str(&profile.table(100)).to_string();
        assert!(table.contains("m.nn:1  one") && table.contains("1.0 GFLOP/s") && table.contains("40.0 %"), "{table}");
        assert!(Profile::of(&[], &sources).is_none());
    }

    /// What is listed below a line is all of it.
    #[test]
    fn small_operations_share_a_row() {
        let mut sources = SourceMap::new();
        let file = sources.add("m.nn", "one\n");
        let began = Instant::now();
        let at = |micros: u64| began + Duration::from_micros(micros);
        let table = |operations: &[(&str, u64)]| {
            let (mut records, mut end) = (Vec::new(), 0);
            for (instruction, (operation, micros)) in operations.iter().enumerate() {
                let (operation, results, operands) = ((*operation).to_owned(), "%1".to_owned(), String::new());
                let span = Span::new(file, 0, 3);
                let cost = Cost { span, operation, results, operands, flops: 1000, bytes: 500, stored: 100, pieces: 1 };
                let (start, behind) = (at(end), at(end + micros));
                records.push(Record { instruction, cost: Arc::new(cost), worker: 0, start, end: behind });
                end += micros;
            }
            let steps = [StepProfile { start: began, end: at(end), records }];
            let profile = Profile::of(&steps, &sources).expect("a step");
            anstream::adapter::strip_str(&profile.table(100)).to_string()
        };
        let row = |table: &str, name: &str| {
            let found = table.lines().find(|line| line.trim_start().starts_with(name));
            found.map(|line| line.trim_start()[name.len()..].split_whitespace().collect::<Vec<_>>().join(" "))
        };
        let three = table(&[("matmul", 9_880), ("add", 60), ("exp", 40), ("sign", 20)]);
        assert_eq!(row(&three, "and 3 smaller ones").as_deref(), Some("0.120 1.2 % 25.0 MFLOP/s 1.5 KiB"), "{three}");
        assert_eq!((row(&three, "matmul").is_some(), row(&three, "add")), (true, None), "{three}");
        let one = table(&[("matmul", 9_940), ("add", 60)]);
        assert!(row(&one, "add").is_some() && !one.contains("smaller"), "{one}");
    }

    #[test]
    fn a_trace_has_a_track_a_thread() {
        let mut sources = SourceMap::new();
        let steps = steps(&mut sources);
        let trace = trace(&steps, &sources);
        let events = trace["traceEvents"].as_array().expect("a list");
        let of = |worker: u64| events.iter().filter(|e| e["ph"] == "X" && e["tid"] == worker).count();
        // Two steps with two bars each on the first thread, one each on the second.
        assert_eq!((of(0), of(1), events.len()), (6, 2, 10));
        assert_eq!(events[3]["args"]["line"], "m.nn:1");
        assert_eq!(events[3]["args"]["details"], "%1 = matmul");
    }
}
