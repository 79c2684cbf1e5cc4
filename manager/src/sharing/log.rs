//! New lines of a log, from a position on, over rotations.
//!
//! Each round follows the log anew: what is known of it is in the position,
//! see [`bartizan_core::follow`]. A line without an end waits for it.

use super::generations::{Fingerprint, Generations};
use bartizan_core::assemble::{Assembler, Context, Format, Record};
use bartizan_core::follow::{Begin, Disk, Followed, GENERATIONS_MAX, Position, Progress, Sink, Trouble};
use bartizan_core::pattern::NoPatterns;
use bartizan_core::time::Millis;
use jiff::civil::Date;

/// Bytes that are read at once.
const BUFFER: usize = 64 << 10;

/// Looks of one round: each goes on to files that the last one had no room for.
const LOOKS_MAX: usize = 64;

/// Old files that are known again when they are compressed.
const OLD_MAX: usize = 256;

/// Takes lines.
pub trait Taker {
    /// Whether it takes no more now.
    fn is_full(&self) -> bool;
    /// Takes a line.
    fn take(&mut self, line: &[u8]);
}

/// How far a log was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Where the next round goes on; `None` if there never was a file.
    pub position: Option<Vec<u8>>,
    /// Lines that were not read cannot be found any more.
    pub lost: bool,
    /// Why it cannot be read.
    pub trouble: Option<Trouble>,
}

/// Hands on the lines behind a position, or all, until there are no more or
/// the taker is full.
pub fn read<D: Disk>(
    disk: &D,
    today: Date,
    path: &[u8],
    position: Option<&[u8]>,
    taker: &mut dyn Taker,
) -> Reached {
    let mut disk = Generations::new(disk, today);
    let (position, known) = position.map(decode).unwrap_or_default();
    disk.hide(known.iter().copied());
    let old = disk.old(path, OLD_MAX);
    let memory = vec![0; Format::Lines.memory()].into_boxed_slice();
    let Ok(assembler) = Assembler::new(Format::Lines, memory) else { return Reached::default() };
    let mut followed = Followed::new(Begin::Start, assembler);
    let now = Millis(0);
    followed.place(&disk, path, now, position.as_ref());
    let (mut reached, mut buffer) = (Reached::default(), vec![0; BUFFER]);
    for _ in 0..LOOKS_MAX {
        let before = followed.position();
        let progress = loop {
            let mut patterns = NoPatterns;
            let mut context = Context { now, header: b"", patterns: &mut patterns };
            match followed.read(&disk, path, &mut buffer, &mut context, &mut Lines(&mut *taker)) {
                Progress::More if !taker.is_full() => {}
                progress => break progress,
            }
        };
        let news = followed.take_news();
        reached.lost |= news.lost;
        reached.trouble = reached.trouble.or(news.trouble);
        if progress != Progress::Idle || followed.position() == before {
            break;
        }
        followed.look(&disk, path, now);
    }
    let position = followed.position();
    // Now those that are younger are open, unless there are too many.
    followed.look(&disk, path, now);
    let open: Vec<_> = followed.files().collect();
    let passed = old.iter().filter(|(id, _)| !open.contains(id)).map(|(_, head)| *head);
    let known = if open.len() < GENERATIONS_MAX { passed.collect() } else { known };
    reached.position = position.map(|position| encode(&position, &known));
    reached
}

/// A position with its length before it, then what is known.
fn encode(position: &Position, known: &[Fingerprint]) -> Vec<u8> {
    let position = position.encode();
    let length = (position.len() as u16).to_le_bytes();
    [&length[..], &position, known.as_flattened()].concat()
}

fn decode(bytes: &[u8]) -> (Option<Position>, Vec<Fingerprint>) {
    let Some((length, rest)) = bytes.split_first_chunk() else { return Default::default() };
    let length = usize::from(u16::from_le_bytes(*length));
    let Some((position, known)) = rest.split_at_checked(length) else { return Default::default() };
    (Position::decode(position), known.as_chunks().0.to_vec())
}

struct Lines<'t>(&'t mut dyn Taker);

