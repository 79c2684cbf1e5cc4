//! Carries orders out, once, and undoes them on time.
//!
//! An order that is taken is a note in the journal and a slot in lent memory.
//! A slot knows whether its response is wanted (its time is not over and
//! nobody has ended it) and whether it is in force, as far as is known; where
//! the two differ there is something to do. Jobs are given out for that, and
//! their outcomes change what is known. So an order, an end, a renewal may
//! come at any moment, also while a job about the same is being done.
//!
//! **Nothing is lost.** A job that does something is given out only when the
//! note of its order is on disk. The note of its end is written when it was
//! undone; if that is lost, it is undone once more, which is no error. A
//! journal that cannot be read is read again later: until then nobody knows
//! what is in force, so nothing is begun, undone or forgotten.
//!
//! **Nothing is taken away unseen.** While something is dropped by the packet
//! filter, it is asked every minute whether somebody has emptied it. What
//! should stand there is put back.
//!
//! **Time** is that of the boot's clock. After another boot, the time between
//! counts if the wall clock says that it was 0 to 30 days; else what was left
//! when the journal was written last is left now. For that, the clocks are
//! noted every hour, and when the wall clock was set by more than 5 seconds.
//! What is less is not noted: so after another boot everything lasts 5 seconds
//! longer, and nothing ends early.
//!
//! **Equal targets** are one slot: a second order about the same address takes
//! the first one's place, and the later end of both counts.
//!
//! **Cost.** [`SLOT_WORDS`] words for each response. A call looks at each slot
//! in use once or, in [`Responder::open`] and where the journal is written
//! anew, once for each note.

use super::journal::{Failed, Journal};
use super::network::Network;
use super::note::{Note, Stamp};
use super::order::{Begin, Means, Order, Talk, What};
use super::report::{Report, State};
use super::shield::Shield;
use super::slot::{ENDING, Fact, GUARDED, Kind, OVER, QUIET, Slot, TOLD};
use super::text::Text;
use crate::time::Millis;
use zerocopy::{FromBytes, IntoBytes};

mod jobs;
mod keep;
mod look;
mod open;
mod tell;

/// Words of lent memory for each response.
pub const SLOT_WORDS: usize = 8;

/// Both clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since the boot; sleep counts. Of all processes of a boot
    /// the same.
    pub now: Millis,
    /// Milliseconds since 1970 as the wall clock has it, right or wrong.
    pub wall_ms: u64,
}

/// What a machine has to drop packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `nft -f -`.
    Nft,
    /// `ipset -exist restore`, and the rules of [`super::ipset`].
    Ipset,
}

/// The number of a job that was given out. Never used twice by a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub u32);

/// What the host is to do.
#[expect(clippy::large_enum_variant, reason = "one at a time, on the stack")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job<'o> {
    /// Give a script to the packet filter's program. It is done as a whole or
    /// not at all (nft), or can be repeated (ipset).
    Filter {
        /// The job.
        ticket: Ticket,
        /// The program.
        tool: Tool,
        /// Its standard input.
        script: &'o str,
    },
    /// Find out whether what was put into the packet filter is still there.
    /// Nothing is changed by it. The outcome is [`Outcome::Done`] if it is
    /// there, [`Outcome::NotDone`] if it is not, and [`Outcome::Unsure`] if
    /// nobody can say, as where a program cannot be started.
    Look {
        /// The job.
        ticket: Ticket,
        /// The program.
        tool: Tool,
        /// Its standard input. For nft, it fails if something is missing; for
        /// ipset, the rules of the sets that it makes must be there, too, and
        /// are not inserted.
        script: &'o str,
    },
    /// Give a script to `ip -force -batch -`. Each line is also what `ip`
    /// takes as arguments, with one space between them, where it has no
    /// `-batch`.
    Route {
        /// The job.
        ticket: Ticket,
        /// Its standard input.
        script: &'o str,
    },
    /// See to it that a network stands in `/etc/hosts.deny`, or does not.
    HostsDeny {
        /// The job.
        ticket: Ticket,
        /// The network.
        network: Network,
        /// Whether it is to stand there.
        add: bool,
    },
    /// See to it that a user's password is locked, or is not.
    LockAccount {
        /// The job.
        ticket: Ticket,
        /// The user; never root.
        user: &'o str,
        /// Whether it is to be locked.
        lock: bool,
    },
    /// Run a script of the users.
    Script {
        /// The job.
        ticket: Ticket,
        /// Its name in the folder for such programs.
        file: &'o str,
        /// How it is told.
        talk: Talk<'o>,
        /// Whether it is to do it or to undo it.
        add: bool,
        /// The order.
        begin: Begin<'o>,
    },
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// Well.
    Done,
    /// Nothing of it was done, and why: a program is not there or refused
    /// all of it.
    NotDone(&'a str),
    /// It failed, and may have been done in part, and why.
    Unsure(&'a str),
}

/// A response that is in force, or has to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its number.
    pub id: u64,
    /// The address it is about.
    pub network: Option<Network>,
    /// When it is to be undone; [`Millis::NEVER`] for when it is ended.
    pub due: Millis,
    /// Whether it was done, as far as is known.
    pub is_done: bool,
    /// Whether somebody has ended it, and it has to be undone.
    pub is_ending: bool,
}

