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
//!
//! A room that sends gives its destinations as a list of [`Configured`]; all
//! else happens here.

pub mod budget;
mod committed;
pub mod engine;
pub mod queue;
pub mod select;

pub use committed::Committed;
pub use engine::Outbox;
pub use queue::Queue;

use crate::alert::Entry;
use crate::config::{Selection, Terms};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::time::Duration;

/// Destinations that one manager may have.
pub const DESTINATIONS_MAX: usize = 64;

/// A destination as it is configured.
#[derive(Debug)]
pub struct Configured {
    /// What commands, events and `outbox.db` call it: the same after each
    /// start, and no other's. A mail recipient is called by the address.
    pub name: String,
    /// What it is, in a word: `mail`, `slack`, `syslog`.
    pub kind: &'static str,
    /// It hears of alerts that one of these wants, of none if there is none.
    pub wants: Vec<Selection>,
    /// When it is told. What people read takes what `<notification>` says
    /// ([`Terms::or`]), what machines read only what its own section says.
    pub terms: Terms,
    /// How it is told.
    pub destination: Box<dyn Destination>,
}

/// What one sending carries. A destination shows all three.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Alerts, oldest first.
    pub alerts: Vec<Entry>,
    /// What was held back since the last one; empty mostly.
    pub held_back: Vec<HeldBack>,
    /// A text of the manager's own: a report, a test, what a digest is about.
    pub notice: Option<Notice>,
}

/// Alerts that were counted instead of sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    /// The rule; 0 stands for all rules that found no place in the list.
    pub rule: u32,
    /// Its level; of several, the highest.
    pub level: u16,
    /// What it says.
    pub description: String,
    /// How many.
    pub count: u64,
    /// Seconds since 1970 of the first and the last of them.
    pub span: (i64, i64),
}

/// A text of the manager's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about, in one line.
    pub title: String,
    /// As plain text; empty if the title says all.
    pub text: String,
    /// The same as a page, where it can be shown.
    pub html: Option<Page>,
}

/// A page that needs nothing from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// HTML.
    pub markup: String,
    /// A PNG, which the markup calls [`Page::PICTURE`].
    pub picture: Option<Vec<u8>>,
}

impl Page {
    /// The content id of the picture (RFC 2392).
    pub const PICTURE: &str = "picture";
}

/// What waits to be sent, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The same in every attempt, after every restart: so a receiver can tell
    /// a repetition from a new one. Letters, digits and `-`, at most 40.
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
