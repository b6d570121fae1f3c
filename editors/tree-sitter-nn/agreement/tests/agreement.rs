//! The two grammars say of the same texts that they are programs.
//!
//! `NN_MUTANTS=200000 NN_SEED=7 cargo test --test agreement -- --nocapture` looks at more of them.

use agreement::corpus::programs;
use agreement::mutate::{Random, mutant};
use agreement::{Verdict, compiler_says, parser, tree_sitter_says};
use tree_sitter::Parser;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn is_program(text: &str) -> bool {
    matches!(compiler_says(text), Verdict::Program)
}

/// Whether the two agree on a text, and what they say where they do not.
fn compare(parser: &mut Parser, name: &str, text: &str) -> Result<Verdict, String> {
    let verdict = compiler_says(text);
    let says = |finding: Option<&String>| finding.map_or("a program", String::as_str).to_owned();
    let ours = match &verdict {
        Verdict::BeyondGrammar => return Ok(verdict),
        Verdict::Program => None,
        Verdict::Wrong(problem) => Some(problem),
    };
    let theirs = tree_sitter_says(parser, text);
    if ours.is_some() == theirs.mistake.is_some() || ours.is_some() && theirs.brace_in_signature {
        return Ok(verdict);
    }
    Err(format!("{name}\n  compiler: {}\n  tree-sitter: {}\n{text}", says(ours), says(theirs.mistake.as_ref())))
}

#[test]
fn of_every_program() {
    let mut parser = parser();
    let programs = programs();
    assert!(programs.len() > 300, "{}", programs.len());
    let results = programs.iter().map(|(name, text)| compare(&mut parser, name, text));
    let wrong: Vec<String> = results.filter_map(Result::err).collect();
    println!("{} programs, {} disagreements", programs.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn of_mutants() {
    let (count, seed) = (setting("NN_MUTANTS", 20_000), setting("NN_SEED", 1));
    let mut parser = parser();
    // What is wrong already stays wrong, and a long text hides a mistake in it no better than a short one.
    let mut programs = programs();
    programs.retain(|(_, text)| text.len() < 2000 && is_program(text));
    let mut random = Random(seed);
    let (mut valid, mut wrong) = (0, 0);
    for number in 0..count {
        let (name, text) = &programs[random.below(programs.len())];
        let text = mutant(text, &mut random);
        match compare(&mut parser, &format!("mutant {number} of {name}"), &text) {
            Ok(Verdict::Program) => valid += 1,
            Ok(_) => {}
            Err(problem) => {
                println!("{problem}\n");
                wrong += 1;
            }
        }
    }
    let agreed = count - wrong;
    println!("{agreed} of {count} mutants agreed on ({valid} are programs), seed {seed}");
    // Mutants that are all wrong would say little.
    assert!(valid * 8 > count, "only {valid} of {count} are programs");
    assert!(wrong == 0, "{wrong} disagreements, see above");
}
