//! A program over a folder of pictures, from the folder to predictions, through the real binary.

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const PROGRAM: &str = "\
data shades {
  let p       = image_folder(train: \"pictures/train\", test: \"pictures/test\", size: [6, 5], channels: 1)
  field image = p.image |> standardize
  field label = p.label |> classes
  split: random(validation: 20%, stratify: label, seed: 2)
}

model Shades(image: [1, 6, 5]) -> logits: [shades.label.classes] {
  image |> Flatten |> Dense(2)
}

train Shades on shades {
  loss:      cross_entropy(logits, label)
  optimizer: Adam(lr: 0.05)
  epochs:    20
  batch:     8
  metrics:   [accuracy]
}

expect {
  test.accuracy == 1
}
";

/// A picture with one bright half, with shades that differ from picture to picture.
fn picture(left: bool, number: u32, format: ImageFormat) -> Vec<u8> {
    let (width, height) = (9 + number % 4, 8 + number % 3);
    let image = GrayImage::from_fn(width, height, |x, y| {
        let shade = if (x < width / 2) == left { 180 } else { 40 };
        Luma([(shade + (x * 7 + y * 13 + number * 5) % 30) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(image).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (split, count) in [("train", 10), ("test", 3)] {
        for class in ["left", "right"] {
            let place = folder.path().join("pictures").join(split).join(class);
            std::fs::create_dir_all(&place).unwrap();
            for i in 0..count {
                let (ending, format) = if i % 2 == 0 { ("png", ImageFormat::Png) } else { ("jpg", ImageFormat::Jpeg) };
                std::fs::write(place.join(format!("{i:02}.{ending}")), picture(class == "left", i, format)).unwrap();
            }
        }
    }
    std::fs::write(folder.path().join("shades.nn"), PROGRAM).unwrap();
    folder
}

#[track_caller]
fn nnrun(folder: &Path, arguments: &[&str], status: i32) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nnrun"));
    let Output { status: ended, stdout, stderr } = command.current_dir(folder).args(arguments).output().unwrap();
    let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!(ended.code(), Some(status), "{arguments:?}\n{out}\n{err}");
    out + &err
}

#[test]
fn pictures_train_and_predict() {
    let folder = folder();
    nnrun(folder.path(), &["shades.nn", "--out", "run"], 0);
    let eval = nnrun(folder.path(), &["eval", "shades.nn", "--from", "run", "--json"], 0);
    assert!(eval.contains("\"accuracy\":1"), "{eval}");
    let predict = |input: &str, status| {
        nnrun(
            folder.path(),
            &["predict", "shades.nn", "--from", "run", "--input", input, "--output", "out.csv"],
            status,
        )
    };
    // New pictures need no folders of classes; one picture does as well.
    predict("pictures/test/right", 0);
    let table = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert_eq!(table.lines().skip(1).filter(|l| l.contains("right")).count(), 3, "{table}");
    predict("pictures/test/left/01.jpg", 0);
    let table = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert!(table.lines().count() == 2 && table.contains("left"), "{table}");
    assert!(predict("shades.nn", 1).contains("E0530"));
    std::fs::write(folder.path().join("pictures/train/left/99.png"), b"\x89PNG\r\n\x1a\nbroken").unwrap();
    let broken = nnrun(folder.path(), &["shades.nn"], 1);
    assert!(broken.contains("pictures/train/left/99.png") && broken.contains("E0530"), "{broken}");
}

#[test]
fn the_same_pictures_give_the_same_weights_on_any_number_of_threads() {
    let folder = folder();
    for threads in ["1", "3"] {
        nnrun(folder.path(), &["train", "shades.nn", "--threads", threads, "--out", &format!("run{threads}")], 0);
    }
    let weights = |run: &str| std::fs::read(folder.path().join(run).join("model.safetensors")).unwrap();
    assert_eq!(weights("run1"), weights("run3"));
}
