//! The members of a zip archive, as NumPy's `savez` writes them.

use crate::diagnostics::quoted_list;
use flate2::read::DeflateDecoder;
use std::io::Read;
use std::path::Path;

/// Where a member of an archive lies.
struct Member<'a> {
    name: &'a str,
    method: u16,
    compressed: usize,
    size: usize,
    header: usize,
}

/// The content of an array's `.npy` file: what is called `x.npy` in the archive is the array `x`.
pub(crate) fn member(bytes: &[u8], array: &str) -> Result<Vec<u8>, String> {
    let all = members(bytes)?;
    let wanted = all.iter().find(|m| m.name.strip_suffix(".npy") == Some(array));
    let member = wanted.ok_or_else(|| {
        let names: Vec<&str> = all.iter().filter_map(|m| m.name.strip_suffix(".npy")).collect();
        format!("it has no array `{array}`; its arrays are {}", quoted_list(names, 12))
    })?;
    // The local header repeats the name, and has a length of its own.
    let header = bytes.get(member.header..).ok_or("its directory points beyond its end")?;
    let lengths = number(header, 26, 2).zip(number(header, 28, 2));
    let (name, extra) = lengths.ok_or("it is cut short within a header")?;
    let start = 30usize.saturating_add(name).saturating_add(extra);
    let packed = start.checked_add(member.compressed).and_then(|end| header.get(start..end));
    let packed = packed.ok_or_else(|| format!("its array `{array}` is cut short"))?;
    let content = match member.method {
        0 => packed.to_vec(),
        8 => {
            let mut content = Vec::new();
            // A damaged archive may pretend to hold more than it does.
            let mut decoder = DeflateDecoder::new(packed).take((member.size as u64).saturating_add(1));
            decoder.read_to_end(&mut content).map_err(|error| format!("its array `{array}` is damaged ({error})"))?;
            content
        }
        other => return Err(format!("its array `{array}` is compressed by method {other}, which is not supported")),
    };
    match content.len() == member.size {
        true => Ok(content),
        false => Err(format!("its array `{array}` is damaged: {} bytes, not {}", content.len(), member.size)),
    }
}

/// A larger archive is not read only to say what is in it.
const LARGEST_TO_LIST: u64 = 256 << 20;

/// The names of the arrays of an archive, in its order; none where it cannot be read.
pub fn array_names(path: &Path) -> Vec<String> {
    let is_small = std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() <= LARGEST_TO_LIST);
    let Some(bytes) = is_small.then(|| std::fs::read(path).ok()).flatten() else { return Vec::new() };
    let members = members(&bytes).unwrap_or_default();
    members.iter().filter_map(|member| member.name.strip_suffix(".npy").map(str::to_owned)).collect()
}

/// A little-endian number of some bytes.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<usize> {
    let slice = bytes.get(at..at.checked_add(size)?)?;
    Some(slice.iter().rev().fold(0usize, |n, b| (n << 8) | usize::from(*b)))
}

