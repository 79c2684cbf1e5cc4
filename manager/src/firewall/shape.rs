//! Lines that were not understood, or not whole, grouped by what they look
//! like, so that a format that is not known can be told in one line.

use bartizan_core::packet::Packet;
use std::collections::HashMap;

/// Shapes that are told apart.
const SHAPES_MAX: usize = 10_000;

/// Characters of a shape, and bytes of an example.
const SHAPE_MAX: usize = 160;
const EXAMPLE_MAX: usize = 512;

/// A group of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What its lines have in common: numbers are `0`, addresses `A`, words in
    /// quotes `"…"`.
    pub shape: String,
    /// How many lines.
    pub lines: u64,
    /// The first of them, its beginning.
    pub example: String,
    /// What is missing of a packet; empty if it is none.
    pub missing: String,
}

/// All groups.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    each: HashMap<String, Shape>,
    /// Lines of groups that are not told apart any more.
    pub others: u64,
}

impl Shapes {
    /// Counts a line, if it is not understood whole and looks like a packet
    /// filter's.
    pub fn line(&mut self, line: &[u8], packet: Option<&Packet<'_>>) {
        let missing = match packet {
            Some(packet) if packet.is_whole() => return,
            Some(packet) => missing(packet),
            None if looks_like_one(line) => String::new(),
            None => return,
        };
        let text = String::from_utf8_lossy(line);
        let shape = shape(&text);
        let is_full = self.each.len() >= SHAPES_MAX;
        match self.each.get_mut(&shape) {
            Some(group) => group.lines += 1,
            None if !is_full => {
                let example =
                    text.get(..text.floor_char_boundary(EXAMPLE_MAX)).unwrap_or_default().to_owned();
                self.each.insert(shape.clone(), Shape { shape, lines: 1, example, missing });
            }
            None => self.others += 1,
        }
    }

    /// The groups, those with the most lines first.
    pub fn sorted(self) -> Vec<Shape> {
        let mut all: Vec<_> = self.each.into_values().collect();
        all.sort_by(|one, other| other.lines.cmp(&one.lines).then_with(|| one.shape.cmp(&other.shape)));
        all
    }
}

/// What of a packet a line does not tell.
fn missing(packet: &Packet<'_>) -> String {
    let has_ports = packet.protocol.is_some_and(|protocol| protocol.has_ports());
    let all = [
        ("source", packet.src.is_none()),
        ("target", packet.dst.is_none()),
        ("protocol", packet.protocol.is_none()),
        ("source port", has_ports && packet.sport.is_none()),
        ("target port", has_ports && packet.dport.is_none()),
    ];
    let names: Vec<_> = all.iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| *name).collect();
    if names.is_empty() { "a value that cannot be read".to_owned() } else { names.join(", ") }
}

/// Words of packet filters, of which a line must have one, and two addresses.
const WORDS: [&str; 9] =
    ["drop", "deny", "denied", "block", "reject", "accept", "permit", "firewall", "proto"];

fn looks_like_one(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line).to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
        && words(&text).filter(|word| is_address(word)).nth(1).is_some()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':')).filter(|word| !word.is_empty())
}

fn is_address(word: &str) -> bool {
    let alone = |word: &str| word.parse::<std::net::IpAddr>().is_ok();
    alone(word) || word.rsplit_once(':').is_some_and(|(before, _)| alone(before))
}

/// The line without what differs from line to line.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next().filter(|_| shape.len() < SHAPE_MAX) {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | ':'))).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        if word.is_empty() {
            let (quoted, behind) = quoted(rest).unwrap_or(("", &rest[first.len_utf8()..]));
            if quoted.is_empty() {
                shape.push(first)
            } else {
                shape.push_str("\"…\"")
            }
            rest = behind;
            continue;
        }
        match () {
            () if is_address(word) => shape.push('A'),
            () if word.contains(|c: char| c.is_ascii_digit()) => shape.push('0'),
            () => shape.push_str(word),
        }
        rest = behind;
    }
    shape
}

/// A text in quotes, and what stands behind it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let end = inside.find('"')?;
    Some((&text[..end + 2], &inside[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::packet;

    #[test]
    fn lines_that_differ_in_their_values_have_one_shape() {
        let mut shapes = Shapes::default();
        for number in 0..20 {
            let line = format!(
                "Nov 21 07:29:{number:02} gw myfw[{number}]: blocked 192.0.2.{number}:4000 to 198.51.100.1:22 \"x y\""
            );
            shapes.line(line.as_bytes(), packet::read(line.as_bytes()).as_ref());
        }
        let line = "kernel: DROP IN=eth0 SRC=192.0.2.1 DST=198.51.100.1 PROTO=TCP SPT=1";
        shapes.line(line.as_bytes(), packet::read(line.as_bytes()).as_ref());
        shapes.line(b"Nov 21 07:29:50 web sshd[4]: Failed password for root from 192.0.2.7", None);
        let all = shapes.sorted();
        let told: Vec<_> =
            all.iter().map(|shape| (shape.shape.as_str(), shape.lines, shape.missing.as_str())).collect();
        assert_eq!(
            told,
            [
                ("Nov 0 0 gw myfw[0]: blocked A to A \"…\"", 20, ""),
                ("kernel: DROP IN=0 SRC=A DST=A PROTO=TCP SPT=0", 1, "target port"),
            ]
        );
    }

    #[test]
    fn any_text_has_a_bounded_shape() {
        for text in ["\u{e4}\"".repeat(9000), "\"".repeat(9000), "1.".repeat(9000), "\u{1f989}".repeat(100)] {
            assert!(shape(&text).len() <= SHAPE_MAX + text.len().min(20_000));
            Shapes::default().line(text.as_bytes(), None);
        }
    }
}
