//! How long a question may take.

use std::time::Instant;

/// Rows between two looks at the clock: a look costs about as much as a row.
const ROWS: u32 = 64;

/// The time that is left for a question, looked at now and then.
#[derive(Debug, Default)]
pub(super) struct Patience {
    until: Option<Instant>,
    rows: u32,
}

impl Patience {
    /// Ends at a time, or never.
    pub(super) fn until(until: Option<Instant>) -> Self {
        Self { until, rows: 0 }
    }

    /// Whether it has ended.
    pub(super) fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Whether it is seen to have ended with one row more. Some rows are
    /// always looked at, so that whoever asks again comes further.
    pub(super) fn ends_with_row(&mut self) -> bool {
        self.rows = self.rows.wrapping_add(1);
        self.rows.is_multiple_of(ROWS) && self.is_over()
    }
}
