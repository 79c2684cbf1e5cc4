//! What was dropped from a full spool, per source.
//!
//! How many records are missing is always known exactly: it is the gap
//! between where the manager stands and the first record that is left. What
//! is kept here divides that number among sources. Dropped records may have
//! been sent before; whether they arrived is known only when the manager has
//! acknowledged or said where it stands. So the accounts are kept in
//! stretches that begin where sending stood; where a manager stands in the
//! midst of a stretch, the rest of it is counted without a source.

use super::position::Key;
use crate::limits::ACCOUNTS_MAX;
use crate::time::Millis;
use crate::wire::SPOOL;

/// Stretches that are told apart.
const STRETCHES_MAX: usize = 4;

/// The losses of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) source: u16,
    pub(super) records: u64,
    /// Times of the first and the last; none if unknown.
    pub(super) times: Option<(Millis, Millis)>,
}

impl Account {
    fn add(&mut self, other: &Account) {
        self.records += other.records;
        self.times = match (self.times, other.times) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (known, other) => known.or(other),
        };
    }
}

/// The losses of several sources: as many as there is room for, all others
/// under the spool's own index.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    accounts: heapless::Vec<Account, { ACCOUNTS_MAX + 1 }>,
}

impl Accounts {
    pub(super) fn add(&mut self, new: Account) {
        let is_told_apart = self.has(new.source) || self.told_apart() < ACCOUNTS_MAX;
        let source = if is_told_apart { new.source } else { SPOOL };
        match self.accounts.iter_mut().find(|account| account.source == source) {
            Some(account) => account.add(&new),
            // There is room: one place more than sources.
            None => drop(self.accounts.push(Account { source, ..new })),
        }
    }

    fn has(&self, source: u16) -> bool {
        self.accounts.iter().any(|account| account.source == source)
    }

    fn told_apart(&self) -> usize {
        self.iter().filter(|account| account.source != SPOOL).count()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter()
    }

    fn records(&self) -> u64 {
        self.iter().map(|account| account.records).sum()
    }

    fn merge(&mut self, other: &Self) {
        other.iter().for_each(|account| self.add(*account));
    }
}

/// Records that were dropped one behind the other.
#[derive(Clone, Debug)]
struct Stretch {
    from: Key,
    to: Key,
    accounts: Accounts,
}

/// What was dropped and is not yet known to have arrived, or to be accounted
/// for.
#[derive(Debug, Default)]
pub(super) struct Losses {
    stretches: heapless::Deque<Stretch, STRETCHES_MAX>,
}

impl Losses {
    /// A record at `from` was dropped; the next one is at `to`; sending
    /// stands at `cursor`.
    pub(super) fn dropped(&mut self, from: Key, to: Key, cursor: Key, account: Account) {
        if let Some(last) = self.stretches.back_mut().filter(|last| last.to == from && from != cursor) {
            last.to = to;
            last.accounts.add(account);
            return;
        }
        if self.stretches.is_full() {
            self.join_oldest();
        }
        let mut accounts = Accounts::default();
        accounts.add(account);
        // There is room: two were made one.
        let _ = self.stretches.push_back(Stretch { from, to, accounts });
    }

    fn join_oldest(&mut self) {
        if let (Some(first), Some(second)) = (self.stretches.pop_front(), self.stretches.front_mut()) {
            second.from = first.from;
            second.accounts.merge(&first.accounts);
        }
    }

    /// All before this place has arrived, or is accounted for.
    pub(super) fn settled(&mut self, key: Key) {
        while self.stretches.front().is_some_and(|stretch| stretch.to <= key) {
            self.stretches.pop_front();
        }
    }

    /// Divides `records` that are missing between two places.
    pub(super) fn divide(&self, from: Key, to: Key, records: u64) -> Accounts {
        let mut accounts = Accounts::default();
        let within = self.stretches.iter().filter(|stretch| stretch.from >= from && stretch.to <= to);
        within.for_each(|stretch| accounts.merge(&stretch.accounts));
        let known = accounts.records();
        if known > records {
            accounts = Accounts::default();
        }
        let rest = records - accounts.records();
        if rest > 0 {
            accounts.add(Account { source: SPOOL, records: rest, times: None });
        }
        accounts
    }
}
