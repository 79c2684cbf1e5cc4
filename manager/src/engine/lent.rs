//! All that a court remembers, in memory that lives longer than the court.
//!
//! A court works in it and leaves there what it remembers, so that another
//! one goes on where it has ended: with the same rules as it is
//! ([`Court::resume`](super::session::Court::resume)), with others as
//! [carried over](Lent::carried_over).

use super::Ruleset;
use super::memory::{Kept, MemoryOptions};
use bartizan_core::decode::accumulate::{Accumulator, Carried};
use bartizan_core::rules::history::{History, Link, Memory, Queue, Slot, Standing};
use bartizan_core::rules::judge::RuleState;
use std::io;

/// Bytes for the texts of remembered events: 1 KiB each on average, with the
/// default number of them.
const HISTORY_BYTES: usize = 8 << 20;
const CARRIED_MAX: usize = 256;

/// Memory that a court works in, for one ruleset.
#[derive(Debug)]
pub struct Lent {
    slots: Vec<Slot>,
    links: Vec<Link>,
    queues: Vec<Queue>,
    bytes: Vec<u8>,
    at: Standing,
    states: Vec<RuleState>,
    carried: Vec<Carried>,
    kept: Kept,
}

/// What a court is made of.
pub(super) struct Parts<'m> {
    pub(super) history: Memory<'m>,
    pub(super) states: &'m mut [RuleState],
    pub(super) carried: &'m mut [Carried],
    pub(super) kept: &'m mut Kept,
}

impl Lent {
    /// As much as a ruleset needs, with nothing in it.
    pub fn new(ruleset: &Ruleset) -> Self {
        let image = ruleset.image();
        let slots = ruleset.settings.memory_size;
        let mut new = Self {
            slots: vec![Slot::default(); slots],
            links: vec![Link::default(); slots * 2],
            queues: vec![Queue::default(); usize::from(image.header.settings.lists.get())],
            bytes: vec![0; HISTORY_BYTES],
            at: Standing::default(),
            states: vec![RuleState::default(); image.rules.len()],
            carried: vec![Carried::default(); CARRIED_MAX],
            kept: Kept::default(),
        };
        new.parts().history.clear();
        new
    }

    /// The same with what is kept in the home folder.
    ///
    /// # Errors
    /// A file of the home folder cannot be read or written.
    pub fn open(ruleset: &Ruleset, options: &MemoryOptions) -> io::Result<Self> {
        Ok(Self { kept: Kept::open(options)?, ..Self::new(ruleset) })
    }

    /// Forgets everything and begins with what is kept in the home folder.
    pub(super) fn begin(&mut self, options: &MemoryOptions) -> io::Result<()> {
        self.kept = Kept::open(options)?;
        self.states.fill(RuleState::default());
        Accumulator::new(&mut self.carried);
        self.parts().history.clear();
        Ok(())
    }

    /// What is remembered, for other rules. `rows` has for each row of an old
    /// rule that of the new rule that is the same, if there is one; what is
    /// remembered of a rule by itself goes on with that.
    ///
    /// Costs the copying of what is remembered: at the default size, full, a
    /// few milliseconds.
    #[must_use]
    pub fn carried_over(mut self, old: &Ruleset, new: &Ruleset, rows: &[Option<u16>]) -> Self {
        let row = |old: u16| rows.get(usize::from(old)).copied().flatten();
        let mut next = Self::new(new);
        for (state, row) in self.states.iter().zip(rows) {
            let place = row.and_then(|row| next.states.get_mut(usize::from(row)));
            place.into_iter().for_each(|place| *place = *state);
        }
        let before = History::resume(old.image(), self.parts().history);
        History::resume(new.image(), next.parts().history).adopt(&before, row);
        Self { carried: self.carried, kept: self.kept, ..next }
    }

    pub(super) fn parts(&mut self) -> Parts<'_> {
        let Self { slots, links, queues, bytes, at, states, carried, kept } = self;
        Parts { history: Memory { slots, links, queues, bytes, at }, states, carried, kept }
    }
}
