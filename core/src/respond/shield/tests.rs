//! Who is never blocked, and what hostile files do to that.

extern crate std;

use super::*;
use std::string::String;
use std::vec::Vec;

fn network(text: &str) -> Network {
    Network::parse(text).unwrap_or_else(|| panic!("{text}"))
}

fn refuses(shield: &Shield, text: &str) -> Option<Guarded> {
    shield.refuses(&network(text))
}

#[test]
fn what_is_no_other_machine_is_never_blocked() {
    let shield = Shield::new();
    for text in [
        "127.0.0.1",
        "127.9.9.9",
        "::ffff:127.0.0.1",
        "::1",
        "::",
        "0.0.0.0",
        "224.0.0.251",
        "255.255.255.255",
        "ff02::1",
        "0.0.0.0/0",
        "::/0",
        "::ffff:0:0/96",
        "126.0.0.0/7",
    ] {
        assert_eq!(refuses(&shield, text), Some(Guarded::Special), "{text}");
    }
    for text in ["192.0.2.1", "198.51.100.0/24", "2001:db8::1", "2001:db8::/32"] {
        assert_eq!(refuses(&shield, text), None, "{text}");
    }
}

#[test]
fn a_range_that_holds_somebody_guarded_is_refused_in_every_spelling() {
    let mut shield = Shield::new();
    shield.add(network("192.0.2.10"), Guarded::Manager);
    shield.add(network("198.51.100.0/24"), Guarded::AllowList);
    for text in ["192.0.2.10", "192.0.2.0/24", "::ffff:192.0.2.10", "::ffff:192.0.2.0/120", "192.0.0.0/8"] {
        assert_eq!(refuses(&shield, text), Some(Guarded::Manager), "{text}");
    }
    assert_eq!(refuses(&shield, "198.51.100.77"), Some(Guarded::AllowList));
    assert_eq!(refuses(&shield, "192.0.2.11"), None);
}

#[test]
fn where_not_everything_is_known_everything_is_refused() {
    let mut shield = Shield::new();
    for number in 0..SHIELD_MAX as u32 {
        assert!(number > 500 || refuses(&shield, "192.0.2.1").is_none());
        shield.add(core::net::IpAddr::from((0x0A00_0000 + number).to_be_bytes()).into(), Guarded::Own);
    }
    assert_eq!(refuses(&shield, "192.0.2.1"), Some(Guarded::Unknown));
    assert_eq!(refuses(&shield, "10.0.0.1"), Some(Guarded::Own));
    let mut shield = Shield::new();
    shield.lacks();
    assert_eq!(refuses(&shield, "192.0.2.1"), Some(Guarded::Unknown));
}

#[test]
fn gateways_stand_in_the_tables_of_routes() {
    let mut shield = Shield::new();
    let hex = |address: [u8; 4]| std::format!("{:08X}", u32::from_ne_bytes(address));
    let table = std::format!(
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
         eth0\t00000000\t{}\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
         eth0\t{}\t00000000\t0001\t0\t0\t100\t{}\t0\t0\t0\n",
        hex([192, 0, 2, 1]),
        hex([192, 0, 2, 0]),
        hex([255, 255, 255, 0]),
    );
    shield.read_routes4(table.as_bytes());
    assert_eq!(refuses(&shield, "192.0.2.1"), Some(Guarded::Gateway));
    assert_eq!(refuses(&shield, "192.0.2.2"), None);
    shield.read_routes6(
        b"00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
          20010db8000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n\
          20010db8000000000000000000000000 40 00000000000000000000000000000000 00 \
          00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n",
    );
    assert_eq!(refuses(&shield, "2001:db8::1"), Some(Guarded::Gateway));
    assert_eq!(refuses(&shield, "2001:db8::2"), None);
}

