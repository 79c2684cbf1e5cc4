//! Why a page or an answer cannot be given.
//!
//! A handler gives the reason; the guard makes a page or JSON of it, as the
//! address wants it.

use crate::store::StoreError;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// What somebody can do who gets no answer in time.
const SLOW: &str = "There are more alerts than can be looked at in the time that an answer may take. \
    Ask for a shorter time. A search for an address, a user or a word of the log looks at fewer alerts, \
    and a report without conditions at hardly any.";

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// What was asked for is not there.
    NotFound,
    /// The question is wrong; says how.
    Bad(String),
    /// It was understood and is not done; says why.
    Refused(String),
    /// Nobody with a session or token.
    Unknown,
    /// Whoever asks may not.
    Forbidden(&'static str),
    /// Too much at a time; seconds until it may be tried again.
    Busy(u64),
    /// An answer takes longer than it may.
    Slow,
    /// Something of ours does not work; says what, without secrets.
    Broken(String),
}

impl Failure {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Refused(_) => StatusCode::CONFLICT,
            Self::Unknown => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Busy(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Slow => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// For people.
    pub fn words(&self) -> String {
        match self {
            Self::NotFound => "There is nothing here.".to_owned(),
            Self::Bad(why) | Self::Refused(why) | Self::Broken(why) => why.clone(),
            Self::Unknown => "Log in first.".to_owned(),
            Self::Forbidden(why) => (*why).to_owned(),
            Self::Busy(seconds) => format!("Too much is asked at a time. Try again in {seconds} s."),
            Self::Slow => SLOW.to_owned(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.words()).into_response();
        if let Self::Busy(seconds) = self {
            response.headers_mut().insert("retry-after", seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl Failure {
    /// Why the store gives no answer.
    pub(super) fn of_store(error: StoreError) -> Self {
        match error {
            StoreError::Late => Self::Slow,
            error => error.into(),
        }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Broken(error.to_string())
    }
}
