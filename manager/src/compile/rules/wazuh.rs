//! What `<rule>` elements of Wazuh 4.14 hold that OSSEC's do not: patterns of
//! any type, negation, comparisons of all fields, names of MITRE's.

use super::{Condition, Place, Rule, Target, Texts};
use crate::compile::elements::Context;
use crate::pattern::Language;
use crate::xml::Element;
use bartizan_core::event::Field;
use bartizan_core::image::rows::{rule_flag, subject};
use bartizan_core::rules::first_time::part;
use bartizan_core::rules::history::Key;

impl Rule {
    /// Compiles the patterns once all elements are read: repeated elements
    /// are one text, and the last one says its type and whether it is negated.
    pub(super) fn typed_patterns(&mut self, cx: &mut Context<'_>, texts: &Texts<'_>) {
        for (slot, (_, target, subject)) in TEXTS.iter().enumerate() {
            let Some((first, last, text)) = texts.get(slot) else { continue };
            let standard = match target {
                Target::Condition(Place::Regex) | Target::MatchedRegex => Language::OsRegex,
                _ => Language::OsMatch,
            };
            match target {
                Target::Condition(place) => {
                    let negated = self.negation(cx, last);
                    let language = language(cx, last, standard);
                    self.put(*place, cx.pattern(first, language, &text), *subject, negated);
                }
                Target::Action if !last.attributes.iter().any(|a| a.name == "type") => {
                    let negated = self.negation(cx, last);
                    self.plain[Place::Action as usize] = Some(Condition::Action { text, negated });
                }
                Target::Action => {
                    let negated = self.negation(cx, last);
                    let language = language(cx, last, standard);
                    self.put(Place::Action, cx.pattern(first, language, &text), *subject, negated);
                }
                Target::MatchedGroup => {
                    self.correlation.group_pattern = cx.pattern(first, standard, &text);
                    self.correlation.group = Some(text);
                }
                Target::MatchedRegex => self.correlation.regex = cx.pattern(first, standard, &text),
            }
        }
    }

    fn put(&mut self, place: Place, pattern: Option<u16>, subject: u8, negated: bool) {
        self.plain[place as usize] = pattern.map(|pattern| Condition::Pattern { subject, pattern, negated });
    }

    /// Elements that OSSEC 4.3 does not have, or understands otherwise.
    pub(super) fn of_wazuh(&mut self, cx: &mut Context<'_>, child: &Element, name: &str) {
        match name {
            "field" => self.typed_field(cx, child),
            "ignore" => self.ignore_keys |= key_words(child),
            // QUIRK: Wazuh compares what it wrote with a line that still has
            // its end, so nothing is ever found.
            "check_if_ignored" => {}
            "mitre" => self.mitre(cx, child),
            "global_frequency" => self.flags |= rule_flag::GLOBAL_FREQUENCY,
            "same_field" => self.same_fields.push(child.text.trim_ascii().to_vec()),
            "different_field" | "not_same_field" => {
                self.different_fields.push(child.text.trim_ascii().to_vec());
            }
            "same_agent" | "not_same_agent" => {
                cx.warning(child, "this says nothing", "events of one agent are counted anyway");
            }
            _ if EXACT.contains(&name) && child.name != name => cx.unknown_element(child, &ELEMENTS),
            _ => self.comparison_of_wazuh(cx, child, name),
        }
    }

    /// The `same_…` and `different_…` elements.
    fn comparison_of_wazuh(&mut self, cx: &mut Context<'_>, child: &Element, name: &str) {
        let key_of = |rest: &str| KEYS.iter().find(|(word, _)| *word == rest).map(|(_, key)| key.bit());
        let negated = ["source_ip", "user", "id"];
        if let Some(key) = name.strip_prefix("same_").and_then(key_of) {
            self.same |= key;
        } else if let Some(key) = name.strip_prefix("different_").and_then(key_of) {
            self.different |= key;
        } else if let Some(key) =
            name.strip_prefix("not_same_").filter(|rest| negated.contains(rest)).and_then(key_of)
        {
            self.different |= key;
        } else {
            cx.unknown_element(child, &ELEMENTS);
        }
    }

