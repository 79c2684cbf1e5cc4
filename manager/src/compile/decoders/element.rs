//! What stands in one `<decoder>` element.
//!
//! OSSEC 4.3 names the language of a pattern by the element's name
//! (`prematch_pcre2`), Wazuh 4.14 by an attribute (`type="pcre2"`); beyond
//! that the elements are the same, and Wazuh has two more for JSON.

use super::{Decoder, order};
use crate::compile::elements::Context;
use crate::pattern::Language;
use crate::xml::{Attribute, Element};
use bartizan_core::decode::plugins::Plugin;
use bartizan_core::event::Category;
use bartizan_core::image::Dialect;
use bartizan_core::image::rows::{NONE, decoder_flag, offset};

/// Bytes of a text of a decoder that Wazuh 4.14 does not take.
const WAZUH_TEXT: usize = 1024;

/// Texts of an element that may be repeated: one pattern.
struct Joined<'e> {
    /// The language if nothing is said of it.
    standard: Language,
    /// The language that the last of them asks for.
    language: Language,
    first: Option<&'e Element>,
    text: Vec<u8>,
    /// Where the pattern starts, as the first of them says.
    from: u8,
}

impl<'e> Joined<'e> {
    fn new(standard: Language) -> Self {
        Self { standard, language: standard, first: None, text: Vec::new(), from: offset::START }
    }

    fn is_there(&self) -> bool {
        self.first.is_some()
    }

    fn add(&mut self, cx: &mut Context<'_>, element: &'e Element) {
        let is_wazuh = cx.settings.dialect == Dialect::Wazuh;
        self.language = self.standard;
        for attribute in &element.attributes {
            match attribute.name.as_str() {
                "type" if is_wazuh => self.language = self.language_of(cx, attribute),
                "offset" if self.is_there() => cx.error(
                    element,
                    "only the first of several may have an offset",
                    "move the offset to the first one",
                ),
                "offset" => self.from = start(cx, attribute),
                _ if is_wazuh => cx.unknown_attribute(attribute, &["offset", "type"]),
                _ => cx.unknown_attribute(attribute, &["offset"]),
            }
        }
        self.first.get_or_insert(element);
        self.text.extend_from_slice(&element.text);
        if is_wazuh && self.text.len() >= WAZUH_TEXT {
            cx.warning(element, "a text of 1,024 bytes or more is left out", "shorten it");
            (self.first, self.text) = (None, Vec::new());
        }
    }

    /// The language that `type` names. Only program names can be compared as
    /// `osmatch` does.
    fn language_of(&self, cx: &mut Context<'_>, attribute: &Attribute) -> Language {
        match attribute.value.to_ascii_lowercase().as_slice() {
            b"pcre2" => Language::Pcre2,
            b"osregex" => Language::OsRegex,
            b"osmatch" if self.standard == Language::OsMatch => Language::OsMatch,
            b"osmatch" => {
                cx.odd_value(attribute, "this element is never an osmatch; it counts as osregex");
                self.standard
            }
            _ => {
                cx.odd_value(attribute, "`type` is osmatch, osregex or pcre2; this one is not used");
                self.standard
            }
        }
    }

    /// The compiled pattern, if the element is there; `None` after a problem.
    fn pattern(&self, cx: &mut Context<'_>) -> Option<u16> {
        let Some(element) = self.first else { return Some(NONE) };
        cx.pattern(element, self.language, &self.text)
    }
}

/// Where a pattern starts. Wazuh 4.14 goes on without an offset if it does not
/// know the word.
fn start(cx: &mut Context<'_>, attribute: &Attribute) -> u8 {
    let value = String::from_utf8_lossy(&attribute.value);
    let is_known = OFFSETS.iter().any(|(word, _)| *word == value);
    if cx.settings.dialect == Dialect::Wazuh && !is_known {
        cx.odd_value(attribute, "this offset is not known; the pattern starts at the beginning");
        return offset::START;
    }
    cx.word_of(attribute, &value, &OFFSETS).unwrap_or(offset::START)
}

