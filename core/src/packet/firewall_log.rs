//! `firewall.log` of OSSEC and of this project: `2011 Jul 12 11:55:17
//! (agent) 192.0.2.1->/var/log/ufw.log DROP TCP 192.0.2.7:2686->198.51.100.1:135`.
//! Ours may end the origin with ` [3 packets]`.

use super::draft::{Draft, Slot, number};
use super::{Action, Format};

/// Bytes of the date.
const DATE: usize = "2011 Jul 12 11:55:17".len();

/// Whether a line begins with such a date; those of the archives do, too.
fn is_dated(line: &[u8]) -> bool {
    let digit = |at: usize| line.get(at).is_some_and(u8::is_ascii_digit);
    let has = |at: usize, byte: u8| line.get(at) == Some(&byte);
    digit(0) && digit(3) && has(4, b' ') && has(8, b' ') && has(11, b' ') && has(14, b':') && has(DATE, b' ')
}

/// Reads the last three words; the device is the agent, or the host. `None`
/// if it is another line.
pub(super) fn fill<'t>(line: &'t [u8], draft: &mut Draft<'t>) -> Option<()> {
    let mut words = line.trim_ascii_end().rsplitn(4, |byte| *byte == b' ').filter(|_| is_dated(line));
    let (ends, protocol, action) = (words.next()?, words.next()?, words.next()?);
    let arrow = super::find(ends, b"->")?;
    draft.packet.action = match action {
        b"DROP" | b"BLOCK" => Action::Drop,
        b"ALLOW" => Action::Allow,
        b"CLOSED" => Action::Closed,
        b"UNKNOWN" => Action::Unknown,
        _ => return None,
    };
    draft.packet.format = Format::FirewallLog;
    draft.packet.count = words.next().and_then(packets);
    draft.packet.time = line.get(..DATE);
    draft.set(Slot::Protocol, protocol);
    let origin = line.get(DATE + 1..).unwrap_or_default();
    draft.packet.device = Some(device(origin)).filter(|name| !name.is_empty());
    end(ends.get(..arrow)?, Slot::Src, Slot::SrcPort, draft);
    end(ends.get(arrow + 2..)?, Slot::Dst, Slot::DstPort, draft);
    Some(())
}

/// `… [3 packets]`.
fn packets(origin: &[u8]) -> Option<u32> {
    let text = origin.strip_suffix(b" packets]")?;
    number(text.get(memchr::memrchr(b'[', text)? + 1..)?)
}

/// `192.0.2.7:2686`, `2001:db8::7:2686`; port 0 stands for none.
fn end<'t>(text: &'t [u8], address: Slot, port: Slot, draft: &mut Draft<'t>) {
    let at = memchr::memrchr(b':', text).unwrap_or(text.len());
    draft.set(address, text.get(..at).unwrap_or_default());
    let digits = text.get(at + 1..).unwrap_or_default();
    let has_ports = draft.packet.protocol.is_some_and(|protocol| protocol.has_ports());
    if has_ports || number::<u16>(digits) != Some(0) {
        draft.set(port, digits);
    }
}

/// `(agent) …` or `host->…`.
fn device(origin: &[u8]) -> &[u8] {
    if let Some(rest) = origin.strip_prefix(b"(") {
        return rest.split(|byte| *byte == b')').next().unwrap_or_default();
    }
    let end = super::find(origin, b"->").unwrap_or(0);
    origin.get(..end).unwrap_or_default()
}
