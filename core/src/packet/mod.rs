//! Lines of packet filters, of any maker, as one kind of event.
//!
//! [`read`] finds out by marks that the makers leave which of the formats a
//! line has, wherever in the line they stand, and gives a [`Packet`] of what it
//! understands. A field that is missing or malformed never makes it give up:
//! what was understood is filled in, and [`Packet::is_whole`] says whether
//! that is all that such a line should have.
//!
//! | room | what it reads |
//! |---|---|
//! | `netfilter` | the kernel's own lines (iptables, nftables), with any prefix |
//! | `pf` | `filterlog` of pfSense and OPNsense, and pf logs as tcpdump shows them |
//! | `mikrotik` | RouterOS |
//! | `cisco` | ASA, PIX, FTD and IOS |
//! | `csv` | Palo Alto |
//! | `pairs` | keys and values: FortiGate, SonicWall, NetScreen, Junos, Sophos, Huawei, Check Point, CEF, LEEF |
//! | `firewall_log` | `firewall.log`, OSSEC's and ours |
//! | `words` | ipfw, and the firewall of Windows |
//! | [`merged`] | equal packets in one record |
//! | `envelope` | what stands before: priority, time, name of the device |
//!
//! Bounds: work is linear in the length of the line, with one pass for each
//! mark that is looked for; no heap, and less than 3 KB of stack.

mod cisco;
mod csv;
mod draft;
mod endpoint;
mod envelope;
mod firewall_log;
pub mod merged;
mod mikrotik;
mod netfilter;
mod pairs;
mod pf;
#[cfg(test)]
mod tests;
mod words;

use core::fmt;
use core::net::IpAddr;
use draft::Draft;

/// What became of a packet or a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Thrown away.
    Drop,
    /// Thrown away, and the sender was told.
    Reject,
    /// Let through.
    Allow,
    /// A connection that ended.
    Closed,
    /// The line does not say.
    #[default]
    Unknown,
}

impl Action {
    /// The word in `firewall.log`, which knows no rejection (OSSEC 4.3).
    pub fn word(self) -> &'static str {
        match self {
            Self::Drop | Self::Reject => "DROP",
            Self::Allow => "ALLOW",
            Self::Closed => "CLOSED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Whether the packet did not get through.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Drop | Self::Reject)
    }
}

/// A protocol over IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol<'t> {
    /// Its number.
    Number(u8),
    /// A name that is not known.
    Named(&'t [u8]),
}

/// Numbers of protocols and the names that filters print (IANA).
const PROTOCOLS: [(u8, &str); 16] = [
    (6, "TCP"),
    (17, "UDP"),
    (1, "ICMP"),
    (58, "ICMPv6"),
    (2, "IGMP"),
    (47, "GRE"),
    (50, "ESP"),
    (51, "AH"),
    (132, "SCTP"),
    (41, "IPv6"),
    (4, "IPIP"),
    (89, "OSPF"),
    (112, "VRRP"),
    (103, "PIM"),
    (33, "DCCP"),
    (136, "UDPLITE"),
];

/// Other names for the same.
const ALIASES: [(&str, u8); 6] =
    [("ipv6-icmp", 58), ("icmp6", 58), ("icmpv6", 58), ("carp", 112), ("ospfigp", 89), ("ipencap", 4)];

impl<'t> Protocol<'t> {
    /// TCP.
    pub const TCP: Self = Self::Number(6);
    /// UDP.
    pub const UDP: Self = Self::Number(17);
    /// ICMP.
    pub const ICMP: Self = Self::Number(1);

    /// A protocol by its number or one of its names, in any case.
    pub fn new(text: &'t [u8]) -> Self {
        let same = |name: &str| name.as_bytes().eq_ignore_ascii_case(text);
        let named = PROTOCOLS.iter().find(|(_, name)| same(name)).map(|(number, _)| *number);
        let alias = || ALIASES.iter().find(|(name, _)| same(name)).map(|(_, number)| *number);
        let number = || core::str::from_utf8(text).ok()?.parse().ok();
        named.or_else(alias).or_else(number).map_or(Self::Named(text), Self::Number)
    }

    /// Its usual name; `None` for a number that has none here.
    pub fn name(&self) -> Option<&'t [u8]> {
        match self {
            Self::Number(number) => {
                let known = PROTOCOLS.iter().find(|(known, _)| known == number);
                known.map(|(_, name)| name.as_bytes())
            }
            Self::Named(name) => Some(name),
        }
    }

    /// Whether its packets have ports.
    pub fn has_ports(&self) -> bool {
        matches!(self, Self::Number(6 | 17 | 132 | 33 | 136))
    }
}

