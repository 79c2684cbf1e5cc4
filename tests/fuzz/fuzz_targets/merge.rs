//! Lines of one packet filter, merged: every packet is in one record, as
//! itself or in a count, wherever its source is left and taken up again; and
//! any text is read as a merged record, or not.
//!
//! Input: one byte for the line before which the source is left, one for the
//! time between lines, then four bytes for each line; the same bytes are the
//! text.
#![no_main]

use bartizan_core::assemble::{Assembler, Context, Format, Line};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::packet;
use bartizan_core::packet::merged::{MERGED, Merged};
use bartizan_core::pattern::NoPatterns;
use bartizan_core::time::Millis;
use libfuzzer_sys::fuzz_target;

const FORMAT: Format = Format::Packets { window_ms: 2000 };

/// Lines of one input: more would only be slow.
const LINES_MAX: usize = 400;

fn line(bytes: &[u8]) -> String {
    let [kind, src, high, low] = bytes else { return String::new() };
    let action = ["DROP", "REJECT", "ACCEPT", "x"][usize::from(kind % 4)];
    let protocol = ["TCP SPT=1", "UDP SPT=2", "ICMP TYPE=8 CODE=0", "47"][usize::from(kind / 4 % 4)];
    let port = u16::from_le_bytes([*high, *low]);
    let forged = if kind % 16 == 7 { " [merged 9 packets in 1 s: 1x9]" } else { "" };
    let src = src % 12;
    format!("kernel: {action} IN=a SRC=192.0.2.{src} DST=198.51.100.1 PROTO={protocol} DPT={port}{forged}")
}

/// Packets in what comes out, and how many were refused.
struct Source {
    assembler: Assembler<Vec<u8>>,
    now: Millis,
    packets: u64,
}

impl Source {
    fn new(now: Millis) -> Self {
        let assembler = Assembler::new(FORMAT, vec![b'?'; FORMAT.memory()]).expect("as much as it asked for");
        Self { assembler, now, packets: 0 }
    }

    /// Takes a line, or the end.
    fn call(&mut self, line: Option<Line<'_>>) {
        let mut context = Context { now: self.now, header: b"", patterns: &mut NoPatterns };
        let packets = &mut self.packets;
        let mut out = |record: bartizan_core::assemble::Record<'_>| {
            assert!(record.text.len() <= TEXT_MAX);
            if record.queue & MERGED == 0 {
                *packets += 1;
                return;
            }
            let merged = Merged::read(record.text).expect("it was merged");
            let sum: u64 = merged.parts().map(|(_, count)| u64::from(count)).sum();
            assert_eq!(sum, u64::from(merged.packets));
            assert!(packet::read(merged.line).is_some_and(|packet| packet.action.is_refusal()));
            *packets += sum;
        };
        match line {
            Some(line) => self.assembler.push(line, &mut context, &mut out),
            None => self.assembler.finish(&mut context, &mut out),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let [stop, ms, bytes @ ..] = data else { return };
    if let Some(merged) = Merged::read(bytes) {
        assert!(merged.parts().count() > 0 && merged.line.len() < bytes.len());
    }
    let texts: Vec<_> = bytes.chunks_exact(4).take(LINES_MAX).map(line).collect();
    let mut lines: Vec<Line<'_>> = Vec::new();
    for text in &texts {
        let at = lines.last().map_or(0, |line| line.at + line.text.len() as u64 + 1);
        lines.push(Line { text: text.as_bytes(), at, cut: 0 });
    }
    let (before, after) = lines.split_at(usize::from(*stop).min(lines.len()));
    let mut first = Source::new(Millis(1));
    for line in before {
        first.now = first.now.plus(u64::from(*ms));
        first.call(Some(*line));
    }
    let end = before.last().map_or(0, |line| line.at + line.text.len() as u64 + 1);
    let high = after.first().map_or(end, |line| line.at);
    let open = first.assembler.open();
    let mut second = Source::new(first.now);
    second.assembler.resume(high, &open.keys);
    let low = open.low.unwrap_or(high);
    lines.iter().filter(|line| line.at >= low).for_each(|line| second.call(Some(*line)));
    second.call(None);
    assert_eq!(first.packets + second.packets, lines.len() as u64);
});
