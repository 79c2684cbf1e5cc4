//! A small database of places in MaxMind's format.

use std::net::IpAddr;

/// A network and where it is. Texts that are empty are left out.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// `192.0.2.0/24`.
    pub network: &'static str,
    /// Two letters for the country.
    pub country: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The region.
    pub region: &'static str,
}

/// Places of a few addresses that rule tests name.
pub const ROWS: [Row; 6] = [
    row("2.136.147.0/24", "ES", "Spain", "Madrid"),
    row("2.136.14.0/24", "ES", "Spain", "Andalusia"),
    row("41.78.120.0/22", "CF", "Central African Republic", "Haut-Mbomou"),
    row("194.69.224.0/24", "FR", "France", ""),
    row("8.8.8.0/24", "US", "United States", ""),
    row("2a00:1450::/32", "IE", "Ireland", "Leinster"),
];

/// One row.
pub const fn row(
    network: &'static str,
    country: &'static str,
    name: &'static str,
    region: &'static str,
) -> Row {
    Row { network, country, name, region }
}

/// What ends the search tree before the data begin.
const SEPARATOR: [u8; 16] = [0; 16];

const METADATA: &[u8] = b"\xab\xcd\xefMaxMind.com";

#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    Data(usize),
}

/// The database of these rows, whose networks do not overlap.
///
/// # Panics
/// If a network cannot be read.
pub fn database(rows: &[Row]) -> Vec<u8> {
    let mut nodes = vec![[Record::Nothing; 2]];
    let mut data = Vec::new();
    for row in rows {
        let (bits, length) = network(row.network);
        let place = data.len();
        write_place(&mut data, row);
        let mut node = 0;
        for depth in 0..length {
            let side = (bits >> (127 - depth) & 1) as usize;
            node = match nodes[node][side] {
                _ if depth + 1 == length => {
                    nodes[node][side] = Record::Data(place);
                    break;
                }
                Record::Node(next) => next,
                _ => {
                    nodes.push([Record::Nothing; 2]);
                    nodes[node][side] = Record::Node(nodes.len() - 1);
                    nodes.len() - 1
                }
            };
        }
    }
    let number = |record: &Record| match record {
        Record::Nothing => nodes.len(),
        Record::Node(node) => *node,
        Record::Data(place) => nodes.len() + SEPARATOR.len() + place,
    };
    let mut out: Vec<u8> =
        nodes.iter().flatten().flat_map(|record| (number(record) as u32).to_be_bytes()).collect();
    out.extend_from_slice(&SEPARATOR);
    out.extend_from_slice(&data);
    out.extend_from_slice(METADATA);
    write_metadata(&mut out, nodes.len());
    out
}

/// The bits of a network in the tree, and how many of them count: IPv4 stands
/// below `::/96`.
fn network(text: &str) -> (u128, u32) {
    let (address, length) = text.split_once('/').expect("a network has a slash");
    let length: u32 = length.parse().expect("a length");
    match address.parse().expect("an address") {
        IpAddr::V4(v4) => (v4.to_bits().into(), length + 96),
        IpAddr::V6(v6) => (v6.to_bits(), length),
    }
}

fn write_place(out: &mut Vec<u8>, row: &Row) {
    let has_region = !row.region.is_empty();
    map(out, 1 + usize::from(has_region));
    text(out, "country");
    map(out, 2);
    text(out, "iso_code");
    text(out, row.country);
    text(out, "names");
    names(out, row.name);
    if has_region {
        text(out, "subdivisions");
        out.extend_from_slice(&[1, 4]); // An array of one.
        map(out, 1);
        text(out, "names");
        names(out, row.region);
    }
}

/// Names in other languages come first: it is English that is wanted.
fn names(out: &mut Vec<u8>, english: &str) {
    map(out, 2);
    text(out, "de");
    text(out, "Irgendwo");
    text(out, "en");
    text(out, english);
}

fn write_metadata(out: &mut Vec<u8>, nodes: usize) {
    map(out, 9);
    // Of so many bits as the format wants there, written with as few bytes.
    let long = |out: &mut Vec<u8>, name, kind: &[u8], value: u32| {
        text(out, name);
        out.extend_from_slice(kind);
        out.extend_from_slice(&value.to_be_bytes());
    };
    let short = |out: &mut Vec<u8>, name, value: u16| {
        text(out, name);
        out.push(5 << 5 | 2);
        out.extend_from_slice(&value.to_be_bytes());
    };
    short(out, "binary_format_major_version", 2);
    short(out, "binary_format_minor_version", 0);
    long(out, "build_epoch", &[4, 2], 1_700_000_000);
    text(out, "database_type");
    text(out, "Test-City");
    text(out, "description");
    map(out, 1);
    text(out, "en");
    text(out, "Places for tests");
    short(out, "ip_version", 6);
    text(out, "languages");
    out.extend_from_slice(&[1, 4]);
    text(out, "en");
    long(out, "node_count", &[6 << 5 | 4], nodes as u32);
    short(out, "record_size", 32);
}

fn map(out: &mut Vec<u8>, pairs: usize) {
    out.push(7 << 5 | pairs as u8);
}

fn text(out: &mut Vec<u8>, text: &str) {
    assert!(text.len() < 285, "long texts have another form");
    match text.len() {
        length @ ..29 => out.push(2 << 5 | length as u8),
        length => out.extend_from_slice(&[2 << 5 | 29, (length - 29) as u8]),
    }
    out.extend_from_slice(text.as_bytes());
}
