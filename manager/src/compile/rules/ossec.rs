//! What `<rule>` elements of OSSEC 4.3 hold that Wazuh's do not: a second
//! form of each pattern in PCRE2, and fewer comparisons.

use super::{Condition, Place, Rule, Target, Texts};
use crate::compile::elements::Context;
use crate::pattern::Language;
use crate::xml::Element;
use bartizan_core::event::Field;
use bartizan_core::image::rows::subject;
use bartizan_core::rules::first_time::part;
use bartizan_core::rules::history::Key;

impl Rule {
    /// Compiles the patterns once all elements are read: repeated elements
    /// are one text (OSSEC 4.3).
    pub(super) fn patterns(&mut self, cx: &mut Context<'_>, texts: &Texts<'_>) {
        for (slot, (_, place, subject, language)) in TEXTS.iter().enumerate() {
            let Some((element, _, text)) = texts.get(slot) else { continue };
            let Some(pattern) = cx.pattern(element, *language, &text) else { continue };
            match place {
                Target::Condition(place) => {
                    let forms = if *language == Language::Pcre2 { &mut self.pcre2 } else { &mut self.plain };
                    forms[*place as usize] =
                        Some(Condition::Pattern { subject: *subject, pattern, negated: false });
                }
                Target::MatchedGroup => {
                    self.correlation.group_pattern = Some(pattern);
                    self.correlation.group = Some(text);
                }
                Target::MatchedRegex => self.correlation.regex = Some(pattern),
                Target::Action => {}
            }
        }
    }

    /// Elements that mean something else to Wazuh, or nothing.
    pub(super) fn of_ossec(&mut self, cx: &mut Context<'_>, child: &Element, name: &str) {
        match name {
            "action" => self.append_action(&child.text),
            "field" => self.field(cx, child),
            "ignore" => self.ignore_keys |= key_words(cx, child),
            "check_if_ignored" => self.check_ignored_keys |= key_words(cx, child),
            _ => self.comparison_of_ossec(cx, child, name),
        }
    }

    fn append_action(&mut self, more: &[u8]) {
        match &mut self.plain[Place::Action as usize] {
            Some(Condition::Action { text, .. }) => text.extend_from_slice(more),
            empty => *empty = Some(Condition::Action { text: more.to_vec(), negated: false }),
        }
    }

    fn field(&mut self, cx: &mut Context<'_>, child: &Element) {
        let Some(name) = child.attributes.iter().find(|a| a.name == "name") else {
            return cx.error(child, "which field?", "write <field name=\"NAME\">regex</field>");
        };
        if let Some(pattern) = cx.pattern(child, Language::Regex, &child.text) {
            self.fields.push(Condition::Field { name: name.value.clone(), pattern, negated: false });
        }
    }

    /// The `same_…` and `different_…` elements.
    fn comparison_of_ossec(&mut self, cx: &mut Context<'_>, child: &Element, name: &str) {
        let exact = child.name == name;
        match name {
            "same_source_ip" => self.same |= Key::SrcIp.bit(),
            "same_src_port" => self.same |= Key::SrcPort.bit(),
            "same_dst_port" => self.same |= Key::DstPort.bit(),
            "same_user" => self.same |= Key::User.bit(),
            "same_location" => self.same |= Key::Host.bit(),
            "same_id" if exact => self.same |= Key::Id.bit(),
            "different_url" if exact => self.different |= Key::Url.bit(),
            "different_srcgeoip" if exact => self.different |= Key::SrcGeo.bit(),
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
            _ => cx.unknown_element(child, &ELEMENTS),
        }
    }

    /// Takes over what a rule with `overwrite="yes"` replaces. What OSSEC 4.3
    /// leaves alone stays: PCRE2 conditions, fields, lists, ignore words, info
    /// details, and the kind of correlation.
    pub(in crate::compile) fn overwrite_with(&mut self, new: Self) {
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
}

/// Elements whose text is a pattern.
pub(super) const TEXTS: [(&str, Target, u8, Language); 28] = {
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
        ("srcgeoip", C(Place::SrcGeo), Field::SrcGeo as u8, Match),
        ("srcgeoip_pcre2", C(Place::SrcGeo), Field::SrcGeo as u8, Pcre2),
        ("dstgeoip", C(Place::DstGeo), Field::DstGeo as u8, Match),
        ("dstgeoip_pcre2", C(Place::DstGeo), Field::DstGeo as u8, Pcre2),
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

/// The words of `ignore` and `check_if_ignored`.
pub(super) fn key_words(cx: &mut Context<'_>, child: &Element) -> u16 {
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

const ELEMENTS: [&str; 71] = [
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
