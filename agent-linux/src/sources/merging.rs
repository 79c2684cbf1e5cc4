//! A source that cannot wait whose equal refused packets become one record:
//! `<merge_packets>`.
//!
//! It stands between the source and whoever takes its records, and is one
//! itself. What waits here is handed on when its time is over, and when the
//! source ends; its memory is taken when it begins.

use crate::live::{Heard, Live, Sink, Unopened};
use bartizan_core::assemble::{Assembler, Context, Format, Line, Record};
use bartizan_core::limits::{RECORD_MAX, TEXT_MAX};
use bartizan_core::packet::merged::MERGED;
use bartizan_core::pattern::NoPatterns;
use bartizan_core::time::Millis;
use mio::{Registry, Token};

/// A source and what of it waits.
pub(super) struct Merging {
    source: Box<dyn Live>,
    waiting: Waiting,
}

struct Waiting {
    assembler: Assembler<Vec<u8>>,
    /// A record with the line before it that says where it comes from.
    text: Vec<u8>,
    /// Where the next one begins in the stream of all.
    at: u64,
}

impl Merging {
    /// A source of which packets within so many seconds are one record; the
    /// source itself without a number.
    pub(super) fn over(source: Box<dyn Live>, window_s: Option<u32>) -> Box<dyn Live> {
        let Some(window_s) = window_s else { return source };
        let format = Format::Packets { window_ms: window_s.saturating_mul(1000) };
        let Ok(assembler) = Assembler::new(format, vec![0; format.memory()]) else { return source };
        let waiting = Waiting { assembler, text: Vec::with_capacity(RECORD_MAX), at: 0 };
        Box::new(Self { source, waiting })
    }
}

impl Waiting {
    /// Takes a record. One that is too long to be merged with its place, or
    /// was cut, is handed on at once.
    fn take(&mut self, heard: Heard<'_>, now: Millis, sink: &mut Sink<'_>) {
        let Heard { place, queue, cut, text } = heard;
        if cut > 0 || place.contains('\n') || place.len() + text.len() + 2 > RECORD_MAX {
            return sink(heard);
        }
        self.text.clear();
        [&[queue], place.as_bytes(), b"\n", text].iter().for_each(|part| self.text.extend_from_slice(part));
        let line = Line { text: &self.text, at: self.at, cut };
        self.at += self.text.len() as u64 + 1;
        let mut context = Context { now, header: b"", patterns: &mut NoPatterns };
        self.assembler.push(line, &mut context, &mut |record| give(record, sink));
    }
}

/// Hands a record on as what it was before.
fn give(record: Record<'_>, sink: &mut Sink<'_>) {
    let Some((&queue, rest)) = record.text.split_first() else { return };
    let Some(at) = memchr::memchr(b'\n', rest) else { return };
    let (place, text) = (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default());
    let text = text.get(..TEXT_MAX).unwrap_or(text);
    let place = std::str::from_utf8(place).unwrap_or_default();
    sink(Heard { place, queue: queue | record.queue & MERGED, cut: record.cut, text });
}

impl Live for Merging {
    fn register(&mut self, registry: &Registry, first: Token) -> Result<(), Unopened> {
        self.source.register(registry, first)
    }

    fn ready(&mut self, token: Token, now: Millis, sink: &mut Sink<'_>) -> bool {
        let Self { source, waiting } = self;
        source.ready(token, now, &mut |heard| waiting.take(heard, now, sink))
    }

    fn tick(&mut self, now: Millis, sink: &mut Sink<'_>) {
        let Self { source, waiting } = self;
        if source.next_deadline().is_some_and(|at| at <= now) {
            source.tick(now, &mut |heard| waiting.take(heard, now, sink));
        }
        let mut context = Context { now, header: b"", patterns: &mut NoPatterns };
        waiting.assembler.tick(&mut context, &mut |record| give(record, sink));
    }

    fn next_deadline(&self) -> Option<Millis> {
        let dates = [self.source.next_deadline(), self.waiting.assembler.deadline()];
        dates.into_iter().flatten().min()
    }

    fn end(&mut self, now: Millis, sink: &mut Sink<'_>) {
        let mut context = Context { now, header: b"", patterns: &mut NoPatterns };
        self.waiting.assembler.finish(&mut context, &mut |record| give(record, sink));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says what it is told to.
    struct Router(Vec<(&'static str, u16)>);

    impl Live for Router {
        fn register(&mut self, _: &Registry, _: Token) -> Result<(), Unopened> {
            Ok(())
        }

        fn ready(&mut self, _: Token, _: Millis, sink: &mut Sink<'_>) -> bool {
            for (place, port) in self.0.drain(..) {
                let text =
                    format!("kernel: DROP IN=a SRC=192.0.2.7 DST=198.51.100.1 PROTO=TCP SPT=1 DPT={port}");
                sink(Heard { place, queue: b'2', cut: 0, text: text.as_bytes() });
            }
            false
        }

        fn tick(&mut self, _: Millis, _: &mut Sink<'_>) {}

        fn next_deadline(&self) -> Option<Millis> {
            None
        }
    }

    fn heard(live: &mut dyn Live, call: impl FnOnce(&mut dyn Live, &mut Sink<'_>)) -> Vec<String> {
        let mut all = Vec::new();
        call(live, &mut |heard| {
            let text = String::from_utf8_lossy(heard.text);
            let end = text.split_once("DPT=").map_or("", |(_, end)| end);
            all.push(format!("{} {:x} {end}", heard.place, heard.queue));
        });
        all
    }

    #[test]
    fn packets_of_one_place_become_one_record_when_their_time_is_over() {
        let router = Router(vec![("192.0.2.1", 22), ("192.0.2.2", 22), ("192.0.2.1", 23), ("192.0.2.1", 22)]);
        let mut live = Merging::over(Box::new(router), Some(10));
        let none = heard(&mut *live, |live, sink| {
            live.ready(Token(0), Millis(500), sink);
        });
        assert_eq!((none, live.next_deadline()), (vec![], Some(Millis(10_500))));
        let early = heard(&mut *live, |live, sink| live.tick(Millis(10_499), sink));
        assert_eq!(early, Vec::<String>::new());
        let all = heard(&mut *live, |live, sink| live.tick(Millis(10_500), sink));
        // `2` with the bit of merged records; `2` alone.
        assert_eq!(all.len(), 2);
        assert!(all.contains(&"192.0.2.1 b2 22 [merged 3 packets in 0 s: 22x2 23]".to_owned()), "{all:?}");
        assert!(all.contains(&"192.0.2.2 32 22".to_owned()), "{all:?}");
        assert_eq!(live.next_deadline(), None);
    }

    #[test]
    fn what_waits_is_handed_on_at_the_end() {
        let mut live = Merging::over(Box::new(Router(vec![("a", 22), ("a", 23)])), Some(300));
        assert!(
            heard(&mut *live, |live, sink| {
                live.ready(Token(0), Millis(0), sink);
            })
            .is_empty()
        );
        let all = heard(&mut *live, |live, sink| live.end(Millis(2000), sink));
        assert_eq!(all, ["a b2 22 [merged 2 packets in 0 s: 22 23]"]);
    }
}
