//! Every alert, to be found again: SQLite, one file a day.
//!
//! The committer appends what a batch of events gave, before the events are
//! acknowledged; everybody else reads. Numbers ([`Entry::seq`](crate::alert::Entry::seq)) grow by one
//! from alert to alert, over days and restarts, so that whoever sends alerts
//! on only needs to remember the last number that is done.

//!
//! | room | what happens there |
//! |---|---|
//! | `day` | one file a day: names and tables |
//! | `packed` | an alert as a row |
//! | `dictionary` | what comes again, once |
//! | `rollup` | counts by the hour |
//! | `words` | the index |
//! | `appender` | the side that writes |
//! | `row`, `search` | rows of one day, one by one or searched |
//! | `filter` | which alerts are asked for |
//! | `patience` | how long a question may take |
//! | `reader` | the side that reads, over all days |
//! | `totals` | what reports are made of |
//! | `retention` | old days go |

mod appender;
mod day;
mod dictionary;
mod filter;
mod packed;
mod patience;
mod reader;
mod retention;
mod rollup;
mod row;
#[cfg(test)]
pub(crate) mod sample;
mod search;
#[cfg(test)]
mod tests;
mod totals;
mod words;

pub use appender::{Appender, Settled};
pub use filter::Filter;
pub use reader::{Found, Reader};
pub use retention::{Dropped, Needed, Retention};
pub use totals::{Count, RuleCount, Totals};

use crate::agents::registry::RegistryError;
use crate::database::DatabaseError;
use thiserror::Error;

/// What can go wrong with the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite says no.
    #[error("the store of alerts: {0}")]
    Database(#[from] rusqlite::Error),
    /// A file cannot be made, listed or removed.
    #[error("the store of alerts: {0}")]
    Io(#[from] std::io::Error),
    /// The file of a day cannot be used.
    #[error(transparent)]
    Day(#[from] DatabaseError),
    /// What is committed cannot be asked for.
    #[error("{0}")]
    Registry(#[from] RegistryError),
    /// There is no answer by the time that was set.
    #[error("there are too many alerts to look at")]
    Late,
}
