//! One `<rule>` element to one [`Rule`]: conditions, options, texts.
//!
//! Here is what the dialects share; `ossec` and `wazuh` have what is in one
//! of them alone.
//!
//! The tree and the image come later; here a rule is still its own, so that
//! `overwrite` can replace what OSSEC 4.3 replaces and keep the rest.

mod look_up;
mod ossec;
mod wazuh;

use super::elements::{Context, digits};
use super::tree::{AttachError, Leaf};
use crate::xml::{Attribute, Element};
use bartizan_core::event::{Category, Field};
use bartizan_core::image::Dialect;
use bartizan_core::image::rows::{NONE, info, rule_flag, search, subject};
use bartizan_core::limits::DISTINCT_MAX;
use bartizan_core::rules::address::AddressRow;
use bartizan_core::rules::clock;
use bartizan_core::rules::compiled::Function;

/// A condition before it is a row: texts and lists are still their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    DecodedAs(u16),
    Pattern {
        subject: u8,
        pattern: u16,
        negated: bool,
    },
    Action {
        text: Vec<u8>,
        negated: bool,
    },
    Field {
        name: Vec<u8>,
        pattern: u16,
        negated: bool,
    },
    Address {
        field: Field,
        list: Vec<AddressRow>,
        negated: bool,
    },
    Compiled(u8),
    Size(u16),
    Time {
        from: u16,
        to: u16,
        not: bool,
    },
    Weekdays(u8),
    Differs,
    FirstTime,
    /// The name is that of a dynamic field; empty for others.
    List {
        list: u16,
        lookup: u8,
        subject: u8,
        name: Vec<u8>,
        pattern: u16,
    },
}

/// Conditions that a rule can have once, in the order of evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Place {
    DecodedAs,
    Program,
    Id,
    SystemName,
    Protocol,
    Match,
    Regex,
    Action,
    Url,
    Location,
    Fields,
    SrcIp,
    DstIp,
    SrcPort,
    DstPort,
    Compiled,
    User,
    SrcGeo,
    DstGeo,
    Size,
    Time,
    Weekday,
    Data,
    ExtraData,
    Host,
    Status,
}

const PLACES: usize = Place::Status as usize + 1;

/// What a rule correlates with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Correlation {
    pub(super) rule: Option<u32>,
    pub(super) group: Option<Vec<u8>>,
    pub(super) group_pattern: Option<u16>,
    pub(super) regex: Option<u16>,
}

impl Correlation {
    pub(super) fn is_some(&self) -> bool {
        self.rule.is_some() || self.group.is_some() || self.regex.is_some()
    }

    /// Which search is done: that of a rule before that of a group before that
    /// of all history.
    pub(super) fn kind(&self) -> u8 {
        match self {
            Self { rule: Some(_), .. } => search::RULE,
            Self { group_pattern: Some(_), .. } => search::GROUP,
            Self { regex: Some(_), .. } => search::HISTORY,
            _ => search::NONE,
        }
    }
}

/// A rule as its file gives it.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) id: u32,
    pub(super) level: u16,
    pub(super) accuracy: u32,
    pub(super) overwrite: bool,
    pub(super) flags: u32,
    /// Earlier events that must be found, less one.
    pub(super) frequency: u16,
    pub(super) timeframe: u32,
    pub(super) ignore: u32,
    pub(super) category: u8,
    pub(super) groups: Vec<u8>,
    pub(super) description: Option<Vec<u8>>,
    pub(super) infos: Vec<(u8, Vec<u8>)>,
    /// Numbers of MITRE's for techniques.
    pub(super) mitre: Vec<Vec<u8>>,
    /// They stand with their tactics.
    with_tactics: bool,
    pub(super) info: Vec<u8>,
    pub(super) cve: Vec<u8>,
    pub(super) parents: Parents,
    pub(super) correlation: Correlation,
    pub(super) same: u32,
    pub(super) different: u32,
    pub(super) distinct: u32,
    /// Names of dynamic fields that must be equal, and that must differ.
    pub(super) same_fields: Vec<Vec<u8>>,
    pub(super) different_fields: Vec<Vec<u8>>,
    pub(super) ignore_keys: u16,
    pub(super) check_ignored_keys: u16,
    pub(super) differs: bool,
    pub(super) first_time: bool,
    pub(super) lists: Vec<Condition>,
    plain: [Option<Condition>; PLACES],
    pcre2: [Option<Condition>; PLACES],
    fields: Vec<Condition>,
    /// It asks for a number of events.
    counts: bool,
    /// A warning has said why it is left out.
    skipped: bool,
}

