//! One `<active-response>`: options, each checked for itself.

use super::super::assembly::check_pattern;
use super::super::reading::{Reading, number, value_span};
use super::{Location, name};
use crate::agents::registry::AgentId;
use crate::diagnose::{Span, suggest};
use crate::pattern::Language;
use crate::xml::Element;
use std::ops::RangeInclusive;

const OPTIONS: [&str; 17] = [
    "command",
    "location",
    "level",
    "rules_id",
    "rules_group",
    "timeout",
    "agent_id",
    "repeated_offenders",
    "repeated_offenders_scope",
    "disabled",
    "dry_run",
    "confirm",
    "cap",
    "aggregate",
    "id",
    "talk",
    "url",
];

/// Options of agents, ours and those of Wazuh 4.14.
const UNUSED: [&str; 3] = ["script_timeout", "ca_store", "ca_verification"];

const LEVELS: RangeInclusive<u32> = 0..=9999;

/// Seconds: ten years.
const TIMEOUTS_S: RangeInclusive<u32> = 0..=315_360_000;

/// Minutes: ten years.
const REPEATED_MIN: RangeInclusive<u32> = 1..=5_256_000;
const REPEATED_MAX: usize = 16;

/// Minutes: a week.
const CONFIRM_MIN: RangeInclusive<u32> = 1..=10_080;

const CAPS: RangeInclusive<u32> = 1..=1_000_000;

const IDS_MAX: usize = 4096;
const URL_MAX: usize = 1024;

/// Words of `<location>` (OSSEC 4.3).
const LOCATIONS: [(&str, Where); 8] = [
    ("local", Where::Local),
    ("server", Where::Server),
    ("analysis-server", Where::Server),
    ("analysisd", Where::Server),
    ("as", Where::Server),
    ("defined-agent", Where::Agent),
    ("all", Where::All),
    ("any", Where::All),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Local,
    Server,
    Agent,
    All,
}

/// One `<active-response>` as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    pub(super) command: Option<(String, Span)>,
    pub(super) id: Option<(String, Span)>,
    pub(super) location: Option<Location>,
    pub(super) level: Option<u16>,
    pub(super) rules_id: Vec<u32>,
    pub(super) rules_group: Option<String>,
    pub(super) timeout: Option<(u32, Span)>,
    pub(super) talk: Option<(super::Talk, Span)>,
    pub(super) url: Option<(String, Span)>,
    pub(super) confirm_s: u32,
    pub(super) aggregate: bool,
    pub(super) defaults: Defaults,
    pub(super) span: Span,
    /// Something is said that is of use with a command only.
    pub(super) needs_command: bool,
    /// Something was wrong and is reported.
    pub(super) flawed: bool,
    /// `defined-agent`, and the agent.
    defined: bool,
    agent: Option<(AgentId, Span)>,
}

/// What may be said for all.
#[derive(Clone, Debug, Default)]
pub(super) struct Defaults {
    pub(super) disabled: Option<bool>,
    pub(super) dry_run: Option<bool>,
    /// Seconds.
    pub(super) repeated: Option<Vec<u32>>,
    pub(super) per_agent: Option<bool>,
    pub(super) cap: Option<u32>,
}

impl Defaults {
    /// What is said here, and else what `other` says.
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            disabled: self.disabled.or(other.disabled),
            dry_run: self.dry_run.or(other.dry_run),
            repeated: self.repeated.or_else(|| other.repeated.clone()),
            per_agent: self.per_agent.or(other.per_agent),
            cap: self.cap.or(other.cap),
        }
    }
}

impl Section {
    /// Reads one `<active-response>`. Problems are reported.
    pub(super) fn read(reading: &mut Reading<'_>, element: &Element) -> Self {
        let mut section = Self { span: element.name_span, ..Self::default() };
        for option in &element.children {
            reading.only_attributes(option, &[]);
            section.take(reading, element, option);
        }
        section.place_agent(reading);
        section
    }

