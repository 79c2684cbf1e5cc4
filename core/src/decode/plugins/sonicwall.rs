//! `SonicWall_Decoder`: `pri=6 c=1024 m=98 … src=IP:PORT:IF dst=IP:PORT:IF`.
//!
//! OSSEC 4.3 applies three patterns of its regex language here. In all of them
//! what follows a quantifier is not in its set, so lazy and greedy come to the
//! same and a scan without going back finds the same match. Letters of the
//! patterns match in either case (ASCII; the pattern language would also take
//! U+017F for `s`).
//!
//! QUIRK not kept: OSSEC 4.3's daemon finds nothing here, because it looks for
//! its captures in the wrong place; its test program works, and so does this.

use super::Reader;
use crate::event::{Category, Event, Field};
use crate::record::{Span, Value};

/// Bytes of a message's category.
const CATEGORY_MAX: usize = 7;
/// Bytes of a protocol.
const PROTOCOL_MAX: usize = 6;

pub(super) fn run(event: &mut Event<'_>) -> Option<()> {
    event.category = Category::Syslog;
    let log = event.log();
    let mut reader = Reader::new(log);
    let [status, category, id] = search(&mut reader, b"pri=", message)?;
    event.set_in_log(Field::Status, status);
    event.set_in_log(Field::Id, id);
    let ends = search(&mut reader, b"src=", addresses)?;
    let fields = [Field::SrcIp, Field::SrcPort, Field::DstIp, Field::DstPort];
    for (field, span) in fields.into_iter().zip(ends) {
        event.set_in_log(field, span);
    }
    protocol(event, log, reader.place);
    let category = category.of(log);
    classify(event, category.get(..CATEGORY_MAX).unwrap_or(category), id.of(log));
    if event.category == Category::Squid {
        let [result, host, path] = search(&mut reader, b"result=", request)?;
        event.set_in_log(Field::Id, result);
        let url = joined(event, host.of(log), path.of(log));
        event.set(Field::Url, url);
    }
    Some(())
}

/// The type and action of a message by its category and number.
fn classify(event: &mut Event<'_>, category: &[u8], id: &[u8]) {
    if category == b"32" {
        event.category = Category::Ids;
        return;
    }
    let action: &[u8] = match id {
        b"98" | b"597" | b"598" => b"pass",
        b"36" | b"37" | b"38" | b"173" | b"174" => b"drop",
        b"537" => b"close",
        b"97" => {
            event.category = Category::Squid;
            return;
        }
        _ => return,
    };
    event.category = Category::Firewall;
    let action = event.keep(action);
    event.set(Field::Action, action);
}

/// `proto=tcp/http` behind the next blank: up to the slash.
///
/// QUIRK: without a slash the name runs on over blanks (OSSEC 4.3).
fn protocol(event: &mut Event<'_>, log: &[u8], from: usize) {
    let mut reader = Reader { log, place: from };
    if reader.until(b" ").and_then(|_| reader.tag(b"proto=")).is_some() {
        let name = reader.take_while(PROTOCOL_MAX, |byte| byte != b'/');
        event.set_in_log(Field::Protocol, name);
    }
}

/// A URL of two parts that do not stand together.
fn joined(event: &mut Event<'_>, host: &[u8], path: &[u8]) -> Value {
    match (event.keep(host), event.keep(path)) {
        (Value::Side(host), Value::Side(path)) => Value::Side(Span::new(host.start.into(), path.end())),
        (host, _) => host,
    }
}

/// The first place behind the reader's where `start` and then `pattern`
/// match. The reader is then behind the match.
///
/// A search goes on where the attempt before gave up, so no byte is read more
/// than a few times: where a pattern may begin within what it has read, it
/// steps back itself.
fn search<const N: usize>(
    reader: &mut Reader<'_>,
    start: &[u8],
    pattern: impl Fn(&mut Reader<'_>) -> Option<[Span; N]>,
) -> Option<[Span; N]> {
    let is_start = |part: &[u8]| part.eq_ignore_ascii_case(start);
    loop {
        let at = reader.rest().windows(start.len()).position(is_start)?;
        reader.place += at + start.len();
        if let Some(found) = pattern(reader) {
            return Some(found);
        }
    }
}

/// `pri=(\d) c=(\d+) m=(\d+) `.
fn message(reader: &mut Reader<'_>) -> Option<[Span; 3]> {
    let status = number(reader)?;
    tag(reader, b" c=")?;
    let category = number(reader)?;
    tag(reader, b" m=")?;
    let id = number(reader)?;
    reader.tag(b" ")?;
    (status.len == 1).then_some([status, category, id])
}

/// `src=(IP):(\d+):\S+ dst=(IP):(\d+):`. A second `src=` within the `\S+` ends
/// at the same blank and fails for the same reason.
fn addresses(reader: &mut Reader<'_>) -> Option<[Span; 4]> {
    let (source, source_port) = end(reader)?;
    word(reader)?;
    tag(reader, b" dst=")?;
    let (destination, destination_port) = end(reader)?;
    Some([source, source_port, destination, destination_port])
}

/// `result=(\d+) dstname=(\S+) arg=(\S+)$`.
fn request(reader: &mut Reader<'_>) -> Option<[Span; 3]> {
    let result = number(reader)?;
    tag(reader, b" dstname=")?;
    let back = reader.place;
    let parts = host_and_path(reader);
    if parts.is_none() {
        // The host's name may be the next `result=`.
        reader.place = back;
    }
    parts.map(|[host, path]| [result, host, path])
}

fn host_and_path(reader: &mut Reader<'_>) -> Option<[Span; 2]> {
    let host = word(reader)?;
    tag(reader, b" arg=")?;
    let path = word(reader)?;
    reader.rest().is_empty().then_some([host, path])
}

/// `(\d+.\d+.\d+.\d+):(\d+):`.
fn end(reader: &mut Reader<'_>) -> Option<(Span, Span)> {
    let start = reader.place;
    number(reader)?;
    for _ in 0..3 {
        reader.tag(b".")?;
        number(reader)?;
    }
    let address = Span::new(start, reader.place);
    reader.tag(b":")?;
    let port = number(reader)?;
    reader.tag(b":")?;
    Some((address, port))
}

fn number(reader: &mut Reader<'_>) -> Option<Span> {
    Some(reader.take_while(usize::MAX, |byte| byte.is_ascii_digit())).filter(|span| span.len > 0)
}

fn word(reader: &mut Reader<'_>) -> Option<Span> {
    Some(reader.take_while(usize::MAX, |byte| byte != b' ')).filter(|span| span.len > 0)
}

/// Passes a piece of a pattern, in either case.
fn tag(reader: &mut Reader<'_>, what: &[u8]) -> Option<()> {
    let next = reader.rest().get(..what.len())?;
    next.eq_ignore_ascii_case(what).then(|| reader.place += what.len())
}
