//! `bartizan alerts verify`: whether old files are what they were.

use super::super::table::table;
use super::super::{CommandError, home_folder, print};
use crate::outputs::seal::verify::{State, Verified, verify};
use crate::plural::counted;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Prove that the files of earlier days are what they were.
///
/// Each day's alerts, archives and firewall.log have a sum (.sum) that also
/// holds the sum of the day before. Ends with 1 if a file or a sum was changed.
#[derive(Args, Debug)]
pub(super) struct VerifyArguments {
    /// Folder for logs and memory, as `bartizan run` has it. Default: bartizan
    /// in your folder for state ($XDG_STATE_HOME or ~/.local/state).
    #[arg(short = 'D', long = "home", value_name = "DIR")]
    home: Option<PathBuf>,
    /// All files, also those that are intact.
    #[arg(long)]
    all: bool,
    /// One JSON object a line, of all files.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &VerifyArguments) -> Result<ExitCode, CommandError> {
    let home = home_folder(arguments.home.as_deref())?;
    let found = verify(&home);
    let bad = found.iter().filter(|file| file.state.is_bad()).count();
    match arguments.json {
        true => print(&found.iter().map(|file| object(&home, file)).collect::<String>())?,
        false => print(&text(&home, &found, arguments.all))?,
    }
    Ok(ExitCode::from(u8::from(bad > 0)))
}

fn name(home: &Path, file: &Verified) -> String {
    file.path.strip_prefix(home).unwrap_or(&file.path).display().to_string()
}

fn object(home: &Path, file: &Verified) -> String {
    format!("{}\n", json!({"file": name(home, file), "state": file.state}))
}

fn text(home: &Path, found: &[Verified], all: bool) -> String {
    let count = |state| found.iter().filter(|file| file.state == state).count();
    let shown: Vec<_> = found
        .iter()
        .filter(|file| all || file.state.is_bad())
        .map(|file| [words(file.state).to_owned(), name(home, file)])
        .collect();
    let listed = if shown.is_empty() { String::new() } else { table(["STATE", "FILE"], &shown) + "\n" };
    let bad = found.iter().filter(|file| file.state.is_bad()).count();
    format!(
        "{listed}{} intact, {bad} not, {} not sealed (their day is not over)\n",
        counted(count(State::Intact), "file", "files"),
        count(State::NotSealed)
    )
}

fn words(state: State) -> &'static str {
    match state {
        State::Intact => "intact",
        State::Changed => "CHANGED",
        State::Missing => "MISSING",
        State::ChainBroken => "the day before was changed",
        State::Unreadable => "cannot be read",
        State::NotSealed => "not sealed",
    }
}
