//! Floor 6: the file that somebody begins with: a whole program that is right and trains as it is, on the data that there
//! is, or on points that are made.

mod table;

use crate::data::DataResult;
use crate::source::FileId;
use crate::syntax::{format, is_reserved};
use std::path::{Path, PathBuf};

/// What a program is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// A row an example: classes or numbers.
    Tabular,
    /// A folder of images for each class.
    Images,
    /// What comes next in columns of numbers.
    Sequence,
    /// The next character of a text.
    Text,
}

impl Template {
    /// Every template.
    pub const ALL: [Template; 4] = [Template::Tabular, Template::Images, Template::Sequence, Template::Text];

    /// As the command line names it.
    pub fn name(self) -> &'static str {
        match self {
            Template::Tabular => "tabular",
            Template::Images => "images",
            Template::Sequence => "sequence",
            Template::Text => "text",
        }
    }

    /// What its programs do.
    pub fn about(self) -> &'static str {
        match self {
            Template::Tabular => "Rows of a table: a class or a number from the other columns",
            Template::Images => "Pictures of several classes",
            Template::Sequence => "What comes next in a series",
            Template::Text => "What comes next in a text",
        }
    }
}

/// What to begin with.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Letters, digits and `_`; the data block is called so, and the model after it.
    pub name: &'a str,
    /// What it is about.
    pub template: Template,
    /// The data, as the file will name it and where it is now; none for points that are made.
    pub data: Option<(String, PathBuf)>,
    /// The column that is predicted; the last where none is named. Of a sequence, the column that goes on.
    pub target: Option<&'a str>,
}

/// Why there is nothing to begin with.
#[derive(Debug)]
pub enum NoStart {
    /// The data cannot be read.
    Data(crate::data::DataError),
    /// There is no such column, among these.
    NoColumn(Vec<String>),
    /// Nothing is left to predict from, or the column cannot be predicted: why.
    NothingToLearn(String),
    /// Images and texts are not made up.
    NeedsData(&'static str),
}

/// The template that suits a path: a folder of folders, a text, else a table.
pub fn template_for(path: &Path) -> Template {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        _ if path.is_dir() => Template::Images,
        Some("txt" | "md") => Template::Text,
        _ => Template::Tabular,
    }
}

/// The program, formatted.
pub fn program(wanted: &Wanted) -> Result<String, NoStart> {
    let name = identifier(wanted.name);
    let model = model_name(&name);
    let text = match (wanted.template, &wanted.data) {
        (Template::Tabular, None) => POINTS.replace("NAME", &name).replace("MODEL", &model),
        (Template::Sequence, None) => WAVE.replace("NAME", &name).replace("MODEL", &model),
        (Template::Tabular | Template::Sequence, Some((written, path))) => {
            let about = table::About { name: &name, model: &model, written, path, named: wanted.target };
            match wanted.template {
                Template::Sequence => table::sequence(&about)?,
                _ => table::classes_or_numbers(&about)?,
            }
        }
        (Template::Images, Some((written, _))) => filled(IMAGES, &name, &model, written),
        (Template::Text, Some((written, _))) => filled(TEXT, &name, &model, written),
        (Template::Images, None) => {
            return Err(NoStart::NeedsData("a folder that has a folder of images for each class"));
        }
        (Template::Text, None) => return Err(NoStart::NeedsData("a text file")),
    };
    // What is written here is right; were it not, it would still be a file to begin with.
    Ok(format(FileId::default(), &text).unwrap_or(text))
}

fn filled(template: &str, name: &str, model: &str, written: &str) -> String {
    template.replace("NAME", name).replace("MODEL", model).replace("PATH", &quoted(written))
}

/// A name that the language takes, of a file's.
fn identifier(name: &str) -> String {
    let mut name: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        name.insert_str(0, "data_");
    }
    let is_taken = is_reserved(&name) || crate::catalog::entries().any(|entry| entry.name == name);
    if is_taken || crate::catalog::word(&name).is_some() {
        name.push_str("_data");
    }
    name
}

/// `my_data` as `MyData`.
fn model_name(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    let capital = |word: &str| -> String {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    };
    let camel: String = words.map(capital).collect();
    let is_taken = camel.is_empty() || camel == name || crate::catalog::entries().any(|entry| entry.name == camel);
    if is_taken { format!("{camel}Net") } else { camel }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "/").replace('"', "\\\""))
}

