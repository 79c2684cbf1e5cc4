//! The machine of Wazuh's own expressions (`osregex`).
//!
//! Wazuh 4.14 does not search as other engines do: it goes through the text
//! once, looks one item ahead in a repeated class, remembers four places to
//! come back to, and starts again behind the first byte that a failed attempt
//! took. Answers are only equal if the walk is, so this is that walk, step by
//! step, with its quirks; they are named where they happen.
//!
//! A program is a list of alternatives, each a list of items ([`item`]). They
//! are tried in order over the whole text; the first that matches anywhere
//! wins.
//!
//! Coming back to four places and starting again may take time beyond any
//! linear bound, so each alternative may take [`steps_allowed`] steps. One
//! that needs more does not match, and is counted
//! ([`Machine::given_up`](super::Machine::given_up)).

use super::program::{Inst, NONE, Patterns, Set};
use super::search::Slots;
use crate::limits::{STEPS_FREE, STEPS_PER_BYTE};
use heapless::Vec;

/// Operations of these programs: values of [`Inst::op`].
pub mod item {
    /// Begins an alternative of `a` items, with anchors `flag` ([`super::anchor`]).
    /// A match begins with a byte of set `b`, if that is a set; one that must
    /// begin with the text is not even tried on another.
    pub const ALTERNATIVE: u8 = 0;
    /// The byte `a`, in lower case; A-Z equal a-z.
    pub const LITERAL: u8 = 1;
    /// A bracket: the edge `a` of a group, twice its number and one more at
    /// its end. Without a number, the place is not kept.
    pub const MARK: u8 = 2;
    /// A byte of set `a`, as often as `flag` says ([`super::times`]).
    pub const CLASS: u8 = 3;
}

/// Bits of the [`Inst::flag`] of an `ALTERNATIVE`.
pub mod anchor {
    /// Begins with the text.
    pub const BEGIN: u8 = 1;
    /// Ends with the text.
    pub const END: u8 = 2;
}

/// How often a `CLASS` is there: values of its [`Inst::flag`].
pub mod times {
    /// Once.
    pub const ONCE: u8 = 0;
    /// `*`.
    pub const ANY: u8 = 1;
    /// `+`.
    pub const SOME: u8 = 2;
}

/// Places that an attempt can come back to (Wazuh 4.14).
const PLACES: usize = 4;

/// Most steps of one alternative in a text of this length.
pub const fn steps_allowed(text_len: usize) -> u64 {
    STEPS_FREE + STEPS_PER_BYTE * (text_len as u64 + 1)
}

/// Whether a program is one that can be run: alternatives that fill it, and
/// items whose sets and edges are there.
pub(super) fn is_sound(code: &[Inst], sets: usize, captures: u8) -> bool {
    let set = |number: u16| usize::from(number) < sets;
    let mut rest = code;
    while let Some((head, behind)) = rest.split_first() {
        let Some((items, others)) = behind.split_at_checked(usize::from(head.a.get())) else {
            return false;
        };
        let begins = head.b.get() == NONE || set(head.b.get());
        let sound = |inst: &Inst| match inst.op {
            item::LITERAL => inst.a.get() < 256,
            item::MARK => inst.a.get() == NONE || inst.a.get() < 2 * u16::from(captures),
            item::CLASS => set(inst.a.get()) && inst.flag <= times::SOME,
            _ => false,
        };
        if head.op != item::ALTERNATIVE || !begins || !items.iter().all(sound) {
            return false;
        }
        rest = others;
    }
    !code.is_empty()
}

/// The number of alternatives of a sound program.
pub(super) fn alternatives(code: &[Inst]) -> usize {
    code.iter().filter(|inst| inst.op == item::ALTERNATIVE).count()
}

/// What a search gave.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Where a later pattern goes on.
    pub(super) end: Option<usize>,
    /// Steps made.
    pub(super) steps: u64,
    /// Alternatives that were given up.
    pub(super) given_up: u64,
}