    fn typed_field(&mut self, cx: &mut Context<'_>, child: &Element) {
        let Some(name) = child.attributes.iter().find(|a| a.name == "name") else {
            return cx.error(child, "which field?", "write <field name=\"NAME\">regex</field>");
        };
        if STATIC.iter().any(|word| name.value.eq_ignore_ascii_case(word.as_bytes())) {
            let word = name.value_lossy().to_ascii_lowercase();
            let help = format!("write <{word}>pattern</{word}>");
            return cx.error(child, &format!("`{word}` is not a dynamic field"), &help);
        }
        let (negated, language) = (self.negation(cx, child), language(cx, child, Language::OsRegex));
        if let Some(pattern) = cx.pattern(child, language, &child.text) {
            self.fields.push(Condition::Field { name: name.value.clone(), pattern, negated });
        }
    }

    /// Whether an element says `negate="yes"`.
    pub(super) fn negation(&mut self, cx: &mut Context<'_>, element: &Element) -> bool {
        let Some(attribute) = element.attributes.iter().find(|a| a.name == "negate") else { return false };
        let is = |word: &[u8]| attribute.value.eq_ignore_ascii_case(word);
        if !is(b"yes") && !is(b"no") {
            cx.odd_value(attribute, "`negate` is yes or no; this counts as no");
        }
        is(b"yes")
    }

    /// `<id>`s, or one tactic and one technique. Blocks of the second kind
    /// replace those of the first; a block that is neither says nothing.
    fn mitre(&mut self, cx: &mut Context<'_>, child: &Element) {
        let (mut ids, mut techniques, mut tactics) = (Vec::new(), Vec::new(), 0);
        for element in &child.children {
            let text = element.text.trim_ascii().to_vec();
            match element.name.to_ascii_lowercase().as_str() {
                "id" => ids.push(text),
                "techniqueid" => techniques.push(text),
                "tacticid" => tactics += 1,
                _ => cx.warning(element, "this is not known here", "write <id>T1110</id>"),
            }
        }
        match (ids.len(), techniques.len(), tactics) {
            (1.., 0, 0) if self.with_tactics => {}
            (1.., 0, 0) => self.mitre.append(&mut ids),
            (0, 1, 1) if self.with_tactics => self.mitre.append(&mut techniques),
            (0, 1, 1) => (self.mitre, self.with_tactics) = (techniques, true),
            _ => cx.warning(
                child,
                "this is not understood and left out",
                "write <id>s, or one <tacticID> and one <techniqueID>",
            ),
        }
    }

    pub(super) fn check_of_wazuh(&mut self, cx: &mut Context<'_>, element: &Element) {
        if self.level > 16 {
            cx.error(element, "levels go from 0 to 16", "16 is the highest");
        }
        if self.description.is_none() {
            cx.error(element, "this rule has no description", "add <description>text</description>");
        }
        self.groups.retain(|byte| *byte != b'\n');
    }

    /// Takes over a rule with `overwrite="yes"`: all of it but for its
    /// parents. What it searched stays with [`super::Loaded`].
    pub(in crate::compile) fn replace_with(&mut self, new: Self) {
        let (parents, accuracy) = (std::mem::take(&mut self.parents), self.accuracy);
        *self = Self { parents, accuracy, ..new };
    }
}

/// What `type` says, or what the element has without it.
fn language(cx: &mut Context<'_>, element: &Element, standard: Language) -> Language {
    let Some(attribute) = element.attributes.iter().find(|a| a.name == "type") else { return standard };
    let word = attribute.value.to_ascii_lowercase();
    match word.as_slice() {
        b"osmatch" => Language::OsMatch,
        b"osregex" => Language::OsRegex,
        b"pcre2" => Language::Pcre2,
        _ => {
            cx.odd_value(attribute, "`type` is osmatch, osregex or pcre2; this one is not used");
            standard
        }
    }
}

/// The words of `ignore`; others name dynamic fields, which stand only in a
/// file that nobody reads.
fn key_words(child: &Element) -> u16 {
    let words: [(&[u8], u16); 7] = [
        (b"user", part::DST_USER),
        (b"srcip", part::SRC_IP),
        (b"dstip", part::DST_IP),
        (b"id", part::ID),
        (b"location", part::LOCATION),
        (b"data", part::DATA),
        (b"name", part::NAME),
    ];
    let given = || child.text.split(|byte| matches!(byte, b',' | b' ')).map(<[u8]>::trim_ascii);
    let has = |word: &[u8]| given().any(|other| other == word);
    words.iter().filter(|(word, _)| has(word)).fold(0, |mask, (_, bit)| mask | bit)
}

