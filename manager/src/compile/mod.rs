//! From rule and decoder files to an image.
//!
//! All files are read and all problems reported, each with its place; only
//! then is an image written, if there were no errors. The order of files is
//! the order of loading, which matters: parents stand before children.
//!
//! | room | what happens there |
//! |---|---|
//! | `elements` | what reading rules and decoders shares |
//! | `decoders` | `<decoder>` elements, their families and chains |
//! | `definition` | whether a rule of one set is that of another |
//! | `rules` | `<rule>` elements |
//! | `tree` | where rules hang |
//! | [`lists`] | key-value lists |
//! | `write` | tables to bytes |

mod assemble;
mod decoders;
mod definition;
mod elements;
pub mod lists;
mod openings;
mod rules;
mod tree;
mod write;

use crate::diagnose::{Diagnostics, SourceId};
use crate::pattern::{Expressions, Language, Options, PatternSet, cases};
use crate::xml::{Document, Element};
use bartizan_core::image::Dialect;
use bartizan_core::image::rows::{NONE, search};
use bartizan_core::limits::REMEMBERED_NAMES_MAX;
use bartizan_core::pattern::Matcher;
use decoders::Decoders;
pub use definition::Definition;
use elements::Context;
use rules::{Loaded, Rule, explain};
use tree::{AttachError, Tree};

/// Numbers from the configuration that decide how rules are compiled.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How decoders and rules are read.
    pub dialect: Dialect,
    /// Level from which an alert is written (`log_alert_level`).
    pub log_alert_level: u16,
    /// Level from which an alert is mailed (`email_alert_level`).
    pub email_alert_level: u16,
    /// Level of the alert about too many events (`stats`).
    pub stats_level: u16,
    /// Seconds that correlation looks back by default.
    pub default_timeframe: u32,
    /// Fields of one decoder.
    pub decoder_order_size: u32,
    /// Events kept for each rule that others search by its id.
    pub sid_prev_matched_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dialect: Dialect::Ossec,
            log_alert_level: 1,
            email_alert_level: 7,
            stats_level: 4,
            default_timeframe: 360,
            decoder_order_size: 256,
            sid_prev_matched_max: 128,
        }
    }
}

/// Everything that makes a ruleset, read and parsed.
#[derive(Debug, Default)]
pub struct Files {
    /// Decoder files in the order of loading.
    pub decoders: Vec<Document>,
    /// Rule files in the order of loading.
    pub rules: Vec<Document>,
    /// Names of configured lists, as rules must write them.
    pub lists: Vec<Vec<u8>>,
}

/// A rule and where it stands, for listings and messages.
#[derive(Clone, Debug)]
pub struct RuleSource {
    /// The rule's id.
    pub id: u32,
    /// Its file.
    pub source: SourceId,
    /// Offset of the rule in the file, in bytes.
    pub offset: usize,
    /// What it is.
    pub definition: Definition,
}

/// What compiling gives.
#[derive(Debug)]
pub struct Compiled {
    /// The image.
    pub image: Vec<u8>,
    /// Names of the lists that rules ask, by their number in the image.
    pub lists: Vec<Vec<u8>>,
    /// Where rules stand, in the order of loading, which is that of their rows.
    pub sources: Vec<RuleSource>,
    /// Number of decoders, children counted once for each parent.
    pub decoders: usize,
}

/// Compiles all files. `None` if there were errors; they are in the report.
pub fn compile(files: &Files, settings: &Settings, report: &mut Diagnostics) -> Option<Compiled> {
    let errors_before = report.errors();
    let mut patterns = PatternSet::new(cases);
    let mut decoders = Decoders::new(settings.dialect);
    for document in &files.decoders {
        let mut cx =
            Context { settings, report, patterns: &mut patterns, document, decoder_names: &[], lists: &[] };
        for element in &document.roots {
            match element.name.to_ascii_lowercase().as_str() {
                "decoder" => decoders.add(&mut cx, element),
                _ => cx.unknown_element(element, &["decoder", "var"]),
            }
        }
    }
    let mut loading = Loading::default();
    for document in &files.rules {
        let names = &decoders.ids;
        let mut cx = Context {
            settings,
            report,
            patterns: &mut patterns,
            document,
            decoder_names: names,
            lists: &files.lists,
        };
        loading.file(&mut cx);
        if loading.tree.find(rules::STATISTICS).is_none() {
            loading.know(Rule::of_statistics(&cx), document.file, 0, Definition::default());
        }
    }
    (report.errors() == errors_before).then(|| assemble::image(patterns, &decoders, loading, files, settings))
}

