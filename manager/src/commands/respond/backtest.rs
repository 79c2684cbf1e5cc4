//! `bartizan respond backtest`: what responses would have done to old logs.

use crate::commands::analyze::StoredFeed;
use crate::commands::table::{table, time};
use crate::commands::{CommandError, RulesArguments, local_host, now, print, worker_count};
use crate::config::responses::Lasting;
use crate::database::DatabaseError;
use crate::engine::memory::MemoryOptions;
use crate::engine::pipeline;
use crate::engine::session::EngineOptions;
use crate::news;
use crate::plural::counted;
use crate::respond::backtest::{self, Backtest, Findings, Ordinary};
use crate::respond::history::{Entry, LIMIT_MAX, State};
use bartizan_core::rules::judge::Manner;
use clap::Args;
use jiff::civil;
use jiff::tz::TimeZone;
use serde_json::json;
use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show what would have been done to old logs, and whom that would have hit.
///
/// The responses are those of the configuration; without any, `block` for ten
/// minutes at level 10 and above and for failures of authentication. Nothing
/// is carried out. Addresses that would have been blocked and also had
/// ordinary traffic (log-ins, pages given out, mail taken) are listed at the
/// end: look at them before you switch responses on.
#[derive(Args, Debug)]
pub struct BacktestArguments {
    /// Log files, plain or .gz; - for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    rules: RulesArguments,
    /// Only what happened since: 2026-01-31, 2026-01-31T12:00, or 7d, 2h for
    /// so long ago.
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<i64>,
    /// One JSON object a line; `what` is block, refused or ordinary. Times are
    /// seconds since 1970.
    #[arg(long)]
    json: bool,
    /// Threads that decode and match. The result does not depend on it.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
}

/// Runs the command.
pub fn run(arguments: &BacktestArguments) -> Result<ExitCode, CommandError> {
    let loaded = arguments.rules.load()?;
    let mut feed = StoredFeed::open(&arguments.files)?;
    let responses = backtest::responses(&loaded.config);
    let since = arguments.since.unwrap_or(i64::MIN);
    let image = loaded.ruleset.image();
    let mut sink = Backtest::new(&loaded.config, &responses, &image, since).map_err(failed)?;
    let options = EngineOptions { manner: Manner::Daemon, memory: MemoryOptions::default() };
    let workers = worker_count(arguments.workers);
    pipeline::run(&loaded.ruleset, &options, workers, local_host().as_bytes(), &mut feed, &mut sink)
        .map_err(CommandError::io("the test ended early"))?;
    for problem in feed.problems() {
        news::tell(problem);
    }
    let events = sink.events;
    let findings = sink.finish().map_err(failed)?;
    match arguments.json {
        true => print(&as_json(&findings))?,
        false => {
            for response in &responses.list {
                print(&format!("{response}\n"))?;
            }
            print(&as_text(&findings, events))?;
        }
    }
    Ok(ExitCode::from(if feed.problems().is_empty() { 0 } else { 3 }))
}

fn failed(error: DatabaseError) -> CommandError {
    CommandError::io("the test ended early")(io::Error::other(error))
}

/// Seconds since 1970 of a date, a date with a time, or so long ago.
fn since(text: &str) -> Result<i64, String> {
    let of = |at: civil::DateTime| at.to_zoned(TimeZone::system()).ok().map(|at| at.timestamp().as_second());
    let date = || text.parse::<civil::DateTime>().ok().and_then(of);
    let ago = || super::seconds(text).ok().map(|seconds| now() - i64::from(seconds));
    ago().or_else(date).ok_or_else(|| {
        format!("`{text}` is no time: write 2026-01-31, 2026-01-31T12:00, or 7d for seven days ago")
    })
}

fn is_refused(entry: &&Entry) -> bool {
    entry.state == State::Refused
}

fn as_json(findings: &Findings) -> String {
    let entry = |entry: &Entry| {
        json!({
            "what": if is_refused(&entry) { "refused" } else { "block" },
            "time": entry.time,
            "response": entry.response,
            "target": entry.target(),
            "for_s": entry.for_s,
            "ends_at": entry.ends_at,
            "offence": entry.offence,
            "rule": entry.rule,
            "level": entry.level,
            "location": entry.location,
            "why": entry.why,
            "log": entry.excerpt,
        })
    };
    let hit = |(address, ordinary): &(IpAddr, Ordinary)| {
        json!({
            "what": "ordinary",
            "ip": address.to_string(),
            "before": ordinary.before,
            "while_blocked": ordinary.during,
            "example": ordinary.example,
        })
    };
    let lines = findings.entries.iter().map(entry).chain(findings.hit.iter().map(hit));
    lines.map(|line| format!("{line}\n")).collect()
}

fn as_text(findings: &Findings, events: u64) -> String {
    let events = counted(events, "event", "events");
    let (refused, done): (Vec<_>, Vec<_>) = findings.entries.iter().partition(is_refused);
    if findings.entries.is_empty() {
        return format!("{events}: nothing would have been done\n");
    }
    let row = |entry: &&Entry| {
        [
            time(entry.time),
            Lasting(entry.for_s).to_string(),
            entry.response.clone(),
            entry.target(),
            format!("{} (level {})", entry.rule, entry.level),
        ]
    };
    let rows: Vec<_> = done.iter().map(row).collect();
    let mut text = format!("\n{}", table(["TIME", "HOW LONG", "RESPONSE", "TARGET", "RULE"], &rows));
    let targets: std::collections::BTreeSet<_> = done.iter().map(|entry| entry.target()).collect();
    let _ = writeln!(
        text,
        "\n{events}: {} to {}, {} refused",
        counted(done.len(), "response", "responses"),
        counted(targets.len(), "target", "targets"),
        refused.len()
    );
    for entry in refused.iter().take(20) {
        let _ = writeln!(text, "  refused: {} {}: {}", entry.response, entry.target(), entry.why);
    }
    if findings.entries.len() >= LIMIT_MAX as usize {
        let _ = writeln!(text, "only the last {LIMIT_MAX} are listed");
    }
    text + &hit(&findings.hit)
}

fn hit(hit: &[(IpAddr, Ordinary)]) -> String {
    if hit.is_empty() {
        return "none of them had ordinary traffic\n".to_owned();
    }
    let row = |(address, ordinary): &(IpAddr, Ordinary)| {
        let Ordinary { before, during, example } = ordinary;
        [address.to_string(), before.to_string(), during.to_string(), example.chars().take(100).collect()]
    };
    let rows: Vec<_> = hit.iter().map(row).collect();
    let table = table(["ADDRESS", "BEFORE", "WHILE BLOCKED", "EXAMPLE"], &rows);
    format!("\n{} of them also had ordinary traffic:\n{table}", hit.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_or_so_long_ago() {
        assert!(since("2026-01-31").is_ok() && since("2026-01-31T12:00").is_ok());
        assert!((now() - since("7d").expect("a time") - 7 * 86_400).abs() < 5);
        for wrong in ["", "yesterday", "-1d", "31.1.2026", "2026-02-31"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
