//! Questions to SQLite, away from the threads that talk to browsers, and a
//! bounded number at a time.

use super::failure::Failure;
use crate::store::{Reader, StoreError};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Questions that are answered at a time.
pub(super) const AT_ONCE: usize = 4;

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
        let place = Arc::clone(&self.places).acquire_owned().await?;
        let asked = tokio::task::spawn_blocking(move || {
            let _place = place;
            question()
        });
        asked.await?
    }

    pub(super) fn take(&self) -> Result<Reader, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| Reader::open(&self.home), Ok)
    }

    pub(super) fn give_back(&self, reader: Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(reader);
        }
    }
}
