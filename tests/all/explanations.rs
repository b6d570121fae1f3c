//! Every code has a page, and the programs on the pages show what the pages say.

use super::snapshot::{assert_all, compare};
use super::ui::{fixes_that_do_not_repair, rendered};
use nnrun::check::{Checked, Overrides, check_text};
use nnrun::diagnostics::Code;
use std::path::Path;

/// The programs of a page that are marked with a word: `nn wrong`, `nn right`.
pub fn programs(page: &str, mark: &str) -> Vec<String> {
    let opening = format!("```nn {mark}");
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.trim_end() == opening {
            let body: Vec<&str> = lines.by_ref().take_while(|l| l.trim_end() != "```").collect();
            found.push(format!("{}\n", body.join("\n")));
        }
    }
    found
}

/// As if the program stood among the examples: their data can be used on the pages.
fn check(program: &str) -> Checked {
    check_text(Path::new("examples/page.nn"), program, &Overrides::default())
}

/// What no file alone can show: what is found while a program runs, and what the command line gets wrong.
fn has_no_program(code: Code) -> bool {
    // `--set`, new data in place of the program's own, and a file that is no example.
    let elsewhere = [Code::E0107, Code::E0516, Code::E0523, Code::L0130];
    elsewhere.contains(&code) || ["E08", "E09"].iter().any(|family| code.text().starts_with(family))
}

#[test]
fn pages_have_titles_and_programs() {
    for code in Code::ALL {
        let page = code.explanation();
        assert!(page.starts_with(&format!("# {code}: ")), "{code}: the page begins with `# {code}: title`");
        assert!(!code.title().is_empty() && !code.title().ends_with('.'), "{code}: {}", code.title());
        if !has_no_program(*code) {
            assert!(!programs(page, "wrong").is_empty(), "{code}: no `nn wrong` program");
            assert!(!programs(page, "right").is_empty(), "{code}: no `nn right` program");
        }
        let fences = page.lines().filter(|l| l.starts_with("```")).count();
        assert!(fences.is_multiple_of(2), "{code}: a program is not closed");
    }
}

#[test]
fn wrong_programs_give_their_code_and_no_other() {
    let mut results = Vec::new();
    for code in Code::ALL {
        let wrong = programs(code.explanation(), "wrong");
        for (i, program) in wrong.iter().enumerate() {
            let checked = check(program);
            let codes: Vec<Code> = checked.diagnostics.iter().map(|d| d.code).collect();
            if codes != [*code] {
                let codes: Vec<&str> = codes.iter().map(|c| c.text()).collect();
                results.push(Err(format!("the wrong program of {code} gives {codes:?}:\n{}", rendered(&checked))));
                continue;
            }
            let number = if wrong.len() == 1 { String::new() } else { format!("_{}", i + 1) };
            results.push(compare(&format!("tests/ui/pages/{code}{number}.txt"), &rendered(&checked)));
        }
    }
    assert_all(results);
}

#[test]
fn fixes_of_shapes_repair() {
    let pages = Code::ALL.iter().flat_map(|code| programs(code.explanation(), "wrong"));
    assert_all(pages.flat_map(|program| fixes_that_do_not_repair("examples/page.nn", &check(&program))));
}

#[test]
fn right_programs_are_right() {
    let mut results = Vec::new();
    for code in Code::ALL {
        for program in programs(code.explanation(), "right") {
            let checked = check(&program);
            if !checked.diagnostics.is_empty() {
                results.push(Err(format!("the right program of {code} is not:\n{}", rendered(&checked))));
            }
        }
    }
    assert_all(results);
}
