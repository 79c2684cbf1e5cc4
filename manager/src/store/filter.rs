//! Which alerts are asked for.

use super::packed::Place;
use super::words::{self, Word};
use crate::alert::{Alert, Rule};
use crate::outputs::text::write_origin;
use bartizan_core::event::Field;
use memchr::memmem;

/// Which alerts are asked for; what is not set asks for nothing. All that is
/// set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// From this second on (since 1970).
    pub since: Option<i64>,
    /// Before this second.
    pub until: Option<i64>,
    /// This level and higher.
    pub level: Option<u16>,
    /// One of these rules.
    pub rules: Vec<u32>,
    /// One of these groups, each whole.
    pub groups: Vec<String>,
    /// Of this agent, by its name, or of this host.
    pub agent: Option<String>,
    /// From a place with this in it, as `alerts.log` shows the place.
    pub location: Option<String>,
    /// From this address, whole.
    pub srcip: Option<String>,
    /// About this user, or by it, whole.
    pub user: Option<String>,
    /// With all of these words in the log. A word begins and ends where a
    /// word of the log does, `sess*` ends anywhere; case does not matter.
    pub text: Option<String>,
}

impl Filter {
    /// Whether an alert is asked for.
    pub fn matches(&self, alert: &Alert<'_>) -> bool {
        let place =
            Place { location: alert.location, hostname: alert.hostname, program_name: alert.program_name };
        self.has_time(alert.id.epoch)
            && self.has_rule(alert.rule.as_ref())
            && self.has_place(&place)
            && self.has_names(alert)
            && self.has_words(&self.words(), alert)
    }

    /// Whether it asks for a time alone.
    pub fn is_by_time_alone(&self) -> bool {
        *self == Self { since: self.since, until: self.until, ..Self::default() }
    }

    pub(super) fn has_time(&self, epoch: i64) -> bool {
        self.since.is_none_or(|since| epoch >= since) && self.until.is_none_or(|until| epoch < until)
    }

    pub(super) fn is_by_rule(&self) -> bool {
        self.level.is_some() || !self.rules.is_empty() || !self.groups.is_empty()
    }

    pub(super) fn has_rule(&self, rule: Option<&Rule<'_>>) -> bool {
        let Some(rule) = rule else { return !self.is_by_rule() };
        self.level.is_none_or(|level| rule.level >= level)
            && (self.rules.is_empty() || self.rules.contains(&rule.id))
            && (self.groups.is_empty() || self.groups.iter().any(|group| has_group(rule, group)))
    }

    pub(super) fn is_by_place(&self) -> bool {
        self.agent.is_some() || self.location.is_some()
    }

    pub(super) fn has_place(&self, place: &Place<'_>) -> bool {
        if !self.is_by_place() {
            return true;
        }
        let alert = Alert { location: place.location, hostname: place.hostname, ..Alert::default() };
        let of_agent = |agent: &String| {
            let agent = agent.as_bytes();
            alert.agent_name() == agent || place.hostname == agent
        };
        let has = |part: &String| {
            let mut origin = Vec::new();
            write_origin(&mut origin, &alert);
            memmem::find(&origin, part.as_bytes()).is_some()
        };
        self.agent.as_ref().is_none_or(of_agent) && self.location.as_ref().is_none_or(has)
    }

    /// Whether addresses and users are those asked for.
    pub(super) fn has_names(&self, alert: &Alert<'_>) -> bool {
        let is = |field, name: &String| alert.field(field) == Some(name.as_bytes());
        self.srcip.as_ref().is_none_or(|srcip| is(Field::SrcIp, srcip))
            && self.user.as_ref().is_none_or(|user| is(Field::SrcUser, user) || is(Field::DstUser, user))
    }

    pub(super) fn words(&self) -> Vec<Word> {
        self.text.as_deref().map(words::words).unwrap_or_default()
    }

    pub(super) fn has_words(&self, words: &[Word], alert: &Alert<'_>) -> bool {
        if words.is_empty() {
            return true;
        }
        let log = alert.log.to_ascii_lowercase();
        words.iter().all(|word| word.is_in(&log))
    }
}

fn has_group(rule: &Rule<'_>, group: &str) -> bool {
    rule.groups().any(|known| known.trim_ascii() == group.as_bytes())
}
