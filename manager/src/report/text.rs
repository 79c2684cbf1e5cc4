//! The report as text, as `ossec-reportd` of OSSEC 4.3 prints it.
//!
//! Lines end with LF alone, and what a terminal would obey is replaced.

use super::Summary;
use super::summary::{Entry, Logged, written};
use crate::diagnose::harmless_character;
use crate::plural;
use std::fmt::Write;

const LINE: &str = "------------------------------------------------\n";

/// Columns of an entry; a longer name is cut to two less than it may have.
const NAME_WIDTH: usize = 78;
const NAME_MAX: usize = 76;

/// The report.
pub fn write(summary: &Summary) -> String {
    let mut out = String::from(" \n");
    match &summary.title {
        // QUIRK: only the report without a name has signs behind its title.
        None => out.push_str("Report completed. ==\n"),
        Some(title) => line(&mut out, format_args!("Report '{}' completed.", harmless(title))),
    }
    out.push_str(LINE);
    line(&mut out, format_args!("->Processed alerts: {}", summary.processed));
    line(&mut out, format_args!("->Post-filtering alerts: {}", summary.selected));
    if let Some((first, last)) = summary.span {
        line(&mut out, format_args!("->First alert: {}", written(first)));
        line(&mut out, format_args!("->Last alert: {}", written(last)));
    }
    out.push_str(" \n \n");
    for section in &summary.sections {
        heading(&mut out, &format!("Top entries for '{}':", section.subject.title()));
        section.entries.iter().for_each(|entry| counted(&mut out, entry));
        if section.others > 0 {
            counted(&mut out, &Entry { name: "(others)".to_owned(), count: section.others });
        }
        out.push_str(" \n \n");
    }
    for related in &summary.related {
        heading(&mut out, &format!("Related entries for '{}':", related.subject.title()));
        for (entry, values) in &related.entries {
            counted(&mut out, entry);
            for (subject, value) in values {
                line(&mut out, format_args!("   {}: '{}'", subject.name(), harmless(value)));
            }
        }
        out.push_str(" \n \n");
    }
    write_logs(&mut out, summary);
    out
}

fn write_logs(out: &mut String, summary: &Summary) {
    if summary.logs.is_empty() {
        return;
    }
    heading(out, "Log dump:");
    for logged in &summary.logs {
        let Logged { time, location, rule, level, description, log } = logged;
        line(out, format_args!("{} {}", written(*time), harmless(location)));
        line(out, format_args!("Rule: {rule} (level {level}) -> '{}'", harmless(description)));
        line(out, format_args!("{}\n\n", harmless(log)));
    }
    if summary.logs_left_out > 0 {
        line(
            out,
            format_args!("... and {}", plural::counted(summary.logs_left_out, "more alert", "more alerts")),
        );
    }
}

fn heading(out: &mut String, title: &str) {
    line(out, format_args!("{title}"));
    out.push_str(LINE);
}

fn counted(out: &mut String, entry: &Entry) {
    let mut name = harmless(&entry.name);
    if name.chars().count() > NAME_MAX {
        name = name.chars().take(NAME_MAX - 2).collect::<String>() + "..";
    }
    line(out, format_args!("{name:<NAME_WIDTH$}|{:<8}|", entry.count));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = writeln!(out, "{text}");
}

/// A text of any length as a terminal shows it and does not obey it.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(harmless_character).collect()
}
