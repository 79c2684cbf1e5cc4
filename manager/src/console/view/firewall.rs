//! Who knocks on which ports, by the end of `firewall.log`.

use crate::firewall::service;
use crate::firewall::tally::{Source, Tally};
use crate::places::Atlas;
use crate::sources::lines::{LINE_MAX, LineReader};
use schemars::JsonSchema;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::net::IpAddr;
use std::path::Path;

/// Bytes at the end of the file that are counted.
pub const TAIL: u64 = 4 << 20;

/// Entries of each list.
const TOP: usize = 25;

/// Ports of one source that are shown.
const PORTS_SHOWN: usize = 12;

/// Packets that packet filters told of. Those that got through are not
/// counted in the lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Firewall {
    /// Lines that were looked at.
    pub lines: u64,
    /// Whether there are earlier ones, too, in the file of today.
    pub is_cut: bool,
    /// Packets by what became of them.
    pub actions: Vec<Packets>,
    /// Who knocks.
    pub sources: Vec<Knocking>,
    /// Different sources.
    pub different_sources: usize,
    /// Where from: countries, if places are known.
    pub countries: Vec<Packets>,
    /// On which ports.
    pub ports: Vec<Packets>,
    /// At whose door.
    pub targets: Vec<Packets>,
}

/// Something with packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Packets {
    /// What it is.
    pub name: String,
    /// Its packets.
    pub packets: u64,
}

/// A source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Knocking {
    /// Its address.
    pub source: String,
    /// Where that is, if it is known: `ES / Madrid`.
    pub place: Option<String>,
    /// Its packets.
    pub packets: u64,
    /// Different targets that it tried, up to a thousand.
    pub targets: usize,
    /// Different ports that it tried, up to a thousand.
    pub different_ports: usize,
    /// Some of them.
    pub ports: Vec<u16>,
}

/// Counts the end of the file of a home folder; nothing if there is none. The
/// atlas says which countries sources are in.
pub fn firewall(home: &Path, atlas: Option<&Atlas>) -> io::Result<Firewall> {
    let mut file = match File::open(home.join("logs/firewall/firewall.log")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Firewall::default()),
        file => file?,
    };
    let start = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut lines = LineReader::new(file.take(TAIL), LINE_MAX);
    if start > 0 {
        // It began before.
        lines.next_line()?;
    }
    let mut tally = Tally::new(false);
    while let Some(line) = lines.next_line()? {
        tally.line(line.bytes);
    }
    Ok(Firewall { is_cut: start > 0, ..Firewall::new(&tally, atlas) })
}

impl Firewall {
    fn new(tally: &Tally, atlas: Option<&Atlas>) -> Self {
        let place = |address: IpAddr| Some(atlas?.find(address)?.to_string());
        let knocking = |(address, source): &(IpAddr, &Source)| Knocking {
            source: address.to_string(),
            place: place(*address),
            packets: source.packets,
            targets: source.targets.len(),
            different_ports: source.ports.len(),
            ports: source.ports.iter().copied().take(PORTS_SHOWN).collect(),
        };
        let port = |((protocol, port), packets): ((String, u16), u64)| {
            let service = service(port);
            let service = if service.is_empty() { String::new() } else { format!(" {service}") };
            Packets { name: format!("{}/{port}{service}", protocol.to_lowercase()), packets }
        };
        let actions = tally.actions.iter();
        Self {
            lines: tally.lines,
            is_cut: false,
            actions: actions
                .map(|(action, packets)| Packets {
                    name: format!("{action:?}").to_lowercase(),
                    packets: *packets,
                })
                .collect(),
            sources: tally.top_sources(TOP).iter().map(knocking).collect(),
            different_sources: tally.different_sources(),
            countries: atlas.map_or_else(Vec::new, |atlas| countries(tally, atlas)),
            ports: tally.ports.top(TOP).into_iter().map(port).collect(),
            targets: tally
                .targets
                .top(TOP)
                .into_iter()
                .map(|(target, packets)| Packets { name: target.to_string(), packets })
                .collect(),
        }
    }
}

/// Countries by the packets of their addresses.
fn countries(tally: &Tally, atlas: &Atlas) -> Vec<Packets> {
    let mut found: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for (address, source) in tally.sources() {
        let Some(place) = atlas.find(address) else { continue };
        *found.entry((place.country, place.name.unwrap_or_default())).or_default() += source.packets;
    }
    let mut all: Vec<_> = found.into_iter().collect();
    all.sort_by_key(|(_, packets)| Reverse(*packets));
    let named = |((country, name), packets)| Packets {
        name: format!("{country} {name}").trim_end().to_owned(),
        packets,
    };
    all.into_iter().take(TOP).map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn line(n: u64) -> String {
        format!(
            "2026 Nov 21 07:29:50 gate->/var/log/fw DROP TCP 192.0.2.{}:4000->198.51.100.1:{}\n",
            n % 3,
            n % 100
        )
    }

    fn counted(text: &str) -> Firewall {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("logs/firewall");
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join("firewall.log"), text).expect("written");
        firewall(home.path(), None).expect("counted")
    }

    #[test]
    fn it_is_counted_who_knocks_where() {
        let text: String = (0..300).map(line).collect();
        let found = counted(&text);
        assert_eq!((found.lines, found.different_sources, found.is_cut), (300, 3, false));
        assert_eq!((found.sources[0].packets, found.sources[0].different_ports), (100, 100));
        assert_eq!(found.sources[0].ports.len(), PORTS_SHOWN);
        assert!(
            found.ports.contains(&Packets { name: "tcp/22 ssh".to_owned(), packets: 3 })
                || found.ports.len() == TOP
        );
        assert_eq!(found.actions, [Packets { name: "drop".to_owned(), packets: 300 }]);
    }

    #[test]
    fn only_the_end_of_a_long_file_is_looked_at() {
        let text: String = (0..80_000).map(line).collect();
        let found = counted(&text);
        assert!(found.is_cut && found.lines < 80_000 && found.lines > 40_000, "{}", found.lines);
        assert_eq!(found.actions.len(), 1, "no line is cut in two");
        let home = tempfile::tempdir().expect("a folder");
        assert_eq!(firewall(home.path(), None).expect("counted"), Firewall::default());
    }
}
