//! Asks the conditions of a destination of alerts.

use super::budget::Offer;
use crate::alert::{Alert, Entry};
use crate::config::Selection;
use crate::outputs::text::write_origin;
use crate::pattern::{Expressions, Language, Options, cases};
use bartizan_core::event::Field;
use bartizan_core::pattern::{Matcher, PatternId};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What alerts a destination wants: one of its selections.
#[derive(Debug)]
pub struct Sieve {
    expressions: Expressions,
    wants: Vec<Want>,
}

#[derive(Debug)]
struct Want {
    selection: Selection,
    group: Option<PatternId>,
    location: Option<PatternId>,
}

/// How an alert that is wanted goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Urgency {
    /// At once, with what waits.
    pub at_once: bool,
    /// By itself.
    pub alone: bool,
}

impl Sieve {
    /// Compiles the patterns. They were checked when the configuration was
    /// read; one that is none fits nothing.
    pub fn new(wants: &[Selection]) -> Self {
        let mut expressions = Expressions::new(cases);
        let mut add = |pattern: &Option<String>| match pattern {
            None => Some(None),
            Some(text) => {
                expressions.add(Language::Match, text.as_bytes(), Options::default()).ok().map(Some)
            }
        };
        let mut all = Vec::new();
        for selection in wants {
            if let (Some(group), Some(location)) = (add(&selection.group_pattern), add(&selection.location)) {
                all.push(Want { selection: selection.clone(), group, location });
            }
        }
        Self { expressions, wants: all }
    }

    /// Whether an alert is wanted, and how it goes: as the most urgent of the
    /// selections that it fits.
    pub fn wants(&mut self, alert: &Alert<'_>) -> Option<Urgency> {
        let Self { expressions, wants } = self;
        let mut found: Option<Urgency> = None;
        for want in wants.iter().filter(|want| want.fits(alert, expressions)) {
            let urgency = found.get_or_insert_default();
            urgency.at_once |= want.selection.at_once;
            urgency.alone |= want.selection.alone;
        }
        found
    }

    /// What the budget needs to know of an alert, if it is wanted.
    pub fn offer(&mut self, entry: &Entry) -> Option<Offer> {
        let alert = entry.alert();
        let Urgency { at_once, alone } = self.wants(&alert)?;
        let rule = alert.rule.unwrap_or_default();
        let source = alert.field(Field::SrcIp).unwrap_or(alert.location);
        let user = alert.field(Field::DstUser).or(alert.field(Field::SrcUser));
        Some(Offer {
            seq: entry.seq,
            bytes: entry.as_bytes().len(),
            rule: rule.id,
            level: rule.level,
            description: String::from_utf8_lossy(rule.description()).into_owned(),
            epoch: alert.id.epoch,
            source: hash(source),
            same: hash((rule.id, source, user, alert.location)),
            at_once,
            alone,
        })
    }
}

impl Want {
    fn fits(&self, alert: &Alert<'_>, expressions: &mut Expressions) -> bool {
        let Selection { mailed, level, rules, groups, .. } = &self.selection;
        let Some(rule) = &alert.rule else {
            return false;
        };
        let mut fits = |pattern: Option<PatternId>, text| {
            pattern.is_none_or(|pattern| expressions.is_match(pattern, text))
        };
        (!mailed || rule.mail)
            && rule.level >= *level
            && (rules.is_empty() || rules.contains(&rule.id))
            && (groups.is_empty()
                || rule.groups().any(|group| groups.iter().any(|name| name.as_bytes() == group)))
            && fits(self.group, rule.groups)
            && fits(self.location, &origin(self.location, alert))
    }
}

/// Where an alert comes from, as `alerts.log` shows it (OSSEC 4.3: that is what
/// the condition is asked of); empty if nobody asks.
fn origin(asked: Option<PatternId>, alert: &Alert<'_>) -> Vec<u8> {
    let mut origin = Vec::new();
    if asked.is_some() {
        write_origin(&mut origin, alert);
    }
    origin
}

fn hash(value: impl Hash) -> u64 {
    // Always the same keys: the sums outlive the process.
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Rule;

    fn alert() -> Alert<'static> {
        let rule =
            Rule { id: 5712, level: 10, groups: b"syslog,sshd,authentication_failures,", ..Rule::default() };
        Alert { rule: Some(rule), location: b"(web) 192.0.2.7->/var/log/auth.log", ..Alert::default() }
    }

    fn is_wanted(selection: Selection) -> bool {
        Sieve::new(&[selection]).wants(&alert()).is_some()
    }

    #[test]
    fn all_conditions_of_a_selection_must_hold() {
        let any = Selection::default;
        let pattern = |text: &str| Some(text.to_owned());
        assert!(is_wanted(any()));
        assert!(is_wanted(Selection { level: 10, rules: vec![1, 5712], ..any() }));
        assert!(!is_wanted(Selection { level: 11, rules: vec![5712], ..any() }));
        assert!(!is_wanted(Selection { level: 10, rules: vec![5713], ..any() }));
        assert!(!is_wanted(Selection { mailed: true, ..any() }), "its rule asks for no mail");
        assert!(!is_wanted(Selection::none()));
        assert!(is_wanted(Selection { location: pattern("(web)"), ..any() }));
        assert!(!is_wanted(Selection { location: pattern("^/var"), ..any() }));
    }

    #[test]
    fn ossec_looks_for_a_group_in_the_groups_and_wazuh_for_its_name() {
        let pattern = |text: &str| Selection { group_pattern: Some(text.to_owned()), ..Selection::default() };
        let names = |names: &[&str]| Selection {
            groups: names.iter().map(|&name| name.to_owned()).collect(),
            ..Selection::default()
        };
        assert!(is_wanted(pattern("authentication_fail")));
        assert!(is_wanted(pattern("nothing|sshd")));
        assert!(!is_wanted(pattern("^sshd")));
        assert!(is_wanted(names(&["nothing", "sshd"])));
        assert!(!is_wanted(names(&["authentication_fail"])));
    }

    #[test]
    fn one_selection_that_fits_is_enough_and_the_most_urgent_counts() {
        let level = |level, at_once| Selection { level, at_once, ..Selection::default() };
        let mut sieve = Sieve::new(&[level(12, false), level(3, false), level(10, true)]);
        assert_eq!(sieve.wants(&alert()), Some(Urgency { at_once: true, alone: false }));
        assert_eq!(Sieve::new(&[]).wants(&alert()), None);
    }

    #[test]
    fn alerts_are_equal_by_rule_source_user_and_location() {
        let mut sieve = Sieve::new(&[Selection::default()]);
        let mut same = |change: fn(&mut Alert<'_>)| {
            let mut alert = alert();
            alert.fields[Field::SrcIp as usize] = Some(b"192.0.2.9");
            change(&mut alert);
            sieve.offer(&Entry::new(&alert)).expect("wanted").same
        };
        let plain = same(|_| {});
        assert_eq!(plain, same(|alert| alert.log = b"other words"));
        assert_ne!(plain, same(|alert| alert.location = b"elsewhere"));
        assert_ne!(plain, same(|alert| alert.fields[Field::SrcIp as usize] = Some(b"192.0.2.8")));
        assert_ne!(plain, same(|alert| alert.fields[Field::DstUser as usize] = Some(b"root")));
    }
}
