//! Why a page or an answer cannot be given.
//!
//! A handler gives the reason; the guard makes a page or JSON of it, as the
//! address wants it.

use crate::plural::counted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

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
            Self::Busy(seconds) => {
                format!("Too many attempts. Try again in {}.", counted(*seconds, "second", "seconds"))
            }
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

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Broken(error.to_string())
    }
}
