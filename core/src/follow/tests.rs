//! The promises of following, on a disk in memory.

extern crate std;

mod random;

use super::memory::{MemoryDisk, MemoryFile};
use super::*;
use crate::assemble::{Assembler, Context, Format, Record, Wait};
use crate::limits::RECORD_MAX;
use crate::pattern::NoPatterns;
use crate::time::Millis;
use std::borrow::ToOwned;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

const LOG: &[u8] = b"/log/a.log";

fn generation(number: usize) -> Vec<u8> {
    format!("/log/a.log.{number}").into_bytes()
}

/// A batch with room for so many records.
struct Batch {
    room: usize,
    records: Vec<String>,
    cuts: Vec<u32>,
}

impl Sink for Batch {
    fn has_room(&self, records: usize) -> bool {
        self.records.len() + records <= self.room
    }

    fn take(&mut self, record: Record<'_>) {
        assert!(self.has_room(1), "nothing is given that was not asked for");
        self.records.push(String::from_utf8_lossy(record.text).into_owned());
        self.cuts.push(record.cut);
    }
}

/// A follower, its clock, and a manager that commits what it is told to.
struct Bench {
    disk: MemoryDisk,
    followed: Followed<MemoryFile, Vec<u8>>,
    begin: Begin,
    format: Format,
    now: Millis,
    buffer: Vec<u8>,
    /// Given out since the last commit.
    fresh: Vec<String>,
    cuts: Vec<u32>,
    safe: Vec<String>,
    committed: Option<Vec<u8>>,
    news: Vec<News>,
}

fn followed(begin: Begin, format: Format) -> Followed<MemoryFile, Vec<u8>> {
    let assembler = Assembler::new(format, vec![0; format.memory()]).expect("enough memory");
    Followed::new(begin, assembler)
}

impl Bench {
    /// A follower that is placed and has looked once.
    fn new(begin: Begin) -> Self {
        Self::with_format(begin, Format::Lines, MemoryDisk::new())
    }

    fn with_format(begin: Begin, format: Format, disk: MemoryDisk) -> Self {
        let mut bench = Self {
            disk,
            followed: followed(begin, format),
            begin,
            format,
            now: Millis(1),
            buffer: vec![0; 64 * 1024],
            fresh: Vec::new(),
            cuts: Vec::new(),
            safe: Vec::new(),
            committed: None,
            news: Vec::new(),
        };
        bench.reconnect();
        bench
    }

    /// Reads once, with room for so many records.
    fn read_once(&mut self, room: usize) -> Progress {
        let mut batch = Batch { room, records: Vec::new(), cuts: Vec::new() };
        let mut context = Context { now: self.now, header: b"", patterns: &mut NoPatterns };
        let progress = self.followed.read(&self.disk, LOG, &mut self.buffer, &mut context, &mut batch);
        self.fresh.append(&mut batch.records);
        self.cuts.append(&mut batch.cuts);
        let news = self.followed.take_news();
        if news != News::default() {
            self.news.push(news);
        }
        progress
    }

    /// Looks, and reads all that there is.
    fn poll(&mut self) {
        for _ in 0..10 {
            self.followed.look(&self.disk, LOG, self.now);
            while self.read_once(1000) != Progress::Idle {}
        }
    }

    fn after(&mut self, ms: u64) {
        self.now = self.now.plus(ms);
        self.poll();
    }

    fn take(&mut self) -> Vec<String> {
        core::mem::take(&mut self.fresh)
    }

    /// What was given out is safe with the manager.
    fn commit(&mut self) {
        self.safe.append(&mut self.fresh);
        if let Some(position) = self.followed.position() {
            self.committed = Some(position.encode().to_vec());
        }
    }

    /// The connection is lost, and with it what was not committed.
    fn reconnect(&mut self) {
        self.fresh.clear();
        self.cuts.clear();
        let position = self.committed.as_deref().map(|bytes| Position::decode(bytes).expect("sound"));
        self.followed.place(&self.disk, LOG, self.now, position.as_ref());
    }

    /// Another life of the agent.
    fn restart(&mut self) {
        self.followed = followed(self.begin, self.format);
        self.reconnect();
    }

    fn lost(&self) -> usize {
        self.news.iter().filter(|news| news.lost).count()
    }

