//! Correlation: how often something like this event has happened before.
//!
//! A search looks at remembered events, newest first: those of one rule, of
//! one group, or all. What counts, what ends it and what is marked as used up
//! differs between the dialects, so each has its own way through the events
//! ([`Search::ossec`], [`Search::wazuh`]); the lists are the same.
//!
//! Work: each remembered event once at most.

use crate::event::{Copies, Event};
use crate::image::rows::{RangeRow, RuleRow, rule_flag, search};
use crate::image::{Dialect, Image};
use crate::limits::PREVIOUS_MAX;
use crate::pattern::{Matcher, PatternId};
use crate::rules::condition;
use crate::rules::distinct::Distinct;
use crate::rules::history::{EventNumber, History, Key, Slot, print};
use heapless::Vec;

/// What a search has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Events that no later search of this level or below may count.
    pub(super) used_up: [Option<EventNumber>; 2],
    /// Events whose texts the alert quotes, newest first.
    pub(super) texts: Vec<EventNumber, PREVIOUS_MAX>,
}

/// What a search makes of an earlier event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It counts.
    Counts,
    /// It is not one that the rule looks for.
    Other,
    /// What must be the same differs, or what must differ is the same.
    Unlike,
    /// It is too old: the search ends here.
    TooOld,
    /// A rule of this level or a higher one has used it up: the search ends
    /// here.
    UsedUp,
    /// It is of another agent, which ends the search here.
    Elsewhere,
}

/// A search of one rule for one event.
pub(super) struct Search<'s, 'i, 'm, 't> {
    image: &'s Image<'i>,
    history: &'s History<'i, 'm>,
    event: &'s Event<'t>,
    rule: &'s RuleRow,
    /// Whether the packets of the event itself count, or it once.
    pub(super) counts_packets: bool,
    /// The agent of the event; `None` for this machine.
    agent: Option<&'s [u8]>,
    compared: Compared<'s>,
    /// Dynamic fields are compared, too.
    compares_fields: bool,
}

/// Values of the event that are compared with those of earlier ones.
type Values<'s> = Vec<Now<'s>, { Key::COUNT }>;

/// A value of the event.
struct Now<'s> {
    /// Of the earlier values ([`History::number_of`]).
    number: usize,
    value: &'s [u8],
    print: u8,
}

impl Now<'_> {
    fn is_of(&self, history: &History<'_, '_>, slot: &Slot) -> bool {
        history.is_value(slot, self.number, self.value, self.print)
    }
}

/// What a rule compares, made ready for many earlier events.
struct Compared<'s> {
    same: Values<'s>,
    different: Values<'s>,
    /// The event lacks a value without which no earlier event counts.
    is_hopeless: bool,
}

impl<'s> Compared<'s> {
    fn new(image: &Image<'_>, history: &History<'_, '_>, event: &'s Event<'_>, rule: &RuleRow) -> Self {
        let dialect = image.dialect();
        let (mut same, mut different) = (rule.same.get(), rule.different.get());
        if dialect == Dialect::Ossec {
            different &= !Key::SrcIp.bit();
            if rule.search == search::HISTORY {
                // QUIRK: not looked at in this search.
                same &= !(Key::SrcPort.bit() | Key::DstPort.bit() | Key::Host.bit());
            }
        }
        let value = |key: Key| {
            let (number, value) = (history.number_of(key)?, key.of(event)?);
            Some(Now { number, value, print: print(value) })
        };
        let values = |mask| -> Values<'s> { Key::of_mask(mask).filter_map(value).collect() };
        let (all_same, all_different) = (Key::of_mask(same).count(), Key::of_mask(different).count());
        let (same, different) = (values(same), values(different));
        let has_field = |name| condition::dynamic(image, event, image.name(name)).is_some();
        let is_hopeless = same.len() < all_same
            || (dialect == Dialect::Ossec && different.len() < all_different)
            || !names(image, rule.same_fields).all(has_field);
        Self { same, different, is_hopeless }
    }
}

