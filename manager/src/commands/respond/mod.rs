//! `bartizan respond`: what is done about attackers.

pub mod backtest;
mod listing;

use super::{CommandError, ask_daemon, home_folder, now, print, say};
use crate::agents::Registry;
use crate::database::DatabaseError;
use crate::respond::history::{Entry, History, State};
use crate::respond::request;
use crate::respond::rows::Names;
use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// The command.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct RespondCommand {
    /// Folder for logs and memory, as `bartizan run` has it. Default: bartizan
    /// in your folder for state ($XDG_STATE_HOME or ~/.local/state).
    #[arg(short = 'D', long = "home", value_name = "DIR", global = true)]
    home: Option<PathBuf>,
    #[command(subcommand)]
    job: Job,
}

const EXAMPLES: &str = "\
Responses are configured in ossec.conf (<command> and <active-response>) and are
carried out by `bartizan run` and by agents. `bartizan run` must be running for
everything but `history` and `backtest`.

Examples:
  bartizan respond list                                    what is in force now
  bartizan respond run block600 --agent gate1 --ip 192.0.2.9
  bartizan respond run block600 --agent all --ip 192.0.2.0/28 --for 2h
  bartizan respond undo 17                                 undo one
  bartizan respond undo --all                              undo everything, everywhere
  bartizan respond history --ip 192.0.2.9 --since 7d       what was done, and why

Exit codes: 0 done, 1 refused (the reason is said), 2 wrong use or `bartizan run`
does not run, 3 a file failed.";

#[derive(Subcommand, Debug)]
enum Job {
    /// List the responses that are in force or on their way.
    List(JsonArguments),
    /// Carry out a response by hand, and say what became of it.
    ///
    /// It passes every check that one of a rule passes: own addresses,
    /// gateways, DNS servers, managers, sessions of administrators and the
    /// allow list are never blocked.
    Run(RunArguments),
    /// Undo a response, or all of them.
    ///
    /// An agent that is not connected is told as soon as it is.
    Undo(UndoArguments),
    /// Let a response stay that would be undone unless somebody confirms it.
    Confirm(OneResponse),
    /// Show what was done, to whom, why, and what became of it.
    History(HistoryArguments),
    /// Show what responses would have done to old logs.
    Backtest(backtest::BacktestArguments),
}

#[derive(Args, Debug)]
struct JsonArguments {
    /// One JSON object a line. Times are seconds since 1970.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct OneResponse {
    /// The number of a response, as `list` and `history` show it.
    #[arg(value_name = "ID")]
    id: u64,
}

#[derive(Args, Debug)]
struct RunArguments {
    /// Its name: that of the command and its seconds, such as firewall-drop600.
    /// `bartizan agent-control -L` lists all.
    #[arg(value_name = "RESPONSE")]
    response: String,
    /// Where: number or name of an agent, `all` for all that are connected,
    /// `server` for this machine.
    #[arg(short = 'a', long, value_name = "ID|NAME|all|server")]
    agent: String,
    /// The address or range that it is about.
    #[arg(short = 'i', long, value_name = "ADDRESS")]
    ip: Option<String>,
    /// The user that it is about.
    #[arg(short = 'u', long, value_name = "USER")]
    user: Option<String>,
    /// Undo it after so long (90s, 10m, 2h, 1d) instead of what is configured;
    /// 0 for when it is undone by hand.
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    duration: Option<u32>,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).args(["id", "all"]))]
struct UndoArguments {
    /// The number of a response, as `list` and `history` show it.
    #[arg(value_name = "ID")]
    id: Option<u64>,
    /// All responses of this manager, on this machine and on all agents.
    #[arg(long)]
    all: bool,
}

#[derive(Args, Debug)]
struct HistoryArguments {
    /// Only of this response.
    #[arg(short = 'r', long, value_name = "RESPONSE")]
    response: Option<String>,
    /// Only of this agent; `server` for this machine.
    #[arg(short = 'a', long, value_name = "ID|NAME|server")]
    agent: Option<String>,
    /// Only in this state: decided, sent, done, failed, refused, dry-run,
    /// undone, expired, away.
    #[arg(short = 's', long, value_name = "STATE")]
    state: Option<String>,
    /// Only about this address, or a range that holds it.
    #[arg(short = 'i', long, value_name = "ADDRESS")]
    ip: Option<String>,
    /// Only of the last 90s, 10m, 2h, 7d.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    since: Option<u32>,
    /// So many at most, the newest.
    #[arg(short = 'n', long, value_name = "N", default_value_t = request::ROWS)]
    limit: u32,
    /// One JSON object a line. Times are seconds since 1970.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &RespondCommand) -> Result<ExitCode, CommandError> {
    if let Job::Backtest(arguments) = &command.job {
        return backtest::run(arguments);
    }
    let home = home_folder(command.home.as_deref())?;
    match &command.job {
        Job::List(arguments) => list(&home, arguments.json),
        Job::Run(arguments) => arguments.run(&home),
        Job::Undo(arguments) => undo(&home, arguments),
        Job::Confirm(response) => {
            ask_daemon(&home, &json!({"ask": "confirm", "id": response.id}))?;
            say(&format!("response {} stays\n", response.id))
        }
        Job::History(arguments) => arguments.run(&home),
        Job::Backtest(arguments) => backtest::run(arguments),
    }
}

