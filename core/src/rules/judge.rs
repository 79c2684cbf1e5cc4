//! The half that remembers: from candidates to a verdict, in event order.
//!
//! [`Judge`] owns the history (in lent memory) and the counters of rules; what
//! outlives a process (first-time keys, outputs of commands, key-value lists)
//! it asks of the host through [`Host`]. A verdict is given first, so that the
//! host can write an alert that quotes earlier events, and remembered after.

use crate::event::{Category, Event};
use crate::image::rows::{
    ConditionRow, NONE, NodeRow, RuleRow, condition as kind_of, lookup, rule_flag, search, subject,
};
use crate::image::{Dialect, Image};
use crate::limits::{PREVIOUS_MAX, RULE_DEPTH_MAX};
use crate::pattern::{Matcher, PatternId};
use crate::rules::condition;
use crate::rules::first_time;
use crate::rules::history::{EventNumber, History};
use crate::rules::search::Search;
pub use crate::rules::search::Seen;
use crate::rules::walk::{self, Answer, Candidate, Candidates, Visitor};
use core::ops::Range;
use heapless::Vec;

/// What the host remembers for the rules.
pub trait Host {
    /// Whether a first-time key is new; it is known from then on. `ids` tells
    /// that the event comes from an intrusion detection system, whose keys
    /// come in families.
    fn is_new(&mut self, key: &[u8], ids: bool) -> bool;
    /// Whether a command's output differs from the one remembered for this
    /// rule and host; it is remembered from then on. Never for the first one.
    fn differs(&mut self, event: &Event<'_>, rule: u32) -> bool;
    /// Whether a list (a row of [`Image::lists`]) can be asked at all.
    fn has_list(&self, list: u16) -> bool;
    /// The value of a key in a list.
    fn look_up(&self, list: u16, key: &[u8]) -> Option<&[u8]>;
    /// Whether a line stands in the ignore list.
    fn is_ignored(&mut self, line: &[u8]) -> bool;
    /// Puts a line into the ignore list.
    fn ignore(&mut self, line: &[u8]);
}

/// What is remembered of a rule itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct RuleState {
    /// How often it fired.
    pub fired: u32,
    /// Since when it is silent; 0 for never.
    silent_since: i64,
}

/// The reference whose details are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// The daemon.
    #[default]
    Daemon,
    /// The test program, which differs in what `ignore` does.
    Test,
}

/// Earlier texts that belong to an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Previous {
    /// None.
    #[default]
    None,
    /// Earlier events, newest first.
    Events(Vec<EventNumber, PREVIOUS_MAX>),
    /// The last output of a command, which the host has.
    Output,
}

/// Why a rule that fired may not lead to an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// No rule fired.
    #[default]
    NoRule,
    /// A rule of level 0: nothing more happens.
    Nothing,
    /// Silent for a time after it fired last.
    Silent,
    /// In the ignore list.
    Ignored,
    /// It counts: it is remembered, and written if its log flag says so.
    Fired,
}

/// What the rules say of an event.
#[must_use]
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Row of the rule that fired.
    pub rule: Option<u16>,
    /// What becomes of it.
    pub fate: Fate,
    /// How often the rule has fired, this time included.
    pub fired: u32,
    /// Texts of earlier events.
    pub previous: Previous,
    /// Level of the search that used the event up.
    mark: u16,
}

impl Verdict {
    /// Whether an alert is written.
    pub fn alerts(&self, image: &Image<'_>) -> bool {
        let rule = self.rule.and_then(|row| image.rule(row));
        self.fate == Fate::Fired && rule.is_some_and(|rule| rule.flags.get() & rule_flag::LOG != 0)
    }
}

/// The half of the rules that remembers.
#[derive(Debug)]
pub struct Judge<'i, 'm> {
    image: Image<'i>,
    /// Earlier events.
    pub history: History<'i, 'm>,
    states: &'m mut [RuleState],
    manner: Manner,
    /// The rules that are entered, from the root on.
    entered: Vec<Entered, RULE_DEPTH_MAX>,
}

/// A rule that was entered and not left.
#[derive(Clone, Debug)]
struct Entered {
    /// Its row.
    rule: u16,
    /// Texts to go back to if it does not fire.
    before: Previous,
}

impl<'i, 'm> Judge<'i, 'm> {
    /// A judge without memories. `states` has one entry for each rule.
    pub fn new(
        image: Image<'i>,
        history: History<'i, 'm>,
        states: &'m mut [RuleState],
        manner: Manner,
    ) -> Self {
        states.fill(RuleState::default());
        Self::resume(image, history, states, manner)
    }

