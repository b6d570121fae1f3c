//! Checked programs, kept until something that they depend on changes.

use super::documents::Documents;
use super::position::Lines;
use super::uri;
use crate::check::{Checked, Memory, Overrides, check_again};
use crate::ide::{Names, StepCosts};
use crate::source::{FileId, Span, canonical};
use crate::syntax::ast::File;
use crate::syntax::parse_shared;
use gen_lsp_types::{Location, Position, Range, Uri};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

/// A checked program and its places.
pub(super) struct Analysis {
    /// As the editor calls the file.
    pub uri: Uri,
    /// The version of the document where it is open.
    pub version: Option<i32>,
    /// What the checker made of it.
    pub checked: Checked,
    names: OnceCell<Names>,
    /// What its trains cost, as far as somebody has asked.
    pub steps: StepCosts,
    lines: Vec<OnceCell<Lines>>,
    uris: Vec<Uri>,
    depends_on: Vec<(PathBuf, Stamp)>,
}

impl Analysis {
    /// What its names are, and those of the files that it imports.
    pub fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::of(&self.checked))
    }

    /// The lines of the file itself.
    pub fn lines(&self) -> &Lines {
        self.lines_of(self.checked.file)
    }

    /// The lines of any file that the program is made of. The file must be one of its own.
    fn lines_of(&self, file: FileId) -> &Lines {
        let lines = || Lines::new(self.checked.sources.file(file).text.clone());
        self.lines[file.0 as usize].get_or_init(lines)
    }

    /// The byte of the file itself at a position.
    pub fn offset(&self, position: Position) -> usize {
        self.lines().offset(position)
    }

    /// The span of a range of the file itself.
    pub fn span(&self, range: Range) -> Span {
        let bytes = self.lines().bytes(range);
        Span::new(self.checked.file, bytes.start, bytes.end)
    }

    /// Where a span is in its file, whichever that is.
    pub fn range(&self, span: Span) -> Range {
        self.lines_of(span.file).range(span.range())
    }

    /// A span with its file.
    pub fn location(&self, span: Span) -> Location {
        Location { uri: self.uri_of(span.file), range: self.range(span) }
    }

    /// The URI of a file that the program is made of.
    pub fn uri_of(&self, file: FileId) -> Uri {
        self.uris.get(file.0 as usize).unwrap_or(&self.uri).clone()
    }
}

/// A text and its tree: all that some requests need, and there at once.
pub(super) struct Syntax {
    /// The tree.
    pub tree: Arc<File>,
    /// The text with its lines.
    pub lines: Lines,
}

/// What a file was when it was looked at.
#[derive(Debug, Clone)]
enum Stamp {
    /// The editor holds it.
    Open(Arc<str>),
    /// On disk: when it was changed, how long it is, and the same of the folders in it.
    Disk(Vec<(SystemTime, u64)>),
    /// Not there.
    Missing,
}

impl Stamp {
    fn of(path: &Path, documents: &Documents) -> Stamp {
        if let Some(text) = documents.texts().get(path) {
            return Stamp::Open(text.clone());
        }
        let mut found = Vec::new();
        match std::fs::metadata(path) {
            Ok(about) => {
                found.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), about.len()));
                if about.is_dir() {
                    // Classes are folders: an image that is added changes one of those.
                    found.extend(entries(path, |about, _| about.is_dir()));
                }
            }
            // `part-*.csv`
            Err(_) if path.to_string_lossy().contains('*') => {
                let folder = path.parent().unwrap_or(Path::new("."));
                let ending = path.extension();
                found.extend(entries(folder, |_, path| path.extension() == ending));
            }
            Err(_) => return Stamp::Missing,
        }
        Stamp::Disk(found)
    }

    fn is(&self, other: &Stamp) -> bool {
        match (self, other) {
            (Stamp::Open(a), Stamp::Open(b)) => Arc::ptr_eq(a, b) || a == b,
            (Stamp::Disk(a), Stamp::Disk(b)) => a == b,
            (Stamp::Missing, Stamp::Missing) => true,
            _ => false,
        }
    }
}

/// Stamps of what is in a folder, in the order of the names.
fn entries(folder: &Path, counts: impl Fn(&std::fs::Metadata, &Path) -> bool) -> Vec<(SystemTime, u64)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    let stamps = paths.iter().filter_map(|path| {
        let about = std::fs::metadata(path).ok()?;
        counts(&about, path).then(|| (about.modified().unwrap_or(SystemTime::UNIX_EPOCH), about.len()))
    });
    stamps.collect()
}

/// The analyses of all files that were asked about.
#[derive(Default)]
pub(super) struct Analyses {
    kept: RefCell<BTreeMap<String, Rc<Analysis>>>,
    parsed: RefCell<BTreeMap<String, Rc<Syntax>>>,
    /// Taking a large program apart takes as long as answering a request: that is left for when nobody waits.
    outdated: RefCell<Vec<Rc<Analysis>>>,
    /// What the last check of each file found out.
    memories: RefCell<BTreeMap<String, Memory>>,
    /// The last of each file that had no syntax errors.
    whole: RefCell<BTreeMap<String, Rc<Analysis>>>,
}

