//! Where rules come from: built in, or named by a configuration.

pub mod built_in;

use crate::compile::lists::List;
use crate::compile::{self, Compiled, Files, RuleSource};
use crate::diagnose::{Diagnostic, Diagnostics, Sources};
use crate::engine::{Ruleset, Settings};
use crate::xml::{self, Dialect, Document};
use std::path::{Path, PathBuf};

/// Where rules come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RulesFrom {
    /// The built-in ones.
    BuiltIn,
    /// Those that an `ossec.conf` names.
    Configured {
        /// The folder of the installation.
        home: PathBuf,
        /// The configuration.
        conf: PathBuf,
    },
}

impl RulesFrom {
    /// A configuration, a home folder, or both, as the command line has them.
    pub fn configured(conf: Option<&Path>, home: Option<&Path>) -> Self {
        let home_of = |conf: &Path| conf.parent().and_then(Path::parent).unwrap_or(Path::new(".")).to_owned();
        let home = home.map_or_else(|| conf.map_or_else(PathBuf::new, home_of), Path::to_owned);
        let conf = conf.unwrap_or(Path::new("etc/ossec.conf"));
        let conf = if conf.exists() { conf.to_owned() } else { home.join(conf) };
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
    /// The folder of the installation, if there is one.
    pub home: Option<PathBuf>,
    /// Decoder files as the configuration names them; none for the usual.
    pub decoder_files: Vec<String>,
    /// Number of decoders, children counted once for each parent.
    pub decoders: usize,
}

/// Reads and compiles everything; all problems go to the report.
pub fn load(from: &RulesFrom, sources: &mut Sources, report: &mut Diagnostics) -> Option<Loaded> {
    match from {
        RulesFrom::BuiltIn => load_built_in(sources, report),
        RulesFrom::Configured { home, conf } => load_configured(home, conf, sources, report),
    }
}

fn load_built_in(sources: &mut Sources, report: &mut Diagnostics) -> Option<Loaded> {
    let mut read = |files: &[(&str, &str)]| -> Vec<Document> {
        let read = |(name, text): &(&str, &str)| {
            let id = sources.add(format!("built-in {name}"), *text);
            xml::read(&Dialect::OSSEC, sources, id, report)
        };
        files.iter().map(read).collect()
    };
    let files = Files { decoders: read(built_in::DECODERS), rules: read(built_in::RULES), lists: Vec::new() };
    let compiled = compile::compile(&files, &compile::Settings::default(), report)?;
    finish(compiled, Vec::new(), None, Settings::default(), report)
}

fn finish(
    compiled: Compiled,
    lists: Vec<Option<List>>,
    home: Option<PathBuf>,
    settings: Settings,
    report: &mut Diagnostics,
) -> Option<Loaded> {
    match Ruleset::new(compiled.image, lists, settings) {
        Ok(ruleset) => Some(Loaded {
            ruleset,
            sources: compiled.sources,
            home,
            decoder_files: Vec::new(),
            decoders: compiled.decoders,
        }),
        Err(error) => {
            let message = format!("the compiler wrote an image that is not sound ({error:?}): please report this");
            report.push(Diagnostic::placeless_error(message));
            None
        }
    }
}

// INTERIM
fn load_configured(home: &Path, conf: &Path, sources: &mut Sources, report: &mut Diagnostics) -> Option<Loaded> {
    let id = sources.load(conf).ok()?;
    let doc = xml::read(&Dialect::OSSEC, sources, id, report);
    let mut files = Files::default();
    let mut load = |path: PathBuf, report: &mut Diagnostics| {
        let id = sources.load(&path).unwrap();
        xml::read(&Dialect::OSSEC, sources, id, report)
    };
    files.decoders.push(load(home.join("etc/decoder.xml"), report));
    for section in doc.roots.iter().flat_map(|r| &r.children) {
        if section.name == "rules" {
            for item in &section.children {
                let t = item.text_lossy().into_owned();
                if item.name == "include" { files.rules.push(load(home.join("rules").join(t), report)); }
            }
        }
    }
    let compiled = compile::compile(&files, &compile::Settings::default(), report)?;
    finish(compiled, Vec::new(), Some(home.to_owned()), Settings::default(), report)
}
