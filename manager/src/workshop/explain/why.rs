//! Why one rule did not fire on a line: the first thing on the way from the
//! root to it that said no.

use super::super::catalog::Catalog;
use super::Explanation;
use super::walk::{Outcome, TriedRule};
use bartizan_core::event::{Category, Event};
use bartizan_core::image::rows::rule_flag;
use bartizan_core::rules::judge::Fate;

/// What said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// None: the rule fires, and this becomes of it.
    Fires(Fate),
    /// The rule holds, but a rule under it fires.
    Below(u16),
    /// The rule holds, but never fires itself, and no rule under it does.
    NoAlert,
    /// It hangs under rules for another type of log.
    Category,
    /// It was not tried, because this rule, which stands before it, holds.
    Earlier(u16),
    /// A rule on the way, or the rule itself, does not hold.
    Says(TriedRule),
    /// It hangs nowhere in the tree.
    Nowhere,
}

/// Why a rule did not fire, at the place where it came nearest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The rule.
    pub row: u16,
    /// The rules above it that hold, from the root down, each by its row.
    pub held: Vec<u16>,
    /// The rule on the way that was not reached or said no; the rule itself
    /// if all above it hold.
    pub at: u16,
    /// What said no.
    pub obstacle: Obstacle,
    /// Places at which the rule hangs.
    pub places: usize,
}

/// Why a rule did not fire. Looks at all its places.
pub fn why(catalog: &Catalog<'_>, event: &Event<'_>, explanation: &Explanation, row: u16) -> Why {
    let places = catalog.places(row);
    let ways = places.iter().map(|place| way(catalog, event, explanation, row, *place));
    let fires = |why: &Why| matches!(why.obstacle, Obstacle::Fires(_) | Obstacle::Below(_));
    let best = ways.max_by_key(|why| (fires(why), why.held.len(), why.obstacle != Obstacle::Category));
    let nowhere = Why { row, held: Vec::new(), at: row, obstacle: Obstacle::Nowhere, places: 0 };
    best.map_or(nowhere, |why| Why { places: places.len(), ..why })
}

fn way(catalog: &Catalog<'_>, event: &Event<'_>, explanation: &Explanation, row: u16, place: usize) -> Why {
    let mut held = Vec::new();
    for node in catalog.path(place) {
        let at = catalog.rule_at(node);
        let tried = explanation.rules.iter().find(|tried| tried.node == node);
        let obstacle = match tried {
            None => not_tried(catalog, event, explanation, node),
            Some(tried) if tried.outcome == Outcome::Holds => {
                held.push(at);
                continue;
            }
            Some(tried) => Obstacle::Says(*tried),
        };
        return Why { row, held, at, obstacle, places: 0 };
    }
    held.pop();
    let verdict = &explanation.verdict;
    let obstacle = match verdict.rule {
        Some(fired) if fired == row => Obstacle::Fires(verdict.fate),
        Some(fired) if catalog.places(fired).iter().any(|node| catalog.path(*node).contains(&place)) => {
            Obstacle::Below(fired)
        }
        _ if catalog.rule(row).flags.get() & rule_flag::NO_ALERT != 0 => Obstacle::NoAlert,
        Some(fired) => Obstacle::Below(fired),
        None => Obstacle::NoAlert,
    };
    Why { row, held, at: row, obstacle, places: 0 }
}

fn not_tried(catalog: &Catalog<'_>, event: &Event<'_>, explanation: &Explanation, node: usize) -> Obstacle {
    let category = Category::from_u8(catalog.rule(catalog.rule_at(node)).category);
    if catalog.above(node).is_none() && category != Some(event.category) {
        return Obstacle::Category;
    }
    // The walk ended before: at a rule of the same family, or of a root's.
    let same_family = |tried: &&TriedRule| {
        tried.outcome == Outcome::Holds && catalog.above(tried.node) == catalog.above(node)
    };
    let winner = explanation.rules.iter().rev().find(same_family);
    match (winner, explanation.verdict.rule) {
        (Some(winner), _) => Obstacle::Earlier(winner.row),
        (None, Some(fired)) => Obstacle::Earlier(fired),
        (None, None) => Obstacle::Category,
    }
}
