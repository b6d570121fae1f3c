//! Why a request has no answer.

use lsp_server::{ErrorCode, ResponseError};

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    code: i32,
    message: String,
}

impl Failure {
    /// The request makes no sense for these documents; the message says why.
    pub fn refused(message: impl Into<String>) -> Failure {
        Failure::new(ErrorCode::RequestFailed, message)
    }

    /// Any other code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Failure {
        Failure { code: code as i32, message: message.into() }
    }
}

impl From<Failure> for ResponseError {
    fn from(failure: Failure) -> ResponseError {
        ResponseError { code: failure.code, message: failure.message, data: None }
    }
}