    /// A judge that goes on with what another has left in its memory.
    pub fn resume(
        image: Image<'i>,
        history: History<'i, 'm>,
        states: &'m mut [RuleState],
        manner: Manner,
    ) -> Self {
        Self { image, history, states, manner, entered: Vec::new() }
    }

    /// Forgets earlier events and what is remembered of rules.
    pub fn forget(&mut self) {
        self.history.forget();
        self.states.fill(RuleState::default());
        self.entered.clear();
    }

    /// How often the rule of a row has fired.
    pub fn fired(&self, rule: u16) -> u32 {
        self.states.get(usize::from(rule)).map_or(0, |state| state.fired)
    }

    /// Decides among candidates found by [`walk::find`] for the same event.
    pub fn settle(
        &mut self,
        event: &Event<'_>,
        found: &Candidates,
        matcher: &mut impl Matcher,
        host: &mut impl Host,
    ) -> Verdict {
        let Some(list) = found.list().filter(|_| event.forwarded.is_none()) else {
            return self.evaluate(event, matcher, host, &mut |_| {});
        };
        let mut silent = |_: Step<'_>| {};
        let mut trial = Trial::new(self, host, &mut silent);
        let rule = trial.replay(matcher, event, list, 0..list.len(), None);
        trial.conclude(event, rule)
    }

    /// Walks the tree and decides in one go; `trace` hears what happens.
    pub fn evaluate(
        &mut self,
        event: &Event<'_>,
        matcher: &mut impl Matcher,
        host: &mut impl Host,
        trace: &mut dyn FnMut(Step<'_>),
    ) -> Verdict {
        let image = self.image;
        self.entered.clear();
        let mut trial = Trial::new(self, host, trace);
        if event.category == Category::OssecAlert {
            // An alert of another manager brings its own rule.
            let rule = event.forwarded.as_ref().and_then(|forwarded| image.find_rule(forwarded.rule));
            return trial.fate(event, rule);
        }
        let rule = walk::walk(&image, matcher, event, &mut trial);
        trial.conclude(event, rule)
    }

    /// Shows what a rule's search of earlier events would make of each, newest
    /// first, and changes nothing. The same search as that of a verdict.
    pub fn look_back(
        &self,
        event: &Event<'_>,
        matcher: &mut impl Matcher,
        rule: &RuleRow,
        observe: &mut impl FnMut(EventNumber, Seen),
    ) {
        let _ = Search::new(&self.image, &self.history, event, rule).run(matcher, Some(observe));
    }

    /// Remembers an event after its verdict (and its alert).
    pub fn remember(&mut self, event: &Event<'_>, verdict: &Verdict) {
        if let (Some(rule), Fate::Fired) = (verdict.rule, verdict.fate) {
            self.history.remember(event, rule, verdict.mark);
        }
    }
}

/// What a walk does, for people who want to watch.
#[derive(Clone, Copy, Debug)]
pub enum Step<'i> {
    /// A rule is tried.
    Trying(&'i RuleRow),
    /// All its conditions hold.
    Matched(&'i RuleRow),
    /// Its children are tried.
    Children(&'i RuleRow),
    /// Its own conditions hold, but what is remembered says no: the condition
    /// at this place among those that need memory, or else the search.
    Refused(&'i RuleRow, Option<usize>),
}

/// One event being judged.
struct Trial<'j, 'i, 'm, H> {
    judge: &'j mut Judge<'i, 'm>,
    host: &'j mut H,
    trace: &'j mut dyn FnMut(Step<'_>),
    previous: Previous,
    mark: u16,
    has_fired: bool,
    /// The rule above the one that fires.
    parent: Option<u16>,
}

impl<H: Host> Visitor for Trial<'_, '_, '_, H> {
    const TRACES: bool = true;

    fn trying(&mut self, rule: &RuleRow) {
        (self.trace)(Step::Trying(rule));
    }

    fn enter(&mut self, matcher: &mut impl Matcher, event: &Event<'_>, node: &NodeRow, _: usize) -> Answer {
        let Some(rule) = self.judge.image.rule(node.rule.get()) else { return Answer::No };
        let before = self.previous.clone();
        if !self.memory_agrees(matcher, event, rule) {
            self.previous = before;
            return Answer::No;
        }
        // Cannot fail: the walk is no deeper than this.
        let _ = self.judge.entered.push(Entered { rule: node.rule.get(), before });
        (self.trace)(Step::Matched(rule));
        if node.children.len.get() > 0 {
            (self.trace)(Step::Children(rule));
        }
        Answer::Yes
    }

    fn leave(&mut self, fires: bool) {
        let Some(left) = self.judge.entered.pop() else { return };
        if !fires {
            self.previous = left.before;
        } else if !self.has_fired {
            // The innermost is left first: it is the one that fires.
            self.has_fired = true;
            self.parent = self.judge.entered.last().map(|entered| entered.rule);
        }
    }
}

impl<'j, 'i, 'm, H: Host> Trial<'j, 'i, 'm, H> {
    fn new(judge: &'j mut Judge<'i, 'm>, host: &'j mut H, trace: &'j mut dyn FnMut(Step<'_>)) -> Self {
        Self { judge, host, trace, previous: Previous::None, mark: 0, has_fired: false, parent: None }
    }

