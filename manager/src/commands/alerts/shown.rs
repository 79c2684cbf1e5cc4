//! Alerts for people and for programs.

use crate::alert::{Alert, Entry};
use crate::diagnose::harmless;
use crate::outputs::json;
use crate::outputs::text::write_origin;
use bartizan_core::event::Field;
use std::io::Write;

/// How alerts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// For people: a line, and the log below it.
    Text,
    /// As `alerts.json` has them.
    Json,
    /// RFC 4180, with a header.
    Csv,
}

impl Layout {
    /// What stands before the first.
    pub(super) fn header(self) -> &'static [u8] {
        match self {
            Self::Csv => HEADER,
            Self::Text | Self::Json => b"",
        }
    }

    /// Appends an alert.
    pub(super) fn write(self, out: &mut Vec<u8>, entry: &Entry, is_terminal: bool) {
        let alert = entry.alert();
        match self {
            Self::Text => write_text(out, &alert),
            Self::Json => write_json(out, entry.seq, &alert, is_terminal),
            Self::Csv => write_csv(out, entry.seq, &alert),
        }
    }
}

fn write_text(out: &mut Vec<u8>, alert: &Alert<'_>) {
    let (id, level) = alert.rule.map_or((0, 0), |rule| (rule.id, rule.level));
    let description = alert.rule.map_or(&b""[..], |rule| rule.description());
    let line = format!(
        "{}  level {level:<2}  rule {id:<6}  {}  {}\n",
        date_and_time(alert),
        harmless(&origin(alert)),
        harmless(description)
    );
    out.extend_from_slice(line.as_bytes());
    write_lines(out, alert.log);
    if let Some(difference) = alert.difference() {
        out.extend_from_slice(b"    what has changed:\n");
        write_lines(out, difference.trim_end().as_bytes());
    }
}

fn write_lines(out: &mut Vec<u8>, text: &[u8]) {
    for line in text.split(|byte| *byte == b'\n') {
        out.extend_from_slice(b"    ");
        out.extend_from_slice(harmless(line).as_bytes());
        out.push(b'\n');
    }
}

/// A terminal gets nothing that it might obey; a program gets every byte.
fn write_json(out: &mut Vec<u8>, seq: u64, alert: &Alert<'_>, is_terminal: bool) {
    let start = out.len();
    json::write_alert(out, alert);
    json::add_difference(out, alert);
    let number = format!("{{\"seq\":{seq},");
    out.splice(start..=start, number.into_bytes());
    if is_terminal {
        let mut line = harmless(out[start..].trim_ascii_end());
        line.push('\n');
        out.truncate(start);
        out.extend_from_slice(line.as_bytes());
    }
}

const HEADER: &[u8] =
    b"seq,id,time,level,rule,groups,description,agent,location,srcip,srcport,dstip,dstport,\
srcuser,dstuser,program,decoder,filename,log\r\n";

fn write_csv(out: &mut Vec<u8>, seq: u64, alert: &Alert<'_>) {
    let rule = alert.rule.unwrap_or_default();
    let field = |field| alert.field(field).unwrap_or_default();
    // Writing to memory does not fail.
    let _ = write!(out, "{seq},{},{},{},{}", alert.id, date_and_time(alert), rule.level, rule.id);
    let cells = [
        rule.groups,
        rule.description.unwrap_or_default(),
        alert.agent_name(),
        &origin(alert),
        field(Field::SrcIp),
        field(Field::SrcPort),
        field(Field::DstIp),
        field(Field::DstPort),
        field(Field::SrcUser),
        field(Field::DstUser),
        alert.program_name.unwrap_or_default(),
        alert.decoder.map_or(&b""[..], |decoder| decoder.name),
        field(Field::Filename),
        alert.log,
    ];
    for cell in cells {
        out.push(b',');
        write_cell(out, cell);
    }
    out.extend_from_slice(b"\r\n");
}

/// A cell in quotes. A spreadsheet would run what begins like a formula: an
/// apostrophe in front makes it a text.
fn write_cell(out: &mut Vec<u8>, cell: &[u8]) {
    if cell.is_empty() {
        return;
    }
    out.push(b'"');
    if cell.trim_ascii_start().first().is_some_and(|first| b"=+-@|".contains(first)) {
        out.push(b'\'');
    }
    for (number, line) in cell.split(|byte| *byte == b'\n').enumerate() {
        out.extend_from_slice(if number > 0 { b"\n" } else { b"" });
        out.extend_from_slice(harmless(line).replace('"', "\"\"").as_bytes());
    }
    out.push(b'"');
}

