//! Hostile bytes as a compiled ruleset: the core refuses them or can judge
//! with them, in bounded time and memory and without a panic.
//!
//! Input: one byte for the mode, then
//! * mode 0: an image, as it is (mostly the checksum refuses it),
//! * mode 1: an image whose length and checksum are mended,
//! * mode 2: edits of a real image, each a 16-bit offset from the image's
//!   start, a count and that many bytes; then length and checksum are mended,
//! * mode 3: the same with an image of Wazuh's dialect.
//!
//! The real images are compiled from `base/` when the target starts, so that
//! they always have the layout of today.
#![no_main]

use bartizan::compile::{Files, Settings, compile};
use bartizan::diagnose::{Colour, Diagnostics, Sources};
use bartizan::xml::{Syntax, read};
use bartizan_core::decode::accumulate::{self, Accumulator, Carried};
use bartizan_core::decode::decode;
use bartizan_core::event::{Event, Known, Moment, Origin};
use bartizan_core::image::{Dialect, HeaderRow, Image, checksum};
use bartizan_core::limits::{FRAMES_MAX, MEMO_WORDS_MAX};
use bartizan_core::pattern::{Frame, Machine, Matcher, Scratch};
use bartizan_core::predecode;
use bartizan_core::rules::history::{History, Link, Memory, Queue, Slot, Standing};
use bartizan_core::rules::judge::{Host, Judge, Manner, RuleState};
use bartizan_core::rules::walk::{self, Candidates};
use libfuzzer_sys::{Corpus, fuzz_target};
use std::collections::HashSet;
use std::sync::LazyLock;

/// Lines that the base image has something to say of.
const LINES: [&[u8]; 6] = [
    b"Dec 29 10:00:01 host sshd[7]: Failed password for root from 192.0.2.7 port 22 ssh2",
    b"Dec 29 10:00:02 host sshd[7]: Failed password for root from 192.0.2.7 port 22 ssh2",
    b"Dec 29 10:00:03 host kernel: DROP SRC=192.0.2.7 DST=192.0.2.9 PROTO=TCP SPT=1 DPT=2",
    b"ossec: output: 'df -h': 99%",
    b"{\"a\":{\"b\":\"x\"}}",
    b"nothing that anybody knows \xff",
];

/// A small image with something in every table.
static BASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (decoders, rules) = (include_str!("../base/decoders.xml"), include_str!("../base/rules.xml"));
    base(Dialect::Ossec, &Syntax::OSSEC, decoders, rules)
});

/// The same of Wazuh's.
static WAZUH: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let decoders = include_str!("../base/wazuh-decoders.xml");
    base(Dialect::Wazuh, &Syntax::WAZUH, decoders, include_str!("../base/wazuh-rules.xml"))
});

fn base(dialect: Dialect, syntax: &Syntax, decoders: &str, rules: &str) -> Vec<u8> {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let mut document = |name: &str, text: &str| {
        let file = sources.add(name, text);
        read(syntax, &sources, file, &mut report)
    };
    let files = Files {
        decoders: vec![document("decoders.xml", decoders)],
        rules: vec![document("rules.xml", rules)],
        lists: vec![b"lists/known".to_vec()],
    };
    let compiled = compile(&files, &Settings { dialect, ..Settings::default() }, &mut report);
    compiled.unwrap_or_else(|| panic!("{}", report.render(&sources, Colour::None))).image
}

/// A host that remembers what it is told.
#[derive(Default)]
struct Remembers {
    keys: HashSet<Vec<u8>>,
    ignored: HashSet<Vec<u8>>,
}

impl Host for Remembers {
    fn is_new(&mut self, key: &[u8], _: bool) -> bool {
        self.keys.insert(key.to_vec())
    }
    fn differs(&mut self, event: &Event<'_>, rule: u32) -> bool {
        self.keys.insert([event.log(), &rule.to_le_bytes()].concat())
    }
    fn has_list(&self, list: u16) -> bool {
        list.is_multiple_of(2)
    }
    fn look_up(&self, _: u16, key: &[u8]) -> Option<&[u8]> {
        key.len().is_multiple_of(2).then_some(b"value")
    }
    fn is_ignored(&mut self, line: &[u8]) -> bool {
        self.ignored.contains(line)
    }
    fn ignore(&mut self, line: &[u8]) {
        self.ignored.insert(line.to_vec());
    }
}

