//! A program without std, heap and unwinding that judges one line with the
//! core: it links, and what it links is all that the core needs.
#![no_std]
#![forbid(unsafe_code)]

use bartizan_core::decode::accumulate::{self, Accumulator, Carried};
use bartizan_core::decode::decode;
use bartizan_core::event::{Event, Known, Moment, Origin};
use bartizan_core::image::{Image, ImageError};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::pattern::{Machine, Matcher, Scratch};
use bartizan_core::predecode;
use bartizan_core::rules::history::{History, Memory};
use bartizan_core::rules::judge::{Host, Judge, Manner, RuleState};
use bartizan_core::rules::walk::{self, Candidates};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// A host that remembers nothing.
struct Forgets;

impl Host for Forgets {
    fn is_new(&mut self, _: &[u8], _: bool) -> bool {
        true
    }
    fn differs(&mut self, _: &Event<'_>, _: u32) -> bool {
        false
    }
    fn has_list(&self, _: u16) -> bool {
        false
    }
    fn look_up(&self, _: u16, _: &[u8]) -> Option<&[u8]> {
        None
    }
    fn is_ignored(&mut self, _: &[u8]) -> bool {
        false
    }
    fn ignore(&mut self, _: &[u8]) {}
}

/// All memory that judging needs.
pub struct Lent<'m> {
    scratch: Scratch<'m>,
    memory: Memory<'m>,
    states: &'m mut [RuleState],
    carried: &'m mut [Carried],
    known: &'m mut Known,
    found: &'m mut Candidates,
}

/// The rule that fires for a line, by its number; 0 for none.
fn judge(image: &[u8], line: &[u8], lent: Lent<'_>) -> Result<u32, ImageError> {
    let image = Image::load(image)?;
    let Ok(mut machine) = Machine::new(image.patterns, lent.scratch) else { return Ok(0) };
    let mut judge = Judge::new(image, History::new(image, lent.memory), lent.states, Manner::Daemon);
    let mut buffer = [0; TEXT_MAX];
    let text = predecode::clean(line, image.dialect(), &mut buffer);
    let origin = Origin { location: b"log", local_host: b"", now: Moment::default() };
    let mut event = Event::new(text, origin, lent.known);
    predecode::read(&mut event, image.dialect());
    machine.begin(event.log());
    decode(&image, &mut machine, &mut event);
    if accumulate::applies(&image, &event) {
        Accumulator::new(lent.carried).complete(&image, &mut event);
    }
    walk::find(&image, &mut machine, &event, lent.found);
    let verdict = judge.settle(&event, lent.found, &mut machine, &mut Forgets);
    judge.remember(&event, &verdict);
    let rule = verdict.rule.and_then(|row| image.rule(row));
    Ok(rule.map_or(0, |rule| rule.id.get()))
}

/// What the library is entered by.
type Entry = fn(&[u8], &[u8], Lent<'_>) -> Result<u32, ImageError>;

/// Keeps the entry, and all that it needs, in the library.
#[used]
pub static ENTRY: Entry = judge;
