//! `<decoder>` elements to decoders: roots, children and chains.

use super::elements::Context;
use crate::pattern::Language;
use crate::xml::Element;
use bartizan_core::decode::plugins::Plugin;
use bartizan_core::event::{Category, Field};
use bartizan_core::image::rows::{NONE, decoder_flag, offset};
use bartizan_core::rules::first_time::part;

/// A decoder as its file gives it, and what has been decided of its place.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    pub(super) name: Vec<u8>,
    /// The name that is shown.
    pub(super) shown: Vec<u8>,
    pub(super) parent: Option<Vec<u8>>,
    pub(super) id: u16,
    pub(super) category: u8,
    pub(super) flags: u8,
    pub(super) program: u16,
    pub(super) prematch: u16,
    pub(super) regex: u16,
    pub(super) prematch_from: u8,
    pub(super) regex_from: u8,
    pub(super) plugin: u8,
    pub(super) plugin_from: u8,
    pub(super) fts: u16,
    pub(super) order: Vec<OrderItem>,
    pub(super) children: Vec<usize>,
    use_own_name: bool,
    regex_language: Language,
}

/// One item of an order.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderItem {
    /// Number of a field, 255 for a dynamic one.
    pub(super) field: u8,
    /// Name of a dynamic field.
    pub(super) name: Vec<u8>,
    /// Whether it is a part of the first-time key.
    pub(super) in_key: bool,
}

/// All decoders: [`Decoder::children`] and the roots are indices of `all`.
#[derive(Debug, Default)]
pub(super) struct Decoders {
    pub(super) all: Vec<Decoder>,
    pub(super) program_roots: Vec<usize>,
    pub(super) plain_roots: Vec<usize>,
    pub(super) ids: Vec<Vec<u8>>,
}

/// Decoders that stand for the stages of file integrity and the like, with
/// the name that is shown for each.
const STAGES: [(&str, &str); 8] = [
    ("rootcheck", "rootcheck"),
    ("syscheck_integrity_changed", "syscheck_integrity_changed"),
    ("syscheck_integrity_changed_2nd", "syscheck_integrity_changed"),
    ("syscheck_integrity_changed_3rd", "syscheck_integrity_changed"),
    ("syscheck_new_entry", "syscheck_integrity_changed"),
    ("syscheck_deleted", "syscheck_integrity_changed"),
    ("hostinfo_new", "hostinfo_modified"),
    ("hostinfo_modified", "hostinfo_modified"),
];

const DECODERS_MAX: usize = 20_000;

impl Decoders {
    /// No decoders but those of the stages.
    pub(super) fn new() -> Self {
        let mut decoders = Self::default();
        for (name, shown) in STAGES {
            let id = decoders.id(name.as_bytes());
            decoders.all.push(Decoder::stage(name, shown, id));
        }
        decoders
    }

    /// The id of a name, made known if it is new. Ids start at 1.
    fn id(&mut self, name: &[u8]) -> u16 {
        let known = self.ids.iter().position(|n| n == name);
        let place = known.unwrap_or_else(|| {
            self.ids.push(name.to_vec());
            self.ids.len() - 1
        });
        place as u16 + 1
    }

    /// Reads one element and puts the decoder in its place.
    pub(super) fn add(&mut self, cx: &mut Context<'_>, element: &Element) {
        let Some(decoder) = Decoder::read(cx, element) else { return };
        if self.all.len() >= DECODERS_MAX {
            return cx.error(element, "there are too many decoders", "20,000 is the limit");
        }
        match decoder.parent.clone() {
            None => self.add_root(decoder),
            Some(parent) => self.add_child(cx, element, decoder, &parent),
        }
    }

    fn add_root(&mut self, mut decoder: Decoder) {
        decoder.id = self.id(&decoder.name.clone());
        let roots = if decoder.program == NONE { &mut self.plain_roots } else { &mut self.program_roots };
        roots.push(self.all.len());
        self.all.push(decoder);
    }

