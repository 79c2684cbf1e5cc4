//! Why a line got the answer that it got.
//!
//! The engine judges the line as always and tells which rules it tries and
//! which hold; for those that do not, their rows are read once more to find
//! the condition that said no. So an explanation cannot disagree with the
//! verdict, and judging costs nothing for being explained.
//!
//! | room | what it tells |
//! |---|---|
//! | [`decoding`] | which decoders were tried, and why each failed or won |
//! | [`walk`] | which rules were tried, and what failed in each |
//! | [`searches`] | what correlation found among earlier events |
//! | [`why`] | why one rule did not fire |
//! | [`told`] | all of it in words, and as JSON |

pub mod decoding;
pub mod searches;
pub mod told;
pub mod walk;
pub mod why;

use super::catalog::Catalog;
use crate::engine::Ruleset;
use crate::engine::session::Session;
use crate::pattern::FastMatcher;
use bartizan_core::event::Event;
use bartizan_core::pattern::Matcher;
use bartizan_core::rules::judge::Verdict;
use bartizan_core::rules::walk::Candidates;
use decoding::TriedDecoder;
use searches::Search;
use walk::{Outcome, TriedRule, Walk};

/// Why a line got its answer.
#[derive(Debug)]
pub struct Explanation {
    /// The decoders that were tried, in order.
    pub decoders: Vec<TriedDecoder>,
    /// The rules that were tried, in order.
    pub rules: Vec<TriedRule>,
    /// The searches of earlier events, of rules that were tried.
    pub searches: Vec<Search>,
    /// The verdict.
    pub verdict: Verdict,
}

/// Explains what a session judges.
#[derive(Debug)]
pub struct Explainer<'l> {
    /// The rules.
    pub catalog: Catalog<'l>,
    matcher: FastMatcher<'l>,
}

impl<'l> Explainer<'l> {
    /// An explainer for the ruleset of a catalog.
    pub fn new(ruleset: &'l Ruleset, catalog: Catalog<'l>) -> Self {
        let matcher = FastMatcher::new(&ruleset.tables, catalog.image.patterns);
        Self { catalog, matcher }
    }

    /// Judges an event and explains the verdict. It is for the caller to let
    /// the session remember the event.
    pub fn judge(&mut self, session: &mut Session<'_, '_>, event: &mut Event<'_>) -> Explanation {
        let Self { catalog, matcher } = self;
        session.understanding.decode(event);
        matcher.begin(event.log());
        let decoders = decoding::tried(catalog, matcher, event);
        // A search that succeeds leaves marks, so all are looked at before.
        let mut found = Candidates::default();
        session.understanding.find(event, &mut found);
        let mut searches = searches::all(catalog, &mut session.court, event, &found);
        let mut walk = Walk::new(catalog);
        let verdict = session.court.evaluate(event, &mut |step| walk.note(step));
        let rules = walk.finish(matcher, event);
        searches.retain(|search| rules.iter().any(|rule| rule.row == search.row && rule.asked_memory()));
        Explanation { decoders, rules, searches, verdict }
    }

    /// The place of the first of a rule's own conditions that does not hold.
    pub fn failing(&mut self, event: &Event<'_>, row: u16) -> Option<usize> {
        walk::failing(&self.catalog, &mut self.matcher, event, row)
    }
}

impl Explanation {
    /// The rules that came nearest to holding without doing so: those deepest
    /// in the tree, of those the ones of whose conditions most held. At most
    /// `most`, and none of which nothing held.
    pub fn nearest(&self, most: usize) -> Vec<&TriedRule> {
        let refused = |rule: &TriedRule| matches!(rule.outcome, Outcome::Refused(_));
        let missed = |rule: &&TriedRule| rule.outcome != Outcome::Holds && (refused(rule) || rule.held > 0);
        let mut near: Vec<_> = self.rules.iter().filter(missed).collect();
        near.sort_by_key(|rule| std::cmp::Reverse((refused(rule), rule.depth, rule.held)));
        near.dedup_by_key(|rule| rule.row);
        near.truncate(most);
        near
    }

    /// The search of a rule.
    pub fn search(&self, row: u16) -> Option<&Search> {
        self.searches.iter().find(|search| search.row == row)
    }
}
