//! An end of a connection: an address, perhaps with port and interface.

use super::draft::number;
use core::net::{IpAddr, Ipv6Addr};

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Endpoint<'t> {
    pub(super) address: Option<IpAddr>,
    pub(super) port: Option<u16>,
    pub(super) interface: Option<&'t [u8]>,
}

/// Reads the forms that makers have:
///
/// | form | who |
/// |---|---|
/// | `192.0.2.7`, `2001:db8::1` | most |
/// | `192.0.2.7:80`, `[2001:db8::1]:80` | RouterOS |
/// | `192.0.2.7:80:WAN`, `:5355`, `192.0.2.7::X0` | SonicWall |
/// | `192.0.2.7/80`, `outside:192.0.2.7/80` | Cisco, Junos |
/// | `192.0.2.7(80)`, `outside/192.0.2.7(80)` | IOS, ASA |
pub(super) fn read(text: &[u8]) -> Option<Endpoint<'_>> {
    if let Some(address) = address(text) {
        return Some(Endpoint { address: Some(address), ..Endpoint::default() });
    }
    bracketed(text).or_else(|| sliced(text)).or_else(|| coloned(text))
}

fn address(text: &[u8]) -> Option<IpAddr> {
    // The longest address has 45 characters; a zone may stand behind it.
    let text = text.split(|byte| *byte == b'%').next().filter(|text| text.len() <= 45)?;
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// `[2001:db8::1]:80`.
fn bracketed(text: &[u8]) -> Option<Endpoint<'_>> {
    let rest = text.strip_prefix(b"[")?;
    let end = rest.iter().position(|byte| *byte == b']')?;
    let (inside, behind) = rest.split_at_checked(end)?;
    let inside: Ipv6Addr = core::str::from_utf8(inside).ok()?.parse().ok()?;
    let port = behind.strip_prefix(b"]:").and_then(number);
    Some(Endpoint { address: Some(inside.into()), port, interface: None })
}

/// `192.0.2.7/80`, `192.0.2.7(80)`, either with an interface before.
fn sliced(text: &[u8]) -> Option<Endpoint<'_>> {
    let (before, port) = match text.strip_suffix(b")") {
        Some(text) => cut(text, b'(')?,
        None => cut(text, b'/')?,
    };
    let whole = |address| Some(Endpoint { address: Some(address), port: number(port), interface: None });
    if let Some(address) = address(before) {
        return whole(address);
    }
    let at = before.iter().position(|byte| matches!(byte, b':' | b'/'))?;
    let (interface, rest) = before.split_at_checked(at)?;
    let address = address(rest.get(1..)?)?;
    Some(Endpoint { interface: Some(interface).filter(|name| !name.is_empty()), ..whole(address)? })
}

/// `192.0.2.7:80:WAN`; the address or the port may be missing. Also
/// `outside:192.0.2.7`.
fn coloned(text: &[u8]) -> Option<Endpoint<'_>> {
    let mut parts = text.splitn(3, |byte| *byte == b':');
    let [first, second] = [parts.next()?, parts.next()?];
    let interface = parts.next().filter(|name| !name.is_empty());
    let end = match (address(first), address(second)) {
        (Some(address), _) => Endpoint { address: Some(address), port: number(second), interface },
        (None, Some(address)) => Endpoint { address: Some(address), port: None, interface: Some(first) },
        (None, None) if first.is_empty() => Endpoint { address: None, port: number(second), interface },
        (None, None) => return None,
    };
    Some(end)
}

/// Splits at the last such byte.
fn cut(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = memchr::memrchr(at, text)?;
    let (before, behind) = text.split_at_checked(position)?;
    Some((before, behind.get(1..)?))
}

/// Two ends with an arrow between them: `A->B` or `A -> B`.
pub(super) fn arrow(text: &[u8]) -> Option<(Endpoint<'_>, Endpoint<'_>)> {
    let at = super::find(text, b"->")?;
    let before = text.get(..at)?.trim_ascii_end();
    let behind = text.get(at + 2..)?.trim_ascii_start();
    let breaks = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b';');
    let from = before.rsplit(breaks).next()?;
    let to = behind.split(breaks).next()?;
    Some((read(from)?, read(to)?))
}
