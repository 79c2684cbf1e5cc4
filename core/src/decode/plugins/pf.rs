//! `PF_Decoder`: lines that tcpdump prints of a pf log.
//!
//! `rule 2/(match) pass in on xl0: 192.0.2.1.80 > 10.0.0.1.90: udp 73`.
//! Each step that fails ends the work and keeps what was found before
//! (OSSEC 4.3).

use super::Reader;
use crate::event::{Event, Field};
use crate::record::Span;

pub(super) fn run(event: &mut Event<'_>) -> Option<()> {
    let log = event.log();
    let mut reader = Reader::new(log);
    reader.until(b")")?;
    reader.tag(b" ")?;
    let action: &[u8] = match reader.rest().first()? {
        b'p' => b"pass",
        b'b' => b"block",
        _ => return None,
    };
    let action = event.keep(action);
    event.set(Field::Action, action);
    reader.until(b": ")?;
    let source = reader.until(b" ")?;
    set_end(event, log, source, Field::SrcIp, Field::SrcPort);
    reader.tag(b"> ")?;
    let destination = reader.until(b":")?;
    set_end(event, log, destination, Field::DstIp, Field::DstPort);
    reader.take_while(usize::MAX, |byte| byte == b' ');
    let protocol: &[u8] = match reader.rest().first()? {
        b'u' => b"UDP",
        b'i' => b"ICMP",
        // Flags of TCP, in capitals or as a dot.
        _ => b"TCP",
    };
    let protocol = event.keep(protocol);
    event.set(Field::Protocol, protocol);
    Some(())
}

/// Sets address and, behind the fourth dot, port.
fn set_end(event: &mut Event<'_>, log: &[u8], end: Span, address: Field, port: Field) {
    let dots = end.of(log).iter().enumerate().filter(|(_, byte)| **byte == b'.');
    let Some((dot, _)) = dots.into_iter().nth(3) else {
        return event.set_in_log(address, end);
    };
    let dot = usize::from(end.start) + dot;
    event.set_in_log(address, Span::new(end.start.into(), dot));
    event.set_in_log(port, Span::new(dot + 1, end.end()));
}