    /// Hangs a child under every root of the parent's name: one decoder for
    /// each, because chains and names belong to the family.
    fn add_child(&mut self, cx: &mut Context<'_>, element: &Element, decoder: Decoder, parent: &[u8]) {
        self.id(&decoder.name);
        let named = |root: &&usize| self.all[**root].name == parent;
        let roots: Vec<_> =
            self.program_roots.iter().chain(&self.plain_roots).filter(named).copied().collect();
        if roots.is_empty() {
            return self.explain_parent(cx, element, parent);
        }
        for root in roots {
            let mut child = decoder.clone();
            if !self.join_chain(cx, element, &child, root) {
                return;
            }
            if child.use_own_name {
                child.id = self.id(&child.name);
            } else {
                child.id = self.all[root].id;
                child.shown = self.all[root].shown.clone();
            }
            let number = self.all.len();
            self.all[root].children.push(number);
            self.all.push(child);
        }
    }

    fn explain_parent(&self, cx: &mut Context<'_>, element: &Element, parent: &[u8]) {
        let shown = String::from_utf8_lossy(parent);
        let is_child = self.all.iter().any(|d| d.name == parent);
        let help = match is_child {
            true => format!("`{shown}` is itself a child; a child cannot have children"),
            false => cx.did_you_mean(&shown, self.ids.iter().map(Vec::as_slice).filter(|id| *id != parent)),
        };
        cx.error(element, &format!("there is no root decoder `{shown}` before this one"), &help);
    }

    /// Marks earlier siblings of the same name, so that matching goes on from
    /// them to this one. False if the chain cannot be.
    fn join_chain(&mut self, cx: &mut Context<'_>, element: &Element, child: &Decoder, root: usize) -> bool {
        let siblings = self.all[root].children.clone();
        let same: Vec<_> = siblings.into_iter().filter(|s| self.all[*s].name == child.name).collect();
        if same.is_empty() {
            if child.regex_from == offset::REGEX {
                cx.error(element, "after_regex needs an earlier sibling of the same name", "");
                return false;
            }
            return true;
        }
        let kinds_differ = same.iter().any(|s| self.all[*s].regex_language != child.regex_language);
        if child.prematch != NONE || child.fts != 0 || kinds_differ {
            cx.error(
                element,
                "a decoder that continues an earlier one of its name takes no prematch and no fts, and the same kind of pattern",
                "give it another name, or leave these out",
            );
            return false;
        }
        for sibling in same {
            self.all[sibling].flags |= decoder_flag::NEXT;
        }
        true
    }
}

/// Texts of an element that may be repeated, with the offset of the first.
#[derive(Default)]
struct Joined<'e> {
    first: Option<&'e Element>,
    text: Vec<u8>,
    from: u8,
}

impl<'e> Joined<'e> {
    fn add(&mut self, cx: &mut Context<'_>, element: &'e Element) {
        for attribute in &element.attributes {
            if attribute.name != "offset" {
                cx.unknown_attribute(attribute, &["offset"]);
            } else if self.first.is_some() {
                cx.error(
                    element,
                    "only the first of several may have an offset",
                    "move the offset to the first one",
                );
            } else {
                let value = String::from_utf8_lossy(&attribute.value);
                self.from = cx.word_of(attribute, &value, &OFFSETS).unwrap_or(offset::START);
            }
        }
        self.first.get_or_insert(element);
        self.text.extend_from_slice(&element.text);
    }
}

const OFFSETS: [(&str, u8); 3] =
    [("after_parent", offset::PARENT), ("after_prematch", offset::PREMATCH), ("after_regex", offset::REGEX)];

#[derive(Default)]
struct Parts<'e> {
    parent: Option<Vec<u8>>,
    program: Joined<'e>,
    program_pcre2: Joined<'e>,
    prematch: Joined<'e>,
    prematch_pcre2: Joined<'e>,
    regex: Joined<'e>,
    pcre2: Joined<'e>,
    order: Option<&'e Element>,
    fts: Option<&'e Element>,
    plugin: Option<&'e Element>,
    category: Option<u8>,
    own_name: bool,
    accumulate: bool,
}

impl Decoder {
    fn stage(name: &str, shown: &str, id: u16) -> Self {
        Self {
            name: name.into(),
            shown: shown.into(),
            parent: None,
            id,
            category: Category::Ossec as u8,
            flags: decoder_flag::STAGE,
            program: NONE,
            prematch: NONE,
            regex: NONE,
            prematch_from: offset::START,
            regex_from: offset::START,
            plugin: 0,
            plugin_from: offset::START,
            fts: 0,
            order: Vec::new(),
            children: Vec::new(),
            use_own_name: true,
            regex_language: Language::Regex,
        }
    }

