//! `bartizan rules`: what people who write rules work with.

mod diff;
mod lines;
mod listing;
mod profile;
mod reload;
mod states;
mod test;
mod tree;

use super::CommandError;
use crate::plural::counted;
use crate::ruleset::built_in;
use clap::{Args, Subcommand};
use diff::DiffArguments;
pub(super) use listing::no_rule;
use listing::{ListArguments, SearchArguments, ShowArguments};
use profile::ProfileArguments;
use reload::DaemonArguments;
use states::StatesArguments;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use test::TestArguments;
use tree::TreeArguments;

/// List, explain, test, measure, compare and export rules.
#[derive(Args, Debug)]
pub struct RulesCommand {
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand, Debug)]
enum Job {
    /// List all rules: id, level, groups, description.
    List(ListArguments),
    /// Tell all that is known of rules: conditions, parents, children, who
    /// counts their events, and how they are written.
    Show(ShowArguments),
    /// Show which rules hang under which, in the order in which they are tried.
    Tree(TreeArguments),
    /// Find rules by a text.
    Search(SearchArguments),
    /// Run rule tests (.ini files, OSSEC's and Wazuh's form), record new ones.
    /// Each case begins without memories, so their order changes nothing. Exit
    /// code 1: a case failed.
    Test(TestArguments),
    /// Have a running manager read its rules again: they are checked and
    /// tested, then they take the place of those in use, which stay if
    /// anything is wrong. Exit code 1: they stay.
    Reload(DaemonArguments),
    /// Tell how the rules of a running manager stand to those on disk. Exit
    /// code 1: they are not the same.
    Status(DaemonArguments),
    /// Tell which rules and patterns cost most on given logs.
    Profile(ProfileArguments),
    /// Tell what would alert differently with other rules. Exit code 1: something would.
    Diff(DiffArguments),
    /// Write the built-in decoders, rules and tests into a folder.
    Export(ExportArguments),
    /// What rules that watch outputs for changes (check_diff) saw last.
    States(StatesArguments),
}

#[derive(Args, Debug)]
struct ExportArguments {
    /// Where to; created if need be. Existing files are not overwritten.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Runs the command.
pub fn run(command: &RulesCommand) -> Result<ExitCode, CommandError> {
    match &command.job {
        Job::List(arguments) => listing::list(arguments),
        Job::Show(arguments) => listing::show(arguments),
        Job::Tree(arguments) => tree::run(arguments),
        Job::Search(arguments) => listing::search(arguments),
        Job::Test(arguments) => test::run(arguments),
        Job::Reload(arguments) => reload::reload(arguments),
        Job::Status(arguments) => reload::status(arguments),
        Job::Profile(arguments) => profile::run(arguments),
        Job::Diff(arguments) => diff::run(arguments),
        Job::Export(arguments) => export(&arguments.folder),
        Job::States(arguments) => states::run(arguments),
    }
}

fn export(folder: &Path) -> Result<ExitCode, CommandError> {
    let files = built_in::all();
    for (name, _) in &files {
        if folder.join(name).exists() {
            let path = folder.join(name);
            return Err(CommandError::Usage(format!(
                "{} exists already; choose an empty folder",
                path.display()
            )));
        }
    }
    for (name, text) in &files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::File::create_new(&path)?.write_all(text.as_bytes()))
            .map_err(CommandError::io(format!("cannot write {}", path.display())))?;
    }
    let conf = folder.join("etc/ossec.conf");
    let count = counted(files.len(), "file", "files");
    let (folder, conf) = (folder.display(), conf.display());
    let written =
        writeln!(io::stdout(), "{count} written to {folder}\nuse them with: bartizan run -c {conf}");
    written.map_err(CommandError::output)?;
    Ok(ExitCode::SUCCESS)
}
