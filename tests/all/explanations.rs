//! The pages behind the codes: the wrong program of each gives that code and no other, the right one nothing.

use nnrun::check::{Overrides, check_text};
use nnrun::diagnostics::Code;
use std::path::Path;

/// The programs of a page under this mark.
fn programs<'a>(page: &'a str, mark: &str) -> Vec<&'a str> {
    let fence = format!("```nn {mark}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// Shapes, roles and losses: pages whose programs need no files.
fn is_about_models(code: Code) -> bool {
    ["E03", "E04"].iter().any(|family| code.text().starts_with(family))
}

#[test]
fn the_programs_of_pages_about_models_do_what_it_says() {
    let mut failures = Vec::new();
    for code in Code::ALL.iter().filter(|c| is_about_models(**c)) {
        let page = code.explanation();
        for (mark, wanted) in [("wrong", vec![code.text()]), ("right", Vec::new())] {
            for program in programs(page, mark) {
                let checked = check_text(Path::new("page.nn"), program, &Overrides::default());
                let mut found: Vec<&str> = checked.diagnostics.iter().map(|d| d.code.text()).collect();
                found.dedup();
                if found != wanted {
                    let said: Vec<&str> = checked.diagnostics.iter().map(|d| d.message.as_str()).collect();
                    failures.push(format!("{code}, {mark}: {found:?} {said:?}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
