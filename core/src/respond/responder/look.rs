//! Whether what was put into the packet filter is still there.

use super::super::slot::{Fact, Kind, Slot};
use super::super::text::Text;
use super::super::{ipset, nft};
use super::{Job, Journal, Outcome, Report, Responder, State, Ticket, Tool};
use crate::time::Millis;

/// Milliseconds from one look to the next.
pub(super) const EVERY_MS: u64 = 60_000;

const TOOLS: [Tool; 2] = [Tool::Nft, Tool::Ipset];

/// Whether it stands in the packet filter, as far as is known, and should.
fn stands(slot: &Slot, tool: Tool, now: Millis) -> bool {
    slot.kind() == Kind::Filter(tool) && slot.fact() == Fact::In && slot.is_wanted(now)
}

impl<S: AsRef<[u64]> + AsMut<[u64]>, J: Journal> Responder<S, J> {
    /// What stands in a packet filter was put there or looked at just now.
    pub(super) fn look_later(&mut self, kind: Kind, now: Millis) {
        for (tool, look) in TOOLS.into_iter().zip(&mut self.looks) {
            if kind == Kind::Filter(tool) {
                *look = now.plus(EVERY_MS);
            }
        }
    }

    /// When the next look is due. Work: looks at each slot.
    pub(super) fn next_look(&self, now: Millis) -> Millis {
        if self.gathered.is_some() {
            return Millis::NEVER;
        }
        let used = |tool| self.slots().iter().any(|slot| stands(slot, tool, now));
        let looks = TOOLS.into_iter().zip(self.looks).filter(|(tool, _)| used(*tool));
        looks.map(|(_, look)| look).fold(Millis::NEVER, Millis::min)
    }

    /// The job that looks, where it is time.
    pub(super) fn look<'o>(&mut self, now: Millis, out: &'o mut [u8]) -> Option<Job<'o>> {
        if now < self.next_look(now) {
            return None;
        }
        let is_due = |(tool, look): &(Tool, Millis)| {
            now >= *look && self.slots().iter().any(|slot| stands(slot, *tool, now))
        };
        let (tool, _) = TOOLS.into_iter().zip(self.looks).find(is_due)?;
        self.look_later(Kind::Filter(tool), now);
        self.looking = self.new_ticket();
        self.gathered = Some((self.looking, None));
        let mut text = Text::new(out);
        let standing = self.slots().iter().filter(|slot| stands(slot, tool, now));
        match tool {
            Tool::Nft => nft::ask(&mut text),
            Tool::Ipset => ipset::ask(&mut text, standing.filter_map(Slot::network)),
        }
        Some(Job::Look { ticket: Ticket(self.looking), tool, script: text.into_str() })
    }

    /// A look has ended: what is missing is put back.
    pub(super) fn looked(&mut self, outcome: Outcome<'_>, tell: &mut dyn FnMut(Report<'_>)) {
        self.looking = 0;
        if matches!(outcome, Outcome::NotDone(_)) {
            self.rebuild();
            let text = "somebody has emptied the packet filter; what should stand there is put back";
            tell(Report { id: 0, state: State::Undone, text });
        }
    }
}
