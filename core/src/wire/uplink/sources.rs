//! What the manager knows of each source.

use crate::limits::SOURCES_MAX;

/// The state of one index of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slot {
    /// No source has this index.
    #[default]
    Free,
    /// There is a source that this session has not named.
    Opened,
    /// The manager was asked where it stands.
    Asked,
    /// The manager has said where it stands.
    Placed,
    /// The manager was asked, but nobody wants to know any more. The index
    /// stays taken: the answer would be mistaken for one to a later question.
    Unwanted,
    /// The manager is to be told that the source is no more.
    Closed,
}

#[derive(Debug)]
pub(super) struct Sources<S> {
    slots: S,
    /// Slots before this one have nothing to be said.
    quiet: usize,
    /// Questions without an answer.
    asked: usize,
}

impl<S: AsRef<[Slot]> + AsMut<[Slot]>> Sources<S> {
    pub(super) fn new(slots: S) -> Self {
        Self { slots, quiet: 0, asked: 0 }
    }

    fn slot(&mut self, index: u16) -> Option<&mut Slot> {
        self.slots.as_mut().iter_mut().take(SOURCES_MAX).nth(usize::from(index))
    }

    pub(super) fn open(&mut self, index: u16) -> bool {
        let Some(slot) = self.slot(index).filter(|slot| **slot == Slot::Free) else { return false };
        *slot = Slot::Opened;
        self.quiet = self.quiet.min(usize::from(index));
        true
    }

    pub(super) fn close(&mut self, index: u16) {
        let Some(slot) = self.slot(index) else { return };
        *slot = match *slot {
            Slot::Free | Slot::Opened => Slot::Free,
            Slot::Asked | Slot::Unwanted => Slot::Unwanted,
            Slot::Placed | Slot::Closed => Slot::Closed,
        };
        self.quiet = self.quiet.min(usize::from(index));
    }

    pub(super) fn is_placed(&self, index: u16) -> bool {
        self.slots.as_ref().get(usize::from(index)) == Some(&Slot::Placed)
    }

    /// Whether an answer is missing.
    pub(super) fn is_waiting(&self) -> bool {
        self.asked > 0
    }

    /// The next source to speak of, and whether it is new.
    pub(super) fn next(&mut self) -> Option<(u16, bool)> {
        let slots = self.slots.as_ref().iter().take(SOURCES_MAX).enumerate().skip(self.quiet);
        let found = slots
            .filter(|(_, slot)| matches!(slot, Slot::Opened | Slot::Closed))
            .map(|(index, slot)| (index as u16, *slot == Slot::Opened))
            .next();
        self.quiet = found.map_or(SOURCES_MAX, |(index, _)| usize::from(index));
        found
    }

    /// What [`Sources::next`] gave was said.
    pub(super) fn announced(&mut self, index: u16) {
        let Some(slot) = self.slot(index) else { return };
        let is_question = *slot == Slot::Opened;
        *slot = if is_question { Slot::Asked } else { Slot::Free };
        self.asked += usize::from(is_question);
    }

    /// An answer has come: whether somebody wants it. None if there was no
    /// question.
    pub(super) fn placed(&mut self, index: u16) -> Option<bool> {
        let slot = self.slot(index)?;
        let is_wanted = *slot == Slot::Asked;
        *slot = match *slot {
            Slot::Asked => Slot::Placed,
            Slot::Unwanted => Slot::Closed,
            _ => return None,
        };
        self.asked -= 1;
        self.quiet = self.quiet.min(usize::from(index));
        Some(is_wanted)
    }

    /// The session is over: all that there is will be asked for again.
    pub(super) fn disconnected(&mut self) {
        for slot in self.slots.as_mut() {
            *slot = match *slot {
                Slot::Opened | Slot::Asked | Slot::Placed => Slot::Opened,
                Slot::Free | Slot::Unwanted | Slot::Closed => Slot::Free,
            };
        }
        self.quiet = 0;
        self.asked = 0;
    }
}
