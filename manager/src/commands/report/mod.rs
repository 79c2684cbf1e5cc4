//! `bartizan report`: what happened in a time, in one text.

mod configured;
mod input;

use super::moment::moment;
use super::{CommandError, home_folder, now, print};
use crate::news;
use crate::report::{Condition, Query, Relation, Subject, Summary, csv, html, json, text};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Tell what happened in a time: how many alerts, about whom and what.
///
/// Counts the alerts of `bartizan run` in the home folder. With FILE, or when
/// alerts come through a pipe, it counts those:
///
///   bartizan logtest -a < /var/log/auth.log | bartizan report
///
/// FIELD is one of group, rule, level, location, user, srcip, filename.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub struct ReportArguments {
    #[command(subcommand)]
    command: Option<ReportCommand>,
    /// alerts.log or alerts.json, packed with gzip or not; - for standard
    /// input.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only alerts with VALUE in their FIELD; of rules a list of numbers, of
    /// levels this one and higher. If given again, all must hold.
    #[arg(short = 'f', long = "filter", num_args = 2, value_names = ["FIELD", "VALUE"])]
    filter: Vec<String>,
    /// Show beside each entry of the first FIELD the values of the second.
    #[arg(short = 'r', long = "related", num_args = 2, value_names = ["FIELD", "WITH"])]
    related: Vec<String>,
    /// Name of the report.
    #[arg(short = 'n', long, value_name = "NAME")]
    title: Option<String>,
    /// Show the alerts, too.
    #[arg(short = 's', long)]
    show_alerts: bool,
    /// Only alerts from this time on: 2h, yesterday, 2026-11-21 or
    /// "2026-11-21 10:00".
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only alerts before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Print one JSON object.
    #[arg(long, group = "layout")]
    json: bool,
    /// Print rows for a spreadsheet.
    #[arg(long, group = "layout")]
    csv: bool,
    /// Print a page with charts, whole in one file.
    #[arg(long, group = "layout")]
    html: bool,
    /// Show which reports the configuration names.
    #[arg(long, conflicts_with_all = ["files", "filter", "related", "csv", "html"])]
    list: bool,
    /// Configuration (ossec.conf), for --list. Default: etc/ossec.conf in the
    /// home folder.
    #[arg(short = 'c', long, value_name = "CONF", requires = "list")]
    config: Option<PathBuf>,
    /// Folder in which `bartizan run` keeps its alerts; they are counted even
    /// if there is a pipe.
    #[arg(short = 'D', long, value_name = "DIR")]
    home: Option<PathBuf>,
}

/// What is done with reports of the configuration.
#[derive(Subcommand, Debug)]
enum ReportCommand {
    /// Make a report that the configuration names, of its last full period.
    Run(RunArguments),
}

/// Make a report that the configuration names.
#[derive(Args, Debug)]
struct RunArguments {
    /// The title of it.
    title: String,
    /// Send it to its recipients; else it is printed.
    #[arg(long)]
    send: bool,
    /// Of the period that is not over yet.
    #[arg(long)]
    current: bool,
    /// Configuration (ossec.conf). Default: etc/ossec.conf in the home folder.
    #[arg(short = 'c', long, value_name = "CONF")]
    config: Option<PathBuf>,
    /// Folder in which `bartizan run` keeps its alerts.
    #[arg(short = 'D', long, value_name = "DIR")]
    home: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &ReportArguments) -> Result<ExitCode, CommandError> {
    if let Some(ReportCommand::Run(arguments)) = &arguments.command {
        return configured::run(arguments, &home_folder(arguments.home.as_deref())?);
    }
    if arguments.list {
        let home = home_folder(arguments.home.as_deref())?;
        return configured::list(arguments.config.as_deref(), &home, arguments.json);
    }
    let summary = input::summary(arguments, arguments.query()?)?;
    if summary.selected == 0 && !arguments.has_layout() {
        news::tell(format_args!("no alert to report: {} looked at", summary.processed));
        return Ok(ExitCode::SUCCESS);
    }
    print(&arguments.written(&summary)).map(|()| ExitCode::SUCCESS)
}

impl ReportArguments {
    fn query(&self) -> Result<Query, CommandError> {
        let at = |text: &Option<String>| text.as_deref().map(|text| moment(text, now())).transpose();
        Ok(Query {
            since: at(&self.since)?,
            until: at(&self.until)?,
            title: self.title.clone(),
            conditions: pairs(&self.filter, condition)?,
            relations: pairs(&self.related, |of, to| Ok(Relation { of: subject(of)?, to: subject(to)? }))?,
            show_logs: self.show_alerts,
        })
    }

    fn has_layout(&self) -> bool {
        self.json || self.csv || self.html
    }

    fn written(&self, summary: &Summary) -> String {
        match self {
            Self { json: true, .. } => format!("{}\n", json::value(summary)),
            Self { csv: true, .. } => csv::write(summary),
            Self { html: true, .. } => html::write(summary),
            _ => text::write(summary),
        }
    }
}

/// What the two words of an option say, each time that it is given.
fn pairs<T>(
    words: &[String],
    read: impl Fn(&str, &str) -> Result<T, CommandError>,
) -> Result<Vec<T>, CommandError> {
    words.chunks_exact(2).map(|pair| read(&pair[0], &pair[1])).collect()
}

fn subject(name: &str) -> Result<Subject, CommandError> {
    let fields = || Subject::ALL.map(Subject::name).join(", ");
    Subject::named(name)
        .ok_or_else(|| CommandError::Usage(format!("there is no field {name}; fields are {}", fields())))
}

fn condition(field: &str, value: &str) -> Result<Condition, CommandError> {
    let subject = subject(field)?;
    Condition::parse(subject, value)
        .map_err(|wrong| CommandError::Usage(format!("-f {field} {value}: {wrong}")))
}
