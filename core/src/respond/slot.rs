//! What is remembered of one response: 64 bytes.

use super::network::Network;
use super::order::{Begin, Means};
use super::responder::Tool;
use crate::crc::crc32;
use crate::time::Millis;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The kernel forgets an address so much later than it should, in case that
/// nobody tells it.
const MARGIN_MS: u64 = 5000;

/// The longest time in seconds that ipset takes. What is longer has no time
/// in the kernel.
const TIMEOUT_MAX: u64 = 2_147_483;

/// How a response is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Filter(Tool),
    Route,
    HostsDeny,
    Account,
    Script,
}

impl Kind {
    fn of(means: &Means<'_>) -> Self {
        match means {
            Means::Block | Means::Nftables => Self::Filter(Tool::Nft),
            Means::Ipset => Self::Filter(Tool::Ipset),
            Means::NullRoute => Self::Route,
            Means::HostsDeny => Self::HostsDeny,
            Means::LockAccount => Self::Account,
            Means::Script { .. } => Self::Script,
        }
    }

    const ALL: [Self; 6] = [
        Self::Filter(Tool::Nft),
        Self::Filter(Tool::Ipset),
        Self::Route,
        Self::HostsDeny,
        Self::Account,
        Self::Script,
    ];

    /// Whether many of them are one job.
    pub(super) fn is_gathered(self) -> bool {
        matches!(self, Self::Filter(_) | Self::Route)
    }
}

/// Whether it is in force, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// Nothing of it.
    Out,
    /// It may be, or with another time.
    Unsure,
    /// It is.
    In,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Add,
    Remove,
    /// It is over and nothing has to be undone.
    Forget,
}

/// The manager knows that it is in force.
pub(super) const TOLD: u8 = 1;
/// It has been in force, under this number or that of an order before.
pub(super) const HELD: u8 = 2;
/// Somebody has ended it.
pub(super) const ENDING: u8 = 4;
/// Its address must not be blocked any more.
pub(super) const GUARDED: u8 = 8;
/// Its end has been told, but it may have to be undone.
pub(super) const QUIET: u8 = 16;
/// While a job with it is being done, more was asked for.
pub(super) const CHANGED: u8 = 32;
/// The job that is being done adds it.
pub(super) const ADDING: u8 = 64;

/// Flags that outlive the process.
pub(super) const LASTING: u8 = TOLD | HELD | ENDING | GUARDED | QUIET;
/// Flags for which it is to be undone.
pub(super) const OVER: u8 = ENDING | GUARDED | QUIET;

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct Slot {
    pub(super) id: u64,
    due: u64,
    retry: u64,
    address: [u8; 16],
    /// Where its order stands in the journal.
    pub(super) at: u32,
    /// A checksum of its texts.
    key: u32,
    /// The job that is being done with it; 0 for none.
    pub(super) ticket: u32,
    /// How long its order is there, in units.
    pub(super) units: u16,
    /// 0, 4 or 6.
    family: u8,
    length: u8,
    kind: u8,
    fact: u8,
    pub(super) flags: u8,
    pub(super) failures: u8,
    spare: u32,
}

impl Slot {
    const FREE: Self = Self {
        id: 0,
        due: 0,
        retry: 0,
        address: [0; 16],
        at: 0,
        key: 0,
        ticket: 0,
        units: 0,
        family: 0,
        length: 0,
        kind: 0,
        fact: 0,
        flags: 0,
        failures: 0,
        spare: 0,
    };

    /// A response that has not begun.
    pub(super) fn new(id: u64, begin: &Begin<'_>) -> Self {
        let kind = Kind::of(&begin.means);
        let mut slot =
            Self { kind: Kind::ALL.iter().position(|other| *other == kind).unwrap_or(0) as u8, ..Self::FREE };
        slot.id = id;
        slot.key = key(begin);
        // An account is the same, whatever address the order speaks of.
        if let Some(network) = begin.network.filter(|_| kind != Kind::Account) {
            slot.length = network.length();
            match network.address() {
                IpAddr::V4(v4) => {
                    slot.family = 4;
                    slot.address[..4].copy_from_slice(&v4.octets());
                }
                IpAddr::V6(v6) => {
                    slot.family = 6;
                    slot.address = v6.octets();
                }
            }
        }
        slot
    }

    pub(super) fn kind(&self) -> Kind {
        Kind::ALL.get(usize::from(self.kind)).copied().unwrap_or(Kind::Script)
    }

    pub(super) fn network(&self) -> Option<Network> {
        let address = match self.family {
            4 => Ipv4Addr::from(self.address.first_chunk::<4>().copied().unwrap_or_default()).into(),
            6 => Ipv6Addr::from(self.address).into(),
            _ => return None,
        };
        Network::new(address, self.length)
    }

    pub(super) fn is_v4(&self) -> bool {
        self.family == 4
    }

    /// Bytes of its order in the journal.
    pub(super) fn bytes(&self) -> u32 {
        u32::from(self.units) * super::note::UNIT as u32
    }

    /// Whether it is also about texts, which stand in the journal.
    pub(super) fn has_texts(&self) -> bool {
        matches!(self.kind(), Kind::Account | Kind::Script)
    }

