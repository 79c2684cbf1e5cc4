//! Which alerts a destination is to hear of: the conditions of
//! `<email_alerts>`, `<syslog_output>` and `<integration>`.
//!
//! All conditions that are given must hold. [`crate::outbox::select`] asks
//! them of alerts.

use super::assembly::check_pattern;
use super::reading::{Reading, number, value_span};
use crate::pattern::Language;
use crate::xml::Element;

/// Levels go to 16, but rules may say more.
const LEVEL_MAX: u32 = 9999;

/// Rules or groups that one condition may name.
const NAMES_MAX: usize = 4096;

/// Names of the options that `Selection::take` knows.
pub const OPTIONS: [&str; 5] = ["level", "rule_id", "group", "event_location", "location"];

/// How `<group>` is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// A pattern that is looked for in the groups of the rule (OSSEC 4.3:
    /// `email_alerts`, `syslog_output`).
    Pattern,
    /// Names between commas, one of which is a group of the rule (Wazuh 4.14:
    /// `integration`).
    Names,
}

/// Conditions on alerts; the default is for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only alerts that are to be mailed: by their level or their rule.
    pub mailed: bool,
    /// This level and higher.
    pub level: u16,
    /// One of these rules; empty for any.
    pub rules: Vec<u32>,
    /// A pattern (OSSEC's match) that the groups of the rule fit, as written.
    pub group_pattern: Option<String>,
    /// One of these groups; empty for any.
    pub groups: Vec<String>,
    /// A pattern (OSSEC's match) that the location fits.
    pub location: Option<String>,
    /// What fits goes at once, with all that waits for more (`do_not_delay`).
    pub at_once: bool,
    /// What fits goes by itself, behind what waits (`do_not_group`).
    pub alone: bool,
}

impl Selection {
    /// No alerts: for destinations that only get reports.
    pub fn none() -> Self {
        Self { level: u16::MAX, ..Self::default() }
    }

    /// Whether it has a condition or says how to send.
    pub fn says_something(&self) -> bool {
        *self != Self { mailed: self.mailed, ..Self::default() }
    }

    /// Reads an option of a section, if it is one of [`OPTIONS`]; says whether
    /// it was. Problems are reported.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, option: &Element, manner: Manner) -> bool {
        match (option.name.as_str(), manner) {
            ("level", _) => {
                let level = reading.number(option, 0..=LEVEL_MAX);
                self.level = level.map_or(self.level, |level| level as u16);
            }
            ("rule_id", _) => self.rules.extend(rules(reading, option).unwrap_or_default()),
            ("group", Manner::Pattern) => self.group_pattern = pattern(reading, option),
            ("group", Manner::Names) => self.groups.extend(names(reading, option).unwrap_or_default()),
            ("event_location" | "location", _) => self.location = pattern(reading, option),
            _ => return false,
        }
        true
    }
}

/// Numbers between commas and spaces.
fn rules(reading: &mut Reading<'_>, option: &Element) -> Option<Vec<u32>> {
    let text = reading.text(option)?;
    let words = text.split([',', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
    let rules: Option<Vec<_>> = words.map(|word| number(word.as_bytes())).collect();
    let rules = rules.filter(|rules| (1..=NAMES_MAX).contains(&rules.len()));
    if rules.is_none() {
        let message = format!("<rule_id> takes 1 to {NAMES_MAX} numbers of rules");
        reading.error(value_span(option), message, "write them with commas: 5712,5720");
    }
    rules
}

/// Names between commas.
fn names(reading: &mut Reading<'_>, option: &Element) -> Option<Vec<String>> {
    let text = reading.text(option)?;
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<_> = names.map(str::to_owned).collect();
    if (1..=NAMES_MAX).contains(&names.len()) {
        return Some(names);
    }
    let message = format!("<group> takes 1 to {NAMES_MAX} names of groups");
    reading.error(value_span(option), message, "write them with commas: sshd,authentication_failed");
    None
}

/// A pattern in OSSEC's match language.
fn pattern(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    let Err((what, offset, help)) = check_pattern(Language::Match, text.as_bytes()) else {
        return Some(text);
    };
    let at = offset.min(text.len().saturating_sub(1));
    let help =
        help.unwrap_or_else(|| "it is looked for as it stands; `^`, `$` and `|` have a meaning".to_owned());
    reading.error(option.span_of(at..at + 1), what, help);
    None
}