/// Searches a text for a sound program.
pub(super) fn search(
    patterns: &Patterns<'_>,
    code: &[Inst],
    text: &[u8],
    mut edges: Option<&mut Slots>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut rest = code;
    while outcome.end.is_none()
        && let Some((head, behind)) = rest.split_first()
        && let Some((items, others)) = behind.split_at_checked(usize::from(head.a.get()))
    {
        rest = others;
        if !may_begin(patterns, head, text) {
            continue;
        }
        if let Some(edges) = &mut edges {
            **edges = Slots::UNSET;
        }
        let mut attempt = Attempt::new(patterns, head, items, text, edges.as_deref_mut());
        outcome.end = attempt.run();
        outcome.steps += attempt.steps;
        outcome.given_up += u64::from(attempt.steps >= attempt.allowed);
    }
    outcome
}

/// Whether an alternative can begin with the first byte of a text, if it must
/// begin there at all.
#[inline]
fn may_begin(patterns: &Patterns<'_>, head: &Inst, text: &[u8]) -> bool {
    let first = patterns.sets().get(usize::from(head.b.get())).filter(|_| head.flag & anchor::BEGIN != 0);
    first.is_none_or(|first| text.first().is_some_and(|byte| first.has(*byte)))
}

/// Whether any alternative can match a text that begins with a byte.
pub(super) fn may_open(patterns: &Patterns<'_>, code: &[Inst], first: u8) -> bool {
    let mut heads = code.iter().filter(|inst| inst.op == item::ALTERNATIVE);
    heads.any(|head| may_begin(patterns, head, &[first]))
}

/// What comes of a byte.
enum Step {
    /// It is taken.
    Taken,
    /// It is looked at again, with a later item.
    Again,
    /// The alternative has matched.
    Found,
    /// The attempt has failed.
    Failed,
}

/// One alternative on its way through a text.
struct Attempt<'s> {
    sets: &'s [Set],
    items: &'s [Inst],
    begins_with: Option<&'s Set>,
    anchors: u8,
    text: &'s [u8],
    edges: Option<&'s mut Slots>,
    /// The next item.
    next: usize,
    /// The byte at hand.
    at: usize,
    /// The place behind the last byte that was noted as matched; 0 is the
    /// place before the text, where even the first byte was not.
    last: Option<usize>,
    /// The repeated class at hand has taken a byte. QUIRK: may stay set for a
    /// class behind it.
    repeating: bool,
    /// The first byte that a literal or a single class took.
    first: Option<usize>,
    /// Items and bytes to come back to.
    places: Vec<(usize, usize), PLACES>,
    steps: u64,
    /// Steps that may be made.
    allowed: u64,
}

impl<'s> Attempt<'s> {
    fn new(
        patterns: &Patterns<'s>,
        head: &Inst,
        items: &'s [Inst],
        text: &'s [u8],
        edges: Option<&'s mut Slots>,
    ) -> Self {
        let sets = patterns.sets();
        Self {
            sets,
            items,
            begins_with: sets.get(usize::from(head.b.get())),
            anchors: head.flag,
            text,
            edges,
            next: 0,
            at: 0,
            // QUIRK: as if the first byte were matched already.
            last: Some(1),
            repeating: false,
            first: None,
            places: Vec::new(),
            steps: 0,
            allowed: steps_allowed(text.len()),
        }
    }

    /// Goes through the text; the place behind the last byte noted.
    fn run(&mut self) -> Option<usize> {
        let found = |last: Option<usize>| last.map(|last| last.min(self.text.len()));
        while let Some(byte) = self.text.get(self.at).copied() {
            if self.steps >= self.allowed {
                return None;
            }
            self.steps += 1;
            match self.byte(byte) {
                Step::Taken => self.at += 1,
                Step::Again => {}
                Step::Found => return found(self.last),
                Step::Failed => self.go_back()?,
            }
        }
        if self.ends() { found(self.last) } else { None }
    }

    /// Whether the alternative must end with the text.
    fn is_end_anchored(&self) -> bool {
        self.anchors & anchor::END != 0
    }

    /// An item that is a bracket.
    fn mark(&self, item: usize) -> Option<u16> {
        self.items.get(item).filter(|inst| inst.op == item::MARK).map(|inst| inst.a.get())
    }

    /// Notes the edge of a group, if groups are wanted.
    fn record(&mut self, mark: u16, place: usize) {
        if let Some(edges) = &mut self.edges {
            edges.set(mark, place as u16);
        }
    }