/// Under which rules it hangs.
#[derive(Clone, Debug, Default)]
pub(super) struct Parents {
    pub(super) ids: Option<Vec<u8>>,
    pub(super) level: Option<u32>,
    pub(super) group: Option<Vec<u8>>,
}

impl Parents {
    /// Whether any are named.
    pub(super) fn is_some(&self) -> bool {
        self.ids.is_some() || self.level.is_some() || self.group.is_some()
    }
}

impl Rule {
    /// The rule of an element; problems go to the context's report. `None`
    /// if it cannot be used at all.
    pub(super) fn read(cx: &mut Context<'_>, element: &Element, group: &[u8]) -> Option<Self> {
        let (mut rule, usable) = Self::from_attributes(cx, element, group);
        if element.children.is_empty() {
            cx.error(element, "a rule needs at least one element", "for example <match>text</match>");
        }
        if element.children.len() > ELEMENTS_MAX {
            cx.error(element, "this rule has too many elements", "10,000 is the limit");
            return None;
        }
        let mut texts = Texts::default();
        for child in &element.children {
            rule.child(cx, child, &mut texts);
        }
        match cx.settings.dialect {
            Dialect::Ossec => rule.patterns(cx, &texts),
            Dialect::Wazuh => rule.typed_patterns(cx, &texts),
        }
        rule.check(cx, element);
        (usable && !rule.skipped).then_some(rule)
    }

    /// The rule as far as its attributes tell, and whether they suffice: the
    /// elements are read in any case, so that all problems are found.
    fn from_attributes(cx: &mut Context<'_>, element: &Element, group: &[u8]) -> (Self, bool) {
        let mut rule = Self::empty(group);
        let (mut id, mut level) = (None, None);
        for attribute in &element.attributes {
            let mut number = |most: usize| digits(cx, attribute, most);
            match attribute.name.as_str() {
                "id" => id = number(6),
                "level" => level = number(4),
                "maxsize" => {
                    let size = number(4).unwrap_or(0);
                    rule.plain[Place::Size as usize] = (size > 0).then_some(Condition::Size(size as u16));
                }
                "timeframe" => rule.timeframe = number(5).unwrap_or(rule.timeframe),
                "frequency" => rule.set_frequency(cx, attribute),
                "accuracy" => rule.accuracy = number(9).unwrap_or(1),
                "ignore" => rule.ignore = number(6).unwrap_or(0),
                "noalert" if is_no_alert(cx, attribute) => rule.flags |= rule_flag::NO_ALERT,
                "noalert" => rule.flags &= !rule_flag::NO_ALERT,
                "overwrite" => rule.overwrite = cx.yes_or_no(attribute),
                _ => cx.unknown_attribute(attribute, &RULE_ATTRIBUTES),
            }
        }
        if id.is_none() && !element.attributes.iter().any(|a| a.name == "id") {
            cx.error(element, "this rule has no id", "write <rule id=\"100100\" level=\"5\">");
        } else if level.is_none() && !element.attributes.iter().any(|a| a.name == "level") {
            cx.error(element, "this rule has no level", "write level=\"5\"; 0 ignores, 16 is the highest");
        }
        rule.id = id.unwrap_or(0);
        rule.level = level.unwrap_or(0) as u16;
        rule.timeframe = if rule.timeframe == 0 { cx.settings.default_timeframe } else { rule.timeframe };
        (rule, id.is_some() && level.is_some())
    }

    /// OSSEC 4.3 fires on one event more than it says and the event itself,
    /// Wazuh on the N-th event; stored is what must be found, less one.
    fn set_frequency(&mut self, cx: &mut Context<'_>, attribute: &Attribute) {
        let Some(number) = digits(cx, attribute, 4) else { return };
        let below = match cx.settings.dialect {
            Dialect::Ossec => 0,
            Dialect::Wazuh => 2,
        };
        match number.checked_sub(below) {
            Some(stored) => self.frequency = stored as u16,
            None => cx.problem(attribute.value_span, "a frequency goes from 2 to 9999", "write 2 or more"),
        }
        self.counts = number != 0;
    }

