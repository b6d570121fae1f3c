//! A check that remembers the one before gives what a check of the text alone gives, to the last span.

use crate::lsp_fuzz::{edit, examples};
use crate::lsp_speed::thousand_lines;
use nnrun::check::{Memory, Overrides, check_again, check_on_this_stack};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};

/// So much room as a check may need.
fn on_a_large_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 << 20).spawn(run).unwrap().join().unwrap();
}

/// Checks a text with and without memory; how much was remembered.
fn held_against_afresh(path: &Path, text: &str, memory: &mut Memory) -> usize {
    let again = check_again(path, text, &Overrides::default(), memory);
    let afresh = check_on_this_stack(path, text, &Overrides::default());
    if format!("{again:?}") != format!("{afresh:?}") {
        let (again, afresh) = (format!("{again:#?}"), format!("{afresh:#?}"));
        let differs = again.lines().zip(afresh.lines()).position(|(a, b)| a != b).unwrap_or(0);
        let around =
            |shown: &str| shown.lines().skip(differs.saturating_sub(20)).take(30).collect::<Vec<_>>().join("\n");
        panic!("{}: remembered\n{}\nafresh\n{}\n{text}", path.display(), around(&again), around(&afresh));
    }
    memory.recalled()
}

#[test]
fn what_is_remembered_is_what_would_be_found() {
    on_a_large_stack(|| {
        let edits = std::env::var("NN_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut recalled = 0;
        for path in examples() {
            let original = std::fs::read_to_string(&path).unwrap();
            let (mut text, mut memory) = (original.clone(), Memory::default());
            held_against_afresh(&path, &text, &mut memory);
            for _ in 0..edits {
                text = edit(&text, &original, &mut random);
                recalled += held_against_afresh(&path, &text, &mut memory);
            }
        }
        assert!(recalled > edits, "hardly anything was remembered: {recalled}");
    });
}

#[test]
fn of_a_large_program_what_was_not_edited_is_remembered() {
    on_a_large_stack(|| {
        let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/thousand_lines.nn"));
        let original = thousand_lines();
        let mut memory = Memory::default();
        assert_eq!(held_against_afresh(&path, &original, &mut memory), 0);
        let all = held_against_afresh(&path, &format!("# moved\n{original}"), &mut memory);
        let trains = original.matches("\ntrain ").count();
        assert!(all >= trains, "{all} of {trains} trains and as many blocks");
        let edited = original.replacen("|> Dense(64)", "|> Dense(65)", 1);
        assert_eq!(held_against_afresh(&path, &edited, &mut memory), all - 1);
        // Half typed.
        let broken = edited.replacen("|> Affine6", "|> Dense(3\n  |> Affine6", 1);
        assert!(held_against_afresh(&path, &broken, &mut memory) >= all - 2);
        // A block is of use to two models, and its size to both.
        let other = original.replacen("4 * D", "2 * D", 1);
        assert_eq!(held_against_afresh(&path, &other, &mut memory), all - 2);
    });
}

/// What an import that could not be had would bring may be anything; once the import is gone, it is nothing.
#[test]
fn what_hangs_on_an_import_is_not_remembered() {
    on_a_large_stack(|| {
        let path = PathBuf::from("nowhere/net.nn");
        let block = "block Twice(x: [D]) -> [D] {\n  x |> Missing |> Missing\n}\n";
        let mut memory = Memory::default();
        held_against_afresh(&path, &format!("import Missing from \"gone.nn\"\n{block}"), &mut memory);
        assert_eq!(held_against_afresh(&path, block, &mut memory), 0);
    });
}

/// A name may have letters that a mark follows.
#[test]
fn what_is_named_by_any_letters_is_looked_at() {
    on_a_large_stack(|| {
        let path = PathBuf::from("net.nn");
        let text = |n: u32| {
            format!("hyper taille_e\u{301}tat = {n}\nblock B(x: [4]) -> [4] {{\n  x |> Dense(taille_e\u{301}tat)\n}}\n")
        };
        let mut memory = Memory::default();
        held_against_afresh(&path, &text(4), &mut memory);
        assert_eq!(held_against_afresh(&path, &text(5), &mut memory), 0);
        assert_eq!(held_against_afresh(&path, &text(4), &mut memory), 1);
    });
}

/// Where a block cannot be read, those that call it are spared; once it is gone, they call nothing.
#[test]
fn what_hangs_on_a_block_that_cannot_be_read_is_not_remembered() {
    on_a_large_stack(|| {
        let path = PathBuf::from("net.nn");
        let caller = "block Up(x: [4]) -> [4] {\n  x |> Two(4)\n}\n";
        let mut memory = Memory::default();
        for broken in ["block Two(channels(x: [D]) -> [D] {\n  x\n}\n", "block Two = 3\n", "block Two {{{\n"] {
            held_against_afresh(&path, &format!("{broken}{caller}"), &mut memory);
            assert_eq!(held_against_afresh(&path, caller, &mut memory), 0, "{broken}");
        }
    });
}
