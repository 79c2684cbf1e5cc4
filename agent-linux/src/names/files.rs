//! `/etc/hosts` and `/etc/resolv.conf`, as hosts(5) and resolv.conf(5) say.

use std::fs::File;
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
    if let Ok(file) = File::open(path) {
        // What was read before an error counts.
        let _ = file.take(FILE_MAX).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The words of each line in front of a comment.
fn lines<'t>(
    text: &'t str,
    comment: &'static [char],
) -> impl Iterator<Item = std::str::SplitAsciiWhitespace<'t>> {
    text.lines().map(move |line| line.split(comment).next().unwrap_or_default().split_ascii_whitespace())
}

/// The addresses of a name in `/etc/hosts`.
pub(super) fn hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let address = |mut words: std::str::SplitAsciiWhitespace<'_>| {
        let address = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(address)
    };
    lines(text, &['#']).filter_map(address).collect()
}

/// Who is asked, and for what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conf {
    pub(super) servers: Vec<SocketAddr>,
    /// Domains in which a name is looked for that has fewer dots than `dots`.
    pub(super) search: Vec<String>,
    pub(super) dots: usize,
}

impl Conf {
    /// What `/etc/resolv.conf` says; nothing in it is a server on this machine.
    pub(super) fn read(text: &str) -> Self {
        let mut conf = Self { servers: Vec::new(), search: Vec::new(), dots: 1 };
        for mut words in lines(text, &['#', ';']) {
            match words.next() {
                Some("nameserver") => conf.servers.extend(words.next().and_then(server)),
                Some("search" | "domain") => {
                    conf.search = words.take(DOMAINS_MAX).map(str::to_owned).collect();
                }
                Some("options") => {
                    let dots = words.filter_map(|word| word.strip_prefix("ndots:")?.parse().ok()).last();
                    conf.dots = dots.unwrap_or(conf.dots);
                }
                _ => {}
            }
        }
        if conf.servers.is_empty() {
            conf.servers.push((Ipv4Addr::LOCALHOST, PORT).into());
        }
        conf.servers.truncate(SERVERS_MAX);
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
