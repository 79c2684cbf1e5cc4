//! Parcels of one destination, handed over in the thread of the caller: for
//! commands, which serve nobody else.

use super::PostError;
use super::post::Post;
use super::trouble::Trouble;
use crate::outbox::{Configured, Failure, Queue};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Hands over what waits for a destination. It hears of no alerts.
#[derive(Debug)]
pub struct Courier(Post);

impl Courier {
    /// For a destination that the queue knows.
    pub fn new(queue: Queue, configured: Configured) -> Result<Self, PostError> {
        let trouble = Trouble::new(Arc::new(|_| {}));
        Ok(Self(Post::new(configured, queue, Box::new(|_, _| Ok(Vec::new())), TimeZone::UTC, trouble)?))
    }

    /// The queue, to be written to between two attempts.
    pub fn queue(&mut self) -> &mut Queue {
        self.0.queue()
    }

    /// Hands the next parcel over and says what became of it; `None` if none
    /// waits. What is confirmed is not yet noted: see [`Courier::settle`].
    pub fn attempt(&mut self) -> Result<Option<Result<(), Failure>>, PostError> {
        self.0.attempt()?;
        Ok(self.0.outcome().cloned())
    }

    /// Notes what became of the attempt. A kill before it sends the parcel
    /// again, under the same number.
    pub fn settle(&mut self, now: i64) -> Result<(), PostError> {
        self.0.settle(now)
    }
}
