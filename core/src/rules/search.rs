//! Correlation: how often something like this event has happened before.
//!
//! A search looks at remembered events, newest first: those of one rule, of
//! one group, or all. What counts, what ends it and what is marked as used up
//! differs between the dialects, so each has its own way through the events
//! ([`Search::ossec`], [`Search::wazuh`]); the lists are the same.
//!
//! Work: each remembered event once at most.

use crate::event::Event;
use crate::image::rows::{RangeRow, RuleRow, rule_flag, search};
use crate::image::{Dialect, Image};
use crate::limits::PREVIOUS_MAX;
use crate::pattern::{Matcher, PatternId};
use crate::rules::condition;
use crate::rules::history::{EventNumber, History, Key, Slot};
use heapless::Vec;

/// What a search has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Events that no later search of this level or below may count.
    pub(super) used_up: [Option<EventNumber>; 2],
    /// Events whose texts the alert quotes, newest first.
    pub(super) texts: Vec<EventNumber, PREVIOUS_MAX>,
}

/// What one earlier event means for a search.
enum Step {
    Skip,
    Count,
    End,
}

/// A search of one rule for one event.
pub(super) struct Search<'s, 'i, 'm, 't> {
    image: &'s Image<'i>,
    history: &'s History<'i, 'm>,
    event: &'s Event<'t>,
    rule: &'s RuleRow,
    /// The agent of the event; `None` for this machine.
    agent: Option<&'s [u8]>,
}

impl<'s, 'i, 'm, 't> Search<'s, 'i, 'm, 't> {
    pub(super) fn new(
        image: &'s Image<'i>,
        history: &'s History<'i, 'm>,
        event: &'s Event<'t>,
        rule: &'s RuleRow,
    ) -> Self {
        Self { image, history, event, rule, agent: Key::Agent.of(event) }
    }

    /// Counts earlier events until there is one more than the rule's
    /// frequency; `None` if there are not so many.
    pub(super) fn run(&self, matcher: &mut impl Matcher) -> Option<Found> {
        let list = self.rule.search_in.get();
        match self.rule.search {
            search::RULE | search::GROUP => {
                let first = self.history.newest_in(list);
                let entries = core::iter::successors(first, |entry| self.history.older(*entry));
                self.through(matcher, entries.map(|entry| entry.event))
            }
            search::HISTORY => self.through(matcher, self.history.newest_first()),
            _ => None,
        }
    }

    fn through(
        &self,
        matcher: &mut impl Matcher,
        events: impl Iterator<Item = EventNumber>,
    ) -> Option<Found> {
        let mut found = Found::default();
        let mut newest = None;
        let mut count = 0;
        for number in events {
            let slot = self.history.get(number)?;
            let step = match self.image.dialect() {
                Dialect::Ossec => {
                    // The newest of the list is marked, whether it counts or not.
                    newest = newest.or(Some(number));
                    self.ossec(matcher, slot)
                }
                Dialect::Wazuh => self.wazuh(matcher, slot),
            };
            match step {
                Step::End => return None,
                Step::Skip => continue,
                Step::Count => {}
            }
            let completes = count >= self.rule.frequency.get();
            if !completes || self.quotes_the_last() {
                // More than fit are not quoted.
                let _ = found.texts.push(number);
            }
            if completes {
                let last = (self.image.dialect() == Dialect::Ossec).then_some(number);
                found.used_up = [last, newest];
                return Some(found);
            }
            newest = newest.or(Some(number));
            count += 1;
        }
        None
    }

    /// Whether the event that completes a search is quoted too.
    fn quotes_the_last(&self) -> bool {
        self.rule.search == search::RULE
            || (self.rule.search == search::GROUP && self.image.dialect() == Dialect::Wazuh)
    }

    fn is_too_old(&self, slot: &Slot) -> bool {
        self.event.now.epoch - slot.time > i64::from(self.rule.timeframe.get())
    }

    fn is_used_up(&self, slot: &Slot) -> bool {
        slot.mark >= self.rule.level.get()
    }