impl Sink for Lines<'_> {
    fn has_room(&self, _records: usize) -> bool {
        !self.0.is_full()
    }

    fn take(&mut self, record: Record<'_>) {
        self.0.take(record.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::follow::memory::MemoryDisk;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    const LOG: &[u8] = b"/log/firewall.log";

    #[derive(Default)]
    struct Texts {
        all: Vec<String>,
        room: usize,
    }

    impl Taker for Texts {
        fn is_full(&self) -> bool {
            self.all.len() >= self.room
        }
        fn take(&mut self, line: &[u8]) {
            self.all.push(String::from_utf8_lossy(line).into_owned());
        }
    }

    fn round(disk: &MemoryDisk, position: &mut Option<Vec<u8>>, room: usize) -> Vec<String> {
        let mut texts = Texts { room, ..Texts::default() };
        let today = "2026-11-21".parse().expect("a day");
        let reached = read(disk, today, LOG, position.as_deref(), &mut texts);
        assert!(!reached.lost && reached.trouble.is_none(), "{reached:?}");
        *position = reached.position;
        texts.all
    }

    #[test]
    fn one_that_is_compressed_late_is_not_read_again() {
        let disk = MemoryDisk::new();
        let mut position = None;
        disk.append(LOG, b"1\n");
        assert_eq!(round(&disk, &mut position, 9), ["1"]);
        disk.rename(LOG, b"/log/firewall.log.1");
        disk.append(LOG, b"2\n");
        assert_eq!(round(&disk, &mut position, 9), ["2"]);
        // It is younger than what is read now, and was read before.
        pack(&disk, b"/log/firewall.log.1", b"/log/firewall.log.1.gz", b"1\n");
        for number in 3..20 {
            assert!(round(&disk, &mut position, 9).is_empty());
            disk.rename(LOG, format!("/log/firewall.log.{number}").as_bytes());
            disk.append(LOG, format!("{number}\n").as_bytes());
            assert_eq!(round(&disk, &mut position, 9), [number.to_string()]);
        }
    }

    fn pack(disk: &MemoryDisk, from: &[u8], to: &[u8], bytes: &[u8]) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory");
        disk.append(to, &encoder.finish().expect("memory"));
        disk.remove(from);
    }

    #[test]
    fn each_line_comes_once_over_rotations_and_compression() {
        let disk = MemoryDisk::new();
        let mut position = None;
        disk.append(LOG, b"1\n2\n3");
        assert_eq!(round(&disk, &mut position, 9), ["1", "2"]);
        disk.append(LOG, b"\n4\n");
        disk.rename(LOG, b"/log/firewall.log.1");
        disk.append(LOG, b"5\n");
        assert_eq!(round(&disk, &mut position, 9), ["3", "4", "5"]);
        disk.append(LOG, b"6\n");
        pack(&disk, b"/log/firewall.log.1", b"/log/firewall.log.2.gz", b"1\n2\n3\n4\n");
        pack(&disk, LOG, b"/log/firewall.log.1.gz", b"5\n6\n");
        disk.append(LOG, b"7\n");
        assert_eq!(round(&disk, &mut position, 9), ["6", "7"]);
        assert!(round(&disk, &mut position, 9).is_empty());
    }

    #[test]
    fn generations_between_two_rounds_are_read_even_if_packed() {
        let disk = MemoryDisk::new();
        let mut position = None;
        disk.append(LOG, b"1\n");
        assert_eq!(round(&disk, &mut position, 9), ["1"]);
        disk.append(LOG, b"2\n");
        pack(&disk, LOG, b"/log/firewall.log.3.gz", b"1\n2\n");
        disk.append(LOG, b"3\n");
        pack(&disk, LOG, b"/log/firewall.log.2.gz", b"3\n");
        disk.append(LOG, b"4\n");
        disk.rename(LOG, b"/log/firewall.log.1");
        disk.append(LOG, b"5\n");
        assert_eq!(round(&disk, &mut position, 9), ["2", "3", "4", "5"]);
        assert!(round(&disk, &mut position, 9).is_empty());
    }

    #[test]
    fn the_files_of_a_day_are_read_to_their_ends() {
        let disk = MemoryDisk::new();
        let mut position = None;
        disk.append(LOG, b"1\n");
        assert_eq!(round(&disk, &mut position, 9), ["1"]);
        disk.append(LOG, b"2\n");
        disk.rename(LOG, b"/log/2026/Nov/ossec-firewall-20.log");
        disk.append(LOG, b"3\n");
        assert_eq!(round(&disk, &mut position, 9), ["2", "3"]);
    }

    #[test]
    fn one_that_is_full_gets_the_rest_next_time() {
        let disk = MemoryDisk::new();
        let mut position = None;
        disk.append(LOG, b"1\n2\n3\n4\n");
        disk.rename(LOG, b"/log/firewall.log.1");
        disk.append(LOG, b"5\n");
        // What was rotated before the first round is not new.
        assert_eq!(round(&disk, &mut position, 9), ["5"]);
        let mut all = Vec::new();
        disk.append(LOG, b"6\n7\n8\n");
        disk.rename(LOG, b"/log/firewall.log.1");
        disk.append(LOG, b"9\n");
        while all.len() < 4 {
            all.extend(round(&disk, &mut position, 1));
        }
        assert_eq!(all, ["6", "7", "8", "9"]);
    }
}
