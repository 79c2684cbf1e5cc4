//! `allow_list` and `white_list`: who is never blocked, on any machine.

use bartizan_core::respond::network::Network;
use bartizan_core::rules::address::{AddressRow, list_matches};
use std::net::{IpAddr, Ipv4Addr};

/// The list.
#[derive(Clone, Debug, Default)]
pub struct AllowList {
    rows: Vec<AddressRow>,
    /// Entries that are ranges of the usual form.
    networks: Vec<Network>,
    /// Whether an entry can be asked about single addresses only: `any`,
    /// `!10.0.0.0/8`, `10.1`.
    is_odd: bool,
    /// Entries that are no address.
    names: Vec<String>,
}

impl AllowList {
    /// The list with these entries.
    pub fn new(entries: &[String]) -> Self {
        let mut list = Self::default();
        for entry in entries.iter().map(|entry| entry.trim()) {
            match (AddressRow::parse(entry.as_bytes()), Network::parse(entry)) {
                (None, _) => list.names.push(entry.trim_start_matches('^').to_owned()),
                (Some(row), network) => {
                    list.rows.push(row);
                    list.is_odd |= network.is_none();
                    list.networks.extend(network);
                }
            }
        }
        list.names.retain(|name| !name.is_empty());
        list
    }

    /// Whether something of a range is on the list.
    ///
    /// A single address is compared as OSSEC 4.3 does: the first entry that
    /// matches decides, and an entry that is a name counts if the address is
    /// its beginning; here also if it is the beginning of the address, such as
    /// `10.0.0.`. A range is on the list if any address of it may be.
    pub fn has(&self, network: &Network) -> bool {
        self.has_address(network.address()) || !network.is_single() && (self.is_odd || self.has_part(network))
    }

    fn has_address(&self, address: IpAddr) -> bool {
        let text = address.to_string();
        list_matches(&self.rows, text.as_bytes())
            || self.names.iter().any(|name| name.starts_with(&text) || text.starts_with(name.as_str()))
    }

    fn has_part(&self, network: &Network) -> bool {
        self.networks.iter().any(|entry| entry.overlaps(network))
            || self.names.iter().any(|name| beginning(name).is_some_and(|entry| entry.overlaps(network)))
    }
}

/// The range of a name that is the beginning of an address: `10.0.0.`.
fn beginning(name: &str) -> Option<Network> {
    let parts = name.strip_suffix('.')?.split('.').map(|part| part.parse::<u8>().ok());
    let parts: Vec<u8> = parts.collect::<Option<_>>()?;
    let mut octets = [0; 4];
    octets.get_mut(..parts.len())?.copy_from_slice(&parts);
    Network::new(Ipv4Addr::from(octets).into(), 8 * parts.len() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(entries: &[&str], network: &str) -> bool {
        let entries: Vec<_> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        AllowList::new(&entries).has(&Network::parse(network).expect("a network"))
    }

    #[test]
    fn an_address_on_the_list_is_found_in_every_spelling() {
        assert!(has(&["192.0.2.1"], "::ffff:192.0.2.1"));
        assert!(has(&["::ffff:192.0.2.1"], "192.0.2.1"));
        assert!(has(&["2001:DB8::/32"], "2001:db8::7"));
        assert!(has(&["10.0.0.0/8", "192.0.2.0/24"], "192.0.2.77"));
        assert!(has(&["10.1"], "10.0.0.1"));
        assert!(!has(&["192.0.2.1"], "192.0.2.2"));
        assert!(!has(&[], "192.0.2.2"));
    }

    #[test]
    fn the_first_entry_that_matches_decides_as_in_ossec() {
        assert!(!has(&["!192.0.2.7", "192.0.2.0/24"], "192.0.2.7"));
        assert!(has(&["!192.0.2.7", "192.0.2.0/24"], "192.0.2.8"));
        assert!(has(&["!192.0.2.7"], "198.51.100.1"), "a list that ends so holds everybody else");
    }

    #[test]
    fn a_name_counts_where_it_and_the_address_begin_alike() {
        assert!(has(&["192.0.2.7.example.com"], "192.0.2.7"));
        assert!(has(&["^192.0.2."], "192.0.2.7"));
        assert!(!has(&["^localhost.localdomain$", "office.example.com", "^"], "192.0.2.7"));
    }

    #[test]
    fn a_range_is_refused_if_any_of_it_is_on_the_list() {
        assert!(has(&["192.0.2.77"], "192.0.2.0/24"));
        assert!(has(&["192.0.0.0/16"], "192.0.2.0/24"));
        assert!(has(&["192.0.2."], "192.0.0.0/16"));
        assert!(has(&["any"], "198.51.100.0/24") && has(&["10.1"], "10.0.0.0/24"));
        assert!(!has(&["192.0.3.77", "2001:db8::1"], "192.0.2.0/24"));
        assert!(!has(&["office.example.com"], "192.0.2.0/24"));
    }
}
