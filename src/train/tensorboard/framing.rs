//! Records as TensorFlow's files have them: length, check of the length, content, check of the content.

/// The polynomial of CRC-32C (Castagnoli), its bits reversed.
const POLYNOMIAL: u32 = 0x82F6_3B78;

/// What each byte does to a check.
static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut check = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            check = if check & 1 == 1 { check >> 1 ^ POLYNOMIAL } else { check >> 1 };
            bit += 1;
        }
        table[byte] = check;
        byte += 1;
    }
    table
}

/// CRC-32C of some bytes.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    let step = |check: u32, byte: &u8| check >> 8 ^ TABLE[usize::from(check as u8 ^ byte)];
    !bytes.iter().fold(!0, step)
}

/// The check as it stands in a file: turned and moved, so that the check of bytes that hold a check is not always the same.
pub(super) fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// Adds a record.
pub(super) fn add(to: &mut Vec<u8>, content: &[u8]) {
    let length = (content.len() as u64).to_le_bytes();
    to.extend(length);
    to.extend(masked(&length).to_le_bytes());
    to.extend_from_slice(content);
    to.extend(masked(content).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of RFC 3720, B.4, and that of the digits, by which every such check is compared.
    #[test]
    fn checks_are_those_of_the_standard() {
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(crc32c(&[0xFF; 32]), 0x62A8_AB43);
        assert_eq!(crc32c(&ascending), 0x46DD_794E);
        assert_eq!(crc32c(b""), 0);
    }
}
