//! `<list>` of a rule: a field is looked up in a key-value list.

use super::{Condition, Rule};
use crate::compile::elements::Context;
use crate::xml::Element;
use bartizan_core::event::Field;
use bartizan_core::image::Dialect;
use bartizan_core::image::rows::{NONE, lookup, subject};

impl Rule {
    /// `<list field="F" lookup="L" check_value="P">PATH</list>`.
    pub(super) fn look_up(&mut self, cx: &mut Context<'_>, child: &Element) {
        let (mut what, mut kind, mut pattern) = (None, lookup::KEY, NONE);
        let mut name = Vec::new();
        for attribute in &child.attributes {
            let value = String::from_utf8_lossy(&attribute.value);
            match attribute.name.as_str() {
                "field" if cx.settings.dialect == Dialect::Wazuh => {
                    what = Some(field_of_wazuh(&value));
                    name = attribute.value.clone();
                }
                "field" => what = cx.word_of(attribute, &value, &FIELDS),
                "lookup" => kind = cx.word_of(attribute, &value, &LOOKUPS).unwrap_or(kind),
                "check_value" => {
                    let language = cx.match_language();
                    pattern = cx.pattern(child, language, &attribute.value).unwrap_or(NONE);
                }
                _ => cx.unknown_attribute(attribute, &["field", "lookup", "check_value"]),
            }
        }
        let Some(subject) = what else {
            if !child.attributes.iter().any(|a| a.name == "field") {
                cx.error(child, "which field is looked up?", "write <list field=\"srcip\">PATH</list>");
            }
            return;
        };
        if subject != subject::DYNAMIC {
            name.clear();
        }
        let Some(list) = self.list(cx, child) else { return };
        self.lists.push(Condition::List { list, lookup: kind, subject, name, pattern });
    }

    /// The number of a configured list. Without it OSSEC 4.3 has a condition
    /// that never holds, and Wazuh leaves the rule out.
    fn list(&mut self, cx: &mut Context<'_>, child: &Element) -> Option<u16> {
        match (cx.list(child), cx.settings.dialect) {
            (None, Dialect::Wazuh) => {
                let why = format!("the list `{}` is not configured", child.text_lossy());
                self.skip(cx, child, &why);
                None
            }
            (None, Dialect::Ossec) => {
                cx.no_such_list(child);
                Some(NONE)
            }
            (list, _) => list,
        }
    }
}

/// What Wazuh looks up: a field that all know, or a dynamic one.
fn field_of_wazuh(name: &str) -> u8 {
    let known = FIELDS.iter().chain(&MORE_FIELDS).find(|(word, _)| *word == name);
    known.map_or(subject::DYNAMIC, |(_, subject)| *subject)
}

const FIELDS: [(&str, u8); 11] = [
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

const MORE_FIELDS: [(&str, u8); 4] = [
    ("protocol", Field::Protocol as u8),
    ("system_name", Field::SystemName as u8),
    ("data", Field::Data as u8),
    ("extra_data", Field::ExtraData as u8),
];

const LOOKUPS: [(&str, u8); 6] = [
    ("match_key", lookup::KEY),
    ("not_match_key", lookup::NOT_KEY),
    ("match_key_value", lookup::KEY_VALUE),
    ("address_match_key", lookup::ADDRESS),
    ("not_address_match_key", lookup::NOT_ADDRESS),
    ("address_match_key_value", lookup::ADDRESS_VALUE),
];
