//! `rules test`: runs cases, shows what they reach, records new ones.

use super::super::{CommandError, PlacesArguments, RulesArguments, now, say};
use crate::diagnose::{Sources, harmless_text};
use crate::engine::Ruleset;
use crate::news;
use crate::outputs::clock::LocalClock;
use crate::plural::counted;
use crate::ruleset::ini::{self, Case, Triple};
use crate::ruleset::{Loaded, bench};
use crate::sources::lines::LineReader;
use crate::workshop::catalog::Catalog;
use crate::workshop::coverage::{Coverage, Reached};
use crate::workshop::record::{self, RecordError};
use bartizan_core::limits::TEXT_MAX;
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::slice;

#[derive(Args, Debug)]
pub(super) struct TestArguments {
    #[command(flatten)]
    rules: RulesArguments,
    #[command(flatten)]
    places: PlacesArguments,
    /// Test files, or folders of them; without any those that the
    /// configuration names. With --record: the lines of the case, each an
    /// argument; without any they are read from standard input.
    #[arg(value_name = "PATH|LINE")]
    paths: Vec<PathBuf>,
    /// Print a summary as JSON, with the cases that failed.
    #[arg(long)]
    json: bool,
    /// List the rules and decoders that no case reaches.
    #[arg(long, conflicts_with = "record")]
    coverage: bool,
    /// Judge lines and add them, with the answer to the last one, as a new
    /// case to this file. What stands in it is never changed.
    #[arg(long, value_name = "FILE.ini")]
    record: Option<PathBuf>,
    /// Title of the section of the new case. Default: made from the rule.
    #[arg(long, value_name = "NAME", requires = "record")]
    name: Option<String>,
}

/// How a case ended.
struct Outcome {
    case: Case,
    file: PathBuf,
    got: Triple,
    passed: bool,
}

