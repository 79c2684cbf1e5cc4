//! `bartizan status`: how the daemon of a home folder is.

use super::analyze::left_out;
use super::{CommandError, home_folder, print};
use crate::agents::control;
use crate::plural::counted;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Show whether `bartizan run` runs, and what it does.
///
/// Asks the control socket in the home folder. Exit code 0 if it runs, 1 if
/// it does not.
#[derive(Args, Debug)]
pub struct StatusArguments {
    /// Folder for logs and memory, as `bartizan run` has it. Default: bartizan
    /// in your folder for state ($XDG_STATE_HOME or ~/.local/state).
    #[arg(short = 'D', long = "home", value_name = "DIR")]
    home: Option<PathBuf>,
    /// As JSON. Times are seconds since 1970.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &StatusArguments) -> Result<ExitCode, CommandError> {
    let home = home_folder(arguments.home.as_deref())?;
    let doing = || CommandError::io(format!("cannot ask {}", control::path(&home).display()));
    let Some(status) = control::ask(&home, &json!({ "ask": "status" })).map_err(doing())? else {
        let text = if arguments.json { "{\"running\":false}\n" } else { "bartizan does not run here\n" };
        print(text)?;
        return Ok(ExitCode::FAILURE);
    };
    let agents = control::ask(&home, &json!({ "ask": "agents" })).map_err(doing())?.unwrap_or_default();
    if arguments.json {
        let all = json!({ "running": true, "status": status, "agents": agents["agents"] });
        print(&format!("{all}\n"))?;
    } else {
        print(&describe(&status, &agents))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(status: &Value, agents: &Value) -> String {
    let number = |name: &str| status[name].as_u64().unwrap_or(0);
    let mut text = format!(
        "bartizan {} runs\nsince the start: {}, {}\n{}agents: {} connected of {}\n\
         waiting: {}, {} bytes of agents\n",
        status["version"].as_str().unwrap_or("?"),
        counted(number("events"), "event", "events"),
        counted(number("alerts"), "alert", "alerts"),
        left_out(number("searches_given_up"), number("fields_left_out")),
        status["agents"]["connected"],
        status["agents"]["known"],
        counted(number("waiting"), "delivery or line", "deliveries and lines"),
        status["bytes_on_their_way"],
    );
    for address in status["listening"].as_array().into_iter().flatten() {
        text += &format!("listening: {}\n", address.as_str().unwrap_or("?"));
    }
    for agent in agents["agents"].as_array().into_iter().flatten() {
        let (name, address) =
            (agent["name"].as_str().unwrap_or("?"), agent["address"].as_str().unwrap_or("?"));
        text += &format!(
            "  {:03} {name}  {address}  {}\n",
            agent["agent"].as_u64().unwrap_or(0),
            counted(agent["records"].as_u64().unwrap_or(0), "record", "records")
        );
    }
    text
}
