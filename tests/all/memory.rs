//! Memory is foreseen: to the byte, and before the first step.

use super::cli::{Ended, nnrun};
use nnrun::check::{Overrides, check_file};
use nnrun::compile::{Foreseen, step_cost};
use std::path::Path;

#[test]
fn what_is_foreseen_is_what_a_step_takes() {
    for name in ["xor", "iris", "digits_cnn", "vowels_lstm", "elman_from_formula"] {
        let checked = check_file(Path::new(&format!("examples/{name}.nn")), &Overrides::default()).unwrap();
        let train = &checked.program.trains[0];
        let mut foreseen = Foreseen::new(train, 1).unwrap();
        for batch in [1, 3] {
            let cost = step_cost(train, batch).unwrap();
            assert_eq!(foreseen.bytes(batch).unwrap(), cost.bytes as u64, "{name}, {batch}");
        }
    }
}

const WIDE: &str = "data d {
  let t = moons(3000, seed: 1)
  field x = t[x0, x1]
  field y = t.label |> classes
}

model Wide(x: [2]) -> logits: [2] {
  x |> Dense(1000) |> relu |> Dense(500) |> relu |> Dense(2)
}

train Wide on d {
  loss:      cross_entropy(logits, y)
  optimizer: Adam(lr: 0.001)
  steps:     1
  batch:     2000
}
";

fn run(program: &str, limit: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("wide.nn"), program).unwrap();
    let ended = nnrun(folder.path(), &["wide.nn", "--memory-limit", limit]);
    assert_eq!(folder.path().join("runs").exists(), ended.status == 0, "a refused run leaves nothing behind");
    ended
}

#[test]
fn too_little_memory_is_refused_with_what_would_fit() {
    let ended = run(WIDE, "20MB").expect(1);
    for said in ["error[E0910]", "training Wide needs", "19.1 MiB are allowed", "[1000] of each example: 7.6 MiB"] {
        assert!(ended.err.contains(said), "{said}:\n{}", ended.err);
    }
    let (_, behind) = ended.err.split_once("a batch of ").unwrap();
    let fits: usize = behind.split(' ').next().unwrap().parse().unwrap();
    assert!((1..2000).contains(&fits), "{}", ended.err);
    let with = |batch: usize| WIDE.replace("2000\n", &format!("{batch}\n"));
    run(&with(fits), "20MB").expect(0);
    run(&with(fits + 1), "20MB").expect(1);
    run(WIDE, "2GB").expect(0);
    let none = run(WIDE, "1MB").expect(1);
    assert!(none.err.contains("not even a batch of one fits"), "{}", none.err);
    run(WIDE, "much").expect(2);
}
