//! `nnrun new`: the file that somebody begins with.

use super::arguments::NewArgs;
use super::exit::Exit;
use super::output::Output;
use crate::diagnostics::{io_reason, nearest, quoted_list};
use crate::starter::{self, NoStart, Template, Wanted};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Names of columns that are listed.
const LISTED: usize = 12;

/// Runs the command.
pub fn new(output: &Output, args: &NewArgs) -> Exit {
    let path = match args.name.extension() {
        Some(ending) if ending == "nn" => args.name.clone(),
        _ => PathBuf::from(format!("{}.nn", args.name.display())),
    };
    let Some(name) = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).filter(|name| !name.is_empty())
    else {
        output.error("a name is wanted, such as `nnrun new penguins`", None);
        return Exit::CommandLine;
    };
    if path.symlink_metadata().is_ok() {
        let help = "nothing is written over: name another file, or move that away";
        output.error(&format!("{} is there already", path.display()), Some(help));
        return Exit::CommandLine;
    }
    if let Some(data) = args.data.as_ref().filter(|data| !data.exists()) {
        output.error(&format!("--data {}: there is no such file or folder", data.display()), None);
        return Exit::CommandLine;
    }
    let of_data = || args.data.as_deref().map_or(Template::Tabular, starter::template_for);
    let template = args.template.unwrap_or_else(of_data);
    let data = args.data.as_ref().map(|data| (as_written(data, &path), data.clone()));
    let wanted = Wanted { name: &name, template, data, target: args.target.as_deref() };
    let text = match starter::program(&wanted) {
        Ok(text) => text,
        Err(no) => return refuse(output, args, &no),
    };
    // Nobody may have made it meanwhile.
    let written = File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let help = folder.map(|folder| format!("there is no folder {}: make it first", folder.display()));
        output.error(&format!("{} cannot be written: {}", path.display(), io_reason(&error)), help.as_deref());
        return Exit::Wrong;
    }
    let shown = path.display();
    output.say(&format!("{shown} is there: `nnrun check {shown}` looks at it, `nnrun {shown}` trains it"));
    Exit::Fine
}

fn refuse(output: &Output, args: &NewArgs, no: &NoStart) -> Exit {
    let data = args.data.as_deref().unwrap_or(Path::new("")).display();
    match no {
        NoStart::Data(error) => {
            output.error(&format!("--data {data}: {}", error.diagnostic().message), None);
            return Exit::Wrong;
        }
        NoStart::NoColumn(known) => {
            let target = args.target.as_deref().unwrap_or_default();
            let help = match nearest(target, known.iter().map(String::as_str)) {
                Some(meant) => format!("a similar one is `{meant}`"),
                None => format!("it has {}", quoted_list(known.iter().map(String::as_str), LISTED)),
            };
            output.error(&format!("--target {target}: {data} has no column of this name"), Some(&help));
        }
        NoStart::NothingToLearn(why) => {
            output.error(&format!("--data {data}: {why}"), Some("--target names the column to predict"));
        }
        NoStart::NeedsData(what) => output.error(&format!("--data is missing: {what}"), None),
    }
    Exit::CommandLine
}

/// The data as the new file names it: paths in a program are relative to it.
fn as_written(data: &Path, program: &Path) -> String {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = whole(program).parent().map(Path::to_owned).unwrap_or_default();
    let (from, to) = (folder.components().collect::<Vec<_>>(), whole(data));
    let to: Vec<_> = to.components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    // On another drive, or as it was said from the root.
    if shared == 0 || data.is_absolute() {
        return data.display().to_string();
    }
    let up = from.iter().skip(shared).map(|_| "..".to_owned());
    let down = to.iter().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}
