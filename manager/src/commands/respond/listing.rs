//! Responses, for people and for programs.

use crate::commands::table::{table, time};
use crate::diagnose::harmless_text;
use serde_json::Value;

/// One JSON object a line.
pub(super) fn json(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// What is in force or on its way, a line each.
pub(super) fn in_force(rows: &[Value], now: i64) -> String {
    let cells = rows.iter().map(|row| {
        let left = row["ends_at"].as_i64().map_or("until undone".to_owned(), |end| left(end - now));
        let state = match (row["undo_wanted"].as_bool(), row["confirm_by"].as_i64()) {
            (Some(true), _) => "being undone".to_owned(),
            (_, Some(by)) => format!("{}, confirm by {}", text(&row["state"]), time(by)),
            _ => text(&row["state"]),
        };
        [
            number(&row["id"]),
            text(&row["response"]),
            place(row),
            whom(row),
            state,
            since(row),
            left,
            rule(row),
        ]
    });
    let header = ["ID", "RESPONSE", "WHERE", "WHOM", "STATE", "SINCE", "LEFT", "RULE"];
    table(header, &cells.collect::<Vec<_>>())
}

/// What was done, a line each.
pub(super) fn history(rows: &[Value]) -> String {
    let cells = rows.iter().map(|row| {
        let at = row["time"].as_i64().map_or("-".to_owned(), time);
        [
            number(&row["id"]),
            at,
            text(&row["response"]),
            place(row),
            whom(row),
            text(&row["state"]),
            rule(row),
            why(row),
        ]
    });
    let header = ["ID", "TIME", "RESPONSE", "WHERE", "WHOM", "STATE", "RULE", "WHY"];
    table(header, &cells.collect::<Vec<_>>())
}

/// What became of a response that was asked for, a line for each place.
pub(super) fn sent(rows: &[Value]) -> String {
    let line = |row: &Value| {
        let (id, state, place) = (number(&row["id"]), text(&row["state"]), place(row));
        let why = match (row["state"].as_str(), why(row)) {
            (Some("decided" | "sent"), _) => {
                ", which has not answered yet: `bartizan respond history` will say what became of it"
                    .to_owned()
            }
            (Some("done" | "dry-run"), _) => String::new(),
            (_, why) => format!(": {why}"),
        };
        format!("response {id} is {state} on {place}{why}\n")
    };
    rows.iter().map(line).collect()
}

/// What is undone, and what will be.
pub(super) fn undone(answer: &Value) -> String {
    let undone = rows(&answer["sent"]);
    if undone.is_empty() {
        return "nothing is in force\n".to_owned();
    }
    let line = |row: &Value| {
        let when = match row["here"].as_bool() {
            Some(false) => "as soon as the agent is here",
            _ => "now",
        };
        format!("response {} on {} is undone {when}\n", number(&row["id"]), place(row))
    };
    undone.iter().map(line).collect()
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> String {
    value.as_u64().map_or("-".to_owned(), |number| number.to_string())
}

fn text(value: &Value) -> String {
    value.as_str().filter(|text| !text.is_empty()).map_or("-".to_owned(), harmless_text)
}

fn since(row: &Value) -> String {
    row["since"].as_i64().map_or("-".to_owned(), time)
}

fn rule(row: &Value) -> String {
    match row["rule"].as_u64() {
        Some(0) | None => "by hand".to_owned(),
        Some(rule) => rule.to_string(),
    }
}

/// What was said of it last, without what stands in other columns.
fn why(row: &Value) -> String {
    let said = row["why"].as_str().unwrap_or_default();
    let about =
        [row["response"].as_str(), row["ip"].as_str().or(row["user"].as_str()).or(row["file"].as_str())];
    let about = about.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let said = said.strip_prefix(&about).map_or(said, |rest| rest.trim_start_matches([':', ' ']));
    if said.is_empty() { "-".to_owned() } else { harmless_text(said) }
}

/// The name of the agent; its number if it was removed.
fn place(row: &Value) -> String {
    match row["name"].as_str() {
        Some(name) if !name.is_empty() => harmless_text(name),
        _ => format!("{:03}", row["agent"].as_u64().unwrap_or(0)),
    }
}

/// Address, user and file, as far as there are any.
fn whom(row: &Value) -> String {
    let all: Vec<_> =
        ["ip", "user", "file"].iter().filter_map(|key| row[key].as_str()).map(harmless_text).collect();
    if all.is_empty() { "-".to_owned() } else { all.join(" ") }
}

/// `1 d 02:03:04`, or `02:03:04`.
fn left(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    if seconds < 86_400 { clock } else { format!("{} d {clock}", seconds / 86_400) }
}