    fn take(&mut self, reading: &mut Reading<'_>, element: &Element, option: &Element) {
        let span = value_span(option);
        let at = |value| (value, span);
        match option.name.as_str() {
            "disabled" => self.defaults.disabled = self.flaw(reading.yes_or_no(option)),
            "dry_run" => self.defaults.dry_run = self.flaw(reading.yes_or_no(option)),
            "repeated_offenders" => self.defaults.repeated = self.flaw(repeated(reading, option)),
            "repeated_offenders_scope" => {
                let scope = one_of(reading, option, &[("all", false), ("agent", true)]);
                self.defaults.per_agent = self.flaw(scope);
            }
            "cap" => self.defaults.cap = self.flaw(reading.number(option, CAPS)),
            name if UNUSED.contains(&name) => reading.other_option(element, option, &OPTIONS, &UNUSED),
            "command" => self.command = self.flaw(reading.text(option)).map(at),
            _ => {
                self.needs_command = true;
                self.take_own(reading, element, option, span);
            }
        }
    }

    /// What is of use with a command only.
    fn take_own(&mut self, reading: &mut Reading<'_>, element: &Element, option: &Element, span: Span) {
        let at = |value| (value, span);
        match option.name.as_str() {
            "location" => self.location = self.read_location(reading, option),
            "agent_id" => self.agent = self.flaw(agent(reading, option)).map(|agent| (agent, span)),
            "level" => self.level = self.flaw(reading.number(option, LEVELS)).map(|level| level as u16),
            "rules_id" => self.rules_id = self.flaw(ids(reading, option)).unwrap_or_default(),
            "rules_group" => self.rules_group = self.flaw(group(reading, option)),
            "timeout" => {
                self.timeout = self.flaw(reading.number(option, TIMEOUTS_S)).map(|seconds| (seconds, span));
            }
            "confirm" => {
                let minutes = self.flaw(reading.number(option, CONFIRM_MIN));
                self.confirm_s = minutes.unwrap_or_default() * 60;
            }
            "aggregate" => self.aggregate = self.flaw(reading.yes_or_no(option)).unwrap_or(false),
            "id" => self.id = self.flaw(name(reading, option)).map(at),
            "talk" => {
                let words = [("arguments", super::Talk::Arguments), ("json", super::Talk::Json)];
                self.talk = self.flaw(one_of(reading, option, &words)).map(|talk| (talk, span));
            }
            "url" => self.url = self.flaw(url(reading, option)).map(at),
            _ => reading.other_option(element, option, &OPTIONS, &UNUSED),
        }
    }

    fn flaw<T>(&mut self, value: Option<T>) -> Option<T> {
        self.flawed |= value.is_none();
        value
    }

    /// Words between commas and spaces, in any case.
    fn read_location(&mut self, reading: &mut Reading<'_>, option: &Element) -> Option<Location> {
        let text = self.flaw(reading.text(option))?;
        let mut location = Location::default();
        for word in text.split([',', ' ', '|']).filter(|word| !word.is_empty()) {
            let known = LOCATIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
            match known.map(|(_, place)| place) {
                Some(Where::Local) => location.local = true,
                Some(Where::Server) => location.server = true,
                Some(Where::All) => location.all = true,
                Some(Where::Agent) => self.defined = true,
                None => {
                    let help = match suggest(word, LOCATIONS.map(|(known, _)| known)) {
                        Some(known) => format!("did you mean `{known}`?"),
                        None => "write local, server, defined-agent or all".to_owned(),
                    };
                    reading.error(value_span(option), format!("there is no location `{word}`"), help);
                    self.flawed = true;
                }
            }
        }
        Some(location)
    }

