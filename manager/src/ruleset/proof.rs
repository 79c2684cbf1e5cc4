//! The tests that a configuration names, which rules must pass before they are
//! used.

use super::ini::{self, Case, Triple};
use super::{Loaded, bench};
use crate::diagnose::{Diagnostic, Diagnostics, SourceId, Sources, Span, harmless_text};
use crate::outputs::clock::LocalClock;
use crate::sources::epoch_now;
use bartizan_core::image::Dialect;

/// Runs the tests; every case that fails is an error of the report, at its
/// line. Gives the number of cases.
pub fn prove(loaded: &Loaded, sources: &mut Sources, report: &mut Diagnostics) -> usize {
    let files = &loaded.config.rule_files.tests;
    // Whatever the dialect, tests that cannot be read cannot be passed.
    let ids: Vec<_> = files.iter().filter_map(|file| file.load(Dialect::Ossec, sources, report)).collect();
    let dialect = loaded.ruleset.image().dialect();
    let read = |file| cases(file, loaded, sources, report).into_iter().map(move |case| (file, case));
    let (files, cases): (Vec<_>, Vec<_>) = ids.into_iter().flat_map(read).unzip();
    let now = LocalClock::default().moment(epoch_now());
    let answers = bench::answers(&loaded.ruleset, &cases, now, None);
    for ((case, file), got) in cases.iter().zip(files).zip(&answers) {
        if !case.is_met(got, dialect) {
            report.push(failure(case, got, file, sources));
        }
    }
    cases.len()
}

/// The cases of a file that can be judged.
fn cases(file: SourceId, loaded: &Loaded, sources: &Sources, report: &mut Diagnostics) -> Vec<Case> {
    let mut cases =
        ini::cases(sources.bytes(file), loaded.ruleset.image().dialect()).unwrap_or_else(|error| {
            let span = line(sources, file, error.line);
            report.push(Diagnostic::error(file, span, error.message).help("the form is in manual.md"));
            Vec::new()
        });
    cases.retain(|case| {
        let lacks_places = bench::lacks_places(&loaded.ruleset, case);
        if lacks_places {
            let message =
                format!("the test `{}` is skipped: {}", harmless_text(&case.section), bench::NO_PLACES);
            let skipped = Diagnostic::warning(file, line(sources, file, case.line), message);
            report.push(skipped.help("name one with <geoip_db_path>"));
        }
        !lacks_places && !case.logs.is_empty()
    });
    cases
}

/// What is said of a case that got another answer than it wants.
fn failure(case: &Case, got: &Triple, file: SourceId, sources: &Sources) -> Diagnostic {
    let not = if case.passes { "" } else { "anything but " };
    let failure = format!("{} in place of {not}{}", words(got), words(&case.expected));
    let message = format!("the test `{}` fails: {failure}", harmless_text(&case.section));
    let help = "mend the rules, or the test if this is what they should say";
    Diagnostic::error(file, line(sources, file, case.line), message).help(help)
}

fn words(answer: &Triple) -> String {
    let Triple { rule, level, decoder } = answer;
    let decoder = harmless_text(decoder);
    match rule.as_str() {
        "" => format!("no rule (decoder {decoder})"),
        rule => format!("rule {}, level {} (decoder {decoder})", harmless_text(rule), harmless_text(level)),
    }
}

/// A line of a file, by its number from 1.
fn line(sources: &Sources, file: SourceId, number: usize) -> Span {
    let bytes = sources.bytes(file);
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let start: usize = lines.by_ref().take(number.saturating_sub(1)).map(<[u8]>::len).sum();
    let len = lines.next().map_or(0, |line| line.trim_ascii_end().len());
    Span::new(start, start + len)
}