    fn append(&self, text: &str) {
        self.disk.append(LOG, text.as_bytes());
    }

    /// Shifts the generations by one, as logrotate does.
    fn rename(&self) {
        self.shift();
        self.disk.rename(LOG, &generation(1));
    }

    fn copy_and_truncate(&self) {
        self.shift();
        self.disk.copy(LOG, &generation(1));
        self.disk.truncate(LOG, 0);
    }

    fn shift(&self) {
        for number in (1..60).rev().filter(|number| self.disk.has(&generation(*number))) {
            self.disk.rename(&generation(number), &generation(number + 1));
        }
    }
}

#[test]
fn reading_begins_at_the_end_that_was_seen_first_or_at_the_start() {
    let disk = MemoryDisk::new();
    disk.append(LOG, b"old\nhalf a ");
    let mut followed = followed(Begin::End, Format::Lines);
    followed.look(&disk, LOG, Millis(1));
    disk.append(LOG, b"line\nbefore placing\n");
    let mut bench = Bench::new(Begin::End);
    (bench.disk, bench.followed) = (disk, followed);
    bench.reconnect();
    bench.poll();
    assert_eq!(bench.take(), ["half a line", "before placing"]);

    let mut bench = Bench::new(Begin::Start);
    bench.append("one\r\ntwo\n");
    bench.poll();
    assert_eq!(bench.take(), ["one", "two"]);
}

#[test]
fn a_file_is_not_read_before_its_position_is_known() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("one\n");
    bench.followed = followed(Begin::Start, Format::Lines);
    bench.poll();
    assert_eq!(bench.take(), [""; 0]);
    bench.reconnect();
    bench.poll();
    assert_eq!(bench.take(), ["one"]);
}

#[test]
fn a_file_that_appears_later_is_read_from_its_start() {
    let mut bench = Bench::new(Begin::End);
    bench.poll();
    bench.append("one\n");
    bench.poll();
    assert_eq!(bench.take(), ["one"]);
    assert!(bench.news[0].appeared);
    // Also after the connection was lost, if nothing was committed.
    bench.reconnect();
    bench.poll();
    assert_eq!(bench.take(), ["one"]);
}

#[test]
fn a_partial_line_waits_for_its_rest_unless_it_is_held() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("par");
    bench.after(100_000);
    bench.append("tial\nhe");
    bench.after(100_000);
    assert_eq!(bench.take(), ["partial"]);
    bench.followed.hold(5_000);
    bench.append("ld");
    bench.after(1_000);
    bench.after(4_000);
    assert_eq!(bench.take(), [""; 0]);
    bench.after(1_000);
    assert_eq!(bench.take(), ["held"]);
    bench.append("\nnext\n");
    bench.after(1_000);
    assert_eq!(bench.take(), ["next"]);
}

#[test]
fn a_renamed_file_is_read_to_its_end_and_watched_for_a_minute() {
    let mut bench = Bench::new(Begin::Start);
    let writer = bench.disk.writer(LOG);
    bench.disk.write(&writer, b"1\n2\n");
    bench.poll();
    bench.disk.write(&writer, b"3\nlate");
    bench.rename();
    bench.append("5\n");
    bench.after(1_000);
    assert_eq!(bench.take(), ["1", "2", "3", "5"]);
    bench.disk.write(&writer, b"r\nrest");
    bench.after(59_000);
    assert_eq!(bench.take(), ["later"]);
    assert_eq!(bench.followed.files().count(), 2);
    bench.after(60_001);
    assert_eq!(bench.take(), ["rest"]);
    assert_eq!(bench.followed.files().count(), 1);
    assert_eq!(bench.news.iter().map(|news| news.rotated).sum::<u16>(), 1);
}

#[test]
fn files_that_came_and_went_between_two_looks_are_read_in_order() {
    for births in [true, false] {
        let mut bench = Bench::new(Begin::Start);
        if !births {
            bench.disk.forget_births();
        }
        bench.append("0\n");
        bench.poll();
        for number in 1..20 {
            bench.rename();
            bench.append(&format!("{number}\n"));
        }
        bench.poll();
        let want: Vec<String> = (0..20).map(|number| format!("{number}")).collect();
        assert_eq!(bench.take(), want, "births recorded: {births}");
    }
}

