//! What all services have in common that are told of refused packets.

pub use super::heap::Limits;
use super::hit::Hit;
use crate::outbox::{Content, Destination, Failure, Parcel};
use crate::plural::counted;
use std::collections::HashMap;
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// A service.
pub trait Service: Debug + Send + Sync {
    /// What it is, in a word.
    fn kind(&self) -> &'static str;

    /// How much it is told in one round.
    fn limits(&self) -> Limits;

    /// What goes into one parcel each; together all of it.
    fn portions(&self, hits: &[Hit]) -> Vec<Vec<Hit>>;

    /// The bytes of a parcel, without secrets.
    fn render(&self, id: &str, hits: &[Hit], now: i64) -> Vec<u8>;

    /// Hands a parcel over.
    fn deliver(&self, parcel: &Parcel) -> Result<(), Failure>;
}

/// A service as a destination of the outbox; it hears of no alerts.
#[derive(Debug)]
pub struct Told(pub Arc<dyn Service>);

impl Destination for Told {
    fn parcel_max(&self) -> usize {
        1
    }

    fn render(&self, _: &str, _: &Content) -> Vec<u8> {
        Vec::new()
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        if parcel.payload.is_empty() {
            let why =
                "it is told of refused packets only; `bartizan dshield --test` shows what would be sent";
            return Err(Failure::Permanent(why.to_owned()));
        }
        self.0.deliver(parcel)
    }
}

/// The failure as one that a later attempt may not have: until it is given up,
/// a person can set right what was refused.
pub(super) fn for_now(failure: Failure) -> Failure {
    match failure {
        Failure::Permanent(why) => Failure::Temporary(why, None),
        temporary => temporary,
    }
}

/// Packets by their sources, in the order of the first of each.
pub(super) fn by_source(hits: &[Hit]) -> Vec<Vec<Hit>> {
    let (mut all, mut known): (Vec<Vec<Hit>>, HashMap<IpAddr, usize>) = Default::default();
    for hit in hits {
        let at = *known.entry(hit.key.src).or_insert(all.len());
        match all.get_mut(at) {
            Some(same) => same.push(hit.clone()),
            None => all.push(vec![hit.clone()]),
        }
    }
    all
}

/// What a source did, in a few words: `12 packets dropped: TCP 22 23 2323 …`.
pub(super) fn summary(hits: &[Hit]) -> String {
    const PORTS: usize = 10;
    let count: u64 = hits.iter().map(|hit| hit.count).sum();
    let mut ports: Vec<_> = hits.iter().map(|hit| (protocol(hit), hit.key.dport)).collect();
    ports.sort();
    ports.dedup();
    let shown = |(protocol, port): &(String, Option<u16>)| match port {
        Some(port) => format!("{protocol}/{port}"),
        None => protocol.clone(),
    };
    let list: Vec<_> = ports.iter().take(PORTS).map(shown).collect();
    let more = if ports.len() > PORTS { format!(" and {} more", ports.len() - PORTS) } else { String::new() };
    let packets = counted(count, "packet", "packets");
    format!("{packets} refused by a firewall: {}{more}", list.join(" "))
}

/// The name of a protocol, or its number.
pub(super) fn protocol(hit: &Hit) -> String {
    match hit.key.protocol {
        Some(6) => "TCP".to_owned(),
        Some(17) => "UDP".to_owned(),
        Some(1) => "ICMP".to_owned(),
        Some(number) => format!("protocol {number}"),
        None => "unknown".to_owned(),
    }
}

/// The target without what tells whose it is. Of IPv4 the first octet becomes
/// 10. Of IPv6 the network (64 bits) becomes `fd00::`, and so does all of it if
/// the rest is made of the number of a network card.
pub fn obfuscated(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let [_, b, c, d] = v4.octets();
            Ipv4Addr::new(10, b, c, d).into()
        }
        IpAddr::V6(v6) => {
            let [.., e, f, g, h] = v6.segments();
            let is_of_card = f & 0xff == 0xff && g >> 8 == 0xfe;
            let [e, f, g, h] = if is_of_card { [0; 4] } else { [e, f, g, h] };
            Ipv6Addr::new(0xfd00, 0, 0, 0, e, f, g, h).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_does_not_tell_whose_it_is() {
        for (address, expected) in [
            ("12.34.56.78", "10.34.56.78"),
            ("2a00:1:2:3::7", "fd00::7"),
            ("2a00:1:2:3:1:2:3:4", "fd00::1:2:3:4"),
            ("2a00:1:2:3:211:22ff:fe33:4455", "fd00::"),
        ] {
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(obfuscated(address).to_string(), expected);
        }
    }
}
