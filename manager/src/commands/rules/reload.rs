//! `rules reload` and `rules status`: the rules of a running manager, and those
//! on disk.

use super::super::{CommandError, home_folder, say};
use crate::agents::control;
use crate::diagnose::harmless_text;
use crate::news;
use crate::outputs::clock::LocalClock;
use crate::plural::counted;
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How long reading and testing rules may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Numbers and names that are listed in one line.
const LISTED_MAX: usize = 20;

#[derive(Args, Debug)]
pub(super) struct DaemonArguments {
    /// Home folder of the manager. Default: bartizan in your folder for state
    /// ($XDG_STATE_HOME or ~/.local/state).
    #[arg(short = 'D', long = "home", value_name = "DIR")]
    home: Option<PathBuf>,
    /// As JSON. Times are seconds since 1970.
    #[arg(long)]
    json: bool,
}

pub(super) fn reload(arguments: &DaemonArguments) -> Result<ExitCode, CommandError> {
    let answer = asked(arguments, "reload")?;
    let is_done = answer["ok"] == true;
    if arguments.json {
        say(&format!("{answer}\n"))?;
    } else {
        news::show(text_of(&answer["problems"]));
    }
    if !is_done {
        return Err(CommandError::Refused(harmless_text(text_of(&answer["error"]))));
    }
    match arguments.json {
        true => Ok(ExitCode::SUCCESS),
        false => say(&done(&answer)),
    }
}

pub(super) fn status(arguments: &DaemonArguments) -> Result<ExitCode, CommandError> {
    let status = asked(arguments, "rules")?;
    if status["ok"] != true {
        return Err(CommandError::Refused(harmless_text(text_of(&status["error"]))));
    }
    let text = if arguments.json { format!("{status}\n") } else { standing(&status) };
    say(&text)?;
    Ok(ExitCode::from(u8::from(!is_up_to_date(&status))))
}

fn asked(arguments: &DaemonArguments, what: &str) -> Result<Value, CommandError> {
    let home = home_folder(arguments.home.as_deref())?;
    let doing = || format!("cannot ask {}", control::path(&home).display());
    let answer = control::ask_for(&home, &json!({ "ask": what }), PATIENCE);
    answer.map_err(|error| CommandError::io(doing())(error))?.ok_or_else(|| nobody(&home))
}

fn nobody(home: &Path) -> CommandError {
    CommandError::Nothing(format!(
        "bartizan does not run in {}: start it with `bartizan run`, or name another folder with --home",
        home.display()
    ))
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// Whether what is in use is what is on disk.
fn is_up_to_date(status: &Value) -> bool {
    status["disk"]["image"] == status["running"]["image"] && listed(&status["files"]).is_empty()
}

/// What has become of a reload.
fn done(answer: &Value) -> String {
    let tests = match answer["tests"].as_u64() {
        None | Some(0) => String::new(),
        Some(tests) => format!(", {} passed", counted(tests, "test", "tests")),
    };
    let sizes = rules_and_decoders(answer);
    let waited = answer["waited_us"].as_f64().unwrap_or(0.0) / 1000.0;
    let mut out = format!("{sizes}{tests}; in place within {waited:.1} ms\n");
    out += &listed(&answer["change"]);
    out
}

/// Where the rules in use stand.
fn standing(status: &Value) -> String {
    let (running, last, disk) = (&status["running"], &status["last"], &status["disk"]);
    let mut out = String::new();
    let _ = writeln!(out, "in use   {}, read {}", sizes(running), time(&running["read"]));
    match last["ok"].as_bool() {
        None => {}
        Some(true) => drop(writeln!(out, "reload   {}: done", time(&last["at"]))),
        Some(false) => {
            let (at, error) = (time(&last["at"]), harmless_text(text_of(&last["error"])));
            let _ = writeln!(out, "reload   {at}: {error}\n\n{}", text_of(&last["problems"]));
        }
    }
    match disk["error"].as_str() {
        None => drop(writeln!(out, "on disk  {}", sizes(disk))),
        Some(error) => {
            let error = harmless_text(error);
            let _ = writeln!(out, "on disk  cannot be used: {error}\n\n{}", text_of(&disk["problems"]));
        }
    }
    let files = listed(&status["files"]);
    if !files.is_empty() {
        out += &format!("files since then:\n{files}");
    }
    let rules = listed(&status["change"]);
    if !rules.is_empty() {
        out += &format!("a reload would change rules:\n{rules}");
    }
    if is_up_to_date(status) {
        out += "what is on disk is in use\n";
    }
    out
}

fn sizes(of: &Value) -> String {
    format!("{}, image {}", rules_and_decoders(of), text_of(&of["image"]))
}

fn rules_and_decoders(of: &Value) -> String {
    let number = |word: &str| of[word].as_u64().unwrap_or(0);
    let rules = counted(number("rules"), "rule", "rules");
    format!("{rules}, {}", counted(number("decoders"), "decoder", "decoders"))
}

fn time(epoch: &Value) -> String {
    let mut out = Vec::new();
    LocalClock::default().local(epoch.as_i64().unwrap_or(0)).write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// A line for each word under which something stands.
fn listed(lists: &Value) -> String {
    let mut out = String::new();
    for word in ["added", "removed", "changed", "forgotten"] {
        let Some(all) = lists[word].as_array().filter(|all| !all.is_empty()) else { continue };
        let name = |one: &Value| one.as_str().map_or_else(|| one.to_string(), harmless_text);
        let names: Vec<_> = all.iter().take(LISTED_MAX).map(name).collect();
        let more = all.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(out, "  {word:<9} {} {}{more}", all.len(), names.join(", "));
    }
    out
}