    /// Whether a search in all of history wants an event at all.
    fn is_wanted(&self, matcher: &mut impl Matcher, slot: &Slot) -> bool {
        self.rule.search != search::HISTORY
            || (slot.category == self.event.category as u8
                && matcher.is_match(PatternId(self.rule.search_in.get()), self.history.log(slot)))
    }

    /// QUIRK: a mark of an earlier search ends this one, even on an event that
    /// would not count (OSSEC 4.3).
    fn ossec(&self, matcher: &mut impl Matcher, slot: &Slot) -> Step {
        if self.is_too_old(slot) || self.is_used_up(slot) {
            Step::End
        } else if self.is_wanted(matcher, slot) && self.compares_as_ossec(slot) {
            Step::Count
        } else {
            Step::Skip
        }
    }

    /// Whether an earlier event agrees with this one in what must be the same,
    /// and differs in what must differ. A value that is missing on either side
    /// does neither.
    fn compares_as_ossec(&self, slot: &Slot) -> bool {
        let (mut same, mut different) = (self.rule.same.get(), self.rule.different.get());
        if self.rule.search == search::HISTORY {
            // QUIRK: not looked at in this search.
            same &= !(Key::SrcPort.bit() | Key::DstPort.bit() | Key::Host.bit());
        }
        different &= !Key::SrcIp.bit();
        let pair = |key: Key| Some((self.history.key(slot, key)?, key.of(self.event)?));
        Key::of_mask(same).all(|key| pair(key).is_some_and(|(earlier, now)| earlier == now))
            && Key::of_mask(different).all(|key| pair(key).is_some_and(|(earlier, now)| earlier != now))
    }

    /// Wazuh counts the events of one agent, and a mark ends the search only
    /// on an event that would count.
    ///
    /// QUIRK: an event of another agent ends a search in all of history.
    fn wazuh(&self, matcher: &mut impl Matcher, slot: &Slot) -> Step {
        if self.is_too_old(slot) {
            return Step::End;
        }
        if !self.is_of_this_agent(slot) {
            return if self.rule.search == search::HISTORY { Step::End } else { Step::Skip };
        }
        if !self.is_wanted(matcher, slot) || !self.compares_as_wazuh(slot) {
            return Step::Skip;
        }
        if self.is_used_up(slot) { Step::End } else { Step::Count }
    }

    fn is_of_this_agent(&self, slot: &Slot) -> bool {
        self.rule.flags.get() & rule_flag::GLOBAL_FREQUENCY != 0
            || (slot.from_agent == self.agent.is_some()
                && (!slot.from_agent || self.history.key(slot, Key::Agent) == self.agent))
    }

    /// Whether an earlier event agrees with this one in all that must be the
    /// same, and nowhere in what must differ: what is missing on either side
    /// differs.
    fn compares_as_wazuh(&self, slot: &Slot) -> bool {
        let equal = |key: Key| {
            let (earlier, now) = (self.history.key(slot, key), key.of(self.event));
            earlier.is_some() && earlier == now
        };
        Key::of_mask(self.rule.same.get()).all(equal)
            && !Key::of_mask(self.rule.different.get()).any(equal)
            && self.fields(self.rule.same_fields).all(|name| self.field_is_equal(slot, name))
            && self.fields_differ(slot)
    }

    /// QUIRK: two events without any dynamic fields do not differ.
    fn fields_differ(&self, slot: &Slot) -> bool {
        let mut names = self.fields(self.rule.different_fields).peekable();
        let neither = !slot.dynamic && !condition::has_dynamic(self.image, self.event);
        names.peek().is_none() || (!neither && !names.any(|name| self.field_is_equal(slot, name)))
    }

    fn fields(&self, range: RangeRow) -> impl Iterator<Item = u16> {
        self.image.range(self.image.index, range).iter().map(|row| row.get())
    }

    fn field_is_equal(&self, slot: &Slot, name: u16) -> bool {
        let earlier = self.history.dynamic(slot, name);
        let now = condition::dynamic(self.image, self.event, self.image.name(name));
        earlier.is_some() && earlier == now
    }
}
