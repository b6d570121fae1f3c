//! Fingerprints of files, to tell whether they changed. Not for secrets.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::Path;

/// FNV-1a, 128 bits (Fowler, Noll and Vo), as hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fingerprint(u128);

impl Fingerprint {
    pub(super) fn new() -> Self {
        Fingerprint(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }

    pub(super) fn text(self) -> String {
        let mut text = String::with_capacity(32);
        let _ = write!(text, "{:032x}", self.0);
        text
    }
}

/// The fingerprint of bytes.
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    let mut fingerprint = Fingerprint::new();
    fingerprint.add(bytes);
    fingerprint.text()
}

/// The fingerprint of a file and its number of bytes.
pub(super) fn of_file(path: &Path) -> io::Result<(String, u64)> {
    let mut fingerprint = Fingerprint::new();
    let size = add_file(&mut fingerprint, path)?;
    Ok((fingerprint.text(), size))
}

/// The fingerprint of several files with their names, and their number of bytes together.
pub(super) fn of_files<'p>(paths: impl Iterator<Item = &'p Path>) -> io::Result<(String, u64)> {
    let (mut fingerprint, mut sum) = (Fingerprint::new(), 0);
    for path in paths {
        fingerprint.add(path.file_name().unwrap_or_default().as_encoded_bytes());
        let size = add_file(&mut fingerprint, path)?;
        fingerprint.add(&size.to_le_bytes());
        sum += size;
    }
    Ok((fingerprint.text(), sum))
}

fn add_file(fingerprint: &mut Fingerprint, path: &Path) -> io::Result<u64> {
    let mut file = std::fs::File::open(path)?;
    let (mut buffer, mut size) = (vec![0; 1 << 16], 0);
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(size);
        }
        fingerprint.add(buffer.get(..n).unwrap_or_default());
        size += n as u64;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn known_answers() {
        // From the reference implementation's test vectors.
        assert_eq!(super::of_bytes(b""), "6c62272e07bb014262b821756295c58d");
        assert_eq!(super::of_bytes(b"a"), "d228cb696f1a8caf78912b704e4a8964");
    }
}