    fn empty(group: &[u8]) -> Self {
        Self {
            id: 0,
            level: 0,
            accuracy: 1,
            overwrite: false,
            flags: 0,
            frequency: 0,
            timeframe: 0,
            ignore: 0,
            category: Category::Syslog as u8,
            groups: group.to_vec(),
            description: None,
            infos: Vec::new(),
            mitre: Vec::new(),
            with_tactics: false,
            info: Vec::new(),
            cve: Vec::new(),
            parents: Parents::default(),
            correlation: Correlation::default(),
            same: 0,
            different: 0,
            distinct: 0,
            same_fields: Vec::new(),
            different_fields: Vec::new(),
            ignore_keys: 0,
            check_ignored_keys: 0,
            differs: false,
            first_time: false,
            lists: Vec::new(),
            plain: Default::default(),
            pcre2: Default::default(),
            fields: Vec::new(),
            counts: false,
            skipped: false,
        }
    }

    /// The rule of the statistics: it stands in no file and in no tree.
    pub(super) fn of_statistics(cx: &Context<'_>) -> Self {
        let level = cx.settings.stats_level;
        Self {
            id: STATISTICS,
            level,
            flags: cx.alert_flags(level, 0),
            description: Some(b"Excessive number of events (above normal).".to_vec()),
            ..Self::empty(b"stats,")
        }
    }

    /// Whether it is one of the templates at the roots.
    pub(super) fn is_root(&self) -> bool {
        self.id < 10
    }

    /// What the tree sorts and finds it by.
    ///
    /// QUIRK: a rule of accuracy 0 keeps its raw level as sort key, and level
    /// 0 among those becomes 99, also at run time.
    pub(super) fn leaf(&self) -> Leaf {
        let sort_key = match (self.accuracy, self.level) {
            (0, 0) => 99,
            (0, level) => u32::from(level),
            (_, 0) => 9900,
            (_, level) => u32::from(level) * 100,
        };
        Leaf { id: self.id, sort_key, groups: self.groups.clone(), category: self.category }
    }

    /// The level at run time.
    pub(super) fn effective_level(&self) -> u16 {
        if self.accuracy == 0 && self.level == 0 { 99 } else { self.level }
    }

