//! Text out of a trained model, with the real binary.

use super::cli::{Ended, nnrun};
use std::path::Path;

const PROGRAM: &str = "\
hyper context = 12

data book {
  let ids     = text(\"book.txt\") |> characters
  field chars = ids |> windows(context, stride: 3)
  field next  = ids |> windows(context, stride: 3, offset: 1)
}

model Char(chars: class(V)[T]) -> logits: [T, V] {
  chars |> Embedding(16) |> Positions(max: context)
        |> residual { LayerNorm |> SelfAttention(heads: 2, causal: true) }
        |> residual { LayerNorm |> Dense(32) |> gelu |> Dense(16) }
        |> LayerNorm |> Dense(V)
}

train Char on book {
  loss:      cross_entropy(logits, next)
  optimizer: Adam(lr: 0.01)
  epochs:    25
  batch:     16
}

expect {
  train.loss < 0.7
  causal(logits, chars)
}
";

fn write(folder: &Path, more: &[&str]) -> Ended {
    let mut arguments = vec!["predict", "char.nn", "--generate", "30"];
    arguments.extend(more);
    nnrun(folder, &arguments)
}

#[test]
fn a_model_of_characters_goes_on_where_the_prompt_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("char.nn"), PROGRAM).expect("written");
    std::fs::write(folder.path().join("book.txt"), "abcdefghijkl mnopqrst. ".repeat(40)).expect("written");
    nnrun(folder.path(), &["char.nn", "--quiet"]).expect(0);

    // Longer than the window: it slides.
    let text = write(folder.path(), &["--prompt", "abcde", "--temperature", "0"]).expect(0).out;
    assert_eq!(text, "abcdefghijkl mnopqrst. abcdefghijkl\n".to_owned());
    let draw =
        |seed: &str| write(folder.path(), &["--prompt", "a", "--temperature", "3", "--seed", seed]).expect(0).out;
    assert_eq!(draw("1"), draw("1"));
    assert_ne!(draw("1"), draw("2"));
    write(folder.path(), &["--prompt", "abc", "--top-k", "1", "--output", "out.txt"]).expect(0);
    let written = std::fs::read_to_string(folder.path().join("out.txt")).expect("the text");
    assert_eq!(written, "abcdefghijkl mnopqrst. abcdefghij");

    let unknown = write(folder.path(), &["--prompt", "abX"]).expect(1);
    assert!(
        unknown.err.contains("does not know \"X\" of the prompt") && unknown.err.contains("abcdef"),
        "{}",
        unknown.err
    );
    let empty = write(folder.path(), &[]).expect(1);
    assert!(empty.err.contains("no prompt"), "{}", empty.err);
    write(folder.path(), &["--prompt", "a", "--temperature", "-1"]).expect(2);
    write(folder.path(), &["--prompt", "a", "--input", "book.txt"]).expect(2);
}
