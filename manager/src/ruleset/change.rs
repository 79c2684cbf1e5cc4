//! What is different about other rules.

use crate::compile::RuleSource;
use serde_json::{Value, json};
use std::collections::HashMap;

/// From the rules that are in use to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Numbers of rules that are new, in the order of loading.
    pub added: Vec<u32>,
    /// Numbers of those that are gone.
    pub removed: Vec<u32>,
    /// Numbers of those that are written in another way.
    pub changed: Vec<u32>,
    /// Those of them that ask something else: what is remembered of their
    /// events is forgotten, as it is of those that are gone.
    pub forgotten: Vec<u32>,
    /// For each row of before that of the rule that asks the same, if there
    /// is one.
    pub rows: Vec<Option<u16>>,
}

impl Change {
    /// Compares rules, each in the order of their rows.
    pub fn between(old: &[RuleSource], new: &[RuleSource]) -> Self {
        let rows: HashMap<u32, u16> = (0u16..).zip(new).map(|(row, rule)| (rule.id, row)).collect();
        let known: HashMap<u32, u16> = (0u16..).zip(old).map(|(row, rule)| (rule.id, row)).collect();
        let added = new.iter().map(|rule| rule.id).filter(|id| !known.contains_key(id)).collect();
        let mut change = Self { added, ..Self::default() };
        for rule in old {
            let Some(row) = rows.get(&rule.id).copied() else {
                change.removed.push(rule.id);
                change.rows.push(None);
                continue;
            };
            let now = new[usize::from(row)].definition;
            let asks_the_same = now.asks == rule.definition.asks;
            change.rows.push(asks_the_same.then_some(row));
            if now.whole != rule.definition.whole {
                change.changed.push(rule.id);
            }
            if !asks_the_same {
                change.forgotten.push(rule.id);
            }
        }
        change
    }

    /// The numbers, for programs.
    pub fn json(&self) -> Value {
        json!({
            "added": self.added,
            "removed": self.removed,
            "changed": self.changed,
            "forgotten": self.forgotten,
        })
    }
}
