use super::*;
use bartizan_core::follow::memory::MemoryDisk;
use bartizan_core::limits::RECORD_MAX;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
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

fn round(disk: &MemoryDisk, place: &mut Option<Vec<u8>>, room: usize) -> Vec<String> {
    let mut texts = Texts { room, ..Texts::default() };
    let today = "2026-11-21".parse().expect("a day");
    let reached = read(disk, today, LOG, place.as_deref(), &mut texts);
    assert!(!reached.lost && reached.trouble.is_none(), "{reached:?}");
    *place = reached.place;
    texts.all
}

#[test]
fn one_that_is_compressed_late_is_not_read_again() {
    let disk = MemoryDisk::new();
    let mut place = None;
    disk.append(LOG, b"1\n");
    assert_eq!(round(&disk, &mut place, 9), ["1"]);
    disk.rename(LOG, b"/log/firewall.log.1");
    disk.append(LOG, b"2\n");
    assert_eq!(round(&disk, &mut place, 9), ["2"]);
    // It is younger than what is read now, and was read before.
    pack(&disk, b"/log/firewall.log.1", b"/log/firewall.log.1.gz", b"1\n");
    for number in 3..20 {
        assert!(round(&disk, &mut place, 9).is_empty());
        disk.rename(LOG, format!("/log/firewall.log.{number}").as_bytes());
        disk.append(LOG, format!("{number}\n").as_bytes());
        assert_eq!(round(&disk, &mut place, 9), [number.to_string()]);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn pack(disk: &MemoryDisk, from: &[u8], to: &[u8], bytes: &[u8]) {
    disk.append(to, &gzip(bytes));
    disk.remove(from);
}

#[test]
fn each_line_comes_once_over_rotations_and_compression() {
    let disk = MemoryDisk::new();
    let mut place = None;
    disk.append(LOG, b"1\n2\n3");
    assert_eq!(round(&disk, &mut place, 9), ["1", "2"]);
    disk.append(LOG, b"\n4\n");
    disk.rename(LOG, b"/log/firewall.log.1");
    disk.append(LOG, b"5\n");
    assert_eq!(round(&disk, &mut place, 9), ["3", "4", "5"]);
    disk.append(LOG, b"6\n");
    pack(&disk, b"/log/firewall.log.1", b"/log/firewall.log.2.gz", b"1\n2\n3\n4\n");
    pack(&disk, LOG, b"/log/firewall.log.1.gz", b"5\n6\n");
    disk.append(LOG, b"7\n");
    assert_eq!(round(&disk, &mut place, 9), ["6", "7"]);
    assert!(round(&disk, &mut place, 9).is_empty());
}

#[test]
fn generations_between_two_rounds_are_read_even_if_packed() {
    let disk = MemoryDisk::new();
    let mut place = None;
    disk.append(LOG, b"1\n");
    assert_eq!(round(&disk, &mut place, 9), ["1"]);
    disk.append(LOG, b"2\n");
    pack(&disk, LOG, b"/log/firewall.log.3.gz", b"1\n2\n");
    disk.append(LOG, b"3\n");
    pack(&disk, LOG, b"/log/firewall.log.2.gz", b"3\n");
    disk.append(LOG, b"4\n");
    disk.rename(LOG, b"/log/firewall.log.1");
    disk.append(LOG, b"5\n");
    assert_eq!(round(&disk, &mut place, 9), ["2", "3", "4", "5"]);
    assert!(round(&disk, &mut place, 9).is_empty());
}

#[test]
fn the_files_of_a_day_are_read_to_their_ends() {
    let disk = MemoryDisk::new();
    let mut place = None;
    disk.append(LOG, b"1\n");
    assert_eq!(round(&disk, &mut place, 9), ["1"]);
    disk.append(LOG, b"2\n");
    disk.rename(LOG, b"/log/2026/Nov/ossec-firewall-20.log");
    disk.append(LOG, b"3\n");
    assert_eq!(round(&disk, &mut place, 9), ["2", "3"]);
}

#[test]
fn one_that_is_full_gets_the_rest_next_time() {
    let disk = MemoryDisk::new();
    let mut place = None;
    disk.append(LOG, b"1\n2\n3\n4\n");
    disk.rename(LOG, b"/log/firewall.log.1");
    disk.append(LOG, b"5\n");
    // What was rotated before the first round is not new.
    assert_eq!(round(&disk, &mut place, 9), ["5"]);
    let mut all = Vec::new();
    disk.append(LOG, b"6\n7\n8\n");
    disk.rename(LOG, b"/log/firewall.log.1");
    disk.append(LOG, b"9\n");
    while all.len() < 4 {
        all.extend(round(&disk, &mut place, 1));
    }
    assert_eq!(all, ["6", "7", "8", "9"]);
}

#[test]
fn what_begins_alike_is_told_as_often_as_it_was_written() {
    let disk = MemoryDisk::new();
    let mut place = None;
    disk.append(LOG, b"1\n");
    assert_eq!(round(&disk, &mut place, 9), ["1"]);
    disk.append(LOG, b"1\n");
    pack(&disk, LOG, b"/log/firewall.log.1.gz", b"1\n1\n");
    disk.append(LOG, b"1\n");
    assert_eq!(round(&disk, &mut place, 9), ["1", "1"]);
    disk.rename(b"/log/firewall.log.1.gz", b"/log/firewall.log.2.gz");
    pack(&disk, LOG, b"/log/firewall.log.1.gz", b"1\n");
    disk.append(LOG, b"1\n2\n");
    assert_eq!(round(&disk, &mut place, 9), ["1", "2"]);
    assert!(round(&disk, &mut place, 9).is_empty());
}

#[test]
fn one_that_is_being_compressed_is_told_of_once() {
    let disk = MemoryDisk::new();
    let mut place = None;
    disk.append(LOG, b"1\n");
    assert_eq!(round(&disk, &mut place, 9), ["1"]);
    disk.append(LOG, b"2\n");
    disk.rename(LOG, b"/log/firewall.log.1");
    disk.append(LOG, b"3\n");
    let packed = gzip(b"1\n2\n");
    disk.append(b"/log/firewall.log.1.gz", &packed[..packed.len() / 2]);
    assert_eq!(round(&disk, &mut place, 9), ["2", "3"]);
    disk.append(b"/log/firewall.log.1.gz", &packed[packed.len() / 2..]);
    assert!(round(&disk, &mut place, 9).is_empty());
    disk.remove(b"/log/firewall.log.1");
    assert!(round(&disk, &mut place, 9).is_empty());
}

#[test]
fn a_copy_is_not_told_of_beside_its_original() {
    let disk = MemoryDisk::new();
    let mut place = None;
    let lines: Vec<String> = (0..500).map(|n| format!("line {n}")).collect();
    let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    disk.append(LOG, text(&lines[..200]).as_bytes());
    assert_eq!(round(&disk, &mut place, 1000), lines[..200]);
    disk.append(LOG, text(&lines[200..400]).as_bytes());
    // While it is copied, and then not truncated yet.
    disk.append(b"/log/firewall.log.1", &text(&lines).as_bytes()[..1500]);
    assert_eq!(round(&disk, &mut place, 150), lines[200..350]);
    disk.copy(LOG, b"/log/firewall.log.1");
    assert!(round(&disk, &mut place, 0).is_empty());
    disk.truncate(LOG, 0);
    disk.append(LOG, text(&lines[400..]).as_bytes());
    assert_eq!(round(&disk, &mut place, 1000), lines[350..]);
    assert!(round(&disk, &mut place, 9).is_empty());
}

#[test]
fn a_long_line_is_cut_and_a_hole_is_left_out() {
    let disk = MemoryDisk::new();
    let mut place = None;
    let long = [&b"long "[..], &[b'x'; 300_000]].concat();
    disk.append(LOG, &[&[0; 200_000][..], b"1\r\n", &long].concat());
    assert_eq!(round(&disk, &mut place, 9), ["1"]);
    disk.append(LOG, b"\n\n2\n");
    let told = round(&disk, &mut place, 9);
    assert!(told[0].starts_with("long xxx") && told[0].len() == RECORD_MAX, "{}", told[0].len());
    assert_eq!(told[1..], ["2"]);
}

#[test]
fn what_cannot_be_found_any_more_is_said_once() {
    let disk = MemoryDisk::new();
    let today = "2026-11-21".parse().expect("a day");
    let mut told = Texts { room: 9, ..Texts::default() };
    disk.append(LOG, b"1\n");
    let mut reached = read(&disk, today, LOG, None, &mut told);
    disk.remove(LOG);
    disk.append(LOG, b"2\n");
    for expected in [true, false] {
        reached = read(&disk, today, LOG, reached.place.as_deref(), &mut told);
        assert_eq!(reached.lost, expected);
    }
    assert_eq!(told.all, ["1", "2"]);
}

#[test]
fn a_place_of_something_else_is_none() {
    let disk = MemoryDisk::new();
    disk.append(LOG, b"1\n");
    for wrong in [&b""[..], b"hello", &[0, 0, 2, 7], &[70, 0, 1, 1]] {
        let mut place = Some(wrong.to_vec());
        assert_eq!(round(&disk, &mut place, 9), ["1"]);
    }
}

/// What happens to a log. `looked`: a round comes in the middle of it.
#[derive(Clone, Debug)]
enum Step {
    Write(Vec<Text>),
    /// Renamed; its writer notices after some lines.
    Rename {
        looked: bool,
        late: Vec<Text>,
    },
    /// Copied and truncated.
    Copy {
        looked: bool,
    },
    /// What was rotated so many times is compressed.
    Pack {
        number: usize,
        looked: bool,
    },
    /// So many lines are taken.
    Round(usize),
}

/// A line; most are like others.
#[derive(Clone, Debug)]
enum Text {
    Alike(char),
    Long,
}

fn texts() -> impl Strategy<Value = Vec<Text>> {
    let text = prop_oneof![4 => prop::char::range('a', 'b').prop_map(Text::Alike), 1 => Just(Text::Long)];
    prop::collection::vec(text, 0..4)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => texts().prop_map(Step::Write),
        2 => (any::<bool>(), texts()).prop_map(|(looked, late)| Step::Rename { looked, late }),
        1 => any::<bool>().prop_map(|looked| Step::Copy { looked }),
        2 => (1..6_usize, any::<bool>()).prop_map(|(number, looked)| Step::Pack { number, looked }),
        3 => prop_oneof![0..4_usize, Just(99)].prop_map(Step::Round),
    ]
}

#[derive(Default)]
struct World {
    disk: MemoryDisk,
    place: Option<Vec<u8>>,
    written: Vec<String>,
    told: Vec<String>,
}

impl World {
    fn write(&mut self, name: &[u8], texts: Vec<Text>) {
        for text in texts {
            let line = match text {
                Text::Alike(letter) => letter.to_string(),
                Text::Long => format!("{} {}", self.written.len(), "x".repeat(700)),
            };
            self.disk.append(name, format!("{line}\n").as_bytes());
            self.written.push(line);
        }
    }

    fn round(&mut self, room: usize) {
        self.told.extend(round(&self.disk, &mut self.place, room));
    }

    /// The log becomes number one, the others get higher numbers.
    fn shift(&self) {
        for number in (1..50).rev() {
            for ending in ["", ".gz"] {
                self.disk.rename(&name(number, ending), &name(number + 1, ending));
            }
        }
    }

    fn size(&self, name: &[u8]) -> u64 {
        self.disk.stat(name).map_or(0, |stat| stat.size)
    }

    fn pack(&mut self, number: usize, looked: bool) {
        let (plain, packed) = (name(number, ""), name(number, ".gz"));
        let mut bytes = vec![0; self.size(&plain) as usize];
        let Ok(file) = self.disk.open(&plain) else { return };
        self.disk.read_at(&file, 0, &mut bytes).expect("it is read");
        drop(file);
        let gzip = gzip(&bytes);
        let (first, second) = gzip.split_at(gzip.len() / 2);
        self.disk.append(&packed, first);
        if looked {
            self.round(2);
        }
        self.disk.append(&packed, second);
        self.disk.remove(&plain);
    }

    fn go(&mut self, step: Step) {
        match step {
            Step::Write(texts) => self.write(LOG, texts),
            Step::Rename { looked, late } => {
                self.shift();
                self.disk.rename(LOG, &name(1, ""));
                if looked {
                    self.round(2);
                }
                self.write(&name(1, ""), late);
                self.disk.append(LOG, b"");
            }
            Step::Copy { looked } => {
                self.shift();
                self.disk.copy(LOG, &name(1, ""));
                if looked && self.size(LOG) >= 1024 {
                    self.round(2);
                }
                self.disk.truncate(LOG, 0);
            }
            Step::Pack { number, looked } => self.pack(number, looked),
            Step::Round(room) => self.round(room),
        }
    }
}

fn name(number: usize, ending: &str) -> Vec<u8> {
    [LOG, format!(".{number}{ending}").as_bytes()].concat()
}

/// What is told and what was written, in order, when all is read.
fn outcome(steps: Vec<Step>, has_births: bool) -> (Vec<String>, Vec<String>) {
    let mut world = World::default();
    if !has_births {
        world.disk.forget_births();
    }
    world.disk.append(LOG, b"");
    world.round(0);
    steps.into_iter().for_each(|step| world.go(step));
    world.round(usize::MAX);
    world.round(usize::MAX);
    let World { mut told, mut written, .. } = world;
    told.sort();
    written.sort();
    (told, written)
}

#[test]
fn copies_of_what_begins_like_others_confuse_nothing() {
    let a = || Text::Alike('a');
    let of_a_copy = vec![
        Step::Rename { looked: false, late: vec![] },
        Step::Rename { looked: false, late: vec![a(), a(), a()] },
        Step::Write(vec![Text::Alike('b'), Text::Long, Text::Long]),
        Step::Pack { number: 1, looked: true },
        Step::Copy { looked: true },
        Step::Write(vec![Text::Alike('b')]),
    ];
    let of_another = vec![
        Step::Rename { looked: false, late: vec![a()] },
        Step::Copy { looked: false },
        Step::Write(vec![a(), Text::Long, Text::Long]),
        Step::Pack { number: 1, looked: false },
        Step::Pack { number: 2, looked: true },
        Step::Copy { looked: true },
    ];
    for steps in [of_a_copy, of_another] {
        let (told, written) = outcome(steps, false);
        assert_eq!(told, written);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn each_line_is_told_once_whatever_becomes_of_the_log(
        steps in prop::collection::vec(step(), 0..40),
        has_births in any::<bool>(),
    ) {
        let (told, written) = outcome(steps, has_births);
        prop_assert_eq!(told, written);
    }
}
