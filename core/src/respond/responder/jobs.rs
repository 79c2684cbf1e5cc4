//! Giving jobs out, and learning how they ended.

use super::super::note::{NOTE_MAX, Note};
use super::super::slot::{
    ADDING, Action, Batch, CHANGED, ENDING, Fact, GUARDED, HELD, Kind, QUIET, Slot, TOLD,
};
use super::super::text::Text;
use super::super::{ipset, nft, route};
use super::{Failed, Job, Journal, Means, Moment, Outcome, Report, Responder, State, Ticket, Tool};
use crate::limits::RESPONSE_JOB_MAX;
use crate::time::Millis;

/// Programs, beside packet filter and routes, that run at once.
const SINGLES_MAX: usize = 4;

/// Room for what a script has once.
const HEAD_ROOM: usize = 1024;

/// Room for all that a script has of one IPv4 address or range.
const ROOM_V4: usize = 104;

/// The same of IPv6.
const ROOM_V6: usize = 160;

/// Which of the things that can be emptied a slot is in.
pub(super) fn clear_index(slot: &Slot) -> Option<usize> {
    match slot.kind() {
        Kind::Filter(Tool::Nft) => Some(0),
        Kind::Filter(Tool::Ipset) if slot.is_v4() => Some(1),
        Kind::Filter(Tool::Ipset) => Some(2),
        _ => None,
    }
}