    fn read(cx: &mut Context<'_>, element: &Element) -> Option<Self> {
        let name = match element.attributes.as_slice() {
            [one] if one.name == "name" => one.value.clone(),
            _ => {
                cx.error(
                    element,
                    "a decoder has exactly one attribute, its name",
                    "write <decoder name=\"NAME\">",
                );
                return None;
            }
        };
        let mut parts = Parts::default();
        for child in &element.children {
            parts.child(cx, child);
        }
        // Both look for problems, whatever the other finds.
        let sound = parts.check(cx, element);
        let decoder = parts.build(cx, element, name);
        sound.and(decoder)
    }
}

impl<'e> Parts<'e> {
    fn child(&mut self, cx: &mut Context<'_>, child: &'e Element) {
        match child.name.to_ascii_lowercase().as_str() {
            "parent" => self.parent.get_or_insert_default().extend_from_slice(&child.text),
            "program_name" => self.program.add(cx, child),
            "program_name_pcre2" => self.program_pcre2.add(cx, child),
            "prematch" => self.prematch.add(cx, child),
            "prematch_pcre2" => self.prematch_pcre2.add(cx, child),
            "regex" => self.regex.add(cx, child),
            "pcre2" => self.pcre2.add(cx, child),
            "order" => self.order = Some(child),
            "fts" => self.fts = Some(child),
            "ftscomment" => {}
            "use_own_name" => self.own_name = child.text == b"true",
            "plugin_decoder" => self.plugin = Some(child),
            "accumulate" => self.accumulate = true,
            _ if child.name == "type" => self.category = cx.category(child),
            _ => cx.unknown_element(child, &ELEMENTS),
        }
    }

    /// What makes a decoder impossible (OSSEC 4.3 stops at each of these).
    fn check(&self, cx: &mut Context<'_>, element: &Element) -> Option<()> {
        let child = self.parent.is_some();
        let prematch = self.prematch().first.is_some();
        let program = self.program().first.is_some();
        let regex = self.regex().first.is_some();
        let from = (self.prematch().from, self.regex().from);
        let problems = [
            (!child && !prematch && !program, "a root decoder needs a prematch or a program_name"),
            (regex && self.order.is_none(), "a decoder with a regex needs an order"),
            (!regex && (self.order.is_some() || self.fts.is_some()), "order and fts need a regex"),
            (
                self.plugin.is_some() && (regex || self.order.is_some()),
                "a plugin_decoder takes no regex and no order",
            ),
            (!child && (from.0 == offset::PARENT || from.1 == offset::PARENT), "after_parent needs a parent"),
            (child && !prematch && from.1 == offset::PREMATCH, "after_prematch needs a prematch of its own"),
            (!child && from.1 == offset::REGEX, "after_regex needs a parent"),
            (matches!(from.0, offset::PREMATCH | offset::REGEX), "a prematch can only be after_parent"),
        ];
        let mut good = Some(());
        for (_, message) in problems.iter().filter(|(wrong, _)| *wrong) {
            cx.error(element, message, "");
            good = None;
        }
        good
    }

    fn build(&self, cx: &mut Context<'_>, element: &Element, name: Vec<u8>) -> Option<Decoder> {
        let program = pattern(cx, self.program(), self.program.first.is_some(), Language::Match)?;
        let prematch = pattern(cx, self.prematch(), self.prematch.first.is_some(), Language::Regex)?;
        let regex_language = if self.regex.first.is_some() { Language::Regex } else { Language::Pcre2 };
        let regex = pattern(cx, self.regex(), regex_language == Language::Regex, Language::Regex)?;
        if regex != NONE && regex_language == Language::Regex && cx.is_literal(regex) {
            cx.error(element, "this regex captures nothing", "put what the order names into ( )");
            return None;
        }
        let child = self.parent.is_some();
        // QUIRK: a root's after_prematch is after its own match, which is
        // where its children know the parent to end.
        let regex_from = match self.regex().from {
            offset::PREMATCH if !child => offset::PARENT,
            from => from,
        };
        let accumulate = if self.accumulate { decoder_flag::ACCUMULATE } else { 0 };
        Some(Decoder {
            shown: name.clone(),
            name,
            parent: self.parent.clone(),
            id: 0,
            category: self.category.unwrap_or(Category::Syslog as u8),
            flags: accumulate,
            program,
            prematch,
            regex,
            prematch_from: self.prematch().from,
            regex_from,
            plugin: self.plugin.map_or(Some(0), |p| plugin(cx, p))?,
            plugin_from: offset::START,
            fts: self.fts.map_or(0, |fts| fts_parts(cx, fts)),
            order: self.order.map_or(Some(Vec::new()), |order| read_order(cx, order))?,
            children: Vec::new(),
            use_own_name: self.own_name,
            regex_language,
        })
    }

