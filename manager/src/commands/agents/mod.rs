//! `bartizan agents`: who may report here.

mod exchange;
mod invitation;
mod listing;

use super::{CommandError, home_folder, now, say};
use crate::agents::registry::{Registry, RegistryError};
use crate::agents::{control, shared};
use crate::database::DatabaseError;
use crate::news;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The command.
#[derive(Args, Debug)]
#[command(after_help = FIRST_AGENT)]
pub struct AgentsCommand {
    /// Folder for logs and memory, as `bartizan run` has it. Default: bartizan
    /// in your folder for state ($XDG_STATE_HOME or ~/.local/state).
    #[arg(short = 'D', long = "home", value_name = "DIR", global = true)]
    home: Option<PathBuf>,
    #[command(subcommand)]
    job: Job,
}

const FIRST_AGENT: &str = "\
The first agent:
  bartizan agents add gate1            here; prints a command with a token
  bartizan-agent enrol TOKEN           on the router
  bartizan agents list                 here: is it active?

AGENT is a number or a name. Groups are names, too; an agent is given what
stands in HOME/shared/agent.conf and in HOME/shared/GROUP/agent.conf.";

#[derive(Subcommand, Debug)]
enum Job {
    /// Add an agent, and print the command to run on its machine.
    Add(AddArguments),
    /// List all agents: number, name, how it stands and since when.
    List(JsonArguments),
    /// Show all that is known of an agent.
    Show(ShowArguments),
    /// Remove an agent and all that is known of it.
    ///
    /// It cannot come back with its old key; to let it, add it again.
    Remove(OneAgent),
    /// Give an agent another name.
    Rename(RenameArguments),
    /// Print a new token for an agent.
    ///
    /// For one that has lost its key, or did not use its first token in time.
    /// Older tokens of the agent are void; its key stays good until the new
    /// one is used.
    Token(TokenArguments),
    /// Put an agent into groups, and out of all others.
    Group(GroupArguments),
    /// Print the configuration that an agent is given.
    Config(OneAgent),
    /// Take over the agents of an OSSEC installation: number, name, key.
    ///
    /// Takes all of a file or, if something is wrong in it, nothing. Agents
    /// that are here already with the same number and key are left as they
    /// are, so it can be done again.
    Import(ImportArguments),
    /// Print the agents that were taken over as a client.keys file.
    ///
    /// It holds keys: keep it from others.
    Export,
}

#[derive(Args, Debug)]
struct AddArguments {
    /// Its name: 2 to 128 characters of A-Z a-z 0-9 . - _
    #[arg(value_name = "NAME")]
    name: String,
    /// A group to put it in; may be given again.
    #[arg(short = 'g', long = "group", value_name = "GROUP", value_delimiter = ',')]
    groups: Vec<String>,
    #[command(flatten)]
    invitation: invitation::InvitationArguments,
}

#[derive(Args, Debug)]
struct TokenArguments {
    #[command(flatten)]
    agent: OneAgent,
    #[command(flatten)]
    invitation: invitation::InvitationArguments,
}

#[derive(Args, Debug)]
struct OneAgent {
    /// The number or the name of an agent.
    #[arg(value_name = "AGENT")]
    agent: String,
}

#[derive(Args, Debug)]
struct JsonArguments {
    /// One JSON object a line. Times are seconds since 1970.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct ShowArguments {
    #[command(flatten)]
    agent: OneAgent,
    /// As JSON. Times are seconds since 1970.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct RenameArguments {
    #[command(flatten)]
    agent: OneAgent,
    /// Its new name.
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Args, Debug)]
struct GroupArguments {
    #[command(flatten)]
    agent: OneAgent,
    /// Groups with commas between them, in the order in which their
    /// configuration is put together; none to take it out of all.
    #[arg(value_name = "GROUP", value_delimiter = ',')]
    groups: Vec<String>,
}

