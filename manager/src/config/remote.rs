//! `<remote>`: what comes from other machines.

use super::Place;
use super::localfile::MERGE_MAX;
use super::reading::{Reading, value_span};
use super::sections::REMOTE_UNUSED;
use crate::agents::PORT;
use crate::diagnose::suggest;
use crate::xml::Element;
use bartizan_core::rules::address::AddressRow;
use std::net::IpAddr;

/// Addresses of one list.
const ADDRESSES_MAX: usize = 1024;

const OPTIONS: [&str; 9] = [
    "connection",
    "port",
    "protocol",
    "local_ip",
    "allowed-ips",
    "denied-ips",
    "ipv6",
    "socket",
    "merge_packets",
];

const CONNECTIONS: [(&str, Connection); 3] =
    [("syslog", Connection::Syslog), ("secure", Connection::Secure), ("bartizan", Connection::Bartizan)];

/// One `<remote>`: a port where others are heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Who is heard.
    pub connection: Connection,
    /// The port; 514 for syslog, 1514 for OSSEC's agents, [`PORT`] for ours,
    /// if nothing is said.
    pub port: u16,
    /// Datagrams are received.
    pub udp: bool,
    /// Connections are accepted.
    pub tcp: bool,
    /// The address of this machine; without one all of them.
    pub local_ip: Option<IpAddr>,
    /// Whether IPv6 is heard, too.
    pub ipv6: bool,
    /// Who may send; empty for anybody, which syslog does not allow.
    pub allowed: Vec<AddressRow>,
    /// Who may not, whatever `allowed` says.
    pub denied: Vec<AddressRow>,
    /// Where it is configured.
    pub place: Place,
}

/// Who is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Anything that sends syslog.
    Syslog,
    /// Agents, by the protocol of OSSEC.
    Secure,
    /// Agents, by the protocol of Bartizan.
    Bartizan,
}

impl Connection {
    fn port(self) -> u16 {
        match self {
            Self::Syslog => 514,
            Self::Secure => 1514,
            Self::Bartizan => PORT,
        }
    }
}

/// A `<remote>` of which options may still be missing.
#[derive(Default)]
struct Parts {
    connection: Option<Connection>,
    port: Option<u16>,
    protocol: Option<(bool, bool)>,
    local_ip: Option<IpAddr>,
    ipv6: bool,
    allowed: Vec<AddressRow>,
    denied: Vec<AddressRow>,
    /// Something was wrong and is reported.
    flawed: bool,
}

impl Remote {
    /// Reads one `<remote>`; `None` if it cannot be used, which is reported.
    pub(super) fn read(reading: &mut Reading<'_>, section: &Element) -> Option<Self> {
        let listener = section.name == "syslog_listener";
        let mut parts = Parts { connection: listener.then_some(Connection::Syslog), ..Parts::default() };
        for option in &section.children {
            reading.only_attributes(option, &[]);
            parts.take(reading, section, option);
        }
        let (udp, tcp) = parts.transport(reading, section)?;
        let connection = parts.connection?;
        Some(Self {
            connection,
            port: parts.port.unwrap_or(connection.port()),
            udp,
            tcp,
            local_ip: parts.local_ip,
            ipv6: parts.ipv6,
            allowed: parts.allowed,
            denied: parts.denied,
            place: reading.place(section.name_span),
        })
    }
}

impl Parts {
    fn take(&mut self, reading: &mut Reading<'_>, section: &Element, option: &Element) {
        match option.name.as_str() {
            "connection" => self.connection = self.flaw(connection(reading, option)),
            "port" => self.port = self.flaw(reading.number(option, 1..=65535)).map(|port| port as u16),
            "protocol" => self.protocol = self.flaw(protocol(reading, option)),
            "local_ip" => self.local_ip = self.flaw(local_ip(reading, option)),
            "ipv6" => self.ipv6 = self.flaw(reading.yes_or_no(option)).unwrap_or(false),
            "allowed-ips" => self.flawed |= !add(reading, option, &mut self.allowed),
            "denied-ips" => self.flawed |= !add(reading, option, &mut self.denied),
            // Of an agent: the manager need not look into its file system.
            // Of agents.
            "socket" if section.name == "syslog_listener" => drop(reading.text(option)),
            "merge_packets" if section.name == "syslog_listener" => {
                reading.number(option, 1..=MERGE_MAX);
            }
            _ => reading.other_option(section, option, &OPTIONS, &REMOTE_UNUSED),
        }
    }