/// Why nothing is done.
const UNREADABLE: &str = "the journal cannot be read, so nobody knows what is in force";

/// Responses whose numbers are remembered when they are over.
const SEEN_MAX: usize = 64;

/// The responses of one machine. `S` is lent memory, [`SLOT_WORDS`] for each
/// response, which need not be empty and is not touched before it is needed.
/// `J` keeps the journal.
#[derive(Debug)]
pub struct Responder<S, J> {
    words: S,
    journal: J,
    block: Tool,
    /// Slots in use: the first ones.
    count: usize,
    /// The clocks as the journal has them.
    noted: Stamp,
    /// Bytes of the journal that are needed.
    needed: u32,
    is_unsynced: bool,
    /// What is to be emptied first: the sets of nft, of ipset's two families.
    clear: [bool; 3],
    /// Before this, there is nothing to do.
    wake: Millis,
    /// The slot that is looked at first.
    cursor: usize,
    /// The number of the job given out last.
    ticket: u32,
    /// The script for packet filter or routes that is being done, and what it
    /// empties.
    gathered: Option<(u32, Option<usize>)>,
    /// Other programs that are running.
    singles: usize,
    /// Attempts to read the journal that failed; 0 if it was read.
    unread: u8,
    /// When the packet filters of nft and ipset are looked at next.
    looks: [Millis; 2],
    /// The look that is being done.
    looking: u32,
    seen: heapless::Deque<u64, SEEN_MAX>,
}

