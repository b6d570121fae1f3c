//! Predictions for new sequences, windows and texts, as they are written.

use nnrun::check::{Overrides, check_file};
use nnrun::train::{PredictOptions, RunOptions, Silent, predict, run};
use std::path::{Path, PathBuf};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (name, content) in files {
            std::fs::write(folder.path(name), content).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Trains the program `net.nn` of the folder.
    fn train(&self) -> PathBuf {
        let checked = check_file(&self.path("net.nn"), &Overrides::default()).unwrap();
        assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
        let options = RunOptions { runs: self.path("runs"), ..RunOptions::default() };
        run(&checked, &options, &mut Silent).unwrap().directory
    }

    fn predict(&self, run: &Path, input: &str, content: &str) -> Vec<Vec<String>> {
        std::fs::write(self.path(input), content).unwrap();
        let (input, output) = (self.path(input), self.path("out.csv"));
        let options = PredictOptions { model: None, input, output: output.clone(), batch: None, threads: 1 };
        predict(run, &options).map_err(|failed| failed.error).unwrap();
        let text = std::fs::read_to_string(output).unwrap();
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }
}

/// Series `0 .. n` of 1, 2, … or 9 rows.
fn series(ids: impl Iterator<Item = usize>) -> String {
    let mut text = String::from("id,a,who\n");
    for id in ids {
        for t in 0..id % 9 + 1 {
            text += &format!("s{id},{},{}\n", (id * 7 + t * 3) % 10, ["ann", "bob"][id % 2]);
        }
    }
    text
}

/// Whatever is written at once, the file is the same.
#[test]
fn predictions_are_written_part_by_part() {
    let folder = Folder::new(&[("net.nn", SEQUENCES)]);
    std::fs::write(folder.path("train.csv"), series(0..60)).unwrap();
    let run = folder.train();
    std::fs::write(folder.path("new.csv"), series(0..700)).unwrap();
    for ending in ["csv", "npy"] {
        let of = |batch: Option<usize>| {
            let (input, output) = (folder.path("new.csv"), folder.path(&format!("out.{ending}")));
            let options = PredictOptions { model: None, input, output: output.clone(), batch, threads: 2 };
            let predicted = predict(&run, &options).map_err(|failed| failed.error).unwrap();
            assert_eq!(predicted.rows, (0..700).map(|id| id % 9 + 1).sum::<usize>());
            std::fs::read(output).unwrap()
        };
        // How many are added at once changes the last bits of a sum, and nothing else.
        let cells = |bytes: Vec<u8>| -> Vec<Result<f32, String>> {
            if ending == "npy" {
                let array: ndarray::Array2<f32> = ndarray_npy::ReadNpyExt::read_npy(&bytes[..]).unwrap();
                return array.iter().map(|x| Ok(*x)).collect();
            }
            let cell = |cell: &str| cell.parse().map_err(|_| cell.to_owned());
            String::from_utf8(bytes).unwrap().lines().flat_map(|line| line.split(',')).map(cell).collect()
        };
        let usual = cells(of(None));
        assert!(usual.len() > 3000);
        for batch in [1, 3, 5000] {
            let other = cells(of(Some(batch)));
            assert_eq!(usual.len(), other.len());
            for pair in usual.iter().zip(&other) {
                match pair {
                    (Ok(a), Ok(b)) => assert!((a - b).abs() < 1e-5, "{a} {b}"),
                    (a, b) => assert_eq!(a, b),
                }
            }
        }
    }
}

const SEQUENCES: &str = "
data talk {
  let t     = csv(\"train.csv\") |> sequences(by: id)
  field a   = t[a] |> standardize
  field who = t.who |> first |> classes
}

model Net(a: [T, 1]) -> (logits: [2], each: [T, 2]) {
  let each = a |> Dense(4) |> tanh |> Dense(2)
  (mean(each, axis: T), each)
}

train Net on talk {
  loss:      cross_entropy(logits, who)
  optimizer: Adam(lr: 0.01)
  epochs:    2
  batch:     8
}
";

#[test]
fn positions_are_predicted_in_the_order_of_the_file_and_as_if_alone() {
    let folder = Folder::new(&[("net.nn", SEQUENCES), ("train.csv", &series(0..40))]);
    let run = folder.train();
    let ids = [8, 0, 5, 17, 3, 1];
    let all = folder.predict(&run, "new.csv", &series(ids.into_iter()));
    assert_eq!(all[0], ["id", "position", "logits", "logits.ann", "logits.bob", "each[0]", "each[1]"]);
    let mut rows = all.iter().skip(1);
    for id in ids {
        let alone = folder.predict(&run, "one.csv", &series(std::iter::once(id)));
        assert_eq!(alone.len(), id % 9 + 2);
        for (t, own) in alone.iter().skip(1).enumerate() {
            let row = rows.next().unwrap();
            assert_eq!((&row[..3], &row[..2]), (&own[..3], &[format!("s{id}"), t.to_string()][..]));
            for (x, y) in row.iter().zip(own).skip(3) {
                let (x, y): (f32, f32) = (x.parse().unwrap(), y.parse().unwrap());
                assert!((x - y).abs() < 1e-5, "{row:?} {own:?}");
            }
        }
    }
    assert_eq!(rows.next(), None);
}

#[test]
fn windows_are_told_apart_by_the_row_that_they_start_at() {
    let program = "
data line {
  let s      = csv(\"train.csv\").a |> standardize
  field past = s |> windows(3, stride: 2)
  field next = s |> windows(1, stride: 2, offset: 3) |> first
  split: ordered(train: 80%, test: 20%)
}

model Net(past: [3]) -> y: float {
  past |> Dense(1) |> squeeze
}

train Net on line {
  loss:      mse(y, next)
  optimizer: SGD(lr: 0.01)
  epochs:    1
  batch:     4
}
";
    let rows: String = (0..50).map(|i| format!("{i}\n")).collect();
    let folder = Folder::new(&[("net.nn", program), ("train.csv", &format!("a\n{rows}"))]);
    let run = folder.train();
    let table = folder.predict(&run, "new.csv", "a\n1\n2\n3\n4\n5\n6\n7\n");
    let rows: Vec<&str> = table.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(
        (table[0].as_slice(), rows.as_slice()),
        (&["row".to_owned(), "y".into()][..], &["row", "1", "3", "5"][..])
    );
}

#[test]
fn lines_are_predicted_character_by_character() {
    let program = "
data names {
  let line   = text(\"train.txt\") |> lines
  field name = line |> characters(start: true)
  field next = line |> characters(end: true, like: name)
}

model Net(name: class(V)[T]) -> logits: [T, names.next.classes] {
  name |> Embedding(4) |> Dense(names.next.classes)
}

train Net on names {
  loss:      cross_entropy(logits, next)
  optimizer: Adam(lr: 0.01)
  epochs:    1
  batch:     4
}
";
    let folder = Folder::new(&[("net.nn", program), ("train.txt", "ann\nbob\nnan\nab\n")]);
    let run = folder.train();
    let table = folder.predict(&run, "new.txt", "ab\nbanana\n");
    assert_eq!(table[0][..2], ["example", "position"]);
    assert_eq!(table[0][3..], ["logits.a", "logits.b", "logits.n", "logits.o", "logits.<start>", "logits.<end>"]);
    let positions: Vec<String> = table.iter().skip(1).map(|row| row[..2].join(".")).collect();
    assert_eq!(positions, ["1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6"]);
}