/// Flags of TCP, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// Words, letters of pf, and letters of DShield, by bit.
    const ALL: [(&'static str, u8, u8); 8] = [
        ("FIN", b'F', b'F'),
        ("SYN", b'S', b'S'),
        ("RST", b'R', b'R'),
        ("PSH", b'P', b'P'),
        ("ACK", b'A', b'A'),
        ("URG", b'U', b'U'),
        ("ECE", b'E', b'2'),
        ("CWR", b'W', b'1'),
    ];

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The letters that DShield's format has for them, in its order.
    pub fn letters(self) -> impl Iterator<Item = char> {
        const ORDER: [u8; 8] = [7, 6, 5, 4, 3, 2, 1, 0];
        let set = ORDER.into_iter().filter(move |bit| self.0 & (1 << bit) != 0);
        set.filter_map(|bit| Self::ALL.get(usize::from(bit)).map(|(_, _, letter)| char::from(*letter)))
    }

    /// The set as bits, to be compared.
    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    /// Adds a flag by its name; false if there is none of that name.
    fn add_word(&mut self, word: &[u8]) -> bool {
        let found = Self::ALL.iter().position(|(name, ..)| name.as_bytes().eq_ignore_ascii_case(word));
        found.map(|bit| self.0 |= 1 << bit).is_some()
    }

    /// Adds flags by the letters of pf.
    fn add_letters(&mut self, letters: &[u8]) {
        for (bit, (_, letter, _)) in Self::ALL.iter().enumerate() {
            self.0 |= u8::from(letters.contains(letter)) << bit;
        }
    }
}

/// The words of the flags that are set, with commas: `SYN,ACK`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = Self::ALL.iter().enumerate().filter(|(bit, _)| self.0 & (1 << bit) != 0);
        set.enumerate().try_for_each(|(place, (_, (word, ..)))| {
            f.write_str(if place == 0 { "" } else { "," })?;
            f.write_str(word)
        })
    }
}

/// Which format a line has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// The kernel's own lines: iptables, nftables, UFW, UniFi, EdgeOS.
    #[default]
    Netfilter,
    /// `filterlog` of pfSense and OPNsense.
    Pf,
    /// A pf log, as tcpdump shows it.
    PfLog,
    /// RouterOS.
    MikroTik,
    /// ASA, PIX, FTD, IOS.
    Cisco,
    /// Palo Alto.
    PaloAlto,
    /// FortiGate.
    FortiGate,
    /// NetScreen.
    NetScreen,
    /// Junos.
    Junos,
    /// SonicWall.
    SonicWall,
    /// Sophos.
    Sophos,
    /// Huawei.
    Huawei,
    /// Check Point.
    CheckPoint,
    /// Common Event Format of any maker.
    Cef,
    /// Log Event Extended Format of any maker.
    Leef,
    /// `firewall.log`, OSSEC's and ours.
    FirewallLog,
    /// ipfw of FreeBSD.
    Ipfw,
    /// `pfirewall.log` of Windows.
    Windows,
}

impl Format {
    /// Its name, for listings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Netfilter => "netfilter",
            Self::Pf => "pf",
            Self::PfLog => "pflog",
            Self::MikroTik => "mikrotik",
            Self::Cisco => "cisco",
            Self::PaloAlto => "paloalto",
            Self::FortiGate => "fortigate",
            Self::NetScreen => "netscreen",
            Self::Junos => "junos",
            Self::SonicWall => "sonicwall",
            Self::Sophos => "sophos",
            Self::Huawei => "huawei",
            Self::CheckPoint => "checkpoint",
            Self::Cef => "cef",
            Self::Leef => "leef",
            Self::FirewallLog => "firewall.log",
            Self::Ipfw => "ipfw",
            Self::Windows => "windows",
        }
    }
}

/// What was understood of a line. Texts are parts of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packet<'t> {
    /// Which format it has.
    pub format: Format,
    /// What became of the packet.
    pub action: Action,
    /// The protocol.
    pub protocol: Option<Protocol<'t>>,
    /// Where it came from.
    pub src: Option<IpAddr>,
    /// Its port there.
    pub sport: Option<u16>,
    /// Where it went.
    pub dst: Option<IpAddr>,
    /// Its port there.
    pub dport: Option<u16>,
    /// The interface, or zone, that it came in by.
    pub in_interface: Option<&'t [u8]>,
    /// The one that it went out by.
    pub out_interface: Option<&'t [u8]>,
    /// Flags of TCP.
    pub flags: Flags,
    /// Type and code of ICMP.
    pub icmp: Option<(u8, u8)>,
    /// Bytes of the packet.
    pub length: Option<u32>,
    /// Hops that it had left.
    pub ttl: Option<u8>,
    /// The prefix, the number or the name of the rule that matched.
    pub rule: Option<&'t [u8]>,
    /// How many packets the line stands for, if it says so.
    pub count: Option<u32>,
    /// What the device says of the time, as written.
    pub time: Option<&'t [u8]>,
    /// The name that the device gives itself.
    pub device: Option<&'t [u8]>,
    /// Whether there was a value that could not be understood.
    is_malformed: bool,
}

impl Packet<'_> {
    /// Whether all is there that a line about a packet should have: both
    /// addresses, the protocol and, if that has any, the ports; and nothing
    /// was malformed.
    pub fn is_whole(&self) -> bool {
        let has_ports = self.protocol.is_some_and(|protocol| protocol.has_ports());
        let ports = !has_ports || (self.sport.is_some() && self.dport.is_some());
        !self.is_malformed && self.src.is_some() && self.dst.is_some() && self.protocol.is_some() && ports
    }

    /// Whether nothing at all was understood of it.
    fn is_empty(&self) -> bool {
        self.src.is_none() && self.dst.is_none() && self.protocol.is_none()
    }
}

