//! Random deeds of writer, rotator, reader, manager and restarts, against a
//! plain model: the lines that were written.

use super::*;
use crate::packet::merged::{Merged, Target};
use proptest::collection::vec as many;
use proptest::prelude::*;

/// How a log is rotated.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Rename,
    CopyAndTruncate,
    CopyAndDelete,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    /// So many lines.
    Lines(u8),
    /// A long line.
    Long(u16),
    /// The beginning of a line.
    Half,
    Rotate,
    /// The writer notices that its file has lost its name.
    Reopen,
    Look,
    /// With room for so many records.
    Read(u8),
    Poll,
    Commit,
    Reconnect,
    Restart,
    Wait(u16),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (1..20u8).prop_map(Deed::Lines),
        1 => (100..40_000u16).prop_map(Deed::Long),
        2 => Just(Deed::Half),
        3 => Just(Deed::Rotate),
        2 => Just(Deed::Reopen),
        3 => Just(Deed::Look),
        3 => (2..30u8).prop_map(Deed::Read),
        3 => Just(Deed::Poll),
        3 => Just(Deed::Commit),
        1 => Just(Deed::Reconnect),
        1 => Just(Deed::Restart),
        1 => (1..20_000u16).prop_map(Deed::Wait),
    ]
}

/// The writer and what it has written.
struct World {
    bench: Bench,
    way: Way,
    /// Without, a late writer may make a file seem older than the next.
    has_births: bool,
    writer: MemoryFile,
    /// The writer's file has lost its name.
    is_late: bool,
    /// When it did.
    late_since: Millis,
    half: String,
    written: Vec<String>,
    number: usize,
}

impl World {
    fn new(way: Way, births: bool, format: Format, buffer: usize) -> Self {
        let disk = MemoryDisk::new();
        if !births {
            disk.forget_births();
        }
        let writer = disk.writer(LOG);
        let mut bench = Bench::with_format(Begin::Start, format, disk);
        bench.buffer = vec![0; buffer];
        let half = String::new();
        let (written, late_since) = (Vec::new(), Millis(0));
        let mut world = Self {
            bench,
            way,
            has_births: births,
            writer,
            is_late: false,
            late_since,
            half,
            written,
            number: 0,
        };
        world.line(0);
        world.bench.poll();
        // What nobody has ever been told of cannot be gone back to.
        world.bench.commit();
        world
    }

    fn name(&mut self) -> String {
        self.number += 1;
        let number = self.number;
        match self.bench.format {
            // Two events at a time, of four lines each.
            Format::LinuxAuditd { .. } => {
                format!("type=X msg=audit(1.1:{}): line {number};", number / 8 * 2 + number % 2)
            }
            Format::Packets { .. } => format!(
                "kernel: DROP IN=a SRC=192.0.2.{} DST=198.51.100.1 PROTO=TCP SPT=1 DPT={number}",
                number % 11
            ),
            _ => format!("line {number};"),
        }
    }

    fn write(&self, text: &str) {
        self.bench.disk.write(&self.writer, text.as_bytes());
    }

    /// A line, or the rest of one, with about so many bytes more, which are not
    /// those of another line.
    fn line(&mut self, more: usize) {
        let name = self.name();
        let text = name.clone() + &format!("-{}", self.number).repeat(more / 4);
        self.write(&format!("{text}\n"));
        let line = core::mem::take(&mut self.half) + &text;
        self.written.push(line);
    }

    fn half(&mut self) {
        if self.half.is_empty() {
            self.half = self.name() + ": ";
            self.write(&self.half);
        }
    }

    fn rotate(&mut self) {
        // A writer notices in time; two files at once are enough.
        self.reopen();
        match self.way {
            Way::Rename => {
                self.bench.rename();
                (self.is_late, self.late_since) = (true, self.bench.now);
                // As logrotate does.
                self.bench.disk.writer(LOG);
                if !self.has_births {
                    self.reopen();
                }
            }
            Way::CopyAndTruncate => {
                self.bench.copy_and_truncate();
                self.end_half();
                self.line(0);
            }
            Way::CopyAndDelete => {
                self.bench.shift();
                self.bench.disk.copy(LOG, &generation(1));
                self.bench.disk.remove(LOG);
                self.end_half();
                self.writer = self.bench.disk.writer(LOG);
                self.line(0);
            }
        }
    }

    /// The line will not go on in its file.
    fn end_half(&mut self) {
        if !self.half.is_empty() {
            self.written.push(core::mem::take(&mut self.half));
        }
    }

    fn reopen(&mut self) {
        if core::mem::take(&mut self.is_late) {
            self.end_half();
            self.writer = self.bench.disk.writer(LOG);
        }
    }

    fn act(&mut self, deed: Deed) {
        let Bench { disk, followed, now, .. } = &mut self.bench;
        match deed {
            Deed::Lines(count) => (0..count).for_each(|_| self.line(0)),
            Deed::Long(more) => self.line(usize::from(more)),
            Deed::Half => self.half(),
            Deed::Rotate => self.rotate(),
            Deed::Reopen => self.reopen(),
            Deed::Look => followed.look(disk, LOG, *now),
            Deed::Read(room) => drop(self.bench.read_once(usize::from(room))),
            Deed::Poll => self.bench.poll(),
            Deed::Commit => self.bench.commit(),
            Deed::Reconnect => self.bench.reconnect(),
            Deed::Restart => self.bench.restart(),
            Deed::Wait(ms) => {
                if now.since(self.late_since) + u64::from(ms) > 55_000 {
                    self.reopen();
                }
                self.bench.now = self.bench.now.plus(u64::from(ms));
            }
        }
    }

