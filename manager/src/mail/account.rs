//! How mail leaves this machine, and whom it is from.

use crate::config::Email;
use std::path::PathBuf;

/// What all mail of a manager has in common.
#[derive(Clone, Debug)]
pub struct Account {
    /// Whom it is from.
    pub from: String,
    /// Whom answers go to.
    pub reply_to: Option<String>,
    /// The name of this manager (`X-IDS-OSSEC`).
    pub ids_name: String,
    /// `maild.full_subject`: the other kind of subject.
    pub full_subject: bool,
    /// Where it is handed over.
    pub route: Route,
}

/// Where mail is handed over.
#[derive(Clone, Debug)]
pub enum Route {
    /// To a server, by SMTP.
    Server(Email),
    /// To a program of this machine, as `sendmail -t` is one: the program and
    /// its arguments.
    Program(PathBuf, Vec<String>),
}