pub(super) fn run(arguments: &TestArguments) -> Result<ExitCode, CommandError> {
    let mut sources = Sources::new();
    let mut loaded = arguments.rules.load_with(&mut sources)?;
    arguments.places.put(&mut loaded)?;
    if let Some(file) = &arguments.record {
        return record(arguments, &loaded, &sources, file);
    }
    let configured = loaded.config.rule_files.tests.iter().map(|file| file.path.clone());
    let files = match arguments.paths.as_slice() {
        [] => configured.collect(),
        paths => test_files(paths)?,
    };
    if files.is_empty() {
        let message = "name test files or folders of them; the configuration names none with <rule_test>";
        return Err(CommandError::Usage(message.to_owned()));
    }
    let (cases, skipped) = cases(&files, &loaded.ruleset)?;
    let mut reached = arguments.coverage.then(Reached::default);
    let outcomes = judge(&loaded, cases, reached.as_mut());
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    let catalog = reached.as_ref().map(|_| Catalog::new(&loaded, &sources));
    let coverage =
        reached.zip(catalog.as_ref()).map(|(reached, catalog)| (catalog, reached.coverage(catalog)));
    let printed = if arguments.json {
        let mut summary = summary(&outcomes, skipped);
        if let Some((catalog, coverage)) = &coverage {
            summary["coverage"] = coverage_object(catalog, coverage);
        }
        writeln!(io::stdout(), "{summary}")
    } else {
        let text = coverage.map_or_else(String::new, |(catalog, coverage)| coverage_text(catalog, &coverage));
        print_outcomes(&outcomes, skipped).and_then(|()| io::stdout().write_all(text.as_bytes()))
    };
    printed.map_err(CommandError::output)?;
    if outcomes.is_empty() {
        return Err(CommandError::Nothing("there is no case in these files that can be run".to_owned()));
    }
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// The cases of all files that can be judged, and how many more there are.
fn cases(files: &[PathBuf], ruleset: &Ruleset) -> Result<(Vec<(PathBuf, Case)>, usize), CommandError> {
    let (mut all, mut skipped) = (Vec::new(), 0);
    for file in files {
        let text = fs::read(file).map_err(CommandError::io(format!("cannot read {}", file.display())))?;
        let cases = ini::cases(&text, ruleset.image().dialect()).map_err(|error| {
            CommandError::Usage(format!("{}:{}: {}", file.display(), error.line, error.message))
        })?;
        for case in cases {
            let lacks_places = bench::lacks_places(ruleset, &case);
            if lacks_places {
                let place = format!("{}:{} [{}] {}", file.display(), case.line, case.section, case.key);
                news::tell(format_args!("skipped {}: {}", harmless_text(&place), bench::NO_PLACES));
            }
            if lacks_places || case.logs.is_empty() {
                skipped += 1;
            } else {
                all.push((file.clone(), case));
            }
        }
    }
    Ok((all, skipped))
}

/// How all cases end, in their order.
fn judge(loaded: &Loaded, cases: Vec<(PathBuf, Case)>, reached: Option<&mut Reached>) -> Vec<Outcome> {
    let (files, cases): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let now = LocalClock::default().moment(now());
    let answers = bench::answers(&loaded.ruleset, &cases, now, reached);
    let dialect = loaded.ruleset.image().dialect();
    let outcome = |((case, file), got): ((Case, PathBuf), Triple)| {
        let passed = case.is_met(&got, dialect);
        Outcome { case, file, got, passed }
    };
    cases.into_iter().zip(files).zip(answers).map(outcome).collect()
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
    let all = counted(outcomes.len() + skipped, "case", "cases");
    writeln!(out, "{colour}{all}: {passed} passed, {failed} failed, {skipped} skipped{plain}")?;
    out.flush()
}

/// Judges lines and writes the case down.
fn record(
    arguments: &TestArguments,
    loaded: &Loaded,
    sources: &Sources,
    file: &Path,
) -> Result<ExitCode, CommandError> {
    let logs = recorded_lines(&arguments.paths)?;
    if logs.is_empty() {
        return Err(CommandError::Nothing("there is no line to record".to_owned()));
    }
    let mut case = Case {
        section: String::new(),
        key: String::new(),
        line: 0,
        logs,
        stage: None,
        expected: Triple::default(),
        passes: true,
    };
    let now = LocalClock::default().moment(now());
    let answers = bench::answers(&loaded.ruleset, slice::from_ref(&case), now, None);
    case.expected = answers.into_iter().next().unwrap_or_default();
    let catalog = Catalog::new(loaded, sources);
    let row = case.expected.rule.parse().ok().and_then(|id| catalog.row(id));
    let description = row.map_or_else(String::new, |row| catalog.description(row));
    let otherwise = format!("{}: {}", case.expected.rule, harmless_text(&description));
    let added =
        record::append(file, loaded.ruleset.image().dialect(), arguments.name.as_deref(), &otherwise, &case);
    let title = added.map_err(|error| refused(file, error))?;
    let Triple { rule, level, decoder } = &case.expected;
    if arguments.json {
        let object = json!({
            "file": file.display().to_string(),
            "section": title,
            "expected": {"rule": rule, "level": level, "decoder": decoder},
        });
        return say(&format!("{object}\n"));
    }
    say(&format!("{}: [{title}] expects rule {rule}, level {level}, decoder {decoder}\n", file.display()))
}

fn refused(file: &Path, error: RecordError) -> CommandError {
    match error {
        RecordError::System(source) => {
            CommandError::Io { doing: format!("cannot write {}", file.display()), source }
        }
        error => CommandError::Usage(format!("{}: {error}", file.display())),
    }
}

/// Lines from the command line, or else from standard input.
fn recorded_lines(arguments: &[PathBuf]) -> Result<Vec<Vec<u8>>, CommandError> {
    if !arguments.is_empty() {
        return Ok(arguments.iter().map(|line| line.as_os_str().as_encoded_bytes().to_vec()).collect());
    }
    let mut reader = LineReader::new(io::stdin().lock(), TEXT_MAX);
    let mut lines = Vec::new();
    let reading = || CommandError::io("cannot read standard input");
    while let Some(line) = reader.next_line().map_err(reading())? {
        if !line.bytes.is_empty() {
            lines.push(line.bytes.to_vec());
        }
    }
    Ok(lines)
}

fn percent(part: usize, whole: usize) -> f64 {
    (1000.0 * part as f64 / whole.max(1) as f64).round() / 10.0
}

fn coverage_text(catalog: &Catalog<'_>, coverage: &Coverage) -> String {
    let mut out = String::new();
    for row in &coverage.rules_missed {
        let rule = catalog.rule(*row);
        let place = catalog.rule_position(rule.id.get()).map_or_else(String::new, |place| place.to_string());
        let description = harmless_text(&catalog.description(*row));
        let _ =
            writeln!(out, "rule {} (level {}) is not reached: {description}  ({place})", rule.id, rule.level);
    }
    for (name, place) in &coverage.decoders_missed {
        let place = place.as_ref().map_or_else(String::new, |place| place.to_string());
        let _ = writeln!(out, "decoder {} is not reached  ({place})", harmless_text(name));
    }
    let mut line = |what: &str, (all, reached): (usize, usize)| {
        let _ = writeln!(out, "{reached} of {all} {what} reached ({} %)", percent(reached, all));
    };
    line("rules", coverage.rules);
    line("decoders", coverage.decoders);
    out
}

fn coverage_object(catalog: &Catalog<'_>, coverage: &Coverage) -> Value {
    let part = |(all, reached): (usize, usize)| json!({"all": all, "reached": reached, "percent": percent(reached, all)});
    let mut object = json!({"rules": part(coverage.rules), "decoders": part(coverage.decoders)});
    object["rules"]["fired"] = coverage.fired.into();
    object["rules"]["missed"] =
        coverage.rules_missed.iter().map(|row| catalog.rule(*row).id.get()).collect::<Vec<_>>().into();
    let decoders = coverage.decoders_missed.iter().map(|(name, place)| {
        let file = place.as_ref().map(|place| &place.file);
        json!({"decoder": name, "file": file, "line": place.as_ref().map(|place| place.line)})
    });
    object["decoders"]["missed"] = decoders.collect::<Vec<_>>().into();
    object
}
