//! Reading an image file: decoded, turned as its camera says, in one or three channels, at the size that is wanted.

use super::array_file::{Array, FileNumbers, Numbers};
use super::files::{failure, open_file, unreadable};
use super::image_folder::images;
use super::problem::{DataProblem, Found};
use super::source_spec::{DataFile, SourceSpec};
use super::store::DiskWriter;
use image::imageops::{FilterType, resize};
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, Luma, RgbImage};
use rayon::prelude::*;
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// Enough of a file to tell what it is.
const BEGINNING: u64 = 64;
/// Bytes before the first part of a PNG.
const SIGNATURE_OF_PNG: u64 = 8;
/// Images that are read at once, where not all fit in memory.
const MOST_AT_ONCE: usize = 4096;
/// What is said of a file whose end is missing.
const CUT_SHORT: &str = "it is cut short";

/// How a PNG ends: a last part without content.
const END_OF_PNG: [u8; 12] = *b"\0\0\0\0IEND\xae\x42\x60\x82";
/// How a JPEG ends.
const END_OF_JPEG: [u8; 2] = [0xff, 0xd9];

/// Tells where a file is not an image that can be read, as far as its beginning and its end show it.
pub(crate) fn looked_at(file: &DataFile) -> Found<()> {
    let mut opened = open_file(file)?;
    let mut bytes = Vec::new();
    opened.by_ref().take(BEGINNING).read_to_end(&mut bytes).map_err(|e| failure(file, &e))?;
    let is_whole = match format(file, &bytes)? {
        ImageFormat::Png => {
            ends_with(&mut opened, &END_OF_PNG).and_then(|ends| Ok(ends || has_last_part(&mut opened)?))
        }
        // Behind the end there may be more, so that all of it has to be looked at.
        _ => ends_with(&mut opened, &END_OF_JPEG)
            .and_then(|ends| Ok(ends || fs::read(&file.path).map(|bytes| !is_cut_short(&bytes))?)),
    };
    match is_whole {
        Ok(true) => Ok(()),
        Ok(false) => Err(broken(file, CUT_SHORT)),
        Err(error) => Err(failure(file, &error)),
    }
}

/// Whether a file's last bytes are these.
fn ends_with(file: &mut File, end: &[u8]) -> io::Result<bool> {
    let size = file.seek(SeekFrom::End(0))?;
    let Some(start) = size.checked_sub(end.len() as u64) else { return Ok(false) };
    file.seek(SeekFrom::Start(start))?;
    let mut last = Vec::new();
    file.by_ref().take(end.len() as u64).read_to_end(&mut last)?;
    Ok(last == end)
}

/// Whether the last part of a PNG is there, whatever stands behind it: from part to part, each of which says how long
/// it is.
fn has_last_part(file: &mut File) -> io::Result<bool> {
    let size = file.seek(SeekFrom::End(0))?;
    let mut at = SIGNATURE_OF_PNG;
    while at.saturating_add(END_OF_PNG.len() as u64) <= size {
        let mut head = [0; 8];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head)?;
        let [a, b, c, d, name @ ..] = head;
        if &name == b"IEND" {
            return Ok(true);
        }
        // Behind the length and the name come the content and a sum of four bytes.
        at = at.saturating_add(12 + u64::from(u32::from_be_bytes([a, b, c, d])));
    }
    Ok(false)
}

/// The format, by the content: a name may say another.
fn format(file: &DataFile, bytes: &[u8]) -> Found<ImageFormat> {
    if bytes.is_empty() {
        return Err(broken(file, "it is empty"));
    }
    match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg)) => Ok(format),
        Ok(other) => {
            let format = other.extensions_str().first().copied().unwrap_or("another format").to_owned();
            Err(Box::new(DataProblem::ImageFormat { written: file.written.clone(), format }))
        }
        Err(_) => Err(broken(file, "it does not begin as a png or jpeg file does")),
    }
}

fn broken(file: &DataFile, reason: impl Into<String>) -> Box<DataProblem> {
    Box::new(DataProblem::BrokenImage { written: file.written.clone(), reason: reason.into() })
}

