//! Which rules have which responses.
//!
//! Made once for an image; asked once for each alert, by the row of its rule.
//! A rule of level 0, of accuracy 0 or with `no_ar` never has one.

use crate::config::responses::{Response, Responses};
use crate::pattern::{Expressions, Language, Options, cases};
use bartizan_core::image::Image;
use bartizan_core::image::rows::{RuleRow, rule_flag};
use bartizan_core::pattern::{Matcher, PatternId};
use std::collections::HashMap;
use std::sync::Arc;

/// The responses of one rule, in the order of the configuration.
pub type Bound = Arc<[Arc<Response>]>;

/// The dialect in which a level and a group must both hold (Wazuh 4.14), as an
/// image's header numbers it; in OSSEC's, 0, one of them is enough.
const BOTH: u8 = 1;

/// A rule without responses.
const NONE: u16 = u16::MAX;

/// The responses of each rule of an image.
#[derive(Clone, Debug, Default)]
pub struct Binding {
    /// By row of the rule: a place in `sets`, or `NONE`. Empty if nothing is
    /// bound.
    rules: Vec<u16>,
    sets: Vec<Bound>,
}

impl Binding {
    /// Binds what is configured to the rules of an image.
    pub fn new(responses: &Responses, image: &Image<'_>) -> Self {
        let mut triggers = Triggers::new(responses, image.header.dialect == BOTH);
        let mut places = HashMap::new();
        let mut place = |rule: &RuleRow| {
            let set = triggers.of(rule, image.text(rule.groups));
            // There are at most as many sets as rules, which 16 bits can count.
            let next = places.len() as u16;
            if set.is_empty() { NONE } else { *places.entry(set).or_insert(next) }
        };
        let rules: Vec<_> = image.rules.iter().map(&mut place).collect();
        let mut sets: Vec<_> = places.into_iter().collect();
        sets.sort_unstable_by_key(|(_, place)| *place);
        let responses = |set: Vec<usize>| set.into_iter().map(|at| Arc::clone(&responses.list[at])).collect();
        let sets: Vec<Bound> = sets.into_iter().map(|(set, _)| responses(set)).collect();
        if sets.is_empty() { Self::default() } else { Self { rules, sets } }
    }

    /// The responses of the rule of a row: one look-up. `None` if there are
    /// none.
    pub fn of(&self, rule: u16) -> Option<&Bound> {
        self.sets.get(usize::from(*self.rules.get(usize::from(rule))?))
    }

    /// Whether no rule has a response.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// How many rules have a response.
    pub fn rules(&self, response: &Response) -> usize {
        let has = |place: &&u16| {
            self.sets.get(usize::from(**place)).is_some_and(|set| set.iter().any(|one| **one == *response))
        };
        self.rules.iter().filter(has).count()
    }
}

/// What leads to each response.
struct Triggers<'r> {
    responses: &'r Responses,
    groups: Vec<Option<PatternId>>,
    expressions: Expressions,
    both: bool,
}

impl<'r> Triggers<'r> {
    fn new(responses: &'r Responses, both: bool) -> Self {
        let mut expressions = Expressions::new(cases);
        let mut add = |response: &Arc<Response>| {
            let group = response.rules_group.as_ref()?;
            // The configuration has checked that it can be understood.
            expressions.add(Language::Regex, group.as_bytes(), Options::default()).ok()
        };
        let groups = responses.list.iter().map(&mut add).collect();
        Self { responses, groups, expressions, both }
    }

    /// The places of a rule's responses.
    fn of(&mut self, rule: &RuleRow, groups: &[u8]) -> Vec<usize> {
        if rule.level == 0 || rule.flags.get() & rule_flag::NO_RESPONSE != 0 {
            return Vec::new();
        }
        (0..self.groups.len()).filter(|place| self.leads(*place, rule, groups)).collect()
    }

    fn leads(&mut self, place: usize, rule: &RuleRow, groups: &[u8]) -> bool {
        let response = &self.responses.list[place];
        let by_level = response.level.map(|level| rule.level.get() >= level);
        let by_group = self.groups[place].map(|pattern| self.expressions.is_match(pattern, groups));
        let by_both = match (by_level, by_group) {
            (Some(level), Some(group)) if self.both => level && group,
            (level, group) => level == Some(true) || group == Some(true),
        };
        by_both || response.rules_id.contains(&rule.id.get())
    }
}

#[cfg(test)]
mod tests;