    fn flaw<T>(&mut self, value: Option<T>) -> Option<T> {
        self.flawed |= value.is_none();
        value
    }

    /// Whether datagrams are received, and connections; `None` if something is
    /// missing or does not go together.
    fn transport(&self, reading: &mut Reading<'_>, section: &Element) -> Option<(bool, bool)> {
        let (name, at) = (&section.name, section.name_span);
        let socket = section.children.iter().any(|option| option.name == "socket");
        match (self.connection, self.protocol) {
            _ if self.flawed => None,
            (None, _) => {
                let help = "add <connection>syslog</connection>, or secure or bartizan for agents";
                reading.error(at, format!("this <{name}> has no <connection>"), help);
                None
            }
            (Some(Connection::Syslog), _) if self.allowed.is_empty() && !socket => {
                let help = "name who may send, for example <allowed-ips>192.168.1.0/24</allowed-ips>";
                reading.error(at, format!("this <{name}> has no <allowed-ips>"), help);
                None
            }
            (Some(Connection::Bartizan), Some((true, _))) => {
                let help = "write <protocol>tcp</protocol>, or leave it out";
                reading.error(at, "Bartizan's agents connect by TCP only", help);
                None
            }
            (Some(Connection::Bartizan), _) => Some((false, true)),
            (Some(_), protocol) => Some(protocol.unwrap_or((true, false))),
        }
    }
}

fn connection(reading: &mut Reading<'_>, option: &Element) -> Option<Connection> {
    let name = reading.text(option)?;
    let known = CONNECTIONS.iter().find(|(known, _)| *known == name);
    if known.is_none() {
        let help = match suggest(&name, CONNECTIONS.map(|(known, _)| known)) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "write syslog, secure or bartizan".to_owned(),
        };
        reading.error(value_span(option), format!("there is no connection `{name}`"), help);
    }
    known.map(|(_, connection)| *connection)
}

/// Whether datagrams are received, and connections; Wazuh 4.14 writes a list.
fn protocol(reading: &mut Reading<'_>, option: &Element) -> Option<(bool, bool)> {
    let text = reading.text(option)?;
    let (mut udp, mut tcp) = (false, false);
    for name in text.split(',') {
        match name.trim().to_ascii_lowercase().as_str() {
            "udp" => udp = true,
            "tcp" => tcp = true,
            "both" => (udp, tcp) = (true, true),
            name => {
                let message = format!("there is no protocol `{name}`");
                reading.error(value_span(option), message, "write udp, tcp, or udp,tcp");
                return None;
            }
        }
    }
    Some((udp, tcp))
}

fn local_ip(reading: &mut Reading<'_>, option: &Element) -> Option<IpAddr> {
    let text = reading.text(option)?;
    let address = text.parse().ok();
    if address.is_none() {
        let help = "write one of this machine's addresses, or leave it out";
        reading.error(value_span(option), format!("`{text}` is no address"), help);
    }
    address
}

/// Adds an entry to a list of addresses; false if it is none, which is reported.
fn add(reading: &mut Reading<'_>, option: &Element, list: &mut Vec<AddressRow>) -> bool {
    let Some(text) = reading.text(option) else {
        return false;
    };
    match AddressRow::parse(text.as_bytes()) {
        Some(_) if list.len() == ADDRESSES_MAX => {
            let message = format!("there are more than {ADDRESSES_MAX} <{}>", option.name);
            reading.error(option.name_span, message, "name networks: 192.168.0.0/16");
        }
        Some(row) => {
            list.push(row);
            return true;
        }
        None => {
            let help = "write an address (192.0.2.1) or a network (192.0.2.0/24)";
            reading.error(value_span(option), format!("`{text}` is no address"), help);
        }
    }
    false
}
