//! `bartizan analyze`: old logs in, alerts out.
//!
//! Events are judged by their own time, so that "six failures in two minutes"
//! means what it meant then. Several files are merged in the order of time.

use super::{CommandError, PlacesArguments, RulesArguments, local_host, now, worker_count};
use crate::engine::memory::MemoryOptions;
use crate::engine::pipeline::{self, Batch, Feed};
use crate::engine::session::EngineOptions;
use crate::news;
use crate::outputs::clock::LocalClock;
use crate::outputs::writer::{AlertWriter, Counts, Outputs, Print};
use crate::plural::{counted, plural};
use crate::sources::stored::{Progress, StoredLogs};
use bartizan_core::limits::DYNAMIC_MAX;
use bartizan_core::rules::judge::Manner;
use clap::{Args, ValueEnum};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Find alerts in old logs.
#[derive(Args, Debug)]
pub struct AnalyzeArguments {
    /// Log files, plain or .gz; - for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    rules: RulesArguments,
    #[command(flatten)]
    places: PlacesArguments,
    /// One JSON object an alert, as in alerts.json.
    #[arg(long)]
    json: bool,
    /// Which time counts: that of the event, or that of the clock on the wall
    /// (as a running system judges).
    #[arg(long, value_enum, default_value_t = Time::Event)]
    time: Time,
    /// Write alerts.log, alerts.json, archives and firewall.log below DIR
    /// in place of printing alerts.
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// The location that events are said to come from. Default: the file.
    #[arg(long, value_name = "NAME")]
    location: Option<String>,
    /// Threads that decode and match. The result does not depend on it.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// No summary at the end, no progress.
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Time {
    Event,
    Now,
}

/// Runs the command.
pub fn run(arguments: &AnalyzeArguments) -> Result<ExitCode, CommandError> {
    let mut loaded = arguments.rules.load()?;
    arguments.places.put(&mut loaded)?;
    let mut feed = StoredFeed::open(&arguments.files)?;
    feed.time = arguments.time;
    feed.location = arguments.location.as_deref().map(|name| Arc::from(name.as_bytes()));
    feed.meter = feed.meter.filter(|_| !arguments.quiet);
    let print = match (&arguments.write, arguments.json) {
        (Some(_), _) => None,
        (None, true) => Some(Print::Json),
        (None, false) => Some(Print::Text),
    };
    let mut sink = AlertWriter::new(io::stdout().lock(), print);
    if let Some(folder) = &arguments.write {
        sink = sink.with_files(folder, Outputs::everything());
    }
    let started = Instant::now();
    let options = EngineOptions { manner: Manner::Daemon, memory: MemoryOptions::default() };
    let workers = worker_count(arguments.workers);
    pipeline::run(&loaded.ruleset, &options, workers, local_host().as_bytes(), &mut feed, &mut sink)
        .and_then(|()| sink.flush())
        .map_err(CommandError::io("the analysis ended early"))?;
    for problem in &feed.problems {
        news::tell(problem);
    }
    if !arguments.quiet {
        summarize(&sink.counts, loaded.ruleset.tables.given_up(), started.elapsed())
            .map_err(CommandError::output)?;
    }
    Ok(ExitCode::from(if feed.problems.is_empty() { 0 } else { 3 }))
}

/// Events of stored logs.
pub(super) struct StoredFeed {
    logs: StoredLogs,
    time: Time,
    location: Option<Arc<[u8]>>,
    last: Arc<[u8]>,
    clock: LocalClock,
    meter: Option<Meter>,
    lines: u64,
    problems: Vec<String>,
}

impl StoredFeed {
    /// The events of these files by their own time, with progress on a
    /// terminal.
    pub(super) fn open(files: &[PathBuf]) -> Result<Self, CommandError> {
        let logs = StoredLogs::open(files).map_err(|error| CommandError::Nothing(error.to_string()))?;
        Ok(Self {
            logs,
            time: Time::Event,
            location: None,
            last: Arc::from(&b""[..]),
            clock: LocalClock::default(),
            meter: io::stderr().is_terminal().then(Meter::new),
            lines: 0,
            problems: Vec::new(),
        })
    }