    /// The conditions that look at the event alone, in the order of their
    /// evaluation. A plain form hides the PCRE2 form of the same condition.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        (0..PLACES).flat_map(|place| {
            let one = self.plain[place].as_ref().or(self.pcre2[place].as_ref());
            let fields: &[Condition] = if place == Place::Fields as usize { &self.fields } else { &[] };
            one.into_iter().chain(fields)
        })
    }

    /// The conditions that need memory, in the order of their evaluation.
    ///
    /// QUIRK: of several lists only the last two are asked.
    pub(super) fn memory(&self) -> Vec<Condition> {
        let differs = self.differs.then_some(Condition::Differs);
        let first_time = self.first_time.then_some(Condition::FirstTime);
        let lists = &self.lists[self.lists.len().saturating_sub(2)..];
        differs.into_iter().chain(first_time).chain(lists.iter().cloned()).collect()
    }

    /// The decoder id that the rule asks for.
    pub(super) fn decoder(&self) -> u16 {
        match self.plain[Place::DecodedAs as usize] {
            Some(Condition::DecodedAs(id)) => id,
            _ => NONE,
        }
    }

    /// A pattern that must match the log, if there is one.
    pub(super) fn gate(&self) -> u16 {
        let on_log = |condition: &&Condition| {
            matches!(condition, Condition::Pattern { subject: subject::LOG, negated: false, .. })
        };
        match self.conditions().find(on_log) {
            Some(Condition::Pattern { pattern, .. }) => *pattern,
            _ => NONE,
        }
    }

    fn child<'e>(&mut self, cx: &mut Context<'_>, child: &'e Element, texts: &mut Texts<'e>) {
        let exact = child.name.as_str();
        let name = exact.to_ascii_lowercase();
        if child.text.len() >= RULE_TEXT_MAX {
            cx.warning(child, "this text is too long and ignored", "a rule's text has 2047 bytes at most");
            return;
        }
        let slot = match cx.settings.dialect {
            Dialect::Ossec => ossec::TEXTS.iter().position(|(word, ..)| *word == name),
            Dialect::Wazuh => wazuh::TEXTS.iter().position(|(word, ..)| *word == name),
        };
        if let Some(slot) = slot {
            texts.add(slot, child);
            return;
        }
        match name.as_str() {
            "decoded_as" => {
                let id = cx.decoder_id(child);
                self.plain[Place::DecodedAs as usize] = id.map(Condition::DecodedAs);
            }
            "category" => self.category = cx.category(child).unwrap_or(self.category),
            "srcip" => self.address(cx, child, Place::SrcIp, Field::SrcIp),
            "dstip" => self.address(cx, child, Place::DstIp, Field::DstIp),
            "time" => self.time(cx, child),
            "weekday" => self.weekday(cx, child),
            "compiled_rule" => self.compiled(cx, child),
            "list" => self.look_up(cx, child),
            "check_diff" => self.differs = true,
            "if_fts" => self.first_time = true,
            "options" => self.options(cx, child),
            "description" => append(&mut self.description, &child.text),
            "group" => self.groups.extend_from_slice(&child.text),
            "info" | "cve" => self.info(cx, child, &name),
            "if_sid" => append(&mut self.parents.ids, &child.text),
            "if_level" => self.parents.level = self.number(cx, child),
            "if_group" => append(&mut self.parents.group, &child.text),
            "if_matched_sid" => self.correlation.rule = self.number(cx, child),
            _ => match cx.settings.dialect {
                Dialect::Ossec => self.of_ossec(cx, child, &name),
                Dialect::Wazuh => self.of_wazuh(cx, child, &name),
            },
        }
    }

    /// A number that names a level or a rule; without it Wazuh leaves the rule
    /// out.
    fn number(&mut self, cx: &mut Context<'_>, child: &Element) -> Option<u32> {
        if cx.settings.dialect == Dialect::Ossec {
            return cx.number(child);
        }
        let number = core::str::from_utf8(child.text.trim_ascii()).ok().and_then(|text| text.parse().ok());
        if number.is_none() {
            self.skip(cx, child, "this is not a number");
        }
        number
    }

    /// Leaves the rule out, after a warning that says why.
    fn skip(&mut self, cx: &mut Context<'_>, child: &Element, why: &str) {
        cx.warning(child, &format!("{why}, so this rule is left out"), "mend or remove it");
        self.skipped = true;
    }

    fn address(&mut self, cx: &mut Context<'_>, child: &Element, place: Place, field: Field) {
        let (parsed, negated) = match cx.settings.dialect {
            Dialect::Ossec => (AddressRow::parse(&child.text), false),
            Dialect::Wazuh => (AddressRow::parse_strict(child.text.trim_ascii()), self.negation(cx, child)),
        };
        let Some(address) = parsed else {
            let help = match cx.settings.dialect {
                Dialect::Ossec => "write 192.0.2.1, 192.0.2.0/24, 2001:db8::/32, !ADDRESS or any",
                Dialect::Wazuh => "write 192.0.2.1, 192.0.2.0/24, 2001:db8::/32 or any",
            };
            return cx.error(child, "this is not an address", help);
        };
        let slot = &mut self.plain[place as usize];
        match slot {
            Some(Condition::Address { list, negated: last, .. }) => {
                list.push(address);
                *last = negated;
            }
            _ => *slot = Some(Condition::Address { field, list: vec![address], negated }),
        }
    }

    fn time(&mut self, cx: &mut Context<'_>, child: &Element) {
        match clock::TimeSpan::parse(cx.settings.dialect, &child.text) {
            Some(span) => {
                let condition = Condition::Time { from: span.from, to: span.to, not: span.not };
                self.plain[Place::Time as usize] = Some(condition);
            }
            None => cx.error(child, "this is not a span of time", "write 18:00 - 8:30 or 6 pm - 8:30 am"),
        }
    }

    fn weekday(&mut self, cx: &mut Context<'_>, child: &Element) {
        match clock::Weekdays::parse(&child.text) {
            Some(days) => self.plain[Place::Weekday as usize] = Some(Condition::Weekdays(days.0)),
            None => cx.error(child, "these are not days of the week", "write monday,tuesday or weekends"),
        }
    }

    fn compiled(&mut self, cx: &mut Context<'_>, child: &Element) {
        match core::str::from_utf8(&child.text).ok().and_then(Function::from_name) {
            Some(function) => {
                self.plain[Place::Compiled as usize] = Some(Condition::Compiled(function as u8));
            }
            None => cx.unknown_word(child, "compiled rule", &Function::NAMES),
        }
    }

    fn options(&mut self, cx: &mut Context<'_>, child: &Element) {
        let wazuh = cx.settings.dialect == Dialect::Wazuh;
        match child.text.as_slice() {
            b"alert_by_email" => self.flags |= rule_flag::ALERT_BY_EMAIL,
            b"no_email_alert" => self.flags |= NO_EMAIL,
            b"log_alert" => self.flags |= LOG_ALERT,
            b"no_log" => self.flags |= NO_LOG,
            b"no_ar" => self.flags |= rule_flag::NO_RESPONSE,
            b"no_full_log" if wazuh => self.flags |= rule_flag::NO_FULL_LOG,
            b"no_counter" if wazuh => self.flags |= rule_flag::NO_COUNTER,
            _ => {
                let known = if wazuh { OPTIONS.len() } else { OPTIONS.len() - 2 };
                cx.unknown_word(child, "option", &OPTIONS[..known]);
            }
        }
    }

    fn info(&mut self, cx: &mut Context<'_>, child: &Element, name: &str) {
        let kind = child.attributes.iter().find(|a| a.name == "type").map(|a| a.value.as_slice());
        let kind = match (name, kind) {
            ("cve", _) | (_, Some(b"cve")) => info::CVE,
            (_, None | Some(b"text")) => info::TEXT,
            (_, Some(b"link")) => info::LINK,
            (_, Some(b"osvdb")) => info::OSVDB,
            _ => return cx.unknown_word(child, "kind of info", &["text", "link", "cve", "osvdb"]),
        };
        let all = if name == "cve" { &mut self.cve } else { &mut self.info };
        all.extend_from_slice(&child.text);
        if self.infos.len() < INFOS_MAX {
            self.infos.push((kind, child.text.clone()));
        }
    }

    /// Bytes of the longest text that is put together from several elements.
    fn longest_text(&self) -> usize {
        let action = match &self.plain[Place::Action as usize] {
            Some(Condition::Action { text, .. }) => text.len(),
            _ => 0,
        };
        let description = self.description.as_ref().map_or(0, Vec::len);
        let mitre = self.mitre.iter().map(|id| id.len() + 1).sum();
        let texts = [self.groups.len(), self.info.len(), self.cve.len(), mitre, description, action];
        texts.into_iter().max().unwrap_or(0)
    }

    fn check(&mut self, cx: &mut Context<'_>, element: &Element) {
        self.check_comparisons(cx, element);
        match cx.settings.dialect {
            Dialect::Ossec if self.level > 16 => {
                cx.warning(element, "levels go from 0 to 16", "it is used as it stands");
            }
            Dialect::Ossec => {}
            Dialect::Wazuh => self.check_of_wazuh(cx, element),
        }
        if self.longest_text() > usize::from(u16::MAX) {
            cx.error(
                element,
                "a text of this rule is too long",
                "its groups, for one, may have 65,535 bytes",
            );
        }
        self.flags |= cx.alert_flags(self.level, self.flags);
        if self.accuracy == 0 {
            self.flags |= rule_flag::NO_RESPONSE;
        }
        for newline in
            self.description.iter_mut().flat_map(|text| text.iter_mut()).filter(|b| **b == b'\n').take(1)
        {
            *newline = b' ';
        }
    }

    fn check_comparisons(&self, cx: &mut Context<'_>, element: &Element) {
        let fields = !self.same_fields.is_empty() || !self.different_fields.is_empty();
        let compares = self.same != 0 || self.different != 0 || self.distinct != 0 || self.counts || fields;
        if compares && !self.correlation.is_some() && !self.differs {
            cx.error(
                element,
                "this rule compares or counts earlier events, but names none",
                "add if_matched_sid, if_matched_group or if_matched_regex",
            );
        }
        if self.distinct != 0 && self.frequency > DISTINCT_FREQUENCY_MAX {
            let help = format!("`frequency` may be {DISTINCT_FREQUENCY_MAX} at most");
            cx.error(element, "this rule counts too many different values", &help);
        }
    }
}