    /// Takes over what is known of an earlier response about the same, and
    /// the job that is being done with it.
    pub(super) fn continue_from(&mut self, old: &Self) {
        (self.ticket, self.fact) = (old.ticket, old.fact);
        self.flags = old.flags & (HELD | ADDING | CHANGED);
        self.outdate_time();
    }

    /// Its time is another one: so the kernel has to know, if it knows times.
    pub(super) fn outdate_time(&mut self) {
        if matches!(self.kind(), Kind::Filter(_)) {
            self.outdate();
        }
    }

    /// Whether two are about the same; of texts only the checksum is
    /// compared.
    pub(super) fn is_about(&self, other: &Self) -> bool {
        let about = |slot: &Self| (slot.address, slot.family, slot.length, slot.kind, slot.key);
        about(self) == about(other)
    }

    /// Whether two can be done by one script.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        (self.kind, self.family, self.length) == (other.kind, other.family, other.length)
    }

    pub(super) fn due(&self) -> Millis {
        Millis(self.due)
    }

    pub(super) fn set_due(&mut self, due: Millis) {
        self.due = due.0;
    }

    /// Milliseconds until it is over; all ones if it is not.
    pub(super) fn left(&self, now: Millis) -> u64 {
        if self.due() == Millis::NEVER { u64::MAX } else { self.due().since(now) }
    }

    /// Seconds after which the kernel is to forget it by itself. `None` if
    /// it is not to.
    pub(super) fn timeout_s(&self, now: Millis) -> Option<u64> {
        let left = self.left(now).saturating_add(MARGIN_MS).div_ceil(1000);
        (left <= TIMEOUT_MAX).then_some(left)
    }

    pub(super) fn fact(&self) -> Fact {
        [Fact::Out, Fact::Unsure].get(usize::from(self.fact)).copied().unwrap_or(Fact::In)
    }

    pub(super) fn set_fact(&mut self, fact: Fact) {
        self.fact = fact as u8;
    }

    pub(super) fn has(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    pub(super) fn is_wanted(&self, now: Millis) -> bool {
        !self.has(OVER) && now < self.due()
    }

    /// What the kernel has is not what it should have.
    pub(super) fn outdate(&mut self) {
        if self.ticket != 0 {
            self.flags |= CHANGED;
        }
        if self.fact() == Fact::In {
            self.set_fact(Fact::Unsure);
        }
    }

    /// It is to be undone, at once.
    pub(super) fn end(&mut self, flag: u8) {
        self.flags = self.flags & !QUIET | flag;
        self.try_now();
    }

    pub(super) fn try_now(&mut self) {
        (self.failures, self.retry) = (0, 0);
    }

    /// It did not work: the next attempt is after 1 second, then after twice
    /// as long each time, and at last every 5 minutes.
    pub(super) fn try_later(&mut self, now: Millis) {
        self.retry = now.plus(patience(self.failures)).0;
        self.failures = self.failures.saturating_add(1);
    }

    /// What is to be done with it now.
    pub(super) fn action(&self, now: Millis) -> Option<Action> {
        let action = match (self.is_wanted(now), self.fact()) {
            (true, Fact::In) => return None,
            (true, _) => Action::Add,
            (false, Fact::Out) => Action::Forget,
            (false, _) => Action::Remove,
        };
        (self.ticket == 0 && now.0 >= self.retry).then_some(action)
    }

    /// When there is something to do, if there is nothing now.
    pub(super) fn next(&self, now: Millis) -> Millis {
        match (self.ticket, self.is_wanted(now), self.fact()) {
            (0, true, Fact::In) => self.due(),
            (0, true, _) => self.due().min(Millis(self.retry)),
            (0, false, _) => Millis(self.retry),
            _ => Millis::NEVER,
        }
    }
}

/// Milliseconds until the next attempt, after so many others.
pub(super) fn patience(failures: u8) -> u64 {
    (1000 << failures.min(9)).min(300_000)
}

/// The slots of one job, among others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch<'s> {
    pub(super) slots: &'s [Slot],
    pub(super) ticket: u32,
}

impl<'s> Batch<'s> {
    /// Those that are about a network, with it.
    pub(super) fn networks(self) -> impl Iterator<Item = (&'s Slot, Network)> {
        let of_job = self.slots.iter().filter(move |slot| slot.ticket == self.ticket);
        of_job.filter_map(|slot| Some((slot, slot.network()?)))
    }
}

/// A checksum of what tells responses apart beside their address.
fn key(begin: &Begin<'_>) -> u32 {
    let user = crc32(begin.user.as_bytes());
    match begin.means {
        Means::LockAccount => user,
        Means::Script { file, .. } => {
            crc32(file.as_bytes()) ^ user.rotate_left(8) ^ crc32(begin.file.as_bytes()).rotate_left(16)
        }
        _ => 0,
    }
}

/// Whether two orders of the same [`key`] are about the same.
pub(super) fn is_same(one: &Begin<'_>, other: &Begin<'_>) -> bool {
    match (one.means, other.means) {
        (Means::Script { file, .. }, Means::Script { file: other_file, .. }) => {
            (file, one.user, one.file) == (other_file, other.user, other.file)
        }
        (Means::LockAccount, Means::LockAccount) => one.user == other.user,
        _ => true,
    }
}

const _: () = assert!(size_of::<Slot>() == 8 * super::responder::SLOT_WORDS);