    fn program(&self) -> &Joined<'e> {
        if self.program.first.is_some() { &self.program } else { &self.program_pcre2 }
    }

    fn prematch(&self) -> &Joined<'e> {
        if self.prematch.first.is_some() { &self.prematch } else { &self.prematch_pcre2 }
    }

    fn regex(&self) -> &Joined<'e> {
        if self.regex.first.is_some() { &self.regex } else { &self.pcre2 }
    }
}

/// The pattern of an element that may be missing; `None` after a problem.
fn pattern(cx: &mut Context<'_>, joined: &Joined<'_>, plain: bool, language: Language) -> Option<u16> {
    let Some(element) = joined.first else { return Some(NONE) };
    cx.pattern(element, if plain { language } else { Language::Pcre2 }, &joined.text)
}

fn plugin(cx: &mut Context<'_>, element: &Element) -> Option<u8> {
    let found = core::str::from_utf8(&element.text).ok().and_then(Plugin::from_name);
    if found.is_none() {
        cx.unknown_word(element, "plugin decoder", &Plugin::NAMES);
    }
    found.map(|plugin| plugin as u8 + 1)
}

/// Parts of the first-time key. QUIRK: `srcuser` is taken for `user`.
fn fts_parts(cx: &mut Context<'_>, element: &Element) -> u16 {
    let mut parts = 0;
    for item in element.text.split(|b| *b == b',') {
        let has = |word: &&(&str, u16)| item.windows(word.0.len()).any(|w| w == word.0.as_bytes());
        match FTS.iter().find(has) {
            Some((_, part)) => parts |= part,
            None => cx.unknown_word(element, "part of a first-time key", &FTS.map(|(word, _)| word)),
        }
    }
    parts
}

const FTS: [(&str, u16); 8] = [
    ("user", part::DST_USER),
    ("srcip", part::SRC_IP),
    ("dstip", part::DST_IP),
    ("id", part::ID),
    ("location", part::LOCATION),
    ("data", part::DATA),
    ("system_name", part::SYSTEM_NAME),
    ("name", part::NAME),
];

/// The items of an order.
fn read_order(cx: &mut Context<'_>, element: &Element) -> Option<Vec<OrderItem>> {
    let items: Vec<_> = element.text.split(|b| *b == b',').collect();
    if items.len() > cx.settings.decoder_order_size as usize {
        cx.error(
            element,
            "too many fields in one order",
            "analysisd.decoder_order_size in internal_options.conf sets the limit",
        );
        return None;
    }
    let mut order = Vec::new();
    for item in items {
        if item.is_empty() {
            cx.error(element, "an empty item in the order", "remove the extra comma");
            return None;
        }
        let word = item.trim_ascii_start().split(|b| *b == b' ').next().unwrap_or(b"");
        order.push(match field(word) {
            Some(field) => OrderItem { field: field as u8, ..OrderItem::default() },
            None => {
                let name = item.strip_prefix(b" ").unwrap_or(item).split(|b| *b == b' ').next();
                OrderItem { field: u8::MAX, name: name.unwrap_or(b"").to_vec(), in_key: false }
            }
        });
    }
    Some(order)
}

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
        b"data" | b"extra_data" => Field::Data,
        b"system_name" => Field::SystemName,
        word if word.windows(8).any(|w| w == b"filename") => Field::Filename,
        _ => return None,
    })
}

const ELEMENTS: [&str; 14] = [
    "parent",
    "program_name",
    "program_name_pcre2",
    "prematch",
    "prematch_pcre2",
    "regex",
    "pcre2",
    "order",
    "fts",
    "ftscomment",
    "use_own_name",
    "plugin_decoder",
    "type",
    "accumulate",
];
