//! Sources and their numbers.
//!
//! In a session a source is a number; its name is said once. The spool is
//! number 0. A name keeps its number as long as the source is there, and a
//! number that became free is not given away at once, so that what is on its
//! way under the old meaning has arrived.

use bartizan_core::limits::{SOURCE_NAME_MAX, SOURCES_MAX};

/// Names by number, and numbers by name.
#[derive(Debug)]
pub struct Roster {
    names: Vec<Option<Box<str>>>,
    /// Numbers in the order of their names.
    sorted: Vec<u16>,
    /// Where the search for a free number goes on.
    cursor: usize,
}

impl Default for Roster {
    fn default() -> Self {
        Self::new()
    }
}

impl Roster {
    /// Only the spool.
    pub fn new() -> Self {
        Self { names: vec![Some("".into())], sorted: vec![0], cursor: 1 }
    }

    /// The name of a number; empty for one that is free.
    pub fn name(&self, index: u16) -> &str {
        self.names.get(usize::from(index)).and_then(Option::as_deref).unwrap_or("")
    }

    /// The number of a name.
    pub fn find(&self, name: &str) -> Option<u16> {
        let at = self.place(name).ok()?;
        self.sorted.get(at).copied()
    }

    /// Numbers in use, the spool apart.
    pub fn len(&self) -> usize {
        self.sorted.len() - 1
    }

    /// Whether there is nothing but the spool.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives a name a number, one that `open` agrees to. `None` when it is
    /// too long, or there are too many.
    pub fn add(&mut self, name: &str, mut open: impl FnMut(u16) -> bool) -> Option<u16> {
        if name.len() > SOURCE_NAME_MAX || self.sorted.len() >= SOURCES_MAX {
            return None;
        }
        let at = match self.place(name) {
            Ok(at) => return self.sorted.get(at).copied(),
            Err(at) => at,
        };
        let index = (0..SOURCES_MAX)
            .map(|step| 1 + (self.cursor - 1 + step) % (SOURCES_MAX - 1))
            .find(|index| self.names.get(*index).is_none_or(Option::is_none) && open(*index as u16))?;
        self.cursor = 1 + index % (SOURCES_MAX - 1);
        if self.names.len() <= index {
            self.names.resize(index + 1, None);
        }
        self.names[index] = Some(name.into());
        self.sorted.insert(at, index as u16);
        Some(index as u16)
    }

    /// The source is no more.
    pub fn remove(&mut self, index: u16) {
        if index == 0 {
            return;
        }
        if let Some(name) = self.names.get_mut(usize::from(index)) {
            *name = None;
        }
        self.sorted.retain(|other| *other != index);
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.sorted.binary_search_by(|index| self.name(*index).cmp(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_and_numbers_do_not_come_back_at_once() {
        let mut roster = Roster::new();
        let a = roster.add("a", |_| true).unwrap();
        let b = roster.add("b", |_| true).unwrap();
        assert_eq!(roster.add("a", |_| false), Some(a));
        roster.remove(a);
        assert_eq!((roster.find("a"), roster.find("b"), roster.name(b)), (None, Some(b), "b"));
        assert!(![a, b].contains(&roster.add("c", |_| true).unwrap()));
        assert_eq!(roster.len(), 2);
    }

    #[test]
    fn there_are_not_more_than_the_limit() {
        let mut roster = Roster::new();
        for number in 1..SOURCES_MAX {
            assert!(roster.add(&number.to_string(), |_| true).is_some(), "{number}");
        }
        assert_eq!(roster.add("one more", |_| true), None);
        roster.remove(7);
        assert_eq!(roster.add("one more", |_| true), Some(7));
        assert_eq!(roster.add(&"x".repeat(SOURCE_NAME_MAX + 1), |_| true), None);
    }
}
