//! Floor 9: the language server, on standard input and output.
//!
//! The protocol and nothing more: documents, positions in UTF-16, capabilities. What is answered comes from
//! [`crate::ide`].