    /// All is written, read and committed.
    fn end(&mut self) {
        self.reopen();
        self.line(0);
        for _ in 0..5 {
            self.bench.after(61_000);
        }
        self.bench.commit();
    }
}

/// The text that comes of a line when it is cut.
fn cut(line: &str, buffer: usize) -> String {
    line.get(..RECORD_MAX.min(buffer)).unwrap_or(line).to_owned()
}

fn world_after(way: Way, births: bool, format: Format, buffer: usize, deeds: &[Deed]) -> World {
    let mut world = World::new(way, births, format, buffer);
    for deed in deeds {
        world.act(*deed);
    }
    world.end();
    world
}

fn check(way: Way, births: bool, buffer: usize, deeds: &[Deed]) -> Result<(), TestCaseError> {
    let world = world_after(way, births, Format::Lines, buffer, deeds);
    let mut want: Vec<String> = world.written.iter().map(|line| cut(line, buffer)).collect();
    let mut got = world.bench.safe.clone();
    want.sort();
    got.sort();
    prop_assert_eq!(got, want);
    prop_assert_eq!(world.bench.lost(), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_given_out_once_whatever_happens(
        way in prop_oneof![Just(Way::Rename), Just(Way::CopyAndTruncate), Just(Way::CopyAndDelete)],
        births: bool,
        buffer in prop_oneof![Just(3_000usize), Just(65_536)],
        deeds in many(deed(), 1..60),
    ) {
        check(way, births, buffer, &deeds)?;
    }
}

/// Whatever the records are: each line is in one of them, once.
fn check_parts(way: Way, births: bool, format: Format, deeds: &[Deed]) -> Result<(), TestCaseError> {
    let mut world = world_after(way, births, format, 65_536, deeds);
    // With its file the last record ends.
    world.bench.disk.rename(LOG, b"/elsewhere");
    world.bench.after(1);
    world.bench.after(61_000);
    world.bench.commit();
    let mut parts = world.bench.safe.concat();
    for number in 1..=world.number {
        let part = format!("line {number};");
        prop_assert_eq!(parts.matches(&part).count(), 1, "{}", part);
        parts = parts.replace(&part, "");
    }
    prop_assert_eq!(world.bench.lost(), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_in_one_record_whatever_happens(
        way in prop_oneof![Just(Way::Rename), Just(Way::CopyAndTruncate), Just(Way::CopyAndDelete)],
        births: bool,
        format in prop_oneof![
            Just(Format::Multi { lines: 3 }),
            Just(Format::LinuxAuditd { wait: Wait::Timeout(5_000) }),
        ],
        deeds in many(deed().prop_map(without_long), 1..60),
    ) {
        check_parts(way, births, format, &deeds)?;
    }
}

/// Each packet is in one record, as itself or counted there, once.
fn check_packets(way: Way, births: bool, deeds: &[Deed]) -> Result<(), TestCaseError> {
    let mut world = world_after(way, births, Format::Packets { window_ms: 10_000 }, 65_536, deeds);
    world.bench.disk.rename(LOG, b"/elsewhere");
    world.bench.after(1);
    world.bench.after(61_000);
    world.bench.commit();
    let mut ports = vec![0; world.number + 1];
    for text in world.bench.safe.iter().map(String::as_bytes) {
        match Merged::read(text) {
            Some(merged) => merged.parts().for_each(|(target, count)| match target {
                Target::Port(port) => ports[usize::from(port)] += count,
                other => panic!("{other:?}"),
            }),
            None => {
                let packet = crate::packet::read(text).expect("a packet");
                ports[usize::from(packet.dport.expect("a port"))] += 1;
            }
        }
    }
    prop_assert!(ports.iter().skip(1).all(|count| *count == 1), "{:?}", ports);
    prop_assert_eq!(world.bench.lost(), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_merged_packet_is_counted_once_whatever_happens(
        way in prop_oneof![Just(Way::Rename), Just(Way::CopyAndTruncate), Just(Way::CopyAndDelete)],
        births: bool,
        deeds in many(deed().prop_map(whole), 1..60),
    ) {
        check_packets(way, births, &deeds)?;
    }
}

/// Lines have their own ends.
fn whole(deed: Deed) -> Deed {
    match deed {
        Deed::Half => Deed::Lines(1),
        other => without_long(other),
    }
}

/// Records have an end.
fn without_long(deed: Deed) -> Deed {
    match deed {
        Deed::Long(_) => Deed::Lines(1),
        other => other,
    }
}

proptest! {
    #[test]
    fn hostile_positions_are_refused_or_harmless(bytes in many(any::<u8>(), 0..300), text in ".*") {
        let mut bench = Bench::new(Begin::Start);
        bench.append(&text);
        bench.append("\nlast\n");
        if let Some(position) = Position::decode(&bytes) {
            bench.committed = Some(position.encode().to_vec());
            prop_assert_eq!(&position.encode()[..], &bytes[..]);
        }
        bench.reconnect();
        bench.poll();
        prop_assert_eq!(bench.fresh.last().map(String::as_str), Some("last"));
    }
}