impl<S: AsRef<[u64]> + AsMut<[u64]>, J: Journal> Responder<S, J> {
    /// Takes an order, whose text is checked here. An order to read the
    /// configuration again is none of its business.
    pub fn take(&mut self, order: &Order<'_>, shield: &Shield, at: Moment, tell: &mut dyn FnMut(Report<'_>)) {
        if self.unread > 0 {
            return self.take_unread(order, tell);
        }
        self.wake = Millis(0);
        // Its note would hide from the next ones that the wall clock was set.
        self.note_clocks(at);
        let id = order.id;
        if let Err(error) = order.check() {
            return tell(Report { id, state: State::Refused, text: error.why() });
        }
        match &order.what {
            What::Begin(begin) => {
                if !self.knows(id) {
                    self.begin(id, begin, shield, at, tell);
                }
            }
            What::Renew { for_s } => self.renew(id, *for_s, shield, at, tell),
            What::End => self.end(id, tell),
            What::EndAll => self.end_all(id, at, tell),
            What::Reload => {}
        }
    }

    fn begin(
        &mut self,
        id: u64,
        begin: &Begin<'_>,
        shield: &Shield,
        at: Moment,
        tell: &mut dyn FnMut(Report<'_>),
    ) {
        let begin = &settled(begin, self.block);
        let mut slot = Slot::new(id, begin);
        let result = match refusal(&slot, begin, shield) {
            Some(why) => Err((State::Refused, why)),
            None if begin.dry_run => Err((State::DryRun, "")),
            None => self.enter(&mut slot, begin, at, tell),
        };
        if let Err((state, why)) = result {
            self.remember(id);
            tell::tell(tell, id, state, begin, why);
        }
    }

    /// Notes an order down and gives it a slot.
    fn enter(
        &mut self,
        slot: &mut Slot,
        begin: &Begin<'_>,
        at: Moment,
        tell: &mut dyn FnMut(Report<'_>),
    ) -> Result<(), (State, &'static str)> {
        let old = self.equal(slot, begin).map_err(|Failed| (State::Failed, UNREADABLE))?;
        slot.set_due(due(begin.for_s, at.now));
        match old.and_then(|old| self.slots().get(old)) {
            Some(old) => {
                if old.is_wanted(at.now) {
                    slot.set_due(slot.due().max(old.due()));
                }
                slot.continue_from(old);
            }
            None if self.count >= self.capacity() => {
                return Err((State::Refused, "too many responses are in force"));
            }
            None => {}
        }
        if self.note_begin(slot, begin, at).is_err() {
            return Err((State::Refused, "the journal cannot be written, so its end would not be certain"));
        }
        match old {
            Some(old) => self.take_over(old, *slot, tell),
            None => self.push(*slot),
        }
        Ok(())
    }

    /// A new order takes the place of an old one about the same.
    fn take_over(&mut self, index: usize, slot: Slot, tell: &mut dyn FnMut(Report<'_>)) {
        let mut number = [0; 48];
        let mut why = Text::new(&mut number);
        why.add("goes on as response ");
        why.number(slot.id);
        let Some(old) = self.slots().get(index).copied() else { return };
        if !old.has(QUIET) {
            self.tell_of(&old, State::Undone, why.as_str(), tell);
        }
        self.remember(old.id);
        self.needed = self.needed.saturating_sub(old.bytes());
        self.set(index, slot);
        if slot.ticket == 0 && slot.fact() == Fact::In {
            self.tell_done(index, "", tell);
        }
    }

    fn renew(&mut self, id: u64, for_s: u32, shield: &Shield, at: Moment, tell: &mut dyn FnMut(Report<'_>)) {
        let Some((index, mut slot)) = self.find(id) else { return tell::tell_nothing(tell, id) };
        let refused = slot.network().and_then(|network| shield.refuses(&network));
        if let Some(why) = refused.filter(|why| why.is_certain()) {
            self.tell_of(&slot, State::Refused, why.why(), tell);
            return self.end_slot(index, GUARDED);
        }
        slot.set_due(due(for_s, at.now));
        let note = Note::Renewed { id, stamp: self.stamp(at), left: slot.left(at.now) };
        if self.note(&note).is_err() {
            return self.tell_of(&slot, State::Failed, "its time stays: the journal cannot be written", tell);
        }
        self.noted = self.stamp(at);
        let due = slot.due();
        let Some(slot) = self.slots_mut().get_mut(index) else { return };
        slot.set_due(due);
        slot.flags &= !(OVER | TOLD);
        slot.try_now();
        slot.outdate_time();
        if slot.ticket == 0 && slot.fact() == Fact::In {
            self.tell_done(index, "renewed", tell);
        }
    }

    fn end(&mut self, id: u64, tell: &mut dyn FnMut(Report<'_>)) {
        match self.find(id) {
            Some((index, _)) => self.end_slot(index, ENDING),
            None => tell::tell_nothing(tell, id),
        }
    }

    fn end_slot(&mut self, index: usize, flag: u8) {
        let Some(slot) = self.slots_mut().get_mut(index).filter(|slot| !slot.has(ENDING | GUARDED)) else {
            return;
        };
        slot.end(flag);
        let id = slot.id;
        // Where it cannot be noted it is undone all the same.
        let _ = self.note(&Note::Ending(id));
    }

    fn end_all(&mut self, id: u64, at: Moment, tell: &mut dyn FnMut(Report<'_>)) {
        let mut ended = 0;
        for slot in self.slots_mut() {
            ended += u64::from(slot.is_wanted(at.now));
            slot.end(ENDING);
        }
        self.clear_filters();
        self.clear_tool(self.block);
        let _ = self.note(&Note::AllEnding);
        let mut out = [0; 48];
        let mut text = Text::new(&mut out);
        text.add("all: ");
        text.number(ended);
        text.add(" responses are undone");
        tell(Report { id, state: State::Done, text: text.as_str() });
    }

    /// Undoes what would be refused now: somebody has come in from there, or
    /// it has become the gateway.
    pub fn guard(&mut self, shield: &Shield) {
        for index in 0..self.count {
            let network = self.slots().get(index).and_then(Slot::network);
            if network.is_some_and(|network| shield.refuses(&network).is_some_and(|why| why.is_certain())) {
                self.end_slot(index, GUARDED);
            }
        }
        self.wake = Millis(0);
    }

    /// Makes everything that is in force in packet filter and routes true
    /// again: somebody may have emptied them.
    pub fn rebuild(&mut self) {
        for slot in self.slots_mut() {
            if slot.kind().is_gathered() {
                slot.outdate();
            }
        }
        self.clear_filters();
        self.wake = Millis(0);
    }

    /// Empties what any slot is in before it is filled again.
    fn clear_filters(&mut self) {
        for index in 0..self.count {
            if let Some(clear) = self.slots().get(index).and_then(jobs::clear_index) {
                self.set_clear(clear, true);
            }
        }
    }

    fn clear_tool(&mut self, tool: Tool) {
        match tool {
            Tool::Nft => self.set_clear(0, true),
            Tool::Ipset => [1, 2].into_iter().for_each(|family| self.set_clear(family, true)),
        }
    }

    fn set_clear(&mut self, index: usize, is_set: bool) {
        if let Some(clear) = self.clear.get_mut(index) {
            *clear = is_set;
        }
    }

    /// When [`Responder::next_job`] is to be called at the latest.
    pub fn deadline(&self) -> Millis {
        if self.count == 0 { self.wake } else { self.wake.min(self.noted.now.plus(keep::EVERY_MS)) }
    }

    /// The responses that are in force or have to be undone.
    pub fn in_force(&self) -> impl Iterator<Item = InForce> + '_ {
        self.slots().iter().map(|slot| InForce {
            id: slot.id,
            network: slot.network(),
            due: slot.due(),
            is_done: slot.fact() == Fact::In,
            is_ending: slot.has(OVER),
        })
    }

    /// The journal.
    pub fn journal(&self) -> &J {
        &self.journal
    }

    fn capacity(&self) -> usize {
        self.words.as_ref().len() / SLOT_WORDS
    }

    fn slots(&self) -> &[Slot] {
        let bytes = self.words.as_ref().as_bytes();
        <[Slot]>::ref_from_prefix_with_elems(bytes, self.count).map_or(&[], |(slots, _)| slots)
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        let bytes = self.words.as_mut().as_mut_bytes();
        <[Slot]>::mut_from_prefix_with_elems(bytes, self.count).map_or(&mut [], |(slots, _)| slots)
    }

    fn set(&mut self, index: usize, slot: Slot) {
        if let Some(place) = self.slots_mut().get_mut(index) {
            *place = slot;
        }
    }

    fn push(&mut self, slot: Slot) {
        self.count = (self.count + 1).min(self.capacity());
        self.set(self.count - 1, slot);
    }

    /// Frees a slot; the last one takes its place.
    fn remove(&mut self, index: usize) {
        let Some(last) = self.slots().last().copied() else { return };
        if let Some(gone) = self.slots().get(index).copied() {
            self.needed = self.needed.saturating_sub(gone.bytes());
            self.set(index, last);
            self.count -= 1;
            self.remember(gone.id);
        }
    }

    fn find(&self, id: u64) -> Option<(usize, Slot)> {
        let (index, slot) = self.slots().iter().enumerate().find(|(_, slot)| slot.id == id)?;
        Some((index, *slot))
    }

    fn knows(&self, id: u64) -> bool {
        self.seen.iter().any(|seen| *seen == id) || self.find(id).is_some()
    }

    fn remember(&mut self, id: u64) {
        if self.seen.is_full() {
            self.seen.pop_front();
        }
        let _ = self.seen.push_back(id);
    }

    fn stamp(&self, at: Moment) -> Stamp {
        Stamp { clock: self.noted.clock, now: at.now, wall_ms: at.wall_ms }
    }
}

/// When a response that begins now is over.
fn due(for_s: u32, now: Millis) -> Millis {
    if for_s == 0 { Millis::NEVER } else { now.plus(u64::from(for_s) * 1000) }
}

/// Why a response is not begun, if so.
fn refusal(slot: &Slot, begin: &Begin<'_>, shield: &Shield) -> Option<&'static str> {
    if slot.kind() == Kind::Account {
        return (begin.user == "root").then_some("root is never locked out");
    }
    slot.network().and_then(|network| shield.refuses(&network)).map(super::shield::Guarded::why)
}

/// An order as it is noted down: the means is one that this machine has, and
/// texts that nobody needs are gone.
fn settled<'a>(begin: &Begin<'a>, block: Tool) -> Begin<'a> {
    let mut begin = *begin;
    if begin.means == Means::Block {
        begin.means = if block == Tool::Nft { Means::Nftables } else { Means::Ipset };
    }
    if !matches!(begin.means, Means::Script { .. }) {
        (begin.alert, begin.location, begin.rule) = ("", "", 0);
    }
    begin
}

#[cfg(test)]
mod tests;
