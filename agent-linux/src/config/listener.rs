//! `<syslog_listener>`, and `<remote>` with `<connection>syslog</connection>`,
//! which means the same.

use super::client::port;
use super::localfile::MERGE_S;
use super::reading::Reading;
use super::report::Fault;
use super::sections::LISTENER_UNUSED;
use super::xml::Element;
use super::{Config, Listener};
use bartizan_core::rules::address::AddressRow;
use std::net::IpAddr;
use std::path::PathBuf;

/// Addresses of one list.
const ADDRESSES_MAX: usize = 256;

/// RFC 5426 and RFC 3164: the port of syslog.
const PORT: u16 = 514;

const OPTIONS: [&str; 8] =
    ["connection", "port", "protocol", "local_ip", "allowed-ips", "denied-ips", "socket", "merge_packets"];

/// Listeners of one configuration.
const LISTENERS_MAX: usize = 16;

/// Reads one section and adds it to the configuration if it is for syslog.
pub(super) fn read<'t>(
    reading: &mut Reading<'t>,
    section: &Element<'t>,
    config: &mut Config,
) -> Result<(), Fault> {
    let mut listener = Listener { port: PORT, ..Listener::default() };
    let mut syslog = section.name == "syslog_listener";
    let mut network = !syslog;
    let mut protocol = None;
    while let Some(option) = reading.xml.child()? {
        network |= !matches!(option.name, "socket" | "connection" | "merge_packets");
        match option.name {
            "connection" => syslog = reading.text(&option)?.is_some_and(|(kind, _)| kind == "syslog"),
            // The manager's own doors are none of the agent's business.
            _ if !syslog => reading.xml.skip()?,
            "port" => listener.port = port(reading, &option)?.unwrap_or(PORT),
            "protocol" => protocol = self::protocol(reading, &option)?,
            "local_ip" => listener.local = local(reading, &option)?,
            "allowed-ips" => addresses(reading, &option, &mut listener.allowed)?,
            "denied-ips" => addresses(reading, &option, &mut listener.denied)?,
            "merge_packets" => listener.merge_s = reading.number(&option, MERGE_S)?,
            "socket" => listener.socket = reading.path(&option)?.map(PathBuf::from),
            _ => reading.other_option(section.name, &option, &OPTIONS, &LISTENER_UNUSED)?,
        }
    }
    if !syslog {
        return Ok(());
    }
    if network || listener.socket.is_none() {
        (listener.udp, listener.tcp) = protocol.unwrap_or((true, false));
        if listener.allowed.is_empty() {
            let message = format_args!("this <{}> has no <allowed-ips>", section.name);
            let help = "name who may send, for example <allowed-ips>192.168.1.0/24</allowed-ips>";
            reading.error(section.name_at, message, help);
        }
    }
    if config.listeners.len() == LISTENERS_MAX {
        let message = format_args!("there are more than {LISTENERS_MAX} listeners");
        reading.error(section.name_at, message, "one listener may take udp and tcp and a socket");
    } else {
        config.listeners.push(listener);
    }
    Ok(())
}

/// Whether datagrams are received, and connections.
fn protocol<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Result<Option<(bool, bool)>, Fault> {
    let Some((text, at)) = reading.text(option)? else { return Ok(None) };
    let found = match text.as_str() {
        "udp" => (true, false),
        "tcp" => (false, true),
        // Wazuh 4.14 writes a list.
        "both" | "udp,tcp" | "tcp,udp" => (true, true),
        _ => {
            reading.error(at, format_args!("there is no protocol `{text}`"), "write udp, tcp or both");
            return Ok(None);
        }
    };
    Ok(Some(found))
}

fn local<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Result<Option<IpAddr>, Fault> {
    let Some((text, at)) = reading.text(option)? else { return Ok(None) };
    let address = text.parse().ok();
    if address.is_none() {
        reading.error(at, format_args!("`{text}` is no address"), "write an address of this machine");
    }
    Ok(address)
}

fn addresses<'t>(
    reading: &mut Reading<'t>,
    option: &Element<'t>,
    list: &mut Vec<AddressRow>,
) -> Result<(), Fault> {
    let Some((text, at)) = reading.text(option)? else { return Ok(()) };
    let words = text.split(|c: char| c == ',' || c.is_ascii_whitespace());
    for word in words.filter(|word| !word.is_empty()) {
        match AddressRow::parse(word.as_bytes()) {
            Some(_) if list.len() == ADDRESSES_MAX => {
                let message = format_args!("there are more than {ADDRESSES_MAX} addresses");
                reading.error(at, message, "name networks: 192.168.0.0/16");
                break;
            }
            Some(row) => list.push(row),
            None => {
                let help = "write 192.0.2.1, 192.0.2.0/24, 2001:db8::/32 or any";
                reading.error(at, format_args!("`{word}` is no address and no network"), help);
            }
        }
    }
    Ok(())
}
