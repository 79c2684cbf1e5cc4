//! `<rules>`: which decoders, rules and lists are loaded, and in what order,
//! and which tests they must pass.
//!
//! A folder stands for the files in it, in the order of their bytes, without
//! those that are named already. Nothing is opened here but folders.

use super::reading::{Reading, value_span};
use super::ruleset::RulesetDraft;
use super::{Home, Place};
use crate::diagnose::{Diagnostic, Diagnostics, SourceId, Sources};
use crate::pattern::{Expressions, Language, Options, cases};
use crate::xml::Element;
use bartizan_core::image::Dialect;
use bartizan_core::pattern::{Matcher, PatternId};
use std::path::PathBuf;

/// Files of one folder.
const FOLDER_MAX: usize = 5_000;

/// Files of one kind altogether.
const FILES_MAX: usize = 5_000;

/// Decoder files when none are configured (OSSEC 4.3); the second may be missing.
const DECODERS: [&str; 2] = ["etc/decoder.xml", "etc/local_decoder.xml"];

const OPTIONS: [&str; 8] =
    ["include", "rule", "rule_dir", "decoder", "decoder_dir", "list", "rule_test", "rule_test_dir"];

/// The files that make a ruleset, each kind in the order of loading.
#[derive(Clone, Debug, Default)]
pub struct RuleFiles {
    /// Decoder files.
    pub decoders: Vec<ListedFile>,
    /// Rule files.
    pub rules: Vec<ListedFile>,
    /// Lists. The name is what rules must write, without `.cdb`.
    pub lists: Vec<ListedFile>,
    /// Files with tests that new rules must pass before they take the place of
    /// those that are in use.
    pub tests: Vec<ListedFile>,
    /// Whose rules they are; `None` if there is neither `<rules>` nor
    /// `<ruleset>`.
    pub dialect: Option<Dialect>,
    decoders_configured: bool,
    /// The first `<rules>`.
    section: Option<Place>,
}

/// One file that is named in a configuration, or lies in a folder that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// The name relative to the installation, such as `rules/sshd_rules.xml`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Where it is configured; `None` for what is loaded unasked.
    pub place: Option<Place>,
}

impl ListedFile {
    /// Reads the file. A problem goes to the report, at the place where the
    /// file is named: in OSSEC 4.3 an error, in Wazuh a warning.
    pub fn load(
        &self,
        dialect: Dialect,
        sources: &mut Sources,
        report: &mut Diagnostics,
    ) -> Option<SourceId> {
        let error = match sources.load(&self.path) {
            Ok(source) => return Some(source),
            Err(error) => error,
        };
        let message = format!("cannot read {}: {error}", self.name);
        let diagnostic = match (self.place, dialect) {
            (Some(place), Dialect::Ossec) => Diagnostic::error(place.source, place.span, message),
            (None, Dialect::Ossec) => Diagnostic::placeless_error(message),
            (Some(place), Dialect::Wazuh) => Diagnostic::warning(place.source, place.span, message),
            (None, Dialect::Wazuh) => Diagnostic::placeless_warning(message),
        };
        let path = self.path.display();
        report.push(diagnostic.note(format!("the file looked for is {path}")).help(error.help()));
        None
    }
}

impl RuleFiles {
    /// Files of Wazuh's.
    pub(super) fn of_ruleset(
        decoders: Vec<ListedFile>,
        rules: Vec<ListedFile>,
        lists: Vec<ListedFile>,
        tests: Vec<ListedFile>,
    ) -> Self {
        Self { decoders, rules, lists, tests, dialect: Some(Dialect::Wazuh), ..Self::default() }
    }

    /// Whether neither decoders nor rules are named.
    pub fn is_empty(&self) -> bool {
        self.decoders.is_empty() && self.rules.is_empty()
    }

