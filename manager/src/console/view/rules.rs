//! Which rules there are, how they hang together and how often they fired.

use super::overview::beginning_of;
use super::text;
use crate::ruleset::Loaded;
use crate::store::{Filter, Reader, StoreError};
use crate::workshop::card::Card;
use crate::workshop::catalog::Catalog;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// Rules on one page.
pub const PAGE: usize = 100;

/// Hours in which it is counted how often rules fired.
pub const FIRED_HOURS: i64 = 24;

/// The rules that are in use. What is known of each is put together when somebody first asks, because that takes
/// some time and a few megabytes.
#[derive(Debug)]
pub struct Rulebook {
    loaded: Arc<Loaded>,
    cards: OnceLock<Vec<Card>>,
}

impl Deref for Rulebook {
    type Target = Loaded;

    fn deref(&self) -> &Loaded {
        &self.loaded
    }
}

/// How often each rule fired.
pub type Fired = HashMap<u32, u64>;

/// A rule in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleLine {
    /// Its number.
    pub rule: u32,
    /// Its level.
    pub level: u16,
    /// What it says.
    pub description: String,
    /// Its groups.
    pub groups: Vec<String>,
    /// The file it stands in.
    pub file: Option<String>,
    /// How often it fired in the last 24 hours.
    pub fired: u64,
    /// Rules right under it.
    pub children: usize,
}

/// Some rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RulesPage {
    /// The rules.
    pub rules: Vec<RuleLine>,
    /// How many are like that.
    pub found: usize,
    /// How many there are.
    pub all: usize,
    /// How many of those that are like that stand before the first one here.
    pub from: usize,
}

/// One rule, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleWhole {
    /// What the files say.
    #[serde(flatten)]
    pub card: Card,
    /// How often it fired in the last 24 hours.
    pub fired: u64,
    /// The way to it from a root of the tree, by its first place.
    pub above: Vec<RuleLine>,
    /// What hangs under it, in the order in which it is tried; the first ones.
    pub below: Vec<RuleLine>,
}

impl Rulebook {
    /// The rules that were loaded; with the texts of their files they can be
    /// shown as they are written.
    pub fn new(loaded: Arc<Loaded>) -> Self {
        Self { loaded, cards: OnceLock::new() }
    }

    /// All rules in the order in which they were read.
    pub fn cards(&self) -> &[Card] {
        self.cards.get_or_init(|| {
            let catalog = Catalog::new(&self.loaded, &self.loaded.texts);
            (0..catalog.image.rules.len()).map(|row| Card::new(&catalog, row as u16)).collect()
        })
    }

    /// A rule.
    pub fn card(&self, rule: u32) -> Option<&Card> {
        self.cards().iter().find(|card| card.rule == rule)
    }

    /// Rules that have a text anywhere, the roots of the tree, or all; those
    /// that fired most first, then by number.
    pub fn page(&self, wanted: &Wanted, fired: &Fired, from: usize) -> RulesPage {
        let small = wanted.text.to_lowercase();
        let is_wanted = |card: &&Card| {
            (!wanted.roots || card.parents.is_empty() && card.places > 0)
                && (small.is_empty() || card.has(&small))
        };
        let mut found: Vec<_> = self.cards().iter().filter(is_wanted).collect();
        let often = |card: &Card| fired.get(&card.rule).copied().unwrap_or(0);
        found.sort_by_key(|card| (std::cmp::Reverse(often(card)), card.rule));
        let rules = found.iter().skip(from).take(PAGE).map(|card| line(card, fired)).collect();
        RulesPage { rules, found: found.len(), all: self.cards().len(), from }
    }

    /// All of one rule; none if there is no such one.
    pub fn whole(&self, rule: u32, fired: &Fired) -> Option<RuleWhole> {
        let card = self.card(rule)?;
        let lines = |ids: &[u32]| -> Vec<RuleLine> {
            ids.iter().filter_map(|id| self.card(*id)).map(|card| line(card, fired)).collect()
        };
        let below = card.children.get(..PAGE).unwrap_or(&card.children);
        Some(RuleWhole {
            card: card.clone(),
            fired: fired.get(&rule).copied().unwrap_or(0),
            above: lines(&self.above(card)),
            below: lines(below),
        })
    }