impl<'s, 'i, 'm, 't> Search<'s, 'i, 'm, 't> {
    pub(super) fn new(
        image: &'s Image<'i>,
        history: &'s History<'i, 'm>,
        event: &'s Event<'t>,
        rule: &'s RuleRow,
    ) -> Self {
        Self {
            image,
            history,
            event,
            rule,
            counts_packets: true,
            agent: Key::Agent.of(event),
            compared: Compared::new(image, history, event, rule),
            compares_fields: rule.same_fields.len.get() > 0 || rule.different_fields.len.get() > 0,
        }
    }

    /// Counts earlier events until there is one more than the rule's
    /// frequency; `None` if there are not so many. Whoever observes hears of
    /// each, else none is looked at if none can count.
    pub(super) fn run(
        &self,
        matcher: &mut impl Matcher,
        observe: Option<&mut dyn FnMut(EventNumber, Seen)>,
    ) -> Option<Found> {
        let list = self.rule.search_in.get();
        match self.rule.search {
            search::RULE | search::GROUP => {
                let first = self.history.newest_in(list);
                let entries = core::iter::successors(first, |entry| self.history.older(*entry));
                self.through(matcher, entries.map(|entry| entry.event), observe)
            }
            search::HISTORY => self.through(matcher, self.history.newest_first(), observe),
            _ => None,
        }
    }

    fn through(
        &self,
        matcher: &mut impl Matcher,
        events: impl Iterator<Item = EventNumber>,
        mut observe: Option<&mut dyn FnMut(EventNumber, Seen)>,
    ) -> Option<Found> {
        let mut found = Found::default();
        let mut distinct = Distinct::default();
        let mut newest = None;
        let most = u32::from(self.rule.frequency.get());
        let mut count = self.own(&mut distinct);
        if count > most {
            return Some(found);
        }
        if self.compared.is_hopeless && observe.is_none() {
            return None;
        }
        for number in events {
            let slot = self.history.get(number)?;
            let seen = match self.image.dialect() {
                Dialect::Ossec => {
                    // The newest of the list is marked, whether it counts or not.
                    newest = newest.or(Some(number));
                    self.ossec(matcher, slot)
                }
                Dialect::Wazuh => self.wazuh(matcher, slot),
            };
            let times = match seen {
                Seen::Counts => {
                    weight(&slot.copies, self.rule).min(distinct.count(self.history, self.rule, number))
                }
                _ => 0,
            };
            let seen = if seen == Seen::Counts && times == 0 { Seen::Unlike } else { seen };
            if let Some(observe) = &mut observe {
                observe(number, seen);
            }
            match seen {
                Seen::TooOld | Seen::UsedUp | Seen::Elsewhere => return None,
                Seen::Other | Seen::Unlike => continue,
                Seen::Counts => {}
            }
            count = count.saturating_add(times);
            let completes = count > most;
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
        }
        None
    }

