//! What the correlation of rules finds among earlier events.

use super::super::catalog::Catalog;
use super::super::words;
use crate::engine::session::Court;
use bartizan_core::event::Event;
use bartizan_core::image::rows::{RuleRow, search};
use bartizan_core::rules::history::{Key, Slot};
use bartizan_core::rules::judge::Seen;
use bartizan_core::rules::walk::Candidates;

/// Earlier events of a search that are told one by one.
const EVENTS_MAX: usize = 20;

/// An earlier event that a search looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Seconds before this event.
    pub seconds_ago: i64,
    /// The rule that it fired.
    pub rule: u32,
    /// What the search makes of it.
    pub seen: Seen,
    /// Why, in a few words.
    pub reason: String,
    /// Its text.
    pub text: Vec<u8>,
}

/// A search: how many it found, and what it looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The row of the rule.
    pub row: u16,
    /// Earlier events that count; no more are looked for than are wanted.
    pub counted: u32,
    /// Earlier events that must count.
    pub wanted: u32,
    /// Earlier events that were looked at.
    pub looked_at: usize,
    /// The newest of them.
    pub events: Vec<Earlier>,
}

/// The searches of all rules that may be asked about an event.
pub fn all(
    catalog: &Catalog<'_>,
    court: &mut Court<'_, '_>,
    event: &Event<'_>,
    found: &Candidates,
) -> Vec<Search> {
    let mut rows: Vec<u16> = match found.list() {
        Some(list) => list.iter().map(|candidate| catalog.rule_at(candidate.node as usize)).collect(),
        None => (0..catalog.image.rules.len() as u16).collect(),
    };
    rows.sort_unstable();
    rows.dedup();
    let searching = rows.into_iter().filter(|row| catalog.rule(*row).search != search::NONE);
    searching.map(|row| one(catalog, court, event, row)).collect()
}

fn one(catalog: &Catalog<'_>, court: &mut Court<'_, '_>, event: &Event<'_>, row: u16) -> Search {
    let rule = catalog.rule(row);
    let mut seen = Vec::new();
    court.look_back(event, rule, &mut |number, what| seen.push((number, what)));
    let counted = seen.iter().filter(|(_, what)| *what == Seen::Counts).count() as u32;
    let history = court.history();
    let events = seen.iter().take(EVENTS_MAX).filter_map(|(number, what)| {
        let slot = history.get(*number)?;
        Some(Earlier {
            seconds_ago: event.now.epoch - slot.time,
            rule: catalog.rule(slot.rule).id.get(),
            seen: *what,
            reason: reason(rule, slot, *what, unlike(rule, event, |key| history.key(slot, key))),
            text: history.text(*number).unwrap_or(b"").to_vec(),
        })
    });
    let events = events.collect();
    Search { row, counted, wanted: words::wanted(rule), looked_at: seen.len(), events }
}

fn reason(rule: &RuleRow, slot: &Slot, seen: Seen, unlike: String) -> String {
    match seen {
        Seen::Counts => "counts".to_owned(),
        Seen::Other => "is not one that the rule looks for".to_owned(),
        Seen::Unlike => unlike,
        Seen::TooOld => format!("older than {} s: the search ends", rule.timeframe),
        Seen::Elsewhere => "of another agent: the search ends".to_owned(),
        Seen::UsedUp => format!("used up by a rule of level {}: the search ends", slot.mark),
    }
}

/// The first key of an earlier event that is not as a rule wants it.
fn unlike<'s>(rule: &RuleRow, event: &Event<'_>, earlier: impl Fn(Key) -> Option<&'s [u8]>) -> String {
    let (same, different) = (rule.same.get(), rule.different.get());
    for key in Key::ALL {
        let (then, now) = (earlier(key), key.of(event));
        let name = words::key(key);
        let text = |value: Option<&[u8]>| value.map_or_else(|| "missing".to_owned(), words::quoted);
        let both = then.is_some() && now.is_some();
        if same & key.bit() != 0 && (!both || then != now) {
            return format!("same_{name}: {} then, {} now", text(then), text(now));
        }
        if different & key.bit() != 0 && (!both || then == now) {
            return format!("different_{name}: {} then, {} now", text(then), text(now));
        }
    }
    "is not alike".to_owned()
}
