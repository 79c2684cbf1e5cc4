//! `bartizan graph`: who did what to whom, as a picture.

use super::filter::FilterArguments;
use super::table::time;
use super::{CommandError, alert_files, home_folder, now};
use crate::diagnose::{Colour, Diagnostics, Sources};
use crate::graph::properties::Properties;
use crate::graph::svg::{Light, Look};
use crate::graph::{Colouring, Gatherer, Limits, Triples, csv, dot, fold, gexf, json, names, png, svg};
use crate::news;
use crate::store::{Filter, Reader};
use clap::{Args, ValueEnum};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How long names of addresses are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Draw who did what to whom: sources, events, targets.
///
/// Takes the alerts of `bartizan run` in the home folder; with FILE, or when
/// alerts come through a pipe, those. The picture is SVG unless --format or
/// the name of the output says otherwise.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct GraphArguments {
    /// alerts.log or alerts.json, packed with gzip or not; - for standard
    /// input.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    filter: FilterArguments,
    /// The last so many seconds, minutes, hours, days or weeks: "1 hour".
    #[arg(long, value_name = "SPAN", conflicts_with = "since")]
    time_interval: Option<String>,
    /// Not alerts of these rules: 3302,3303.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    exclude_alerts: Vec<u32>,
    /// Put names beside the addresses of sources, as far as a name server
    /// gives them within 5 s.
    #[arg(long)]
    do_reverse: bool,
    /// In CSV a line for each alert, and not only for those that differ.
    #[arg(long)]
    show_duplicate: bool,
    /// Sources and targets alone.
    #[arg(short = '2', long)]
    two_nodes: bool,
    /// At most so many boxes of each kind; the rest is one box with a number.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Only what has so many alerts; the rest is in the box of others.
    #[arg(long, value_name = "N", default_value_t = 1)]
    threshold: u64,
    /// Colours, labels and thresholds, as AfterGlow has them.
    #[arg(long, value_name = "FILE")]
    properties: Option<PathBuf>,
    /// What colours say.
    #[arg(long, value_name = "WHAT", default_value = "level")]
    colour: ColourBy,
    /// For a light or a dark page; without it an SVG follows its reader.
    #[arg(long, value_name = "LIGHT")]
    light: Option<LightOf>,
    /// What stands above the picture.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// How the graph is written.
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Where to; its ending may say the format. Default: standard output.
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Folder in which `bartizan run` keeps its alerts.
    #[arg(short = 'D', long, value_name = "DIR")]
    home: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  bartizan graph -o today.svg --since today
  bartizan graph --time-interval \"1 hour\" --exclude-alerts 5501,5502 -o hour.png
  bartizan logtest -a < /var/log/auth.log | bartizan graph -o auth.svg
  bartizan graph --format dot | circo -Tsvg > circles.svg";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ColourBy {
    Level,
    Group,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LightOf {
    Light,
    Dark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Svg,
    Png,
    Dot,
    Csv,
    Json,
    Gexf,
}

/// Runs the command.
pub fn run(arguments: &GraphArguments) -> Result<ExitCode, CommandError> {
    let format = arguments.format()?;
    let properties = arguments.properties.as_deref().map(read_properties).transpose()?.unwrap_or_default();
    let (mut triples, title) = arguments.gather()?;
    if arguments.do_reverse {
        names::resolve(&mut triples, PATIENCE);
    }
    let bytes = arguments.written(&triples, &title, format, &properties)?;
    match &arguments.output {
        Some(path) => {
            fs::write(path, bytes).map_err(CommandError::io(format!("cannot write {}", path.display())))?
        }
        None if format == Format::Png && io::stdout().is_terminal() => {
            return Err(CommandError::Usage("a PNG is no text: name a file with -o".to_owned()));
        }
        None => io::stdout().write_all(&bytes).map_err(CommandError::output)?,
    }
    Ok(ExitCode::SUCCESS)
}

impl GraphArguments {
    fn format(&self) -> Result<Format, CommandError> {
        let ending = self.output.as_deref().and_then(Path::extension).and_then(OsStr::to_str);
        match (self.format, ending) {
            (Some(format), _) => Ok(format),
            (None, None) => Ok(Format::Svg),
            (None, Some(ending)) => match ending {
                "gv" => Ok(Format::Dot),
                ending => Format::from_str(ending, true).map_err(|_| {
                    CommandError::Usage(format!("`.{ending}` is no format: give one with --format"))
                }),
            },
        }
    }

