//! `bartizan console`: who may look at it.

mod hidden;

use super::table::{table, time};
use super::{CommandError, home_folder, now, say};
use crate::console::accounts::{AccountError, Accounts};
use crate::console::{Role, StartError, password};
use crate::database::DatabaseError;
use crate::news;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

/// The command.
#[derive(Args, Debug)]
#[command(after_help = FIRST)]
pub struct ConsoleCommand {
    /// Folder for logs and memory, as `bartizan run` has it. Default: bartizan
    /// in your folder for state ($XDG_STATE_HOME or ~/.local/state).
    #[arg(short = 'D', long = "home", value_name = "DIR", global = true)]
    home: Option<PathBuf>,
    #[command(subcommand)]
    about: About,
}

const FIRST: &str = "\
`bartizan run` serves the console at http://127.0.0.1:1518/ and says how to begin with it.
All of this works while it runs: who is removed, or has a new password, is out at once.";

#[derive(Subcommand, Debug)]
enum About {
    /// People, who log in with a password.
    #[command(subcommand)]
    User(UserJob),
    /// Programs, which show a token.
    #[command(subcommand)]
    Token(TokenJob),
}

#[derive(Subcommand, Debug)]
enum UserJob {
    /// Add a user. The password is asked for, or read from standard input.
    Add(AddArguments),
    /// List all users.
    List(ListArguments),
    /// Give a user another password; all its sessions end.
    Password(OneName),
    /// Remove a user; all its sessions end.
    Remove(OneName),
}

#[derive(Subcommand, Debug)]
enum TokenJob {
    /// Add a token and print it, once.
    Add(AddArguments),
    /// List all tokens: name, role, when they were used.
    List(ListArguments),
    /// Remove a token; it is void at once.
    Remove(OneName),
}

#[derive(Args, Debug)]
struct OneName {
    /// The name.
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Args, Debug)]
struct AddArguments {
    #[command(flatten)]
    of: OneName,
    /// What is allowed: a `reader` sees everything, an `administrator` also
    /// undoes and carries out responses, reloads rules, runs reports.
    #[arg(long, value_name = "ROLE", default_value = "reader")]
    role: Role,
}

#[derive(Args, Debug)]
struct ListArguments {
    /// One JSON object a line. Times are seconds since 1970.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &ConsoleCommand) -> Result<ExitCode, CommandError> {
    let home = home_folder(command.home.as_deref())?;
    let mut accounts = Accounts::open(&home)?;
    match &command.about {
        About::User(UserJob::Add(arguments)) => add_user(arguments, &mut accounts),
        About::User(UserJob::List(arguments)) => users(arguments, &accounts),
        About::User(UserJob::Password(of)) => {
            accounts.set_password(&of.name, &new_password()?)?;
            say(&format!("{} has a new password\n", of.name))
        }
        About::User(UserJob::Remove(of)) => {
            accounts.remove_user(&of.name)?;
            say(&format!("{} is removed\n", of.name))
        }
        About::Token(TokenJob::Add(arguments)) => add_token(arguments, &mut accounts),
        About::Token(TokenJob::List(arguments)) => tokens(arguments, &accounts),
        About::Token(TokenJob::Remove(of)) => {
            accounts.remove_token(&of.name)?;
            say(&format!("{} is removed\n", of.name))
        }
    }
}

fn add_user(arguments: &AddArguments, accounts: &mut Accounts) -> Result<ExitCode, CommandError> {
    let name = &arguments.of.name;
    accounts.add_user(name, &new_password()?, arguments.role, now())?;
    say(&format!("{name} may log in, as {}\n", arguments.role))
}

fn add_token(arguments: &AddArguments, accounts: &mut Accounts) -> Result<ExitCode, CommandError> {
    let token = accounts.add_token(&arguments.of.name, arguments.role, now())?;
    // The token alone on standard output, so that it can be piped on.
    news::show("this is shown once; programs send it as `Authorization: Bearer TOKEN`\n");
    say(&format!("{token}\n"))
}

fn users(arguments: &ListArguments, accounts: &Accounts) -> Result<ExitCode, CommandError> {
    let users = accounts.users()?;
    if arguments.json {
        return json(&users);
    }
    let row = |user: &crate::console::accounts::User| {
        [user.name.clone(), user.role.to_string(), time(user.created)]
    };
    say(&table(["NAME", "ROLE", "ADDED"], &users.iter().map(row).collect::<Vec<_>>()))
}

fn tokens(arguments: &ListArguments, accounts: &Accounts) -> Result<ExitCode, CommandError> {
    let tokens = accounts.tokens()?;
    if arguments.json {
        return json(&tokens);
    }
    let row = |token: &crate::console::accounts::Token| {
        let used = token.used.map_or_else(|| "never".to_owned(), time);
        [token.name.clone(), token.role.to_string(), time(token.created), used]
    };
    say(&table(["NAME", "ROLE", "ADDED", "USED"], &tokens.iter().map(row).collect::<Vec<_>>()))
}

fn json(rows: &[impl Serialize]) -> Result<ExitCode, CommandError> {
    let line = |row| serde_json::to_string(row).map(|row| row + "\n");
    let lines: Result<String, _> = rows.iter().map(line).collect();
    say(&lines.map_err(|error| CommandError::output(error.into()))?)
}

/// The digest of a new password.
fn new_password() -> Result<String, CommandError> {
    let asked = if io::stdin().is_terminal() { from_terminal() } else { from_input() };
    let password = asked.map_err(CommandError::io("cannot read a password"))?;
    if let Some(problem) = password::problem(&password) {
        return Err(CommandError::Usage(problem));
    }
    password::digest(&password).map_err(CommandError::io("cannot keep a password"))
}

/// The first line of standard input.
fn from_input() -> io::Result<String> {
    let mut line = String::new();
    let longest = password::LENGTH_MAX as u64 + 2;
    io::stdin().lock().take(longest).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asked for twice, and not shown.
fn from_terminal() -> io::Result<String> {
    let first = hidden::ask("password: ")?;
    if hidden::ask("again: ")? != first {
        return Err(io::Error::other("the two differ"));
    }
    Ok(first)
}

impl From<AccountError> for CommandError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Database(DatabaseError::Newer(_)) => Self::Usage(error.to_string()),
            AccountError::Database(_) | AccountError::Random(_) => Self::Io {
                doing: "cannot use console.db in the home folder".to_owned(),
                source: io::Error::other(error),
            },
            AccountError::Unknown(..) => Self::Nothing(error.to_string()),
            _ => Self::Usage(error.to_string()),
        }
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Unsafe(why) => Self::Usage(why),
            StartError::Accounts(error) => error.into(),
            StartError::Io { address, source } => {
                Self::Io { doing: format!("the console cannot be served at {address}"), source }
            }
        }
    }
}