    /// The way from a root to a rule. No tree is deeper than it has rules, and
    /// this one is far less deep.
    fn above(&self, card: &Card) -> Vec<u32> {
        let parent = |id: &u32| self.card(*id)?.parents.first().copied();
        let first = card.parents.first().copied();
        let mut way: Vec<u32> = std::iter::successors(first, parent).take(DEPTH_MAX).collect();
        way.reverse();
        way
    }
}

/// Rules above one that are shown.
const DEPTH_MAX: usize = 64;

/// Which rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// With this in it; empty for all.
    pub text: String,
    /// Only those that hang under no other.
    pub roots: bool,
}

fn line(card: &Card, fired: &Fired) -> RuleLine {
    RuleLine {
        rule: card.rule,
        level: card.level,
        description: card.description.clone(),
        groups: card.groups.clone(),
        file: card.file.clone(),
        fired: fired.get(&card.rule).copied().unwrap_or(0),
        children: card.children.len(),
    }
}

/// How often each rule fired in the last hours. Costs what an overview costs.
pub fn fired(reader: &mut Reader, now: i64) -> Result<Fired, StoreError> {
    let since = Some(beginning_of(FIRED_HOURS, now));
    let mut fired = Fired::new();
    for rule in reader.totals(&Filter { since, ..Filter::default() })?.rules {
        *fired.entry(rule.id).or_default() += rule.count;
    }
    Ok(fired)
}

/// The rules that say this; alerts and pictures only know what rules say.
pub fn saying(book: &Rulebook, description: &[u8]) -> Vec<u32> {
    let description = text(description);
    let same = book.cards().iter().filter(|card| card.description == description);
    same.map(|card| card.rule).take(SAYING_MAX).collect()
}

/// Rules of one description that are named.
const SAYING_MAX: usize = 20;

#[cfg(test)]
pub(in crate::console) mod sample {
    use super::*;
    use crate::diagnose::{Diagnostics, Sources};
    use crate::ruleset::{self, RulesFrom};

    /// The rules that are built in.
    pub(in crate::console) fn built_in() -> Rulebook {
        let (mut sources, mut said) = (Sources::new(), Diagnostics::new());
        let loaded = ruleset::load(&RulesFrom::BuiltIn, &mut sources, &mut said);
        let loaded = loaded.expect("the built-in rules");
        Rulebook::new(Arc::new(Loaded { texts: sources, ..loaded }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_what_stands_in_them_and_those_that_fired_come_first() {
        let book = sample::built_in();
        let fired = Fired::from([(5716, 3), (5710, 9)]);
        let wanted = Wanted { text: "SSHD".to_owned(), roots: false };
        let page = book.page(&wanted, &fired, 0);
        let first: Vec<_> = page.rules.iter().take(2).map(|rule| (rule.rule, rule.fired)).collect();
        assert_eq!(first, [(5710, 9), (5716, 3)]);
        assert!(page.found < page.all && page.rules.len() <= PAGE);
        let all = book.page(&Wanted::default(), &fired, 0);
        assert_eq!((all.found, all.rules.len()), (all.all, PAGE));
        let next = book.page(&Wanted::default(), &fired, PAGE);
        assert!(next.rules[0] != all.rules[0] && next.from == PAGE);
        assert!(book.page(&Wanted::default(), &fired, usize::MAX).rules.is_empty());
    }

    #[test]
    fn the_tree_leads_from_its_roots_to_every_rule() {
        let book = sample::built_in();
        let fired = Fired::new();
        let roots = book.page(&Wanted { roots: true, text: String::new() }, &fired, 0);
        assert!(roots.found > 0 && roots.found < roots.all);
        let rule = book.whole(5716, &fired).expect("it is there");
        let parent = rule.above.last().expect("it hangs under one");
        assert!(rule.card.parents.contains(&parent.rule));
        let parent = book.whole(parent.rule, &fired).expect("it is there");
        assert!(parent.below.iter().any(|rule| rule.rule == 5716));
        assert!(book.whole(4_000_000, &fired).is_none());
        assert!(saying(&book, rule.card.description.as_bytes()).contains(&5716));
    }
}
