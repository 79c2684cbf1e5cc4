//! One `<rule>` element to one [`Rule`]: conditions, options, texts.
//!
//! The tree and the image come later; here a rule is still its own, so that
//! `overwrite` can replace what OSSEC 4.3 replaces and keep the rest.

use super::elements::{Context, digits};
use super::tree::{AttachError, Leaf};
use crate::pattern::Language;
use crate::xml::Element;
use bartizan_core::event::{Category, Field};
use bartizan_core::image::rows::{NONE, info, lookup, rule_flag, search, subject};
use bartizan_core::limits::DISTINCT_MAX;
use bartizan_core::rules::address::AddressRow;
use bartizan_core::rules::clock;
use bartizan_core::rules::compiled::Function;
use bartizan_core::rules::first_time::part;
use bartizan_core::rules::history::Key;

/// A condition before it is a row: texts and lists are still their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    DecodedAs(u16),
    Pattern { subject: u8, pattern: u16 },
    Action(Vec<u8>),
    Field { name: Vec<u8>, pattern: u16 },
    Address { field: Field, list: Vec<Vec<u8>> },
    Compiled(u8),
    Size(u16),
    Time { from: u16, to: u16, not: bool },
    Weekdays(u8),
    Differs,
    FirstTime,
    List { list: u16, lookup: u8, subject: u8, pattern: u16 },
}

/// Conditions that a rule can have once, in the order of evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Place {
    DecodedAs,
    Program,
    Id,
    Match,
    Regex,
    Action,
    Url,
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
}

/// A rule as its file gives it.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) id: u32,
    pub(super) level: u16,
    pub(super) accuracy: u32,
    pub(super) overwrite: bool,
    pub(super) flags: u32,
    pub(super) frequency: u16,
    pub(super) timeframe: u32,
    pub(super) ignore: u32,
    pub(super) category: u8,
    pub(super) groups: Vec<u8>,
    pub(super) description: Option<Vec<u8>>,
    pub(super) infos: Vec<(u8, Vec<u8>)>,
    pub(super) info: Vec<u8>,
    pub(super) cve: Vec<u8>,
    pub(super) parents: Parents,
    pub(super) correlation: Correlation,
    pub(super) same: u32,
    pub(super) different: u32,
    pub(super) distinct: u32,
    pub(super) ignore_keys: u16,
    pub(super) check_ignored_keys: u16,
    pub(super) differs: bool,
    pub(super) first_time: bool,
    pub(super) lists: Vec<Condition>,
    plain: [Option<Condition>; PLACES],
    pcre2: [Option<Condition>; PLACES],
    fields: Vec<Condition>,
}

