//! `rules tree`: what hangs under what.
//!
//! A rule that hangs at many places is unfolded at the first of them and named
//! at the others, so the output has at most a line for each place of the tree,
//! and far less where rules are attached to whole groups.

use super::super::{CommandError, RulesArguments, say};
use super::listing::{name, rows};
use crate::diagnose::Sources;
use crate::plural::counted;
use crate::workshop::catalog::Catalog;
use clap::Args;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fmt::Write;
use std::process::ExitCode;

#[derive(Args, Debug)]
pub(super) struct TreeArguments {
    /// Number of a rule; the roots without.
    #[arg(value_name = "ID")]
    id: Option<u32>,
    /// Levels of the tree to show. Default: two from the roots, all under a rule.
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    #[command(flatten)]
    rules: RulesArguments,
    /// One JSON object a line, in the same order.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &TreeArguments) -> Result<ExitCode, CommandError> {
    let mut sources = Sources::new();
    let loaded = arguments.rules.load_with(&mut sources)?;
    let catalog = Catalog::new(&loaded, &sources);
    let (tops, usual) = match arguments.id {
        Some(id) => {
            let rows = rows(&catalog, &[id])?;
            let first = rows.iter().filter_map(|row| catalog.places(*row).first().copied());
            (first.collect::<Vec<_>>(), usize::MAX)
        }
        None => (catalog.image.roots().collect(), 2),
    };
    let mut tree = Tree {
        catalog: &catalog,
        levels: arguments.depth.unwrap_or(usual),
        json: arguments.json,
        unfolded: HashSet::new(),
        out: String::new(),
    };
    for top in tops {
        tree.node(top, 0);
    }
    say(&tree.out)
}

struct Tree<'c, 'l> {
    catalog: &'c Catalog<'l>,
    levels: usize,
    json: bool,
    unfolded: HashSet<u16>,
    out: String,
}

impl Tree<'_, '_> {
    /// Recursion is as deep as the rule tree, which is bounded.
    fn node(&mut self, node: usize, depth: usize) {
        let catalog = self.catalog;
        let row = catalog.rule_at(node);
        let below = catalog.below(node);
        let first = self.unfolded.insert(row);
        let fold = if below.is_empty() {
            Fold::None
        } else if !first {
            Fold::Above
        } else if depth + 1 >= self.levels {
            Fold::Deeper(below.len())
        } else {
            Fold::None
        };
        self.line(row, depth, &fold);
        if matches!(fold, Fold::None) {
            below.for_each(|child| self.node(child, depth + 1));
        }
    }

    fn line(&mut self, row: u16, depth: usize, fold: &Fold) {
        let rule = self.catalog.rule(row);
        let places = self.catalog.places(row).len();
        if self.json {
            let hidden = match fold {
                Fold::None => Value::Null,
                Fold::Above => "shown above".into(),
                Fold::Deeper(count) => json!(count),
            };
            let object = json!({
                "rule": rule.id.get(),
                "level": rule.level.get(),
                "depth": depth,
                "description": self.catalog.description(row),
                "places": places,
                "hidden": hidden,
            });
            let _ = writeln!(self.out, "{object}");
            return;
        }
        let many = if places > 1 { format!("  [one of {places} places]") } else { String::new() };
        let fold = match fold {
            Fold::None => String::new(),
            Fold::Above => "  … as above".to_owned(),
            Fold::Deeper(count) => format!("  … {} under it", counted(*count, "rule", "rules")),
        };
        let _ =
            writeln!(self.out, "{:indent$}{}{many}{fold}", "", name(self.catalog, row), indent = depth * 2);
    }
}

/// What is left out under a rule.
enum Fold {
    None,
    /// It was unfolded before.
    Above,
    /// Rules right under it, which were not asked for.
    Deeper(usize),
}
