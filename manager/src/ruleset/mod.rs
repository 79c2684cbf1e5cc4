//! Where rules come from: built in, or named by a configuration. And how
//! others take their place.
//!
//! | room | what happens there |
//! |---|---|
//! | [`built_in`] | the rules that are part of the program |
//! | [`ini`] | tests of rules, as they are written |
//! | [`mod@bench`] | where their cases are judged |
//! | [`proof`] | the tests that new rules must pass |
//! | [`edition`] | what tells one reading of the rules from another |
//! | [`change`] | what is different about other rules |
//! | [`reload`] | other rules while those in use judge |

pub mod bench;
pub mod built_in;
pub mod change;
pub mod edition;
pub mod ini;
pub mod proof;
pub mod reload;

use crate::compile::lists::List;
use crate::compile::{self, Files, RuleSource};
use crate::config::{Config, Home, ListedFile, RuleFiles};
use crate::diagnose::{Diagnostic, Diagnostics, Sources};
use crate::engine::{Ruleset, Settings};
use crate::places::Atlas;
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
        /// How they are read; `None` as the configuration says.
        dialect: Option<Dialect>,
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
        Self::Configured { home, conf, dialect: None }
    }

    /// The same, read in a dialect whatever the configuration says.
    pub fn in_dialect(mut self, wanted: Option<Dialect>) -> Self {
        if let Self::Configured { dialect, .. } = &mut self {
            *dialect = wanted;
        }
        self
    }

    /// The configuration; without one the folders of an installation of
    /// Wazuh, if its dialect is asked for.
    fn read(&self, sources: &mut Sources, report: &mut Diagnostics) -> (Config, Option<PathBuf>) {
        let Self::Configured { home, conf, dialect } = self else { return (Config::default(), None) };
        let asked = *dialect == Some(Dialect::Wazuh);
        let mut config = match asked && !conf.exists() {
            true => Config::default(),
            false => Config::read(home, conf, sources, report),
        };
        if asked && config.rule_files.is_empty() {
            config.rule_files = RuleFiles::of_wazuh(home, report);
        }
        config.rule_files.dialect = dialect.or(config.rule_files.dialect);
        (config, Some(home.folder().to_owned()))
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
    /// The texts of the files, for whoever wants to show rules as they are
    /// written; empty unless whoever loaded them puts them here.
    pub texts: Sources,
}

/// Reads and compiles everything; all problems go to the report.
pub fn load(from: &RulesFrom, sources: &mut Sources, report: &mut Diagnostics) -> Option<Loaded> {
    let (config, home) = from.read(sources, report);
    let named = &config.rule_files;
    let (files, lists) = match named.is_empty() {
        true => (built_in_files(sources, report), Vec::new()),
        false => configured_files(&config, sources, report),
    };
    let compiled = compile::compile(&files, &compile_settings(&config), report);
    // A file that could not be read leaves nothing for the compiler to say.
    let compiled = compiled.filter(|_| !report.has_errors())?;
    let decoder_files =
        named.decoders.iter().filter(|file| file.place.is_some()).map(|file| file.name.clone()).collect();
    let sources = compiled.sources;
    let decoders = compiled.decoders;
    match Ruleset::new(compiled.image, lists, engine_settings(&config)) {
        Ok(mut ruleset) => {
            ruleset.atlas = read_atlas(&config.global.places, report);
            Some(Loaded { ruleset, sources, config, home, decoder_files, decoders, texts: Sources::new() })
        }
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
    let dialect = named.dialect.unwrap_or_default();
    let syntax = match dialect {
        Dialect::Ossec => Syntax::OSSEC,
        Dialect::Wazuh => Syntax::WAZUH,
    };
    let mut read = |files: &[ListedFile]| -> Vec<Document> {
        let ids: Vec<_> = files.iter().filter_map(|file| file.load(dialect, sources, report)).collect();
        ids.into_iter().map(|id| xml::read(&syntax, sources, id, report)).collect()
    };
    let (decoders, mut rules) = (read(&named.decoders), read(&named.rules));
    rules.extend(own_rules(built_in::WATCH, &[500], &rules, sources, report));
    if !config.responses.list.is_empty() {
        rules.extend(own_rules(built_in::RESPONSES, &[1, 500], &rules, sources, report));
    }
    if config.has_destinations() {
        rules.extend(own_rules(built_in::DESTINATIONS, &[1, 500], &rules, sources, report));
    }
    let lists = named.lists.iter().map(|file| (file, read_list(file, dialect, report)));
    // Wazuh does not know a list whose text is not there.
    let known = lists.filter(|(file, _)| dialect == Dialect::Ossec || file.path.exists());
    let (names, lists) = known.map(|(file, list)| (file.name.clone().into_bytes(), list)).unzip();
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
fn read_list(file: &ListedFile, dialect: Dialect, report: &mut Diagnostics) -> Option<List> {
    match List::read(&file.path, dialect) {
        Ok(list) => Some(list),
        Err(error) => {
            let message = format!("cannot read the list {}: {error}", file.name);
            let diagnostic = match file.place {
                Some(place) => Diagnostic::warning(place.source, place.span, message),
                None => Diagnostic::placeless_warning(message),
            };
            report.push(diagnostic.help(match dialect {
                Dialect::Ossec => {
                    "rules go on without it: match_key and match_key_value never hold, not_match_key and \
                     address_match_key always do"
                }
                Dialect::Wazuh => "rules that ask it are left out, or never find anything in it",
            }));
            None
        }
    }
}

/// A database that cannot be read is a warning: rules go on without places.
fn read_atlas(files: &[ListedFile], report: &mut Diagnostics) -> Option<Atlas> {
    let mut atlas = Atlas::default();
    for file in files {
        let Err(error) = atlas.add_file(&file.path) else { continue };
        let message = format!("cannot use the places of {}: {error}", file.name);
        let diagnostic = match file.place {
            Some(place) => Diagnostic::warning(place.source, place.span, message),
            None => Diagnostic::placeless_warning(message),
        };
        report.push(diagnostic.note(format!("the file looked for is {}", file.path.display())).help(
            "events go on without srcgeoip and dstgeoip; a database such as GeoLite2-City.mmdb is wanted",
        ));
    }
    atlas.if_any()
}

fn compile_settings(config: &Config) -> compile::Settings {
    compile::Settings {
        dialect: config.rule_files.dialect.unwrap_or_default(),
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
        // Our own rules count on packets of all makers.
        packet_events: config.global.packet_events || config.rule_files.is_empty(),
    }
}