/// Of files that are not open, only so many are kept.
const MOST_KEPT: usize = 64;

impl Analyses {
    /// The analysis of a file, which the editor holds or which is on disk; `None` where it is neither.
    pub fn of(&self, uri: &Uri, documents: &Documents) -> Option<Rc<Analysis>> {
        let known = self.kept.borrow().get(&uri.0).cloned();
        if let Some(known) = known
            && known.version == documents.get(uri).map(|d| d.version)
            && known.depends_on.iter().all(|(path, stamp)| Stamp::of(path, documents).is(stamp))
        {
            return Some(known);
        }
        // A check that panics leaves nothing behind.
        let mut memory = self.memories.borrow_mut().remove(&uri.0).unwrap_or_default();
        let analysis = Rc::new(analyse(uri, documents, &mut memory)?);
        if documents.get(uri).is_some() {
            self.memories.borrow_mut().insert(uri.0.clone(), memory);
        }
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= MOST_KEPT {
            kept.retain(|key, _| documents.get(&Uri(key.clone())).is_some());
        }
        let is_whole = analysis.checked.diagnostics.iter().all(|d| !d.code.text().starts_with("E00"));
        if is_whole && documents.get(uri).is_some() {
            let before = self.whole.borrow_mut().insert(uri.0.clone(), analysis.clone());
            self.outdated.borrow_mut().extend(before);
        }
        let before = kept.insert(uri.0.clone(), analysis.clone());
        self.outdated.borrow_mut().extend(before);
        Some(analysis)
    }

    /// The last analysis of an open file that had no syntax errors: it knows what the text of a moment later, half
    /// typed, does not say.
    pub fn last_whole(&self, uri: &Uri) -> Option<Rc<Analysis>> {
        self.whole.borrow().get(&uri.0).cloned()
    }

    /// The tree of a file, which the editor holds or which is on disk.
    pub fn syntax_of(&self, uri: &Uri, documents: &Documents) -> Option<Rc<Syntax>> {
        let text = text_of(uri, documents)?;
        let known = self.parsed.borrow().get(&uri.0).cloned();
        if let Some(known) = known.filter(|known| *known.lines.text() == text) {
            return Some(known);
        }
        let (tree, _) = parse_shared(FileId::default(), &text);
        let syntax = Rc::new(Syntax { tree, lines: Lines::new(text) });
        let mut parsed = self.parsed.borrow_mut();
        if parsed.len() >= MOST_KEPT {
            parsed.retain(|key, _| documents.get(&Uri(key.clone())).is_some());
        }
        parsed.insert(uri.0.clone(), syntax.clone());
        Some(syntax)
    }

    /// A file was changed. Of a folder that data is read from only the times of the folders are looked at, which do not
    /// tell that a file in it was written in place.
    pub fn changed(&self, path: &Path) {
        let path = canonical(path);
        self.kept.borrow_mut().retain(|_, analysis| {
            !analysis.depends_on.iter().any(|(on, _)| {
                let on = canonical(on);
                path != on && path.starts_with(on)
            })
        });
    }

    /// Takes apart what is no longer asked about.
    pub fn tidy(&self) {
        self.outdated.borrow_mut().clear();
    }

    /// Nothing is asked about a file that was closed, for now.
    pub fn forget(&self, uri: &Uri) {
        self.kept.borrow_mut().remove(&uri.0);
        self.memories.borrow_mut().remove(&uri.0);
        self.whole.borrow_mut().remove(&uri.0);
        self.parsed.borrow_mut().remove(&uri.0);
    }
}

/// The text of a file as its editor has it, else as it is on disk.
fn text_of(uri: &Uri, documents: &Documents) -> Option<Arc<str>> {
    let path = uri::to_path(uri);
    match documents.get(uri).or_else(|| documents.at(&path)) {
        Some(document) => Some(document.text.clone()),
        None => String::from_utf8(std::fs::read(&path).ok()?).ok().map(Arc::from),
    }
}

fn analyse(uri: &Uri, documents: &Documents, memory: &mut Memory) -> Option<Analysis> {
    let path = uri::to_path(uri);
    // Before the check, so that what changes meanwhile is seen the next time.
    let own = Stamp::of(&path, documents);
    let text = text_of(uri, documents)?;
    let overrides = Overrides { open: documents.texts().clone(), ..Overrides::default() };
    // The server runs on a stack that is large enough.
    let checked = check_again(&path, &text, &overrides, memory);
    let uris = checked.sources.files().map(|(id, file)| match documents.at(&file.path) {
        _ if id == checked.file => uri.clone(),
        Some(document) => document.uri.clone(),
        None => uri::of_path(&file.path),
    });
    let mut depends_on = vec![(path, own)];
    for file in &checked.files {
        if depends_on.iter().all(|(known, _)| *known != file.path) {
            depends_on.push((file.path.clone(), Stamp::of(&file.path, documents)));
        }
    }
    Some(Analysis {
        uri: uri.clone(),
        version: documents.get(uri).map(|d| d.version),
        names: OnceCell::new(),
        steps: StepCosts::of(&checked),
        lines: checked.sources.files().map(|_| OnceCell::new()).collect(),
        uris: uris.collect(),
        depends_on,
        checked,
    })
}
