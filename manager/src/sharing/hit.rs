//! A line of a packet filter as what others may be told: a packet from
//! somebody on the Internet that was refused here.

use super::ports::PortList;
use super::special::is_special;
use crate::respond::allow::AllowList;
use crate::sources::stamp::Stamper;
use bartizan_core::packet::{self, Flags, Format, Packet, Protocol};
use bartizan_core::respond::network::Network;
use jiff::tz::TimeZone;
use std::net::IpAddr;

/// What packets have in common that are told of together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Where it came from.
    pub src: IpAddr,
    /// Its port there; for ICMP the type.
    pub sport: Option<u16>,
    /// Where it went.
    pub dst: IpAddr,
    /// Its port there; for ICMP the code.
    pub dport: Option<u16>,
    /// The number of the protocol.
    pub protocol: Option<u8>,
}

/// Refused packets, one or several that are alike.
#[derive(Clone, Debug)]
pub struct Hit {
    /// What they have in common.
    pub key: Key,
    /// Seconds since 1970 of the last one.
    pub time: i64,
    /// The zone of the firewall that refused them.
    pub zone: TimeZone,
    /// Flags of TCP of the last one.
    pub flags: Flags,
    /// How many.
    pub count: u64,
}

/// Why nothing is told of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It is no packet filter's.
    NoPacket,
    /// The packet got through, or the line does not say.
    NotRefused,
    /// It lacks the source or the target.
    NoAddress,
    /// Its time cannot be read.
    NoTime,
    /// It is older than what is asked for.
    TooOld,
    /// The source is nobody's on the Internet.
    Special,
    /// The source is of an own network.
    Own,
    /// The source is on the allow list.
    Allowed,
    /// The source is on the list of those that are never told of.
    Never,
    /// The port is not asked for.
    Port,
}

impl LeftOut {
    /// All, in the order in which they are looked at.
    pub const ALL: [Self; 10] = [
        Self::NoPacket,
        Self::NotRefused,
        Self::NoAddress,
        Self::NoTime,
        Self::TooOld,
        Self::Special,
        Self::Own,
        Self::Allowed,
        Self::Never,
        Self::Port,
    ];

    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::NoPacket => "no line of a packet filter",
            Self::NotRefused => "not refused, or it does not say",
            Self::NoAddress => "without source or target",
            Self::NoTime => "without a time that can be read",
            Self::TooOld => "too old",
            Self::Special => "source is private, or else nobody's on the Internet",
            Self::Own => "source is of an own network",
            Self::Allowed => "source is on the allow list",
            Self::Never => "source is never to be told of",
            Self::Port => "port is not asked for",
        }
    }

    /// The same for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoPacket => "no_packet",
            Self::NotRefused => "not_refused",
            Self::NoAddress => "no_address",
            Self::NoTime => "no_time",
            Self::TooOld => "too_old",
            Self::Special => "special",
            Self::Own => "own",
            Self::Allowed => "allowed",
            Self::Never => "never",
            Self::Port => "port",
        }
    }
}

/// What is told of.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Ports of targets.
    pub ports: PortList,
    /// Own networks.
    pub own: Vec<Network>,
    /// Networks that are never told of.
    pub never: Vec<Network>,
    /// Those that are never blocked are not told of, either.
    pub allowed: AllowList,
}

impl Scope {
    /// Why nothing is told of this source, if so.
    fn source(&self, src: IpAddr) -> Option<LeftOut> {
        let is_in = |networks: &[Network]| networks.iter().any(|network| network.contains(src));
        match () {
            () if is_special(src) => Some(LeftOut::Special),
            () if is_in(&self.own) => Some(LeftOut::Own),
            () if self.allowed.has(&Network::from(src)) => Some(LeftOut::Allowed),
            () if is_in(&self.never) => Some(LeftOut::Never),
            () => None,
        }
    }
}

/// Reads the lines of one log.
#[derive(Debug)]
pub struct Reader<'s> {
    scope: &'s Scope,
    /// Lines of before are left out.
    since: i64,
    zone: Clock,
    /// Of firewalls that have another one.
    devices: Vec<(String, Clock)>,
}

