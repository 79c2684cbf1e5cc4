//! Rules that can never fire, and patterns that cost more than they should.
//!
//! Each finding is certain, not a guess: it follows from the rows alone,
//! whatever a log says. Each has a name; a comment `<!-- allow NAME -->` in a
//! rule, or in the line before it, says that it is meant so.
//!
//! | name | what |
//! |---|---|
//! | `shadowed` | a rule that is tried before it, at every place, holds whenever it would hold |
//! | `counts-nothing` | it counts events of a rule that does not exist |
//! | `unreachable` | no decoder that it asks for gives logs of its type |
//! | `contradiction` | what it asks excludes what a rule above it asks |
//! | `limited` | the search for a pattern is not linear in the text |
//!
//! Work: each place of a rule is compared with those before it in its family;
//! after `COMPARISONS_MAX` no more rules are looked at for `shadowed`.

mod contradiction;
mod limited;

use super::catalog::Catalog;
use super::words;
use crate::diagnose::{Diagnostic, Diagnostics, SourceId, Span};
use crate::xml::Element;
use bartizan_core::image::rows::{ConditionRow, RuleRow, condition, rule_flag, search};
use contradiction::Beginnings;
use std::collections::{HashMap, HashSet};

/// Pairs of rules that are compared; stock rulesets have some millions.
const COMPARISONS_MAX: usize = 20_000_000;

/// Looks for rules that can never fire; findings are warnings of the report.
pub fn lint(catalog: &Catalog<'_>, report: &mut Diagnostics) {
    let mut lint = Lint::new(catalog);
    let beginnings = Beginnings::new(catalog);
    for row in 0..catalog.image.rules.len() as u16 {
        let found = [
            lint.shadowed(row),
            lint.counts_nothing(row),
            lint.unreachable(row),
            beginnings.contradiction(catalog, row),
            limited::rule(catalog, row),
        ];
        for finding in found.into_iter().flatten() {
            let Some((source, element)) = finding.element(catalog, row) else { continue };
            if !is_allowed(catalog, source, element.span, finding.name) {
                report.push(finding.diagnostic(source, element));
            }
        }
    }
    limited::decoders(catalog, report);
}

/// What is known of all rules.
struct Lint<'c, 'l> {
    catalog: &'c Catalog<'l>,
    /// For each rule the numbers of its conditions that look at the event
    /// alone; equal conditions have equal numbers.
    asked: Vec<Vec<usize>>,
    /// Decoder ids with the types of log that they give.
    gives: HashSet<(u16, u8)>,
    /// Decoder ids of plug-ins, which decide on the type themselves.
    plugins: HashSet<u16>,
    comparisons: usize,
}

struct Finding {
    name: &'static str,
    message: String,
    help: String,
    /// The element that it is about, by its name; else the rule.
    about: &'static str,
    /// The place, if it is better known.
    at: Option<(SourceId, Span)>,
}

impl Finding {
    /// The element of a rule that it is about: the first, or the one in which
    /// the place is. None for a rule that is in no file.
    fn element<'c>(&self, catalog: &'c Catalog<'_>, row: u16) -> Option<(SourceId, &'c Element)> {
        let mut elements = catalog.elements(catalog.rule(row).id.get());
        match self.at {
            None => elements.next(),
            Some((file, place)) => elements.find(|(source, element)| {
                *source == file && element.span.start <= place.start && place.end <= element.span.end
            }),
        }
    }

    fn diagnostic(self, source: SourceId, element: &Element) -> Diagnostic {
        let about = element.children.iter().find(|child| child.name.eq_ignore_ascii_case(self.about));
        let named = about.map_or(element.name_span, |about| about.text_span);
        let (_, span) = self.at.unwrap_or((source, named));
        let note = format!("`<!-- allow {} -->` in the rule says that it is meant so", self.name);
        let message = format!("{} [{}]", self.message, self.name);
        Diagnostic::warning(source, span, message).help(self.help).note(note)
    }
}

/// Whether a comment in the rule or in the line before it allows a finding.
fn is_allowed(catalog: &Catalog<'_>, source: SourceId, span: Span, name: &str) -> bool {
    let text = catalog.sources().bytes(source);
    let line = |end: usize| memchr::memrchr(b'\n', text.get(..end).unwrap_or(b"")).unwrap_or(0);
    let part = text.get(line(line(span.start))..span.end).unwrap_or(b"");
    memchr::memmem::find(part, format!("<!-- allow {name} -->").as_bytes()).is_some()
}

