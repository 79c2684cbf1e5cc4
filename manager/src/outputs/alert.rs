//! One alert: an event, the rule that fired, and what belongs to it.

use super::clock::LocalTime;
use bartizan_core::event::Event;
use bartizan_core::image::Image;
use bartizan_core::image::rows::{DecoderRow, RuleRow, TextRow, rule_flag};
use bartizan_core::rules::judge::Verdict;

/// Number of an alert: the second of its event and a counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertId {
    /// Seconds since 1970.
    pub epoch: i64,
    /// Counts from 1 in each process.
    pub ticket: u64,
}

/// What the layouts write.
#[derive(Debug)]
pub struct Alert<'a> {
    /// The ruleset.
    pub image: &'a Image<'a>,
    /// The event.
    pub event: &'a Event<'a>,
    /// The rule; none for events in the archives that fired none.
    pub rule: Option<&'a RuleRow>,
    /// How often the rule has fired.
    pub fired: u32,
    /// What is shown as the log: the event's, but for alerts about many.
    pub log: &'a [u8],
    /// Texts of earlier events, newest first.
    pub previous: &'a [&'a [u8]],
    /// Its number.
    pub id: AlertId,
    /// The event's local time.
    pub time: LocalTime,
}

impl<'a> Alert<'a> {
    /// The alert of a verdict.
    pub fn new(
        image: &'a Image<'a>,
        event: &'a Event<'a>,
        verdict: &Verdict,
        previous: &'a [&'a [u8]],
        id: AlertId,
        time: LocalTime,
    ) -> Self {
        let rule = verdict.rule.and_then(|row| image.rule(row));
        Self { image, event, rule, fired: verdict.fired, log: event.full_log(), previous, id, time }
    }

    /// What the rule says; missing texts print as OSSEC prints them.
    pub fn description(&self, rule: &RuleRow) -> &'a [u8] {
        if rule.description.is_missing() { b"(null)" } else { self.text(rule.description) }
    }

    /// A text of the ruleset.
    pub fn text(&self, row: TextRow) -> &'a [u8] {
        self.image.text(row)
    }

    /// The decoder that was chosen.
    pub fn decoder(&self) -> Option<&'a DecoderRow> {
        self.event.decoder.and_then(|row| self.image.decoder(row))
    }

    /// Whether it is to be mailed.
    pub fn is_for_mail(&self) -> bool {
        self.rule.is_some_and(|rule| rule.flags.get() & rule_flag::MAIL != 0)
    }

    /// The name of the agent, or the host.
    pub fn agent_name(&self) -> &'a [u8] {
        match self.event.location.strip_prefix(b"(") {
            Some(rest) => rest.split(|b| *b == b')').next().unwrap_or(rest),
            None => self.event.hostname(),
        }
    }

    /// The address of the agent: what stands behind its name, up to a dash.
    pub fn agent_ip(&self) -> Option<&'a [u8]> {
        let rest = self.event.location.strip_prefix(b"(")?;
        let ip = rest.splitn(2, |b| *b == b')').nth(1)?.strip_prefix(b" ")?;
        ip.split(|b| *b == b'-').next()
    }

    /// The file or source, without the agent.
    pub fn log_file(&self) -> &'a [u8] {
        let location = self.event.location;
        match self.event.is_from_agent() {
            true => location.splitn(2, |b| *b == b'>').nth(1).unwrap_or(location),
            false => location,
        }
    }

    /// The groups of the rule, one by one.
    pub fn groups(&self, rule: &RuleRow) -> impl Iterator<Item = &'a [u8]> {
        self.text(rule.groups).split(|b| *b == b',').filter(|group| !group.is_empty())
    }
}
