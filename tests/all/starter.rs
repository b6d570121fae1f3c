//! `nnrun new`: what is written is right, formatted, and trains.

use super::cli::nnrun;
use nnrun::check::{Overrides, check_file};
use std::path::{Path, PathBuf};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data").join(name)
}

/// Makes a program and holds it to what it promises; trains it for an epoch where `trains`.
fn made(arguments: &[&str], trains: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut words = vec!["new", "first try"];
    words.extend(arguments);
    nnrun(folder.path(), &words).expect(0);
    let path = folder.path().join("first try.nn");
    let text = std::fs::read_to_string(&path).unwrap();
    let checked = check_file(&path, &Overrides::default()).unwrap();
    let told: Vec<String> = checked.diagnostics.iter().map(|d| format!("{}: {}", d.code, d.message)).collect();
    assert!(told.is_empty(), "{arguments:?}: {told:?}\n{text}");
    nnrun(folder.path(), &["fmt", "--check", "first try.nn"]).expect(0);
    if trains {
        nnrun(folder.path(), &["train", "first try.nn", "--epochs", "1", "--quiet"]).expect(0);
    }
    // Nothing is written over.
    nnrun(folder.path(), &words).expect(2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    text
}

#[test]
fn without_data_a_program_trains_on_what_is_made() {
    made(&[], true);
    made(&["--template", "sequence"], true);
    let folder = tempfile::tempdir().unwrap();
    for template in ["images", "text"] {
        let ended = nnrun(folder.path(), &["new", "a", "--template", template]).expect(2);
        assert!(ended.err.contains("--data is missing"), "{}", ended.err);
    }
}

#[test]
fn every_table_that_is_here_has_a_program() {
    for (file, target, says) in [
        ("tabular/iris.csv", "species", "cross_entropy(logits, species)"),
        ("tabular/penguins.csv", "species", "fill(\"unknown\")"),
        ("tabular/penguins.csv", "body_mass_g", "huber"),
        ("tabular/concrete.csv", "compressive_strength", "huber"),
        ("tabular/breast_cancer.csv", "diagnosis", "cross_entropy"),
        ("tabular/alzheimers_csf.csv", "Class", "cross_entropy"),
        ("tabular/parkinsons_speech.csv", "class", "cross_entropy"),
        ("sequences/sunspots.csv", "sunactivity", "huber"),
    ] {
        let path = data(file);
        let text = made(&["--data", path.to_str().unwrap(), "--target", target], true);
        assert!(text.contains(says), "{says}:\n{text}");
    }
}

#[test]
fn series_pictures_and_texts_have_programs() {
    for (file, more) in [
        ("sequences/sunspots.csv", &["--template", "sequence"][..]),
        ("sequences/parkinsons_gait_s06r02.csv", &["--template", "sequence", "--target", "trunk_vert"]),
    ] {
        let path = data(file);
        let text = made(&[&["--data", path.to_str().unwrap()], more].concat(), false);
        assert!(text.contains("ordered("), "{text}");
    }
    let pictures = data("images/shapes");
    assert!(made(&["--data", pictures.to_str().unwrap()], true).contains("image_folder"));
    let words = data("text/as_you_like_it.txt");
    assert!(made(&["--data", words.to_str().unwrap()], false).contains("characters"));
}

#[test]
fn names_of_any_kind_are_written_so_that_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = String::from("first name,T (deg C),let,data,mean,kind of thing,nothing\n");
    for row in 0..60 {
        let kind = ["red one", "blue", "NA"][row % 3];
        table.push_str(&format!("n{row},{},{},{},{},{kind},1\n", row % 7, row % 5, (row * 7) % 11, row));
    }
    std::fs::create_dir(folder.path().join("tables")).unwrap();
    std::fs::write(folder.path().join("tables/my table.csv"), table).unwrap();
    for target in ["kind of thing", "T (deg C)", "let", "mean"] {
        let name = format!("net of {}", target.len());
        nnrun(folder.path(), &["new", &name, "--data", "tables/my table.csv", "--target", target]).expect(0);
        let path = folder.path().join(format!("{name}.nn"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"tables/my table.csv\"") && text.contains("Left out"), "{text}");
        let checked = check_file(&path, &Overrides::default()).unwrap();
        let told: Vec<String> = checked.diagnostics.iter().map(|d| format!("{}: {}", d.code, d.message)).collect();
        assert!(told.is_empty(), "{target}: {told:?}\n{text}");
        std::fs::remove_file(&path).unwrap();
    }
    for (arguments, said) in [
        (&["--data", "tables/my table.csv", "--target", "kind of thin"][..], "`kind of thing`"),
        (&["--data", "tables/my table.csv"], "the same in every row"),
        (&["--data", "tables/my table.csv", "--target", "first name"], "a text of its own"),
        (&["--data", "gone.csv"], "no such file"),
    ] {
        let ended = nnrun(folder.path(), &[&["new", "x"], arguments].concat()).expect(2);
        assert!(ended.err.contains(said) && !folder.path().join("x.nn").exists(), "{}", ended.err);
    }
}
