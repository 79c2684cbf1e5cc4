//! What is told of a response.

use super::super::note::{NOTE_MAX, Note};
use super::super::slot::{HELD, Slot, TOLD};
use super::super::text::Text;
use super::{Begin, Journal, Report, Responder, State};

/// Bytes of the text of a report; what is longer is cut.
const TEXT_MAX: usize = 768;

/// Tells what became of an order.
pub(super) fn tell(tell: &mut dyn FnMut(Report<'_>), id: u64, state: State, begin: &Begin<'_>, why: &str) {
    let mut out = [0; TEXT_MAX];
    let mut text = Text::new(&mut out);
    text.add_line(begin.response);
    text.add(" ");
    match begin.network {
        Some(network) if begin.user.is_empty() || !is_account(begin) => text.network(&network),
        _ if !begin.user.is_empty() => text.add_line(begin.user),
        _ if !begin.file.is_empty() => text.add_line(begin.file),
        _ => text.add("-"),
    }
    if !why.is_empty() {
        text.add(": ");
        text.add_line(why);
    }
    tell(Report { id, state, text: text.as_str() });
}

fn is_account(begin: &Begin<'_>) -> bool {
    matches!(begin.means, super::Means::LockAccount)
}

/// Tells that there is no such response.
pub(super) fn tell_nothing(tell: &mut dyn FnMut(Report<'_>), id: u64) {
    tell(Report { id, state: State::Undone, text: "nothing was in force" });
}

impl<S: AsRef<[u64]> + AsMut<[u64]>, J: Journal> Responder<S, J> {
    /// Tells what became of the response of a slot.
    pub(super) fn tell_of(&mut self, slot: &Slot, state: State, why: &str, to: &mut dyn FnMut(Report<'_>)) {
        let mut bytes = [0; NOTE_MAX];
        let len = self.read_note(slot.at, &mut bytes).unwrap_or(0);
        match bytes.get(..len).and_then(Note::read) {
            Some(Note::Begin { begin, .. }) => tell(to, slot.id, state, &begin, why),
            // Nobody knows now what it was called.
            _ => {
                let mut out = [0; TEXT_MAX];
                let mut text = Text::new(&mut out);
                text.add_line(if why.is_empty() { "-" } else { why });
                to(Report { id: slot.id, state, text: text.as_str() });
            }
        }
    }

    /// Tells that it is in force.
    pub(super) fn tell_done(&mut self, index: usize, why: &str, to: &mut dyn FnMut(Report<'_>)) {
        let Some(slot) = self.slots_mut().get_mut(index) else { return };
        slot.flags |= TOLD | HELD;
        let slot = *slot;
        self.tell_of(&slot, State::Done, why, to);
        // If it cannot be noted, it is told once more after the next start.
        let _ = self.note(&Note::Done(slot.id));
    }
}
