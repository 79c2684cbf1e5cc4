//! `bartizan rules states`: outputs that are watched for changes.

use super::super::table::{table, time};
use super::super::{CommandError, home_folder};
use crate::diagnose::harmless_text;
use crate::engine::states::{State, States};
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

/// Characters of an output that a list shows.
const SHOWN: usize = 60;

/// List the outputs that rules with `<check_diff />` compare with.
#[derive(Args, Debug)]
pub(super) struct StatesArguments {
    /// Home folder of the manager. Default: bartizan in your folder for state.
    #[arg(short = 'D', long = "home", value_name = "DIR", global = true)]
    home: Option<PathBuf>,
    /// One JSON object a line, with the whole output.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    job: Option<Job>,
}

#[derive(Subcommand, Debug)]
enum Job {
    /// Forget an output: the next one is the first again and raises no alert.
    Forget {
        /// The agent or host, as the list has it.
        host: String,
        /// The rule; all of the host without.
        rule: Option<u32>,
    },
}

pub(super) fn run(arguments: &StatesArguments) -> Result<ExitCode, CommandError> {
    let home = home_folder(arguments.home.as_deref())?;
    let states = States::new(&home);
    let reading = || CommandError::io(format!("cannot read {}", home.join("queue/diff").display()));
    let all = states.list().map_err(reading())?;
    match &arguments.job {
        Some(Job::Forget { host, rule }) => forget(&states, &all, host, *rule),
        None => list(&all, arguments.json),
    }
}

fn list(all: &[State], as_json: bool) -> Result<ExitCode, CommandError> {
    let text = match (as_json, all) {
        (true, _) => all.iter().map(|state| object(state) + "\n").collect(),
        (false, []) => "no rule has seen an output that it watches for changes\n".to_owned(),
        (false, all) => {
            let rows: Vec<_> = all.iter().map(row).collect();
            table(["HOST", "RULE", "CHANGED", "BYTES", "OUTPUT"], &rows)
        }
    };
    io::stdout().write_all(text.as_bytes()).map_err(CommandError::output)?;
    Ok(ExitCode::SUCCESS)
}

fn changed(state: &State) -> i64 {
    let since = state.changed.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn row(state: &State) -> [String; 5] {
    let log: String = String::from_utf8_lossy(&state.log).chars().take(SHOWN).collect();
    let log = harmless_text(&log);
    [state.host.clone(), state.rule.to_string(), time(changed(state)), state.log.len().to_string(), log]
}

fn object(state: &State) -> String {
    let output = String::from_utf8_lossy(&state.log);
    json!({"host": state.host, "rule": state.rule, "changed": changed(state), "output": output}).to_string()
}

fn forget(states: &States, all: &[State], host: &str, rule: Option<u32>) -> Result<ExitCode, CommandError> {
    let asked = |state: &&State| state.host == host && rule.is_none_or(|rule| rule == state.rule);
    let mut forgotten = 0;
    for state in all.iter().filter(asked) {
        let gone = states.forget(&state.host, state.rule);
        forgotten += usize::from(gone.map_err(CommandError::io("cannot forget an output"))?);
    }
    if forgotten == 0 {
        let help = "`bartizan rules states` lists what is known";
        return Err(CommandError::Usage(format!("no output of `{host}` is known for that; {help}")));
    }
    let written = writeln!(io::stdout(), "{forgotten} forgotten; the next output of each is the first again");
    written.map_err(CommandError::output)?;
    Ok(ExitCode::SUCCESS)
}
