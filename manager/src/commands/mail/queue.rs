//! `bartizan mail queue`: what waits, and for what.

use crate::commands::table::{table, time};
use crate::commands::{CommandError, home_folder, say};
use crate::database::DatabaseError;
use crate::diagnose::harmless_text;
use crate::outbox::Queue;
use crate::outbox::queue::{Refused, Standing};
use clap::Args;
use serde_json::{Value, json};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// What destinations that are mailed are called in `outbox.db`.
const KIND: &str = "mail";

#[derive(Args, Debug)]
pub(super) struct QueueArguments {
    /// Folder for logs and memory, as `bartizan run` has it.
    #[arg(short = 'D', long = "home", value_name = "DIR")]
    home: Option<PathBuf>,
    /// One JSON object a line. Times are seconds since 1970.
    #[arg(long)]
    json: bool,
}

impl QueueArguments {
    pub(super) fn run(&self) -> Result<ExitCode, CommandError> {
        let home = home_folder(self.home.as_deref())?;
        // Opening it would make it.
        if !home.join("outbox.db").is_file() {
            return Err(CommandError::Nothing(format!("nothing was ever mailed from {}", home.display())));
        }
        let failed =
            |error: DatabaseError| CommandError::io("cannot read the queue")(io::Error::other(error));
        let queue = Queue::open(&home).map_err(failed)?;
        let mut standings = queue.standings().map_err(failed)?;
        standings.retain(|standing| standing.kind == KIND);
        let mut refused = queue.refused(None).map_err(failed)?;
        refused.retain(|one| standings.iter().any(|standing| standing.name == one.destination));
        say(&if self.json { as_json(&standings, &refused) } else { as_text(&standings, &refused) })
    }
}

fn as_text(standings: &[Standing], refused: &[Refused]) -> String {
    if standings.is_empty() {
        return "nobody is mailed\n".to_owned();
    }
    let at = |seconds: Option<i64>| seconds.map_or("-".to_owned(), time);
    let row = |standing: &Standing| {
        // What went wrong counts until something went well.
        let error = if standing.failures > 0 { harmless_text(&standing.error) } else { "-".to_owned() };
        [
            harmless_text(&standing.name),
            standing.waiting.to_string(),
            standing.held.to_string(),
            standing.delivered.to_string(),
            at(standing.delivered_at),
            at(standing.next_attempt.filter(|_| standing.waiting > 0)),
            error,
        ]
    };
    let header = ["ADDRESS", "WAITING", "HELD BACK", "SENT", "LAST SENT", "NEXT ATTEMPT", "TROUBLE"];
    let mut out = table(header, &standings.iter().map(row).collect::<Vec<_>>());
    if !refused.is_empty() {
        let row = |one: &Refused| {
            [
                time(one.refused),
                harmless_text(&one.destination),
                harmless_text(&one.about),
                harmless_text(&one.reason),
            ]
        };
        out += "\n";
        out += &table(["REFUSED", "ADDRESS", "ABOUT", "WHY"], &refused.iter().map(row).collect::<Vec<_>>());
    }
    out
}

fn as_json(standings: &[Standing], refused: &[Refused]) -> String {
    let standing = |standing: &Standing| {
        json!({
            "address": standing.name,
            "waiting": standing.waiting,
            "held_back": standing.held,
            "sent": standing.delivered,
            "last_sent": standing.delivered_at,
            "next_attempt": standing.next_attempt,
            "failures": standing.failures,
            "trouble": standing.error,
        })
    };
    let one = |one: &Refused| {
        json!({
            "refused": one.refused,
            "address": one.destination,
            "id": one.id,
            "about": one.about,
            "why": one.reason,
        })
    };
    let lines = standings.iter().map(standing).chain(refused.iter().map(one));
    lines.map(|line: Value| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> Standing {
        Standing {
            name: "root@example.com".to_owned(),
            kind: KIND.to_owned(),
            waiting: 3,
            failures: 2,
            error: "mail: 451 \x1b[2Jlater".to_owned(),
            ..Standing::default()
        }
    }

    #[test]
    fn what_waits_and_why_is_listed_and_harmless() {
        let text = as_text(&[standing()], &[]);
        assert!(text.lines().count() == 2 && text.contains("root@example.com  3"), "{text}");
        assert!(text.contains("451 \u{fffd}[2Jlater"), "{text}");
        let well = Standing { failures: 0, ..standing() };
        assert!(!as_text(&[well], &[]).contains("451"), "what is over is not shown");
    }

    #[test]
    fn programs_get_one_object_a_line() {
        let refused = Refused {
            id: "1-1".to_owned(),
            destination: "root@example.com".to_owned(),
            about: "1 alert".to_owned(),
            made: 1,
            refused: 2,
            reason: "550 no".to_owned(),
        };
        let lines = as_json(&[standing()], &[refused]);
        let values: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!((values[0]["waiting"].as_u64(), values[1]["why"].as_str()), (Some(3), Some("550 no")));
    }
}
