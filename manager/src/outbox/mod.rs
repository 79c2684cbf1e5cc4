//! What is sent to others: mail, web hooks, syslog, databases, scripts.
//!
//! ```text
//!  store ──► selection ──► budget ──► parcel ──► courier ──► destination
//!  (cursor)   (wanted?)     (now?)    (on disk)  (tries)
//! ```
//!
//! Each destination has a thread, a cursor into the store and a queue of
//! parcels in `outbox.db`. Making a parcel and moving the cursor is one
//! transaction, so an alert goes into exactly one parcel; a parcel goes when
//! the destination has confirmed it. One that is down holds up nobody: its
//! cursor waits.

use crate::alert::Entry;
use std::fmt::Debug;
use std::time::Duration;

/// What one sending carries.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Alerts, oldest first.
    pub alerts: Vec<Entry>,
    /// What was held back since the last one; empty mostly.
    pub held_back: Vec<HeldBack>,
    /// Something that is not about alerts: a report, a test.
    pub notice: Option<Notice>,
}

/// Alerts that were counted instead of sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// The rule.
    pub rule: u32,
    /// Its level.
    pub level: u16,
    /// What it says.
    pub description: String,
    /// How many.
    pub count: u64,
    /// Seconds since 1970 of the first and the last of them.
    pub span: (i64, i64),
}

/// A text of the manager's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about, in one line.
    pub title: String,
    /// As plain text.
    pub text: String,
    /// The same as HTML, where it can be shown.
    pub html: Option<String>,
}

/// What waits to be sent, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The same in every attempt, after every restart: so a receiver can tell
    /// a repetition from a new one.
    pub id: String,
    /// The bytes: a mail, a body, lines.
    pub payload: Vec<u8>,
}

/// Why a parcel was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Later it may be taken; not before this time, if the receiver said so.
    Temporary(String, Option<Duration>),
    /// It never will.
    Permanent(String),
}

/// A kind of destination.
pub trait Destination: Debug + Send {
    /// Alerts that one parcel may hold.
    fn parcel_max(&self) -> usize;

    /// Renders what is to be sent. `id` is the parcel's.
    fn render(&self, id: &str, content: &Content) -> Vec<u8>;

    /// Hands a parcel over. Comes back within a minute, whatever happens.
    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure>;
}
