//! `nmapg`: open ports of hosts in nmap's grepable output.
//!
//! OSSEC 4.3: `Host: IP (NAME)<TAB>Ports: 22/open/tcp//ssh///, …` becomes
//! `Host: IP (NAME), open ports: 22(tcp) …`. All other lines (comments, states
//! of hosts) are not used; OSSEC stops reading at one that it does not know.

use super::desk::Desk;
use super::{Line, find};
use crate::record::Span;

/// What stands between a host and its ports.
const PORTS: &[u8] = b"\tPorts: ";

/// Takes a line.
pub(super) fn push(desk: &mut Desk<'_>, line: &Line<'_>) {
    let Some(end) = find(line.text, PORTS).filter(|_| line.text.starts_with(b"Host: ")) else {
        return;
    };
    let (host, ports) = line.text.split_at(end);
    let ports = ports.get(PORTS.len()..).unwrap_or_default();
    let ports = ports.split(|byte| *byte == b'\t').next().unwrap_or_default();
    let index = desk.begin(line, Span::default());
    desk.append(index, host);
    desk.append(index, b", open ports:");
    for (number, protocol) in ports.split(|byte| *byte == b',').filter_map(open_port) {
        for piece in [b" ", number, b"(", protocol, b")"] {
            desk.append(index, piece);
        }
    }
    desk.seen(index, line);
    desk.give(index);
}

/// The number and protocol of a port that is open.
fn open_port(port: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = port.trim_ascii().split(|byte| *byte == b'/');
    let (number, state, protocol) = (fields.next()?, fields.next()?, fields.next()?);
    (state == b"open").then_some((number, protocol))
}
