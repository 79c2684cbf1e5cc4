//! `<ruleset>`: decoders, rules and lists as Wazuh 4.14 names them.
//!
//! Folders and single files make one set for decoders and one for rules, from
//! which some are excluded. Each set is loaded in the order of the files'
//! names without their folders, so that a number in front of a name says when
//! its file is loaded, wherever it lies.

use super::reading::{Reading, value_span};
use super::rule_files::{INI, ListedFile, RuleFiles, Wanted, XML, add_file, add_names, names_in};
use super::{Home, Place};
use crate::diagnose::{Diagnostic, Diagnostics};
use crate::pattern::Language;
use crate::xml::Element;
use bartizan_core::image::Dialect;

const OPTIONS: [&str; 9] = [
    "decoder_dir",
    "rule_dir",
    "decoder_include",
    "rule_include",
    "decoder_exclude",
    "rule_exclude",
    "list",
    "rule_test",
    "rule_test_dir",
];

/// Folders of decoders and rules if none is named.
const FOLDERS: [&str; 2] = ["ruleset/decoders", "ruleset/rules"];

/// Files of one kind, as far as they are read.
#[derive(Debug, Default)]
struct Collected {
    files: Vec<ListedFile>,
    /// Names that are left out: with their folder, or without.
    excluded: Vec<String>,
    folder_named: bool,
}

/// All `<ruleset>` of a configuration, as far as they are read.
#[derive(Debug, Default)]
pub(super) struct RulesetDraft {
    section: Option<Place>,
    decoders: Collected,
    rules: Collected,
    lists: Vec<ListedFile>,
    tests: Vec<ListedFile>,
}

impl RulesetDraft {
    /// The place of the first section, if there is one.
    pub(super) fn section(&self) -> Option<Place> {
        self.section
    }

    /// Reads one `<ruleset>`.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, section: &Element) {
        self.section.get_or_insert(reading.place(section.name_span));
        for option in &section.children {
            let folder = option.name.ends_with("_dir");
            reading.only_attributes(option, if folder { &["pattern"] } else { &[] });
            let [decoders, rules] = FOLDERS;
            match option.name.as_str() {
                "decoder_dir" => self.decoders.folder(reading, option),
                "rule_dir" => self.rules.folder(reading, option),
                "rule_test" => add_file(&mut self.tests, reading, option, |name| name),
                "rule_test_dir" => add_wanted(&mut self.tests, reading, option, INI),
                "decoder_include" => {
                    add_file(&mut self.decoders.files, reading, option, |name| within(decoders, name));
                }
                "rule_include" => {
                    add_file(&mut self.rules.files, reading, option, |name| within(rules, name));
                }
                "decoder_exclude" => self.decoders.excluded.extend(reading.text(option)),
                "rule_exclude" => self.rules.excluded.extend(reading.text(option)),
                "list" => add_file(&mut self.lists, reading, option, |name| {
                    let name = within(rules, name);
                    name.strip_suffix(".cdb").unwrap_or(&name).to_owned()
                }),
                _ => reading.other_option(section, option, &OPTIONS, &[]),
            }
        }
    }

    /// The files that are named.
    pub(super) fn finish(mut self, reading: &mut Reading<'_>) -> RuleFiles {
        let section = self.section;
        for (kind, folder) in [&mut self.decoders, &mut self.rules].into_iter().zip(FOLDERS) {
            if let Some(place) = section.filter(|_| !kind.folder_named) {
                add_names(&mut kind.files, reading, folder, place, &mut Wanted::Ending(XML), Dialect::Wazuh);
            }
        }
        self.files()
    }

    fn files(self) -> RuleFiles {
        let (decoders, rules) = (self.decoders.in_order(), self.rules.in_order());
        RuleFiles::of_ruleset(decoders, rules, self.lists, self.tests)
    }
}

impl Collected {
    fn folder(&mut self, reading: &mut Reading<'_>, option: &Element) {
        self.folder_named = true;
        add_wanted(&mut self.files, reading, option, XML);
    }

    /// Without those that are excluded, by the bytes of their own names.
    fn in_order(self) -> Vec<ListedFile> {
        let Self { mut files, excluded, .. } = self;
        files.retain(|file| !excluded.iter().any(|name| *name == file.name || *name == own_name(&file.name)));
        files.sort_by(|a, b| own_name(&a.name).cmp(own_name(&b.name)));
        files
    }
}

impl RuleFiles {
    /// What an installation of Wazuh has where no configuration says anything.
    pub fn of_wazuh(home: &Home, report: &mut Diagnostics) -> Self {
        let mut draft = RulesetDraft::default();
        for (kind, folder) in [&mut draft.decoders, &mut draft.rules].into_iter().zip(FOLDERS) {
            match names_in(home, folder, &mut Wanted::Ending(XML)) {
                Ok(names) => kind.files.extend(names.into_iter().map(|name| {
                    let name = format!("{folder}/{name}");
                    ListedFile { path: home.path(&name), name, place: None }
                })),
                Err(error) => {
                    let message = format!("cannot read the folder `{folder}`: {error}");
                    let path = home.path(folder);
                    let problem = Diagnostic::placeless_error(message);
                    report.push(problem.note(format!("the folder looked for is {}", path.display())));
                }
            }
        }
        draft.files()
    }
}

/// Adds the files of a folder that an option names.
fn add_wanted(
    files: &mut Vec<ListedFile>,
    reading: &mut Reading<'_>,
    option: &Element,
    ending: &'static str,
) {
    let Some(folder) = reading.text(option) else { return };
    let Some(mut wanted) = Wanted::new(reading, option, Language::OsRegex, ending) else { return };
    let place = reading.place(value_span(option));
    add_names(files, reading, &folder, place, &mut wanted, Dialect::Wazuh);
}

/// A name without a folder lies in the usual one.
fn within(folder: &str, name: String) -> String {
    if name.contains('/') { name } else { format!("{folder}/{name}") }
}

fn own_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