#[test]
fn own_addresses_stand_in_the_kernels_tables() {
    let mut shield = Shield::new();
    shield.read_own4(
        b"Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n\
          Local:\n  +-- 192.0.2.0/24 2 0 2\n     |-- 192.0.2.7\n        /32 host LOCAL\n\
          \x20    |-- 192.0.2.255\n        /32 link BROADCAST\n     |-- 192.0.2.9\n        /24 link UNICAST\n",
    );
    assert_eq!(refuses(&shield, "192.0.2.7"), Some(Guarded::Own));
    assert_eq!(refuses(&shield, "192.0.2.255"), Some(Guarded::Special));
    assert_eq!(refuses(&shield, "192.0.2.9"), None);
    shield.read_own6(b"20010db8000000000000000000000007 02 40 00 80     eth0\n");
    assert_eq!(refuses(&shield, "2001:db8::7"), Some(Guarded::Own));
}

#[test]
fn name_servers_stand_in_resolv_conf() {
    let mut shield = Shield::new();
    shield.read_resolv_conf(
        b"# nameserver 192.0.2.1\nnameserver 192.0.2.53\nnameserver\tfe80::1%eth0\noptions x\n",
    );
    assert_eq!(refuses(&shield, "192.0.2.53"), Some(Guarded::Dns));
    assert_eq!(refuses(&shield, "fe80::1"), Some(Guarded::Dns));
    assert_eq!(refuses(&shield, "192.0.2.1"), None);
}

/// A record of utmp(5).
fn login(size: usize, at: usize, kind: i16, address: &[u8], host: &str) -> Vec<u8> {
    let mut record = std::vec![0; size];
    record[..2].copy_from_slice(&kind.to_ne_bytes());
    record[76..76 + host.len()].copy_from_slice(host.as_bytes());
    record[at..at + address.len()].copy_from_slice(address);
    record
}

#[test]
fn administrators_are_where_they_are_logged_in_from() {
    for (size, at) in [(384, 348), (400, 360)] {
        let mut shield = Shield::new();
        let mut file = login(size, at, 7, &[192, 0, 2, 7], "");
        file.extend(login(size, at, 7, &[], "192.0.2.8 via mosh [77]"));
        file.extend(login(size, at, 8, &[192, 0, 2, 9], "192.0.2.9"));
        file.extend(login(size, at, 7, &[0; 16], ":0"));
        shield.read_utmp(&file);
        assert_eq!(refuses(&shield, "192.0.2.7"), Some(Guarded::Session), "{size}");
        assert_eq!(refuses(&shield, "192.0.2.8"), Some(Guarded::Session), "{size}");
        assert_eq!(refuses(&shield, "192.0.2.9"), None, "who has gone is not guarded");
    }
    let mut shield = Shield::new();
    shield.read_logind(b"UID=0\nREMOTE_HOST=192.0.2.1\nSTATE=active\n");
    shield.read_logind(b"STATE=closing\nREMOTE_HOST=192.0.2.2\n");
    shield.read_environ(b"A=b\0SSH_CONNECTION=192.0.2.3 1 192.0.2.4 22\0SSH_CLIENT=2001:db8::3 1 22\0");
    shield.read_environ(b"SSH_CLIENT=192.0.2.5");
    for (text, is_guarded) in [
        ("192.0.2.1", true),
        ("192.0.2.2", false),
        ("192.0.2.3", true),
        ("2001:db8::3", true),
        ("192.0.2.5", false),
    ] {
        assert_eq!(refuses(&shield, text).is_some(), is_guarded, "{text}");
    }
}

#[test]
fn files_of_nonsense_guard_nobody_and_break_nothing() {
    let mut shield = Shield::new();
    let text =
        String::from("|-- \n/32 host LOCAL\nnameserver\n\0\0SSH_CLIENT= x\nSTATE=active\nREMOTE_HOST=\n");
    let long = "f".repeat(5000);
    for bytes in [b"".as_slice(), text.as_bytes(), long.as_bytes(), &[0xFF; 800], &[0; 9600]] {
        shield.read_routes4(bytes);
        shield.read_routes6(bytes);
        shield.read_own4(bytes);
        shield.read_own6(bytes);
        shield.read_resolv_conf(bytes);
        shield.read_utmp(bytes);
        shield.read_logind(bytes);
        shield.read_environ(bytes);
    }
    assert_eq!(refuses(&shield, "192.0.2.1"), None);
}
