//! Reading idx and npy files.

use super::files::{Content, content, read_all};
use super::problem::{DataProblem, Found};
use super::source_spec::{DataFile, SourceSpec};
use super::store::DiskFile;
use std::ops::Range;

/// An array; its first axis are the examples.
#[derive(Debug)]
pub(crate) struct Array {
    pub shape: Vec<usize>,
    pub boolean: bool,
    pub numbers: Numbers,
}

/// The elements in row-major order: in memory, in the smallest type that holds them exactly, or where they are written.
#[derive(Debug)]
pub(crate) enum Numbers {
    U8(Vec<u8>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    File(FileNumbers),
    /// One behind the other.
    Joined(Vec<Numbers>),
}

/// Elements that are read from their file when they are needed.
#[derive(Debug)]
pub(crate) struct FileNumbers {
    file: DiskFile,
    /// Where they begin.
    start: u64,
    element: Element,
    len: usize,
}

/// Elements that are read at once where all of them are.
const CHUNK: usize = 1 << 16;

impl FileNumbers {
    /// So many bytes, each a number.
    pub fn bytes(file: DiskFile) -> FileNumbers {
        let len = file.len as usize;
        FileNumbers { file, start: 0, element: Element { size: 1, little: true, kind: 'u' }, len }
    }

    fn copy(&self, range: Range<usize>, out: &mut Vec<f64>) -> Found<()> {
        if range.end > self.len || range.start >= range.end {
            return Ok(());
        }
        let mut bytes = vec![0u8; range.len() * self.element.size];
        let lost = |reason: String| Box::new(DataProblem::LostBeside { reason });
        let read = self.file.read(self.start + (range.start * self.element.size) as u64, &mut bytes);
        read.map_err(|error| lost(crate::diagnostics::io_reason(&error)))?;
        self.element.read(&bytes).map_err(lost)?.copy(0..range.len(), out)
    }
}

impl Numbers {
    pub fn len(&self) -> usize {
        match self {
            Numbers::U8(v) => v.len(),
            Numbers::F32(v) => v.len(),
            Numbers::F64(v) => v.len(),
            Numbers::File(file) => file.len,
            Numbers::Joined(parts) => parts.iter().map(Numbers::len).sum(),
        }
    }

    /// Appends the elements `range` to `out`; those beyond the end are left out. Errors: their file cannot be read.
    pub fn copy(&self, range: Range<usize>, out: &mut Vec<f64>) -> Found<()> {
        match self {
            Numbers::U8(v) => out.extend(v.get(range).unwrap_or(&[]).iter().map(|x| f64::from(*x))),
            Numbers::F32(v) => out.extend(v.get(range).unwrap_or(&[]).iter().map(|x| f64::from(*x))),
            Numbers::F64(v) => out.extend(v.get(range).unwrap_or(&[])),
            Numbers::File(file) => file.copy(range, out)?,
            Numbers::Joined(parts) => {
                let mut start = 0;
                for part in parts {
                    let end = start + part.len();
                    let (from, to) = (range.start.max(start), range.end.min(end));
                    if from < to {
                        part.copy(from - start..to - start, out)?;
                    }
                    start = end;
                }
            }
        }
        Ok(())
    }

    /// Calls `take` with every element. Errors: their file cannot be read.
    pub fn each(&self, take: &mut dyn FnMut(f64)) -> Found<()> {
        match self {
            Numbers::U8(v) => v.iter().for_each(|x| take(f64::from(*x))),
            Numbers::F32(v) => v.iter().for_each(|x| take(f64::from(*x))),
            Numbers::F64(v) => v.iter().for_each(|x| take(*x)),
            Numbers::File(file) => {
                let mut values = Vec::with_capacity(CHUNK);
                for start in (0..file.len).step_by(CHUNK) {
                    values.clear();
                    file.copy(start..(start + CHUNK).min(file.len), &mut values)?;
                    values.iter().for_each(|x| take(*x));
                }
            }
            Numbers::Joined(parts) => parts.iter().try_for_each(|part| part.each(take))?,
        }
        Ok(())
    }

