//! Whoever looks on live.
//!
//! A viewer is told how far alerts are committed and reads them from the
//! store, so nothing is queued for it: one that is slow skips. The judging
//! tells one number a commitment, whether anybody looks or not.

use tokio::sync::{OwnedSemaphorePermit, watch};

/// Viewers at a time.
pub(super) const VIEWERS_MAX: usize = 64;

/// One live view.
#[derive(Debug)]
pub struct Live {
    /// The number of the last alert that is committed.
    pub committed: watch::Receiver<u64>,
    /// Changes when the program stops: the view is to end.
    pub stopped: watch::Receiver<bool>,
    pub(super) _place: OwnedSemaphorePermit,
}
