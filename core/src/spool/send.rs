//! From the spool into a batch: records in their order, and what was lost
//! before what follows it.

use super::block::Header;
use super::{Cursor, Slot, Spool, Storage, Whose};
use crate::time::Millis;
use crate::wire::SPOOL;
use crate::wire::batch::{Batch, Full, Lost, Record};

impl<S: Storage, T: AsRef<[Slot]> + AsMut<[Slot]>> Spool<S, T> {
    /// Puts records into a batch, as many as fit, and the spool's position
    /// behind them; what was lost comes before what follows it. `index_of`
    /// gives the index that the batch has for a source; where it gives none
    /// the batch ends, and the record is tried again at the next call.
    /// Only while the spool's own index is placed. Work: bounded by the
    /// batch; at most one read and one step for each block.
    pub fn fill(
        &mut self,
        batch: &mut Batch<'_>,
        now: Millis,
        index_of: &mut dyn FnMut(Whose<'_>) -> Option<u16>,
    ) {
        let before = self.cursor.key;
        while self.advance(batch, now, index_of).is_some() {}
        if self.cursor.key != before {
            // There is room behind every record and loss.
            let _ = batch.position(SPOOL, &self.position());
        }
    }

    /// One record or one gap; none where the batch ends.
    fn advance(
        &mut self,
        batch: &mut Batch<'_>,
        now: Millis,
        index_of: &mut dyn FnMut(Whose<'_>) -> Option<u16>,
    ) -> Option<()> {
        let block = self.next_block();
        let is_head = block.number == self.head.header.number;
        if is_head && !self.has_begun {
            if self.is_sent() {
                return None;
            }
            // Once a position of this opening was sent, there must never be
            // another opening of its number: a block proves that it was. If
            // it cannot be written, the host has to help.
            self.save_head();
            if !self.has_begun && self.usable() > 0 {
                return None;
            }
        }
        if self.cursor.key < block.from() {
            return self.pass_gap(&block, batch, now, index_of);
        }
        let from = if is_head { &self.head } else { &self.loaded };
        let at = match self.cursor.place {
            Some((number, at)) if number == block.number => at,
            _ => from.find(self.cursor.key.sequence),
        };
        let (kept, next) = from.record(at)?;
        let is_ours = block.opening == self.head.header.opening;
        let whose =
            if is_ours { Whose::Index(kept.source) } else { Whose::Name(from.name(kept.source, next)) };
        let time = Millis(block.base.0.saturating_add(kept.after_ms));
        let record = Record {
            source: index_of(whose)?,
            queue: kept.queue,
            age_ms: age(time, now, block.clock == self.head.header.clock),
            cut: kept.cut,
            text: kept.text,
        };
        batch.record(&record).ok()?;
        self.cursor.place = Some((block.number, next));
        self.cursor.key.sequence += 1;
        Some(())
    }

    /// The block in which the cursor stands, or the next one. It is in
    /// memory.
    fn next_block(&mut self) -> Header {
        let head = self.head.header;
        if self.cursor.key >= head.from() {
            return head;
        }
        loop {
            let key = self.cursor.key;
            match self.first_block(|block| block.number != head.number && block.to() > key) {
                Some((at, block)) if self.load(at, &block) => return block,
                Some(_) => continue,
                None => return head,
            }
        }
    }

    /// Goes to the block's first record; what is missing was lost.
    fn pass_gap(
        &mut self,
        block: &Header,
        batch: &mut Batch<'_>,
        now: Millis,
        index_of: &mut dyn FnMut(Whose<'_>) -> Option<u16>,
    ) -> Option<()> {
        let missing = block.missing_since(self.cursor.key);
        if missing > 0 {
            let mark = batch.mark();
            let is_told = self.tell_losses(block, missing, batch, now, index_of);
            if is_told.is_none() {
                batch.truncate(mark);
                return None;
            }
        }
        self.cursor = Cursor { key: block.from(), place: None };
        Some(())
    }

    fn tell_losses(
        &self,
        block: &Header,
        missing: u64,
        batch: &mut Batch<'_>,
        now: Millis,
        index_of: &mut dyn FnMut(Whose<'_>) -> Option<u16>,
    ) -> Option<()> {
        let accounts = self.losses.divide(self.cursor.key, block.from(), missing);
        for account in accounts.iter() {
            let source =
                if account.source == SPOOL { SPOOL } else { index_of(Whose::Index(account.source))? };
            let (first, last) = account.times.unwrap_or((now, now));
            let lost = Lost {
                source,
                records: account.records,
                first_age_ms: age(first, now, true),
                last_age_ms: age(last, now, true),
            };
            batch.lost(&lost).map_err(|Full| ()).ok()?;
        }
        Some(())
    }
}

/// Milliseconds from a time to now; 0 if the time is of another clock.
fn age(time: Millis, now: Millis, is_known: bool) -> u32 {
    if is_known { u32::try_from(now.since(time)).unwrap_or(u32::MAX) } else { 0 }
}
