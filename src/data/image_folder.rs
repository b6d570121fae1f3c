//! Folders of images: which files there are, in which order, and of which class each is.

use super::files::{failure, unreadable};
use super::image_file::looked_at;
use super::problem::{DataProblem, Found};
use super::scan_cache::{FNV, SETTLED, fnv, kept_within};
use super::source_spec::{DataFile, SourceSpec, Split};
use rayon::prelude::*;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Endings of images that are read.
const READ: &[&str] = &["png", "jpg", "jpeg"];
/// Endings of images that are not: passed over in silence, they would be missed.
const OTHERS: &[&str] = &["webp", "gif", "bmp", "tif", "tiff", "ppm", "pgm", "avif", "heic", "jxl"];
/// Folders within folders, at most; a link that leads back up would go on for ever.
const DEEPEST: usize = 16;

/// An image of a folder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ImageEntry {
    pub file: DataFile,
    /// The folder of its class; none where classes do not matter and it lies in no folder of its own.
    pub label: Option<String>,
}

/// The images of a source in the order of its examples: folder by folder, class by class, by name.
///
/// Every file's first and last bytes have been looked at. Errors: no such folder, a folder without classes, a class without
/// images, a file of another kind.
pub(crate) fn images(source: &SourceSpec) -> Found<Vec<(Split, DataFile, Vec<ImageEntry>)>> {
    let SourceSpec::ImageFolder { folders, labeled, .. } = source else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for (split, folders) in folders.parts() {
        for folder in super::files::expand(folders)? {
            let listing = list(&folder, *labeled)?;
            let look = || all_looked_at(&listing.images);
            match listing.is_settled() {
                true => kept_within(&listing.folders, "whole images", listing.content, look).map(drop)?,
                false => look().map(drop)?,
            }
            all.push((split, folder, listing.images));
        }
    }
    Ok(all)
}

struct Listing {
    images: Vec<ImageEntry>,
    /// Every folder that was looked into. Its time of change moves when a file in it comes, goes, or is renamed.
    folders: Vec<DataFile>,
    /// A number made of the lengths and times of change of all files in them, which move when one is written in place.
    content: u64,
    /// When the last of them was changed.
    changed: SystemTime,
}

impl Listing {
    fn is_settled(&self) -> bool {
        SystemTime::now().duration_since(self.changed).is_ok_and(|age| age > SETTLED)
    }

    /// Takes note of what a file is now.
    fn note(&mut self, about: &fs::Metadata) {
        let changed = about.modified().unwrap_or(SystemTime::now());
        self.changed = self.changed.max(changed);
        let since = changed.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        for number in [about.len(), since.as_secs(), u64::from(since.subsec_nanos())] {
            self.content = number.to_le_bytes().iter().fold(self.content, |h, b| fnv(h, *b));
        }
    }
}

fn list(folder: &DataFile, labeled: bool) -> Found<Listing> {
    let mut listing =
        Listing { images: Vec::new(), folders: Vec::new(), content: FNV, changed: SystemTime::UNIX_EPOCH };
    let about = fs::metadata(&folder.path).map_err(|e| failure(folder, &e))?;
    if !about.is_dir() {
        if labeled {
            let reason = "it is a file, and `image_folder` reads a folder that has a folder of images for each class";
            return Err(unreadable(folder, reason));
        }
        listing.images.push(ImageEntry { file: folder.clone(), label: None });
        return Ok(listing);
    }
    let (files, classes) = entries(folder, &mut listing)?;
    listing.folders.push(folder.clone());
    let mut loose = Vec::new();
    for file in files {
        loose.extend(image(file)?);
    }
    if labeled && classes.is_empty() {
        return Err(Box::new(DataProblem::NoClassFolders { folder: folder.written.clone(), images: loose.len() }));
    }
    if !labeled {
        listing.images.extend(loose.into_iter().map(|file| ImageEntry { file, label: None }));
    }
    for class in classes {
        let label = class.path.file_name().map(|n| n.to_string_lossy().into_owned());
        let before = listing.images.len();
        walk(&class, &label, DEEPEST, &mut listing)?;
        if labeled && listing.images.len() == before {
            return Err(Box::new(DataProblem::NoImages { folder: class.written }));
        }
    }
    if listing.images.is_empty() {
        return Err(Box::new(DataProblem::NoImages { folder: folder.written.clone() }));
    }
    Ok(listing)
}

fn walk(folder: &DataFile, label: &Option<String>, depth: usize, listing: &mut Listing) -> Found<()> {
    if depth == 0 {
        return Err(unreadable(folder, "it lies in folders within folders without an end: a link may lead back up"));
    }
    let (files, folders) = entries(folder, listing)?;
    listing.folders.push(folder.clone());
    for file in files {
        listing.images.extend(image(file)?.map(|file| ImageEntry { file, label: label.clone() }));
    }
    for inner in folders {
        walk(&inner, label, depth - 1, listing)?;
    }
    Ok(())
}

/// Files and folders of a folder, each by name; hidden ones do not count.
fn entries(folder: &DataFile, listing: &mut Listing) -> Found<(Vec<DataFile>, Vec<DataFile>)> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(&folder.path).map_err(|e| failure(folder, &e))? {
        let entry = entry.map_err(|e| failure(folder, &e))?;
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        if shown.starts_with('.') {
            continue;
        }
        let file = DataFile::new(format!("{}/{shown}", folder.written.trim_end_matches('/')), entry.path());
        let kind = entry.file_type().map_err(|e| failure(&file, &e))?;
        // A link is what it leads to.
        let is_dir = if kind.is_symlink() { file.path.is_dir() } else { kind.is_dir() };
        if is_dir { &mut folders } else { &mut files }.push(file);
    }
    // In an order that does not depend on the disk's.
    files.sort_by(|a, b| a.path.file_name().cmp(&b.path.file_name()));
    folders.sort_by(|a, b| a.path.file_name().cmp(&b.path.file_name()));
    for file in &files {
        if let Ok(about) = fs::metadata(&file.path) {
            listing.note(&about);
        }
    }
    Ok((files, folders))
}

/// The file, where its name is that of an image; what else lies in a folder does not matter.
fn image(file: DataFile) -> Found<Option<DataFile>> {
    let ending = Path::new(&file.path).extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let Some(ending) = ending else { return Ok(None) };
    if OTHERS.contains(&&*ending) {
        return Err(Box::new(DataProblem::ImageFormat { written: file.written, format: ending }));
    }
    Ok(READ.contains(&&*ending).then_some(file))
}

/// Looks at the beginning and the end of each file; says how many there are.
fn all_looked_at(images: &[ImageEntry]) -> Found<usize> {
    let wrong = images.par_iter().find_map_first(|image| looked_at(&image.file).err());
    match wrong {
        Some(problem) => Err(problem),
        None => Ok(images.len()),
    }
}

/// The folders of a source with all images in them, in order; nothing where they cannot be read.
pub fn image_files(source: &SourceSpec) -> Vec<(DataFile, Vec<DataFile>)> {
    let all = images(source).unwrap_or_default().into_iter();
    all.map(|(_, folder, images)| (folder, images.into_iter().map(|image| image.file).collect())).collect()
}

/// The number of images of a source in train, validation and test.
pub(crate) fn counts(images: &[(Split, DataFile, Vec<ImageEntry>)]) -> [usize; 3] {
    let mut counts = [0usize; 3];
    for (split, _, images) in images {
        if let Some(count) = counts.get_mut(split.index()) {
            *count += images.len();
        }
    }
    counts
}
