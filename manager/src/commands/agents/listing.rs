//! What is known of agents, for people and for programs.

use crate::agents::registry::{Agent, ConfigurationState, Registry, RegistryError, Source};
use crate::commands::table::{table, time};
use crate::console::view::agents::{Configuration, SourceLine};
use crate::diagnose::harmless_text;
use serde_json::{Value, json};
use std::fmt::Write;

/// All agents, a line each.
pub(super) fn list(registry: &Registry, json: bool) -> Result<String, RegistryError> {
    let agents = registry.agents()?;
    if json {
        return Ok(agents.iter().map(|agent| format!("{}\n", object(agent))).collect());
    }
    if agents.is_empty() {
        return Ok("there are no agents: `bartizan agents add NAME` adds one\n".to_owned());
    }
    let rows = agents.iter().map(|agent| {
        let address = agent.about.address_alone().unwrap_or("-");
        let state = agent.state.words().to_owned();
        let groups = if agent.groups.is_empty() { "-".to_owned() } else { agent.groups.join(",") };
        [agent.id.to_string(), agent.name.clone(), state, time(agent.since), harmless_text(address), groups]
    });
    Ok(table(["ID", "NAME", "STATE", "SINCE", "ADDRESS", "GROUPS"], &rows.collect::<Vec<_>>()))
}

/// All of one agent.
pub(super) fn show(registry: &Registry, agent: &str, json: bool) -> Result<String, RegistryError> {
    let agent = registry.find(agent)?;
    let sources = registry.sources(Some(agent.id))?;
    let token = registry.token_expires(agent.id)?;
    if json {
        let mut all = object(&agent);
        all["token_expires"] = token.into();
        all["sources"] = json!(sources.iter().map(SourceLine::new).collect::<Vec<_>>());
        return Ok(format!("{all}\n"));
    }
    let mut text = String::new();
    for (name, value) in facts(&agent, token) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<15}{}", harmless_text(&value));
    }
    if !sources.is_empty() {
        let rows: Vec<_> = sources.iter().map(source_row).collect();
        text.push('\n');
        text.push_str(&table(["SOURCE", "RECORDS", "LOST", "LAST"], &rows));
    }
    Ok(text)
}

fn facts(agent: &Agent, token: Option<i64>) -> Vec<(&'static str, String)> {
    let often = |at: Option<i64>| at.map_or("never".to_owned(), time);
    let said = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let mut facts = vec![
        ("agent", format!("{} {}", agent.id, agent.name)),
        ("state", format!("{} since {}", agent.state.words(), time(agent.since))),
        ("groups", said(&agent.groups.join(", "))),
        ("added", time(agent.created)),
        ("enrolled", often(agent.enrolled)),
    ];
    facts.extend(token.map(|expires| ("token", format!("not used yet, good until {}", time(expires)))));
    facts.extend([
        ("first seen", often(agent.first_seen)),
        ("last seen", often(agent.last_seen)),
        ("address", said(&agent.about.address)),
        ("host", said(&agent.about.hostname)),
        ("system", said(&agent.about.system)),
        ("version", said(&agent.about.version)),
        ("configuration", configuration(agent)),
    ]);
    facts
}

fn configuration(agent: &Agent) -> String {
    let Some(given) = &agent.configuration else {
        return "none was given".to_owned();
    };
    let (hash, since) = (given.hash, time(given.since));
    match &given.state {
        ConfigurationState::Pending => format!("{hash:016x} was sent, no answer since {since}"),
        ConfigurationState::Applied => format!("{hash:016x} is in use since {since}"),
        ConfigurationState::Refused(why) => format!("{hash:016x} was refused, {since}: {why}"),
    }
}

fn source_row(source: &Source) -> [String; 4] {
    let name = if source.name.is_empty() { "(what cannot wait)" } else { &source.name };
    let last = source.last_event.map_or("-".to_owned(), time);
    [harmless_text(name), source.records.to_string(), source.lost.to_string(), last]
}

fn object(agent: &Agent) -> Value {
    json!({
        "id": agent.id.0,
        "name": agent.name,
        "state": agent.state.words(),
        "since": agent.since,
        "groups": agent.groups,
        "created": agent.created,
        "enrolled": agent.enrolled,
        "first_seen": agent.first_seen,
        "last_seen": agent.last_seen,
        "address": agent.about.address,
        "hostname": agent.about.hostname,
        "system": agent.about.system,
        "version": agent.about.version,
        "configuration": agent.configuration.as_ref().map(Configuration::new),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::registry::About;

    #[test]
    fn what_an_agent_says_of_itself_cannot_command_the_terminal() {
        let home = tempfile::tempdir().expect("a folder");
        let mut registry = Registry::open(home.path()).expect("a registry");
        let id = registry.add("gate", &[], 0).expect("it is added").id;
        let evil = "\u{1b}[2J\nagent 002 friend".to_owned();
        let about = About {
            address: "192.0.2.1:7".to_owned(),
            system: evil.clone(),
            hostname: evil,
            ..About::default()
        };
        registry.connected(id, &about, 1).expect("it is there");
        let text = show(&registry, "gate", false).expect("it is shown");
        assert!(
            !text.contains('\u{1b}') && !text.lines().any(|line| line.starts_with("agent 002")),
            "{text}"
        );
        let listed = list(&registry, false).expect("it is listed");
        assert!(listed.starts_with("ID   NAME  STATE   SINCE") && listed.contains("192.0.2.1"), "{listed}");
    }
}
