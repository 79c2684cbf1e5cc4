//! The tests that a configuration names, which rules must pass before they are
//! used.

use super::Loaded;
use super::ini::{self, Case, NO_PLACES, Triple};
use crate::diagnose::{Diagnostic, Diagnostics, SourceId, Sources, Span, harmless_text};
use crate::engine::session::Lent;
use crate::outputs::clock::LocalClock;
use crate::sources::epoch_now;
use bartizan_core::event::Moment;
use bartizan_core::image::{Dialect, Image};

/// Runs the tests; every case that fails is an error of the report, at its
/// line. Gives the number of cases.
pub fn prove(loaded: &Loaded, sources: &mut Sources, report: &mut Diagnostics) -> usize {
    let files = &loaded.config.rule_files.tests;
    // Whatever the dialect, tests that cannot be read cannot be passed.
    let ids: Vec<_> = files.iter().filter_map(|file| file.load(Dialect::Ossec, sources, report)).collect();
    let mut bench = Bench {
        loaded,
        lent: Lent::new(&loaded.ruleset),
        now: LocalClock::default().moment(epoch_now()),
        image: loaded.ruleset.image(),
    };
    ids.into_iter().map(|file| bench.file(file, sources, report)).sum()
}

struct Bench<'l> {
    loaded: &'l Loaded,
    lent: Lent,
    now: Moment,
    image: Image<'l>,
}

impl Bench<'_> {
    /// Runs the cases of a file.
    fn file(&mut self, file: SourceId, sources: &Sources, report: &mut Diagnostics) -> usize {
        let cases = match ini::cases(sources.bytes(file), self.image.dialect()) {
            Ok(cases) => cases,
            Err(error) => {
                let span = line(sources, file, error.line);
                report.push(Diagnostic::error(file, span, error.message).help("the form is in manual.md"));
                return 0;
            }
        };
        let cases: Vec<_> = cases.into_iter().filter(|case| !case.logs.is_empty()).collect();
        for case in &cases {
            if self.loaded.ruleset.atlas.is_none() && case.asks_where(&self.image) {
                let span = line(sources, file, case.line);
                let message = format!("the test `{}` is skipped: {NO_PLACES}", harmless_text(&case.section));
                report.push(Diagnostic::warning(file, span, message).help("name one with <geoip_db_path>"));
                continue;
            }
            if let Some(failure) = self.failure(case) {
                let span = line(sources, file, case.line);
                let message = format!("the test `{}` fails: {failure}", harmless_text(&case.section));
                let help = "mend the rules, or the test if this is what they should say";
                report.push(Diagnostic::error(file, span, message).help(help));
            }
        }
        cases.len()
    }

    /// What is wrong with the answer to a case, if anything is.
    fn failure(&mut self, case: &Case) -> Option<String> {
        let got = match case.answer(&self.loaded.ruleset, &mut self.lent, self.now) {
            Ok(got) => got,
            Err(error) => return Some(error.to_string()),
        };
        let not = if case.passes { "" } else { "anything but " };
        let failure = || format!("{} in place of {not}{}", words(&got), words(&case.expected));
        (!case.is_met(&got, self.image.dialect())).then(failure)
    }
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
