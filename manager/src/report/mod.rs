//! What happened in a time, in one text: the report that people of OSSEC know.
//!
//! ```text
//!  alerts.log, alerts.json ──► AlertReader ─┐
//!  store ───────────────────────────────────┴─► Tally ──► Summary ──► text, JSON, CSV, HTML, mail
//! ```
//!
//! A [`Query`] says what is asked: which alerts ([`Condition`]), and which
//! values are to be shown beside which ([`Relation`]). A [`Tally`] counts them
//! in bounded memory; a [`Summary`] is what came of it, and each layout writes
//! it in its own way and makes harmless what stands in it.
//!
//! | room | what |
//! |---|---|
//! | [`subject`] | what alerts are counted by |
//! | [`condition`] | which alerts count |
//! | [`tally`] | counting |
//! | [`summary`] | what was counted |
//! | [`stored`] | what the store has counted, or holds |
//! | [`text`] | as `ossec-reportd` prints it |
//! | [`json`], [`csv`] | for programs |
//! | [`html`] | a page of its own with charts |
//! | [`mail`] | the same for mail programs |
//! | [`period`] | days, weeks, months, by the local calendar |
//! | [`schedule`] | what is made when its time is over |

pub(crate) mod chart;
pub mod condition;
pub mod csv;
pub mod html;
pub mod json;
mod made;
pub mod mail;
pub(crate) mod markup;
pub mod period;
pub mod schedule;
pub mod stored;
pub mod subject;
pub mod summary;
pub mod tally;
#[cfg(test)]
mod tests;
pub mod text;

use crate::alert::Alert;
use crate::alert::log_reader::AlertReader;
pub use condition::Condition;
pub use subject::Subject;
pub(crate) use subject::known;
pub use summary::{Band, Summary};
pub use tally::Tally;

/// What a report is to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Its name.
    pub title: Option<String>,
    /// What must hold of an alert: all of these.
    pub conditions: Vec<Condition>,
    /// What is shown beside what.
    pub relations: Vec<Relation>,
    /// Show the alerts, too.
    pub show_logs: bool,
    /// Alerts from this second on (since 1970), and before that one.
    pub since: Option<i64>,
    /// See `since`.
    pub until: Option<i64>,
}

/// For each entry of one subject: the values of another that came with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Whose entries.
    pub of: Subject,
    /// Whose values.
    pub to: Subject,
}

impl Query {
    /// Whether an alert is within the time that is asked for.
    pub fn spans(&self, epoch: i64) -> bool {
        self.since.is_none_or(|since| epoch >= since) && self.until.is_none_or(|until| epoch < until)
    }

    /// Whether all conditions hold of an alert.
    pub fn wants(&self, alert: &Alert<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.holds(alert))
    }

    /// Subjects with related values, in the order of a report.
    fn related(&self) -> impl Iterator<Item = (Subject, Vec<Subject>)> {
        let to = |of| {
            let to = |to: &Subject| self.relations.contains(&Relation { of, to: *to });
            Subject::RELATED.into_iter().filter(to).collect::<Vec<_>>()
        };
        Subject::ALL.into_iter().map(move |of| (of, to(of))).filter(|(_, to)| !to.is_empty())
    }
}

/// Counts any bytes as alerts, and writes all layouts: for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let all = |of| Subject::ALL.map(|to| Relation { of, to });
    let relations = Subject::ALL.into_iter().flat_map(all).collect();
    let title = Some(String::from_utf8_lossy(bytes).chars().take(100).collect());
    let mut tally = Tally::new(Query { title, relations, show_logs: true, ..Query::default() });
    let mut reader = AlertReader::new(bytes);
    while let Ok(Some(alert)) = reader.next_alert() {
        tally.add(&alert);
    }
    let summary = tally.finish();
    let shown = [text::write(&summary), csv::write(&summary), html::write(&summary)];
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\r');
    assert!(shown.iter().all(|text| !text.contains(obeyed)));
    assert!(!shown[2].contains("<script") && !mail::write(&summary, "", false).contains("<script"));
    json::value(&summary);
}