/// Rules while they are loaded, one after the other.
#[derive(Default)]
struct Loading {
    tree: Tree,
    rules: Vec<Loaded>,
    sources: Vec<RuleSource>,
    /// Lists that rules search by another's id; lists of groups are numbered
    /// behind them once all are known.
    id_lists: u16,
    group_lists: u16,
    /// Entries of rules in lists of groups.
    feeds: usize,
    /// The tree is too large, which has been said: no more rules are hung up.
    over: bool,
    /// Names of dynamic fields that rules compare with earlier events.
    names: Vec<Vec<u8>>,
}

/// Rules of one ruleset; an image names them by 16 bits.
const RULES_MAX: usize = 60_000;

/// Entries of rules in lists of groups, for all rules together.
const FEEDS_MAX: usize = 2_000_000;

impl Loading {
    fn file(&mut self, cx: &mut Context<'_>) {
        for root in &cx.document.roots {
            if !root.name.eq_ignore_ascii_case("group") {
                cx.unknown_element(root, &["group", "var"]);
                continue;
            }
            let [name] = root.attributes.as_slice() else {
                cx.error(
                    root,
                    "a group has exactly one attribute, its name",
                    "write <group name=\"local,\">",
                );
                continue;
            };
            for element in &root.children {
                if !element.name.eq_ignore_ascii_case("rule") {
                    cx.unknown_element(element, &["rule"]);
                } else if let Some(rule) = Rule::read(cx, element, &name.value) {
                    let definition = Definition::of(element, &name.value, cx.settings.dialect);
                    self.rule(cx, element, rule, definition);
                }
            }
        }
    }

    fn rule(&mut self, cx: &mut Context<'_>, element: &Element, rule: Rule, definition: Definition) {
        let wazuh = cx.settings.dialect == Dialect::Wazuh;
        let known = self.tree.find(rule.id);
        self.remember_names(cx, element, &rule);
        if let Some(place) = known.filter(|_| rule.overwrite) {
            self.sources[place].definition.overwrite(definition);
        }
        match (known, rule.overwrite) {
            (Some(place), true) if wazuh => self.replace(cx, element, place, rule),
            (Some(place), true) => self.overwrite(place, rule),
            (None, true) if !wazuh => {
                cx.error(element, "there is no rule of this id to overwrite", "load its file before this one")
            }
            (Some(_), false) => self.known_already(cx, element),
            (None, _) if self.rules.len() >= RULES_MAX => {
                cx.error(element, "there are too many rules", "60,000 is the limit");
            }
            (None, overwrite) => {
                if overwrite {
                    let help = "it is loaded as a rule of its own; load this file behind the other";
                    cx.warning(element, "there is no rule of this id to overwrite", help);
                }
                self.add(cx, element, rule, definition);
            }
        }
    }

    /// OSSEC 4.3 refuses a second rule of an id, Wazuh leaves it out.
    fn known_already(&self, cx: &mut Context<'_>, element: &Element) {
        let help = "write overwrite=\"yes\" to replace it";
        match cx.settings.dialect {
            Dialect::Ossec => cx.error(element, "a rule of this id is loaded already", help),
            Dialect::Wazuh => {
                cx.warning(element, "a rule of this id is loaded already: this one is left out", help);
            }
        }
    }