fn date_and_time(alert: &Alert<'_>) -> String {
    let time = alert.time;
    let [hour, minute, second] = [time.second / 3600, time.second / 60 % 60, time.second % 60];
    format!("{:04}-{:02}-{:02} {hour:02}:{minute:02}:{second:02}", time.year, time.month, time.day)
}

fn origin(alert: &Alert<'_>) -> Vec<u8> {
    let mut origin = Vec::new();
    write_origin(&mut origin, alert);
    origin
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertId, Rule};
    use crate::outputs::clock::LocalTime;

    fn shown(layout: Layout, log: &[u8], user: &[u8]) -> String {
        let mut alert = Alert {
            id: AlertId { epoch: 1_795_246_190, ticket: 2 },
            time: LocalTime { year: 2026, month: 11, day: 21, second: 26_990, weekday: 6 },
            rule: Some(Rule {
                id: 5716,
                level: 5,
                description: Some(b"Failed"),
                groups: b"sshd,",
                ..Rule::default()
            }),
            location: b"/var/log/auth.log",
            hostname: b"gate",
            log,
            ..Alert::default()
        };
        alert.fields[Field::DstUser as usize] = Some(user);
        let mut entry = Entry::new(&alert);
        entry.seq = 17;
        let mut out = Vec::new();
        layout.write(&mut out, &entry, true);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn people_see_a_line_and_the_log_below_it() {
        let expected =
            "2026-11-21 07:29:50  level 5   rule 5716    gate->/var/log/auth.log  Failed\n    one\n    two\n";
        assert_eq!(shown(Layout::Text, b"one\ntwo", b"x"), expected);
    }

    #[test]
    fn what_has_changed_in_an_output_is_shown() {
        let (old, new) = (&b"22\n80"[..], &b"22\n\x1b[2J"[..]);
        let alert =
            Alert { previous: vec![b"Previous output:", old], message: new, log: new, ..Alert::default() };
        let shown = |layout: Layout| {
            let mut out = Vec::new();
            layout.write(&mut out, &Entry::new(&alert), true);
            String::from_utf8(out).expect("text")
        };
        let text = shown(Layout::Text);
        let changed = "    what has changed:\n    @@ -1,2 +1,2 @@\n     22\n    -80\n    +";
        assert!(text.contains(changed) && !text.contains('\u{1b}'), "{text}");
        let value: serde_json::Value = serde_json::from_str(&shown(Layout::Json)).expect("JSON");
        assert_eq!(value["difference"].as_str(), Some("@@ -1,2 +1,2 @@\n 22\n-80\n+\u{1b}[2J\n"));
    }

    #[test]
    fn a_terminal_obeys_nothing() {
        for layout in [Layout::Text, Layout::Json, Layout::Csv] {
            let text = shown(layout, b"\x1b[2J\xc2\x9b31m\x07\r\x80\xe2\x80\xae", b"\x1b]0;x\x07");
            assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{7}', '\u{202e}']), "{text:?}");
        }
    }

    #[test]
    fn json_is_that_of_the_file_with_the_number() {
        let line = shown(Layout::Json, b"a \"log\"", b"x");
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!((value["seq"].as_u64(), value["full_log"].as_str()), (Some(17), Some("a \"log\"")));
        assert_eq!(value["rule"]["sidid"].as_u64(), Some(5716));
    }

    #[test]
    fn a_spreadsheet_runs_nothing_and_cells_keep_together() {
        let line = shown(Layout::Csv, b"=cmd|' /C calc'!A0", b" @SUM(1)\"\n-2");
        assert!(line.contains(r#","'=cmd|' /C calc'!A0""#), "{line}");
        assert!(line.contains("\"' @SUM(1)\"\"\n-2\""), "{line}");
        let columns = std::str::from_utf8(HEADER).expect("text").split(',').count();
        assert_eq!(
            shown(Layout::Csv, b"x", b"y").split(',').count(),
            columns + 1,
            "a group ends with a comma"
        );
        assert!(shown(Layout::Csv, b"x", b"y").starts_with("17,1795246190.2,2026-11-21 07:29:50,5,5716,"));
    }
}