const OFFSETS: [(&str, u8); 3] =
    [("after_parent", offset::PARENT), ("after_prematch", offset::PREMATCH), ("after_regex", offset::REGEX)];

/// The elements in a decoder.
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
    flags: u8,
}

impl Decoder {
    /// Reads one element; its place is still open.
    pub(super) fn read(cx: &mut Context<'_>, element: &Element) -> Option<Self> {
        let name = name(cx, element)?;
        let mut parts = Parts::new(cx.settings.dialect);
        for child in &element.children {
            parts.child(cx, child);
        }
        // Both look for problems, whatever the other finds.
        let sound = parts.check(cx, element);
        let decoder = parts.build(cx, element, name);
        sound.and(decoder)
    }
}

/// The name, which stands first. Wazuh 4.14 lets a `status` follow, which says
/// nothing.
fn name(cx: &mut Context<'_>, element: &Element) -> Option<Vec<u8>> {
    let is_wazuh = cx.settings.dialect == Dialect::Wazuh;
    match element.attributes.as_slice() {
        [name] if name.name == "name" => Some(name.value.clone()),
        [name, status] if is_wazuh && name.name == "name" && status.name == "status" => {
            Some(name.value.clone())
        }
        _ => {
            let message = "a decoder has exactly one attribute, its name";
            cx.error(element, message, "write <decoder name=\"NAME\">");
            None
        }
    }
}

impl<'e> Parts<'e> {
    fn new(dialect: Dialect) -> Self {
        let (short, long) = match dialect {
            Dialect::Ossec => (Language::Match, Language::Regex),
            Dialect::Wazuh => (Language::OsMatch, Language::OsRegex),
        };
        Self {
            parent: None,
            program: Joined::new(short),
            program_pcre2: Joined::new(Language::Pcre2),
            prematch: Joined::new(long),
            prematch_pcre2: Joined::new(Language::Pcre2),
            regex: Joined::new(long),
            pcre2: Joined::new(Language::Pcre2),
            order: None,
            fts: None,
            plugin: None,
            category: None,
            own_name: false,
            flags: 0,
        }
    }

    fn child(&mut self, cx: &mut Context<'_>, child: &'e Element) {
        let is_wazuh = cx.settings.dialect == Dialect::Wazuh;
        match child.name.to_ascii_lowercase().as_str() {
            "parent" => self.parent.get_or_insert_default().extend_from_slice(&child.text),
            "program_name" => self.program.add(cx, child),
            "program_name_pcre2" if !is_wazuh => self.program_pcre2.add(cx, child),
            "prematch" => self.prematch.add(cx, child),
            "prematch_pcre2" if !is_wazuh => self.prematch_pcre2.add(cx, child),
            "regex" => self.regex.add(cx, child),
            "pcre2" if !is_wazuh => self.pcre2.add(cx, child),
            "order" => self.order = Some(child),
            "fts" => self.fts = Some(child),
            "ftscomment" => {}
            "use_own_name" => self.own_name = child.text == b"true",
            "plugin_decoder" => self.plugin = Some(child),
            "accumulate" => self.flags |= decoder_flag::ACCUMULATE,
            "json_null_field" if is_wazuh => self.null_field(cx, child),
            "json_array_structure" if is_wazuh => self.array_structure(cx, child),
            _ if child.name == "type" => self.category = cx.category(child),
            _ if is_wazuh => cx.unknown_element(child, &WAZUH_ELEMENTS),
            _ => cx.unknown_element(child, &OSSEC_ELEMENTS),
        }
    }

    fn null_field(&mut self, cx: &mut Context<'_>, child: &Element) {
        match child.text.as_slice() {
            b"string" => self.flags &= !decoder_flag::NO_NULL,
            b"discard" => self.flags |= decoder_flag::NO_NULL,
            b"empty" => {
                self.flags &= !decoder_flag::NO_NULL;
                cx.warning(child, "`empty` is not there any more; it counts as `string`", "write string");
            }
            _ => cx.unknown_word(child, "way to read null", &["string", "discard"]),
        }
    }