/// Whether `noalert` is on: in OSSEC 4.3 with any value, in Wazuh with 1.
fn is_no_alert(cx: &mut Context<'_>, attribute: &Attribute) -> bool {
    if cx.settings.dialect == Dialect::Wazuh && !matches!(attribute.value.as_slice(), b"0" | b"1") {
        cx.odd_value(attribute, "`noalert` is 0 or 1; this counts as 0");
    }
    cx.settings.dialect == Dialect::Ossec || attribute.value == b"1"
}

/// Options that only decide other flags.
pub(super) const NO_EMAIL: u32 = 1 << 16;
/// See [`NO_EMAIL`].
pub(super) const LOG_ALERT: u32 = 1 << 17;
/// See [`NO_EMAIL`].
pub(super) const NO_LOG: u32 = 1 << 18;

/// Id of the rule of the statistics (OSSEC 4.3).
pub(super) const STATISTICS: u32 = 11;

/// Earlier events of a rule that counts different values: one more is counted,
/// and two keys may be asked for.
const DISTINCT_FREQUENCY_MAX: u16 = (DISTINCT_MAX / 2 - 2) as u16;

const RULE_TEXT_MAX: usize = 2048;
/// Elements of one rule; stock rules have a dozen.
const ELEMENTS_MAX: usize = 10_000;
const INFOS_MAX: usize = 33;

