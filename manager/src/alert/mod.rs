//! One alert, as everything behind the judging sees it.
//!
//! [`Alert`] borrows: from the event and the rules while it is being judged,
//! or from an [`Entry`] later, when it comes out of the store. So each layout
//! and each destination is written once.

pub mod description;
mod difference;
mod entry;
pub mod log_reader;

pub use entry::{Entry, EntryError};

use crate::outputs::clock::LocalTime;
use bartizan_core::event::{Event, Field};
use bartizan_core::image::rows::{DecoderRow, RuleRow, TextRow, decoder_flag, rule_flag, search};
use bartizan_core::image::{Dialect, Image};
use bartizan_core::rules::judge::Verdict;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Number of an alert: the second of its event and a counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertId {
    /// Seconds since 1970.
    pub epoch: i64,
    /// Counts from 1 in each process.
    pub ticket: u64,
}

impl std::fmt::Display for AlertId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.epoch, self.ticket)
    }
}

/// What is known of an alert, or of an event in the archives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert<'a> {
    /// Its number.
    pub id: AlertId,
    /// The event's local time.
    pub time: LocalTime,
    /// The rule; none for events in the archives that fired none.
    #[serde(borrow)]
    pub rule: Option<Rule<'a>>,
    /// How often the rule has fired.
    pub fired: u32,
    /// The decoder that was chosen.
    pub decoder: Option<Decoder<'a>>,
    /// Where it came from: path of the file, address of the sender, or
    /// `(agent) address->path`.
    pub location: &'a [u8],
    /// The host name: of the header, of this machine, or the location.
    pub hostname: &'a [u8],
    /// Program name of the header.
    pub program_name: Option<&'a [u8]>,
    /// The log behind its header.
    pub message: &'a [u8],
    /// What is shown as the log: the event's, but for alerts about many.
    pub log: &'a [u8],
    /// Texts of earlier events, newest first.
    pub previous: Vec<&'a [u8]>,
    /// Values of the fields, by their numbers.
    pub fields: [Option<&'a [u8]>; Field::COUNT],
    /// Dynamic fields with their names, in the decoder's order.
    pub dynamic: Vec<(&'a [u8], &'a [u8])>,
}

/// The rule that fired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule<'a> {
    /// Its number.
    pub id: u32,
    /// Its level.
    pub level: u16,
    /// What it says.
    pub description: Option<&'a [u8]>,
    /// Its groups, each followed by a comma or not, as written.
    pub groups: &'a [u8],
    /// Its CVE number; empty without.
    pub cve: &'a [u8],
    /// Its further information; empty without.
    pub info: &'a [u8],
    /// How many events it asks for; 0 for one.
    pub frequency: u16,
    /// Whether it is to be mailed.
    pub mail: bool,
    /// Numbers of MITRE's for its techniques, with commas; empty without.
    pub mitre: &'a [u8],
    /// Whether it is a rule of Wazuh's: then `$(name)` in what it says stands
    /// for a value, and its alerts have Wazuh's layouts.
    pub wazuh: bool,
    /// Whether its alerts in JSON leave out the log (Wazuh).
    pub no_full_log: bool,
    /// Whether its alerts in JSON leave out how often it fired (Wazuh).
    pub no_counter: bool,
}

/// The decoder that was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoder<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its parent's name; empty without.
    pub parent: &'a [u8],
    /// Fields of which it tells the first time (OSSEC's sum of bits).
    pub fts: u32,
    /// Whether it accumulates.
    pub accumulate: bool,
}

impl<'a> Rule<'a> {
    /// A rule of an image.
    pub fn new(image: &'a Image<'_>, row: &RuleRow) -> Self {
        let text = |row| image.text(row);
        let has = |flag| row.flags.get() & flag != 0;
        let wazuh = image.dialect() == Dialect::Wazuh;
        let frequency = match wazuh && row.search != search::NONE {
            true => row.frequency.get().saturating_add(2),
            false => row.frequency.get(),
        };
        Self {
            id: row.id.get(),
            level: row.level.get(),
            description: some_text(image, row.description),
            groups: text(row.groups),
            cve: text(row.cve),
            info: text(row.info),
            frequency,
            mail: has(rule_flag::MAIL),
            mitre: text(row.mitre),
            wazuh,
            no_full_log: has(rule_flag::NO_FULL_LOG),
            no_counter: has(rule_flag::NO_COUNTER),
        }
    }

    /// What it says, with the names that stand for values; missing texts print
    /// as OSSEC prints them.
    pub fn description(&self) -> &'a [u8] {
        self.description.unwrap_or(b"(null)")
    }

    /// Its groups, one by one.
    pub fn groups(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.groups.split(|byte| *byte == b',').filter(|group| !group.is_empty())
    }
}

impl<'a> Decoder<'a> {
    fn new(image: &'a Image<'_>, row: &DecoderRow) -> Self {
        Self {
            name: image.text(row.name),
            parent: image.text(row.parent),
            fts: row.fts.get().into(),
            accumulate: row.flags & decoder_flag::ACCUMULATE != 0,
        }
    }
}

fn some_text<'a>(image: &'a Image<'_>, row: TextRow) -> Option<&'a [u8]> {
    (!row.is_missing()).then(|| image.text(row))
}

impl<'a> Alert<'a> {
    /// The alert of a verdict.
    pub fn new(
        image: &'a Image<'_>,
        event: &'a Event<'_>,
        verdict: &Verdict,
        previous: Vec<&'a [u8]>,
        id: AlertId,
        time: LocalTime,
    ) -> Self {
        let rule = verdict.rule.and_then(|row| image.rule(row));
        let decoder = event.decoder.and_then(|row| image.decoder(row));
        Self {
            id,
            time,
            rule: rule.map(|row| Rule::new(image, row)),
            fired: verdict.fired,
            decoder: decoder.map(|row| Decoder::new(image, row)),
            location: event.location,
            hostname: event.hostname(),
            program_name: event.program_name(),
            message: event.log(),
            log: event.full_log(),
            previous,
            fields: Field::ALL.map(|field| event.field(field)),
            dynamic: event.dynamic(image).collect(),
        }
    }

    /// What its rule says of this event; see [`description`].
    pub fn description(&self) -> Cow<'a, [u8]> {
        let rule = self.rule.unwrap_or_default();
        let text = rule.description();
        if rule.wazuh { description::expand(text, self) } else { Cow::Borrowed(text) }
    }

    /// The value of a field, if it is set.
    pub fn field(&self, field: Field) -> Option<&'a [u8]> {
        self.fields[field as usize]
    }

    /// Whether the event came from an agent: its location names one.
    pub fn is_from_agent(&self) -> bool {
        self.location.first() == Some(&b'(')
    }

    /// The name of the agent, or the host.
    pub fn agent_name(&self) -> &'a [u8] {
        match self.location.strip_prefix(b"(") {
            Some(rest) => rest.split(|byte| *byte == b')').next().unwrap_or(rest),
            None => self.hostname,
        }
    }

    /// The address of the agent: what stands behind its name, up to a dash.
    pub fn agent_ip(&self) -> Option<&'a [u8]> {
        let rest = self.location.strip_prefix(b"(")?;
        let ip = rest.splitn(2, |byte| *byte == b')').nth(1)?.strip_prefix(b" ")?;
        ip.split(|byte| *byte == b'-').next()
    }

    /// The file or source, without the agent.
    pub fn log_file(&self) -> &'a [u8] {
        match self.is_from_agent() {
            true => self.location.splitn(2, |byte| *byte == b'>').nth(1).unwrap_or(self.location),
            false => self.location,
        }
    }
}