/// What two equal conditions have in common.
#[derive(PartialEq, Eq, Hash)]
enum Asked<'i> {
    /// What it asks for, in words and as the whole pattern.
    Words(u8, u8, String, &'i [u8]),
    /// The row of a list, which is only equal to itself.
    Row(*const ConditionRow),
}

impl<'c, 'l> Lint<'c, 'l> {
    fn new(catalog: &'c Catalog<'l>) -> Self {
        let image = &catalog.image;
        let mut numbers = HashMap::new();
        let mut number = |rule: &RuleRow, row: &ConditionRow| {
            let asked = match row.kind {
                condition::ADDRESS | condition::LIST => Asked::Row(row),
                _ => {
                    let (words, pattern) = words::whole(catalog, rule, row);
                    Asked::Words(row.kind, row.option, words, pattern)
                }
            };
            let next = numbers.len();
            *numbers.entry(asked).or_insert(next)
        };
        let asked = image.rules.iter().map(|rule| {
            let own = image.range(image.conditions, rule.conditions);
            own.iter().map(|row| number(rule, row)).collect()
        });
        let asked = asked.collect();
        let gives = image.decoders.iter().map(|decoder| (decoder.id.get(), decoder.category)).collect();
        let plugins = image.decoders.iter().filter(|decoder| decoder.plugin != 0);
        let plugins = plugins.map(|decoder| decoder.id.get()).collect();
        Self { catalog, asked, gives, plugins, comparisons: 0 }
    }

    /// At every place of the rule another one, the same or not, is tried
    /// before it that fires whenever this one would.
    fn shadowed(&mut self, row: u16) -> Option<Finding> {
        let catalog = self.catalog;
        let mut first = None;
        for place in catalog.places(row) {
            let family = catalog.below(catalog.above(*place)?);
            let shadow = (family.start..*place).find(|before| self.implies(row, catalog.rule_at(*before)))?;
            first.get_or_insert(shadow);
        }
        let other = catalog.rule(catalog.rule_at(first?));
        let rule = catalog.rule(row);
        let what = match other.conditions.len.get() {
            0 => "has no conditions of its own",
            _ => "asks for no more than this one does",
        };
        let message =
            format!("rule {} never fires: rule {}, which is tried before it, {what}", rule.id, other.id);
        let help = format!("remove one, or hang {} under {}", rule.id, other.id);
        Some(Finding { name: "shadowed", message, help, about: "", at: None })
    }

    /// Whether another rule fires whenever this one would.
    fn implies(&mut self, row: u16, other: u16) -> bool {
        self.comparisons += 1;
        let before = self.catalog.rule(other);
        let certain = row != other
            && self.comparisons <= COMPARISONS_MAX
            && before.search == search::NONE
            && before.memory.len.get() == 0
            && before.flags.get() & rule_flag::NO_ALERT == 0;
        let own = &self.asked[usize::from(row)];
        certain && self.asked[usize::from(other)].iter().all(|asked| own.contains(asked))
    }

    fn counts_nothing(&self, row: u16) -> Option<Finding> {
        let rule = self.catalog.rule(row);
        (rule.search == search::NEVER).then(|| Finding {
            name: "counts-nothing",
            message: format!("rule {} never fires: the rule that it counts is not loaded before it", rule.id),
            help: "name a rule that stands before this one".to_owned(),
            about: "if_matched_sid",
            at: None,
        })
    }

    fn unreachable(&self, row: u16) -> Option<Finding> {
        let catalog = self.catalog;
        let rule = catalog.rule(row);
        let conditions = catalog.image.range(catalog.image.conditions, rule.conditions);
        let wanted = conditions.iter().find(|row| row.kind == condition::DECODED_AS)?.a.get();
        let root_gives = |place: &usize| {
            let root = catalog.path(*place).first().map(|root| catalog.rule(catalog.rule_at(*root)));
            self.plugins.contains(&wanted)
                || root.is_some_and(|root| self.gives.contains(&(wanted, root.category)))
        };
        let places = catalog.places(row);
        (!places.is_empty() && !places.iter().any(root_gives)).then(|| Finding {
            name: "unreachable",
            message: format!(
                "rule {} never fires: its decoder gives logs of another type than its parents are for",
                rule.id
            ),
            help: "hang it under a rule for the <type> of the decoder".to_owned(),
            about: "decoded_as",
            at: None,
        })
    }
}
