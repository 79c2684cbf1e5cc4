//! `client.keys` of OSSEC 4.3, in and out: `ID NAME ADDRESS KEY` in each line.
//!
//! Lines that begin with `#` or a space are passed over, and agents that were
//! removed: their name begins with `#`, in Wazuh 4.14 with `!`.

use super::registry::{AgentId, OssecKey, is_name};
use crate::diagnose::{Colour, Diagnostic, Diagnostics, SourceId, Sources, Span};
use bartizan_core::rules::address::AddressRow;
use std::collections::HashMap;
use std::fmt::Write;

/// Bytes of one field (OSSEC 4.3).
const FIELD_MAX: usize = 127;

/// The greatest number: agents that are added later get greater ones.
const ID_MAX: AgentId = AgentId(99_999_999);

/// Problems of one file that are reported.
const PROBLEMS_MAX: usize = 50;

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// Where it comes from, and its key.
    pub key: OssecKey,
    /// Where its line stands in the file.
    pub span: Span,
}

/// What is wrong with a line, where, and what to do.
type Wrong = (Span, &'static str, &'static str);

/// Reads a file. Problems go to the report, each at its place.
pub fn read(file: SourceId, sources: &Sources, report: &mut Diagnostics) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut known = HashMap::new();
    let (mut start, mut problems) = (0, 0);
    for line in sources.bytes(file).split(|byte| *byte == b'\n') {
        match entry(line.strip_suffix(b"\r").unwrap_or(line), start) {
            Ok(None) => {}
            Ok(Some(entry)) => match twice(&entry, &mut known) {
                None => entries.push(entry),
                Some(wrong) => problem(file, wrong, report, &mut problems),
            },
            Err(wrong) => problem(file, wrong, report, &mut problems),
        }
        if problems == PROBLEMS_MAX {
            break;
        }
        start += line.len() + 1;
    }
    entries
}

/// Writes a file.
pub fn write(agents: &[(AgentId, String, OssecKey)]) -> String {
    agents.iter().fold(String::new(), |mut text, (id, name, OssecKey { address, key })| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{id} {name} {address} {key}");
        text
    })
}

/// Reads any bytes as a file, shows what is wrong, and reads again what comes
/// of it: for fuzzing.
///
/// # Panics
/// If what is written is not what was read, which no input should bring about.
pub fn exercise(bytes: &[u8]) {
    let mut sources = Sources::new();
    let file = sources.add("client.keys", bytes);
    let mut report = Diagnostics::new();
    let agents: Vec<_> = read(file, &sources, &mut report)
        .into_iter()
        .map(|entry| (entry.id, entry.name, entry.key))
        .collect();
    report.render(&sources, Colour::None);
    let again = sources.add("again", write(&agents));
    let same = read(again, &sources, &mut Diagnostics::new()).into_iter();
    assert!(same.map(|entry| (entry.id, entry.name, entry.key)).eq(agents));
}

fn problem(file: SourceId, wrong: Wrong, report: &mut Diagnostics, problems: &mut usize) {
    let (span, message, help) = wrong;
    report.push(Diagnostic::error(file, span, message).help(help));
    *problems += 1;
}

fn twice(entry: &Entry, known: &mut HashMap<String, ()>) -> Option<Wrong> {
    let id = known.insert(format!("id {}", entry.id), ()).is_some();
    let name = known.insert(entry.name.clone(), ()).is_some();
    match (id, name) {
        (true, _) => Some((entry.span, "another line has this number", "remove one of them")),
        (_, true) => Some((entry.span, "another line has this name", "remove one of them")),
        _ => None,
    }
}

/// The agent of a line that begins at `start` in the file.
fn entry(line: &[u8], start: usize) -> Result<Option<Entry>, Wrong> {
    if line.is_empty() || matches!(line[0], b'#' | b' ') {
        return Ok(None);
    }
    let whole = Span::new(start, start + line.len());
    let Ok(text) = std::str::from_utf8(line) else {
        return Err((whole, "this line is not UTF-8", "names have characters of A-Z a-z 0-9 - _ ."));
    };
    let fields: Vec<&str> = text.splitn(4, ' ').collect();
    let place = |number: usize| {
        let before: usize = fields.iter().take(number).map(|field| field.len() + 1).sum();
        let length = fields.get(number).map_or(0, |field| field.len());
        Span::new(start + before, start + before + length)
    };
    if fields.get(1).is_some_and(|name| name.starts_with(['#', '!'])) {
        return Ok(None);
    }
    let &[id, name, address, key] = fields.as_slice() else {
        return Err((whole, "this line has no four fields", "write ID NAME ADDRESS KEY, with single spaces"));
    };
    let Some(id) = id.parse().ok().filter(|id| (AgentId(1)..=ID_MAX).contains(id)) else {
        let help = "write a number from 001 to 99999999; 000 is the manager";
        return Err((place(0), "this is no number of an agent", help));
    };
    if !is_name(name) {
        return Err((
            place(1),
            "this cannot be a name",
            "names have 2 to 128 characters of A-Z a-z 0-9 - _ .",
        ));
    }
    if AddressRow::parse(address.as_bytes()).is_none() || address.starts_with('!') {
        return Err((place(2), "this is no address", "write an address, a network, or any"));
    }
    if key.is_empty() || key.len() > FIELD_MAX || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err((place(3), "this is no key", "copy the line again; a key has 64 digits"));
    }
    let key = OssecKey { address: address.to_owned(), key: key.to_owned() };
    Ok(Some(Entry { id, name: name.to_owned(), key, span: whole }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (Vec<Entry>, Sources, Diagnostics) {
        let mut sources = Sources::new();
        let file = sources.add("client.keys", text);
        let mut report = Diagnostics::new();
        let entries = read(file, &sources, &mut report);
        (entries, sources, report)
    }

    #[test]
    fn agents_come_out_as_they_went_in() {
        let text = "# mine\n001 gate any 0123abcd\n 002 passed any x\n003 #*#*#*#*#*#*#*#*#*#*#\r\n\
            004 !gone any 77\n\n1024 web-1 192.0.2.0/24 4567\r\n";
        let (entries, _, report) = read_text(text);
        assert!(report.is_empty());
        let agents: Vec<_> = entries.into_iter().map(|entry| (entry.id, entry.name, entry.key)).collect();
        assert_eq!(write(&agents), "001 gate any 0123abcd\n1024 web-1 192.0.2.0/24 4567\n");
    }

    #[test]
    fn what_is_wrong_is_shown_where_it_is() {
        let text = "001 gate any k\n002 a/b any k\n003 web nowhere k\nx web any k\n004 web any\n001 new any k\n\
            005 gate any k\n006 web any \n000 me any k\n4294967295 me any k\n";
        let (entries, sources, report) = read_text(text);
        assert_eq!((entries.len(), report.errors()), (1, 9));
        let shown = report.render(&sources, Colour::None);
        for place in ["2:5", "3:9", "4:1", "5:1", "6:1", "7:1", "8:13", "9:1", "10:1"] {
            assert!(shown.contains(&format!("client.keys:{place}\n")), "{place}: {shown}");
        }
        assert!(shown.contains("3 | 003 web nowhere k\n  |         ^^^^^^^"), "{shown}");
    }

    #[test]
    fn hostile_files_are_read_in_time() {
        let many: String = (0..200_000).map(|n| format!("{n} {n} {n} {n}\n")).collect();
        for text in [many.as_str(), &" ".repeat(1 << 20), &"x ".repeat(1 << 19), &"\n".repeat(1 << 20)] {
            exercise(text.as_bytes());
        }
    }
}