const RULE_ATTRIBUTES: [&str; 9] =
    ["id", "level", "maxsize", "timeframe", "frequency", "accuracy", "noalert", "ignore", "overwrite"];

/// The last two are Wazuh's alone.
const OPTIONS: [&str; 7] =
    ["alert_by_email", "no_email_alert", "log_alert", "no_log", "no_ar", "no_full_log", "no_counter"];

/// Where a pattern's element leads.
#[derive(Clone, Copy)]
enum Target {
    Condition(Place),
    /// A text, or a pattern if it says of which type.
    Action,
    MatchedGroup,
    MatchedRegex,
}

/// Elements of one name, whose texts are joined without a separator.
#[derive(Default)]
struct Texts<'e> {
    found: Vec<(usize, &'e Element)>,
}

impl<'e> Texts<'e> {
    fn add(&mut self, slot: usize, element: &'e Element) {
        self.found.push((slot, element));
    }

    /// The first element, the last one, and the text of all.
    fn get(&self, slot: usize) -> Option<(&'e Element, &'e Element, Vec<u8>)> {
        let all = || self.found.iter().filter(|(s, _)| *s == slot).map(|(_, element)| *element);
        Some((all().next()?, all().next_back()?, all().flat_map(|e| e.text.iter().copied()).collect()))
    }
}

fn append(text: &mut Option<Vec<u8>>, more: &[u8]) {
    text.get_or_insert_default().extend_from_slice(more);
}

/// A rule with its place among the loaded ones and what remembers its events.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) rule: Rule,
    pub(super) search: u8,
    pub(super) search_in: u16,
    /// The search, and its list, that the rule was first loaded with: what
    /// `overwrite` cannot change in Wazuh.
    pub(super) first_search: (u8, u16),
    /// The list that other rules search by this rule's id.
    pub(super) own_list: Option<u16>,
    /// The lists of groups that its events go to, once for each place.
    pub(super) group_lists: Vec<u16>,
}

impl Loaded {
    pub(super) fn new(rule: Rule) -> Self {
        let (search, search_in) = (search::NONE, NONE);
        let first_search = (search, search_in);
        Self { rule, search, search_in, first_search, own_list: None, group_lists: Vec::new() }
    }
}

/// Where a rule's problem with its parents stands, for the report.
pub(super) fn explain(error: AttachError) -> (&'static str, &'static str) {
    const FEWER: &str = "a rule hangs under every rule that its if_group, if_level, if_matched_group or \
                         if_sid names: name fewer";
    match error {
        AttachError::NoParent => ("no such rule is loaded yet", "parents must stand before their children"),
        AttachError::TooDeep => ("this rule hangs too deep", "rules may hang 63 deep"),
        AttachError::TooManyChildren => ("too many rules hang under one", "65,535 is the limit"),
        AttachError::TooLarge => ("with this rule the rule tree is too large", FEWER),
        AttachError::TooSlow => ("up to this rule it takes too long to find all parents", FEWER),
    }
}
