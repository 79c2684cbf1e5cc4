//! `bartizan integrations replay`: alerts of the past, once more.

use super::{IntegrationsCommand, queue, unreadable, unreadable_store};
use crate::commands::moment::moment;
use crate::commands::table::time;
use crate::commands::{CommandError, now, print, say};
use crate::outbox::Configured;
use crate::outbox::queue::Replay;
use crate::outbox::select::Sieve;
use crate::plural::{counted, plural};
use crate::store::{Filter, Reader};
use clap::Args;
use serde_json::json;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

/// Alerts that are read at once.
const BATCH: usize = 1000;

#[derive(Args, Debug)]
pub(super) struct ReplayArguments {
    /// The destination, as `list` names it.
    #[arg(value_name = "NAME")]
    name: String,
    /// From when: 2h (ago), 3d, today, 10:00, 2026-11-21 or `2026-11-21 10:00`.
    #[arg(long, value_name = "TIME")]
    since: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Only say what would be sent.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// What would be sent.
#[derive(Debug, Default)]
struct Extent {
    alerts: usize,
    /// Seconds since 1970 of the first and the last alert.
    span: Option<(i64, i64)>,
    /// Numbers of the first and the last one that are looked at.
    first: u64,
    until: u64,
}

pub(super) fn run(
    command: &IntegrationsCommand,
    arguments: &ReplayArguments,
) -> Result<ExitCode, CommandError> {
    let since = moment(&arguments.since, now())?;
    let (home, configured) = command.destination(&arguments.name)?;
    let mut queue = queue(&home)?;
    let standings = queue.standings().map_err(unreadable)?;
    let Some(standing) = standings.into_iter().find(|one| one.name == configured.name) else {
        let message = format!("{} was never served: start `bartizan run` first", configured.name);
        return Err(CommandError::Nothing(message));
    };
    let extent = extent(&home, &configured, since, standing.cursor)?;
    let Some((first, last)) = extent.span else {
        let message = format!("{} was offered nothing since {} that it wants", configured.name, time(since));
        return Err(CommandError::Nothing(message));
    };
    let parcels = extent.alerts.div_ceil(configured.destination.parcel_max().max(1));
    let what = format!(
        "{} from {} to {} {} to {} once more, in {parcels} or more parcels\n",
        counted(extent.alerts, "alert", "alerts"),
        time(first),
        time(last),
        plural(extent.alerts, "goes", "go"),
        configured.name
    );
    let is_wanted = !arguments.dry_run && (arguments.yes || confirmed(&what, arguments.json)?);
    if is_wanted {
        let replay = Replay { cursor: extent.first.saturating_sub(1), until: extent.until };
        queue.ask_replay(&configured.name, &replay).map_err(unreadable)?;
    }
    if arguments.json {
        let object = json!({
            "name": configured.name,
            "alerts": extent.alerts,
            "first": first,
            "last": last,
            "parcels": parcels,
            "asked": is_wanted,
        });
        return say(&format!("{object}\n"));
    }
    match is_wanted {
        true => say(&what),
        false if arguments.dry_run => say(&format!("it would be: {what}")),
        false => say("nothing is sent\n"),
    }
}

/// Looks at what the destination was offered since a time.
fn extent(home: &Path, configured: &Configured, since: i64, until: u64) -> Result<Extent, CommandError> {
    let mut reader = Reader::open(home).map_err(unreadable_store)?;
    let from = Filter { since: Some(since), ..Filter::default() };
    let first = reader.after(0, &from, 1).map_err(unreadable_store)?;
    let mut extent = Extent { until, ..Extent::default() };
    let Some(first) = first.first().filter(|first| first.seq <= until) else {
        return Ok(extent);
    };
    extent.first = first.seq;
    let mut sieve = Sieve::new(&configured.wants);
    let mut cursor = first.seq.saturating_sub(1);
    while cursor < until {
        let entries = reader.after(cursor, &Filter::default(), BATCH).map_err(unreadable_store)?;
        for offer in entries.iter().filter(|entry| entry.seq <= until).filter_map(|entry| sieve.offer(entry))
        {
            let (first, last) = extent.span.unwrap_or((offer.epoch, offer.epoch));
            extent.span = Some((first.min(offer.epoch), last.max(offer.epoch)));
            extent.alerts += 1;
        }
        cursor = entries.last().map_or(until, |last| last.seq);
    }
    Ok(extent)
}

/// Asks on a terminal; elsewhere only `--yes` counts.
fn confirmed(what: &str, json: bool) -> Result<bool, CommandError> {
    if json || !io::stdin().is_terminal() {
        return Err(CommandError::Usage(format!("{}: say --yes for that, or --dry-run", what.trim_end())));
    }
    print(&format!("{}. Really? [y/N] ", what.trim_end()))?;
    io::Write::flush(&mut io::stdout()).map_err(CommandError::output)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(CommandError::io("cannot read the answer"))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