    /// This and another array's elements behind it.
    pub fn followed_by(self, other: Numbers) -> Numbers {
        match self {
            Numbers::Joined(mut parts) => {
                parts.push(other);
                Numbers::Joined(parts)
            }
            first => Numbers::Joined(vec![first, other]),
        }
    }

    /// The elements of a row-major array of this shape, for one whose elements lie column-major.
    fn transposed(&self, shape: &[usize]) -> Numbers {
        let mut index = vec![0usize; shape.len()];
        let mut strides = Vec::with_capacity(shape.len());
        let mut stride = 1usize;
        for dim in shape {
            strides.push(stride);
            stride = stride.saturating_mul(*dim);
        }
        let mut order = Vec::with_capacity(self.len());
        for _ in 0..self.len() {
            order.push(index.iter().zip(&strides).map(|(i, s)| i * s).sum::<usize>());
            for (i, dim) in index.iter_mut().zip(shape).rev() {
                *i += 1;
                if *i < *dim {
                    break;
                }
                *i = 0;
            }
        }
        match self {
            Numbers::U8(v) => Numbers::U8(order.iter().filter_map(|o| v.get(*o).copied()).collect()),
            Numbers::F32(v) => Numbers::F32(order.iter().filter_map(|o| v.get(*o).copied()).collect()),
            Numbers::F64(v) => Numbers::F64(order.iter().filter_map(|o| v.get(*o).copied()).collect()),
            // Only what is in memory is turned.
            Numbers::File(_) | Numbers::Joined(_) => Numbers::F64(Vec::new()),
        }
    }
}

/// Reads an array file of the format that the source is. Elements of more than `limit` bytes stay where they are.
pub(crate) fn read_array(file: &DataFile, source: &SourceSpec, limit: usize) -> Found<Array> {
    let parsed = match source {
        SourceSpec::Npz { array, .. } => {
            super::npz::member(&read_all(file)?, array).and_then(|bytes| array_of(Content::Memory(bytes), npy_header))
        }
        SourceSpec::Npy(_) => array_of(content(file, limit)?, npy_header),
        _ => array_of(content(file, limit)?, idx_header),
    };
    let (written, format) = (file.written.clone(), source.name());
    let array = parsed.map_err(|reason| Box::new(DataProblem::BadArray { written, format, reason }))?;
    if array.shape.is_empty() || array.shape.contains(&0) {
        return Err(Box::new(DataProblem::Empty { written: file.written.clone(), header: true }));
    }
    Ok(array)
}

/// What a file's first bytes say of it.
struct Header {
    shape: Vec<usize>,
    element: Element,
    /// Where the elements begin.
    start: usize,
    column_major: bool,
}

/// Enough of a file to hold any header.
const LONGEST_HEADER: usize = 1 << 17;

fn array_of(content: Content, header: fn(&[u8]) -> Result<Header, String>) -> Result<Array, String> {
    let head = content.head(LONGEST_HEADER).map_err(|error| crate::diagnostics::io_reason(&error))?;
    let Header { shape, element, start, column_major } = header(&head)?;
    let len = checked_size(&shape, element.size, content.len().saturating_sub(start))?;
    element.known()?;
    let boolean = element.kind == 'b';
    let numbers = match content {
        Content::Memory(bytes) => element.read(bytes.get(start..).unwrap_or_default())?,
        Content::File(file) if !column_major => Numbers::File(FileNumbers { file, start: start as u64, element, len }),
        Content::File(file) => {
            let mut bytes = vec![0u8; len * element.size];
            file.read(start as u64, &mut bytes).map_err(|error| crate::diagnostics::io_reason(&error))?;
            element.read(&bytes)?
        }
    };
    let numbers = if column_major { numbers.transposed(&shape) } else { numbers };
    Ok(Array { shape, boolean, numbers })
}

/// The number types of both formats: name for messages, size in bytes, and how an element is read.
#[derive(Debug)]
struct Element {
    size: usize,
    little: bool,
    kind: char,
}

impl Element {
    /// Whether there are such numbers.
    fn known(&self) -> Result<(), String> {
        self.read(&[]).map(|_| ())
    }

