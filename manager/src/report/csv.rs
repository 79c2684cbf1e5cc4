//! The report as CSV (RFC 4180): one row an entry, so that it can be sorted
//! and filtered. The alerts themselves are not in it: they have rows of
//! another kind.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe in
//! front; characters that terminals obey are replaced.

use super::Summary;
use super::summary::{Entry, written};
use super::text::harmless;

/// The report.
pub fn write(summary: &Summary) -> String {
    let mut rows = vec![row(["section", "entry", "count", "related", "value"])];
    let count = |entry, count: u64| row(["", entry, &count.to_string(), "", ""]);
    rows.push(count("processed", summary.processed));
    rows.push(count("selected", summary.selected));
    if let Some((first, last)) = summary.span {
        rows.push(row(["", "first", "", "", &written(first)]));
        rows.push(row(["", "last", "", "", &written(last)]));
    }
    for section in &summary.sections {
        let name = section.subject.name();
        let entry = |entry: &Entry| row([name, &entry.name, &entry.count.to_string(), "", ""]);
        rows.extend(section.entries.iter().map(entry));
        if section.others > 0 {
            rows.push(row([name, "(others)", &section.others.to_string(), "", ""]));
        }
    }
    for related in &summary.related {
        for (entry, values) in &related.entries {
            let (name, count) = (related.subject.name(), entry.count.to_string());
            let value = |(subject, value): &(super::Subject, String)| {
                row([name, &entry.name, &count, subject.name(), value])
            };
            rows.extend(values.iter().map(value));
        }
    }
    rows.concat()
}

fn row(cells: [&str; 5]) -> String {
    cells.map(cell).join(",") + "\r\n"
}

fn cell(text: &str) -> String {
    let mut text = harmless(text);
    if text.starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    match text.contains(['"', ',', '\'', ' ']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}
