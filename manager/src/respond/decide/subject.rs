//! To whom: what of the event a response is about.
//!
//! All of it stood in a log line, so all of it is a stranger's word.

use super::super::occasion::Occasion;
use super::Subject;
use crate::config::responses::{Means, Response, Talk};
use bartizan_core::respond::network::Network;
use bartizan_core::respond::order::{is_path, is_user};
use std::net::IpAddr;

/// How much a response needs a part of an event.
#[derive(Clone, Copy)]
enum Need {
    /// It must be there.
    Must,
    /// It may be missing, but must be sound (Wazuh 4.14).
    Sound,
    /// It is told if it is sound.
    May,
    /// It is not told.
    No,
}

/// Why an event is not enough for a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// It does not have what is needed.
    Missing(&'static str),
    /// It has something else in its place, which may be meant to deceive.
    Unsound(&'static str),
}

/// A part of an event.
enum Part<T> {
    Missing,
    Unsound,
    Sound(T),
}

impl<T> Part<T> {
    fn new(text: Option<&str>, read: impl FnOnce(&str) -> Option<T>) -> Self {
        match text.filter(|text| !text.is_empty() && *text != "-") {
            None => Self::Missing,
            Some(text) => read(text).map_or(Self::Unsound, Self::Sound),
        }
    }

    fn needed(self, need: Need, missing: &'static str, unsound: &'static str) -> Result<Option<T>, Lack> {
        match (self, need) {
            (Self::Sound(_), Need::No) => Ok(None),
            (Self::Sound(value), _) => Ok(Some(value)),
            (Self::Missing, Need::Must) => Err(Lack::Missing(missing)),
            (Self::Unsound, Need::Must | Need::Sound) => Err(Lack::Unsound(unsound)),
            (Self::Missing | Self::Unsound, _) => Ok(None),
        }
    }
}

/// What an occasion has of what a response needs, or why that is not enough.
///
/// OSSEC 4.3: what is expected must be there, and what is not expected is not
/// told. Scripts that speak JSON are told the whole alert; there the address
/// and the user must be sound if they are there (Wazuh 4.14). A web server is
/// told what is sound.
pub(super) fn of(response: &Response, occasion: &Occasion) -> Result<Subject, Lack> {
    let (unless, file_unless) = match response.means {
        Means::Script { talk: Talk::Json, .. } => (Need::Sound, Need::May),
        Means::Webhook { .. } => (Need::May, Need::May),
        _ => (Need::No, Need::No),
    };
    let need = |is_expected, unless| if is_expected { Need::Must } else { unless };
    let expects = response.expects;
    let address = Part::new(occasion.srcip.as_deref(), |text| text.parse::<IpAddr>().ok());
    let user = [&occasion.dstuser, &occasion.srcuser].into_iter().flatten();
    // OSSEC 4.3: of the two users the one that it is about, if there is one.
    let user = user.map(String::as_str).find(|user| !user.is_empty() && *user != "-");
    let user = Part::new(user, |text| is_user(text).then(|| text.to_owned()));
    let file = Part::new(occasion.filename.as_deref(), |text| is_path(text).then(|| text.to_owned()));
    let address = address.needed(
        need(expects.srcip, unless),
        "the event has no source address",
        "the source of the event is no address",
    )?;
    let user = user.needed(
        need(expects.user, unless),
        "the event has no user",
        "the user of the event has characters that no user's name has",
    )?;
    let file = file.needed(
        need(expects.filename, file_unless),
        "the event has no file",
        "the file of the event is not an absolute path of printable characters",
    )?;
    Ok(Subject {
        network: address.map(Network::from),
        user: user.unwrap_or_default(),
        file: file.unwrap_or_default(),
    })
}