    fn remember_names(&mut self, cx: &mut Context<'_>, element: &Element, rule: &Rule) {
        for name in rule.same_fields.iter().chain(&rule.different_fields) {
            if self.names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                continue;
            }
            if self.names.len() >= REMEMBERED_NAMES_MAX {
                let message = format!("rules compare more than {REMEMBERED_NAMES_MAX} different fields");
                return cx.error(element, &message, "compare fewer with same_field and different_field");
            }
            self.names.push(name.clone());
        }
    }

    /// What OSSEC 4.3 replaces.
    fn overwrite(&mut self, place: usize, rule: Rule) {
        let loaded = &mut self.rules[place];
        loaded.rule.overwrite_with(rule);
        if loaded.search == search::HISTORY {
            loaded.search_in = loaded.rule.correlation.regex.unwrap_or(loaded.search_in);
        }
        self.tree.leaf_mut(place).groups = loaded.rule.groups.clone();
    }

    /// What Wazuh replaces: all but the places in the tree and what was
    /// searched first. A search that the rule did not have before holds always.
    fn replace(&mut self, cx: &mut Context<'_>, element: &Element, place: usize, rule: Rule) {
        if rule.parents.is_some() {
            let help = "it stays where it hangs; remove if_sid, if_level and if_group here";
            cx.warning(element, "a rule that is overwritten keeps its parents", help);
        }
        let loaded = &mut self.rules[place];
        let correlation = rule.correlation.clone();
        loaded.rule.replace_with(rule);
        (loaded.search, loaded.search_in) = match (correlation.kind(), correlation.regex) {
            (search::HISTORY, Some(regex)) => (search::HISTORY, regex),
            (kind, _) if kind == loaded.first_search.0 => loaded.first_search,
            (search::RULE, _) if loaded.first_search.0 == search::NEVER => loaded.first_search,
            _ => (search::NONE, NONE),
        };
        let leaf = self.tree.leaf_mut(place);
        leaf.groups = loaded.rule.groups.clone();
        leaf.category = loaded.rule.category;
    }

    fn add(&mut self, cx: &mut Context<'_>, element: &Element, mut rule: Rule, definition: Definition) {
        let parents = &mut rule.parents;
        let none = parents.ids.is_none() && parents.group.is_none();
        if none && let Some(group) = &rule.correlation.group {
            parents.group = Some(group.clone());
        } else if none && let Some(id) = rule.correlation.rule {
            parents.ids = Some(id.to_string().into_bytes());
        }
        let place = self.know(rule, cx.document.file, element.span.start, definition);
        if self.over {
            return;
        }
        self.attach(cx, element, place);
        if cx.settings.dialect == Dialect::Wazuh && !self.over && self.tree.forget_if_loose(place) {
            self.rules.pop();
            self.sources.pop();
            return;
        }
        self.correlate(cx, element, place);
    }

    /// Makes a rule known; it hangs nowhere yet.
    fn know(&mut self, rule: Rule, source: SourceId, offset: usize, definition: Definition) -> usize {
        self.sources.push(RuleSource { id: rule.id, source, offset, definition });
        let place = self.tree.add(rule.leaf());
        self.rules.push(Loaded::new(rule));
        place
    }

    /// Hangs a rule up: by ids, else by level, else by group, else by type.
    fn attach(&mut self, cx: &mut Context<'_>, element: &Element, place: usize) {
        let parents = self.rules[place].rule.parents.clone();
        let result = if self.rules[place].rule.is_root() {
            self.tree.add_root(place)
        } else if let Some(ids) = &parents.ids {
            return self.attach_by_ids(cx, element, place, ids);
        } else if let Some(level) = parents.level {
            self.tree.attach_by_level(place, level)
        } else if let Some(group) = &parents.group {
            self.tree.attach_by_group(place, group)
        } else {
            self.tree.attach_by_category(place)
        };
        if let Err(error) = result {
            self.cannot_attach(cx, element, error, "");
        }
    }

    /// Reports why a rule cannot be hung up; `id` names the parent, if that
    /// is known. Wazuh leaves a rule without parents out.
    fn cannot_attach(&mut self, cx: &mut Context<'_>, element: &Element, error: AttachError, id: &str) {
        let (message, help) = explain(error);
        let message = format!("{message}{id}");
        match (cx.settings.dialect, error) {
            (Dialect::Wazuh, AttachError::NoParent) => cx.warning(element, &message, help),
            _ => cx.error(element, &message, help),
        }
        self.over |= matches!(error, AttachError::TooLarge | AttachError::TooSlow);
    }

    /// QUIRK: an empty item, as behind a comma at the end, hangs the rule
    /// under the root of its category too.
    fn attach_by_ids(&mut self, cx: &mut Context<'_>, element: &Element, place: usize, ids: &[u8]) {
        let at = element.children.iter().find(|c| c.name.eq_ignore_ascii_case("if_sid")).unwrap_or(element);
        if let Some(bad) = ids.iter().find(|b| !b.is_ascii_digit() && !matches!(b, b',' | b' ')) {
            let message =
                format!("`{}` does not belong into a list of rule ids", char::from(*bad).escape_default());
            let help = "separate ids by commas or spaces";
            return match cx.settings.dialect {
                Dialect::Ossec => cx.error(at, &message, help),
                Dialect::Wazuh => cx.warning(at, &format!("{message}: the rule is left out"), help),
            };
        }
        for id in id_list(ids) {
            let result = match id {
                0 => self.tree.attach_by_category(place),
                id => self.tree.attach_by_id(place, id),
            };
            if let Err(error) = result {
                self.cannot_attach(cx, at, error, &format!(": {id}"));
            }
            if self.over {
                return;
            }
        }
    }

    /// Links a rule to the lists that it searches.
    fn correlate(&mut self, cx: &mut Context<'_>, element: &Element, place: usize) {
        let correlation = self.rules[place].rule.correlation.clone();
        let (kind, search_in) = if let Some(id) = correlation.rule {
            match self.tree.find(id).filter(|target| *target != place) {
                Some(target) => (search::RULE, self.list_of_rule(target)),
                None => (search::NEVER, 0),
            }
        } else if correlation.group_pattern.is_some() {
            let list = self.group_lists;
            self.group_lists += 1;
            let group = correlation.group.unwrap_or_default();
            if let Err(error) = self.feed(list, &group, cx.match_language()) {
                return self.cannot_attach(cx, element, error, "");
            }
            (search::GROUP, list)
        } else if let Some(pattern) = correlation.regex {
            (search::HISTORY, pattern)
        } else {
            return;
        };
        let loaded = &mut self.rules[place];
        (loaded.search, loaded.search_in) = (kind, search_in);
        loaded.first_search = (kind, search_in);
    }

    /// Lets all rules of a group feed a list, once for each of their places.
    fn feed(&mut self, list: u16, group: &[u8], language: Language) -> Result<(), AttachError> {
        let mut matcher = Expressions::new(cases);
        let pattern = matcher.add(language, group, Options::default()).ok();
        let wanted = |groups: &[u8]| pattern.is_some_and(|pattern| matcher.is_match(pattern, groups));
        for (rule, places) in self.tree.rules_with_groups(group, wanted)? {
            let lists = &mut self.rules[rule].group_lists;
            self.feeds += places;
            if self.feeds > FEEDS_MAX || lists.len() + places > usize::from(u16::MAX) {
                return Err(AttachError::TooLarge);
            }
            lists.resize(lists.len() + places, list);
        }
        Ok(())
    }

    fn list_of_rule(&mut self, place: usize) -> u16 {
        let next = &mut self.id_lists;
        *self.rules[place].own_list.get_or_insert_with(|| {
            *next += 1;
            *next - 1
        })
    }
}

/// The ids of an `if_sid` text; 0 for an empty item at the end.
fn id_list(text: &[u8]) -> Vec<u32> {
    let number = |digits: &[u8]| core::str::from_utf8(digits).ok().and_then(|d| d.parse().ok());
    let mut ids: Vec<u32> =
        text.split(|b| matches!(b, b',' | b' ')).filter(|item| !item.is_empty()).filter_map(number).collect();
    if text.last().is_some_and(|b| matches!(b, b',' | b' ')) {
        ids.push(0);
    }
    ids
}
