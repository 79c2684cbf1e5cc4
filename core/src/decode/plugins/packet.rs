//! `Packet_Decoder`: a line of any packet filter that [`crate::packet`] reads.
//!
//! | field | what it holds |
//! |---|---|
//! | `action` | the word of `firewall.log`: `DROP`, `ALLOW`, `CLOSED`, `UNKNOWN` |
//! | `protocol` | its usual name, or its number |
//! | `srcip`, `dstip` | the addresses in their one usual form, however the maker writes them: rules compare texts |
//! | `srcport`, `dstport` | the ports, if the protocol has any |
//! | `status` | the flags of TCP (`SYN`, `SYN,ACK`), or type and code of ICMP (`8/0`) |
//! | `id` | prefix, number or name of the rule that matched |
//! | `extra_data` | the interface, or zone, that the packet came in by |
//!
//! What is a part of the line stays a span of it; numbers and words are
//! written to the event's side buffer, less than 200 bytes of them.

use crate::event::{Category, Event, Field, Target};
use crate::image::Image;
use crate::packet::{self, Packet, Protocol};
use crate::record::{Span, Value};
use core::fmt::{self, Write};
use heapless::String;

/// The decoder of lines that no decoder of a ruleset fits, as a stage of its
/// own.
pub const STAGE: &str = "packet";

/// Bytes of the longest value that is written: an address.
const WRITTEN_MAX: usize = 45;

/// Makes an event one of a packet filter if its line is one.
pub(super) fn run(event: &mut Event<'_>) -> Option<()> {
    event.category = Category::Syslog;
    let packet = packet::read(event.line())?;
    event.category = Category::Firewall;
    fill(event, &packet);
    Some(())
}

/// Makes a packet that no decoder fits an event of the stage [`STAGE`], if its
/// addresses and its protocol are known.
///
/// Work: a line without a decoder is read once.
pub fn adopt(image: &Image<'_>, event: &mut Event<'_>) {
    if event.decoder.is_some() || event.category != Category::Syslog {
        return;
    }
    let Some(packet) = packet::read(event.line()).filter(tells_enough) else { return };
    let Some(stage) = image.stage(STAGE.as_bytes()) else { return };
    event.decoder = Some(stage);
    event.category = Category::Firewall;
    fill(event, &packet);
}

/// Gives an event of a packet filter that a decoder understood in part what
/// is missing. Whatever the decoder has found stays.
///
/// Work: a line that lacks an action, an address or the protocol is read once.
pub fn complete(event: &mut Event<'_>) {
    let is_whole = || needed().all(|field| event.field(field).is_some());
    if event.category != Category::Firewall || is_whole() {
        return;
    }
    if let Some(packet) = packet::read(event.line()) {
        fill(event, &packet);
    }
}

/// What `firewall.log` cannot do without.
fn needed() -> impl Iterator<Item = Field> {
    [Field::Action, Field::Protocol, Field::SrcIp, Field::DstIp].into_iter()
}

/// Whether a packet can be told from a line that only looks like one.
fn tells_enough(packet: &Packet<'_>) -> bool {
    packet.src.is_some() && packet.dst.is_some() && packet.protocol.is_some()
}

/// Sets all fields that are not set.
fn fill(event: &mut Event<'_>, packet: &Packet<'_>) {
    text(event, Field::Action, Some(packet.action.word().as_bytes()));
    match packet.protocol {
        Some(Protocol::Number(number)) if packet.protocol.and_then(|known| known.name()).is_none() => {
            written(event, Field::Protocol, Some(number));
        }
        protocol => text(event, Field::Protocol, protocol.and_then(|protocol| protocol.name())),
    }
    written(event, Field::SrcIp, packet.src);
    written(event, Field::DstIp, packet.dst);
    written(event, Field::SrcPort, packet.sport);
    written(event, Field::DstPort, packet.dport);
    match packet.icmp {
        Some((kind, code)) => written(event, Field::Status, Some(format_args!("{kind}/{code}"))),
        None => written(event, Field::Status, Some(packet.flags).filter(|flags| !flags.is_empty())),
    }
    text(event, Field::Id, packet.rule);
    text(event, Field::Data, packet.in_interface);
}

/// Sets a field to a text: a span of the line, if it is a part of it.
fn text(event: &mut Event<'_>, field: Field, text: Option<&[u8]>) {
    let Some(text) = text.filter(|_| !event.value(field).is_set()) else { return };
    let value = match place(event.text, text) {
        Some(span) => Value::Text(span),
        None => event.keep(text),
    };
    event.assign(Target::Static(field), 0, value);
}

/// Sets a field to what a value is written as.
fn written(event: &mut Event<'_>, field: Field, value: Option<impl fmt::Display>) {
    let Some(value) = value.filter(|_| !event.value(field).is_set()) else { return };
    let mut text = String::<WRITTEN_MAX>::new();
    // Has room for the longest.
    let _ = write!(text, "{value}");
    let value = event.keep(text.as_bytes());
    event.assign(Target::Static(field), 0, value);
}

/// Where a part of a text stands in it; `None` if it is none.
fn place(text: &[u8], part: &[u8]) -> Option<Span> {
    let start = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let end = start.checked_add(part.len()).filter(|end| *end <= text.len())?;
    Some(Span::new(start, end))
}