    fn array_structure(&mut self, cx: &mut Context<'_>, child: &Element) {
        match child.text.as_slice() {
            b"array" => self.flags &= !decoder_flag::ARRAY_AS_CSV,
            b"csv" => self.flags |= decoder_flag::ARRAY_AS_CSV,
            _ => cx.unknown_word(child, "way to read arrays", &["array", "csv"]),
        }
    }

    /// What makes a decoder impossible (OSSEC 4.3 and Wazuh 4.14 stop at each
    /// of these).
    fn check(&self, cx: &mut Context<'_>, element: &Element) -> Option<()> {
        let child = self.parent.is_some();
        let prematch = self.prematch().is_there();
        let program = self.program().is_there();
        let regex = self.regex().is_there();
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
        let program = self.program().pattern(cx)?;
        let prematch = self.prematch().pattern(cx)?;
        let regex_language = self.regex().language;
        let regex = self.regex().pattern(cx)?;
        if regex != NONE && regex_language == Language::Regex && cx.is_literal(regex) {
            cx.error(element, "this regex captures nothing", "put what the order names into ( )");
            return None;
        }
        let (plugin, plugin_from) = self.plugin.map_or(Some((0, offset::START)), |p| plugin(cx, p))?;
        let mut order = self.order.map_or(Some(Vec::new()), |order| order::read(cx, order))?;
        Some(Decoder {
            shown: name.clone(),
            name,
            parent: self.parent.clone(),
            id: 0,
            category: self.category.unwrap_or(Category::Syslog as u8),
            flags: self.flags,
            program,
            prematch,
            regex,
            prematch_from: self.prematch().from,
            regex_from: self.behind_root(self.regex().from),
            plugin,
            plugin_from: self.behind_root(plugin_from),
            fts: self.fts.map_or(0, |fts| order::key_parts(cx, fts, &mut order)),
            order,
            children: Vec::new(),
            use_own_name: self.own_name,
            regex_language,
        })
    }

    /// QUIRK: a root's after_prematch is after its own match, which is where
    /// its children know the parent to end.
    fn behind_root(&self, from: u8) -> u8 {
        match from {
            offset::PREMATCH if self.parent.is_none() => offset::PARENT,
            // Only a plug-in of Wazuh's, which then reads all of the log.
            offset::PARENT if self.parent.is_none() => offset::START,
            from => from,
        }
    }

    fn program(&self) -> &Joined<'e> {
        if self.program.is_there() { &self.program } else { &self.program_pcre2 }
    }

    fn prematch(&self) -> &Joined<'e> {
        if self.prematch.is_there() { &self.prematch } else { &self.prematch_pcre2 }
    }

    fn regex(&self) -> &Joined<'e> {
        if self.regex.is_there() { &self.regex } else { &self.pcre2 }
    }
}

/// The number of a plug-in plus one, and where it starts.
fn plugin(cx: &mut Context<'_>, element: &Element) -> Option<(u8, u8)> {
    let names = match cx.settings.dialect {
        Dialect::Ossec => &Plugin::NAMES[..Plugin::Json as usize],
        Dialect::Wazuh => &Plugin::NAMES,
    };
    let mut from = offset::START;
    for attribute in element.attributes.iter().filter(|_| cx.settings.dialect == Dialect::Wazuh) {
        if attribute.name == "offset" {
            let value = String::from_utf8_lossy(&attribute.value);
            from = cx.word_of(attribute, &value, &OFFSETS[..2])?;
        } else {
            cx.unknown_attribute(attribute, &["offset"]);
        }
    }
    let found = names.iter().position(|name| name.as_bytes() == element.text);
    if found.is_none() {
        cx.unknown_word(element, "plugin decoder", names);
    }
    found.map(|plugin| (plugin as u8 + 1, from))
}

const OSSEC_ELEMENTS: [&str; 14] = [
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

const WAZUH_ELEMENTS: [&str; 13] = [
    "parent",
    "program_name",
    "prematch",
    "regex",
    "order",
    "fts",
    "ftscomment",
    "use_own_name",
    "plugin_decoder",
    "type",
    "accumulate",
    "json_null_field",
    "json_array_structure",
];
