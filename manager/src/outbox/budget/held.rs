//! Counts of what was held back, by rule.

use super::Offer;
use crate::outbox::{HeldBack, Notice};
use crate::plural::counted;
use serde::{Deserialize, Serialize};

/// Rules that have a row of their own; the others share one.
const ROWS_MAX: usize = 256;

/// Bytes of a description that are kept.
const DESCRIPTION_MAX: usize = 160;

/// What stands for all rules without a row.
const OTHERS: &str = "other rules";

/// What was held back and not yet told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    rows: Vec<HeldBack>,
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn count(&self) -> u64 {
        self.rows.iter().map(|row| row.count).sum()
    }

    pub(super) fn add(&mut self, offer: &Offer) {
        let row = match self.rows.iter().position(|row| row.rule == offer.rule) {
            Some(place) => place,
            None if self.rows.len() < ROWS_MAX => self.new_row(offer.rule, &offer.description, offer.epoch),
            None => match self.rows.iter().position(|row| row.rule == 0) {
                Some(place) => place,
                None => self.new_row(0, OTHERS, offer.epoch),
            },
        };
        if let Some(row) = self.rows.get_mut(row) {
            row.level = row.level.max(offer.level);
            row.count += 1;
            row.span = (row.span.0.min(offer.epoch), row.span.1.max(offer.epoch));
        }
    }

    fn new_row(&mut self, rule: u32, description: &str, epoch: i64) -> usize {
        let end = description.floor_char_boundary(DESCRIPTION_MAX);
        let description = description[..end].to_owned();
        self.rows.push(HeldBack { rule, level: 0, description, count: 0, span: (epoch, epoch) });
        self.rows.len() - 1
    }

    /// All rows, the highest level first, of equal ones the most frequent.
    pub(super) fn take(&mut self) -> Vec<HeldBack> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_by_key(|row| (std::cmp::Reverse((row.level, row.count)), row.rule));
        rows
    }
}

/// What a digest is about.
pub(super) fn digest(rows: &[HeldBack]) -> Notice {
    let count: u64 = rows.iter().map(|row| row.count).sum();
    let title = match (count, counted(rows.len(), "rule", "rules")) {
        (1, _) => "1 alert was held back".to_owned(),
        (_, rules) => format!("{count} alerts of {rules} were held back"),
    };
    Notice { title, text: String::new(), html: None }
}
