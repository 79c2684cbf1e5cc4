//! Removes from the files what will come again.
//!
//! After a kill the files hold entries behind what was written down as
//! committed. Their events were never acknowledged: agents send them again and
//! local files are read again. Those entries are removed, so that nothing is
//! there twice. Entries of what cannot come again (a datagram, the output of a
//! command of this machine) stay. What cannot be understood stays, too: once
//! too often is better than never.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes behind the commitment that are looked at. More than a moment's work
/// was not written by a process that commits all the time.
const TAIL_MAX: u64 = 256 << 20;

/// What was done to a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// Entries that were removed.
    pub removed: usize,
    /// Entries behind the commitment that stay.
    pub kept: usize,
}

/// Removes entries behind `committed` bytes of which `comes_again` says so; it
/// is given an entry from its location on: `HOST->/var/log/x …`,
/// `(agent) 192.0.2.1->/var/log/x …`. A torn last entry is removed if it does
/// not tell its location; if it stays, it gets its end, so that what is
/// written next stands apart. A file that is gone, or shorter, is left alone.
pub fn take_back(path: &Path, committed: u64, comes_again: impl Fn(&[u8]) -> bool) -> io::Result<TakenBack> {
    let mut file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(TakenBack::default()),
        file => file?,
    };
    let size = file.metadata()?.len();
    if size <= committed || size - committed > TAIL_MAX {
        return Ok(TakenBack::default());
    }
    let tail = read_from(&mut file, committed)?;
    let mut stays = Vec::new();
    let mut done = TakenBack::default();
    let entries = Entries { rest: &tail, layout: Layout::of(path) };
    for entry in entries {
        match entry.location() {
            Some(location) if comes_again(location) => done.removed += 1,
            None if !entry.is_whole => done.removed += 1,
            _ => {
                done.kept += 1;
                stays.extend_from_slice(entry.text);
                stays.extend_from_slice(entry.missing_end());
            }
        }
    }
    if stays != tail {
        // Shortened first: a power cut in between loses what nobody can bring
        // back, but never leaves half an entry.
        file.set_len(committed)?;
        file.seek(SeekFrom::Start(committed))?;
        file.write_all(&stays)?;
        file.sync_data()?;
    }
    Ok(done)
}

fn read_from(file: &mut File, start: u64) -> io::Result<Vec<u8>> {
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.read_to_end(&mut tail)?;
    Ok(tail)
}

/// How entries are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Blocks that begin with `** Alert` and end with an empty line.
    Blocks,
    /// A line each that begins with the date.
    Lines,
    /// A JSON object a line.
    Json,
}

impl Layout {
    fn of(path: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        match () {
            () if name.ends_with(".json") => Self::Json,
            () if name.starts_with("ossec-alerts") => Self::Blocks,
            () => Self::Lines,
        }
    }

    /// What stands behind each entry.
    fn end(self) -> &'static [u8] {
        match self {
            Self::Blocks => b"\n\n",
            Self::Lines | Self::Json => b"\n",
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    text: &'a [u8],
    layout: Layout,
    /// Whether its end was written.
    is_whole: bool,
}

impl<'a> Entry<'a> {
    /// What stands behind the date, or behind `"location":"`.
    fn location(&self) -> Option<&'a [u8]> {
        match self.layout {
            Layout::Json => {
                let key = b"\"location\":\"";
                let at = memchr::memmem::find(self.text, key)?;
                self.text.get(at + key.len()..)
            }
            Layout::Lines => after_date(self.text),
            Layout::Blocks => after_date(self.text.splitn(3, |b| *b == b'\n').nth(1)?),
        }
    }

    /// What of its end was not written.
    fn missing_end(&self) -> &'static [u8] {
        match self.layout.end() {
            _ if self.is_whole => b"",
            [b'\n', rest @ ..] if self.text.ends_with(b"\n") => rest,
            end => end,
        }
    }
}

