//! Which rules and decoders the cases of a test reach.

use super::catalog::{Catalog, Position};
use bartizan_core::event::Event;
use bartizan_core::image::Image;
use bartizan_core::image::rows::decoder_flag;
use bartizan_core::rules::judge::{Step, Verdict};
use std::collections::{BTreeSet, HashSet};

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

    /// What these lines have reached of a ruleset. Several decoders of one
    /// element, one for each parent of its parent's name, count as one.
    pub fn coverage(&self, catalog: &Catalog<'_>) -> Coverage {
        let image = &catalog.image;
        // A rule that stands in no file is not for tests of files.
        let rules: Vec<u16> = (0..image.rules.len() as u16)
            .filter(|row| catalog.elements(catalog.rule(*row).id.get()).next().is_some())
            .collect();
        let missed =
            |row: &u16| !self.held.contains(&catalog.rule(*row).id.get()) && !self.fired.contains(row);
        let rules_missed: Vec<u16> = rules.iter().copied().filter(missed).collect();
        let (mut all, mut met) = (BTreeSet::new(), BTreeSet::new());
        for row in (0..image.decoders.len() as u16).filter(|row| !is_stage(image, *row)) {
            let element = catalog.decoder_element(row).map(|(source, element)| (source, element.span.start));
            let key = (element, name(image, row));
            if self.decoders.contains(&row) || self.is_root_of_one(image, row) {
                met.insert(key.clone());
            }
            all.insert(key);
        }
        let missed = all.difference(&met);
        let decoders_missed = missed
            .map(|(element, name)| {
                (name.clone(), element.map(|(source, start)| catalog.position(source, start)))
            })
            .collect();
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

fn name(image: &Image<'_>, row: u16) -> String {
    let name = image.decoder(row).map_or(&b""[..], |decoder| image.text(decoder.own_name));
    String::from_utf8_lossy(name).into_owned()
}
