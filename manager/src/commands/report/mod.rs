//! `bartizan report`: what happened in a time, in one text.

mod input;

use super::{CommandError, home_folder, print};
use crate::news;
use crate::report::{Condition, Query, Relation, Subject, Summary, csv, html, json, text};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Tell what happened in a time: how many alerts, and who and what they were about.
///
/// Counts the alerts of `bartizan run` in the home folder. With FILE, or when
/// alerts come through a pipe, it counts those:
///
///   bartizan logtest -a < /var/log/auth.log | bartizan report
///
/// FIELD is one of group, rule, level, location, user, srcip, filename.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct ReportArguments {
    /// alerts.log or alerts.json, packed with gzip or not; - for standard
    /// input.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only alerts whose FIELD has this VALUE in it; rules: a list of
    /// numbers, level: this one and higher. May be given again: all must hold.
    #[arg(short = 'f', long = "filter", num_args = 2, value_names = ["FIELD", "VALUE"])]
    filter: Vec<String>,
    /// Show beside each entry of the first FIELD the values of the second.
    #[arg(short = 'r', long = "related", num_args = 2, value_names = ["FIELD", "FIELD"])]
    related: Vec<String>,
    /// Name of the report.
    #[arg(short = 'n', long, value_name = "NAME")]
    title: Option<String>,
    /// Show the alerts, too.
    #[arg(short = 's', long)]
    show_alerts: bool,
    /// Print one JSON object.
    #[arg(long, group = "layout")]
    json: bool,
    /// Print rows for a spreadsheet.
    #[arg(long, group = "layout")]
    csv: bool,
    /// Print a page with charts, whole in itself.
    #[arg(long, group = "layout")]
    html: bool,
    /// Folder in which `bartizan run` keeps its alerts.
    #[arg(short = 'D', long, value_name = "DIR")]
    home: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &ReportArguments) -> Result<ExitCode, CommandError> {
    let summary = input::summary(arguments, arguments.query()?)?;
    if summary.selected == 0 && !arguments.has_layout() {
        news::tell(format_args!("no alert to report: {} looked at", summary.processed));
        return Ok(ExitCode::SUCCESS);
    }
    print(&arguments.written(&summary)).map(|()| ExitCode::SUCCESS)
}

impl ReportArguments {
    fn query(&self) -> Result<Query, CommandError> {
        let conditions = self.filter.chunks(2).map(|pair| match pair {
            [field, value] => condition(field, value),
            // Pairs are what clap gives.
            _ => Err(CommandError::Usage("-f takes a field and a value".to_owned())),
        });
        let relations = self.related.chunks(2).map(|pair| match pair {
            [of, to] => Ok(Relation { of: subject(of)?, to: subject(to)? }),
            _ => Err(CommandError::Usage("-r takes two fields".to_owned())),
        });
        Ok(Query {
            title: self.title.clone(),
            conditions: conditions.collect::<Result<_, _>>()?,
            relations: relations.collect::<Result<_, _>>()?,
            show_logs: self.show_alerts,
            ..Query::default()
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