    /// Reads one `<rules>`; its files come after those of earlier ones.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, section: &Element) {
        self.dialect = Some(Dialect::Ossec);
        self.section.get_or_insert(reading.place(section.name_span));
        for option in &section.children {
            let folder = option.name.ends_with("_dir");
            reading.only_attributes(option, if folder { &["pattern"] } else { &[] });
            match option.name.as_str() {
                "include" | "rule" => add_file(&mut self.rules, reading, option, in_rules),
                "list" => add_file(&mut self.lists, reading, option, list_name),
                "rule_dir" => add_folder(&mut self.rules, reading, option, XML),
                "rule_test" => add_file(&mut self.tests, reading, option, |name| name),
                "rule_test_dir" => add_folder(&mut self.tests, reading, option, INI),
                "decoder" => {
                    self.decoders_configured = true;
                    add_file(&mut self.decoders, reading, option, |name| name);
                }
                "decoder_dir" => {
                    self.decoders_configured = true;
                    add_folder(&mut self.decoders, reading, option, XML);
                }
                _ => reading.other_option(section, option, &OPTIONS, &[]),
            }
        }
    }

    /// Takes over what `<ruleset>` names, if there is one: then there can be no
    /// `<rules>`.
    pub(super) fn add_ruleset(&mut self, reading: &mut Reading<'_>, ruleset: RulesetDraft) {
        let Some(place) = ruleset.section() else { return };
        if let Some(rules) = self.section {
            let help = "keep <rules> for rules of OSSEC, or <ruleset> for those of Wazuh";
            let line = reading.line_of(rules);
            let message = "<ruleset> and <rules> cannot stand in one configuration";
            let problem = Diagnostic::error(place.source, place.span, message);
            return reading.push(problem.note(format!("line {line} has <rules>")).help(help));
        }
        *self = ruleset.finish(reading);
    }

    /// The decoders of OSSEC 4.3 if rules are configured and decoders are not.
    pub(super) fn default_decoders(&mut self, reading: &mut Reading<'_>) {
        if self.decoders_configured || self.rules.is_empty() || self.dialect == Some(Dialect::Wazuh) {
            return;
        }
        for name in DECODERS {
            let file = ListedFile { name: name.to_string(), path: reading.home.path(name), place: None };
            if name == DECODERS[0] || file.path.exists() {
                self.decoders.push(file);
            }
        }
    }
}

/// OSSEC 4.3: a name without a folder lies in `rules`.
fn in_rules(name: String) -> String {
    if name.contains('/') { name } else { format!("rules/{name}") }
}

/// OSSEC 4.3: a list's name ends before `.cdb`.
fn list_name(name: String) -> String {
    let name = in_rules(name);
    let end = name.find(".cdb").unwrap_or(name.len());
    name[..end].to_string()
}

pub(super) fn add_file(
    files: &mut Vec<ListedFile>,
    reading: &mut Reading<'_>,
    option: &Element,
    full: impl Fn(String) -> String,
) {
    let Some(name) = reading.text(option) else {
        return;
    };
    if name.trim() != name {
        let help = format!("write <{0}>{1}</{0}>", option.name, name.trim());
        return reading.error(value_span(option), "this name begins or ends with a space", help);
    }
    if files.len() >= FILES_MAX {
        return too_many(reading, option);
    }
    let name = full(name);
    let place = reading.place(value_span(option));
    match files.iter().find(|file| file.name == name) {
        Some(earlier) => named_already(reading, &name, place, earlier.place),
        None => files.push(ListedFile { path: reading.home.path(&name), name, place: Some(place) }),
    }
}

fn named_already(reading: &mut Reading<'_>, name: &str, place: Place, earlier: Option<Place>) {
    let mut problem = Diagnostic::warning(place.source, place.span, format!("`{name}` is named already"));
    if let Some(earlier) = earlier {
        problem = problem.note(format!("line {} has it; this one is not used", reading.line_of(earlier)));
    }
    reading.push(problem.help("remove one of them"));
}

fn too_many(reading: &mut Reading<'_>, option: &Element) {
    let message = format!("more than {FILES_MAX} files are named");
    reading.error(option.name_span, message, "put several into one file");
}

