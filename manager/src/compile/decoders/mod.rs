//! `<decoder>` elements to decoders: roots, children and chains.
//!
//! | room | what happens there |
//! |---|---|
//! | `element` | what stands in one element |
//! | `order` | the words of `<order>` and `<fts>` |

mod element;
mod order;
#[cfg(test)]
mod tests;

use super::elements::Context;
use crate::pattern::Language;
use crate::xml::Element;
use bartizan_core::decode::plugins::packet;
use bartizan_core::event::Category;
use bartizan_core::image::Dialect;
use bartizan_core::image::rows::{NONE, decoder_flag, offset};
pub(super) use order::OrderItem;

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

/// All decoders: [`Decoder::children`] and the roots are indices of `all`.
#[derive(Debug, Default)]
pub(super) struct Decoders {
    pub(super) all: Vec<Decoder>,
    pub(super) program_roots: Vec<usize>,
    pub(super) plain_roots: Vec<usize>,
    pub(super) ids: Vec<Vec<u8>>,
}

/// Decoders that stand for the stages of file integrity and the like, with
/// the name that is shown for each (OSSEC 4.3).
const STAGES: [(&str, &str); 9] = [
    ("rootcheck", "rootcheck"),
    ("syscheck_integrity_changed", "syscheck_integrity_changed"),
    ("syscheck_integrity_changed_2nd", "syscheck_integrity_changed"),
    ("syscheck_integrity_changed_3rd", "syscheck_integrity_changed"),
    ("syscheck_new_entry", "syscheck_integrity_changed"),
    ("syscheck_deleted", "syscheck_integrity_changed"),
    ("hostinfo_new", "hostinfo_modified"),
    ("hostinfo_modified", "hostinfo_modified"),
    (packet::STAGE, packet::STAGE),
];

/// Those of Wazuh 4.14, each shown by its own name.
const WAZUH_STAGES: [&str; 16] = [
    "rootcheck",
    "syscheck_integrity_changed",
    "syscheck_new_entry",
    "syscheck_deleted",
    "syscheck_registry_key_modified",
    "syscheck_registry_key_added",
    "syscheck_registry_key_deleted",
    "syscheck_registry_value_modified",
    "syscheck_registry_value_added",
    "syscheck_registry_value_deleted",
    "hostinfo_new",
    "hostinfo_modified",
    "syscollector",
    "ciscat",
    "windows_eventchannel",
    "sca",
];

const DECODERS_MAX: usize = 20_000;

impl Decoders {
    /// No decoders but those of the stages.
    pub(super) fn new(dialect: Dialect) -> Self {
        let mut decoders = Self::default();
        match dialect {
            Dialect::Ossec => STAGES.iter().for_each(|(name, shown)| decoders.add_stage(name, shown)),
            Dialect::Wazuh => {
                let names = WAZUH_STAGES.iter().chain([&packet::STAGE]);
                names.for_each(|name| decoders.add_stage(name, name));
            }
        }
        decoders
    }

    fn add_stage(&mut self, name: &str, shown: &str) {
        let id = self.id(name.as_bytes());
        self.all.push(Decoder::stage(name, shown, id));
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
        let goes_on = |before: &usize| match cx.settings.dialect {
            Dialect::Ossec => self.all[*before].regex_language == child.regex_language,
            Dialect::Wazuh => self.all[*before].captures() && child.captures(),
        };
        if child.prematch != NONE || child.fts != 0 || !same.iter().all(goes_on) {
            let message = match cx.settings.dialect {
                Dialect::Ossec => {
                    "a decoder that continues an earlier one of its name takes no prematch and no fts, and the same kind of pattern"
                }
                Dialect::Wazuh => {
                    "a decoder that continues an earlier one of its name takes no prematch and no fts, and both need a regex or a plug-in"
                }
            };
            cx.error(element, message, "give it another name, or leave these out");
            return false;
        }
        for sibling in same {
            self.all[sibling].flags |= decoder_flag::NEXT;
        }
        true
    }
}

impl Decoder {
    /// Whether it can take part in a chain of Wazuh's.
    fn captures(&self) -> bool {
        self.regex != NONE || self.plugin != 0
    }

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
}