#[derive(Args, Debug)]
struct ImportArguments {
    /// A client.keys file, such as /var/ossec/etc/client.keys.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs the command.
pub fn run(command: &AgentsCommand) -> Result<ExitCode, CommandError> {
    let home = home_folder(command.home.as_deref())?;
    let mut registry = Registry::open(&home)?;
    match &command.job {
        Job::Add(arguments) => add(arguments, &home, &mut registry),
        Job::List(arguments) => say(&listing::list(&registry, arguments.json)?),
        Job::Show(arguments) => say(&listing::show(&registry, &arguments.agent.agent, arguments.json)?),
        Job::Remove(arguments) => remove(&arguments.agent, &home, &mut registry),
        Job::Rename(arguments) => rename(arguments, &mut registry),
        Job::Token(arguments) => token(arguments, &home, &mut registry),
        Job::Group(arguments) => group(arguments, &home, &mut registry),
        Job::Config(arguments) => config(&arguments.agent, &home, &registry),
        Job::Import(arguments) => exchange::import(&arguments.file, &mut registry),
        Job::Export => say(&exchange::export(&registry)?),
    }
}

fn add(arguments: &AddArguments, home: &Path, registry: &mut Registry) -> Result<ExitCode, CommandError> {
    // Before anything is written: a token without an address helps nobody.
    let addresses = arguments.invitation.addresses(home)?;
    let agent = registry.add(&arguments.name, &arguments.groups, now())?;
    let told = arguments.invitation.invite(&agent, &addresses, home, registry)?;
    say(&format!("agent {} is {}\n\n{told}", agent.id, agent.name))
}

fn token(arguments: &TokenArguments, home: &Path, registry: &mut Registry) -> Result<ExitCode, CommandError> {
    let agent = registry.find(&arguments.agent.agent)?;
    let addresses = arguments.invitation.addresses(home)?;
    say(&arguments.invitation.invite(&agent, &addresses, home, registry)?)
}

fn remove(agent: &str, home: &Path, registry: &mut Registry) -> Result<ExitCode, CommandError> {
    let agent = registry.find(agent)?;
    registry.remove(agent.id)?;
    tell_daemon(home, &json!({ "ask": "disconnect", "agent": agent.id.0 }));
    say(&format!("agent {} {} is removed\n", agent.id, agent.name))
}

fn rename(arguments: &RenameArguments, registry: &mut Registry) -> Result<ExitCode, CommandError> {
    let agent = registry.find(&arguments.agent.agent)?;
    registry.rename(agent.id, &arguments.name)?;
    say(&format!("agent {} was {} and is {}\n", agent.id, agent.name, arguments.name))
}

fn group(arguments: &GroupArguments, home: &Path, registry: &mut Registry) -> Result<ExitCode, CommandError> {
    let agent = registry.find(&arguments.agent.agent)?;
    let groups: Vec<_> = arguments.groups.iter().filter(|group| !group.is_empty()).cloned().collect();
    registry.set_groups(agent.id, &groups)?;
    tell_daemon(home, &json!({ "ask": "share" }));
    let groups = if groups.is_empty() { "no group".to_owned() } else { groups.join(", ") };
    say(&format!("agent {} {} is in {groups}\n", agent.id, agent.name))
}

fn config(agent: &str, home: &Path, registry: &Registry) -> Result<ExitCode, CommandError> {
    let agent = registry.find(agent)?;
    let given = shared::configuration_for(home, &agent)
        .map_err(|error| CommandError::Rules(format!("agent {} keeps what it has: {error}", agent.name)))?;
    match given {
        Some(given) => io::stdout().write_all(&given.text).map_err(CommandError::output)?,
        None => news::tell(format_args!("nothing in shared/ is for agent {}", agent.name)),
    }
    Ok(ExitCode::SUCCESS)
}

/// A daemon that runs is told what has changed; without one there is nobody to
/// tell.
fn tell_daemon(home: &Path, request: &Value) {
    if let Err(error) = control::ask(home, request) {
        news::tell(format_args!(
            "the running bartizan cannot be told of it: {error}; it will notice when the agent connects again"
        ));
    }
}

impl From<RegistryError> for CommandError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::File { path, source } => {
                Self::Io { doing: format!("cannot use {}", path.display()), source }
            }
            RegistryError::Database(DatabaseError::Unusable { path, why }) => {
                Self::Io { doing: format!("cannot use {}", path.display()), source: io::Error::other(why) }
            }
            error => Self::Usage(error.to_string()),
        }
    }
}
