//! Which rules were tried, which held, and what failed in the others.

use super::super::catalog::Catalog;
use bartizan_core::event::{Category, Event};
use bartizan_core::pattern::Matcher;
use bartizan_core::rules::condition;
use bartizan_core::rules::judge::Step;
use std::ops::Range;

/// What became of a rule that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All its conditions hold.
    Holds,
    /// The condition at this place, among those that look at the event alone,
    /// does not hold.
    Fails(usize),
    /// What is remembered says no: the condition at this place among those
    /// that need memory, or else the search of earlier events.
    Refused(Option<usize>),
}

/// A rule that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriedRule {
    /// Its place in the tree: a row of the image's nodes.
    pub node: usize,
    /// Its row.
    pub row: u16,
    /// Distance from the roots.
    pub depth: usize,
    /// What became of it.
    pub outcome: Outcome,
    /// Conditions that held before one failed.
    pub held: usize,
}

impl TriedRule {
    /// Whether its own conditions held, so that memory was asked.
    pub fn asked_memory(&self) -> bool {
        !matches!(self.outcome, Outcome::Fails(_))
    }
}

/// Notes the steps of one walk.
#[derive(Debug)]
pub struct Walk<'c, 'l> {
    catalog: &'c Catalog<'l>,
    /// What is left of the families that are being tried, the deepest last.
    families: Vec<Range<usize>>,
    tried: Vec<(usize, Option<Outcome>)>,
}

impl<'c, 'l> Walk<'c, 'l> {
    /// Before the first step.
    pub fn new(catalog: &'c Catalog<'l>) -> Self {
        let families = Vec::from([catalog.image.roots()]);
        Self { catalog, families, tried: Vec::new() }
    }

    /// Notes what the walk does next.
    pub fn note(&mut self, step: Step<'_>) {
        match step {
            Step::Trying(rule) => {
                let node = self.catalog.row(rule.id.get()).and_then(|row| self.next(row));
                self.tried.extend(node.map(|node| (node, None)));
            }
            Step::Matched(_) => self.decide(Outcome::Holds),
            Step::Refused(_, by) => self.decide(Outcome::Refused(by)),
            Step::Children(_) => {
                let below = self.tried.last().map(|(node, _)| self.catalog.below(*node));
                self.families.extend(below);
            }
        }
    }

    /// The next node of a rule: in the deepest family that has one left.
    fn next(&mut self, row: u16) -> Option<usize> {
        loop {
            let family = self.families.last_mut()?;
            if let Some(node) = family.find(|node| self.catalog.rule_at(*node) == row) {
                return Some(node);
            }
            self.families.pop();
        }
    }

    fn decide(&mut self, outcome: Outcome) {
        if let Some((_, of_last)) = self.tried.last_mut() {
            *of_last = Some(outcome);
        }
    }

    /// The rules that were tried, with what failed in them. The matcher must
    /// have seen the event.
    pub fn finish(self, matcher: &mut impl Matcher, event: &Event<'_>) -> Vec<TriedRule> {
        let catalog = self.catalog;
        let all = self.tried.into_iter().map(|(node, outcome)| {
            let row = catalog.rule_at(node);
            let rule = catalog.rule(row);
            let outcome = outcome
                .unwrap_or_else(|| Outcome::Fails(failing(catalog, matcher, event, row).unwrap_or_default()));
            let own = usize::from(rule.conditions.len.get());
            let held = match outcome {
                Outcome::Fails(place) => place,
                Outcome::Refused(place) => own + place.unwrap_or(usize::from(rule.memory.len.get())),
                Outcome::Holds => own + usize::from(rule.memory.len.get()),
            };
            let depth = usize::from(catalog.image.nodes[node].depth);
            TriedRule { node, row, depth, outcome, held }
        });
        all.collect()
    }
}

/// The place of the first of a rule's own conditions that does not hold.
pub(super) fn failing(
    catalog: &Catalog<'_>,
    matcher: &mut impl Matcher,
    event: &Event<'_>,
    row: u16,
) -> Option<usize> {
    condition::first_failing(&catalog.image, matcher, event, catalog.rule(row))
}

/// The type of log that a rule is for.
pub fn category(catalog: &Catalog<'_>, row: u16) -> &'static str {
    word(Category::from_u8(catalog.rule(row).category).unwrap_or_default())
}

/// The word of rule files for a type of log.
pub fn word(category: Category) -> &'static str {
    Category::WORDS.iter().find(|(_, known)| *known == category).map_or("ossec", |(word, _)| word)
}