    /// `defined-agent` and `<agent_id>` need each other.
    fn place_agent(&mut self, reading: &mut Reading<'_>) {
        match (self.defined, self.agent) {
            (false, None) => {}
            // OSSEC 4.3 numbers its server 000.
            (true, Some((AgentId::MANAGER, _))) => self.at(|location| location.server = true),
            (true, Some((agent, _))) => self.at(|location| location.agent = Some(agent)),
            (true, None) if self.flawed => {}
            (true, None) => {
                self.flawed = true;
                let help = "add <agent_id>001</agent_id>; `bartizan agents list` shows the numbers";
                reading.error(self.span, "defined-agent needs an <agent_id>", help);
            }
            (false, Some((_, span))) => {
                let help = "write <location>defined-agent</location>, or remove it";
                reading.warning(span, "<agent_id> has no effect with this location", help);
            }
        }
    }

    fn at(&mut self, set: impl FnOnce(&mut Location)) {
        set(self.location.get_or_insert_default());
    }
}

fn agent(reading: &mut Reading<'_>, option: &Element) -> Option<AgentId> {
    let text = reading.text(option)?;
    let agent = text.parse().ok();
    if agent.is_none() {
        let help = "write its number, such as 001; `bartizan agents list` shows them";
        reading.error(value_span(option), format!("`{text}` is not the number of an agent"), help);
    }
    agent
}

/// Numbers between commas and spaces (OSSEC 4.3).
fn ids(reading: &mut Reading<'_>, option: &Element) -> Option<Vec<u32>> {
    let text = reading.text(option)?;
    let words = text.split([',', ' ', '|', '\t', '\r', '\n']).filter(|word| !word.is_empty());
    let ids: Option<Vec<_>> = words.map(|word| number(word.as_bytes())).collect();
    let ids = ids.filter(|ids| (1..=IDS_MAX).contains(&ids.len()));
    if ids.is_none() {
        let message = format!("<rules_id> takes 1 to {IDS_MAX} numbers of rules");
        reading.error(value_span(option), message, "write them with commas: 5712,5720");
    }
    ids
}

fn group(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    let Err((what, offset, help)) = check_pattern(Language::Regex, text.as_bytes()) else {
        return Some(text);
    };
    let at = offset.min(text.len().saturating_sub(1));
    let help = help
        .unwrap_or_else(|| "it is a regex in OSSEC's language, such as `authentication_failures`".to_owned());
    reading.error(option.span_of(at..at + 1), what, help);
    None
}

/// Minutes between commas, as seconds; `no` for none.
fn repeated(reading: &mut Reading<'_>, option: &Element) -> Option<Vec<u32>> {
    let text = reading.text(option)?;
    if text == "no" {
        return Some(Vec::new());
    }
    let minutes = text.split(',').map(|word| number(word.trim().as_bytes()));
    let minutes: Option<Vec<_>> = minutes.map(|one| one.filter(|one| REPEATED_MIN.contains(one))).collect();
    let minutes = minutes.filter(|all| all.len() <= REPEATED_MAX);
    if minutes.is_none() {
        let message = format!("<repeated_offenders> takes 1 to {REPEATED_MAX} numbers of minutes, or no");
        reading.error(value_span(option), message, "write them with commas: 30,60,120");
    }
    minutes.map(|all| all.into_iter().map(|minutes| minutes * 60).collect())
}

fn url(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = text.len() <= URL_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    if host.is_some_and(|host| !host.is_empty() && !host.starts_with('/')) && is_plain {
        return Some(text);
    }
    let help = "write http://HOST/PATH or https://HOST/PATH, without spaces";
    reading.error(value_span(option), format!("`{text}` is not the address of a web server"), help);
    None
}

fn one_of<T: Copy>(reading: &mut Reading<'_>, option: &Element, words: &[(&str, T)]) -> Option<T> {
    let text = reading.text(option)?;
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("<{}> takes {}", option.name, known.join(" or "));
        let help = suggest(&text, known).map_or_else(String::new, |known| format!("did you mean `{known}`?"));
        reading.error(value_span(option), message, help);
    }
    found.map(|(_, value)| *value)
}