/// Behind `2026 Nov 21 10:02:11 `.
fn after_date(line: &[u8]) -> Option<&[u8]> {
    const DATE: usize = "2026 Nov 21 10:02:11 ".len();
    let (date, rest) = line.split_at_checked(DATE)?;
    let has = |at: usize, byte: u8| date.get(at) == Some(&byte);
    (has(4, b' ') && has(14, b':') && has(17, b':') && has(20, b' ')).then_some(rest)
}

struct Entries<'a> {
    rest: &'a [u8],
    layout: Layout,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.layout.end();
        let found = memchr::memmem::find(self.rest, end).map(|at| at + end.len());
        let (text, rest) = self.rest.split_at(found.unwrap_or(self.rest.len()));
        self.rest = rest;
        Some(Entry { text, layout: self.layout, is_whole: found.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Puts `before` and `behind` into a file, takes back what a file of the
    /// agent `web` says, and gives what is left behind.
    fn taken_back(name: &str, before: &str, behind: &str) -> (TakenBack, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        fs::write(&path, format!("{before}{behind}")).expect("written");
        let done = take_back(&path, before.len() as u64, |entry| entry.starts_with(b"(web) "));
        let left = fs::read_to_string(&path).expect("read");
        (done.expect("taken back"), left.strip_prefix(before).expect("the commitment stays").to_owned())
    }

    #[test]
    fn removes_what_comes_again_and_keeps_what_cannot() {
        let again = "2026 Nov 21 10:02:11 (web) 192.0.2.1->/var/log/x a line\n";
        let never = "2026 Nov 21 10:02:12 192.0.2.7->syslog another\n";
        let behind = [again, never, again].concat();
        let (done, left) = taken_back("ossec-archive-21.log", again, &behind);
        assert_eq!((done, left.as_str()), (TakenBack { removed: 2, kept: 1 }, never));
    }

    #[test]
    fn understands_alerts_as_blocks_and_as_json() {
        let block = |place: &str| {
            format!(
                "** Alert 1.2: - syslog,\n2026 Nov 21 10:02:11 {place}\nRule: 1 (level 2) -> 'x'\nlog\n\n"
            )
        };
        let behind = [block("(web) 192.0.2.1->/var/log/x"), block("host->/var/log/x")].concat();
        let (done, left) = taken_back("ossec-alerts-21.log", "", &behind);
        assert_eq!((done.removed, left), (1, block("host->/var/log/x")));
        let json = |place: &str| format!("{{\"rule\":{{}},\"location\":\"{place}\"}}\n");
        let (done, left) = taken_back("ossec-alerts-21.json", "", &(json("(web) 1->x") + &json("y")));
        assert_eq!((done.removed, left), (1, json("y")));
    }

    #[test]
    fn a_torn_entry_that_stays_gets_the_end_of_its_layout() {
        let alert =
            "** Alert 1.2: - x,\n2026 Nov 21 10:02:11 192.0.2.7->syslog\nRule: 1 (level 2) -> 'x'\nlog";
        let line = "2026 Nov 21 10:02:11 192.0.2.7->syslog a li";
        let json = r#"{"rule":{},"location":"syslog","full_lo"#;
        for (name, torn, whole) in [
            ("ossec-alerts-21.log", alert.to_owned(), format!("{alert}\n\n")),
            ("ossec-alerts-21.log", format!("{alert}\n"), format!("{alert}\n\n")),
            ("ossec-archive-21.log", line.to_owned(), format!("{line}\n")),
            ("ossec-alerts-21.json", json.to_owned(), format!("{json}\n")),
        ] {
            let kept = TakenBack { removed: 0, kept: 1 };
            assert_eq!(taken_back(name, "", &torn), (kept, whole), "{name}");
        }
    }

    #[test]
    fn removes_a_torn_end_and_leaves_a_shorter_file_alone() {
        let (done, left) = taken_back("ossec-archive-21.log", "2026", " Nov 2");
        assert_eq!((done.removed, left.as_str()), (1, ""));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ossec-archive-21.log");
        fs::write(&path, "short").expect("written");
        assert_eq!(take_back(&path, 100, |_| true).expect("nothing to do"), TakenBack::default());
        assert_eq!(fs::read_to_string(&path).expect("read"), "short");
    }
}
