//! From the URIs of the protocol to paths, and back.

use gen_lsp_types::Uri;
use std::path::{Path, PathBuf};

/// The path that a URI stands for. A text that was never saved (`untitled:Untitled-1`) gets one that names no file.
pub(super) fn to_path(uri: &Uri) -> PathBuf {
    let text = uri.0.as_str();
    let Some(rest) = text.strip_prefix("file://") else {
        return PathBuf::from(decoded(text));
    };
    // Of `file://host/path` only the path is of use; most have an empty host.
    let path = match rest.find('/') {
        Some(0) => rest,
        Some(slash) if rest.get(..slash) == Some("localhost") => rest.get(slash..).unwrap_or(rest),
        _ => return PathBuf::from(format!("//{}", decoded(rest))),
    };
    let path = decoded(path);
    PathBuf::from(without_slash_before_drive(&path))
}

/// The URI of a file.
pub(super) fn of_path(path: &Path) -> Uri {
    let text = path.to_string_lossy().replace('\\', "/");
    let mut uri = String::from("file://");
    if !text.starts_with('/') {
        uri.push('/');
    }
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(byte as char),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    Uri(uri)
}

/// `/c:/nets` is `c:/nets`.
fn without_slash_before_drive(path: &str) -> &str {
    let is_drive = matches!(path.as_bytes(), [b'/', letter, b':', ..] if letter.is_ascii_alphabetic());
    path.get(usize::from(is_drive)..).unwrap_or(path)
}

/// Without the `%20`s. What does not decode stands for itself.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digit = |byte: &u8| (*byte as char).to_digit(16).map(|d| d as u8);
        let byte = match (first, behind) {
            (b'%', [high, low, ..]) => digit(high).zip(digit(low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        bytes.push(byte.unwrap_or(*first));
        rest = rest.get(if byte.is_some() { 3 } else { 1 }..).unwrap_or_default();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_the_way_there_and_back() {
        for path in ["/home/a/net.nn", "/with space/100%/ä模型𝔸.nn", "/a+b#c?d.nn"] {
            assert_eq!(to_path(&of_path(Path::new(path))), Path::new(path));
        }
        assert_eq!(of_path(Path::new("/a b.nn")).0, "file:///a%20b.nn");
    }

    #[test]
    fn uris_of_other_editors_are_understood() {
        let path = |uri: &str| to_path(&Uri::from(uri));
        assert_eq!(path("file:///c%3A/nets/a.nn"), Path::new("c:/nets/a.nn"));
        assert_eq!(path("file://localhost/nets/a.nn"), Path::new("/nets/a.nn"));
        assert_eq!(path("untitled:Untitled-1"), Path::new("untitled:Untitled-1"));
        assert_eq!(path("file:///100%"), Path::new("/100%"));
        assert_eq!(path("file:///%FF"), Path::new("/%FF"));
    }
}
