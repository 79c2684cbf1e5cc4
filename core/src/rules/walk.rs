//! The walk through the rule tree.
//!
//! Roots are tried in order, those of the event's type. Under a rule that
//! holds, its children are tried in order; the first that gives a rule wins,
//! and the rule itself fires only if none does (OSSEC 4.3). A rule marked
//! "no alert" gives way to its following sibling instead.
//!
//! Work: each node of the tree at most once; depth is bounded by the image.

use crate::event::{Category, Event};
use crate::image::Image;
use crate::image::rows::{NONE, NodeRow, RuleRow, rule_flag, search};
use crate::limits::{CANDIDATES_MAX, RULE_DEPTH_MAX};
use crate::pattern::{Matcher, PatternId};
use crate::rules::condition;
use core::ops::Range;
use heapless::Vec;
use zerocopy::little_endian::U16;

/// What the half that remembers says of a rule whose own conditions hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The rule holds.
    Yes,
    /// It does not.
    No,
    /// It will be known later: go on both ways.
    Later,
}

/// What the walk meets, in order; implemented by whoever decides.
pub trait Visitor {
    /// Whether it wants to hear of every rule that is tried.
    const TRACES: bool = false;
    /// A rule is tried.
    fn trying(&mut self, _rule: &RuleRow) {}
    /// Its own conditions hold; asks for those that need memory. The answer
    /// for a rule that needs none must be `Yes`. Unless the answer is `No`,
    /// its children are tried next, and then `leave` is called.
    fn enter(
        &mut self,
        matcher: &mut impl Matcher,
        event: &Event<'_>,
        node: &NodeRow,
        place: usize,
    ) -> Answer;
    /// All is known of the rule entered last and not left, and whether it or
    /// one under it fires.
    fn leave(&mut self, fires: bool);
}

/// Whether a rule needs memory of earlier events to be decided.
pub fn needs_memory(rule: &RuleRow) -> bool {
    rule.search != search::NONE || rule.memory.len.get() > 0
}

/// Walks the tree for an event; gives the row of the rule that fires.
///
/// With answers of `Later`, a row that is given means only that some rule
/// among those visited fires, whatever the memory says.
pub fn walk(
    image: &Image<'_>,
    matcher: &mut impl Matcher,
    event: &Event<'_>,
    visitor: &mut impl Visitor,
) -> Option<u16> {
    let decoder = condition::decoder_id(image, event).unwrap_or(NONE);
    let mut walk = Walk { image, matcher, event, visitor, decoder };
    image.roots().find_map(|root| {
        let rule = image.rule(image.nodes.get(root)?.rule.get())?;
        let of_type = Category::from_u8(rule.category) == Some(event.category);
        if of_type { walk.siblings(root..root + 1) } else { None }
    })
}

struct Walk<'w, 'i, 't, M, V> {
    image: &'w Image<'i>,
    matcher: &'w mut M,
    event: &'w Event<'t>,
    visitor: &'w mut V,
    /// The decoder's id; `NONE` without a decoder.
    decoder: u16,
}

impl<M: Matcher, V: Visitor> Walk<'_, '_, '_, M, V> {
    /// The first of some siblings that gives a rule. Recursion is as deep as
    /// the image's tree, which loading has bounded.
    fn siblings(&mut self, mut family: Range<usize>) -> Option<u16> {
        while let Some(place) = self.next(family.clone()) {
            family.start = place + 1;
            let node = self.image.nodes.get(place)?;
            if V::TRACES {
                self.visitor.trying(self.image.rule(node.rule.get())?);
                if !self.fits(self.image.asked.get(place)?) {
                    continue;
                }
            }
            let gate = node.gate;
            if gate != NONE && !self.matcher.possible(PatternId(gate.get())) {
                continue;
            }
            let fires = self.node(place, node);
            if fires.is_some() {
                return fires;
            }
        }
        None
    }

    /// The next sibling to try: the first that asks for no decoder or for that
    /// of the event. Whoever traces hears of all.
    fn next(&self, family: Range<usize>) -> Option<usize> {
        /// Siblings looked at together; the compiler tests them as one.
        const STEP: usize = 16;
        let start = family.start;
        if V::TRACES {
            return (!family.is_empty()).then_some(start);
        }
        let asked = self.image.asked.get(family)?;
        let others = |step: &&[U16]| !step.iter().fold(false, |any, one| any | self.fits(one));
        let passed: usize = asked.chunks(STEP).take_while(others).map(<[U16]>::len).sum();
        let place = asked.get(passed..)?.iter().position(|one| self.fits(one))?;
        Some(start + passed + place)
    }

    /// Whether a node asks for no other decoder than the event's.
    #[inline]
    fn fits(&self, asked: &U16) -> bool {
        (*asked == NONE) | (asked.get() == self.decoder)
    }

    fn node(&mut self, place: usize, node: &NodeRow) -> Option<u16> {
        let rule = self.image.rule(node.rule.get())?;
        if !condition::all_hold(self.image, self.matcher, self.event, rule) {
            return None;
        }
        let answer = self.visitor.enter(self.matcher, self.event, node, place);
        if answer == Answer::No {
            return None;
        }
        let below = self.siblings(self.image.children(node));
        let itself = rule.flags.get() & rule_flag::NO_ALERT == 0;
        let fires = below.or(itself.then(|| node.rule.get()));
        self.visitor.leave(fires.is_some());
        if answer == Answer::Later { None } else { fires }
    }
}

/// A rule whose own conditions hold, with the end of what hangs under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Row of the node.
    pub node: u32,
    /// One past the last candidate under this one.
    pub end: u16,
}

/// The rules of the tree whose own conditions hold, in the order of the walk.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    list: Vec<Candidate, CANDIDATES_MAX>,
    open: Vec<u16, RULE_DEPTH_MAX>,
    overflow: bool,
}

impl Candidates {
    /// The list; `None` if it did not fit: then whoever remembers must walk
    /// the tree again.
    pub fn list(&self) -> Option<&[Candidate]> {
        (!self.overflow).then_some(&*self.list)
    }

    /// Leaves the walk to whoever remembers.
    pub fn set_unknown(&mut self) {
        self.overflow = true;
    }
}

/// Notes what may fire, for later.
struct Collector<'c, 'i> {
    image: &'c Image<'i>,
    found: &'c mut Candidates,
}

impl Visitor for Collector<'_, '_> {
    fn enter(&mut self, _: &mut impl Matcher, _: &Event<'_>, node: &NodeRow, place: usize) -> Answer {
        let found = &mut *self.found;
        let number = found.list.len() as u16;
        let kept = found.list.push(Candidate { node: place as u32, end: 0 });
        found.overflow |= kept.is_err() || found.open.push(number).is_err();
        let later = self.image.rule(node.rule.get()).is_some_and(needs_memory);
        if later { Answer::Later } else { Answer::Yes }
    }

    fn leave(&mut self, _: bool) {
        let end = self.found.list.len() as u16;
        let open = self.found.open.pop();
        if let Some(candidate) = open.and_then(|number| self.found.list.get_mut(usize::from(number))) {
            candidate.end = end;
        }
    }
}

/// The half of the walk that needs no memory: the rules that may fire.
pub fn find(image: &Image<'_>, matcher: &mut impl Matcher, event: &Event<'_>, found: &mut Candidates) {
    found.list.clear();
    found.open.clear();
    found.overflow = false;
    walk(image, matcher, event, &mut Collector { image, found });
}