/// Times of one zone.
#[derive(Debug)]
struct Clock {
    zone: TimeZone,
    stamper: Stamper,
}

impl Clock {
    fn new(zone: TimeZone, now: i64) -> Self {
        Self { stamper: Stamper::in_zone(zone.clone(), now), zone }
    }
}

impl<'s> Reader<'s> {
    /// A reader of lines of this zone; `now` is for times without a year.
    pub fn new(
        scope: &'s Scope,
        since: i64,
        zone: TimeZone,
        devices: &[(String, TimeZone)],
        now: i64,
    ) -> Self {
        let devices = devices.iter().map(|(name, zone)| (name.clone(), Clock::new(zone.clone(), now)));
        Self { scope, since, devices: devices.collect(), zone: Clock::new(zone, now) }
    }

    /// What a line tells, or why it tells nothing.
    pub fn read(&mut self, line: &[u8]) -> Result<Hit, LeftOut> {
        let packet = packet::read(line).ok_or(LeftOut::NoPacket)?;
        if !packet.action.is_refusal() {
            return Err(LeftOut::NotRefused);
        }
        let (Some(src), Some(dst)) = (packet.src, packet.dst) else { return Err(LeftOut::NoAddress) };
        let clock = clock_of(&mut self.devices, &mut self.zone, packet.device);
        let time = clock.stamper.time_of(line).ok_or(LeftOut::NoTime)?;
        let zone = clock.zone.clone();
        if time < self.since {
            return Err(LeftOut::TooOld);
        }
        let (src, dst) = (src.to_canonical(), dst.to_canonical());
        if let Some(why) = self.scope.source(src) {
            return Err(why);
        }
        let (sport, dport) = ends(&packet);
        let is_wanted = self.scope.ports.wants(dport.filter(|_| has_ports(&packet)));
        if !is_wanted {
            return Err(LeftOut::Port);
        }
        let key = Key { src, sport, dst, dport, protocol: protocol(&packet) };
        Ok(Hit { key, time, zone, flags: packet.flags, count: packet.count.unwrap_or(1).max(1).into() })
    }
}

fn clock_of<'c>(
    devices: &'c mut [(String, Clock)],
    usual: &'c mut Clock,
    device: Option<&[u8]>,
) -> &'c mut Clock {
    let of_device = |(name, _): &&mut (String, Clock)| device == Some(name.as_bytes());
    devices.iter_mut().find(of_device).map_or(usual, |(_, clock)| clock)
}

fn protocol(packet: &Packet<'_>) -> Option<u8> {
    match packet.protocol? {
        Protocol::Number(number) => Some(number),
        Protocol::Named(_) => None,
    }
}

fn has_ports(packet: &Packet<'_>) -> bool {
    packet.protocol.is_some_and(|protocol| protocol.has_ports())
}