fn add_folder(
    files: &mut Vec<ListedFile>,
    reading: &mut Reading<'_>,
    option: &Element,
    ending: &'static str,
) {
    let Some(folder) = reading.text(option) else {
        return;
    };
    let Some(mut wanted) = Wanted::new(reading, option, Language::Regex, ending) else {
        return;
    };
    let place = reading.place(value_span(option));
    add_names(files, reading, &folder, place, &mut wanted, Dialect::Ossec);
}

/// Adds the wanted files of a folder. One that cannot be read is an error in
/// OSSEC 4.3 and a warning in Wazuh.
pub(super) fn add_names(
    files: &mut Vec<ListedFile>,
    reading: &mut Reading<'_>,
    folder: &str,
    place: Place,
    wanted: &mut Wanted,
    dialect: Dialect,
) {
    let folder = folder.trim_end_matches('/');
    let names = match names_in(reading.home, folder, wanted) {
        Ok(names) => names,
        Err(error) => {
            let path = reading.home.path(folder);
            let message = format!("cannot read the folder `{folder}`: {error}");
            let problem = match dialect {
                Dialect::Ossec => Diagnostic::error(place.source, place.span, message),
                Dialect::Wazuh => Diagnostic::warning(place.source, place.span, message),
            };
            let problem = problem.note(format!("the folder looked for is {}", path.display()));
            return reading
                .push(problem.help("make the folder, let this program read it, or remove this line"));
        }
    };
    if names.is_empty() {
        let taken = match wanted {
            Wanted::Ending(ending) => format!("files are taken whose names end with {ending}; "),
            Wanted::Pattern(..) => String::new(),
        };
        let help = format!("{taken}the attribute `pattern` can ask for others");
        reading.warning(place.span, format!("no file in `{folder}` is taken"), help);
    }
    for name in names {
        let name = format!("{folder}/{name}");
        if files.len() >= FILES_MAX {
            let message = format!("more than {FILES_MAX} files are named");
            return reading.error(place.span, message, "put several into one file");
        }
        if !files.iter().any(|file| file.name == name) {
            files.push(ListedFile { path: reading.home.path(&name), name, place: Some(place) });
        }
    }
}

/// How names of files with rules and decoders end.
pub(super) const XML: &str = ".xml";

/// How names of files with tests end.
pub(super) const INI: &str = ".ini";

/// Which files of a folder are wanted.
pub(super) enum Wanted {
    /// Those whose names end so.
    Ending(&'static str),
    /// Those that a pattern matches.
    Pattern(Box<Expressions>, PatternId),
}

impl Wanted {
    /// As the attribute `pattern` says, which is in a language of the dialect's;
    /// without it those whose names end as is usual.
    pub(super) fn new(
        reading: &mut Reading<'_>,
        option: &Element,
        language: Language,
        ending: &'static str,
    ) -> Option<Self> {
        let Some(pattern) = option.attribute("pattern") else {
            return Some(Self::Ending(ending));
        };
        if pattern.value == b".xml$" {
            return Some(Self::Ending(XML));
        }
        let mut matcher = Box::new(Expressions::new(cases));
        let found = matcher.add(language, &pattern.value, Options::default()).ok();
        if found.is_none() {
            let help = "it is a regex in OSSEC's language, such as `.xml$`";
            reading.error(pattern.value_span, "this pattern cannot be understood", help);
        }
        found.map(|pattern| Self::Pattern(matcher, pattern))
    }

    fn takes(&mut self, name: &str) -> bool {
        match self {
            Self::Ending(ending) => name.ends_with(*ending),
            Self::Pattern(matcher, pattern) => matcher.is_match(*pattern, name.as_bytes()),
        }
    }
}

/// The wanted files in a folder, in the order of their bytes.
pub(super) fn names_in(home: &Home, folder: &str, wanted: &mut Wanted) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(home.path(folder))? {
        let entry = entry?;
        // A name that is not UTF-8 cannot be shown or written in a rule.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if wanted.takes(&name) && !entry.path().is_dir() {
            names.push(name);
        }
        if names.len() > FOLDER_MAX {
            return Err(std::io::Error::other(format!("it holds more than {FOLDER_MAX} files")));
        }
    }
    names.sort_unstable();
    Ok(names)
}