    fn read(&self, bytes: &[u8]) -> Result<Numbers, String> {
        macro_rules! each {
            ($t:ty, $to:expr) => {
                bytes
                    .chunks_exact(self.size)
                    .filter_map(|c| <[u8; size_of::<$t>()]>::try_from(c).ok())
                    .map(|c| if self.little { <$t>::from_le_bytes(c) } else { <$t>::from_be_bytes(c) })
                    .map($to)
                    .collect()
            };
        }
        Ok(match (self.kind, self.size) {
            ('u' | 'b', 1) => Numbers::U8(bytes.to_vec()),
            ('i', 1) => Numbers::F32(each!(i8, f32::from)),
            ('i', 2) => Numbers::F32(each!(i16, f32::from)),
            ('u', 2) => Numbers::F32(each!(u16, f32::from)),
            ('i', 4) => Numbers::F64(each!(i32, f64::from)),
            ('u', 4) => Numbers::F64(each!(u32, f64::from)),
            ('i', 8) => Numbers::F64(each!(i64, |x| x as f64)),
            ('u', 8) => Numbers::F64(each!(u64, |x| x as f64)),
            ('f', 4) => Numbers::F32(each!(f32, |x| x)),
            ('f', 8) => Numbers::F64(each!(f64, |x| x)),
            (kind, size) => return Err(not_supported(&format!("{kind}{size}"))),
        })
    }
}

fn not_supported(kind: &str) -> String {
    format!(
        "its elements are of type {kind}: write it with `.astype(\"float32\")`, or as float64, bool or whole numbers"
    )
}

fn checked_size(shape: &[usize], each: usize, have: usize) -> Result<usize, String> {
    let elements = shape.iter().try_fold(1usize, |n, dim| n.checked_mul(*dim)).ok_or("its shape is too large")?;
    let bytes = elements.checked_mul(each).ok_or("its shape is too large")?;
    match have.checked_sub(bytes) {
        Some(0) => Ok(elements),
        Some(more) => Err(format!("{more} bytes follow the {bytes} bytes that its shape {shape:?} needs")),
        None => Err(format!("it is cut short: its shape {shape:?} needs {bytes} bytes, and there are {have}")),
    }
}

fn idx_header(bytes: &[u8]) -> Result<Header, String> {
    let &[a, b, code, axes] =
        bytes.get(..4).and_then(|h| <&[u8; 4]>::try_from(h).ok()).ok_or("it is shorter than a header")?;
    if (a, b) != (0, 0) {
        return Err(format!("it begins with {a:02x} {b:02x}, and an idx file begins with 00 00"));
    }
    let (kind, size) = match code {
        0x08 => ('u', 1),
        0x09 => ('i', 1),
        0x0b => ('i', 2),
        0x0c => ('i', 4),
        0x0d => ('f', 4),
        0x0e => ('f', 8),
        other => return Err(format!("its type code is {other:02x}, and idx has 08, 09, 0b, 0c, 0d and 0e")),
    };
    if axes == 0 {
        return Err("it has no axes".into());
    }
    let header = 4 + 4 * usize::from(axes);
    let dims = bytes.get(4..header).ok_or("it is cut short within its header")?;
    let shape: Vec<usize> = dims
        .chunks_exact(4)
        .filter_map(|c| <[u8; 4]>::try_from(c).ok())
        .map(|c| u32::from_be_bytes(c) as usize)
        .collect();
    Ok(Header { shape, element: Element { size, little: false, kind }, start: header, column_major: false })
}

fn npy_header(bytes: &[u8]) -> Result<Header, String> {
    if !bytes.starts_with(b"\x93NUMPY") {
        return Err("it does not begin with the six bytes of an npy file".into());
    }
    let short = || "it is cut short within its header".to_string();
    let major = *bytes.get(6).ok_or_else(short)?;
    let (length, start) = match major {
        1 => {
            (bytes.get(8..10).and_then(|b| <[u8; 2]>::try_from(b).ok()).map(|b| usize::from(u16::from_le_bytes(b))), 10)
        }
        2 | 3 => {
            (bytes.get(8..12).and_then(|b| <[u8; 4]>::try_from(b).ok()).map(|b| u32::from_le_bytes(b) as usize), 12)
        }
        other => return Err(format!("its version is {other}, and 1, 2 and 3 are known")),
    };
    let end = length.and_then(|n| n.checked_add(start)).ok_or_else(short)?;
    let header = bytes.get(start..end).ok_or_else(short)?;
    let header = std::str::from_utf8(header).map_err(|_| "its header is not text".to_string())?;
    let value = |key: &str| {
        let quoted = [format!("'{key}'"), format!("\"{key}\"")];
        let (_, after) = quoted.iter().find_map(|q| header.split_once(q.as_str()))?;
        after.trim_start().strip_prefix(':').map(str::trim_start)
    };
    let descr = value("descr").ok_or("its header names no type")?;
    let descr = descr.strip_prefix(['\'', '"']).and_then(|d| d.split(['\'', '"']).next());
    let descr = descr.ok_or("its elements are records, which are not supported")?;
    let column_major = value("fortran_order").is_some_and(|v| v.starts_with("True"));
    let dims = value("shape").and_then(|v| v.strip_prefix('(')).and_then(|v| v.split(')').next());
    let shape: Vec<usize> = dims
        .ok_or("its header names no shape")?
        .split(',')
        .map(str::trim)
        .filter(|d| !d.is_empty())
        .map(|d| d.parse().map_err(|_| format!("its shape has a dim {d}")))
        .collect::<Result<_, _>>()?;
    if shape.is_empty() {
        return Err("it is a single number, without an axis of examples".into());
    }
    let mut chars = descr.chars();
    let (order, kind) = (chars.next().unwrap_or(' '), chars.next().unwrap_or(' '));
    let size: usize = chars.as_str().parse().unwrap_or(0);
    if size == 0 || !matches!(kind, 'u' | 'i' | 'f' | 'b') {
        return Err(not_supported(descr));
    }
    Ok(Header { shape, element: Element { size, little: order != '>', kind }, start: end, column_major })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idx(bytes: &[u8]) -> Result<Array, String> {
        array_of(Content::Memory(bytes.to_vec()), idx_header)
    }

    fn npy(bytes: &[u8]) -> Result<Array, String> {
        array_of(Content::Memory(bytes.to_vec()), npy_header)
    }

    fn all(numbers: &Numbers) -> Vec<f64> {
        let mut all = Vec::new();
        numbers.each(&mut |x| all.push(x)).expect("read");
        all
    }

    fn npy_file(header: &str, body: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn idx_of_every_type() {
        let file = |code: u8, body: &[u8]| [&[0, 0, code, 1, 0, 0, 0, 2], body].concat();
        let read = |code: u8, body: &[u8]| idx(&file(code, body)).map(|a| all(&a.numbers));
        assert_eq!(read(0x08, &[1, 255]), Ok(vec![1.0, 255.0]));
        assert_eq!(read(0x09, &[1, 255]), Ok(vec![1.0, -1.0]));
        assert_eq!(read(0x0b, &[1, 0, 255, 255]), Ok(vec![256.0, -1.0]));
        assert_eq!(read(0x0c, &[0, 1, 0, 0, 255, 255, 255, 255]), Ok(vec![65536.0, -1.0]));
        let floats = [1.5f32.to_be_bytes(), (-2.0f32).to_be_bytes()].concat();
        assert_eq!(read(0x0d, &floats), Ok(vec![1.5, -2.0]));
        let doubles = [1.5f64.to_be_bytes(), (-2.0f64).to_be_bytes()].concat();
        assert_eq!(read(0x0e, &doubles), Ok(vec![1.5, -2.0]));
        assert!(read(0x0a, &[1, 2]).is_err_and(|e| e.contains("type code")));
        assert!(read(0x08, &[1]).is_err_and(|e| e.contains("cut short")));
        assert!(read(0x08, &[1, 2, 3]).is_err_and(|e| e.contains("follow")));
        assert!(idx(&[1, 2, 3, 4]).is_err_and(|e| e.contains("00 00")));
        assert!(idx(&[0, 0, 8, 1, 255]).is_err());
        assert!(
            idx(&[0, 0, 8, 4, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]).is_err()
        );
    }

    #[test]
    fn npy_in_both_orders() {
        let body: Vec<u8> = [1i32, 2, 3, 4, 5, 6].iter().flat_map(|x| x.to_le_bytes()).collect();
        let c = npy(&npy_file("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }\n", &body)).expect("read");
        assert_eq!((c.shape.as_slice(), all(&c.numbers)), (&[2, 3][..], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        let f = npy(&npy_file("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }\n", &body)).expect("read");
        assert_eq!(all(&f.numbers), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
        let b = npy(&npy_file("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", &[0, 1])).expect("read");
        assert!(b.boolean && b.shape == [2]);
        let big = npy(&npy_file("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", &2.5f32.to_be_bytes()));
        assert!(matches!(big.expect("read").numbers, Numbers::F32(v) if v == [2.5]));
        assert!(npy(b"PK").is_err());
        assert!(npy(&npy_file("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", &[0; 8])).is_err());
        assert!(npy(&npy_file("{'descr': [('a', '<i4')], 'shape': (1,), }", &[0; 4])).is_err());
    }

    #[test]
    fn what_stays_in_its_file_is_what_it_would_be_in_memory() {
        use std::io::Write;
        let folder = tempfile::tempdir().expect("a folder");
        let body: Vec<u8> = (0..3000i16).flat_map(|x| (x * 7 - 900).to_le_bytes()).collect();
        let header = |order: &str| format!("{{'descr': '<i2', 'fortran_order': {order}, 'shape': (1000, 3), }}");
        for (name, bytes) in [("a.npy", npy_file(&header("False"), &body)), ("b.npy", npy_file(&header("True"), &body))]
        {
            let plain = DataFile::new(name, folder.path().join(name));
            std::fs::write(&plain.path, &bytes).expect("written");
            let packed = DataFile::new("a.npy.gz", folder.path().join("a.npy.gz"));
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&bytes).expect("packed");
            std::fs::write(&packed.path, encoder.finish().expect("packed")).expect("written");
            for file in [plain, packed] {
                let source = SourceSpec::Npy(super::super::source_spec::PerSplit::Whole(vec![file.clone()]));
                let memory = read_array(&file, &source, 1 << 20).expect("read");
                let there = read_array(&file, &source, 100).expect("read");
                assert_eq!(matches!(there.numbers, Numbers::File(_)), name == "a.npy");
                assert_eq!((&there.shape, all(&there.numbers)), (&memory.shape, all(&memory.numbers)));
                let joined = there.numbers.followed_by(memory.numbers);
                let mut some = Vec::new();
                joined.copy(2990..3010, &mut some).expect("read");
                assert_eq!((joined.len(), &some), (6000, &all(&joined)[2990..3010].to_vec()));
            }
        }
    }

    #[test]
    fn a_file_that_is_cut_while_it_is_read_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = DataFile::new("a.npy", folder.path().join("a.npy"));
        let bytes = npy_file("{'descr': '<f4', 'fortran_order': False, 'shape': (1000,), }", &[0; 4000]);
        std::fs::write(&file.path, &bytes).expect("written");
        let source = SourceSpec::Npy(super::super::source_spec::PerSplit::Whole(vec![file.clone()]));
        let array = read_array(&file, &source, 100).expect("read");
        std::fs::File::options().write(true).open(&file.path).and_then(|f| f.set_len(500)).expect("cut");
        let told = array.numbers.each(&mut |_| ()).expect_err("it is shorter now");
        assert!(matches!(*told, DataProblem::LostBeside { .. }));
    }
}
