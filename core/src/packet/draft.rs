//! A packet that is being filled in, value by value.

use super::{Action, Packet, Protocol, endpoint};

/// Where a value belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// An address, or one with a port: see [`endpoint`].
    Src,
    Dst,
    SrcPort,
    DstPort,
    Protocol,
    Action,
    In,
    Out,
    Length,
    Ttl,
    IcmpType,
    IcmpCode,
    Rule,
    Count,
}

/// A packet with what is known of it so far. The first value of a slot
/// stays: what comes later is about an inner packet, or a translation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Draft<'t> {
    pub(super) packet: Packet<'t>,
    icmp_type: Option<u8>,
    icmp_code: Option<u8>,
}

impl<'t> Draft<'t> {
    /// Takes a value. An empty one says nothing; a malformed one is noted.
    pub(super) fn set(&mut self, slot: Slot, value: &'t [u8]) {
        let value = value.trim_ascii();
        if matches!(value, b"" | b"-" | b"N/A" | b"n/a") {
            return;
        }
        let packet = &mut self.packet;
        let taken = match slot {
            Slot::Src => return self.end(value, true),
            Slot::Dst => return self.end(value, false),
            Slot::SrcPort => first(&mut packet.sport, number(value)),
            Slot::DstPort => first(&mut packet.dport, number(value)),
            Slot::Length => first(&mut packet.length, number(value)),
            Slot::Ttl => first(&mut packet.ttl, number(value)),
            Slot::IcmpType => first(&mut self.icmp_type, number(value)),
            Slot::IcmpCode => first(&mut self.icmp_code, number(value)),
            Slot::Count => first(&mut packet.count, number(value)),
            Slot::In => first(&mut packet.in_interface, Some(value)),
            Slot::Out => first(&mut packet.out_interface, Some(value)),
            Slot::Rule => first(&mut packet.rule, Some(value)),
            Slot::Protocol => return self.protocol(value),
            Slot::Action => {
                if packet.action == Action::Unknown {
                    packet.action = action(value);
                }
                true
            }
        };
        self.packet.is_malformed |= !taken;
    }

    /// A value that should have been there and is not what it should be.
    pub(super) fn malformed(&mut self) {
        self.packet.is_malformed = true;
    }

    fn end(&mut self, value: &'t [u8], is_source: bool) {
        let Some(end) = endpoint::read(value) else {
            // Some makers write names into these keys, too.
            self.packet.is_malformed |= value.first().is_some_and(u8::is_ascii_digit);
            return;
        };
        let packet = &mut self.packet;
        let (address, port, interface) = match is_source {
            true => (&mut packet.src, &mut packet.sport, &mut packet.in_interface),
            false => (&mut packet.dst, &mut packet.dport, &mut packet.out_interface),
        };
        if address.is_none() || end.address.is_none() {
            *address = address.or(end.address);
            *port = port.or(end.port);
            *interface = interface.or(end.interface);
        }
    }

    /// `TCP`, `6`, or as SonicWall has it `tcp/443`.
    fn protocol(&mut self, value: &'t [u8]) {
        let mut parts = value.splitn(2, |byte| *byte == b'/');
        let name = parts.next().unwrap_or_default();
        if self.packet.protocol.is_none() {
            self.packet.protocol = Some(Protocol::new(name));
        }
        if let Some(port) = parts.next().and_then(number) {
            first(&mut self.packet.dport, Some(port));
        }
    }

    /// The packet.
    pub(super) fn finish(self) -> Packet<'t> {
        let mut packet = self.packet;
        packet.icmp = packet.icmp.or(self.icmp_type.zip(self.icmp_code.or(Some(0))));
        packet
    }
}

/// Fills what is not filled; false if there is no value.
fn first<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let is_value = value.is_some();
    if slot.is_none() {
        *slot = value;
    }
    is_value
}

/// A number in decimal digits.
pub(super) fn number<N: core::str::FromStr>(digits: &[u8]) -> Option<N> {
    let is_plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    core::str::from_utf8(digits).ok().filter(|_| is_plain)?.parse().ok()
}

/// Words of actions, by what they contain. The first that fits counts.
const ACTIONS: [(&[u8], Action); 19] = [
    (b"reject", Action::Reject),
    (b"reset", Action::Reject),
    (b"drop", Action::Drop),
    (b"block", Action::Drop),
    (b"deny", Action::Drop),
    (b"denied", Action::Drop),
    (b"discard", Action::Drop),
    (b"prevent", Action::Drop),
    (b"accept", Action::Allow),
    (b"allow", Action::Allow),
    (b"permit", Action::Allow),
    (b"pass", Action::Allow),
    (b"open", Action::Allow),
    (b"close", Action::Closed),
    (b"teardown", Action::Closed),
    (b"timeout", Action::Closed),
    (b"monitor", Action::Allow),
    (b"start", Action::Allow),
    (b"create", Action::Allow),
];

/// What a text says of an action: the first of the known words in it, in any
/// case. Work: nineteen passes over a text.
pub(super) fn action(text: &[u8]) -> Action {
    let has = |word: &[u8]| text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    ACTIONS.iter().find(|(word, _)| has(word)).map_or(Action::Unknown, |(_, action)| *action)
}
