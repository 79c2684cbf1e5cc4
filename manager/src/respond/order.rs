//! Orders on their way from the decision to who carries them out.

use super::decide::OwnedBegin;
use bartizan_core::respond::order::{Order, What};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// An order with texts of its own.
#[derive(Clone, Debug)]
pub struct OwnedOrder {
    id: u64,
    what: OwnedWhat,
}

#[derive(Clone, Debug)]
enum OwnedWhat {
    Begin(Arc<OwnedBegin>),
    Renew(u32),
    End,
    EndAll,
    Reload,
}

impl OwnedOrder {
    /// A response is to begin.
    pub fn begin(id: u64, begin: &Arc<OwnedBegin>) -> Self {
        Self { id, what: OwnedWhat::Begin(Arc::clone(begin)) }
    }

    /// Its time begins anew, and is so many seconds; 0 for until it is ended.
    pub fn renew(id: u64, for_s: u32) -> Self {
        Self { id, what: OwnedWhat::Renew(for_s) }
    }

    /// It is to be undone now.
    pub fn end(id: u64) -> Self {
        Self { id, what: OwnedWhat::End }
    }

    /// Everything is to be undone.
    pub fn end_all() -> Self {
        Self { id: unique(), what: OwnedWhat::EndAll }
    }

    /// The configuration is to be read again.
    pub fn reload() -> Self {
        Self { id: unique(), what: OwnedWhat::Reload }
    }

    /// The order; `None` for what only the manager itself can do.
    pub fn lend(&self) -> Option<Order<'_>> {
        let what = match &self.what {
            OwnedWhat::Begin(begin) => What::Begin(begin.lend()?),
            OwnedWhat::Renew(for_s) => What::Renew { for_s: *for_s },
            OwnedWhat::End => What::End,
            OwnedWhat::EndAll => What::EndAll,
            OwnedWhat::Reload => What::Reload,
        };
        Some(Order { id: self.id, what })
    }
}

/// A number that no response has and no earlier order of this kind had: who
/// is told the same order twice carries it out once.
fn unique() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    1 << 63 | u64::try_from(now.as_micros()).unwrap_or(0)
}