    /// The walk over candidates: what [`walk::walk`] does over the tree.
    fn replay(
        &mut self,
        matcher: &mut impl Matcher,
        event: &Event<'_>,
        list: &[Candidate],
        part: Range<usize>,
        parent: Option<u16>,
    ) -> Option<u16> {
        let mut place = part.start;
        while place < part.end {
            let candidate = list.get(place)?;
            let node = self.judge.image.nodes.get(candidate.node as usize)?;
            let rule = self.judge.image.rule(node.rule.get())?;
            let end = usize::from(candidate.end);
            let memory = walk::needs_memory(rule);
            let before = if memory { self.previous.clone() } else { Previous::None };
            if !memory || self.memory_agrees(matcher, event, rule) {
                let row = node.rule.get();
                let below = self.replay(matcher, event, list, place + 1..end, Some(row));
                if below.is_some() {
                    return below;
                }
                if rule.flags.get() & rule_flag::NO_ALERT == 0 {
                    self.parent = parent;
                    return Some(row);
                }
            }
            if memory {
                self.previous = before;
            }
            // A candidate ends behind itself; anything else would not end.
            place = end.max(place + 1);
        }
        None
    }

    /// The conditions of a rule that need memory, in OSSEC 4.3's order: some
    /// change what is remembered even if a later one fails.
    fn memory_agrees(&mut self, matcher: &mut impl Matcher, event: &Event<'_>, rule: &RuleRow) -> bool {
        let image = self.judge.image;
        let own = image.range(image.conditions, rule.memory);
        let failing = own.iter().position(|row| !self.remembers(matcher, event, rule, row));
        let agrees = failing.is_none() && self.correlates(matcher, event, rule);
        if !agrees {
            (self.trace)(Step::Refused(rule, failing));
        }
        agrees
    }

    fn remembers(
        &mut self,
        matcher: &mut impl Matcher,
        event: &Event<'_>,
        rule: &RuleRow,
        row: &ConditionRow,
    ) -> bool {
        match row.kind {
            kind_of::DIFFERS => {
                let differs = self.host.differs(event, rule.id.get());
                if differs {
                    self.previous = Previous::Output;
                }
                differs
            }
            kind_of::FIRST_TIME => self.is_first(event),
            kind_of::LIST => self.in_list(matcher, event, row),
            _ => false,
        }
    }

    fn is_first(&mut self, event: &Event<'_>) -> bool {
        if event.is_new {
            return true;
        }
        let image = self.judge.image;
        let parts = event.decoder.and_then(|row| image.decoder(row)).map_or(0, |decoder| decoder.fts.get());
        let key = first_time::key(&image, event, parts);
        parts != 0 && self.host.is_new(&key, event.category == Category::Ids)
    }

    /// Looks a field up in a list. A list that is not known never holds; one
    /// that cannot be opened holds for some kinds of look-up.
    ///
    /// QUIRK: `address_match_key_value` is the opposite of what it says.
    fn in_list(&mut self, matcher: &mut impl Matcher, event: &Event<'_>, row: &ConditionRow) -> bool {
        let (list, kind, image) = (row.a.get(), row.option, self.judge.image);
        let key = match row.c.get() as u8 {
            subject::DYNAMIC => condition::dynamic(&image, event, image.name(row.d.get())),
            what => condition::value_of(event, what),
        };
        let Some(key) = key.filter(|_| row.a != NONE) else { return false };
        if !self.host.has_list(list) {
            let address = kind == lookup::ADDRESS && image.dialect() == Dialect::Ossec;
            return address || matches!(kind, lookup::NOT_KEY | lookup::ADDRESS_VALUE);
        }
        let found = match kind {
            lookup::KEY | lookup::NOT_KEY | lookup::KEY_VALUE => self.host.look_up(list, key),
            _ => self.look_up_address(list, key),
        };
        let pattern = u16::try_from(row.b.get()).ok().filter(|id| *id != NONE).map(PatternId);
        let mut value_matches =
            |value: Option<&[u8]>| value.is_some_and(|v| pattern.is_none_or(|p| matcher.is_match(p, v)));
        match kind {
            lookup::KEY | lookup::ADDRESS => found.is_some(),
            lookup::NOT_KEY | lookup::NOT_ADDRESS => found.is_none(),
            lookup::KEY_VALUE => value_matches(found),
            _ => !value_matches(found),
        }
    }

