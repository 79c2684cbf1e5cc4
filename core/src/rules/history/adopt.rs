//! Other rules take the place of those by which events were remembered.

use super::{EventNumber, History, NO_RULE, Remembered, Slot, VALUES_MAX};
use crate::limits::REMEMBERED_NAMES_MAX;
use crate::record::Span;
use crate::rules::history::Key;
use heapless::Vec;

impl History<'_, '_> {
    /// Takes over what a history of another image remembers, into an empty
    /// one. `row` says which row a rule of the other image has in this one;
    /// events of a rule that has none are remembered as events of no rule, so
    /// no list has them. A value that is compared here and was not there is
    /// missing; what does not fit goes, the oldest first.
    ///
    /// Work: each event of the other history once, and each list that it is in.
    pub fn adopt(&mut self, other: &History<'_, '_>, row: impl Fn(u16) -> Option<u16>) {
        let names = self.names_in(other);
        let stays = self.has_the_same_places(other, &names);
        let (first, end) = (other.memory.at.first, other.memory.at.next);
        let first = first.max(end.saturating_sub(self.memory.slots.len() as u64));
        (self.memory.at.first, self.memory.at.next) = (first, first);
        for number in first..end {
            let Some(old) = other.get(EventNumber(number)) else { break };
            let mut slot = Slot { rule: row(old.rule).unwrap_or(NO_RULE), ..old.clone() };
            let is_written = if stays {
                self.put_at(old.start, other.bytes_of(old))
            } else {
                self.write_bytes(other.text_of(old), &self.values_in(other, old, &names), &mut slot)
            };
            if is_written {
                self.push(slot);
            }
        }
        if stays {
            self.memory.at.write = other.memory.at.write;
        }
    }

    /// For each name that is compared here its number there.
    fn names_in(&self, other: &History<'_, '_>) -> Vec<Option<u16>, REMEMBERED_NAMES_MAX> {
        let there = other.image.compared_names();
        let number = |name: &[u8]| {
            let same = there.iter().position(|there| other.image.text(*there).eq_ignore_ascii_case(name));
            same.map(|number| number as u16)
        };
        self.image.compared_names().iter().map(|name| number(self.image.text(*name))).collect()
    }

    /// Whether the same values are remembered of an event here and there, and
    /// find the same room: then they stay where they are, and go when they
    /// would have gone.
    fn has_the_same_places(&self, other: &History<'_, '_>, names: &[Option<u16>]) -> bool {
        let in_order = (0..).zip(names).all(|(here, there)| *there == Some(here));
        self.memory.bytes.len() == other.memory.bytes.len()
            && self.image.header.settings.keys == other.image.header.settings.keys
            && names.len() == other.image.compared_names().len()
            && in_order
    }

    /// What is remembered here of an event of another history.
    fn values_in<'o>(
        &self,
        other: &'o History<'_, '_>,
        slot: &Slot,
        names: &[Option<u16>],
    ) -> Vec<Remembered<'o>, VALUES_MAX> {
        let keys = Key::of_mask(self.image.header.settings.keys.get()).map(|key| other.number_of(key));
        let names = names.iter().map(|name| name.map(|name| other.number_of_name(name)));
        let value = |number: Option<usize>| number.map_or(Remembered::Nothing, |n| other.remembered(slot, n));
        keys.chain(names).map(value).take(VALUES_MAX).collect()
    }

    /// A value by its number, to be remembered again with the same text. What
    /// stands in the text begins there, all else behind the table of places.
    fn remembered(&self, slot: &Slot, number: usize) -> Remembered<'_> {
        match self.place_of(slot, number) {
            Some((start, len)) if start <= u32::from(slot.text) => {
                Remembered::InText(Span { start: start as u16, len })
            }
            _ => self.value(slot, number).map_or(Remembered::Nothing, Remembered::Copy),
        }
    }
}
