//! What many deliveries say, in one.

use super::Completed;
use crate::agents::delivery::Progress;
use crate::agents::registry::{Advance, AgentId, Lost};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is to be written down, by agent and source.
#[derive(Debug, Default)]
pub(super) struct Sums {
    sources: BTreeMap<(AgentId, Arc<str>), Progress>,
    seen: BTreeMap<AgentId, i64>,
}

impl Sums {
    pub(super) fn of(all: &[Completed]) -> Self {
        let mut sums = Self::default();
        for done in all {
            for delivery in &done.deliveries {
                sums.seen.insert(delivery.agent(), delivery.received());
                for (source, progress) in delivery.progress() {
                    sums.add(delivery.agent(), &source.name, progress);
                }
            }
            for reached in &done.local {
                sums.add(AgentId::MANAGER, &reached.source, &reached.progress);
            }
        }
        sums
    }

    fn add(&mut self, agent: AgentId, source: &Arc<str>, new: &Progress) {
        let sum = self.sources.entry((agent, Arc::clone(source))).or_default();
        if new.position.is_some() {
            sum.position.clone_from(&new.position);
        }
        sum.records += new.records;
        sum.last_event = sum.last_event.max(new.last_event);
        sum.lost = match (sum.lost, new.lost) {
            (Some((before, first, _)), Some((records, _, last))) => {
                Some((before.saturating_add(records), first, last))
            }
            (before, new) => new.or(before),
        };
    }

    pub(super) fn advances(&self) -> Vec<Advance<'_>> {
        let all = self.sources.iter();
        all.map(|((agent, source), progress)| Advance {
            agent: *agent,
            source,
            position: progress.position.as_deref(),
            records: progress.records,
            last_event: Some(progress.last_event),
            period: None,
        })
        .collect()
    }

    pub(super) fn lost(&self) -> Vec<Lost<'_>> {
        let all = self.sources.iter();
        all.filter_map(|((agent, source), progress)| {
            let (records, first, last) = progress.lost?;
            Some(Lost { agent: *agent, source, records, first, last })
        })
        .collect()
    }

    pub(super) fn seen(&self) -> Vec<(AgentId, i64)> {
        self.seen.iter().map(|(agent, at)| (*agent, *at)).collect()
    }
}