    /// Counts the alerts that are asked for, and says what they are.
    fn gather(&self) -> Result<(Triples, String), CommandError> {
        let mut filter = self.filter.filter()?;
        if let Some(span) = &self.time_interval {
            filter.since = Some(now() - seconds(span)?);
        }
        let mut gatherer = Gatherer::default();
        let wanted = |rule: Option<u32>| rule.is_none_or(|rule| !self.exclude_alerts.contains(&rule));
        let from_store = self.files.is_empty() && (self.home.is_some() || !alert_files::is_fed());
        if from_store {
            let home = home_folder(self.home.as_deref())?;
            Reader::open(&home)?.each(&filter, |_, alert| {
                if wanted(alert.rule.map(|rule| rule.id)) {
                    gatherer.add(alert);
                }
            })?;
        } else {
            alert_files::each(&self.files, |alert| {
                if wanted(alert.rule.map(|rule| rule.id)) && filter.matches(alert) {
                    gatherer.add(alert);
                }
            })?;
        }
        let triples = gatherer.finish();
        if triples.alerts == 0 {
            return Err(CommandError::Nothing("no alert is like that: there is nothing to draw".to_owned()));
        }
        let title = self.title.clone().unwrap_or_else(|| title(&filter));
        Ok((triples, title))
    }

    fn written(
        &self,
        triples: &Triples,
        title: &str,
        format: Format,
        properties: &Properties,
    ) -> Result<Vec<u8>, CommandError> {
        if format == Format::Csv {
            return Ok(csv::write(triples, self.two_nodes, self.show_duplicate).into_bytes());
        }
        let limits = Limits { top: self.top, threshold: self.threshold, two_nodes: self.two_nodes };
        let graph = fold(triples, title, &limits, properties);
        let colouring = match self.colour {
            ColourBy::Level => Colouring::Level,
            ColourBy::Group => Colouring::Group,
        };
        let light = match self.light {
            Some(LightOf::Dark) => Light::Dark,
            Some(LightOf::Light) => Light::Light,
            None if format == Format::Png => Light::Light,
            None => Light::Either,
        };
        let picture = || svg::write(&graph, Look { colouring, light });
        Ok(match format {
            Format::Svg => picture().into_bytes(),
            Format::Png => png::draw(&picture()).ok_or_else(|| {
                CommandError::Refused(
                    "the picture is too large to be drawn: ask for a smaller --top".to_owned(),
                )
            })?,
            Format::Dot => dot::write(&graph, colouring).into_bytes(),
            Format::Gexf => gexf::write(&graph, colouring).into_bytes(),
            Format::Json => format!("{}\n", json::value(&graph)).into_bytes(),
            Format::Csv => Vec::new(),
        })
    }
}

/// What stands above a picture of all that a filter lets through.
fn title(filter: &Filter) -> String {
    match (filter.since, filter.until) {
        (None, None) => "Who did what to whom".to_owned(),
        (Some(since), None) => format!("Who did what to whom, since {}", time(since)),
        (None, Some(until)) => format!("Who did what to whom, until {}", time(until)),
        (Some(since), Some(until)) => {
            format!("Who did what to whom, {} to {}", time(since), time(until))
        }
    }
}

/// `30 minute`, `1 hour`: a number and a unit, in the singular or plural.
fn seconds(span: &str) -> Result<i64, CommandError> {
    let wrong =
        || CommandError::Usage(format!("`{span}` is no span: write \"30 minute\", \"1 hour\", \"2 days\""));
    let (number, unit) = span.trim().split_once(' ').ok_or_else(wrong)?;
    let number: i64 =
        number.parse().ok().filter(|number| (1..=1_000_000).contains(number)).ok_or_else(wrong)?;
    let unit = match unit.trim().trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        "week" => 604_800,
        _ => return Err(wrong()),
    };
    Ok(number * unit)
}

fn read_properties(path: &Path) -> Result<Properties, CommandError> {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let file = sources
        .load(path)
        .map_err(|error| CommandError::Usage(format!("cannot read {}: {error}", path.display())))?;
    let properties = Properties::read(&sources, file, &mut report);
    if report.has_errors() {
        news::show(&report.render(&sources, Colour::for_stderr()));
        return Err(CommandError::Usage(format!("{} has errors", path.display())));
    }
    Ok(properties)
}
