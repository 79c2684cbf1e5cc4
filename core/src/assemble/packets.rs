//! Lines of the kernel's packet filter: equal packets that were refused are
//! one record.
//!
//! A router under a scan writes a line for each packet; most differ in the
//! port alone. The first line stays as it was written, the ports of the others
//! stand behind it (see [`merged`]). A line that is no refused packet of the kernel, or
//! is understood in part only, is a record of its own at once.
//!
//! Sources that have no lines of a file may put a line of their own before
//! each: what it says must be equal, too.
//!
//! Up to [`OPEN_RECORDS_MAX`](crate::limits::OPEN_RECORDS_MAX) records are
//! open; the one that was not added to for the longest time makes room.
//!
//! Work: a line is read once as a packet; the open record that it belongs to
//! is searched for its port once and moved twice at most.

use super::Line;
use super::desk::Desk;
use crate::limits::RECORD_MAX;
use crate::packet::merged::{MERGED, Merged, Target};
use crate::packet::{self, Packet};
use crate::record::Span;
use crate::time::Millis;
use core::fmt::Write;
use core::net::IpAddr;
use core::ops::Range;
use heapless::{String, Vec};

/// Bytes of a line that is merged; a longer one is a record of its own.
const LINE_MAX: usize = 2048;

/// Bytes of what must be equal; packets with more are not merged.
const KEY_MAX: usize = 256;

/// Bytes of what stands around the parts, and of one more part.
const AROUND: usize = 128;

const _: () = assert!(LINE_MAX + KEY_MAX + 2 + AROUND <= RECORD_MAX / 2);

/// What must be equal, and behind it the source port.
type Key = Vec<u8, { KEY_MAX + 2 }>;

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>, window_ms: u32) {
    let packet = Some(line).filter(|line| line.text.len() <= LINE_MAX && line.cut == 0);
    let packet = packet.and_then(|line| read(line.text)).filter(|(_, packet)| is_mergeable(packet));
    let Some((packet, mut kept)) = packet.and_then(|(before, packet)| Some((packet, key(before, &packet)?)))
    else {
        return desk.single(line);
    };
    if !desk.counts(&kept, line.at) {
        return;
    }
    if let Some(index) = desk.find(&kept) {
        if add(desk, index, &packet, window_ms) {
            return desk.renew(index);
        }
        desk.give(index);
    }
    let len = kept.len();
    let index = desk.begin(line, Span::default());
    // Room for two bytes more was left.
    let _ = kept.extend_from_slice(&packet.sport.unwrap_or(0).to_le_bytes());
    desk.keep(index, &kept, len);
    desk.line(index, b"", line);
}

/// The packet of a text, and what stands in a line before it.
fn read(text: &[u8]) -> Option<(&[u8], Packet<'_>)> {
    let at = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
    let (before, line) = text.split_at_checked(at)?;
    Some((before, packet::read_kernel(line)?))
}

/// Whether a packet was refused, and all of it is understood. One that stands
/// for several already is not merged again.
fn is_mergeable(packet: &Packet<'_>) -> bool {
    packet.action.is_refusal() && packet.is_whole() && packet.count.is_none_or(|count| count == 1)
}

/// What packets must have in common, as bytes; `None` if that is too long.
fn key(before: &[u8], packet: &Packet<'_>) -> Option<Key> {
    let mut key = Key::new();
    let mut put = |bytes: &[u8]| {
        let len = u8::try_from(bytes.len()).ok()?;
        key.push(len).ok()?;
        key.extend_from_slice(bytes).ok()
    };
    put(before)?;
    put(&[packet.action as u8, packet.flags.bits()])?;
    match packet.protocol? {
        packet::Protocol::Number(number) => put(&[number])?,
        packet::Protocol::Named(name) => put(name)?,
    }
    for address in [packet.src?, packet.dst?] {
        match address {
            IpAddr::V4(address) => put(&address.octets())?,
            IpAddr::V6(address) => put(&address.octets())?,
        }
    }
    for name in [packet.in_interface, packet.out_interface, packet.rule, packet.device] {
        put(name.unwrap_or_default())?;
    }
    (key.len() <= KEY_MAX).then_some(key)
}

/// Counts a packet in an open record; false if there is no room for it.
fn add(desk: &mut Desk<'_>, index: usize, packet: &Packet<'_>, window_ms: u32) -> bool {
    if desk.text(index).len() + AROUND > desk.room(index) || open(desk, index).is_none() {
        return false;
    }
    let Some(merged) = Merged::read(desk.text(index)) else { return false };
    let (start, packets, had_other_ports) =
        (merged.line.len(), merged.packets.saturating_add(1), merged.has_other_ports);
    let is_other_port = desk.kept(index) != packet.sport.unwrap_or(0).to_le_bytes();
    let Some((place, part)) = part(desk.text(index), start, Target::of(packet)) else { return false };
    desk.replace(index, place, part.as_bytes());
    let Some(record) = desk.get(index) else { return false };
    let begun = Millis(record.due.0.saturating_sub(u64::from(window_ms)));
    let head = head(packets, desk.now.since(begun) / 1000, had_other_ports || is_other_port);
    let end = start + colon(desk.text(index), start);
    desk.replace(index, start..end, head.as_bytes());
    true
}

/// Makes the record of one packet one of several.
fn open(desk: &mut Desk<'_>, index: usize) -> Option<()> {
    let record = desk.get_mut(index)?;
    if record.queue & MERGED != 0 {
        return Some(());
    }
    record.queue |= MERGED;
    let target = Target::of(&read(desk.text(index))?.1);
    desk.append(index, head(1, 0, false).as_bytes());
    let mut part = Part::new();
    write!(part, ": {target}]").ok()?;
    desk.append(index, part.as_bytes());
    Some(())
}

/// One part, and what stands around it.
type Part = String<24>;

/// What stands before the parts.
fn head(packets: u32, seconds: u64, has_other_ports: bool) -> String<80> {
    let mut head = String::new();
    let other = if has_other_ports { " from other ports" } else { "" };
    // Has room for the largest numbers.
    let _ = write!(head, " [merged {packets} packets in {seconds} s{other}");
    head
}

/// Bytes from the start of what was merged to its parts.
fn colon(text: &[u8], start: usize) -> usize {
    memchr::memchr(b':', text.get(start..).unwrap_or_default()).unwrap_or(0)
}

/// The part of one more packet to a target, and the place that it takes.
fn part(text: &[u8], start: usize, target: Target) -> Option<(Range<usize>, Part)> {
    let from = start + colon(text, start);
    let parts = text.get(from..)?;
    let mut part = Part::new();
    write!(part, " {target}").ok()?;
    let ends = |at: &usize| matches!(parts.get(at + part.len()), Some(b' ' | b'x' | b']'));
    let Some(at) = packet::places(parts, part.as_bytes()).find(ends) else {
        let end = text.len().checked_sub(1)?;
        return Some((end..end, part));
    };
    let rest = parts.get(at + part.len()..)?;
    let len = rest.iter().position(|byte| matches!(byte, b' ' | b']'))?;
    let times = rest.get(1..len).and_then(|digits| core::str::from_utf8(digits).ok());
    let times: u32 = times.and_then(|digits| digits.parse().ok()).unwrap_or(1);
    let end = at + part.len() + len;
    write!(part, "x{}", times.saturating_add(1)).ok()?;
    Some((from + at..from + end, part))
}
