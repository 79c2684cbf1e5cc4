//! Reports that a configuration names: listed, and made by hand.

use super::RunArguments;
use crate::commands::table::table;
use crate::commands::{CommandError, print, say};
use crate::config::{Config, Home, ScheduledReport};
use crate::diagnose::{Colour, Diagnostics, Sources};
use crate::news;
use crate::outbox::Queue;
use crate::report::schedule::{ReportError, hand_over, notice};
use crate::report::text::harmless;
use crate::sources::epoch_now;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// Shows which there are.
pub(super) fn list(config: Option<&Path>, home: &Path, as_json: bool) -> Result<ExitCode, CommandError> {
    let reports = read(config, home)?;
    if as_json {
        return say(&format!("{}\n", Value::from_iter(reports.iter().map(value))));
    }
    if reports.is_empty() {
        return Err(CommandError::Nothing("the configuration has no <reports>".to_owned()));
    }
    let row = |report: &ScheduledReport| {
        [
            harmless(report.title()),
            report.frequency.word().to_owned(),
            harmless(&report.conditions().join("; ")),
            harmless(&report.email_to.join(", ")),
        ]
    };
    let rows: Vec<_> = reports.iter().map(row).collect();
    say(&table(["TITLE", "FREQUENCY", "ONLY", "TO"], &rows))
}

/// Makes one of its last period that is over, or of the one that runs.
pub(super) fn run(arguments: &RunArguments, home: &Path) -> Result<ExitCode, CommandError> {
    let reports = read(arguments.config.as_deref(), home)?;
    let report = reports.iter().find(|report| report.title() == arguments.title).ok_or_else(|| {
        let titles: Vec<_> = reports.iter().map(|report| harmless(report.title())).collect();
        let titles = if titles.is_empty() { "it has none".to_owned() } else { titles.join(", ") };
        let title = harmless(&arguments.title);
        CommandError::Usage(format!("the configuration has no report `{title}`; reports are: {titles}"))
    })?;
    let zone = TimeZone::system();
    let period = report.frequency.latest(arguments.current, epoch_now(), &zone);
    let made = notice(home, report, period).map_err(failed)?;
    let Some(made) = made else {
        news::tell(format_args!("no alert to report in {}", period.describe(&zone)));
        return Ok(ExitCode::SUCCESS);
    };
    if !arguments.send {
        return say(&made.text);
    }
    let mut queue = Queue::open(home).map_err(|error| failed(error.into()))?;
    hand_over(&mut queue, report, &format!("by hand {}", epoch_now()), &made).map_err(failed)?;
    print(&format!("given to those who send: {}\n", harmless(&report.email_to.join(", "))))?;
    Ok(ExitCode::SUCCESS)
}

fn failed(error: ReportError) -> CommandError {
    CommandError::io("the report cannot be made")(io::Error::other(error))
}

/// The reports of a configuration. Its errors are shown; a report with an
/// error is left out, so they end the command.
fn read(config: Option<&Path>, home: &Path) -> Result<Vec<ScheduledReport>, CommandError> {
    let (mut sources, mut problems) = (Sources::new(), Diagnostics::new());
    let home = Home::new(home);
    let path = home.configuration(config);
    let config = Config::read(&home, &path, &mut sources, &mut problems);
    if problems.has_errors() {
        news::show(&problems.render(&sources, Colour::for_stderr()));
        return Err(CommandError::Rules(format!("the configuration has errors: {}", problems.summary())));
    }
    Ok(config.reports)
}

fn value(report: &ScheduledReport) -> Value {
    json!({
        "title": report.title(),
        "frequency": report.frequency.word(),
        "conditions": report.conditions(),
        "email_to": report.email_to,
        "send_empty": report.send_empty,
        "graph": report.graph,
    })
}
