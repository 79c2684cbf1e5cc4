//! All that is known of one rule, with texts of its own: what `rules show`
//! prints and the console shows, long after the catalog has gone.

use super::catalog::{Catalog, Position};
use super::words;
use crate::mitre::{self, Technique};
use bartizan_core::image::rows::{RuleRow, rule_flag, search};
use schemars::JsonSchema;
use serde::Serialize;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Card {
    /// Its number.
    pub rule: u32,
    /// Its level.
    pub level: u16,
    /// What it says; empty if it says nothing.
    pub description: String,
    /// Its groups.
    pub groups: Vec<String>,
    /// The techniques of MITRE ATT&CK that it names.
    pub techniques: Vec<&'static Technique>,
    /// The file it stands in; none for one that the program makes.
    pub file: Option<String>,
    /// The line there, from 1.
    pub line: Option<usize>,
    /// Where it is overwritten.
    pub overwritten: Vec<Place>,
    /// What is unusual of it, in words.
    pub options: Vec<String>,
    /// At how many places of the tree it hangs.
    pub places: usize,
    /// What must hold: all of these.
    pub conditions: Vec<Asked>,
    /// What it counts of earlier events; none if it counts nothing.
    pub correlation: Option<Counted>,
    /// Rules that it hangs under.
    pub parents: Vec<u32>,
    /// Rules that hang under it, in the order in which they are tried.
    pub children: Vec<u32>,
    /// Rules whose events it counts.
    pub correlates_with: Vec<u32>,
    /// Rules that count its events.
    pub correlated_by: Vec<u32>,
    /// The rule as it is written, and what overwrites it.
    pub xml: Vec<String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Asked {
    /// In words.
    pub words: String,
    /// The pattern, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The language of the pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the pattern is matched with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// What a rule counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counted {
    /// In words.
    pub words: Option<String>,
    /// How many earlier events it asks for.
    pub earlier_events: u32,
    /// Within how many seconds.
    pub timeframe: u32,
    /// What they must have in common, in words of rule files.
    pub compares: Vec<String>,
}

impl Card {
    /// The card of a rule by its row, which must be one of the catalog's.
    pub fn new(catalog: &Catalog<'_>, row: u16) -> Self {
        let rule = catalog.rule(row);
        let id = rule.id.get();
        let mut positions = positions(catalog, id).into_iter();
        let own = positions.next();
        let ids = |rows: Vec<u16>| rows.iter().map(|row| catalog.rule(*row).id.get()).collect();
        Self {
            rule: id,
            level: rule.level.get(),
            description: catalog.description(row),
            groups: catalog.groups(row),
            techniques: techniques(catalog, row),
            file: own.as_ref().map(|place| place.file.clone()),
            line: own.map(|place| place.line),
            overwritten: positions.map(|place| Place { file: place.file, line: place.line }).collect(),
            options: options(rule),
            places: catalog.places(row).len(),
            conditions: conditions(catalog, rule),
            correlation: counted(catalog, row),
            parents: ids(catalog.parents(row)),
            children: ids(catalog.children(row)),
            correlates_with: ids(catalog.correlates_with(row)),
            correlated_by: ids(catalog.correlated_by(row)),
            xml: catalog.elements(id).map(|(s, element)| catalog.text(s, element.span)).collect(),
        }
    }

    /// Whether a text in small letters stands anywhere in the rule: in its
    /// number, what it says, groups, patterns, what it counts, its file.
    pub fn has(&self, wanted: &str) -> bool {
        let patterns = self.conditions.iter().filter_map(|condition| condition.pattern.as_deref());
        let counted = self.correlation.iter().filter_map(|counted| counted.words.as_deref());
        let texts = [self.description.as_str()].into_iter().chain(self.file.as_deref());
        let mut texts = texts.chain(patterns).chain(counted);
        self.rule.to_string().contains(wanted)
            || self.groups.join(",").to_lowercase().contains(wanted)
            || texts.any(|text| text.to_lowercase().contains(wanted))
    }
}

/// Where a rule stands, and then where it is overwritten.
pub fn positions(catalog: &Catalog<'_>, id: u32) -> Vec<Position> {
    catalog.elements(id).map(|(source, element)| catalog.position(source, element.span.start)).collect()
}

/// The techniques that a rule names, in its ids or in its groups.
pub fn techniques(catalog: &Catalog<'_>, row: u16) -> Vec<&'static Technique> {
    let mut all = mitre::of_ids(catalog.image.text(catalog.rule(row).mitre));
    all.extend(catalog.groups(row).iter().filter_map(|group| mitre::of_group(group.as_bytes())));
    all
}

fn conditions(catalog: &Catalog<'_>, rule: &RuleRow) -> Vec<Asked> {
    let asked = |condition| {
        let object = words::condition_json(catalog, rule, condition);
        let text = |name: &str| object[name].as_str().map(str::to_owned);
        Asked {
            words: text("words").unwrap_or_default(),
            pattern: text("pattern"),
            language: text("language"),
            subject: text("subject"),
        }
    };
    words::conditions_of(&catalog.image, rule).map(asked).collect()
}

fn counted(catalog: &Catalog<'_>, row: u16) -> Option<Counted> {
    let rule = catalog.rule(row);
    (rule.search != search::NONE).then(|| Counted {
        words: words::correlation(catalog, row),
        earlier_events: words::wanted(rule),
        timeframe: rule.timeframe.get(),
        compares: words::comparisons(&catalog.image, rule),
    })
}

/// The options of a rule that are not usual.
pub fn options(rule: &RuleRow) -> Vec<String> {
    let flags = rule.flags.get();
    let named = [
        (flags & rule_flag::NO_ALERT != 0, "never fires itself, only rules under it do (noalert)"),
        (flags & rule_flag::LOG == 0 && rule.level != 0, "writes no alert"),
        (rule.level == 0 && flags & rule_flag::NO_ALERT == 0, "ends in silence (level 0)"),
        (flags & rule_flag::ALERT_BY_EMAIL != 0, "is mailed whatever its level (alert_by_email)"),
        (flags & rule_flag::NO_RESPONSE != 0, "no active response"),
        (rule.ignore_keys != 0, "silences its like once it has fired (ignore)"),
        (rule.check_ignored_keys != 0, "is silenced by others (check_if_ignored)"),
    ];
    let mut options: Vec<String> =
        named.iter().filter(|(on, _)| *on).map(|(_, word)| (*word).to_owned()).collect();
    if rule.ignore != 0 {
        options.push(format!("silent for {} s once it has fired", rule.ignore));
    }
    options
}
