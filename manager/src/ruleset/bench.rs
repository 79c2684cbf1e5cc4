//! Where the cases of rule tests are judged.
//!
//! Every case begins without memories. So cases are independent: threads share
//! them, and the answers do not depend on how many there are. Each thread has
//! one engine, which forgets everything between two cases; to make a new one
//! costs more than most cases do.

use super::ini::{Case, Triple};
use crate::engine::Ruleset;
use crate::engine::session::{Lent, Session};
use crate::sources::local_host;
use crate::workshop::coverage::Reached;
use bartizan_core::event::{Event, Field, Known, Moment, Origin};
use bartizan_core::image::Image;
use bartizan_core::image::rows::{ConditionRow, RuleRow, condition};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode;
use bartizan_core::rules::history::Key;
use bartizan_core::rules::judge::{Manner, Step};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Cases that a thread takes at once.
const LOT: usize = 16;

/// Why a case is skipped that [`lacks_places`].
pub const NO_PLACES: &str = "its rule asks where addresses are, and no database of places is given";

/// Whether the rule of a case asks where addresses are, and nobody knows. Its
/// answer would say nothing about the rules.
pub fn lacks_places(ruleset: &Ruleset, case: &Case) -> bool {
    let image = ruleset.image();
    let asks = || {
        let row = image.find_rule(case.expected.rule.parse().ok()?)?;
        Some(asks_where(&image, image.rule(row)?))
    };
    ruleset.atlas.is_none() && asks().unwrap_or(false)
}

/// Whether a rule looks at the place of an address, or compares places.
fn asks_where(image: &Image<'_>, rule: &RuleRow) -> bool {
    let places = [Field::SrcGeo as u8, Field::DstGeo as u8];
    let keys = Key::SrcGeo.bit() | Key::DstGeo.bit();
    let looks = |row: &ConditionRow| row.kind == condition::PATTERN && places.contains(&row.option);
    (rule.same.get() | rule.different.get()) & keys != 0
        || image.range(image.conditions, rule.conditions).iter().any(looks)
}

/// The answers to cases, in their order, if all is judged at one moment. Notes
/// also which rules and decoders their lines reach, if somebody asks.
pub fn answers(ruleset: &Ruleset, cases: &[Case], now: Moment, reached: Option<&mut Reached>) -> Vec<Triple> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    answers_by(processors, ruleset, cases, now, reached)
}

/// The same by so many threads at most.
fn answers_by(
    threads: usize,
    ruleset: &Ruleset,
    cases: &[Case],
    now: Moment,
    reached: Option<&mut Reached>,
) -> Vec<Triple> {
    let mut answers = vec![Triple::default(); cases.len()];
    let lots = Mutex::new(cases.chunks(LOT).zip(answers.chunks_mut(LOT)));
    let next = || lots.lock().unwrap_or_else(PoisonError::into_inner).next();
    let notes = reached.is_some();
    let mut noted = vec![Reached::default(); threads.min(cases.len().div_ceil(LOT))];
    thread::scope(|scope| {
        for reached in &mut noted {
            scope.spawn(move || {
                let mut lent = Lent::new(ruleset);
                let mut bench = Bench::new(ruleset, &mut lent, now);
                while let Some((cases, answers)) = next() {
                    for (case, answer) in cases.iter().zip(answers) {
                        *answer = bench.answer(case, notes.then_some(&mut *reached));
                    }
                }
            });
        }
    });
    if let Some(all) = reached {
        noted.into_iter().for_each(|more| all.add(more));
    }
    answers
}

/// The engine of one thread.
struct Bench<'r, 'm> {
    session: Session<'r, 'm>,
    known: Known,
    host: String,
    now: Moment,
}

impl<'r, 'm> Bench<'r, 'm> {
    fn new(ruleset: &'r Ruleset, lent: &'m mut Lent, now: Moment) -> Self {
        let session = Session::resume(ruleset, lent, Manner::Test);
        Self { session, known: Known::default(), host: local_host(), now }
    }

    /// The answer to the last line of a case.
    fn answer(&mut self, case: &Case, mut reached: Option<&mut Reached>) -> Triple {
        self.session.court.forget();
        let mut last = Triple::default();
        for log in &case.logs {
            last = self.judge(log, case.stage.as_deref(), reached.as_deref_mut());
        }
        last
    }

    /// The answer to a line, which is remembered.
    fn judge(&mut self, log: &[u8], stage: Option<&str>, mut reached: Option<&mut Reached>) -> Triple {
        let Self { session, known, host, now } = self;
        let dialect = session.court.image.dialect();
        let mut buffer = [0; TEXT_MAX];
        let text = predecode::clean(log, dialect, &mut buffer);
        let origin = Origin { location: b"stdin", local_host: host.as_bytes(), now: *now };
        let mut event = Event::new(text, origin, known);
        let traces = reached.is_some();
        let mut note = |step: Step<'_>| reached.iter_mut().for_each(|reached| reached.note(step));
        let verdict = match stage {
            Some(stage) => session.judge_finding(&mut event, stage, &mut note),
            None if !traces => session.judge(&mut event),
            None => {
                session.understanding.decode(&mut event);
                session.court.evaluate(&mut event, &mut note)
            }
        };
        reached.iter_mut().for_each(|reached| reached.conclude(&event, &verdict));
        session.court.remember(&event, &verdict);
        let image = &session.court.image;
        let rule = verdict.rule.and_then(|row| image.rule(row));
        let rule = rule.map(|rule| (rule.id.get(), rule.level.get()));
        Triple::of(dialect, rule, image.decoder_name(event.decoder))
    }
}

#[cfg(test)]
mod tests;