impl<S: AsRef<[u64]> + AsMut<[u64]>, J: Journal> Responder<S, J> {
    /// The next thing to do, if there is one now and not too much is being
    /// done: one script for packet filter or routes, and four other programs.
    /// To be called until there is none, whenever something has happened and
    /// at the [deadline](Self::deadline). `out` is lent for its texts:
    /// [`RESPONSE_JOB_MAX`] bytes, and with fewer there is no job. Where the
    /// journal cannot be read, each slot may be tried.
    pub fn next_job<'o>(
        &mut self,
        at: Moment,
        out: &'o mut [u8],
        tell: &mut dyn FnMut(Report<'_>),
    ) -> Option<Job<'o>> {
        if self.unread > 0 && !self.read_again(at, tell) {
            return None;
        }
        self.note_clocks(at);
        if at.now < self.wake || out.len() < RESPONSE_JOB_MAX {
            return None;
        }
        self.forget_all(at, tell);
        // Also if there is nothing to do: what was told must stay so.
        if self.is_unsynced {
            self.is_unsynced = self.journal.sync().is_err();
        }
        if self.is_unsynced {
            self.fail_begun(tell);
        }
        loop {
            match self.pick(at.now) {
                Some((index, kind)) if kind.is_gathered() => {
                    return Some(self.gather(index, kind, at.now, out));
                }
                Some((index, _)) => match self.read_order(index, out) {
                    Ok(len) => return self.single(index, len, at, out, tell),
                    Err(Failed) => self.try_later(index, "the journal cannot be read", at.now, tell),
                },
                None => match self.next_empty() {
                    Some(index) => return Some(self.empty(index, out)),
                    None => return self.look(at.now, out),
                },
            }
        }
    }

    /// Forgets what is over and need not be undone.
    fn forget_all(&mut self, at: Moment, tell: &mut dyn FnMut(Report<'_>)) {
        let mut index = 0;
        while let Some(slot) = self.slots().get(index).copied() {
            let is_over = slot.action(at.now) == Some(Action::Forget);
            if !(is_over && self.forget(index, at.now, tell)) {
                index += 1;
            }
        }
    }

    /// The disk fails: nothing is begun whose end is not certain.
    fn fail_begun(&mut self, tell: &mut dyn FnMut(Report<'_>)) {
        let mut index = 0;
        while let Some(slot) = self.slots().get(index).copied() {
            if slot.ticket == 0 && slot.fact() == Fact::Out {
                self.tell_of(&slot, State::Failed, "the journal cannot be brought to disk", tell);
                let _ = self.note(&Note::Ended(slot.id));
                self.remove(index);
            } else {
                index += 1;
            }
        }
    }

    /// A slot with which something is to be done now. If there is none, it is
    /// known when there will be.
    fn pick(&mut self, now: Millis) -> Option<(usize, Kind)> {
        let first = self.cursor.checked_rem(self.count).unwrap_or(0);
        let (before, after) = self.slots().split_at_checked(first)?;
        let mut next = Millis::NEVER;
        let in_turn = (first..).zip(after).chain(before.iter().enumerate());
        for (index, slot) in in_turn {
            let kind = slot.kind();
            let has_room =
                if kind.is_gathered() { self.gathered.is_none() } else { self.singles < SINGLES_MAX };
            match slot.action(now) {
                None => next = next.min(slot.next(now)),
                Some(_) if has_room => return Some((index, kind)),
                Some(_) => {}
            }
        }
        self.wake = next.min(self.next_look(now));
        None
    }

    pub(super) fn new_ticket(&mut self) -> u32 {
        self.ticket = self.ticket.checked_add(1).unwrap_or(1);
        self.ticket
    }

    /// Marks a slot as being done.
    fn give_out(&mut self, index: usize, ticket: u32, now: Millis) -> bool {
        let Some(slot) = self.slots_mut().get_mut(index) else { return false };
        let is_adding = slot.action(now) == Some(Action::Add);
        slot.ticket = ticket;
        slot.flags = slot.flags & !(ADDING | CHANGED) | if is_adding { ADDING } else { 0 };
        if !is_adding {
            slot.set_fact(Fact::Unsure);
        }
        is_adding
    }

    /// One script for as many as go with the first and have room.
    fn gather<'o>(&mut self, first: usize, kind: Kind, now: Millis, out: &'o mut [u8]) -> Job<'o> {
        let ticket = self.new_ticket();
        let is_first = !self.slots().iter().any(|slot| slot.kind() == kind && slot.fact() != Fact::Out);
        let lead = self.slots().get(first).copied();
        let each = if lead.is_some_and(|lead| lead.is_v4()) { ROOM_V4 } else { ROOM_V6 };
        let mut room = (out.len() - HEAD_ROOM) / each;
        for index in first..self.count {
            let slot = self.slots().get(index).zip(lead);
            let goes = slot.is_some_and(|(slot, lead)| slot.goes_with(&lead) && slot.action(now).is_some());
            if goes && room > 0 {
                self.give_out(index, ticket, now);
                room -= 1;
                self.cursor = index + 1;
            }
        }
        let cleared =
            lead.as_ref().and_then(clear_index).filter(|index| self.clear.get(*index) == Some(&true));
        self.gathered = Some((ticket, cleared));
        let begins = is_first || cleared.is_some();
        if begins {
            self.look_later(kind, now);
        }
        let mut text = Text::new(out);
        if let Some(index) = cleared {
            self.set_clear(index, false);
            clear(&mut text, index);
        }
        let batch = Batch { slots: self.slots(), ticket };
        match kind {
            Kind::Filter(Tool::Nft) => nft::write(&mut text, batch, now, begins),
            Kind::Filter(Tool::Ipset) => ipset::write(&mut text, batch, now),
            _ => route::write(&mut text, batch),
        }
        let (ticket, script) = (Ticket(ticket), text.into_str());
        match kind {
            Kind::Filter(tool) => Job::Filter { ticket, tool, script },
            _ => Job::Route { ticket, script },
        }
    }

    /// What is still to be emptied, where nothing is put in. Slots that wait
    /// for their next attempt do it then.
    fn next_empty(&self) -> Option<usize> {
        let index = self.clear.iter().position(|clear| *clear).filter(|_| self.gathered.is_none())?;
        let is_used = self.slots().iter().any(|slot| clear_index(slot) == Some(index));
        (!is_used).then_some(index)
    }

    fn empty<'o>(&mut self, index: usize, out: &'o mut [u8]) -> Job<'o> {
        self.set_clear(index, false);
        let ticket = self.new_ticket();
        self.gathered = Some((ticket, None));
        let mut text = Text::new(out);
        clear(&mut text, index);
        let tool = if index == 0 { Tool::Nft } else { Tool::Ipset };
        Job::Filter { ticket: Ticket(ticket), tool, script: text.into_str() }
    }

    /// Reads the note of an order whose texts are needed; how long it is.
    fn read_order(&mut self, index: usize, out: &mut [u8]) -> Result<usize, Failed> {
        match self.slots().get(index).copied() {
            Some(slot) if slot.has_texts() => {
                self.read_note(slot.at, out.get_mut(..NOTE_MAX).unwrap_or_default())
            }
            _ => Ok(0),
        }
    }

    /// A job about one response. The note of its order stands in `out`, if it
    /// is needed.
    fn single<'o>(
        &mut self,
        index: usize,
        len: usize,
        at: Moment,
        out: &'o mut [u8],
        tell: &mut dyn FnMut(Report<'_>),
    ) -> Option<Job<'o>> {
        let slot = *self.slots().get(index)?;
        let number = self.new_ticket();
        let add = self.give_out(index, number, at.now);
        let ticket = Ticket(number);
        self.singles += 1;
        self.cursor = index + 1;
        let job = match (slot.kind(), Note::read(out.get(..len).unwrap_or_default()), slot.network()) {
            (Kind::HostsDeny, _, Some(network)) => Some(Job::HostsDeny { ticket, network, add }),
            (Kind::Account, Some(Note::Begin { begin, .. }), _) => {
                Some(Job::LockAccount { ticket, user: begin.user, lock: add })
            }
            (_, Some(Note::Begin { begin, .. }), _) => match begin.means {
                Means::Script { file, talk } => Some(Job::Script { ticket, file, talk, add, begin }),
                _ => None,
            },
            _ => None,
        };
        if job.is_none() {
            self.finished(ticket, Outcome::Unsure("the journal cannot be read"), at, tell);
        }
        job
    }

    /// A job has ended. Each that was given out must end, once.
    pub fn finished(
        &mut self,
        ticket: Ticket,
        outcome: Outcome<'_>,
        at: Moment,
        tell: &mut dyn FnMut(Report<'_>),
    ) {
        self.wake = Millis(0);
        let mut index = 0;
        let mut found = false;
        while let Some(slot) = self.slots().get(index).copied() {
            let is_meant = slot.ticket == ticket.0 && ticket.0 != 0;
            found |= is_meant;
            if !(is_meant && self.settle(index, outcome, at, tell)) {
                index += 1;
            }
        }
        match self.gathered {
            Some((number, cleared)) if number == ticket.0 => {
                self.gathered = None;
                if let Some(index) = cleared.filter(|_| outcome != Outcome::Done) {
                    self.set_clear(index, true);
                }
            }
            _ => self.singles -= usize::from(found && self.singles > 0),
        }
        if self.looking == ticket.0 && ticket.0 != 0 {
            self.looked(outcome, tell);
        }
    }

    /// What a job's end means for one slot; whether it is gone.
    fn settle(
        &mut self,
        index: usize,
        outcome: Outcome<'_>,
        at: Moment,
        tell: &mut dyn FnMut(Report<'_>),
    ) -> bool {
        let Some(slot) = self.slots_mut().get_mut(index) else { return false };
        let (is_adding, is_changed) = (slot.has(ADDING), slot.has(CHANGED));
        slot.ticket = 0;
        slot.flags &= !(ADDING | CHANGED);
        let (why, is_unsure) = match outcome {
            Outcome::Done if is_adding => return self.added(index, is_changed, tell),
            Outcome::Done => return self.removed(index, at.now, tell),
            Outcome::NotDone(why) => (why, false),
            Outcome::Unsure(why) => (why, true),
        };
        if is_adding && !slot.has(HELD) {
            return self.not_begun(index, is_unsure, why, at.now, tell);
        }
        slot.set_fact(Fact::Unsure);
        if is_adding == slot.is_wanted(at.now) {
            self.try_later(index, why, at.now, tell);
        } else {
            slot.try_later(at.now);
        }
        false
    }

    /// It did not work, and is tried again. A failure that goes on is told
    /// more and more rarely.
    fn try_later(&mut self, index: usize, why: &str, now: Millis, tell: &mut dyn FnMut(Report<'_>)) {
        let Some(slot) = self.slots_mut().get_mut(index) else { return };
        slot.try_later(now);
        let slot = *slot;
        if slot.failures.is_power_of_two() && !slot.has(QUIET) {
            self.tell_of(&slot, State::Failed, why, tell);
        }
    }

    fn added(&mut self, index: usize, is_changed: bool, tell: &mut dyn FnMut(Report<'_>)) -> bool {
        let Some(slot) = self.slots_mut().get_mut(index) else { return false };
        let is_news = !slot.has(TOLD) || slot.failures > 0;
        slot.set_fact(if is_changed { Fact::Unsure } else { Fact::In });
        slot.flags |= HELD;
        slot.try_now();
        if is_news && !is_changed {
            self.tell_done(index, "", tell);
        }
        false
    }

    fn removed(&mut self, index: usize, now: Millis, tell: &mut dyn FnMut(Report<'_>)) -> bool {
        let Some(slot) = self.slots_mut().get_mut(index) else { return false };
        slot.set_fact(Fact::Out);
        slot.try_now();
        slot.flags &= !HELD;
        // It may have been ordered anew meanwhile.
        !slot.is_wanted(now) && self.forget(index, now, tell)
    }

    /// It could not be done, and has never been in force.
    fn not_begun(
        &mut self,
        index: usize,
        is_unsure: bool,
        why: &str,
        now: Millis,
        tell: &mut dyn FnMut(Report<'_>),
    ) -> bool {
        let Some(slot) = self.slots().get(index).copied() else { return false };
        self.tell_of(&slot, State::Failed, why, tell);
        let Some(slot) = self.slots_mut().get_mut(index) else { return false };
        if !slot.has(ENDING | GUARDED) {
            slot.flags |= QUIET;
        }
        if !is_unsure && slot.fact() == Fact::Out {
            return self.forget(index, now, tell);
        }
        // In case that it was done in part.
        slot.set_fact(Fact::Unsure);
        let id = slot.id;
        let _ = self.note(&Note::Ending(id));
        false
    }

    /// It is over and nothing of it is left: tells so, and frees the slot.
    /// Where this cannot be noted, it is undone again later; else it would
    /// come back with the next start.
    fn forget(&mut self, index: usize, now: Millis, tell: &mut dyn FnMut(Report<'_>)) -> bool {
        let Some(slot) = self.slots().get(index).copied() else { return false };
        let (state, why) = match () {
            () if slot.has(GUARDED) => (State::Undone, "it must not be blocked any more"),
            () if slot.has(ENDING) => (State::Undone, ""),
            () => (State::Expired, ""),
        };
        if !slot.has(QUIET) {
            self.tell_of(&slot, state, why, tell);
        }
        if self.note(&Note::Ended(slot.id)).is_ok() {
            self.remove(index);
            return true;
        }
        if let Some(slot) = self.slots_mut().get_mut(index) {
            slot.flags |= QUIET;
            slot.set_fact(Fact::Unsure);
            slot.try_later(now);
        }
        false
    }
}

fn clear(text: &mut Text<'_>, index: usize) {
    match index {
        0 => nft::clear(text),
        family => ipset::clear(text, family == 1),
    }
}