    /// What this event has beyond itself, its further packets, counts as if it
    /// had come before. A search in all events asks no more of this one than
    /// that it is there.
    fn own(&self, distinct: &mut Distinct) -> u32 {
        let own = distinct.begin(self.event, self.rule).min(weight(&self.event.copies, self.rule));
        let counts = self.counts_packets && self.rule.search != search::HISTORY;
        if counts { own.saturating_sub(1) } else { 0 }
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
    fn ossec(&self, matcher: &mut impl Matcher, slot: &Slot) -> Seen {
        match () {
            () if self.is_too_old(slot) => Seen::TooOld,
            () if self.is_used_up(slot) => Seen::UsedUp,
            () if !self.is_wanted(matcher, slot) => Seen::Other,
            () if !self.compares_as_ossec(slot) => Seen::Unlike,
            () => Seen::Counts,
        }
    }

    /// Whether an earlier event agrees with this one in what must be the same,
    /// and differs in what must differ. A value that is missing on either side
    /// does neither.
    fn compares_as_ossec(&self, slot: &Slot) -> bool {
        let Compared { same, different, is_hopeless } = &self.compared;
        let is_other =
            |now: &Now<'_>| !now.is_of(self.history, slot) && self.history.value(slot, now.number).is_some();
        !is_hopeless && same.iter().all(|now| now.is_of(self.history, slot)) && different.iter().all(is_other)
    }

    /// Wazuh counts the events of one agent, and a mark ends the search only
    /// on an event that would count.
    ///
    /// QUIRK: an event of another agent ends a search in all of history.
    fn wazuh(&self, matcher: &mut impl Matcher, slot: &Slot) -> Seen {
        let is_ours = self.is_of_this_agent(slot);
        match () {
            () if self.is_too_old(slot) => Seen::TooOld,
            () if !is_ours && self.rule.search == search::HISTORY => Seen::Elsewhere,
            () if !is_ours || !self.is_wanted(matcher, slot) => Seen::Other,
            () if !self.compares_as_wazuh(slot) => Seen::Unlike,
            () if self.is_used_up(slot) => Seen::UsedUp,
            () => Seen::Counts,
        }
    }

    #[inline]
    fn is_of_this_agent(&self, slot: &Slot) -> bool {
        self.rule.flags.get() & rule_flag::GLOBAL_FREQUENCY != 0
            || (slot.from_agent == self.agent.is_some()
                && (!slot.from_agent || self.history.key(slot, Key::Agent) == self.agent))
    }

    /// Whether an earlier event agrees with this one in all that must be the
    /// same, and nowhere in what must differ: what is missing on either side
    /// differs.
    #[inline]
    fn compares_as_wazuh(&self, slot: &Slot) -> bool {
        let Compared { same, different, is_hopeless } = &self.compared;
        let is_equal = |now: &Now<'_>| now.is_of(self.history, slot);
        !is_hopeless
            && same.iter().all(is_equal)
            && !different.iter().any(is_equal)
            && (!self.compares_fields || self.fields_agree(slot))
    }

    fn fields_agree(&self, slot: &Slot) -> bool {
        names(self.image, self.rule.same_fields).all(|name| self.field_is_equal(slot, name))
            && self.fields_differ(slot)
    }

    /// QUIRK: two events without any dynamic fields do not differ.
    fn fields_differ(&self, slot: &Slot) -> bool {
        let mut names = names(self.image, self.rule.different_fields).peekable();
        let neither = !slot.dynamic && !condition::has_dynamic(self.image, self.event);
        names.peek().is_none() || (!neither && !names.any(|name| self.field_is_equal(slot, name)))
    }

    fn field_is_equal(&self, slot: &Slot, name: u16) -> bool {
        let earlier = self.history.dynamic(slot, name);
        let now = condition::dynamic(self.image, self.event, self.image.name(name));
        earlier.is_some() && earlier == now
    }
}

/// The names of dynamic fields that a rule compares, by their numbers.
fn names<'i>(image: &Image<'i>, fields: RangeRow) -> impl Iterator<Item = u16> + use<'i> {
    image.range(image.index, fields).iter().map(|row| row.get())
}

/// How many events an event is to a rule: its packets, as far as they have the
/// same in common, and differ from each other, as the rule asks.
fn weight(copies: &Copies, rule: &RuleRow) -> u32 {
    let (same, different) = (rule.same.get(), rule.different.get() | rule.distinct.get());
    let port = Key::DstPort.bit();
    match () {
        // Merged packets differ in their ports alone.
        () if different & !port & !Key::SrcIp.bit() != 0 => 1,
        () if different & port != 0 => copies.ports,
        () if same & port != 0 && same & Key::SrcPort.bit() != 0 => {
            copies.same_port.min(copies.same_source_port)
        }
        () if same & port != 0 => copies.same_port,
        () if same & Key::SrcPort.bit() != 0 => copies.same_source_port,
        () => copies.packets,
    }
    .max(1)
}