#[test]
fn a_truncated_file_is_read_from_its_start_even_if_it_has_grown_again() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("one\ntwo\n");
    bench.poll();
    bench.disk.truncate(LOG, 0);
    bench.append("three\n");
    bench.poll();
    bench.disk.truncate(LOG, 0);
    bench.append("four is longer than all that was there before\nfive\n");
    bench.poll();
    let want = ["one", "two", "three", "four is longer than all that was there before", "five"];
    assert_eq!(bench.take(), want);
    let count = |told: fn(&News) -> bool| bench.news.iter().filter(|news| told(news)).count();
    assert_eq!((count(|news| news.truncated), count(|news| news.rotated > 0), bench.lost()), (2, 0, 0));
    // What loses only an unfinished line is not read again.
    bench.append("six");
    bench.poll();
    let size = want.concat().len();
    bench.disk.truncate(LOG, size - "onetwothree".len() + 2);
    bench.append("seven\n");
    bench.poll();
    assert_eq!(bench.take(), ["seven"]);
}

#[test]
fn what_was_not_read_before_a_truncation_is_read_in_the_copies() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("one\ntwo\nthr");
    bench.poll();
    bench.append("ee\nfour\n");
    bench.copy_and_truncate();
    bench.append("five\n");
    bench.copy_and_truncate();
    bench.append("six, so that the file is longer than before\nseven\n");
    bench.poll();
    let want =
        ["one", "two", "three", "four", "five", "six, so that the file is longer than before", "seven"];
    assert_eq!(bench.take(), want);
    assert_eq!(bench.lost(), 0);
}

#[test]
fn the_rest_of_a_finished_copy_is_given_out_at_once() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("one\nha");
    bench.poll();
    bench.copy_and_truncate();
    bench.append("lf\n");
    bench.poll();
    assert_eq!(bench.take(), ["one", "ha", "lf"]);
}

#[test]
fn rotation_by_copy_and_delete_doubles_nothing() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("one\n");
    bench.poll();
    bench.append("two\n");
    bench.disk.copy(LOG, &generation(1));
    bench.disk.remove(LOG);
    bench.append("three\n");
    bench.poll();
    assert_eq!(bench.take(), ["one", "two", "three"]);
}

#[test]
fn a_file_that_gets_its_name_back_is_not_read_again() {
    let mut bench = Bench::new(Begin::Start);
    for number in 1..5 {
        bench.append(&format!("{number}\n"));
        bench.followed.look(&bench.disk, LOG, bench.now);
        bench.disk.rename(LOG, &generation(number));
    }
    bench.disk.rename(&generation(1), LOG);
    bench.poll();
    bench.append("5\n");
    bench.poll();
    assert_eq!(bench.take(), ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_change_from_copies_to_renames_reads_no_old_copy_again() {
    let mut bench = Bench::new(Begin::Start);
    for number in 0..9 {
        bench.append(&format!("{number}\n"));
        bench.poll();
        bench.copy_and_truncate();
    }
    bench.append("9\n");
    bench.poll();
    bench.commit();
    bench.rename();
    bench.append("10\n");
    bench.poll();
    assert_eq!(bench.take(), ["10"]);
    bench.restart();
    bench.poll();
    assert_eq!(bench.take(), ["10"]);
}

#[test]
fn a_hole_in_front_of_a_line_does_not_hide_it() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("one\ntwo\n");
    bench.poll();
    bench.disk.truncate(LOG, 0);
    let writer = bench.disk.writer(LOG);
    bench.disk.write_at(&writer, 300_000, b"three\n");
    bench.poll();
    assert_eq!(bench.take(), ["one", "two", "three"]);
}

#[test]
fn a_file_that_is_gone_is_told_once_and_read_when_it_is_back() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("1\n");
    bench.poll();
    bench.append("2\n");
    bench.disk.remove(LOG);
    bench.poll();
    assert_eq!(bench.take(), ["1", "2"]);
    for _ in 0..10 {
        bench.after(20_000);
    }
    assert_eq!(bench.news.iter().filter(|news| news.gone).count(), 1);
    assert!(bench.followed.is_over());
    bench.commit();
    bench.append("3\n");
    bench.poll();
    assert_eq!(bench.take(), ["3"]);
    assert!(bench.news.last().is_some_and(|news| news.appeared));
    bench.restart();
    bench.poll();
    assert_eq!(bench.take(), ["3"]);
}