fn data_error<T>(result: DataResult<T>) -> Result<T, NoStart> {
    result.map_err(NoStart::Data)
}

const POINTS: &str = r#"# Two half moons, told apart. A table of your own: `nnrun new NAME --data table.csv --target column`.

data NAME {
  let t       = moons(400, noise: 0.2, seed: 1)  # or csv("table.csv")
  field x     = t[x0, x1] |> standardize
  field label = t.label |> classes
  split: random(train: 70%, validation: 15%, test: 15%, stratify: label, seed: 1)
}

model MODEL(x: [2]) -> logits: [NAME.label.classes] {
  x |> Dense(32) |> relu |> Dense(NAME.label.classes)
}

train MODEL on NAME {
  loss:      cross_entropy(logits, label)
  optimizer: AdamW(lr: 1e-2)
  epochs:    30
  batch:     32
  metrics:   [accuracy, confusion]
  keep:      best(validation.loss)
  seed:      42
}
"#;

const WAVE: &str = r#"# The next value of a wave, from those before it. A series of your own: `nnrun new NAME --template sequence --data table.csv`.

data NAME {
  let t      = sine(1000, periods: 20, noise: 0.05, seed: 1)  # or csv("table.csv")
  field past = t[y] |> windows(24)
  field next = t.y |> windows(1, offset: 24) |> first
  # Time has an order: what is measured comes behind what was trained on.
  split: ordered(train: 70%, validation: 15%, test: 15%)
}

model MODEL(past: [24, 1]) -> predicted: float {
  past |> GRU(32, returns: final) |> Dense(1) |> squeeze
}

train MODEL on NAME {
  loss:      mse(predicted, next)
  optimizer: AdamW(lr: 5e-3)
  clip:      norm(1.0)
  epochs:    10
  batch:     32
  metrics:   [mae, r2]
  keep:      best(validation.loss)
  seed:      42
}
"#;

const IMAGES: &str = r#"# Which kind of picture is this? PATH has a folder for each class.

data NAME {
  let p       = image_folder(PATH, size: 32)
  field image = p.image |> standardize
  field label = p.label |> classes
  split: random(train: 70%, validation: 15%, test: 15%, stratify: label, seed: 1)
}

block ConvUnit(channels)(x: [C, H, W]) -> [channels, H/2, W/2] {
  x |> Conv2d(channels, kernel: 3, padding: same, bias: false) |> BatchNorm |> relu |> MaxPool2d(2)
}

model MODEL(image: [3, 32, 32]) -> logits: [NAME.label.classes] {
  image
  |> ConvUnit(16)
  |> ConvUnit(32)
  |> ConvUnit(64)
  |> GlobalAvgPool
  |> Dense(NAME.label.classes)
}

train MODEL on NAME {
  loss:      cross_entropy(logits, label)
  optimizer: AdamW(lr: 3e-3, weight_decay: 1e-2)
  schedule:  cosine(to: 1e-5)
  epochs:    30
  batch:     32
  drop_last: true
  metrics:   [accuracy, confusion]
  augment:   { image: random_flip |> random_crop(32, padding: 2) }
  keep:      best(validation.loss)
  seed:      42
}
"#;

const TEXT: &str = r#"# The next character of a text; afterwards it writes: `nnrun predict FILE --generate 500`.

hyper context = 64

data NAME {
  let ids     = text(PATH) |> characters
  field chars = ids |> windows(context, stride: 16)
  field next  = ids |> windows(context, stride: 16, offset: 1)
  split: ordered(train: 90%, validation: 10%)
}

block Attend(heads)(x: [T, D]) -> [T, D] {
  x |> residual { LayerNorm |> SelfAttention(heads, causal: true) }
    |> residual { LayerNorm |> Dense(4 * D) |> gelu |> Dense(D) }
}

model MODEL(chars: class(V)[T]) -> logits: [T, V] {
  chars
  |> Embedding(64, init: normal(std: 0.05))
  |> Positions(max: context, init: normal(std: 0.05))
  |> repeat 2 { Attend(heads: 4) }
  |> LayerNorm
  |> Dense(V)
}

train MODEL on NAME {
  loss:      cross_entropy(logits, next)
  optimizer: AdamW(lr: 2e-3, weight_decay: 0.1)
  schedule:  warmup(50 steps) then cosine(to: 1e-4)
  clip:      norm(1.0)
  steps:     1000
  validate:  250 steps
  batch:     16
  metrics:   [perplexity]
  seed:      42
}
"#;
