//! Who looks: somebody with a session, or a program with a token.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use maud::{Markup, html};
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// What somebody may do. Who may do more may do all that others may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything, changes nothing.
    Reader,
    /// Also undoes and carries out responses, reloads rules, runs reports.
    Administrator,
}

impl Role {
    /// The word for it, in commands and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Administrator => "administrator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let all = [Self::Reader, Self::Administrator];
        all.into_iter().find(|role| role.word() == word).ok_or("it is `reader` or `administrator`")
    }
}

/// By what somebody is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A session: the name under which it is kept, and what its forms carry.
    Session {
        /// A digest of the cookie.
        key: [u8; 32],
        /// Proves that a form came from our page.
        form: String,
    },
    /// A token.
    Token,
}

/// Who asks. A handler that takes one is given who passed the guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The user's or the token's name.
    pub name: String,
    /// What is allowed.
    pub role: Role,
    /// By what the viewer is known.
    pub by: By,
}

impl Viewer {
    /// The hidden field without which no form is taken; every form with
    /// `method="post"` holds it. Empty for tokens, which need none.
    pub fn form_field(&self) -> Markup {
        match &self.by {
            By::Session { form, .. } => {
                html! { input type="hidden" name=(super::guard::FORM_FIELD) value=(form); }
            }
            By::Token => html! {},
        }
    }

    /// Whether this viewer may change things.
    pub fn may_act(&self) -> bool {
        self.role >= Role::Administrator
    }
}

impl<S: Sync> FromRequestParts<S> for Viewer {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // The guard has put it there; a route without a guard has none.
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::UNAUTHORIZED)
    }
}
