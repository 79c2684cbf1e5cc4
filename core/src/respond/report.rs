//! What became of a response, as one line of text.
//!
//! The line is an event like any other: it travels with the records of its
//! machine, reaches the manager exactly once, and rules read it. The manager
//! reads number and state of it to keep its history. What is said of all
//! responses of a machine is of none in the history.
//!
//! `bartizan: response 17 failed: block600 192.0.2.7: nft: Operation not permitted`
//! `bartizan: responses failed: the journal cannot be read`

use core::fmt;

/// The place such lines come from.
pub const PLACE: &str = "active-response";

const HEAD: &str = "bartizan: response ";

/// How a response stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It is to be done.
    Decided,
    /// The order is on its way.
    Sent,
    /// The agent is not here; nothing was done.
    Away,
    /// It is in force.
    Done,
    /// It could not be done, or not undone; the latter is tried again.
    Failed,
    /// It was not done, for a reason.
    Refused,
    /// It would have been done.
    DryRun,
    /// Somebody undid it before its time was over.
    Undone,
    /// Its time was over, and it was undone.
    Expired,
}

impl State {
    /// All states, in the order in which they can follow each other. The
    /// first three are known to the manager alone.
    pub const ALL: [Self; 9] = [
        Self::Decided,
        Self::Sent,
        Self::Away,
        Self::Done,
        Self::Failed,
        Self::Refused,
        Self::DryRun,
        Self::Undone,
        Self::Expired,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Sent => "sent",
            Self::Away => "away",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::DryRun => "dry-run",
            Self::Undone => "undone",
            Self::Expired => "expired",
        }
    }

    /// The state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether it is what a machine reports: what became of an order that has
    /// reached it.
    pub fn is_reported(self) -> bool {
        !matches!(self, Self::Decided | Self::Sent | Self::Away)
    }
}

/// A report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// The response; 0 for all of this machine.
    pub id: u64,
    /// What became of it.
    pub state: State,
    /// Its name, what it was done to, and why: for people.
    pub text: &'a str,
}

impl<'a> Report<'a> {
    /// The report about one response that a line is. What stands in it is a stranger's word.
    pub fn read(line: &'a str) -> Option<Self> {
        let (head, text) = line.strip_prefix(HEAD)?.split_once(": ")?;
        let (id, word) = head.split_once(' ')?;
        let state = State::from_word(word).filter(|state| state.is_reported())?;
        let is_plain = id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self { id: id.parse().ok().filter(|id| is_plain && *id != 0)?, state, text })
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, state, text } = self;
        match id {
            0 => write!(f, "bartizan: responses {}: {text}", state.word()),
            _ => write!(f, "{HEAD}{id} {}: {text}", state.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_report_is_read_as_it_was_written() {
        for state in State::ALL.into_iter().filter(|state| state.is_reported()) {
            let report = Report { id: u64::MAX, state, text: "block600 192.0.2.7: ok" };
            assert_eq!(Report::read(&report.to_string()), Some(report));
        }
    }

    #[test]
    fn another_line_is_no_report() {
        for line in [
            "",
            "bartizan: response 1 done",
            "bartizan: response x done: y",
            "bartizan: response +1 done: y",
            "bartizan: response 1 sent: y",
            "bartizan: response 0 done: y",
            "bartizan: responses done: y",
            " bartizan: response 1 done: y",
        ] {
            assert_eq!(Report::read(line), None, "{line}");
        }
    }
}
