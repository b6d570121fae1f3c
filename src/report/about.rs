//! What ran, and how to run it again.

use super::dates::moment;
use super::html::{escaped, table};
use super::numbers::seconds;
use crate::diagnostics::shell_word;
use crate::ide::{bytes, count};
use crate::train::{RunHistory, RunState};
use std::path::Path;

/// `run 3`, or the name of the directory that `--out` named.
pub(super) fn name(history: &RunHistory) -> String {
    let name = history.directory.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    if name.parse::<u64>().is_ok() { format!("run {name}") } else { name }
}

/// The heading, and the facts of the whole run.
pub(super) fn head(history: &RunHistory) -> String {
    let class = match history.state {
        RunState::Finished | RunState::StoppedEarly => "good",
        RunState::Diverged | RunState::Failed => "bad",
        RunState::Interrupted | RunState::Halved | RunState::Running | RunState::Unfinished => "faint",
    };
    let is_broken = history.trains.iter().flat_map(|train| &train.facts).any(|fact| !fact.ok);
    let mut text = format!(
        "<header>\n<h1>{} <small>{}</small></h1>\n<p><span class=\"state {class}\">{}</span>{}</p>\n</header>\n",
        escaped(&history.file.display().to_string()),
        escaped(&name(history)),
        history.state.word(),
        if is_broken { " <span class=\"state bad\">✗ not as expected</span>" } else { "" }
    );
    let mut facts: Vec<(&str, String)> = vec![("directory", history.directory.display().to_string())];
    if let Some(started) = history.started {
        facts.push(("began", format!("{} UTC", moment(started))));
    }
    let took: f64 = history.trains.iter().map(|train| train.seconds).sum();
    if took > 0.0 {
        facts.push(("took", seconds(took)));
    }
    let threads = history.trains.iter().filter_map(|t| t.threads).next_back().unwrap_or(history.threads as u64);
    facts.push(("threads", threads.to_string()));
    facts.push(("nnrun", history.nnrun.clone()));
    facts.extend(history.platform.as_ref().map(|platform| ("machine", platform.clone())));
    for (train, number) in history.trains.iter().zip(1..) {
        let of: Vec<String> = [
            train.parameters.map(|n| format!("{} parameters", count(n))),
            train.seed.map(|seed| format!("seed {seed}")),
            train.optimizer.clone(),
            train.batch.map(|batch| format!("batch {batch}")),
            train.accumulate.map(|batches| format!("{batches} batches a step")),
            Some(format!("{} epochs", count(train.epochs))),
            Some(format!("{} steps", count(train.steps))),
            train.data.as_ref().map(|data| format!("on {data}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let head = if number == 1 { "trained" } else { "" };
        facts.push((head, format!("{}: {}", train.title(), of.join(" · "))));
    }
    let rows: Vec<Vec<String>> =
        facts.into_iter().map(|(name, value)| vec![name.to_owned(), escaped(&value)]).collect();
    text.push_str(&facts_table(&rows));
    text
}

/// Names and what they are, without a heading.
pub(super) fn facts_table(rows: &[Vec<String>]) -> String {
    let mut text = String::from("<div class=\"wide\"><table class=\"facts\">\n<tbody>\n");
    for row in rows {
        if let [name, value] = row.as_slice() {
            text.push_str(&format!("<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n"));
        }
    }
    text.push_str("</tbody>\n</table></div>\n");
    text
}

/// The command line that makes the same run from the same file and data.
pub fn command_line(history: &RunHistory) -> String {
    let mut words = vec!["nnrun".to_owned(), if history.expect { "run" } else { "train" }.to_owned()];
    words.push(shell_word(&path(&history.file)));
    for (name, value) in &history.set {
        words.extend(["--set".to_owned(), shell_word(&format!("{name}={value}"))]);
    }
    let flags = [
        ("--epochs", history.epochs.map(|n| n.to_string())),
        ("--seed", history.seed.map(|n| n.to_string())),
        ("--train", history.train.clone()),
        ("--init", history.init.as_deref().map(path)),
    ];
    for (flag, value) in flags {
        words.extend(value.into_iter().flat_map(|value| [flag.to_owned(), shell_word(&value)]));
    }
    if history.log_steps {
        words.push("--log-steps".to_owned());
    }
    if history.tensorboard {
        words.push("--tensorboard".to_owned());
    }
    words.join(" ")
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// How to make the run again: the command line, and what it must find.
pub(super) fn reproduce(history: &RunHistory) -> String {
    let mut text = format!(
        "<section>\n<h2>To run it again</h2>\n<pre>{}</pre>\n<p class=\"faint\">with nnrun {}, in the folder that it was \
         begun in. The same file, data and seed give the same weights, whatever the number of threads",
        escaped(&command_line(history)),
        escaped(&history.nnrun),
    );
    let stops: Vec<String> = history
        .trains
        .iter()
        .flat_map(|train| train.resumed.iter().map(|(epoch, step)| format!("epoch {epoch}, step {step}")))
        .collect();
    if !stops.is_empty() {
        text.push_str(&format!("; that it was stopped and went on (at {}) changes nothing", stops.join("; ")));
    }
    text.push_str(".</p>\n");
    if !history.data.is_empty() {
        let heads = ["file".to_owned(), "size".to_owned(), "fingerprint".to_owned()];
        let rows: Vec<Vec<String>> = history
            .data
            .iter()
            .take(100)
            .map(|file| {
                let name = escaped(&file.file.display().to_string());
                vec![name, bytes(file.bytes), format!("<code>{}</code>", escaped(&file.fingerprint))]
            })
            .collect();
        text.push_str(&table("data", &heads, &rows));
    }
    text.push_str("</section>\n");
    text
}
