//! Destinations, for people and for programs.

use crate::commands::table::{table, time};
use crate::diagnose::harmless_text;
use crate::outbox::queue::Standing;
use crate::plural::counted;
use serde_json::{Value, json};

/// All destinations, a line each.
pub(super) fn list(standings: &[Standing], committed: u64, json: bool) -> String {
    if json {
        return standings.iter().map(|one| format!("{}\n", object(one, committed))).collect();
    }
    if standings.is_empty() {
        return "nobody is told of alerts\n".to_owned();
    }
    let row = |one: &Standing| {
        let error = if one.error.is_empty() {
            "-".to_owned()
        } else {
            format!("{} {}", time(one.error_at), harmless_text(&one.error))
        };
        [
            harmless_text(&one.name),
            one.kind.clone(),
            state(one),
            one.lag(committed).to_string(),
            one.waiting.to_string(),
            one.held.to_string(),
            one.refused.to_string(),
            one.delivered.to_string(),
            one.delivered_at.map_or("-".to_owned(), time),
            error,
        ]
    };
    let header =
        ["NAME", "KIND", "STATE", "LAG", "WAITING", "HELD", "REFUSED", "SENT", "LAST SENT", "LAST TROUBLE"];
    table(header, &standings.iter().map(row).collect::<Vec<_>>())
}

/// How a destination stands, in words.
fn state(one: &Standing) -> String {
    let next = one.next_attempt.map_or(String::new(), |at| format!(", next attempt {}", time(at)));
    match (one.removed, one.broken_since, one.replay) {
        (Some(at), ..) => format!("not configured since {}", time(at)),
        (_, Some(since), _) => format!("out of order since {}{next}", time(since)),
        _ if one.failures > 0 => format!("{} failed{next}", counted(one.failures, "attempt", "attempts")),
        (.., Some((cursor, until))) => {
            let alerts = counted(until.saturating_sub(cursor), "alert", "alerts");
            format!("replays, {alerts} to look at")
        }
        _ => "good".to_owned(),
    }
}

fn object(one: &Standing, committed: u64) -> Value {
    json!({
        "name": one.name,
        "kind": one.kind,
        "state": one.word(),
        "cursor": one.cursor,
        "lag": one.lag(committed),
        "waiting": one.waiting,
        "held_back": one.held,
        "refused": one.refused,
        "sent": one.delivered,
        "last_sent": one.delivered_at,
        "failures": one.failures,
        "error": one.error,
        "error_at": (!one.error.is_empty()).then_some(one.error_at),
        "broken_since": one.broken_since,
        "next_attempt": one.next_attempt,
        "replay_left": one.replay.map(|(cursor, until)| until.saturating_sub(cursor)),
        "removed": one.removed,
    })
}

/// What became of a test.
pub(super) fn tested(name: &str, why: Option<&str>, json: bool) -> String {
    if json {
        return format!("{}\n", json!({ "name": name, "taken": why.is_none(), "error": why }));
    }
    match why {
        None => format!("{} has taken the test\n", harmless_text(name)),
        Some(why) => format!("{} has not taken the test: {}\n", harmless_text(name), harmless_text(why)),
    }
}
