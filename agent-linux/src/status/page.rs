//! A report as JSON and as text.
//!
//! The JSON is written by hand: a library for it would cost more than the
//! rest of the status together. Names of files may hold anything; they are
//! escaped by RFC 8259 §7.

use super::{Report, Response, Responses, Source};
use std::fmt::Write;

/// The report as one JSON object and a line end.
pub fn json(report: &Report) -> String {
    let mut out = Json { text: String::new(), first: true };
    out.open('{');
    out.string("version", env!("CARGO_PKG_VERSION"));
    out.string("name", &report.name);
    out.number("uptime_ms", Some(report.uptime_ms));
    out.string("manager", &report.manager);
    out.number("connected_ms", report.connected_ms);
    match &report.trouble {
        Some(trouble) => out.string("trouble", trouble),
        None => out.number("trouble", None),
    }
    out.string("configuration", &report.configuration);
    out.number("pushed_configuration", Some(report.pushed));
    out.number("unacknowledged_batches", Some(report.unacknowledged.into()));
    out.key("spool");
    out.open('{');
    out.string("place", &report.spool.place);
    out.number("bytes", Some(report.spool.size));
    out.number("used", Some(report.spool.used));
    out.number("damaged_blocks", Some(report.spool.damaged));
    out.close('}');
    out.key("responses");
    json_responses(&mut out, &report.responses);
    out.key("sources");
    out.open('[');
    for source in &report.sources {
        out.comma();
        json_source(&mut out, source);
    }
    out.close(']');
    out.close('}');
    out.text.push('\n');
    out.text
}

fn json_responses(out: &mut Json, responses: &Responses) {
    out.open('{');
    out.string("tool", responses.tool);
    out.number("in_force", Some(responses.count.into()));
    out.key("first");
    out.open('[');
    for response in &responses.first {
        out.comma();
        out.open('{');
        out.number("id", Some(response.id));
        out.string("about", &response.about);
        out.number("left_ms", response.left_ms);
        out.string("state", state(response));
        out.close('}');
    }
    out.close(']');
    out.close('}');
}

fn state(response: &Response) -> &'static str {
    if response.is_done { "done" } else { "under way" }
}

fn json_source(out: &mut Json, source: &Source) {
    out.open('{');
    out.string("name", &source.name);
    out.string("state", &source.state);
    out.number("records", Some(source.records));
    out.number("bytes", Some(source.bytes));
    out.number("per_second", Some(source.rate.into()));
    out.number("offset", source.offset);
    out.number("behind", source.behind);
    out.close('}');
}

struct Json {
    text: String,
    first: bool,
}

impl Json {
    fn open(&mut self, bracket: char) {
        self.text.push(bracket);
        self.first = true;
    }

    fn close(&mut self, bracket: char) {
        self.text.push(bracket);
        self.first = false;
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.text.push(',');
        }
    }

    fn key(&mut self, key: &str) {
        self.comma();
        self.quoted(key);
        self.text.push(':');
    }

    fn number(&mut self, key: &str, value: Option<u64>) {
        self.key(key);
        match value {
            // Writing to a string cannot fail.
            Some(value) => drop(write!(self.text, "{value}")),
            None => self.text.push_str("null"),
        }
    }

    fn string(&mut self, key: &str, value: &str) {
        self.key(key);
        self.quoted(value);
    }

    fn quoted(&mut self, value: &str) {
        push_quoted(&mut self.text, value);
    }
}

/// A text as JSON.
pub fn push_quoted(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // Writing to a string cannot fail.
            c if c < ' ' || c == '\x7f' => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The report for people: a line for each thing that matters.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_text(&mut out, report);
    out
}

fn write_text(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        out,
        "{} (bartizan-agent {}), up {}",
        report.name,
        env!("CARGO_PKG_VERSION"),
        Span(report.uptime_ms)
    )?;
    match (report.connected_ms, &report.trouble) {
        (Some(since), _) => writeln!(out, "connected to {} for {}", report.manager, Span(since))?,
        (None, Some(trouble)) => writeln!(out, "not connected: {}: {trouble}", report.manager)?,
        (None, None) => writeln!(out, "not connected yet")?,
    }
    write!(out, "configuration: {}", report.configuration)?;
    match report.pushed {
        0 => writeln!(out)?,
        number => writeln!(out, ", number {number} of the manager")?,
    }
    let spool = &report.spool;
    write!(out, "spool: {}, {} of {} KiB used", spool.place, spool.used >> 10, spool.size >> 10)?;
    match spool.damaged {
        0 => writeln!(out)?,
        1 => writeln!(out, ", 1 block was damaged")?,
        blocks => writeln!(out, ", {blocks} blocks were damaged")?,
    }
    write_responses(out, &report.responses)?;
    writeln!(out, "\n{:>12} {:>8} {:>12}  source", "records", "a second", "behind")?;
    for source in &report.sources {
        match source.behind {
            Some(behind) => write!(out, "{:>12} {:>8} {behind:>12}", source.records, source.rate)?,
            None => write!(out, "{:>12} {:>8} {:>12}", source.records, source.rate, "")?,
        }
        out.push_str("  ");
        push_plain(out, &source.name);
        if source.state != "read" {
            out.push_str(": ");
            push_plain(out, &source.state);
        }
        out.push('\n');
    }
    Ok(())
}

fn write_responses(out: &mut String, responses: &Responses) -> std::fmt::Result {
    writeln!(out, "active response: {}, {} in force", responses.tool, responses.count)?;
    for response in &responses.first {
        write!(out, "  {} {} {}", response.id, response.about, state(response))?;
        match response.left_ms {
            Some(left) => writeln!(out, ", {} left", Span(left))?,
            None => writeln!(out, ", until it is ended")?,
        }
    }
    Ok(())
}

/// Text for a terminal: what could move its cursor becomes `?`.
fn push_plain(out: &mut String, text: &str) {
    out.extend(text.chars().map(|c| if c.is_control() { '?' } else { c }));
}

/// Milliseconds as people say them.
struct Span(u64);

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0 / 1000;
        match (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
            (0, 0, 0, s) => write!(f, "{s} s"),
            (0, 0, m, s) => write!(f, "{m} min {s} s"),
            (0, h, m, _) => write!(f, "{h} h {m} min"),
            (d, h, _, _) => write!(f, "{d} d {h} h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let source = Source {
            name: "/var/log/a\"b\\\n\x1b".to_owned(),
            state: "read".to_owned(),
            ..Source::default()
        };
        Report { name: "web".to_owned(), sources: vec![source.clone(), source], ..Report::default() }
    }

    #[test]
    fn names_of_files_cannot_break_the_json() {
        let page = json(&report());
        assert!(page.contains(r#""name":"/var/log/a\"b\\\n\u001b""#), "{page}");
        assert!(page.contains(r#"}],"#) || page.ends_with("}]}\n"), "{page}");
        assert!(page.contains(r#"},{"name""#), "{page}");
        assert!(page.contains(r#""connected_ms":null"#), "{page}");
    }

    #[test]
    fn names_of_files_cannot_move_the_cursor() {
        assert!(!text(&report()).contains('\x1b'));
    }

    #[test]
    fn spans_are_said_in_two_units() {
        assert_eq!(Span(59_999).to_string(), "59 s");
        assert_eq!(Span(3_600_000 * 25).to_string(), "1 d 1 h");
    }
}
