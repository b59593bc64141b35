//! What is not done, as a status of HTTP and words.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tintype::ErrorKind;

/// Why a request is refused.
#[derive(Debug)]
pub struct Refusal {
    /// 4xx if the request is at fault.
    pub status: StatusCode,
    /// What is wrong, and what to do.
    pub text: String,
}

impl Refusal {
    /// A refusal with words.
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// A request that makes no sense.
    pub fn misuse(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }
}

impl<E: Into<tintype::Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        let error = error.into();
        let status = match error.kind() {
            ErrorKind::Truncated | ErrorKind::Malformed | ErrorKind::Mismatch => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            ErrorKind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorKind::Limit => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::Misuse => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let retry =
            (self.status == StatusCode::SERVICE_UNAVAILABLE).then_some([(header::RETRY_AFTER, "1")]);
        let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        (self.status, retry, text, self.text + "\n").into_response()
    }
}
