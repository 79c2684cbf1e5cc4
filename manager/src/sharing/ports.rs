//! Which ports are told of: `80,443`, `!22`, `1000-2000,!1024-1100`.
//!
//! A plain port or range says "only these", one with `!` "not these". A port
//! is told of if there are no plain ones or one of them has it, and none with
//! `!` has it. So the order does not matter, and `!` goes before.

use std::fmt;
use std::ops::RangeInclusive;

/// Entries of one list.
const ENTRIES_MAX: usize = 1000;

/// A list of ports; without entries all are told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortList {
    only: Vec<RangeInclusive<u16>>,
    not: Vec<RangeInclusive<u16>>,
}

/// What is wrong with a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortError(String);

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PortList {
    /// Reads entries with commas or blanks between.
    ///
    /// # Errors
    /// The first entry that is no port and no range, in words.
    pub fn parse(text: &str) -> Result<Self, PortError> {
        let mut list = Self::default();
        let entries = text.split(|c: char| c == ',' || c.is_ascii_whitespace());
        for entry in entries.filter(|entry| !entry.is_empty()) {
            let (ports, to) = match entry.strip_prefix('!') {
                Some(ports) => (ports, &mut list.not),
                None => (entry, &mut list.only),
            };
            to.push(range(ports).ok_or_else(|| no_port(entry))?);
            if list.not.len() + list.only.len() > ENTRIES_MAX {
                return Err(PortError(format!("there are more than {ENTRIES_MAX} ports and ranges")));
            }
        }
        match list == Self::default() {
            true => Err(PortError("it names no port".to_owned())),
            false => Ok(list),
        }
    }

    /// Whether a packet to this port is told of; `None` is one of a protocol
    /// without ports, or of which it is not known. That is none of "only these".
    pub fn wants(&self, port: Option<u16>) -> bool {
        let has = |ranges: &[RangeInclusive<u16>]| {
            port.is_some_and(|port| ranges.iter().any(|range| range.contains(&port)))
        };
        (self.only.is_empty() || has(&self.only)) && !has(&self.not)
    }
}

fn no_port(entry: &str) -> PortError {
    let shown: String = entry.chars().take(40).flat_map(char::escape_default).collect();
    PortError(format!("`{shown}` is no port: write 80, 1000-2000, !22 or !6000-6063"))
}

/// `80` or `1000-2000`.
fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let number = |digits: &str| {
        let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| is_plain)
    };
    match text.split_once('-') {
        None => number(text).map(|port| port..=port),
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(first..=last)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_entries_does_not_matter() {
        for text in ["1000-2000,!1024-1100,80", "!1024-1100, 80 1000-2000", "80,1000-2000,!1024-1100"] {
            let list = PortList::parse(text).expect("a list");
            let wanted = |port| list.wants(Some(port));
            assert!(wanted(80) && wanted(1000) && wanted(1023) && wanted(1101) && wanted(2000), "{text}");
            assert!(!wanted(81) && !wanted(1024) && !wanted(1100) && !wanted(2001), "{text}");
            assert!(!list.wants(None), "{text}");
        }
    }

    #[test]
    fn without_plain_entries_all_others_are_wanted() {
        let list = PortList::parse("!22").expect("a list");
        assert!(!list.wants(Some(22)) && list.wants(Some(23)) && list.wants(None));
        assert!(PortList::default().wants(Some(22)) && PortList::default().wants(None));
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for text in ["", ",", "!", "ssh", "70000", "5-2", "-5", "1-", "!!22", "+22", "2\u{0662}", "1--2"] {
            assert!(PortList::parse(text).is_err(), "{text}");
        }
        assert!(PortList::parse(&"1,".repeat(ENTRIES_MAX + 1)).is_err());
        let shown = PortList::parse("\x1b[2J").expect_err("no port").to_string();
        assert!(!shown.contains(char::is_control), "{shown}");
    }
}