/// All images of a source as one array, `[images, channels, height, width]` of whole numbers from 0 to 255; in a file
/// where they have more than `limit` bytes.
pub(crate) fn read_images(source: &SourceSpec, limit: usize) -> Found<Array> {
    let SourceSpec::ImageFolder { size: [height, width], channels, .. } = source else {
        return Err(Box::new(DataProblem::NoTrain { given: Vec::new() }));
    };
    let files: Vec<DataFile> =
        images(source)?.into_iter().flat_map(|(_, _, images)| images).map(|image| image.file).collect();
    let each = channels * height * width;
    let read_some = |files: &[DataFile]| -> Found<Vec<u8>> {
        let mut numbers = vec![0_u8; each * files.len()];
        // The first file that is wrong is told, whichever thread comes to it first.
        let places = numbers.par_chunks_exact_mut(each.max(1)).zip(files);
        let read_one = |(place, file): (&mut [u8], &DataFile)| read(file, *channels, [*height, *width], place);
        places.map(read_one).find_map_first(Result::err).map_or(Ok(numbers), Err)
    };
    let numbers = if each.saturating_mul(files.len()) <= limit {
        Numbers::U8(read_some(&files)?)
    } else {
        let mut beside = DiskWriter::new()?;
        for files in files.chunks((limit / each.max(1)).clamp(1, MOST_AT_ONCE)) {
            beside.write(&read_some(files)?)?;
        }
        Numbers::File(FileNumbers::bytes(beside.finish()?))
    };
    Ok(Array { shape: vec![files.len(), *channels, *height, *width], boolean: false, numbers })
}

/// Reads one image into its place, channel after channel.
fn read(file: &DataFile, channels: usize, [height, width]: [usize; 2], place: &mut [u8]) -> Found<()> {
    let mut bytes = Vec::new();
    open_file(file)?.read_to_end(&mut bytes).map_err(|e| failure(file, &e))?;
    let image = decode(file, &bytes)?;
    let size = (width as u32, height as u32);
    let pixels = if channels == 1 {
        let gray = gray(image);
        if gray.dimensions() == size { gray } else { resize(&gray, size.0, size.1, FilterType::Triangle) }.into_raw()
    } else {
        let color = image.into_rgb8();
        if color.dimensions() == size { color } else { resize(&color, size.0, size.1, FilterType::Triangle) }.into_raw()
    };
    let plane = (height * width).max(1);
    for (channel, plane) in place.chunks_exact_mut(plane).enumerate() {
        for (to, from) in plane.iter_mut().zip(pixels.iter().skip(channel).step_by(channels.max(1))) {
            *to = *from;
        }
    }
    Ok(())
}

fn decode(file: &DataFile, bytes: &[u8]) -> Found<DynamicImage> {
    let format = format(file, bytes)?;
    if format == ImageFormat::Jpeg && is_cut_short(bytes) {
        return Err(broken(file, CUT_SHORT));
    }
    let read = || {
        let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder()?;
        // A camera held upright saves the picture lying down, with a note.
        let orientation = decoder.orientation()?;
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        Ok(image)
    };
    read().map_err(|error: image::ImageError| match error {
        image::ImageError::Limits(_) => unreadable(file, "it is larger than can be decoded"),
        error => broken(file, reason(&error)),
    })
}

/// Whether the end of a JPEG is missing. The decoder would make up the rest of the picture.
///
/// Marks do not occur within the data of a picture, and small pictures for a preview stand before the last start of one.
fn is_cut_short(bytes: &[u8]) -> bool {
    let last = |mark: [u8; 2]| bytes.windows(2).rposition(|two| two == mark);
    match (last([0xff, 0xda]), last([0xff, 0xd9])) {
        (Some(start), Some(end)) => end < start,
        (_, None) => true,
        (None, _) => false,
    }
}

/// What the decoder says, without the name of the format, which the file's own says.
fn reason(error: &image::ImageError) -> String {
    let text = error.to_string();
    let text = ["Format error decoding Png: ", "Format error decoding Jpeg: "]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(&text);
    text.trim().trim_end_matches('.').to_owned()
}

/// The luminance of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, rounded as Pillow does; alpha is left out.
fn gray(image: DynamicImage) -> GrayImage {
    match image {
        DynamicImage::ImageLuma8(gray) => gray,
        image @ (DynamicImage::ImageLuma16(_) | DynamicImage::ImageLumaA8(_) | DynamicImage::ImageLumaA16(_)) => {
            image.into_luma8()
        }
        image => {
            let color: RgbImage = image.into_rgb8();
            let mut gray = GrayImage::new(color.width(), color.height());
            for (to, from) in gray.pixels_mut().zip(color.pixels()) {
                let [r, g, b] = from.0.map(u32::from);
                *to = Luma([((r * 19_595 + g * 38_470 + b * 7_471 + 0x8000) >> 16) as u8]);
            }
            gray
        }
    }
}
