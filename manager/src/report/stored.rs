//! The report of what the store holds.

use super::subject::{known, level_entry, rule_entry};
use super::{Query, Subject, Summary, Tally};
use crate::graph::properties::Properties;
use crate::graph::svg::{Light, Look};
use crate::graph::{Colouring, Gatherer, Limits, fold, png, svg};
use crate::store::{Count, Filter, Reader, StoreError, Totals};

/// Boxes of one kind in a picture: what is read on a telephone, too.
const BOXES_MAX: usize = 12;

/// Counts what a query asks for in the store. If it asks for a time alone,
/// roll-ups answer it; else all alerts of that time are looked at.
pub fn summary(store: &mut Reader, query: Query) -> Result<Summary, StoreError> {
    let filter = Filter { since: query.since, until: query.until, ..Filter::default() };
    let by_totals = query.conditions.is_empty() && query.relations.is_empty() && !query.show_logs;
    let mut tally = Tally::new(query);
    match by_totals {
        true => add(&mut tally, &store.totals(&filter)?),
        false => store.each(&filter, |_, alert| tally.add(alert))?,
    }
    Ok(tally.finish())
}

/// Draws who did what to whom in the alerts that a query asks for, as a PNG;
/// none if there is no alert.
pub fn picture(store: &mut Reader, query: &Query) -> Result<Option<Vec<u8>>, StoreError> {
    let filter = Filter { since: query.since, until: query.until, ..Filter::default() };
    let mut gatherer = Gatherer::default();
    store.each(&filter, |_, alert| {
        if query.spans(alert.id.epoch) && query.wants(alert) {
            gatherer.add(alert);
        }
    })?;
    let triples = gatherer.finish();
    if triples.alerts == 0 {
        return Ok(None);
    }
    let limits = Limits { top: BOXES_MAX, ..Limits::default() };
    let graph = fold(&triples, query.title.as_deref().unwrap_or_default(), &limits, &Properties::default());
    Ok(png::draw(&svg::write(&graph, Look { colouring: Colouring::Level, light: Light::Light })))
}

fn add(tally: &mut Tally, totals: &Totals) {
    tally.add_counts(totals.processed, totals.selected);
    for (_, time) in totals.span.iter().flatten() {
        tally.seen(*time);
    }
    let texts = [
        (Subject::SrcIp, &totals.srcips),
        (Subject::User, &totals.users),
        (Subject::Group, &totals.groups),
        (Subject::Location, &totals.locations),
        (Subject::Filename, &totals.filenames),
    ];
    for (subject, counts) in texts {
        for Count { key, count } in counts {
            // The store keeps what was written; `(none)` and blanks are no names.
            let key = if subject == Subject::Group { key.trim_ascii_start() } else { key };
            known(Some(key)).into_iter().for_each(|key| tally.add_entry(subject, key, *count));
        }
    }
    for (level, count) in &totals.levels {
        tally.add_entry(Subject::Level, level_entry(*level).as_bytes(), *count);
    }
    for rule in &totals.rules {
        tally.add_entry(Subject::Rule, &rule_entry(rule.id, &rule.description), rule.count);
    }
    for (hour, levels) in &totals.hours {
        for (level, count) in levels {
            tally.at_hour(*hour, *level, *count);
        }
    }
}

#[cfg(test)]
mod tests;
