//! What the operating system said about a file, in words that need no knowledge of it.

use std::io::{Error, ErrorKind};

/// Why a file could not be read or written, to stand after a colon: `the disk is full`.
pub fn io_reason(error: &Error) -> String {
    if error.kind() == ErrorKind::InvalidData {
        return "it is not UTF-8 text".to_owned();
    }
    if error.raw_os_error().is_none() {
        // Not the system's words but ours.
        return error.to_string();
    }
    let known = match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder",
        ErrorKind::PermissionDenied => "it is not permitted",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full",
        ErrorKind::IsADirectory => "it is a folder",
        ErrorKind::NotADirectory => "a part of its path is a file, not a folder",
        ErrorKind::AlreadyExists => "a file of this name is there already",
        ErrorKind::ReadOnlyFilesystem => "the disk can only be read",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let text = error.to_string();
    // The number that Rust adds helps nobody.
    text.split_once(" (os error").map_or(text.clone(), |(words, _)| words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reason_has_a_number_of_the_system() {
        for number in 1..140 {
            let reason = io_reason(&Error::from_raw_os_error(number));
            assert!(!reason.is_empty() && !reason.contains("os error"), "{number}: {reason}");
        }
        assert_eq!(io_reason(&Error::other("cut short")), "cut short");
    }
}
