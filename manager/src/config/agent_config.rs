//! `<agent_config>`: what the manager gives to agents, checked before it goes.

use super::assembly::check_pattern;
use super::reading::Reading;
use super::{Home, LocalFile, Remote, sections, unknown_section};
use crate::diagnose::{Diagnostic, Diagnostics, SourceId, Sources, suggest};
use crate::pattern::Language;
use crate::xml::{self, Element, Syntax};
use std::path::Path;

/// The elements at the root of such a file.
pub const SHARED_ROOT: &str = "agent_config";

/// Sections that an agent reads.
const SECTIONS: [&str; 4] = ["localfile", "remote", "syslog_listener", "active-response"];

/// Options of `<active-response>` that an agent reads, and that have no effect.
const RESPONSE_OPTIONS: [&str; 2] = ["disabled", "script_timeout"];
const RESPONSE_UNUSED: [&str; 3] = ["repeated_offenders", "ca_store", "ca_verification"];

/// Seconds that a script may take.
const SCRIPT_TIMEOUTS_S: std::ops::RangeInclusive<u32> = 1..=3600;

/// Reads one file and reports what is wrong in it.
pub fn check_shared(home: &Path, path: &Path, sources: &mut Sources, report: &mut Diagnostics) {
    let file = match sources.load(path) {
        Ok(file) => file,
        Err(error) => {
            let message = format!("cannot read {}: {error}", path.display());
            return report.push(Diagnostic::placeless_error(message).help(error.help()));
        }
    };
    check_shared_source(&Home::new(home), file, sources, report);
}

/// As [`check_shared`], of a text that is in `sources` already.
pub(super) fn check_shared_source(home: &Home, file: SourceId, sources: &Sources, report: &mut Diagnostics) {
    let document = xml::read(&Syntax::OSSEC, sources, file, report);
    let mut reading = Reading::new(home, file, sources, report);
    for root in &document.roots {
        match root.name.as_str() {
            SHARED_ROOT => block(&mut reading, root),
            name => unknown_root(&mut reading, root, name),
        }
    }
}

fn unknown_root(reading: &mut Reading<'_>, root: &Element, name: &str) {
    let help = match suggest(name, [SHARED_ROOT]) {
        Some(_) => "did you mean <agent_config>?",
        None => "all that is for agents stands in <agent_config>",
    };
    reading.error(root.name_span, format!("<{name}> cannot stand here"), help);
}

fn block(reading: &mut Reading<'_>, block: &Element) {
    reading.only_attributes(block, &["name", "os", "profile", "overwrite"]);
    for attribute in &block.attributes {
        if let Err((what, ..)) = check_pattern(Language::Match, &attribute.value) {
            let message = format!("the pattern of `{}` cannot be used: {what}", attribute.name);
            reading.error(attribute.value_span, message, "shorten it");
        }
    }
    for section in &block.children {
        match section.name.as_str() {
            "localfile" => local_file(reading, section),
            "remote" | "syslog_listener" => drop(Remote::read(reading, section)),
            "active-response" => responses(reading, section),
            name if known(name) => not_for_agents(reading, section),
            _ => unknown_section(reading, section, &SECTIONS),
        }
    }
}

/// An agent runs no command that it is sent, unless its owner wants it so.
fn local_file(reading: &mut Reading<'_>, section: &Element) {
    reading.unused_options(section, &sections::LOCALFILE_OF_NOBODY);
    let file = LocalFile::read(reading, section);
    if file.is_some_and(|file| file.command.is_some()) {
        let help = "logcollector.remote_commands=1 in an agent's local_internal_options.conf allows it";
        reading.warning(section.name_span, "agents refuse commands of the manager", help);
    }
}

/// Whether an agent carries responses out; one with a command is a manager's.
fn responses(reading: &mut Reading<'_>, section: &Element) {
    if section.children.iter().any(|option| option.name == "command") {
        return not_for_agents(reading, section);
    }
    for option in &section.children {
        match option.name.as_str() {
            "disabled" => drop(reading.yes_or_no(option)),
            "script_timeout" => drop(reading.number(option, SCRIPT_TIMEOUTS_S)),
            _ => reading.other_option(section, option, &RESPONSE_OPTIONS, &RESPONSE_UNUSED),
        }
    }
}

fn known(name: &str) -> bool {
    sections::USED.contains(&name) || sections::UNUSED.contains(&name)
}

fn not_for_agents(reading: &mut Reading<'_>, section: &Element) {
    let message = format!("agents do not use the section <{}>", section.name);
    reading.warning(section.name_span, message, "it may stay; nothing in it has an effect");
}