/// Elements whose text is a pattern, with what it is tried on.
pub(super) const TEXTS: [(&str, Target, u8); 20] = {
    use Target::{Action, Condition as C, MatchedGroup, MatchedRegex};
    [
        ("program_name", C(Place::Program), subject::PROGRAM),
        ("id", C(Place::Id), Field::Id as u8),
        ("system_name", C(Place::SystemName), Field::SystemName as u8),
        ("protocol", C(Place::Protocol), Field::Protocol as u8),
        ("match", C(Place::Match), subject::LOG),
        ("regex", C(Place::Regex), subject::LOG),
        ("action", Action, Field::Action as u8),
        ("url", C(Place::Url), Field::Url as u8),
        ("location", C(Place::Location), subject::LOCATION),
        ("srcport", C(Place::SrcPort), Field::SrcPort as u8),
        ("dstport", C(Place::DstPort), Field::DstPort as u8),
        ("user", C(Place::User), subject::USER),
        ("srcgeoip", C(Place::SrcGeo), Field::SrcGeo as u8),
        ("dstgeoip", C(Place::DstGeo), Field::DstGeo as u8),
        ("data", C(Place::Data), Field::Data as u8),
        ("extra_data", C(Place::ExtraData), Field::ExtraData as u8),
        ("hostname", C(Place::Host), subject::HOST),
        ("status", C(Place::Status), Field::Status as u8),
        ("if_matched_group", MatchedGroup, 0),
        ("if_matched_regex", MatchedRegex, 0),
    ]
};

/// What can be compared with earlier events, by the end of an element's name.
const KEYS: [(&str, Key); 20] = [
    ("srcip", Key::SrcIp),
    ("source_ip", Key::SrcIp),
    ("srcport", Key::SrcPort),
    ("src_port", Key::SrcPort),
    ("dstport", Key::DstPort),
    ("dst_port", Key::DstPort),
    ("user", Key::User),
    ("srcuser", Key::SrcUser),
    ("dstip", Key::DstIp),
    ("protocol", Key::Protocol),
    ("action", Key::Action),
    ("id", Key::Id),
    ("url", Key::Url),
    ("data", Key::Data),
    ("extra_data", Key::ExtraData),
    ("status", Key::Status),
    ("system_name", Key::SystemName),
    ("location", Key::Location),
    ("srcgeoip", Key::SrcGeo),
    ("dstgeoip", Key::DstGeo),
];

/// Elements that count only in small letters.
const EXACT: [&str; 21] = [
    "same_id",
    "same_url",
    "same_data",
    "same_extra_data",
    "same_status",
    "same_system_name",
    "same_srcgeoip",
    "same_dstgeoip",
    "different_id",
    "not_same_id",
    "different_srcip",
    "not_same_source_ip",
    "different_protocol",
    "different_action",
    "different_url",
    "different_data",
    "different_extra_data",
    "different_status",
    "different_system_name",
    "different_srcgeoip",
    "different_dstgeoip",
];

/// Fields that have an element of their own.
const STATIC: [&str; 17] = [
    "srcip",
    "dstip",
    "srcgeoip",
    "dstgeoip",
    "srcport",
    "dstport",
    "user",
    "srcuser",
    "dstuser",
    "url",
    "id",
    "data",
    "extra_data",
    "status",
    "protocol",
    "system_name",
    "action",
];

/// Elements that can be meant by one that is not known.
const ELEMENTS: [&str; 52] = [
    "decoded_as",
    "category",
    "program_name",
    "id",
    "system_name",
    "protocol",
    "match",
    "regex",
    "action",
    "url",
    "location",
    "field",
    "srcip",
    "dstip",
    "srcport",
    "dstport",
    "compiled_rule",
    "user",
    "srcgeoip",
    "dstgeoip",
    "time",
    "weekday",
    "data",
    "extra_data",
    "hostname",
    "status",
    "check_diff",
    "if_fts",
    "list",
    "if_sid",
    "if_level",
    "if_group",
    "if_matched_sid",
    "if_matched_group",
    "if_matched_regex",
    "same_field",
    "different_field",
    "not_same_field",
    "same_source_ip",
    "same_user",
    "same_id",
    "same_location",
    "different_url",
    "different_srcip",
    "global_frequency",
    "mitre",
    "description",
    "group",
    "info",
    "options",
    "ignore",
    "check_if_ignored",
];