/// Under which rules it hangs.
#[derive(Clone, Debug, Default)]
pub(super) struct Parents {
    pub(super) ids: Option<Vec<u8>>,
    pub(super) level: Option<u32>,
    pub(super) group: Option<Vec<u8>>,
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
        rule.patterns(cx, &texts);
        rule.check(cx, element);
        usable.then_some(rule)
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
                "frequency" => rule.frequency = number(4).unwrap_or(0) as u16,
                "accuracy" => rule.accuracy = number(9).unwrap_or(1),
                "ignore" => rule.ignore = number(6).unwrap_or(0),
                "noalert" => rule.flags |= rule_flag::NO_ALERT,
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
            info: Vec::new(),
            cve: Vec::new(),
            parents: Parents::default(),
            correlation: Correlation::default(),
            same: 0,
            different: 0,
            distinct: 0,
            ignore_keys: 0,
            check_ignored_keys: 0,
            differs: false,
            first_time: false,
            lists: Vec::new(),
            plain: Default::default(),
            pcre2: Default::default(),
            fields: Vec::new(),
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
        let on_log = |condition: &&Condition| matches!(condition, Condition::Pattern { subject, .. } if *subject == subject::LOG);
        match self.conditions().find(on_log) {
            Some(Condition::Pattern { pattern, .. }) => *pattern,
            _ => NONE,
        }
    }

    /// Takes over what a rule with `overwrite="yes"` replaces. What OSSEC 4.3
    /// leaves alone stays: PCRE2 conditions, fields, lists, ignore words, info
    /// details, and the kind of correlation.
    pub(super) fn overwrite_with(&mut self, new: Self) {
        let geo = [Place::SrcGeo as usize, Place::DstGeo as usize];
        for (place, condition) in new.plain.into_iter().enumerate().filter(|(place, _)| !geo.contains(place))
        {
            self.plain[place] = condition;
        }
        self.level = new.level;
        self.flags = new.flags;
        self.frequency = new.frequency;
        self.timeframe = new.timeframe;
        self.ignore = new.ignore;
        self.groups = new.groups;
        self.description = new.description;
        self.info = new.info;
        self.cve = new.cve;
        self.same = new.same;
        self.different = new.different;
        self.distinct = new.distinct;
        self.differs = new.differs;
        self.first_time = new.first_time;
        if self.correlation.regex.is_some() && new.correlation.regex.is_some() {
            self.correlation.regex = new.correlation.regex;
        }
    }

    fn child<'e>(&mut self, cx: &mut Context<'_>, child: &'e Element, texts: &mut Texts<'e>) {
        let exact = child.name.as_str();
        let name = exact.to_ascii_lowercase();
        if child.text.len() >= RULE_TEXT_MAX {
            cx.warning(child, "this text is too long and ignored", "a rule's text has 2047 bytes at most");
            return;
        }
        if let Some(slot) = TEXTS.iter().position(|(word, ..)| *word == name) {
            texts.add(slot, child);
            return;
        }
        match name.as_str() {
            "decoded_as" => {
                let id = cx.decoder_id(child);
                self.plain[Place::DecodedAs as usize] = id.map(Condition::DecodedAs);
            }
            "category" => self.category = cx.category(child).unwrap_or(self.category),
            "action" => self.append_action(&child.text),
            "field" => self.field(cx, child),
            "srcip" => self.address(cx, child, Place::SrcIp, Field::SrcIp),
            "dstip" => self.address(cx, child, Place::DstIp, Field::DstIp),
            "time" => self.time(cx, child),
            "weekday" => self.weekday(cx, child),
            "compiled_rule" => self.compiled(cx, child),
            "list" => self.lists.extend(list_condition(cx, child)),
            "check_diff" => self.differs = true,
            "if_fts" => self.first_time = true,
            "options" => self.options(cx, child),
            "ignore" => self.ignore_keys |= key_words(cx, child),
            "check_if_ignored" => self.check_ignored_keys |= key_words(cx, child),
            "description" => append(&mut self.description, &child.text),
            "group" => self.groups.extend_from_slice(&child.text),
            "info" | "cve" => self.info(cx, child, &name),
            "if_sid" => append(&mut self.parents.ids, &child.text),
            "if_level" => self.parents.level = cx.number(child),
            "if_group" => append(&mut self.parents.group, &child.text),
            "if_matched_sid" => self.correlation.rule = cx.number(child),
            _ => self.comparison(cx, child, &name),
        }
    }

    /// The `same_…` and `different_…` elements.
    fn comparison(&mut self, cx: &mut Context<'_>, child: &Element, name: &str) {
        let exact = child.name == name;
        match name {
            "same_source_ip" => self.same |= Key::SrcIp.bit(),
            "same_src_port" => self.same |= Key::SrcPort.bit(),
            "same_dst_port" => self.same |= Key::DstPort.bit(),
            "same_user" => self.same |= Key::User.bit(),
            "same_location" => self.same |= Key::Host.bit(),
            "same_id" if exact => self.same |= Key::Id.bit(),
            "different_url" if exact => self.different |= Key::Url.bit(),
            "different_srcgeoip" if exact => self.different |= Key::Geo.bit(),
            "different_srcip" if exact => self.different |= Key::SrcIp.bit(),
            // Our own.
            "same_dst_ip" => self.same |= Key::DstIp.bit(),
            "distinct_dst_ip" => self.distinct |= Key::DstIp.bit(),
            "distinct_dst_port" => self.distinct |= Key::DstPort.bit(),
            // QUIRK: these only take back what was asked for before.
            "not_same_source_ip" => self.same &= !Key::SrcIp.bit(),
            "not_same_user" => self.same &= !Key::User.bit(),
            "not_same_agent" => self.same &= !Key::Host.bit(),
            "not_same_id" if exact => self.same &= !Key::Id.bit(),
            _ => cx.unknown_element(child, &RULE_ELEMENTS),
        }
    }

    fn append_action(&mut self, text: &[u8]) {
        match &mut self.plain[Place::Action as usize] {
            Some(Condition::Action(action)) => action.extend_from_slice(text),
            empty => *empty = Some(Condition::Action(text.to_vec())),
        }
    }

    fn field(&mut self, cx: &mut Context<'_>, child: &Element) {
        let Some(name) = child.attributes.iter().find(|a| a.name == "name") else {
            return cx.error(child, "which field?", "write <field name=\"NAME\">regex</field>");
        };
        if let Some(pattern) = cx.pattern(child, Language::Regex, &child.text) {
            self.fields.push(Condition::Field { name: name.value.clone(), pattern });
        }
    }

    fn address(&mut self, cx: &mut Context<'_>, child: &Element, place: Place, field: Field) {
        if AddressRow::parse(&child.text).is_none() {
            return cx.error(
                child,
                "this is not an address",
                "write 192.0.2.1, 192.0.2.0/24, 2001:db8::/32, !ADDRESS or any",
            );
        }
        let slot = &mut self.plain[place as usize];
        match slot {
            Some(Condition::Address { list, .. }) => list.push(child.text.clone()),
            _ => *slot = Some(Condition::Address { field, list: vec![child.text.clone()] }),
        }
    }

    fn time(&mut self, cx: &mut Context<'_>, child: &Element) {
        match clock::TimeSpan::parse(&child.text) {
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
        match child.text.as_slice() {
            b"alert_by_email" => self.flags |= rule_flag::ALERT_BY_EMAIL,
            b"no_email_alert" => self.flags |= NO_EMAIL,
            b"log_alert" => self.flags |= LOG_ALERT,
            b"no_log" => self.flags |= NO_LOG,
            b"no_ar" => self.flags |= rule_flag::NO_RESPONSE,
            _ => cx.unknown_word(child, "option", &OPTIONS),
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

    /// Compiles the patterns once all elements are read: repeated elements
    /// are one text (OSSEC 4.3).
    fn patterns(&mut self, cx: &mut Context<'_>, texts: &Texts<'_>) {
        for (slot, (_, place, subject, language)) in TEXTS.iter().enumerate() {
            let Some((element, text)) = texts.get(slot) else { continue };
            let Some(pattern) = cx.pattern(element, *language, &text) else { continue };
            match place {
                Target::Condition(place) => {
                    let forms = if *language == Language::Pcre2 { &mut self.pcre2 } else { &mut self.plain };
                    forms[*place as usize] = Some(Condition::Pattern { subject: *subject, pattern });
                }
                Target::MatchedGroup => {
                    self.correlation.group_pattern = Some(pattern);
                    self.correlation.group = Some(text);
                }
                Target::MatchedRegex => self.correlation.regex = Some(pattern),
            }
        }
    }

    /// Bytes of the longest text that is put together from several elements.
    fn longest_text(&self) -> usize {
        let action = match &self.plain[Place::Action as usize] {
            Some(Condition::Action(action)) => action.len(),
            _ => 0,
        };
        let description = self.description.as_ref().map_or(0, Vec::len);
        let texts = [self.groups.len(), self.info.len(), self.cve.len(), description, action];
        texts.into_iter().max().unwrap_or(0)
    }

    fn check(&mut self, cx: &mut Context<'_>, element: &Element) {
        let compares = self.same != 0 || self.different != 0 || self.distinct != 0 || self.frequency != 0;
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
        if self.level > 16 {
            cx.warning(element, "levels go from 0 to 16", "it is used as it stands");
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

const OPTIONS: [&str; 5] = ["alert_by_email", "no_email_alert", "log_alert", "no_log", "no_ar"];

const RULE_ELEMENTS: [&str; 71] = [
    "decoded_as",
    "category",
    "program_name",
    "program_name_pcre2",
    "id",
    "id_pcre2",
    "match",
    "match_pcre2",
    "regex",
    "pcre2",
    "action",
    "url",
    "url_pcre2",
    "field",
    "srcip",
    "dstip",
    "srcport",
    "srcport_pcre2",
    "dstport",
    "dstport_pcre2",
    "user",
    "user_pcre2",
    "srcgeoip",
    "srcgeoip_pcre2",
    "dstgeoip",
    "dstgeoip_pcre2",
    "time",
    "weekday",
    "extra_data",
    "extra_data_pcre2",
    "hostname",
    "hostname_pcre2",
    "status",
    "status_pcre2",
    "compiled_rule",
    "list",
    "check_diff",
    "if_fts",
    "if_sid",
    "if_level",
    "if_group",
    "if_matched_sid",
    "if_matched_group",
    "if_matched_regex",
    "same_source_ip",
    "same_src_port",
    "same_dst_port",
    "same_user",
    "same_location",
    "same_id",
    "different_url",
    "different_srcgeoip",
    "different_srcip",
    "same_dst_ip",
    "distinct_dst_ip",
    "distinct_dst_port",
    "not_same_source_ip",
    "not_same_user",
    "not_same_agent",
    "not_same_id",
    "description",
    "group",
    "info",
    "cve",
    "options",
    "ignore",
    "check_if_ignored",
    "frequency",
    "timeframe",
    "level",
    "noalert",
];

/// Where a pattern's element leads.
#[derive(Clone, Copy)]
enum Target {
    Condition(Place),
    MatchedGroup,
    MatchedRegex,
}

/// Elements whose text is a pattern.
const TEXTS: [(&str, Target, u8, Language); 27] = {
    use Language::{Match, Pcre2, Regex};
    use Target::{Condition as C, MatchedGroup, MatchedRegex};
    [
        ("program_name", C(Place::Program), subject::PROGRAM, Match),
        ("program_name_pcre2", C(Place::Program), subject::PROGRAM, Pcre2),
        ("id", C(Place::Id), Field::Id as u8, Match),
        ("id_pcre2", C(Place::Id), Field::Id as u8, Pcre2),
        ("match", C(Place::Match), subject::LOG, Match),
        ("match_pcre2", C(Place::Match), subject::LOG, Pcre2),
        ("regex", C(Place::Regex), subject::LOG, Regex),
        ("pcre2", C(Place::Regex), subject::LOG, Pcre2),
        ("url", C(Place::Url), Field::Url as u8, Match),
        ("url_pcre2", C(Place::Url), Field::Url as u8, Pcre2),
        ("srcport", C(Place::SrcPort), Field::SrcPort as u8, Match),
        ("srcport_pcre2", C(Place::SrcPort), Field::SrcPort as u8, Pcre2),
        ("dstport", C(Place::DstPort), Field::DstPort as u8, Match),
        ("dstport_pcre2", C(Place::DstPort), Field::DstPort as u8, Pcre2),
        ("user", C(Place::User), subject::USER, Match),
        ("user_pcre2", C(Place::User), subject::USER, Pcre2),
        ("srcgeoip", C(Place::SrcGeo), subject::GEO, Match),
        ("srcgeoip_pcre2", C(Place::SrcGeo), subject::GEO, Pcre2),
        ("dstgeoip", C(Place::DstGeo), subject::GEO, Match),
        ("extra_data", C(Place::Data), Field::Data as u8, Match),
        ("extra_data_pcre2", C(Place::Data), Field::Data as u8, Pcre2),
        ("hostname", C(Place::Host), subject::HOST, Match),
        ("hostname_pcre2", C(Place::Host), subject::HOST, Pcre2),
        ("status", C(Place::Status), Field::Status as u8, Match),
        ("status_pcre2", C(Place::Status), Field::Status as u8, Pcre2),
        ("if_matched_group", MatchedGroup, 0, Match),
        ("if_matched_regex", MatchedRegex, 0, Regex),
    ]
};

/// Elements of one name, whose texts are joined without a separator.
#[derive(Default)]
struct Texts<'e> {
    found: Vec<(usize, &'e Element)>,
}

impl<'e> Texts<'e> {
    fn add(&mut self, slot: usize, element: &'e Element) {
        self.found.push((slot, element));
    }

    fn get(&self, slot: usize) -> Option<(&'e Element, Vec<u8>)> {
        let mut all = self.found.iter().filter(|(s, _)| *s == slot).map(|(_, element)| *element);
        let first = all.next()?;
        let text = core::iter::once(first).chain(all).flat_map(|e| e.text.iter().copied()).collect();
        Some((first, text))
    }
}

fn append(text: &mut Option<Vec<u8>>, more: &[u8]) {
    text.get_or_insert_default().extend_from_slice(more);
}

/// The words of `ignore` and `check_if_ignored`.
fn key_words(cx: &mut Context<'_>, child: &Element) -> u16 {
    let words: [(&[u8], u16); 7] = [
        (b"user", part::DST_USER),
        (b"srcip", part::SRC_IP),
        (b"dstip", part::DST_IP),
        (b"id", part::ID),
        (b"location", part::LOCATION),
        (b"data", part::DATA),
        (b"name", part::NAME),
    ];
    let has = |word: &[u8]| child.text.windows(word.len()).any(|w| w == word);
    let mask = words.iter().filter(|(word, _)| has(word)).fold(0, |mask, (_, bit)| mask | bit);
    if mask == 0 {
        cx.unknown_word(
            child,
            "part of an event",
            &["user", "srcip", "dstip", "id", "location", "data", "name"],
        );
    }
    mask
}

/// `<list field="F" lookup="L" check_value="P">PATH</list>`.
fn list_condition(cx: &mut Context<'_>, child: &Element) -> Option<Condition> {
    let (mut what, mut kind, mut pattern) = (None, lookup::KEY, NONE);
    for attribute in &child.attributes {
        let value = String::from_utf8_lossy(&attribute.value);
        match attribute.name.as_str() {
            "field" => what = cx.word_of(attribute, &value, &LIST_FIELDS),
            "lookup" => kind = cx.word_of(attribute, &value, &LOOKUPS).unwrap_or(kind),
            "check_value" => pattern = cx.pattern(child, Language::Match, &attribute.value).unwrap_or(NONE),
            _ => cx.unknown_attribute(attribute, &["field", "lookup", "check_value"]),
        }
    }
    let Some(subject) = what else {
        if !child.attributes.iter().any(|a| a.name == "field") {
            cx.error(child, "which field is looked up?", "write <list field=\"srcip\">PATH</list>");
        }
        return None;
    };
    Some(Condition::List { list: cx.list(child), lookup: kind, subject, pattern })
}

const LIST_FIELDS: [(&str, u8); 11] = [
    ("srcip", Field::SrcIp as u8),
    ("srcport", Field::SrcPort as u8),
    ("dstip", Field::DstIp as u8),
    ("dstport", Field::DstPort as u8),
    ("user", subject::SOURCE_USER),
    ("url", Field::Url as u8),
    ("id", Field::Id as u8),
    ("hostname", subject::HOST),
    ("program_name", subject::PROGRAM),
    ("status", Field::Status as u8),
    ("action", Field::Action as u8),
];

const LOOKUPS: [(&str, u8); 6] = [
    ("match_key", lookup::KEY),
    ("not_match_key", lookup::NOT_KEY),
    ("match_key_value", lookup::KEY_VALUE),
    ("address_match_key", lookup::ADDRESS),
    ("not_address_match_key", lookup::NOT_ADDRESS),
    ("address_match_key_value", lookup::ADDRESS_VALUE),
];

/// A rule with its place among the loaded ones and what remembers its events.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) rule: Rule,
    pub(super) search: u8,
    pub(super) search_in: u16,
    /// The list that other rules search by this rule's id.
    pub(super) own_list: Option<u16>,
    /// The lists of groups that its events go to, once for each place.
    pub(super) group_lists: Vec<u16>,
}

impl Loaded {
    pub(super) fn new(rule: Rule) -> Self {
        Self { rule, search: search::NONE, search_in: NONE, own_list: None, group_lists: Vec::new() }
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
