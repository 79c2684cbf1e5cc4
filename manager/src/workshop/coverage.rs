//! Which rules and decoders the cases of a test reach.

use super::catalog::{Catalog, Position};
use bartizan_core::event::Event;
use bartizan_core::image::Image;
use bartizan_core::image::rows::decoder_flag;
use bartizan_core::rules::judge::{Step, Verdict};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Rules and decoders that lines have reached.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// Ids of rules whose conditions all held.
    held: HashSet<u32>,
    /// Rows of rules that fired.
    fired: HashSet<u16>,
    /// Rows of decoders that were chosen.
    decoders: HashSet<u16>,
}

/// What was not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Number of rules in files, and of those whose conditions held at least
    /// once.
    pub rules: (usize, usize),
    /// Number of rules that fired.
    pub fired: usize,
    /// Rows of the rules that were not reached.
    pub rules_missed: Vec<u16>,
    /// Number of decoders, and of those that were chosen at least once.
    pub decoders: (usize, usize),
    /// Names of the decoders that were not reached, with their places.
    pub decoders_missed: Vec<(String, Option<Position>)>,
}

impl Reached {
    /// Notes a step of a walk.
    pub fn note(&mut self, step: Step<'_>) {
        if let Step::Matched(rule) = step {
            self.held.insert(rule.id.get());
        }
    }

    /// Notes what became of a line.
    pub fn conclude(&mut self, event: &Event<'_>, verdict: &Verdict) {
        self.fired.extend(verdict.rule);
        self.decoders.extend(event.decoder);
    }

    /// Adds what other lines of the same rules have reached.
    pub fn add(&mut self, other: Self) {
        self.held.extend(other.held);
        self.fired.extend(other.fired);
        self.decoders.extend(other.decoders);
    }

    /// What these lines have reached of a ruleset. Decoders of one name and one
    /// parent count as one: mostly they are a chain, of which the last that
    /// matches is chosen.
    pub fn coverage(&self, catalog: &Catalog<'_>) -> Coverage {
        let image = &catalog.image;
        // A rule that stands in no file is not for tests of files.
        let rules: Vec<u16> = (0..image.rules.len() as u16)
            .filter(|row| catalog.elements(catalog.rule(*row).id.get()).next().is_some())
            .collect();
        let missed =
            |row: &u16| !self.held.contains(&catalog.rule(*row).id.get()) && !self.fired.contains(row);
        let rules_missed: Vec<u16> = rules.iter().copied().filter(missed).collect();
        let (mut all, mut met) = (BTreeMap::new(), BTreeSet::new());
        for row in (0..image.decoders.len() as u16).filter(|row| !is_stage(image, *row)) {
            let names = names(image, row);
            if self.decoders.contains(&row) || self.is_root_of_one(image, row) {
                met.insert(names.clone());
            }
            all.entry(names).or_insert(row);
        }
        let missed = all.iter().filter(|(names, _)| !met.contains(*names));
        let decoders_missed =
            missed.map(|((name, _), row)| (name.clone(), catalog.decoder_position(*row))).collect();
        Coverage {
            rules: (rules.len(), rules.len() - rules_missed.len()),
            fired: self.fired.len(),
            rules_missed,
            decoders: (all.len(), met.len()),
            decoders_missed,
        }
    }

    /// A root is reached with each of its children.
    fn is_root_of_one(&self, image: &Image<'_>, row: u16) -> bool {
        let children = image.decoder(row).map(|root| image.range(image.index, root.children));
        children.unwrap_or_default().iter().any(|child| self.decoders.contains(&child.get()))
    }
}

fn is_stage(image: &Image<'_>, row: u16) -> bool {
    image.decoder(row).is_some_and(|decoder| decoder.flags & decoder_flag::STAGE != 0)
}

/// The names of a decoder and its parent.
fn names(image: &Image<'_>, row: u16) -> (String, String) {
    let text = |row| String::from_utf8_lossy(image.text(row)).into_owned();
    image.decoder(row).map(|decoder| (text(decoder.own_name), text(decoder.parent))).unwrap_or_default()
}
