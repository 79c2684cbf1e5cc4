//! Agents of an OSSEC installation, in and out.

use super::super::{CommandError, now};
use super::say;
use crate::agents::Registry;
use crate::agents::client_keys::{self, Entry};
use crate::agents::registry::{AgentId, OssecKey, RegistryError};
use crate::diagnose::{Colour, Diagnostic, Diagnostics, SourceId, Sources};
use crate::news;
use crate::plural::{counted, plural};
use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;

/// Adds the agents of a file, if nothing is wrong with any.
pub(super) fn import(path: &Path, registry: &mut Registry) -> Result<ExitCode, CommandError> {
    let mut sources = Sources::new();
    let mut report = Diagnostics::new();
    let file = sources.load(path).map_err(|error| {
        CommandError::Usage(format!("cannot read {}: {error}; {}", path.display(), error.help()))
    })?;
    let entries = client_keys::read(file, &sources, &mut report);
    let new = new_ones(&entries, file, registry, &mut report)?;
    news::show(&report.render(&sources, Colour::for_stderr()));
    if report.has_errors() {
        return Err(CommandError::Rules("no agent is imported".to_owned()));
    }
    for entry in &new {
        registry.import(entry.id, &entry.name, &entry.key, now())?;
    }
    let known = entries.len() - new.len();
    let imported = counted(new.len(), "agent is", "agents are");
    say(&format!("{imported} imported, {known} {} here already\n", plural(known, "was", "were")))
}

/// The file of those that were imported.
pub(super) fn export(registry: &Registry) -> Result<String, RegistryError> {
    registry.ossec_keys().map(|keys| client_keys::write(&keys))
}

/// Those that are not here yet. Others that stand in their way are reported.
fn new_ones<'e>(
    entries: &'e [Entry],
    file: SourceId,
    registry: &Registry,
    report: &mut Diagnostics,
) -> Result<Vec<&'e Entry>, RegistryError> {
    let keys: HashMap<AgentId, OssecKey> =
        registry.ossec_keys()?.into_iter().map(|(id, _, key)| (id, key)).collect();
    let agents = registry.agents()?;
    let mut new = Vec::new();
    for entry in entries {
        let in_the_way = agents.iter().find(|agent| agent.id == entry.id || agent.name == entry.name);
        match in_the_way {
            None => new.push(entry),
            Some(same) if same.id == entry.id && keys.get(&same.id) == Some(&entry.key) => {}
            Some(other) => {
                let message = format!("agent {} `{}` is in the way", other.id, other.name);
                let help = "change number or name in the file, or remove that agent";
                report.push(Diagnostic::error(file, entry.span, message).help(help));
            }
        }
    }
    Ok(new)
}