/// The directory at the end of the archive.
fn members(bytes: &[u8]) -> Result<Vec<Member<'_>>, String> {
    if !bytes.starts_with(b"PK") {
        return Err("it does not begin as a zip archive does".into());
    }
    let short = || "its directory is cut short".to_string();
    // The end record is 22 bytes and a comment of up to 65535.
    let from = bytes.len().saturating_sub(22 + 0xffff);
    let tail = bytes.get(from..).unwrap_or(&[]);
    let end = tail.windows(4).rposition(|w| w == b"PK\x05\x06").ok_or("it has no directory: it is cut short")? + from;
    let record = bytes.get(end..end + 22).ok_or_else(short)?;
    let (mut count, mut at) = number(record, 10, 2).zip(number(record, 16, 4)).ok_or_else(short)?;
    if count == 0xffff || at == 0xffff_ffff {
        // The 64-bit end record, which a locator just before the plain one points at.
        let locator = end.checked_sub(20).and_then(|at| bytes.get(at..)).filter(|l| l.starts_with(b"PK\x06\x07"));
        let wide = locator.and_then(|l| number(l, 8, 8)).and_then(|at| bytes.get(at..)).ok_or_else(short)?;
        (count, at) = number(wide, 32, 8).zip(number(wide, 48, 8)).ok_or_else(short)?;
    }
    let mut members = Vec::new();
    for _ in 0..count {
        let entry = bytes.get(at..).filter(|e| e.starts_with(b"PK\x01\x02")).ok_or_else(short)?;
        let field = |offset, size| number(entry, offset, size).ok_or_else(short);
        let (name_length, extra_length, comment) = (field(28, 2)?, field(30, 2)?, field(32, 2)?);
        let names_end = 46 + name_length;
        let name = entry.get(46..names_end).ok_or_else(short)?;
        let extra = entry.get(names_end..names_end + extra_length).ok_or_else(short)?;
        let mut member = Member {
            name: std::str::from_utf8(name).map_err(|_| "the name of a member is not UTF-8".to_string())?,
            method: field(10, 2)? as u16,
            compressed: field(20, 4)?,
            size: field(24, 4)?,
            header: field(42, 4)?,
        };
        widen(&mut member, extra);
        members.push(member);
        at += names_end + extra_length + comment;
    }
    Ok(members)
}

/// Sizes that do not fit in 32 bits stand in an extra field.
fn widen(member: &mut Member<'_>, extra: &[u8]) {
    let mut at = 0;
    while let (Some(id), Some(size)) = (number(extra, at, 2), number(extra, at + 2, 2)) {
        if id == 1 {
            let mut place = at + 4;
            for value in [&mut member.size, &mut member.compressed, &mut member.header] {
                if *value == 0xffff_ffff
                    && let Some(wide) = number(extra, place, 8)
                {
                    *value = wide;
                    place += 8;
                }
            }
        }
        at += 4 + size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::DeflateEncoder};
    use std::io::Write;

    /// An archive of stored and compressed members, as NumPy writes them (without check sums, which are not read).
    pub(crate) fn archive(files: &[(&str, &[u8], bool)]) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for (name, content, is_compressed) in files {
            let packed = if *is_compressed {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(content).expect("written");
                encoder.finish().expect("finished")
            } else {
                content.to_vec()
            };
            let mut common = vec![20, 0, 0, 0, if *is_compressed { 8 } else { 0 }, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            common.extend((packed.len() as u32).to_le_bytes());
            common.extend((content.len() as u32).to_le_bytes());
            common.extend((name.len() as u16).to_le_bytes());
            let at = bytes.len() as u32;
            bytes.extend(b"PK\x03\x04");
            bytes.extend(&common);
            bytes.extend([4, 0]);
            bytes.extend(name.as_bytes());
            bytes.extend([9, 9, 0, 0]);
            bytes.extend(packed);
            directory.extend(b"PK\x01\x02\x14\x00");
            directory.extend(&common);
            directory.extend([0; 2 + 2 + 2 + 2 + 4]);
            directory.extend(at.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let (at, size, count) = (bytes.len() as u32, directory.len() as u32, files.len() as u16);
        bytes.extend(directory);
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
        bytes.extend([size.to_le_bytes(), at.to_le_bytes()].concat());
        bytes.extend([0, 0]);
        bytes
    }

    #[test]
    fn members_are_stored_or_compressed() {
        let long = b"abc".repeat(1000);
        let bytes = archive(&[("x.npy", b"12345", false), ("y.npy", &long, true), ("z.npy", b"", false)]);
        assert_eq!(member(&bytes, "x"), Ok(b"12345".to_vec()));
        assert_eq!(member(&bytes, "y"), Ok(long));
        assert_eq!(member(&bytes, "z"), Ok(Vec::new()));
        assert!(member(&bytes, "w").is_err_and(|e| e.contains("`x`, `y` and `z`")), "{:?}", member(&bytes, "w"));
        assert!(member(b"\x93NUMPY", "x").is_err_and(|e| e.contains("zip")));
        // Whatever is cut off or changed, it is told and not run into.
        for end in 0..bytes.len() {
            assert!(member(&bytes[..end], "y").is_err(), "{end}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            let _ = member(&damaged, "y");
        }
    }
}
