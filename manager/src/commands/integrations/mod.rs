//! `bartizan integrations`: who is told of alerts, and what became of it.

mod listing;
mod replay;

use super::destinations::configured;
use super::{CommandError, configuration, home_folder, now, rules_from, say};
use crate::config::Home;
use crate::database::DatabaseError;
use crate::outbox::{Configured, Content, Failure, Notice, Parcel, Queue};
use crate::ruleset::RulesFrom;
use crate::sources::local_host;
use crate::store::{Reader, StoreError};
use clap::{Args, Subcommand};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The command.
#[derive(Args, Debug)]
pub struct IntegrationsCommand {
    /// Configuration (ossec.conf). Default: etc/ossec.conf in the home folder.
    #[arg(short = 'c', long = "config", value_name = "CONF", global = true)]
    config: Option<PathBuf>,
    /// Folder for logs and memory, as `bartizan run` has it. Default: bartizan
    /// in your folder for state ($XDG_STATE_HOME or ~/.local/state).
    #[arg(short = 'D', long = "home", value_name = "DIR", global = true)]
    home: Option<PathBuf>,
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand, Debug)]
enum Job {
    /// List all destinations: how they stand, what waits, what went wrong.
    ///
    /// Mail recipients are destinations, too. LAG is how many alerts of the
    /// store a destination has not looked at yet, HELD how many were counted
    /// and not yet told.
    List(ListArguments),
    /// Send a test to a destination, now, and show what it answers.
    ///
    /// Nothing is queued. Exit codes: 0 it was taken, 1 it was not.
    Test(TestArguments),
    /// Send alerts of the past to a destination once more.
    ///
    /// What its conditions select, from a time on up to what it was already
    /// offered, without its limits; says how much that is and asks before.
    /// `bartizan run` does the sending.
    Replay(replay::ReplayArguments),
}

#[derive(Args, Debug)]
struct ListArguments {
    /// One JSON object a line. Times are seconds since 1970.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct TestArguments {
    /// The destination, as `list` names it.
    #[arg(value_name = "NAME")]
    name: String,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &IntegrationsCommand) -> Result<ExitCode, CommandError> {
    match &command.job {
        Job::List(arguments) => {
            let home = home_folder(command.home.as_deref())?;
            let standings = queue(&home)?.standings().map_err(unreadable)?;
            let committed = Reader::open(&home).and_then(|mut reader| reader.committed());
            let committed = committed.map_err(unreadable_store)?;
            say(&listing::list(&standings, committed, arguments.json))
        }
        Job::Test(arguments) => test(command, arguments),
        Job::Replay(arguments) => replay::run(command, arguments),
    }
}

impl IntegrationsCommand {
    /// The folder, and a destination with its configuration.
    fn destination(&self, name: &str) -> Result<(PathBuf, Configured), CommandError> {
        let home = home_folder(self.home.as_deref())?;
        let config = configuration(self.config.as_deref(), &home)?;
        let installation = match rules_from(self.config.as_deref(), &home) {
            RulesFrom::Configured { home, .. } => home,
            RulesFrom::BuiltIn => Home::new(&home),
        };
        let mut all = configured(&config, &installation)?;
        match all.iter().position(|one| one.name == name) {
            Some(place) => Ok((home, all.swap_remove(place))),
            None if all.is_empty() => {
                Err(CommandError::Nothing("the configuration has no destinations".to_owned()))
            }
            None => {
                let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
                let message = format!("there is no destination `{name}`; there are {}", names.join(", "));
                Err(CommandError::Usage(message))
            }
        }
    }
}

/// Hands a test over, past the queue.
fn test(command: &IntegrationsCommand, arguments: &TestArguments) -> Result<ExitCode, CommandError> {
    let (_, mut configured) = command.destination(&arguments.name)?;
    let title = format!("A test of Bartizan on {}", local_host());
    let text = format!("Alerts reach {}. Nothing has happened.", configured.name);
    let content = Content { notice: Some(Notice { title, text, html: None }), ..Content::default() };
    let id = format!("test-{}", now());
    let payload = configured.destination.render(&id, &content);
    let outcome = configured.destination.deliver(&Parcel { id, payload });
    let why = match &outcome {
        Ok(()) => None,
        Err(Failure::Temporary(why, _) | Failure::Permanent(why)) => Some(why.as_str()),
    };
    say(&listing::tested(&configured.name, why, arguments.json))?;
    Ok(ExitCode::from(u8::from(why.is_some())))
}

/// The queue of a folder, if there is one: opening it would make it.
fn queue(home: &Path) -> Result<Queue, CommandError> {
    if !home.join("outbox.db").is_file() {
        let message = format!("nobody was ever told of alerts from {}", home.display());
        return Err(CommandError::Nothing(message));
    }
    Queue::open(home).map_err(unreadable)
}

fn unreadable(error: DatabaseError) -> CommandError {
    CommandError::io("cannot read the queue")(io::Error::other(error))
}

fn unreadable_store(error: StoreError) -> CommandError {
    CommandError::io("cannot read the store")(io::Error::other(error))
}