/// The image that an input stands for.
fn bytes(data: &[u8]) -> Option<Vec<u8>> {
    let (mode, rest) = data.split_first()?;
    match mode % 4 {
        0 => Some(rest.to_vec()),
        1 => mended(rest.to_vec()),
        2 => mended(edited(&BASE, rest)),
        _ => mended(edited(&WAZUH, rest)),
    }
}

/// A base image with edits; those outside it count for nothing.
fn edited(base: &[u8], mut edits: &[u8]) -> Vec<u8> {
    let mut image = base.to_vec();
    while let [low, high, count, rest @ ..] = edits {
        let new = rest.get(..usize::from(*count)).unwrap_or(rest);
        let start = usize::from(u16::from_le_bytes([*low, *high]));
        for (old, new) in image.iter_mut().skip(start).zip(new) {
            *old = *new;
        }
        edits = rest.get(new.len()..).unwrap_or(b"");
    }
    image
}

/// With the length and the checksum that its bytes should have.
fn mended(mut image: Vec<u8>) -> Option<Vec<u8>> {
    let sum = checksum(image.get(size_of::<HeaderRow>()..)?);
    let len = u32::try_from(image.len()).ok()?;
    image.get_mut(8..12)?.copy_from_slice(&len.to_le_bytes());
    image.get_mut(12..16)?.copy_from_slice(&sum.to_le_bytes());
    Some(image)
}

fn judge_lines(image: Image<'_>) {
    let need = image.patterns.scratch_needed();
    assert!(need.memo_words <= MEMO_WORDS_MAX && need.stack_frames <= FRAMES_MAX);
    let (mut memo, mut stack) = (vec![0; need.memo_words], vec![Frame::default(); need.stack_frames]);
    let scratch = Scratch { memo: &mut memo, stack: &mut stack };
    let mut machine = Machine::new(image.patterns, scratch).expect("as much memory as was asked for");
    let (mut slots, mut links) = (vec![Slot::default(); 4], vec![Link::default(); 6]);
    let mut queues = vec![Queue::default(); usize::from(image.header.settings.lists.get())];
    let mut states = vec![RuleState::default(); image.rules.len()];
    let (mut texts, mut carried) = (vec![0; 512], vec![Carried::default(); 4]);
    let mut at = Standing::default();
    let memory =
        Memory { slots: &mut slots, links: &mut links, queues: &mut queues, bytes: &mut texts, at: &mut at };
    let mut judge = Judge::new(image, History::new(image, memory), &mut states, Manner::Daemon);
    let mut accumulator = Accumulator::new(&mut carried);
    let (mut host, mut known, mut found) = (Remembers::default(), Known::default(), Candidates::default());
    for (epoch, text) in (1_700_000_000..).zip(LINES.iter().cycle().take(2 * LINES.len())) {
        let now = Moment { epoch, minute: 600, weekday: 2 };
        let mut event =
            Event::new(text, Origin { location: b"/var/log/messages", local_host: b"here", now }, &mut known);
        predecode::read(&mut event, image.dialect());
        machine.begin(event.log());
        decode(&image, &mut machine, &mut event);
        if accumulate::applies(&image, &event) {
            accumulator.complete(&image, &mut event);
        }
        walk::find(&image, &mut machine, &event, &mut found);
        let verdict = judge.settle(&event, &found, &mut machine, &mut host);
        judge.remember(&event, &verdict);
        let verdict = judge.evaluate(&event, &mut machine, &mut host, &mut |_| {});
        judge.remember(&event, &verdict);
    }
    carry_over(image, &judge.history);
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some(bytes) = bytes(data) else { return Corpus::Reject };
    if let Ok(image) = Image::load(&bytes) {
        judge_lines(image);
    }
    Corpus::Keep
});

/// What was remembered goes on with the rules of the base, in less memory.
fn carry_over(image: Image<'_>, history: &History<'_, '_>) {
    let base = Image::load(&BASE).expect("it was loaded before");
    for (image, slots, bytes) in [(image, 4, 512), (image, 3, 400), (base, 4, 512), (base, 2, 200)] {
        let (mut slots, mut links) = (vec![Slot::default(); slots], vec![Link::default(); 5]);
        let mut queues = vec![Queue::default(); usize::from(image.header.settings.lists.get())];
        let (mut texts, mut at) = (vec![0; bytes], Standing::default());
        let memory = Memory {
            slots: &mut slots,
            links: &mut links,
            queues: &mut queues,
            bytes: &mut texts,
            at: &mut at,
        };
        let mut next = History::new(image, memory);
        next.adopt(history, |row| (row % 3 != 0).then_some(row / 2));
        assert!(next.len() <= history.len());
    }
}