/// Reads a line as a packet filter's; `None` if it has no mark of one, or
/// nothing behind its marks.
pub fn read(line: &[u8]) -> Option<Packet<'_>> {
    let mut draft = Draft::default();
    fill(line, &mut draft)?;
    finish(line, draft)
}

/// The same of the kernel's own lines alone: a host that writes them need not
/// carry what the other makers write.
pub fn read_kernel(line: &[u8]) -> Option<Packet<'_>> {
    let mut draft = Draft::default();
    kernel(line, &mut draft)?;
    finish(line, draft)
}

fn kernel<'t>(line: &'t [u8], draft: &mut Draft<'t>) -> Option<()> {
    find(line, b"SRC=").and(find(line, b"DST="))?;
    netfilter::fill(line, draft);
    Some(())
}

fn finish<'t>(line: &'t [u8], draft: Draft<'t>) -> Option<Packet<'t>> {
    let mut packet = draft.finish();
    if packet.is_empty() {
        return None;
    }
    if packet.format != Format::FirewallLog {
        envelope::fill(line, &mut packet);
    }
    // No name stands behind the time in these, but the message.
    if packet.format == Format::Windows || packet.device == Some(b"rule") {
        packet.device = None;
    }
    Some(packet)
}

/// Where a piece stands in a text. Pieces are short and begin with a byte that
/// is not frequent: this is as fast as a search for any text, which would be
/// ten kilobytes of an agent.
pub(crate) fn places<'t>(text: &'t [u8], piece: &'t [u8]) -> impl DoubleEndedIterator<Item = usize> + 't {
    let begins = move |at: &usize| text.get(*at..).is_some_and(|rest| rest.starts_with(piece));
    let first = piece.first().copied().unwrap_or_default();
    memchr::memchr_iter(first, text).filter(begins)
}

/// Where it stands first; an empty one at the start.
pub(crate) fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    if piece.is_empty() { Some(0) } else { places(text, piece).next() }
}

/// A format that has keys and values, and what it is known by.
const PAIRS: [(&[u8], Format); 12] = [
    (b"CEF:", Format::Cef),
    (b"LEEF:", Format::Leef),
    (b"NetScreen device_id=", Format::NetScreen),
    (b"RT_FLOW", Format::Junos),
    (b"devid=", Format::FortiGate),
    (b"devname=", Format::FortiGate),
    (b"device=\"SFW\"", Format::Sophos),
    (b"sub=\"packetfilter\"", Format::Sophos),
    (b"%%01", Format::Huawei),
    (b"VPN-1", Format::CheckPoint),
    (b"CheckPoint ", Format::CheckPoint),
    (b"|Ubiquiti|", Format::Cef),
];

fn fill<'t>(line: &'t [u8], draft: &mut Draft<'t>) -> Option<()> {
    let find = |mark: &[u8]| find(line, mark);
    if firewall_log::fill(line, draft).or_else(|| words::windows(line, draft)).is_some() {
        return Some(());
    }
    if kernel(line, draft).is_some() {
        return Some(());
    }
    if let Some(at) = find(b"filterlog") {
        pf::fill(line.get(at..)?, draft);
        return Some(());
    }
    if let Some(at) = find(b"firewall,").filter(|_| find(b" proto ").is_some()) {
        mikrotik::fill(line.get(at..)?, draft);
        return Some(());
    }
    if let Some(at) = find(b"rule ").filter(|_| find(b"(match)").is_some())
        && pf::tcpdump(line.get(at + 5..)?, draft).is_some()
    {
        return Some(());
    }
    if let Some(at) = find(b"ipfw: ") {
        words::ipfw(line.get(at + 6..)?, draft);
        return Some(());
    }
    for mark in [&b"%ASA-"[..], b"%PIX-", b"%FTD-", b"%FWSM-", b"%SEC-6-IPACCESSLOG", b"%SEC-6-IPV6ACCESSLOG"]
    {
        if let Some(at) = find(mark) {
            cisco::fill(line.get(at..)?, draft);
            return Some(());
        }
    }
    if let Some(at) = find(b",TRAFFIC,") {
        csv::fill(line.get(at + 1..)?, draft);
        return Some(());
    }
    // SonicWall lines have two keys that nobody has both of.
    if find(b" sn=").is_some() && find(b" fw=").is_some() {
        draft.packet.format = Format::SonicWall;
        pairs::fill(line, draft);
        return Some(());
    }
    let (_, format) = PAIRS.iter().find(|(mark, _)| find(mark).is_some())?;
    draft.packet.format = *format;
    pairs::fill(line, draft);
    Some(())
}

/// Reads any bytes, and all their parts up to a cut: for fuzzing.
pub fn exercise(bytes: &[u8]) {
    if let Some(packet) = read(bytes) {
        let _ = (packet.is_whole(), packet.flags.letters().count());
    }
}