    /// What could not be read.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl Feed for StoredFeed {
    fn fill(&mut self, batch: &mut Batch) -> io::Result<bool> {
        while !batch.is_full() {
            let line = match self.logs.next_line() {
                None => {
                    self.meter.iter_mut().for_each(Meter::clear);
                    return Ok(false);
                }
                Some(Ok(line)) => line,
                Some(Err(error)) => {
                    self.problems.push(error.to_string());
                    continue;
                }
            };
            self.lines += 1;
            if line.bytes.is_empty() {
                continue;
            }
            let epoch = if self.time == Time::Now { now() } else { line.time };
            if self.location.is_none() && *self.last != *line.location.as_bytes() {
                self.last = Arc::from(line.location.as_bytes());
            }
            let location = self.location.as_ref().unwrap_or(&self.last);
            batch.push(line.bytes, location, self.clock.moment(epoch));
        }
        if let Some(meter) = &mut self.meter {
            meter.show(self.lines, self.logs.progress());
        }
        Ok(true)
    }
}

/// The line of progress on a terminal.
struct Meter {
    started: Instant,
    shown: Instant,
}

impl Meter {
    fn new() -> Self {
        Self { started: Instant::now(), shown: Instant::now() }
    }

    /// Shows lines, rate and time left, five times a second at most.
    fn show(&mut self, lines: u64, progress: Progress) {
        if self.shown.elapsed() < Duration::from_millis(200) {
            return;
        }
        self.shown = Instant::now();
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = lines as f64 / seconds;
        let left = progress.total.filter(|_| progress.read > 0).map_or_else(String::new, |total| {
            let part = progress.read as f64 / total.max(1) as f64;
            format!(", {:.0} %, {:.0} s left", part * 100.0, seconds * (1.0 - part).max(0.0) / part)
        });
        news::show(&format!("\r\x1b[K{lines} lines, {rate:.0} a second{left}"));
    }

    fn clear(&mut self) {
        news::show("\r\x1b[K");
    }
}

/// Says on standard error what was found.
fn summarize(counts: &Counts, given_up: u64, elapsed: Duration) -> io::Result<()> {
    let mut out = io::stderr().lock();
    let seconds = elapsed.as_secs_f64();
    let rate = counts.events as f64 / seconds.max(1e-9);
    writeln!(
        out,
        "{}, {} in {seconds:.2} s ({rate:.0} a second)",
        counted(counts.events, "event", "events"),
        counted(counts.alerts, "alert", "alerts")
    )?;
    if let Some((first, last)) = counts.span.filter(|_| counts.events > 0) {
        let mut clock = LocalClock::default();
        let mut text = |epoch| {
            let mut out = Vec::new();
            clock.local(epoch).write(&mut out);
            String::from_utf8_lossy(&out).into_owned()
        };
        writeln!(out, "from {} to {}", text(first), text(last))?;
    }
    let mut rules: Vec<_> = counts.rules.iter().collect();
    rules.sort_by_key(|(id, (level, count, _))| (std::cmp::Reverse((*level, *count)), **id));
    for (id, (level, count, description)) in rules.iter().take(10) {
        writeln!(out, "{count:>8} x level {level:>2}  {id:>6}  {description}")?;
    }
    if rules.len() > 10 {
        writeln!(out, "         and {}", counted(rules.len() - 10, "more rule", "more rules"))?;
    }
    out.write_all(left_out(given_up, counts.fields_left_out).as_bytes())
}

/// A line each for searches that were given up and fields that were left out,
/// if there are any.
pub(super) fn left_out(searches: u64, fields: u64) -> String {
    let mut text = String::new();
    if searches > 0 {
        let took = plural(searches, "took too long and counts", "took too long and count");
        text += &format!("{} {took} as no match\n", counted(searches, "search", "searches"));
    }
    if fields > 0 {
        let fields = counted(fields, "field is", "fields are");
        text += &format!("{fields} left out: an event has {DYNAMIC_MAX} at most\n");
    }
    text
}
