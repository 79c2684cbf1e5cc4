//! Any lines through the built-in rules, from the header to the alert. The
//! two ways to judge (candidates first, or the whole tree at once) must give
//! the same verdict, and both layouts of the alert must be writable.
//!
//! Input: one byte for where the lines come from, then lines.
#![no_main]

use bartizan::alert::{Alert, AlertId, Entry};
use bartizan::diagnose::{Diagnostics, Sources};
use bartizan::engine::session::{EngineOptions, Lent, Session};
use bartizan::engine::{Ruleset, Settings};
use bartizan::outputs::clock::LocalClock;
use bartizan::outputs::{json, text};
use bartizan::ruleset::{self, RulesFrom};
use bartizan_core::event::{Event, Field, Known, Moment, Origin};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode;
use bartizan_core::rules::judge::Verdict;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Locations: a file, an agent's file, an agent's name that does not end, and
/// none.
const LOCATIONS: [&[u8]; 4] = [b"/var/log/messages", b"(web1) 192.0.2.7->/var/log/messages", b"(web1", b""];

/// Lines of one input: more would only be slow.
const LINES_MAX: usize = 40;

/// The built-in rules, with a history short enough to run over.
static RULES: LazyLock<Ruleset> = LazyLock::new(|| {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let loaded = ruleset::load(&RulesFrom::BuiltIn, &mut sources, &mut report);
    let mut ruleset = loaded.expect("the built-in rules compile").ruleset;
    ruleset.settings = Settings { memory_size: 16, ..ruleset.settings };
    ruleset
});

/// Everything of a verdict that can be seen from outside.
fn visible(verdict: &Verdict) -> impl PartialEq + std::fmt::Debug {
    (verdict.rule, verdict.fate, verdict.fired, verdict.previous.clone())
}

/// All fields of an event can be read.
fn fields(event: &Event<'_>) -> Vec<Option<Vec<u8>>> {
    assert!(event.log.end() <= event.text.len());
    let fixed = Field::ALL.into_iter().map(|field| event.field(field));
    let image = RULES.image();
    let dynamic = event.dynamic(&image).map(|(_, value)| Some(value));
    fixed
        .chain(dynamic)
        .chain([Some(event.hostname()), event.program_name()])
        .map(|v| v.map(<[u8]>::to_vec))
        .collect()
}

fn write(session: &Session<'_, '_>, event: &Event<'_>, verdict: &Verdict, clock: &mut LocalClock) {
    let previous = session.court.previous(verdict);
    let id = AlertId { epoch: event.now.epoch, ticket: 1 };
    let alert = Alert::new(&session.court.image, event, verdict, previous, id, clock.local(event.now.epoch));
    let mut out = Vec::new();
    text::write_alert(&mut out, &alert);
    text::write_archive(&mut out, &alert);
    text::write_firewall(&mut out, &alert);
    json::write_alert(&mut out, &alert);
    json::write_archive(&mut out, &alert);
    assert_eq!(Entry::new(&alert).alert(), alert, "the store gives back what it was given");
}

fuzz_target!(|data: &[u8]| {
    let Some((first, log)) = data.split_first() else { return };
    let location = LOCATIONS[usize::from(first % 4)];
    let options = EngineOptions::default();
    let (mut lent, mut lent_whole) = (Lent::new(&RULES), Lent::new(&RULES));
    let mut halves = Session::new(&RULES, &mut lent, &options).expect("no file is opened");
    let mut whole = Session::new(&RULES, &mut lent_whole, &options).expect("no file is opened");
    let (mut known, mut known_whole) = (Known::default(), Known::default());
    let mut clock = LocalClock::default();
    for (epoch, line) in (1_700_000_000..).zip(log.split(|byte| *byte == b'\n').take(LINES_MAX)) {
        let mut buffer = [0; TEXT_MAX];
        let text = predecode::clean(line, RULES.image().dialect(), &mut buffer);
        let origin =
            || Origin { location, local_host: b"here", now: Moment { epoch, minute: 600, weekday: 2 } };
        let mut event = Event::new(text, origin(), &mut known);
        let verdict = halves.judge(&mut event);
        let mut other = Event::new(text, origin(), &mut known_whole);
        whole.understanding.decode(&mut other);
        let verdict_whole = whole.court.evaluate(&mut other, &mut |_| {});
        assert_eq!(visible(&verdict), visible(&verdict_whole), "the two ways to judge disagree");
        assert_eq!(fields(&event), fields(&other));
        write(&halves, &event, &verdict, &mut clock);
        halves.court.remember(&event, &verdict);
        whole.court.remember(&other, &verdict_whole);
    }
});
