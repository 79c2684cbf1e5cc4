//! What two rulesets answer differently on the same lines.
//!
//! Each has an engine of its own, so that correlation counts in both.

use crate::engine::memory::MemoryOptions;
use crate::engine::session::{EngineOptions, Lent, Session};
use crate::ruleset::Loaded;
use bartizan_core::event::{Event, Known, Origin};
use bartizan_core::image::Image;
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode;
use bartizan_core::rules::judge::Manner;
use std::collections::BTreeMap;
use std::io;

/// What one ruleset says of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Number of the rule.
    pub rule: Option<u32>,
    /// Its level.
    pub level: Option<u16>,
    /// Its description.
    pub description: String,
    /// Name of the decoder.
    pub decoder: Option<String>,
    /// Whether an alert is written.
    pub alert: bool,
}

/// What can differ between two answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Only one of them writes an alert.
    Alert,
    /// Another rule fires.
    Rule,
    /// The same rule has another level.
    Level,
    /// The same rule says something else.
    Description,
    /// Another decoder was chosen.
    Decoder,
}

impl Difference {
    /// A word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Rule => "rule",
            Self::Level => "level",
            Self::Description => "description",
            Self::Decoder => "decoder",
        }
    }
}

/// Lines on which two rulesets differ in the same way.
#[derive(Clone, Debug)]
pub struct Group {
    /// How many lines.
    pub lines: u64,
    /// What the old rules say of the first of them.
    pub old: Answer,
    /// What the new rules say of it.
    pub new: Answer,
    /// The first of them.
    pub example: Vec<u8>,
    /// What differs.
    pub differences: Vec<Difference>,
}

/// Groups that are kept; lines that fit into none are only counted.
pub const GROUPS_MAX: usize = 10_000;

/// The kind of difference: rules and what differs.
type Kind = (Option<u32>, Option<u32>, Vec<Difference>);

/// Two engines side by side.
#[derive(Debug)]
pub struct Comparison<'r, 'm> {
    sessions: [Session<'r, 'm>; 2],
    known: Known,
    groups: BTreeMap<Kind, Group>,
    /// Lines that were judged.
    pub lines: u64,
    /// Lines that differ.
    pub differ: u64,
}

impl<'r, 'm> Comparison<'r, 'm> {
    /// Two engines that have seen nothing.
    ///
    /// # Errors
    /// An engine cannot be made; without files to read that does not happen.
    pub fn new(old: &'r Loaded, new: &'r Loaded, lent: &'m mut [Lent; 2]) -> io::Result<Self> {
        let options = EngineOptions { manner: Manner::Daemon, memory: MemoryOptions::default() };
        let [one, other] = lent;
        let sessions =
            [Session::new(&old.ruleset, one, &options)?, Session::new(&new.ruleset, other, &options)?];
        Ok(Self { sessions, known: Known::default(), groups: BTreeMap::new(), lines: 0, differ: 0 })
    }

    /// Lets both judge a line.
    pub fn judge(&mut self, line: &[u8], origin: Origin<'_>) {
        let Self { sessions: [one, other], known, .. } = self;
        let (old, new) = (answer(one, known, line, origin), answer(other, known, line, origin));
        self.lines += 1;
        let differences = differences(&old, &new);
        if differences.is_empty() {
            return;
        }
        self.differ += 1;
        let kind = (old.rule, new.rule, differences.clone());
        if let Some(group) = self.groups.get_mut(&kind) {
            group.lines += 1;
        } else if self.groups.len() < GROUPS_MAX {
            let example = line.to_vec();
            self.groups.insert(kind, Group { lines: 1, old, new, example, differences });
        }
    }

    /// The differences, the most frequent first.
    pub fn groups(&self) -> Vec<&Group> {
        let mut groups: Vec<_> = self.groups.values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.lines));
        groups
    }
}

fn answer(session: &mut Session<'_, '_>, known: &mut Known, line: &[u8], origin: Origin<'_>) -> Answer {
    let mut buffer = [0; TEXT_MAX];
    let text = predecode::clean(line, session.court.image.dialect(), &mut buffer);
    let mut event = Event::new(text, origin, known);
    let verdict = session.judge(&mut event);
    let image: &Image<'_> = &session.court.image;
    let rule = verdict.rule.and_then(|row| image.rule(row));
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let answer = Answer {
        rule: rule.map(|rule| rule.id.get()),
        level: rule.map(|rule| rule.level.get()),
        description: rule.map_or_else(String::new, |rule| lossy(image.text(rule.description))),
        decoder: image.decoder_name(event.decoder).map(lossy),
        alert: verdict.alerts(image),
    };
    session.court.remember(&event, &verdict);
    answer
}

fn differences(old: &Answer, new: &Answer) -> Vec<Difference> {
    let same_rule = old.rule == new.rule;
    let all = [
        (Difference::Alert, old.alert != new.alert),
        (Difference::Rule, !same_rule),
        (Difference::Level, same_rule && old.level != new.level),
        (Difference::Description, same_rule && old.description != new.description),
        (Difference::Decoder, old.decoder != new.decoder),
    ];
    all.into_iter().filter(|(_, differs)| *differs).map(|(difference, _)| difference).collect()
}
