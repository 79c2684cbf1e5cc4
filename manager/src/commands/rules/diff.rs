//! `rules diff`: what would alert differently with other rules.

use super::super::{CommandError, local_host, news, say};
use super::lines::each_line;
use crate::diagnose::{Colour, Diagnostics, Sources, harmless_text};
use crate::engine::session::Lent;
use crate::plural::counted;
use crate::ruleset::{self, Loaded, RulesFrom};
use crate::workshop::difference::{Answer, Comparison, GROUPS_MAX, Group};
use bartizan_core::event::Origin;
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(super) struct DiffArguments {
    /// The rules of now: an ossec.conf, a home folder, or `built-in`.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The rules to be.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Log files, plain or .gz; - for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One JSON object a difference.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DiffArguments) -> Result<ExitCode, CommandError> {
    let (old, new) = (load(&arguments.old)?, load(&arguments.new)?);
    let mut lent = [Lent::new(&old.ruleset), Lent::new(&new.ruleset)];
    let mut comparison = Comparison::new(&old, &new, &mut lent).map_err(CommandError::memory)?;
    let host = local_host();
    let problems = each_line(&arguments.files, |line, location, now| {
        comparison.judge(line, Origin { location, local_host: host.as_bytes(), now });
    })?;
    let groups = comparison.groups();
    say(&match arguments.json {
        true => groups.iter().map(|group| object(group).to_string() + "\n").collect(),
        false => text(&comparison, &groups),
    })?;
    problems.iter().for_each(news::tell);
    let code = if problems.is_empty() { u8::from(comparison.differ > 0) } else { 3 };
    Ok(ExitCode::from(code))
}

fn load(named: &Path) -> Result<Loaded, CommandError> {
    let from = match named {
        built_in if built_in == Path::new("built-in") => RulesFrom::BuiltIn,
        home if home.is_dir() => RulesFrom::configured(None, Some(home)),
        conf => RulesFrom::configured(Some(conf), None),
    };
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let loaded = ruleset::load(&from, &mut sources, &mut report);
    if report.has_errors() {
        news::show(&report.render(&sources, Colour::for_stderr()));
    }
    let message = || format!("the rules of {} cannot be used: {}", named.display(), report.summary());
    loaded.ok_or_else(|| CommandError::Rules(message()))
}

fn text(comparison: &Comparison<'_, '_>, groups: &[&Group]) -> String {
    let mut out = String::new();
    for group in groups {
        let what: Vec<_> = group.differences.iter().map(|difference| difference.word()).collect();
        let _ = writeln!(out, "{} x {}", group.lines, what.join(", "));
        let _ = writeln!(out, "  old  {}", words(&group.old));
        let _ = writeln!(out, "  new  {}", words(&group.new));
        let _ = writeln!(out, "  log  {}\n", harmless_text(&String::from_utf8_lossy(&group.example)));
    }
    if groups.len() == GROUPS_MAX {
        let _ = writeln!(out, "more kinds of differences are counted, but not shown");
    }
    let lines = counted(comparison.lines, "line", "lines");
    let _ = writeln!(out, "{} of {lines} differ", comparison.differ);
    out
}

fn words(answer: &Answer) -> String {
    let decoder = answer.decoder.as_deref().unwrap_or("none");
    let alert = if answer.alert { "alert" } else { "no alert" };
    match (answer.rule, answer.level) {
        (Some(rule), Some(level)) => {
            let description = harmless_text(&answer.description);
            format!("{rule} (level {level}, {alert}, decoder {decoder}) {description}")
        }
        _ => format!("no rule (decoder {decoder})"),
    }
}

fn object(group: &Group) -> Value {
    let answer = |answer: &Answer| {
        json!({
            "rule": answer.rule,
            "level": answer.level,
            "description": answer.description,
            "decoder": answer.decoder,
            "alert": answer.alert,
        })
    };
    let differences: Vec<_> = group.differences.iter().map(|difference| difference.word()).collect();
    json!({
        "lines": group.lines,
        "differences": differences,
        "old": answer(&group.old),
        "new": answer(&group.new),
        "example": String::from_utf8_lossy(&group.example),
    })
}