    /// Whether a class takes a byte.
    #[inline]
    fn takes(&self, class: &Inst, byte: u8) -> bool {
        self.sets.get(usize::from(class.a.get())).is_some_and(|set| set.has(byte))
    }

    /// Whether an item takes a byte as a literal. QUIRK: a bracket that is
    /// not stepped over is compared as `(`.
    #[inline]
    fn is_literal(item: &Inst, byte: u8) -> bool {
        match item.op {
            item::LITERAL => item.a.get() == u16::from(byte.to_ascii_lowercase()),
            item::MARK => byte == b'(',
            _ => false,
        }
    }

    /// Whether an item takes a byte at all.
    #[inline]
    fn accepts(&self, item: &Inst, byte: u8) -> bool {
        if item.op == item::CLASS { self.takes(item, byte) } else { Self::is_literal(item, byte) }
    }

    /// Looks at one byte.
    fn byte(&mut self, byte: u8) -> Step {
        if let Some(mark) = self.mark(self.next) {
            self.record(mark, self.at);
            self.next += 1;
        }
        let Some(item) = self.items.get(self.next) else {
            return if self.is_end_anchored() { Step::Failed } else { Step::Found };
        };
        match item.op {
            item::CLASS if self.takes(item, byte) => self.class(item, byte),
            item::CLASS => self.not_class(item),
            _ if Self::is_literal(item, byte) => self.single(),
            _ => Step::Failed,
        }
    }

    /// An item that stands for one byte has taken it, and so do the literals
    /// behind it, as far as the text has them.
    fn single(&mut self) -> Step {
        self.next += 1;
        self.first.get_or_insert(self.at);
        while self.steps < self.allowed
            && let Some(byte) = self.text.get(self.at + 1)
            && let Some(item) = self.items.get(self.next)
            && item.op == item::LITERAL
            && Self::is_literal(item, *byte)
        {
            self.steps += 1;
            self.next += 1;
            self.at += 1;
        }
        self.last = Some(self.at + 1);
        Step::Taken
    }

    /// A class takes the byte.
    fn class(&mut self, class: &'s Inst, byte: u8) -> Step {
        if class.flag == times::ONCE {
            return self.single();
        }
        if class.flag == times::SOME && !self.repeating {
            if let Some(mark) = self.mark(self.next + 1) {
                let is_last = self.at + 1 == self.text.len();
                self.record(mark, self.at + usize::from(is_last));
            }
            self.repeating = true;
        } else if self.look_ahead(byte) {
            // QUIRK: at the end of the pattern the byte is taken, not noted.
            return Step::Taken;
        }
        if let Some(ahead) = self.ahead() {
            self.run_on(Some(ahead));
        }
        self.last = Some(self.at + 1);
        Step::Taken
    }

