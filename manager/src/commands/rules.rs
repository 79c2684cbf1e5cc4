//! `bartizan rules`: list them, run their tests, write the built-in ones out.

mod listing;
mod states;
mod tree;

use super::{CommandError, RulesArguments, now};
use crate::engine::session::Lent;
use crate::outputs::clock::LocalClock;
use crate::ruleset::built_in;
use crate::ruleset::ini::{self, Case, Triple};
use clap::{Args, Subcommand};
pub(super) use listing::no_rule;
use listing::{ListArguments, SearchArguments, ShowArguments};
use serde_json::json;
use states::StatesArguments;
use tree::TreeArguments;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// List, test and export rules.
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
    /// Run rule tests (.ini files, OSSEC's and Wazuh's form).
    Test(TestArguments),
    /// Write the built-in decoders, rules and tests into a folder.
    Export(ExportArguments),
    /// What rules that watch outputs for changes (check_diff) saw last.
    States(StatesArguments),
}

#[derive(Args, Debug)]
struct TestArguments {
    #[command(flatten)]
    rules: RulesArguments,
    /// Test files, or folders of them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Print a summary as JSON, with the cases that failed.
    #[arg(long)]
    json: bool,
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
        Job::Test(arguments) => test(arguments),
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
    let (count, folder, conf) = (files.len(), folder.display(), conf.display());
    let written =
        writeln!(io::stdout(), "{count} files written to {folder}\nuse them with: bartizan run -c {conf}");
    written.map_err(CommandError::output)?;
    Ok(ExitCode::SUCCESS)
}

/// How a case ended.
struct Outcome {
    case: Case,
    file: PathBuf,
    got: Triple,
    passed: bool,
}

fn test(arguments: &TestArguments) -> Result<ExitCode, CommandError> {
    let loaded = arguments.rules.load()?;
    let files = test_files(&arguments.paths)?;
    let mut lent = Lent::new(&loaded.ruleset);
    let mut clock = LocalClock::default();
    let mut outcomes = Vec::new();
    let mut skipped = 0;
    for file in &files {
        let doing = || format!("cannot read {}", file.display());
        let text = fs::read(file).map_err(CommandError::io(doing()))?;
        let cases = ini::cases(&text).map_err(|error| {
            CommandError::Usage(format!("{}:{}: {}", file.display(), error.line, error.message))
        })?;
        for case in cases {
            if case.logs.is_empty() {
                skipped += 1;
                continue;
            }
            let got =
                case.answer(&loaded.ruleset, &mut lent, clock.moment(now())).map_err(CommandError::memory)?;
            let passed = case.is_met(&got);
            outcomes.push(Outcome { case, file: file.clone(), got, passed });
        }
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    let printed = if arguments.json {
        writeln!(io::stdout(), "{}", summary(&outcomes, skipped))
    } else {
        print_outcomes(&outcomes, skipped)
    };
    printed.map_err(CommandError::output)?;
    if outcomes.is_empty() {
        return Err(CommandError::Nothing("there is no case in these files".to_owned()));
    }
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// The `.ini` files of all paths, folders in order of names.
fn test_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries =
            fs::read_dir(path).map_err(CommandError::io(format!("cannot read {}", path.display())))?;
        let mut inside: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "ini"))
            .collect();
        inside.sort();
        files.extend(inside);
    }
    if files.is_empty() {
        return Err(CommandError::Nothing("there is no .ini file in these folders".to_owned()));
    }
    Ok(files)
}

fn summary(outcomes: &[Outcome], skipped: usize) -> serde_json::Value {
    let triple = |t: &Triple| json!({"rule": t.rule, "level": t.level, "decoder": t.decoder});
    let failures: Vec<_> = outcomes
        .iter()
        .filter(|outcome| !outcome.passed)
        .map(|outcome| {
            json!({
                "file": outcome.file.display().to_string(),
                "line": outcome.case.line,
                "section": outcome.case.section,
                "case": outcome.case.key,
                "log": outcome.case.logs.last().map(|log| String::from_utf8_lossy(log).into_owned()),
                "must_differ": !outcome.case.passes,
                "expected": triple(&outcome.case.expected),
                "got": triple(&outcome.got),
            })
        })
        .collect();
    json!({
        "cases": outcomes.len() + skipped,
        "passed": outcomes.len() - failures.len(),
        "failed": failures.len(),
        "skipped": skipped,
        "failures": failures,
    })
}

fn print_outcomes(outcomes: &[Outcome], skipped: usize) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let (red, green, plain) =
        if io::stdout().is_terminal() { ("\x1b[31m", "\x1b[32m", "\x1b[0m") } else { ("", "", "") };
    for outcome in outcomes.iter().filter(|outcome| !outcome.passed) {
        let Outcome { case, file, got, .. } = outcome;
        writeln!(out, "{red}failed{plain} {}:{} [{}] {}", file.display(), case.line, case.section, case.key)?;
        for log in &case.logs {
            writeln!(out, "       log      {}", String::from_utf8_lossy(log))?;
        }
        let word = if case.passes { "expected" } else { "not     " };
        writeln!(out, "       {:<9}{:>10} {:>10}", "", word, "got")?;
        let rows = [
            ("rule", &case.expected.rule, &got.rule),
            ("level", &case.expected.level, &got.level),
            ("decoder", &case.expected.decoder, &got.decoder),
        ];
        for (name, expected, got) in rows {
            let mark = if expected == got { "" } else { "  <-" };
            writeln!(out, "       {name:<9}{expected:>10} {got:>10}{mark}")?;
        }
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    let colour = if failed == 0 { green } else { red };
    let passed = outcomes.len() - failed;
    let all = outcomes.len() + skipped;
    writeln!(out, "{colour}{all} cases: {passed} passed, {failed} failed, {skipped} skipped{plain}")?;
    out.flush()
}
