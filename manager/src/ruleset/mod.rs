//! Where rules come from: built in, or named by a configuration.

pub mod built_in;
pub mod ini;

use crate::compile::lists::List;
use crate::compile::{self, Files, RuleSource};
use crate::config::{Config, Home, ListedFile};
use crate::diagnose::{Diagnostic, Diagnostics, Sources};
use crate::engine::{Ruleset, Settings};
use crate::xml::{self, Document, Syntax};
use bartizan_core::image::Dialect;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where rules come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RulesFrom {
    /// The built-in ones.
    BuiltIn,
    /// Those that an `ossec.conf` names; the built-in ones if it names none.
    Configured {
        /// The folder of the installation.
        home: Home,
        /// The configuration.
        conf: PathBuf,
    },
}

impl RulesFrom {
    /// A configuration, a home folder, or both, as the command line has them.
    /// Without a home folder it is the one above the configuration's.
    pub fn configured(conf: Option<&Path>, home: Option<&Path>) -> Self {
        let above = |conf: &Path| {
            let folder = conf.parent().and_then(Path::parent).unwrap_or(Path::new(""));
            if folder == Path::new("") { PathBuf::from(".") } else { folder.to_owned() }
        };
        let home = home.map_or_else(|| conf.map_or_else(PathBuf::new, above), Path::to_owned);
        let home = Home::new(home);
        let conf = home.configuration(conf);
        Self::Configured { home, conf }
    }
}

/// A ruleset that is ready to judge, and what is known of its files.
#[derive(Debug)]
pub struct Loaded {
    /// The rules.
    pub ruleset: Ruleset,
    /// Where rules stand.
    pub sources: Vec<RuleSource>,
    /// The configuration; the defaults for the built-in rules.
    pub config: Config,
    /// The folder of the installation, if there is one.
    pub home: Option<PathBuf>,
    /// Decoder files as the configuration names them; none for the usual.
    pub decoder_files: Vec<String>,
    /// Number of decoders, children counted once for each parent.
    pub decoders: usize,
}

/// Reads and compiles everything; all problems go to the report.
pub fn load(from: &RulesFrom, sources: &mut Sources, report: &mut Diagnostics) -> Option<Loaded> {
    let (config, home) = match from {
        RulesFrom::BuiltIn => (Config::default(), None),
        RulesFrom::Configured { home, conf } => {
            (Config::read(home, conf, sources, report), Some(home.folder().to_owned()))
        }
    };
    let named = &config.rule_files;
    let (files, lists) = if named.rules.is_empty() && named.decoders.is_empty() {
        (built_in_files(sources, report), Vec::new())
    } else {
        configured_files(&config, sources, report)
    };
    let compiled = compile::compile(&files, &compile_settings(&config), report);
    // A file that could not be read leaves nothing for the compiler to say.
    let compiled = compiled.filter(|_| !report.has_errors())?;
    let decoder_files =
        named.decoders.iter().filter(|file| file.place.is_some()).map(|file| file.name.clone()).collect();
    let sources = compiled.sources;
    let decoders = compiled.decoders;
    match Ruleset::new(compiled.image, lists, engine_settings(&config)) {
        Ok(ruleset) => Some(Loaded { ruleset, sources, config, home, decoder_files, decoders }),
        Err(error) => {
            let message =
                format!("the compiler wrote an image that is not sound ({error:?}): please report this");
            report.push(Diagnostic::placeless_error(message));
            None
        }
    }
}

fn built_in_files(sources: &mut Sources, report: &mut Diagnostics) -> Files {
    let mut read = |files: &[(&str, &str)]| -> Vec<Document> {
        let read = |(name, text): &(&str, &str)| {
            let id = sources.add(format!("built-in {name}"), *text);
            xml::read(&Syntax::OSSEC, sources, id, report)
        };
        files.iter().map(read).collect()
    };
    Files { decoders: read(built_in::DECODERS), rules: read(built_in::RULES), lists: Vec::new() }
}

fn configured_files(
    config: &Config,
    sources: &mut Sources,
    report: &mut Diagnostics,
) -> (Files, Vec<Option<List>>) {
    let named = &config.rule_files;
    let mut read = |files: &[ListedFile]| -> Vec<Document> {
        let ids: Vec<_> = files.iter().filter_map(|file| file.load(sources, report)).collect();
        ids.into_iter().map(|id| xml::read(&Syntax::OSSEC, sources, id, report)).collect()
    };
    let (decoders, mut rules) = (read(&named.decoders), read(&named.rules));
    rules.extend(own_rules(built_in::WATCH, &[500], &rules, sources, report));
    if !config.responses.list.is_empty() {
        rules.extend(own_rules(built_in::RESPONSES, &[1, 500], &rules, sources, report));
    }
    if config.has_destinations() {
        rules.extend(own_rules(built_in::DESTINATIONS, &[1, 500], &rules, sources, report));
    }
    let lists = named.lists.iter().map(|file| read_list(file, report)).collect();
    let names = named.lists.iter().map(|file| file.name.clone().into_bytes()).collect();
    (Files { decoders, rules, lists: names }, lists)
}

/// Rules about the manager itself, if the rules are there that they hang on
/// and none of their numbers is taken.
fn own_rules(
    (name, text): built_in::File,
    parents: &[u32],
    rules: &[Document],
    sources: &mut Sources,
    report: &mut Diagnostics,
) -> Option<Document> {
    let id = sources.add(format!("built-in {name}"), text);
    let own = xml::read(&Syntax::OSSEC, sources, id, report);
    let taken: BTreeSet<u32> = rules.iter().flat_map(rule_ids).collect();
    (parents.iter().all(|id| taken.contains(id)) && rule_ids(&own).all(|id| !taken.contains(&id)))
        .then_some(own)
}

fn rule_ids(document: &Document) -> impl Iterator<Item = u32> {
    let elements = document.roots.iter().flat_map(|root| [root].into_iter().chain(&root.children));
    elements
        .filter(|element| element.name == "rule")
        .filter_map(|rule| rule.attribute("id")?.value_lossy().trim().parse().ok())
}

/// A list that cannot be read is a warning: rules that ask it go on without
/// (OSSEC 4.3).
fn read_list(file: &ListedFile, report: &mut Diagnostics) -> Option<List> {
    match List::read(&file.path) {
        Ok(list) => Some(list),
        Err(error) => {
            let message = format!("cannot read the list {}: {error}", file.name);
            let diagnostic = match file.place {
                Some(place) => Diagnostic::warning(place.source, place.span, message),
                None => Diagnostic::placeless_warning(message),
            };
            report.push(diagnostic.help(
                "rules go on without it: match_key and match_key_value never hold, not_match_key and \
                 address_match_key always do",
            ));
            None
        }
    }
}

fn compile_settings(config: &Config) -> compile::Settings {
    compile::Settings {
        dialect: Dialect::Ossec,
        log_alert_level: config.alerts.log_alert_level,
        email_alert_level: config.alerts.email_alert_level,
        stats_level: config.global.stats_level,
        default_timeframe: config.internal.default_timeframe,
        decoder_order_size: config.internal.decoder_order_size,
        sid_prev_matched_max: config.internal.sid_prev_matched_max,
    }
}

fn engine_settings(config: &Config) -> Settings {
    Settings {
        memory_size: config.global.memory_size as usize,
        fts_list_size: config.internal.fts_list_size as usize,
        fts_min_size_for_str: config.internal.fts_min_size_for_str as usize,
    }
}
