//! Rules: from a decoded event to a verdict.
//!
//! The walk has two halves. The first looks at the event alone and can run on
//! any number of workers: it finds the rules of the tree whose own conditions
//! hold ([`walk::find`] gives [`walk::Candidates`]). The second needs the
//! memory of earlier events and runs in event order: it walks only the
//! candidates ([`Judge::settle`]). Where one thread does both,
//! [`Judge::evaluate`] walks the tree once; the verdict is the same.
//!
//! | room | what happens there |
//! |---|---|
//! | [`address`] | IP addresses and lists of them |
//! | [`clock`] | times of day and days of the week |
//! | [`compiled`] | conditions that are code |
//! | [`condition`] | the conditions of one rule |
//! | `distinct` | earlier events that must differ from each other |
//! | [`walk`] | the tree: which rules hold |
//! | [`first_time`] | keys of what is seen for the first time or ignored |
//! | `key` | values that rules compare with those of earlier events |
//! | [`history`] | earlier events, in lent memory |
//! | `search` | correlation: how often it has happened before |
//! | [`judge`] | the half that remembers: a verdict |

pub mod address;
pub mod clock;
pub mod compiled;
pub mod condition;
mod distinct;
pub mod first_time;
pub mod history;
pub mod judge;
mod key;
mod search;
pub mod walk;

pub use judge::{Judge, Verdict};
