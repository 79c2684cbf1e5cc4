//! The words of `<order>` and `<fts>`.

use crate::compile::elements::Context;
use crate::xml::Element;
use bartizan_core::event::Field;
use bartizan_core::image::Dialect;
use bartizan_core::rules::first_time::part;

/// One item of an order.
#[derive(Clone, Debug, Default)]
pub(in crate::compile) struct OrderItem {
    /// Number of a field, 255 for a dynamic one.
    pub(in crate::compile) field: u8,
    /// Name of a dynamic field.
    pub(in crate::compile) name: Vec<u8>,
    /// Whether it is a part of the first-time key, as a dynamic field.
    pub(in crate::compile) in_key: bool,
}

impl OrderItem {
    fn known(field: Field) -> Self {
        Self { field: field as u8, ..Self::default() }
    }

    fn dynamic(name: &[u8]) -> Self {
        Self { field: u8::MAX, name: name.to_vec(), in_key: false }
    }
}

/// The items of an order.
pub(super) fn read(cx: &mut Context<'_>, element: &Element) -> Option<Vec<OrderItem>> {
    let items: Vec<_> = element.text.split(|b| *b == b',').collect();
    let limit = cx.settings.decoder_order_size as usize;
    let is_full = match cx.settings.dialect {
        Dialect::Ossec => items.len() > limit,
        Dialect::Wazuh => items.len() >= limit,
    };
    if is_full {
        cx.error(
            element,
            "too many fields in one order",
            "analysisd.decoder_order_size in internal_options.conf sets the limit",
        );
        return None;
    }
    if items.iter().any(|item| item.is_empty()) {
        cx.error(element, "an empty item in the order", "remove the extra comma");
        return None;
    }
    let item = match cx.settings.dialect {
        Dialect::Ossec => ossec_item,
        Dialect::Wazuh => wazuh_item,
    };
    Some(items.into_iter().map(item).collect())
}

fn ossec_item(item: &[u8]) -> OrderItem {
    let word = first_word(item.trim_ascii_start());
    match field(word) {
        Some(field) => OrderItem::known(field),
        None if word == b"extra_data" => OrderItem::known(Field::Data),
        None if word.windows(8).any(|w| w == b"filename") => OrderItem::known(Field::Filename),
        None => OrderItem::dynamic(first_word(item.strip_prefix(b" ").unwrap_or(item))),
    }
}

fn wazuh_item(item: &[u8]) -> OrderItem {
    let word = wazuh_word(item);
    match field(word) {
        Some(field) => OrderItem::known(field),
        None if word == b"extra_data" => OrderItem::known(Field::ExtraData),
        None => OrderItem::dynamic(word),
    }
}

/// A word without the blanks around it, up to a blank within.
fn wazuh_word(item: &[u8]) -> &[u8] {
    let start = item.iter().take_while(|byte| **byte == b' ').count();
    first_word(item.get(start..).unwrap_or(b""))
}

fn first_word(item: &[u8]) -> &[u8] {
    item.split(|byte| *byte == b' ').next().unwrap_or(b"")
}

/// The words of both dialects.
fn field(word: &[u8]) -> Option<Field> {
    Some(match word {
        b"dstuser" | b"user" => Field::DstUser,
        b"srcuser" => Field::SrcUser,
        b"srcip" => Field::SrcIp,
        b"dstip" => Field::DstIp,
        b"srcport" => Field::SrcPort,
        b"dstport" => Field::DstPort,
        b"protocol" => Field::Protocol,
        b"action" => Field::Action,
        b"id" => Field::Id,
        b"url" => Field::Url,
        b"status" => Field::Status,
        b"data" => Field::Data,
        b"system_name" => Field::SystemName,
        _ => return None,
    })
}

/// Parts of the first-time key; marks the dynamic fields of the decoder's own
/// order that are among them.
pub(super) fn key_parts(cx: &mut Context<'_>, element: &Element, order: &mut [OrderItem]) -> u16 {
    let mut parts = 0;
    for item in element.text.split(|b| *b == b',') {
        let part = match cx.settings.dialect {
            Dialect::Ossec => part_within(item),
            Dialect::Wazuh => wazuh_part(wazuh_word(item), order),
        };
        match (part, cx.settings.dialect) {
            (Some(part), _) => parts |= part,
            (None, Dialect::Ossec) => cx.unknown_word(element, KEY, &OSSEC_PARTS.map(|(word, _)| word)),
            (None, Dialect::Wazuh) => cx.unknown_word(element, KEY, &WAZUH_PARTS.map(|(word, _)| word)),
        }
    }
    parts
}

const KEY: &str = "part of a first-time key";

/// The first word that stands in the item. QUIRK: `srcuser` is taken for
/// `user` (OSSEC 4.3).
fn part_within(item: &[u8]) -> Option<u16> {
    let has = |word: &&(&str, u16)| item.windows(word.0.len()).any(|w| w == word.0.as_bytes());
    OSSEC_PARTS.iter().find(has).map(|(_, part)| *part)
}

fn wazuh_part(word: &[u8], order: &mut [OrderItem]) -> Option<u16> {
    if let Some((_, part)) = WAZUH_PARTS.iter().find(|(known, _)| known.as_bytes() == word) {
        return Some(*part);
    }
    let item = order.iter_mut().find(|item| item.field == u8::MAX && item.name == word)?;
    item.in_key = true;
    Some(part::DYNAMIC)
}

const OSSEC_PARTS: [(&str, u16); 8] = [
    ("user", part::DST_USER),
    ("srcip", part::SRC_IP),
    ("dstip", part::DST_IP),
    ("id", part::ID),
    ("location", part::LOCATION),
    ("data", part::DATA),
    ("system_name", part::SYSTEM_NAME),
    ("name", part::NAME),
];

/// QUIRK: `extra_data` means the field `data`, which is another one
/// (Wazuh 4.14).
const WAZUH_PARTS: [(&str, u16); 11] = [
    ("dstuser", part::DST_USER),
    ("user", part::DST_USER),
    ("srcuser", part::SRC_USER),
    ("srcip", part::SRC_IP),
    ("dstip", part::DST_IP),
    ("id", part::ID),
    ("location", part::LOCATION),
    ("data", part::DATA),
    ("extra_data", part::DATA),
    ("system_name", part::SYSTEM_NAME),
    ("name", part::NAME),
];
