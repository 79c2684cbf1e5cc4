use super::*;
use crate::config::LogFormat;
use bartizan_core::limits::BATCH_MAX;
use bartizan_core::wire::batch::{Entries, Entry, Room};
use bartizan_core::wire::uplink::{Slot, Uplink};
use mio::{Events, Poll};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Longer than any machine under load needs.
const DEADLINE: Duration = Duration::from_secs(30);

/// One file that is followed. Its clock stands still, so that no look becomes
/// due by itself.
struct Bench {
    _folder: TempDir,
    path: PathBuf,
    poll: Poll,
    files: Files,
    roster: Roster,
    uplink: Up,
    now: Millis,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        append(&path, "old\n");
        let poll = Poll::new().unwrap();
        let files = Files::new();
        files.register(poll.registry(), Token(0)).unwrap();
        let uplink = Uplink::new(vec![Slot::Free; 8].into(), vec![0; 2048].into(), vec![0; 100].into(), 1, 5);
        let (roster, now) = (Roster::new(), Millis(0));
        let mut bench = Self { _folder: folder, path, poll, files, roster, uplink, now };
        let file = File {
            location: bench.path.display().to_string(),
            format: LogFormat::LINES,
            from_start: false,
            exclude: Vec::new(),
            age_s: None,
            rate_limit: None,
            priority: Priority::Normal,
        };
        bench.files.configure(&[file], &mut bench.roster, &mut bench.uplink);
        bench.tick();
        let index = bench.roster.find(&bench.path.display().to_string()).unwrap();
        bench.files.place(index, now, None);
        assert!(bench.records().is_empty(), "it is read from its end");
        bench
    }

    fn tick(&mut self) {
        self.files.tick(self.now, &mut self.roster, &mut self.uplink);
    }

    /// Waits until the kernel says that something has changed.
    fn hint(&mut self) {
        let mut events = Events::with_capacity(8);
        self.poll.poll(&mut events, Some(DEADLINE)).unwrap();
        assert!(!events.is_empty(), "no hint in {DEADLINE:?}");
        self.files.wake();
    }

    /// Does what is due, and gives what is read then.
    fn records(&mut self) -> Vec<String> {
        self.tick();
        let mut memory = vec![0; BATCH_MAX];
        let mut batch = Batch::new(&mut memory, Room { body: BATCH_MAX, positions: 2048 });
        self.files.fill(&mut batch, self.now);
        let text = |entry| match entry {
            Entry::Record(record) => Some(String::from_utf8_lossy(record.text).into_owned()),
            _ => None,
        };
        Entries::new(batch.body()).flatten().filter_map(text).collect()
    }
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_line_in_a_quiet_file_is_read_without_waiting_for_the_next_look() {
    let mut bench = Bench::new();
    append(&bench.path, "new\n");
    assert!(bench.records().is_empty(), "no look is due");
    bench.hint();
    assert_eq!(bench.records(), ["new"]);
}

#[test]
fn a_busy_file_is_read_in_gulps() {
    let mut bench = Bench::new();
    append(&bench.path, "one\n");
    bench.hint();
    assert_eq!(bench.records(), ["one"]);
    append(&bench.path, "two\n");
    bench.hint();
    append(&bench.path, "three\n");
    assert!(bench.records().is_empty(), "the first was read just now");
    bench.now = bench.files.next_deadline();
    assert!((1..100).contains(&bench.now.0), "{:?}", bench.now);
    assert_eq!(bench.records(), ["two", "three"]);
}

#[test]
fn a_file_that_takes_the_name_of_another_is_read_at_once() {
    let mut bench = Bench::new();
    fs::rename(&bench.path, bench.path.with_extension("1")).unwrap();
    bench.hint();
    assert!(bench.records().is_empty());
    append(&bench.path, "new\n");
    bench.hint();
    bench.now = bench.now.plus(100);
    assert_eq!(bench.records(), ["new"]);
}

#[test]
fn a_file_that_is_not_followed_any_more_gives_no_hints() {
    let mut bench = Bench::new();
    bench.files.configure(&[], &mut bench.roster, &mut bench.uplink);
    bench.hint();
    bench.tick();
    append(&bench.path, "new\n");
    let mut events = Events::with_capacity(8);
    bench.poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
    assert!(events.is_empty(), "{events:?}");
}