#[test]
fn what_cannot_be_read_is_told_once_and_only_new_lines_come_when_it_can() {
    let disk = MemoryDisk::new();
    disk.append(LOG, b"old\n");
    disk.deny(Some(LOG));
    let mut bench = Bench::with_format(Begin::End, Format::Lines, disk);
    for _ in 0..10 {
        bench.after(1_000);
    }
    let denied = News { trouble: Some(Trouble::Denied), ..News::default() };
    assert_eq!(bench.news, [denied]);
    assert!(bench.followed.next_look() >= bench.now.plus(30_000), "ever more slowly");
    bench.append("new\n");
    bench.disk.deny(None);
    bench.poll();
    assert_eq!(bench.take(), ["new"]);
}

#[test]
fn going_back_reads_again_exactly_what_was_not_committed() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("1\n2\n");
    bench.poll();
    bench.commit();
    bench.append("3\n");
    bench.rename();
    bench.append("4\n");
    bench.poll();
    assert_eq!(bench.take(), ["3", "4"]);
    bench.reconnect();
    bench.poll();
    assert_eq!(bench.take(), ["3", "4"]);
    bench.restart();
    bench.poll();
    bench.commit();
    assert_eq!(bench.safe, ["1", "2", "3", "4"]);
    bench.reconnect();
    bench.poll();
    assert_eq!(bench.take(), [""; 0]);
}

#[test]
fn a_manager_that_knows_less_gets_what_another_has_not_committed() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("1\n");
    bench.poll();
    bench.commit();
    let early = bench.committed.clone();
    bench.append("2\n");
    bench.poll();
    bench.commit();
    let position = Position::decode(bench.committed.as_deref().expect("one")).expect("sound");
    bench.followed.acknowledged(position);
    bench.append("3\n");
    for committed in [early, None] {
        bench.committed = committed;
        bench.reconnect();
        bench.poll();
        assert_eq!(bench.take(), ["3"]);
    }
}

#[test]
fn after_a_restart_old_generations_are_read_first_even_under_another_number() {
    let mut bench = Bench::new(Begin::End);
    bench.append("0\n");
    bench.poll();
    bench.commit();
    bench.append("1\n");
    for number in 2..6 {
        bench.rename();
        bench.append(&format!("{number}\n"));
    }
    bench.restart();
    bench.poll();
    assert_eq!(bench.take(), ["0", "1", "2", "3", "4", "5"][1..]);
    // Known by its content: moved to another file system.
    bench.commit();
    bench.append("6\n");
    bench.disk.copy(LOG, &generation(1));
    bench.disk.remove(LOG);
    bench.append("7\n");
    bench.restart();
    bench.poll();
    assert_eq!(bench.take(), ["6", "7"]);
    assert_eq!(bench.lost(), 0);
}

#[test]
fn what_cannot_be_found_is_told_once_and_the_current_file_read_from_its_start() {
    let mut bench = Bench::new(Begin::End);
    bench.append("1\n");
    bench.poll();
    bench.commit();
    bench.append("2\n");
    bench.rename();
    bench.append("3\n");
    bench.disk.remove(&generation(1));
    bench.restart();
    bench.poll();
    assert_eq!(bench.take(), ["3"]);
    assert_eq!(bench.lost(), 1);
    bench.reconnect();
    bench.poll();
    assert_eq!((bench.take(), bench.lost()), (vec!["3".to_owned()], 1));
}

#[test]
fn a_restart_that_knows_nothing_begins_as_it_is_told() {
    let mut bench = Bench::new(Begin::End);
    bench.append("1\n");
    bench.restart();
    bench.poll();
    assert_eq!(bench.take(), [""; 0]);
}

#[test]
fn records_of_several_lines_survive_a_lost_connection_and_a_restart() {
    let format = Format::LinuxAuditd { wait: Wait::Timeout(2_000) };
    let line = |id: u32, n: u32| format!("type=X msg=audit(1.1:{id}): n={n}\n");
    let mut bench = Bench::with_format(Begin::Start, format, MemoryDisk::new());
    for (id, n) in [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2)] {
        bench.append(&line(id, n));
        bench.after(400);
    }
    bench.after(1_300);
    // The third, which began in the middle of the others, has come.
    assert_eq!(bench.fresh.len(), 1);
    bench.commit();
    bench.reconnect();
    bench.append(&line(1, 3));
    bench.after(100);
    bench.restart();
    bench.after(100);
    bench.append(&line(2, 3));
    bench.after(100);
    bench.after(5_000);
    bench.commit();
    bench.safe.sort();
    let record = |id: u32, count: u32| {
        let lines: Vec<String> = (1..=count).map(|n| line(id, n).trim_end().to_owned()).collect();
        lines.join(" ")
    };
    assert_eq!(bench.safe, [record(1, 3), record(2, 3), record(3, 1)]);
}

