//! Questions to SQLite, away from the threads that talk to browsers, and a
//! bounded number at a time.

use super::failure::Failure;
use crate::store::{Reader, StoreError};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Questions that are answered at a time.
pub(super) const AT_ONCE: usize = 4;

/// How long somebody waits for a place before being sent away.
const WAIT: Duration = Duration::from_secs(10);

/// How long the store may look for an answer. That is less than people wait,
/// and enough for a million alerts.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// Readers that are kept open for the next question: each has files open and
/// pages of them in memory.
const KEPT: usize = 1;

/// Readers of the store, and room for other questions.
#[derive(Debug)]
pub(super) struct Readers {
    home: PathBuf,
    idle: Mutex<Vec<Reader>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(home: PathBuf) -> Self {
        Self { home, idle: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Asks something that may take a while.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let place = tokio::time::timeout(WAIT, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.map_err(|_| Failure::Busy(WAIT.as_secs()))??;
        let asked = tokio::task::spawn_blocking(move || {
            let _place = place;
            question()
        });
        asked.await?
    }

    /// A reader for one question, which is asked now.
    pub(super) fn take(&self) -> Result<Reader, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = idle.map_or_else(|| Reader::open(&self.home), Ok)?;
        reader.answer_by(Some(Instant::now() + PATIENCE));
        Ok(reader)
    }

    pub(super) fn give_back(&self, reader: Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(reader);
        }
    }
}
