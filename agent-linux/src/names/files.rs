//! `/etc/hosts` and `/etc/resolv.conf`, as hosts(5) and resolv.conf(5) say.

use crate::file::open_to_read;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Bytes of a file that are read.
const FILE_MAX: u64 = 256 * 1024;

/// Servers that are asked, and domains that are searched.
const SERVERS_MAX: usize = 3;
const DOMAINS_MAX: usize = 6;

/// The port of name servers.
const PORT: u16 = 53;

/// The beginning of a file; empty if there is none.
pub(super) fn read(path: &str) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = open_to_read(path) {
        // What was read before an error counts.
        let _ = file.take(FILE_MAX).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The words of a line in front of a comment.
fn words(line: &str) -> Vec<&str> {
    line.split(['#', ';']).next().unwrap_or_default().split_ascii_whitespace().collect()
}

/// The addresses of a name in `/etc/hosts`.
pub(super) fn hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let address = |line| match words(line).as_slice() {
        [address, names @ ..] if names.iter().any(|word| word.eq_ignore_ascii_case(name)) => {
            address.parse().ok()
        }
        _ => None,
    };
    text.lines().filter_map(address).collect()
}

/// Who is asked, and for what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conf<'t> {
    pub(super) servers: Vec<SocketAddr>,
    /// Domains in which a name is looked for that has fewer dots than `dots`.
    pub(super) search: Vec<&'t str>,
    pub(super) dots: usize,
}

impl<'t> Conf<'t> {
    /// What `/etc/resolv.conf` says; nothing in it is a server on this machine.
    pub(super) fn read(text: &'t str) -> Self {
        let mut conf = Self { servers: Vec::new(), search: Vec::new(), dots: 1 };
        for line in text.lines() {
            match words(line).as_slice() {
                ["nameserver", word, ..] => conf.servers.extend(server(word)),
                ["search" | "domain", domains @ ..] => conf.search = domains.to_vec(),
                ["options", options @ ..] => {
                    let dots = |word: &&str| word.strip_prefix("ndots:")?.parse().ok();
                    conf.dots = options.iter().find_map(dots).unwrap_or(conf.dots);
                }
                _ => {}
            }
        }
        if conf.servers.is_empty() {
            conf.servers.push((Ipv4Addr::LOCALHOST, PORT).into());
        }
        conf.servers.truncate(SERVERS_MAX);
        conf.search.truncate(DOMAINS_MAX);
        conf
    }
}

/// A server's address, with a zone if it needs one.
fn server(word: &str) -> Option<SocketAddr> {
    match word.split_once('%') {
        Some((address, zone)) => super::in_zone(address, zone, PORT),
        None => Some(SocketAddr::new(word.parse().ok()?, PORT)),
    }
}