#[test]
fn a_record_of_several_lines_ends_with_its_file() {
    let mut bench = Bench::with_format(Begin::Start, Format::Multi { lines: 3 }, MemoryDisk::new());
    bench.append("1\n2\n");
    bench.poll();
    bench.rename();
    bench.append("3\n4\n5\n6\n");
    bench.poll();
    assert_eq!(bench.take(), ["1 2", "3 4 5"]);
    bench.commit();
    bench.restart();
    bench.append("7\n8\n");
    bench.poll();
    assert_eq!(bench.take(), ["6 7 8"]);
}

#[test]
fn a_line_of_a_hundred_megabytes_is_cut_and_counted_in_bounded_steps() {
    const LONG: usize = 100 * 1024 * 1024;
    let mut bench = Bench::new(Begin::Start);
    let mut text = vec![b'x'; LONG];
    text.extend_from_slice(b"\nnext\n");
    bench.disk.append(LOG, b"first\n");
    bench.disk.append(LOG, &text);
    bench.followed.look(&bench.disk, LOG, bench.now);
    loop {
        bench.disk.take_calls();
        let progress = bench.read_once(1000);
        assert!(bench.disk.take_calls().bytes <= 3 * 64 * 1024);
        if progress == Progress::Idle {
            break;
        }
    }
    let records: Vec<(usize, u32)> = bench.fresh.iter().map(String::len).zip(bench.cuts.clone()).collect();
    assert_eq!(records, [(5, 0), (RECORD_MAX, (LONG - RECORD_MAX) as u32), (4, 0)]);
}

#[test]
fn a_long_line_that_is_truncated_while_it_is_written_hides_nothing() {
    for first in ["", "first\n"] {
        let mut bench = Bench::new(Begin::Start);
        bench.append(first);
        bench.append(&"x".repeat(200_000));
        bench.poll();
        bench.disk.truncate(LOG, 0);
        bench.append(&"y\n".repeat(150_000));
        bench.poll();
        let lines = bench.take().iter().filter(|line| *line == "y").count();
        assert_eq!(lines, 150_000);
    }
}

#[test]
fn reading_stops_where_the_sink_is_full_and_goes_on_there() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("1\n2\n3\n4\n5\n");
    bench.followed.look(&bench.disk, LOG, bench.now);
    let mut steps = Vec::new();
    while bench.read_once(2) == Progress::Full {
        steps.push(bench.fresh.len());
        bench.commit();
        bench.restart();
    }
    bench.commit();
    assert_eq!(steps, [1; 4]);
    assert_eq!(bench.safe, ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_look_costs_a_stat_and_64_kib_a_read() {
    let mut bench = Bench::new(Begin::Start);
    let line = format!("{}\n", "x".repeat(119));
    bench.append(&line.repeat(10_000));
    bench.followed.look(&bench.disk, LOG, bench.now);
    bench.disk.take_calls();
    bench.followed.look(&bench.disk, LOG, bench.now);
    let calls = bench.disk.take_calls();
    assert_eq!((calls.stats, calls.opens, calls.reads), (1, 0, 0));
    while bench.read_once(1000) != Progress::Idle {}
    let reads = bench.disk.take_calls().reads as usize;
    assert_eq!(bench.take().len(), 10_000);
    assert!(reads <= 10_000 * 120 / (60 * 1024) + 2, "{reads}");
}

#[test]
fn quiet_files_are_looked_at_less_often() {
    let mut bench = Bench::new(Begin::Start);
    bench.append("1\n");
    bench.poll();
    assert_eq!(bench.followed.next_look(), bench.now.plus(250));
    bench.after(60_000);
    assert_eq!(bench.followed.next_look(), bench.now.plus(1_000));
}
