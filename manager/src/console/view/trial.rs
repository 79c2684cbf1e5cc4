//! What lines would give, and why: the box to try rules in. Nothing is written
//! down, and nothing that happened before is remembered.

use super::rules::Rulebook;
use super::{alerts::Named, text};
use crate::engine::memory::MemoryOptions;
use crate::engine::session::{EngineOptions, Lent, Session};
use crate::outputs::clock::LocalClock;
use crate::sources::{epoch_now, local_host};
use crate::workshop::catalog::Catalog;
use crate::workshop::explain::told::{self, label, said};
use crate::workshop::explain::{Explainer, why};
use bartizan_core::event::{Event, Known, Origin};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode;
use bartizan_core::rules::judge::Manner;
use schemars::JsonSchema;
use serde::Serialize;

/// Lines that are tried at once, one after the other, so that what counts
/// earlier events can be seen, too.
pub const LINES_MAX: usize = 20;

/// Bytes of a line that are looked at (OSSEC 4.3).
const LINE_MAX: usize = 6135;

/// What a line gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tried {
    /// The line.
    pub log: String,
    /// The host of its header.
    pub hostname: String,
    /// The program of its header.
    pub program: Option<String>,
    /// What stands behind its header.
    pub message: String,
    /// The decoder.
    pub decoder: Option<String>,
    /// The fields that it found.
    pub fields: Vec<Named>,
    /// The rule that fired.
    pub rule: Option<u32>,
    /// Its level.
    pub level: Option<u16>,
    /// What it says.
    pub description: Option<String>,
    /// Whether there would be an alert.
    pub alert: bool,
    /// Which decoders and rules were tried, and what said no.
    pub why: String,
}

/// Tries lines; with a rule, it is told of each why that one did not fire.
///
/// # Errors
/// What is wrong with the question.
pub fn lines(book: &Rulebook, lines: &str, about: Option<u32>) -> Result<Vec<Tried>, String> {
    let catalog = Catalog::new(book, &book.texts);
    let about = match about {
        Some(rule) => Some(catalog.row(rule).ok_or_else(|| format!("there is no rule {rule}"))?),
        None => None,
    };
    let options = EngineOptions {
        manner: Manner::Test,
        memory: MemoryOptions { home: book.home.clone(), write: false },
    };
    let mut lent = Lent::new(&book.ruleset);
    let session = Session::new(&book.ruleset, &mut lent, &options);
    let session = session.map_err(|error| format!("the memory of rules cannot be used: {error}"))?;
    let explainer = Explainer::new(&book.ruleset, catalog);
    let mut trial =
        Trial { session, explainer, about, clock: LocalClock::default(), known: Known::default() };
    let all = lines.lines().map(str::trim_end).filter(|line| line.len() >= 2);
    Ok(all.take(LINES_MAX).map(|line| trial.line(line.as_bytes())).collect())
}

struct Trial<'r, 'm> {
    session: Session<'r, 'm>,
    explainer: Explainer<'r>,
    about: Option<u16>,
    clock: LocalClock,
    known: Known,
}

impl Trial<'_, '_> {
    fn line(&mut self, line: &[u8]) -> Tried {
        let line = line.get(..LINE_MAX).unwrap_or(line);
        let mut buffer = [0; TEXT_MAX];
        let image = self.session.court.image;
        let cleaned = predecode::clean(line, image.dialect(), &mut buffer);
        let host = local_host();
        let now = self.clock.moment(epoch_now());
        let origin = Origin { location: b"stdin", local_host: host.as_bytes(), now };
        let mut event = Event::new(cleaned, origin, &mut self.known);
        let explanation = self.explainer.judge(&mut self.session, &mut event);
        let told = match self.about {
            Some(row) => {
                let why = why::why(&self.explainer.catalog, &event, &explanation, row);
                told::why_text(&mut self.explainer, &event, &explanation, &why)
            }
            None => told::text(&self.explainer.catalog, &event, &explanation),
        };
        let verdict = explanation.verdict;
        let rule = verdict.rule.and_then(|row| image.rule(row));
        let field = |(target, value): &(_, _)| {
            Some(Named { name: label(&image, *target), value: text(event.bytes(*value)?) })
        };
        let tried = Tried {
            log: text(event.text),
            hostname: text(event.hostname()),
            program: event.program_name().map(text),
            message: text(event.log()),
            decoder: image.decoder_name(event.decoder).map(text),
            fields: event.assigned().iter().filter_map(field).collect(),
            rule: rule.map(|rule| rule.id.get()),
            level: rule.map(|rule| rule.level.get()),
            description: rule.map(|_| text(&said(&image, &event, &verdict))),
            alert: verdict.alerts(&image),
            why: told.trim_matches('\n').to_owned(),
        };
        self.session.court.remember(&event, &verdict);
        tried
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::view::rules::sample::built_in;

    const LINE: &str = "Nov 21 07:29:50 gate sshd[4]: Failed password for root from 192.0.2.7 port 4000 ssh2";

    #[test]
    fn a_line_gives_its_rule_and_the_reasons() {
        let book = built_in();
        let tried = lines(&book, &format!("{LINE}\r\n\n{LINE}"), None).expect("tried");
        assert_eq!(tried.len(), 2);
        let first = &tried[0];
        assert_eq!((first.decoder.as_deref(), first.rule, first.alert), (Some("sshd"), Some(5716), true));
        assert!(first.fields.contains(&Named { name: "srcip".to_owned(), value: "192.0.2.7".to_owned() }));
        assert!(first.why.contains("Rules, in the order"), "{}", first.why);
    }

    #[test]
    fn events_before_count_and_a_rule_can_be_asked_about() {
        let book = built_in();
        let tried = lines(&book, &format!("{LINE}\n").repeat(30), Some(5720)).expect("tried");
        assert_eq!(tried.len(), LINES_MAX);
        assert!(tried.iter().any(|tried| tried.rule == Some(5720)), "several failures of one source");
        assert!(tried[0].why.contains("Rule 5720"), "{}", tried[0].why);
        assert_eq!(lines(&book, LINE, Some(4_000_000)), Err("there is no rule 4000000".to_owned()));
    }
}
