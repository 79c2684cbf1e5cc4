//! Rules that ask for what a rule above them has ruled out.

use super::super::catalog::Catalog;
use super::super::words;
use super::Finding;
use crate::pattern::beginnings;
use bartizan_core::image::rows::{ConditionRow, RuleRow, TextRow, condition, condition_flag};
use bartizan_core::pattern::PatternId;
use zerocopy::little_endian::U16;

/// How texts begin that patterns match, by pattern.
pub(super) struct Beginnings(Vec<Option<Vec<Vec<u8>>>>);

/// A condition and the rule that has it.
type Asked<'c> = (&'c RuleRow, &'c ConditionRow);

impl Beginnings {
    /// Those of all patterns. Reads each once more.
    pub(super) fn new(catalog: &Catalog<'_>) -> Self {
        let patterns = catalog.image.patterns;
        let all = (0..patterns.rows.len() as u16).map(|id| beginnings(&patterns, PatternId(id)));
        Self(all.collect())
    }

    /// At every place of the rule a condition of its own contradicts one above
    /// it, or another one of its own.
    pub(super) fn contradiction(&self, catalog: &Catalog<'_>, row: u16) -> Option<Finding> {
        let mut first = None;
        for place in catalog.places(row) {
            first = first.or(Some(self.at(catalog, *place)?));
        }
        let ((rule, own), (other, above)) = first?;
        let who = if other.id == rule.id { "and it also asks that" } else { "and above it, in rule" };
        let id = if other.id == rule.id { String::new() } else { format!(" {},", other.id) };
        let (own_words, other_words) =
            (words::condition(catalog, rule, own), words::condition(catalog, other, above));
        Some(Finding {
            name: "contradiction",
            message: format!(
                "rule {} never fires: it asks that {own_words}, {who}{id} {other_words}",
                rule.id
            ),
            help: "hang it under another rule, or correct one of the two".to_owned(),
            about: "",
            at: words::span_of(catalog, rule, own),
        })
    }

    /// Two conditions of the rule at a place, or of it and one above it, that
    /// exclude each other.
    fn at<'c>(&self, catalog: &Catalog<'c>, place: usize) -> Option<(Asked<'c>, Asked<'c>)> {
        let path = catalog.path(place);
        let all = path.iter().flat_map(|node| {
            let rule = catalog.rule(catalog.rule_at(*node));
            catalog.image.range(catalog.image.conditions, rule.conditions).iter().map(move |row| (rule, row))
        });
        let all: Vec<Asked<'c>> = all.collect();
        let rule = catalog.rule(catalog.rule_at(place));
        let own = || all.iter().filter(|(of, _)| of.id == rule.id);
        own().find_map(|own| {
            let other = all.iter().find(|other| self.exclude(catalog, own.1, other.1))?;
            Some((*own, *other))
        })
    }

    /// Whether no event satisfies both.
    fn exclude(&self, catalog: &Catalog<'_>, one: &ConditionRow, other: &ConditionRow) -> bool {
        let name = |row: &ConditionRow| {
            catalog.image.text(TextRow { offset: row.b, len: U16::new(row.c.get().unsigned_abs()) })
        };
        match (one.kind, other.kind) {
            (condition::DECODED_AS, condition::DECODED_AS) => one.a != other.a,
            (condition::PATTERN, condition::PATTERN) => one.option == other.option && self.apart(one, other),
            (condition::FIELD, condition::FIELD) => name(one) == name(other) && self.apart(one, other),
            _ => false,
        }
    }

    /// Whether no text begins as both patterns ask.
    fn apart(&self, one: &ConditionRow, other: &ConditionRow) -> bool {
        let of = |row: &ConditionRow| {
            let is_negated = row.flags & condition_flag::NEGATED != 0;
            self.0.get(usize::from(row.a.get())).filter(|_| !is_negated)?.as_ref()
        };
        let (Some(one), Some(other)) = (of(one), of(other)) else { return false };
        let apart = |a: &Vec<u8>, b: &Vec<u8>| !a.starts_with(b) && !b.starts_with(a);
        one.iter().all(|a| other.iter().all(|b| apart(a, b)))
    }
}