    /// The item behind the one at hand, and behind a bracket between them.
    fn ahead(&self) -> Option<&'s Inst> {
        self.items.get(self.next + 1 + usize::from(self.mark(self.next + 1).is_some()))
    }

    /// Behind a byte that was taken: where a repeated class is at hand, goes on
    /// to the last of the bytes that it takes and the item `ahead` does not.
    /// One by one they would come to the same.
    fn run_on(&mut self, ahead: Option<&Inst>) {
        let class = self.items.get(self.next).filter(|item| self.repeating && is_repeated(item));
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let Some(class) = class else { return };
        let most = usize::try_from(self.allowed.saturating_sub(self.steps)).unwrap_or(usize::MAX);
        let rest = rest.get(..most).unwrap_or(rest);
        let ends =
            |byte: &u8| !self.takes(class, *byte) || ahead.is_some_and(|ahead| self.accepts(ahead, *byte));
        let run = rest.iter().position(ends).unwrap_or(rest.len());
        self.steps += run as u64;
        self.at += run;
    }

    /// In a repeated class: goes on to the next item if that takes the byte,
    /// too, and remembers to come back. True at the end of the pattern.
    fn look_ahead(&mut self, byte: u8) -> bool {
        self.repeating = true;
        let mark = self.mark(self.next + 1);
        let ahead = self.next + 1 + usize::from(mark.is_some());
        let (next, repeating) = match self.items.get(ahead) {
            None => {
                self.run_on(None);
                mark.into_iter().for_each(|mark| self.record(mark, self.at + 1));
                return true;
            }
            Some(item) if item.op == item::CLASS && self.takes(item, byte) => {
                (ahead + usize::from(item.flag == times::ONCE), true)
            }
            Some(item) if Self::is_literal(item, byte) => (ahead + 1, false),
            Some(_) => return false,
        };
        mark.into_iter().for_each(|mark| self.record(mark, self.at));
        // QUIRK: a fifth place is forgotten.
        let _ = self.places.push((self.next, self.at));
        (self.next, self.repeating) = (next, repeating);
        false
    }

    /// A class does not take the byte.
    fn not_class(&mut self, class: &Inst) -> Step {
        if self.repeating && self.last.is_some() && self.is_nearly_done(class) {
            // QUIRK: the byte that is not taken is noted.
            self.last = Some(self.at + 1);
            if !self.is_end_anchored() {
                return Step::Found;
            }
        } else if class.flag == times::ANY {
            self.last = Some(self.at);
            return self.step_over();
        } else if class.flag == times::SOME && self.repeating {
            return self.step_over();
        }
        self.repeating = false;
        Step::Failed
    }

    /// Goes on behind a repeated class with the same byte.
    fn step_over(&mut self) -> Step {
        self.next += 1;
        self.repeating = false;
        Step::Again
    }

    /// Whether at most one byte of pattern stands behind a class. QUIRK: that
    /// is meant to be its `+` or `*`, but may be a literal or a bracket, too.
    fn is_nearly_done(&self, class: &Inst) -> bool {
        match self.items.get(self.next + 1..).unwrap_or_default() {
            [] => true,
            [last] => class.flag == times::ONCE && last.op != item::CLASS,
            _ => false,
        }
    }

    /// After a failure: to the last place remembered, or to a new start.
    /// QUIRK: edges, the last byte noted and `repeating` stay as they are.
    fn go_back(&mut self) -> Option<()> {
        if let Some(place) = self.places.pop() {
            (self.next, self.at) = place;
            self.at += 1;
            return Some(());
        }
        if self.anchors & anchor::BEGIN != 0 {
            return None;
        }
        self.at = self.first.take().unwrap_or(self.at) + 1;
        (self.next, self.last) = (0, None);
        self.skip();
        Some(())
    }

    /// At a new start: goes to the first byte that the alternative can begin
    /// with, over those that would only fail one by one.
    fn skip(&mut self) {
        if !self.repeating
            && let Some(set) = self.begins_with
            && let Some(rest) = self.text.get(self.at..)
        {
            self.at += rest.iter().position(|byte| set.has(*byte)).unwrap_or(rest.len());
        }
    }

    /// At the end of the text: whether the alternative may end here, too.
    /// QUIRK: what one test has stepped over, the next one does not see.
    fn ends(&mut self) -> bool {
        self.record_last();
        if self.is_at_end() {
            return true;
        }
        let repeated = self.items.get(self.next).is_some_and(is_repeated);
        if self.repeating && repeated {
            self.next += 1;
            if self.is_at_end() || (self.is_optional() && self.is_at_end()) {
                return true;
            }
        }
        self.is_optional() && self.is_at_end()
    }

    /// Notes the edge that stands behind optional items.
    fn record_last(&mut self) {
        let rest = self.items.get(self.next..).unwrap_or_default();
        let behind = rest.iter().find(|item| item.op != item::CLASS || item.flag != times::ANY);
        if let Some(mark) = behind.filter(|item| item.op == item::MARK) {
            self.record(mark.a.get(), self.text.len());
        }
    }

    /// Steps over a bracket; whether the pattern ends there.
    fn is_at_end(&mut self) -> bool {
        self.next += usize::from(self.mark(self.next).is_some());
        self.next >= self.items.len()
    }

    /// Steps over an optional item, if there is one.
    fn is_optional(&mut self) -> bool {
        let item = self.items.get(self.next);
        let is = item.is_some_and(|item| item.op == item::CLASS && item.flag == times::ANY);
        self.next += usize::from(is);
        is
    }
}

/// Whether an item is a class with `+` or `*`.
fn is_repeated(item: &Inst) -> bool {
    item.op == item::CLASS && item.flag != times::ONCE
}
