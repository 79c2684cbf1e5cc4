//! Text that is written into lent memory.

use super::network::Network;
use core::fmt::{self, Write};
use core::net::IpAddr;

/// A text that grows; what has no room is left out, the rest stays whole.
#[derive(Debug)]
pub(super) struct Text<'o> {
    out: &'o mut [u8],
    len: usize,
}

impl<'o> Text<'o> {
    pub(super) fn new(out: &'o mut [u8]) -> Self {
        Self { out, len: 0 }
    }

    /// Adds a text, or as many whole characters of it as there is room for.
    pub(super) fn add(&mut self, text: &str) {
        let room = self.out.len() - self.len;
        let end = (0..=text.len().min(room)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let from = text.as_bytes().get(..end).unwrap_or_default();
        if let Some(to) = self.out.get_mut(self.len..self.len + end) {
            to.copy_from_slice(from);
            self.len += end;
        }
    }

    /// Adds what a stranger may have written: control characters become
    /// spaces, so that it stays one line.
    pub(super) fn add_line(&mut self, text: &str) {
        for part in text.split_inclusive(char::is_control) {
            let plain = part.trim_end_matches(char::is_control);
            self.add(plain);
            if plain.len() < part.len() {
                self.add(" ");
            }
        }
    }

    pub(super) fn number(&mut self, number: u64) {
        let mut digits = [b'0'; 20];
        let mut rest = number;
        let mut first = digits.len();
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            first = at;
            if rest == 0 {
                break;
            }
        }
        let digits = digits.get(first..).unwrap_or_default();
        self.add(core::str::from_utf8(digits).unwrap_or_default());
    }

    pub(super) fn address(&mut self, address: IpAddr) {
        // Nothing that is written here fails.
        let _ = write!(self, "{address}");
    }

    pub(super) fn network(&mut self, network: &Network) {
        self.address(network.address());
        if !network.is_single() {
            self.add("/");
            self.number(network.length().into());
        }
    }

    pub(super) fn as_str(&self) -> &str {
        core::str::from_utf8(self.out.get(..self.len).unwrap_or_default()).unwrap_or_default()
    }

    pub(super) fn into_str(self) -> &'o str {
        let out: &'o [u8] = self.out;
        core::str::from_utf8(out.get(..self.len).unwrap_or_default()).unwrap_or_default()
    }
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_networks_read_as_people_write_them() {
        let mut out = [0; 100];
        let mut text = Text::new(&mut out);
        for number in [0, 7, 10, u64::MAX] {
            text.number(number);
            text.add(" ");
        }
        text.network(&Network::parse("192.0.2.0/24").unwrap());
        text.network(&Network::parse("2001:db8::1").unwrap());
        assert_eq!(text.into_str(), "0 7 10 18446744073709551615 192.0.2.0/242001:db8::1");
    }

    #[test]
    fn what_has_no_room_is_cut_between_characters() {
        let mut out = [0; 4];
        let mut text = Text::new(&mut out);
        text.add("aäü");
        assert_eq!(text.as_str(), "aä");
        text.add("bc");
        assert_eq!(text.as_str(), "aäb");
    }

    #[test]
    fn a_line_stays_one_line() {
        let mut out = [0; 40];
        let mut text = Text::new(&mut out);
        text.add_line("nft: no\r\nsuch\u{1b}[2J\u{85}thing\n");
        assert_eq!(text.as_str(), "nft: no  such [2J thing ");
    }
}
