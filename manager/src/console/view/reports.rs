//! Which reports come regularly, and one of any time.

use crate::config::ScheduledReport;
use crate::report::schedule::{self, ReportError};
use crate::report::{Condition, Query, Subject};
use schemars::JsonSchema;
use serde::Serialize;
use std::path::Path;

/// A report that comes regularly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReportLine {
    /// What it is called.
    pub title: String,
    /// `hourly`, `daily`, `weekly`, `monthly`.
    pub frequency: &'static str,
    /// What must hold of an alert, in words.
    pub conditions: Vec<String>,
    /// Who gets it.
    pub email_to: Vec<String>,
    /// Up to when it was made, seconds since 1970.
    pub made_until: Option<i64>,
}

/// All that come regularly.
pub fn list(home: &Path, reports: &[ScheduledReport]) -> Result<Vec<ReportLine>, ReportError> {
    reports.iter().map(|report| line(home, report)).collect()
}

fn line(home: &Path, report: &ScheduledReport) -> Result<ReportLine, ReportError> {
    Ok(ReportLine {
        title: report.title().to_owned(),
        frequency: report.frequency.word(),
        conditions: report.conditions(),
        email_to: report.email_to.clone(),
        made_until: schedule::made_until(home, report)?,
    })
}

/// The last hours, as a query; conditions are words of reports with values.
///
/// # Errors
/// The condition that cannot be one, and what it should be.
pub fn of_last_hours<'w>(
    hours: i64,
    words: impl Iterator<Item = (&'w str, &'w str)>,
    now: i64,
) -> Result<Query, String> {
    let mut conditions = Vec::new();
    for (name, value) in words {
        let Some(subject) = Subject::named(name) else { continue };
        conditions.push(Condition::parse(subject, value).map_err(str::to_owned)?);
    }
    let since = Some(super::overview::beginning_of(hours, now));
    Ok(Query { conditions, since, title: Some(format!("The last {hours} hours")), ..Query::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_those_of_reports() {
        let query = of_last_hours(24, [("level", "7"), ("hours", "24")].into_iter(), 1_795_246_190);
        let query = query.expect("a query");
        assert_eq!(query.conditions, [Condition::Level(7)]);
        assert_eq!(query.since.map(|since| since % 3600), Some(0));
        assert!(of_last_hours(24, [("level", "high")].into_iter(), 0).is_err());
    }
}