fn list(home: &Path, json: bool) -> Result<ExitCode, CommandError> {
    let answer = ask_daemon(home, &json!({"ask": "responses"}))?;
    let rows = answer["responses"].as_array().map_or(&[][..], Vec::as_slice);
    say(&match json {
        true => listing::json(rows),
        false if rows.is_empty() => "no response is in force\n".to_owned(),
        false => listing::in_force(rows, now()),
    })
}

fn undo(home: &Path, arguments: &UndoArguments) -> Result<ExitCode, CommandError> {
    let request = match arguments.id {
        Some(id) => json!({"ask": "undo", "id": id}),
        None => json!({"ask": "undo", "all": true}),
    };
    let answer = ask_daemon(home, &request)?;
    say(&listing::undone(&answer))
}

impl RunArguments {
    fn run(&self, home: &Path) -> Result<ExitCode, CommandError> {
        let request = json!({"ask": "respond", "response": self.response, "agent": self.agent, "ip": self.ip,
            "user": self.user, "for_s": self.duration});
        let mut answer = ask_daemon(home, &request)?;
        let rows = outcomes(home, &answer["sent"])?;
        let is_refused =
            rows.iter().all(|row| matches!(row["state"].as_str(), Some("refused" | "failed" | "away")));
        let text = listing::sent(&rows);
        answer["sent"] = rows.into();
        print(&if self.json { format!("{answer}\n") } else { text })?;
        Ok(ExitCode::from(u8::from(is_refused)))
    }
}

/// How long it is waited for what becomes of a response.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(20);

/// The rows of responses that were sent, when all machines have answered; or
/// after a while as they are then.
fn outcomes(home: &Path, sent: &Value) -> Result<Vec<Value>, CommandError> {
    let history = History::open(home).map_err(cannot_read)?;
    let names = Names::new(Registry::open(home)?.agents()?);
    let ids = || sent.as_array().into_iter().flatten().filter_map(|row| row["id"].as_u64());
    let end = Instant::now() + PATIENCE;
    loop {
        let found = ids().map(|id| history.get(id)).collect::<Result<Vec<_>, _>>().map_err(cannot_read)?;
        let is_open = |entry: &Entry| matches!(entry.state, State::Decided | State::Sent);
        if Instant::now() >= end || !found.iter().flatten().any(is_open) {
            return Ok(found.iter().flatten().map(|entry| names.row(entry)).collect());
        }
        thread::sleep(LOOK);
    }
}

impl HistoryArguments {
    /// Reads the file, so that it can be asked without a daemon, too.
    fn run(&self, home: &Path) -> Result<ExitCode, CommandError> {
        let filter = request::Filter {
            response: self.response.clone(),
            agent: self.agent.clone(),
            state: self.state.clone(),
            ip: self.ip.clone(),
            since: self.since.map(|seconds| now() - i64::from(seconds)),
            limit: Some(self.limit),
        };
        let registry = Registry::open(home)?;
        let history = History::open(home).map_err(cannot_read)?;
        let names = Names::new(registry.agents()?);
        let filter = names.filter(&filter).map_err(CommandError::Usage)?;
        let entries = history.find(&filter).map_err(cannot_read)?;
        let rows: Vec<_> = entries.iter().map(|entry| names.row(entry)).collect();
        say(&match self.json {
            true => listing::json(&rows),
            false if rows.is_empty() => "the history has nothing of that\n".to_owned(),
            false => listing::history(&rows),
        })
    }
}

fn cannot_read(error: DatabaseError) -> CommandError {
    CommandError::Io { doing: "cannot read the history".to_owned(), source: std::io::Error::other(error) }
}

/// `90s`, `10m`, `2h`, `7d`; a number alone is seconds.
fn seconds(text: &str) -> Result<u32, String> {
    let wrong = || format!("`{text}` is no time: write 90s, 10m, 2h or 7d");
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, text.chars().last().unwrap_or('s')),
        None => (text, 's'),
    };
    let factor = match unit {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => 1,
    };
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number
        .parse()
        .ok()
        .filter(|_| is_plain)
        .and_then(|number: u32| number.checked_mul(factor))
        .ok_or_else(wrong)
}
