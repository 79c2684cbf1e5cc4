//! Where the alerts of a report come from: files, a pipe, the store.

use super::ReportArguments;
use crate::commands::alert_files::{each, is_fed};
use crate::commands::{CommandError, home_folder};
use crate::report::{Query, Summary, Tally, stored};
use crate::store::Reader;
use std::io;

/// Counts what is asked for, wherever it is.
pub(super) fn summary(arguments: &ReportArguments, query: Query) -> Result<Summary, CommandError> {
    let from_store = arguments.files.is_empty() && (arguments.home.is_some() || !is_fed());
    if from_store {
        let home = home_folder(arguments.home.as_deref())?;
        return Reader::open(&home)
            .and_then(|mut store| stored::summary(&mut store, query))
            .map_err(|error| CommandError::io("the alerts cannot be counted")(io::Error::other(error)));
    }
    let mut tally = Tally::new(query);
    each(&arguments.files, |alert| tally.add(alert))?;
    Ok(tally.finish())
}