    /// The address itself, or a prefix of it that ends with a dot.
    fn look_up_address(&self, list: u16, address: &[u8]) -> Option<&[u8]> {
        let prefixes = (0..address.len()).rev().filter(|n| address.get(*n) == Some(&b'.'));
        let prefixes = prefixes.filter_map(|n| address.get(..=n));
        core::iter::once(address).chain(prefixes.take(32)).find_map(|key| self.host.look_up(list, key))
    }

    /// Searches earlier events, newest first.
    fn correlates(&mut self, matcher: &mut impl Matcher, event: &Event<'_>, rule: &RuleRow) -> bool {
        if rule.search == search::NONE {
            return true;
        }
        let mut search = Search::new(&self.judge.image, &self.judge.history, event, rule);
        // Its packets have made the rule above fire; to this one it is once that it did.
        search.counts_packets = self.mark == 0;
        let found = search.run(matcher, None);
        drop(search);
        let Some(found) = found else { return false };
        for number in found.used_up.into_iter().flatten() {
            self.judge.history.mark(number, rule.level.get());
        }
        self.mark = rule.level.get();
        self.previous = Previous::Events(found.texts);
        true
    }

    /// The rule fired: counts it and decides what becomes of it.
    fn conclude(&mut self, event: &Event<'_>, rule: Option<u16>) -> Verdict {
        if let Some(state) = rule.and_then(|row| self.judge.states.get_mut(usize::from(row))) {
            state.fired = state.fired.wrapping_add(1);
        }
        self.fate(event, rule)
    }

    fn fate(&mut self, event: &Event<'_>, row: Option<u16>) -> Verdict {
        let Some(rule) = row.and_then(|row| self.judge.image.rule(row)) else { return Verdict::default() };
        let fired = row.map_or(0, |row| self.judge.fired(row));
        let previous = core::mem::take(&mut self.previous);
        let mut verdict = Verdict { rule: row, fate: Fate::Fired, fired, previous, mark: self.mark };
        if rule.level == 0 {
            verdict.fate = Fate::Nothing;
        } else if self.is_silent(row, rule, event.now.epoch) {
            return self.silenced(verdict);
        } else if self.is_ignored(event, rule) {
            verdict.fate = Fate::Ignored;
        } else {
            self.write_ignore_line(event, rule);
        }
        verdict
    }

    /// What becomes of a verdict whose rule is silent: in Wazuh's daemon the
    /// rule above it fires in its place.
    fn silenced(&self, verdict: Verdict) -> Verdict {
        let image = &self.judge.image;
        let in_place = image.dialect() == Dialect::Wazuh && self.judge.manner == Manner::Daemon;
        let parent = self.parent.filter(|_| in_place);
        let level = parent.and_then(|row| image.rule(row)).map_or(0, |rule| rule.level.get());
        if level == 0 {
            return Verdict { fate: Fate::Silent, ..verdict };
        }
        let fired = parent.map_or(0, |row| self.judge.fired(row));
        Verdict { rule: parent, fired, previous: Previous::None, ..verdict }
    }

    /// Whether the rule is silent because it fired a short time ago.
    ///
    /// QUIRK: when the time is over, the test program forgets the rule's time
    /// in place of renewing it.
    fn is_silent(&mut self, row: Option<u16>, rule: &RuleRow, now: i64) -> bool {
        let period = i64::from(rule.ignore.get());
        let state = row.and_then(|row| self.judge.states.get_mut(usize::from(row)));
        let Some(state) = state.filter(|_| period > 0) else { return false };
        if state.silent_since != 0 && now - state.silent_since < period {
            return true;
        }
        let over = state.silent_since != 0;
        state.silent_since = if over && self.judge.manner == Manner::Test { 0 } else { now };
        false
    }

    fn is_ignored(&mut self, event: &Event<'_>, rule: &RuleRow) -> bool {
        let (check, ignore) = (rule.check_ignored_keys.get(), rule.ignore_keys.get());
        check != 0 && self.host.is_ignored(&first_time::ignore_line(&self.judge.image, event, check, ignore))
    }

    /// The test program never writes the ignore list.
    fn write_ignore_line(&mut self, event: &Event<'_>, rule: &RuleRow) {
        let ignore = rule.ignore_keys.get();
        if ignore != 0 && self.judge.manner == Manner::Daemon {
            self.host.ignore(&first_time::ignore_line(&self.judge.image, event, ignore, ignore));
        }
    }
}