/// Ports, or type and code.
fn ends(packet: &Packet<'_>) -> (Option<u16>, Option<u16>) {
    if let Some((kind, code)) = packet.icmp {
        return (Some(kind.into()), Some(code.into()));
    }
    // In firewall.log 0 stands for none.
    let is_known = |port: &u16| packet.format != Format::FirewallLog || *port != 0;
    (packet.sport.filter(is_known), packet.dport.filter(is_known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(scope: &Scope, line: &str) -> Result<Hit, LeftOut> {
        Reader::new(scope, 0, TimeZone::UTC, &[], 1_795_246_190).read(line.as_bytes())
    }

    fn line(rest: &str) -> String {
        format!("2011 Jul 12 11:55:17 (agent) 12.34.56.78->/var/log/ufw.log {rest}")
    }

    #[test]
    fn a_line_of_firewall_log_is_a_packet() {
        let hit =
            read(&Scope::default(), &line("DROP TCP 33.44.55.66:2686->12.34.56.78:135")).expect("a hit");
        let key = Key {
            src: "33.44.55.66".parse().expect("an address"),
            sport: Some(2686),
            dst: "12.34.56.78".parse().expect("an address"),
            dport: Some(135),
            protocol: Some(6),
        };
        assert_eq!((hit.key, hit.time, hit.count), (key, 1_310_471_717, 1));
        let icmp = read(&Scope::default(), &line("DROP ICMP 33.44.55.66:0->12.34.56.78:0")).expect("a hit");
        assert_eq!((icmp.key.sport, icmp.key.dport, icmp.key.protocol), (None, None, Some(1)));
    }

    #[test]
    fn lines_of_the_kernel_tell_flags_and_types() {
        let scope = Scope::default();
        let tcp = "Jul 12 11:55:17 gw kernel: [1.2] DROP IN=eth0 OUT= SRC=33.44.55.66 DST=12.34.56.78 PROTO=TCP \
                   SPT=1 DPT=2 WINDOW=1024 RES=0x00 SYN URGP=0";
        assert_eq!(read(&scope, tcp).expect("a hit").flags.letters().collect::<String>(), "S");
        let icmp = "Jul 12 11:55:17 gw kernel: DROP IN=eth0 OUT= SRC=33.44.55.66 DST=12.34.56.78 PROTO=ICMP \
                    TYPE=8 CODE=0";
        let hit = read(&scope, icmp).expect("a hit");
        assert_eq!((hit.key.sport, hit.key.dport), (Some(8), Some(0)));
    }

    #[test]
    fn each_reason_to_leave_a_line_out_is_named() {
        let network = |text: &str| Network::parse(text).expect("a network");
        let scope = Scope {
            ports: PortList::parse("!22").expect("a list"),
            own: vec![network("33.44.0.0/16")],
            never: vec![network("55.0.0.0/8")],
            allowed: AllowList::new(&["66.1.1.1".to_owned()]),
        };
        let mut reader = Reader::new(&scope, 1_000, TimeZone::UTC, &[], 1_795_246_190);
        for (text, why) in [
            ("hello", LeftOut::NoPacket),
            (&line("ALLOW TCP 77.1.1.1:1->12.34.56.78:2"), LeftOut::NotRefused),
            (&line("UNKNOWN TCP 77.1.1.1:1->12.34.56.78:2"), LeftOut::NotRefused),
            (&line("DROP TCP x:1->12.34.56.78:2"), LeftOut::NoAddress),
            ("DROP IN=eth0 OUT= SRC=77.1.1.1 DST=12.34.56.78 PROTO=TCP SPT=1 DPT=2", LeftOut::NoTime),
            ("1970 Jan 01 00:00:09 a->b DROP TCP 77.1.1.1:1->12.34.56.78:2", LeftOut::TooOld),
            (&line("DROP TCP 192.168.1.1:1->12.34.56.78:2"), LeftOut::Special),
            (&line("DROP TCP 33.44.55.66:1->12.34.56.78:2"), LeftOut::Own),
            (&line("DROP TCP 66.1.1.1:1->12.34.56.78:2"), LeftOut::Allowed),
            (&line("DROP TCP 55.1.1.1:1->12.34.56.78:2"), LeftOut::Never),
            (&line("DROP TCP 77.1.1.1:1->12.34.56.78:22"), LeftOut::Port),
        ] {
            assert_eq!(reader.read(text.as_bytes()).map(|hit| hit.key), Err(why), "{text}");
        }
    }

    #[test]
    fn firewalls_have_zones_of_their_own() {
        let zone = |text| super::super::zone::read(text).expect("a zone");
        let devices = [("gw-tokyo".to_owned(), zone("+09:00"))];
        let scope = Scope::default();
        let mut reader = Reader::new(&scope, 0, zone("+01:00"), &devices, 1_795_246_190);
        let mut at = |device: &str| {
            let line =
                format!("2011 Jul 12 11:55:17 ({device}) any->x DROP UDP 33.44.55.66:1->12.34.56.78:2");
            let hit = reader.read(line.as_bytes()).expect("a hit");
            super::super::zone::written(&hit.zone, hit.time)
        };
        assert_eq!(at("gw-paris"), "2011-07-12 11:55:17 +01:00");
        assert_eq!(at("gw-tokyo"), "2011-07-12 11:55:17 +09:00");
    }
}
