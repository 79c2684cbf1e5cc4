//! Escapes of the `pcre2` language that are numbers or names: references to
//! groups, octal numbers, and characters by their number in Unicode.

use super::{Found, Parser};
use crate::pattern::compile::PatternError;
use crate::pattern::compile::ast::Node;
use crate::pattern::compile::pcre2_class::{Escape, octal};
use alloc::boxed::Box;

impl Parser<'_> {
    /// `\1`, `\k<name>`, `\g{-1}` and the like; `next` is behind the letter.
    /// `\10` and above are octal numbers where there are not so many groups.
    pub(super) fn reference(&mut self, at: usize) -> Result<Node, Box<PatternError>> {
        let letter = self.text[at + 1];
        if matches!(letter, b'k' | b'g') {
            return self.named(at, letter == b'g');
        }
        let digits = self.text[at + 1..].iter().take_while(|c| c.is_ascii_digit()).count();
        if digits == 1 && self.given {
            let number = u16::from(letter - b'1');
            return Ok(Node::Given { number, caseless: self.flags.caseless });
        }
        let number = decimal(&self.text[at + 1..at + 1 + digits]);
        let is_octal = self.text[at + 1..].iter().take(2).all(|c| (b'0'..=b'7').contains(c));
        if digits > 1 && number.is_none_or(|number| number > self.groups.len()) && is_octal {
            let (escape, next) = octal(self.text, at + 1, 3)?;
            self.next = next;
            if let Escape::Byte(c) = escape {
                return Ok(if self.utf { self.character(char::from(c)) } else { self.byte(c) });
            }
        }
        self.next = at + 1 + digits;
        self.to_group(at, number)
    }

    /// A reference by name, or behind `\g` by number.
    fn named(&mut self, at: usize, numbers: bool) -> Result<Node, Box<PatternError>> {
        let rest = self.rest();
        let (skip, close): (usize, &[u8]) = match rest.first() {
            Some(b'{') => (1, b"}"),
            Some(b'<') if !numbers => (1, b">"),
            Some(b'\'') if !numbers => (1, b"'"),
            Some(b'0'..=b'9' | b'-' | b'+') if numbers => (0, b""),
            _ => return Err(PatternError::not_supported(at, "recursion (`\\g<...>`)")),
        };
        let is_name = |c: &&u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'+');
        let len = rest[skip..].iter().take_while(is_name).count();
        let name = &rest[skip..skip + len];
        if !rest[skip + len..].starts_with(close) {
            return Err(PatternError::at(at, "this reference has no end"));
        }
        self.next += skip + len + close.len();
        let number = match name {
            [b'-', back @ ..] if numbers => {
                decimal(back).and_then(|back| (self.groups.len() + 1).checked_sub(back.max(1)))
            }
            name if numbers && decimal(name).is_some() => decimal(name),
            name => self.names.iter().find(|(known, _)| *known == name).map(|(_, number)| number + 1),
        };
        self.to_group(at, number)
    }

    /// A reference to the group of a number from 1, which must stand before it.
    fn to_group(&self, at: usize, number: Option<usize>) -> Result<Node, Box<PatternError>> {
        let group = number.and_then(|number| number.checked_sub(1));
        let known = group.and_then(|group| Some((u16::try_from(group).ok()?, *self.groups.get(group)?)));
        match known {
            Some(_) if self.utf => Err(PatternError::not_supported(at, "a reference after `(*UTF)`")),
            Some((group, Some(nullable))) => {
                Ok(Node::Reference { group, caseless: self.flags.caseless, nullable })
            }
            Some((_, None)) => Err(PatternError::not_supported(at, "a reference within its own group")),
            None => Err(PatternError::at(at, "a reference to a group that does not stand before it")),
        }
    }

    /// In UTF mode: `\x{...}` and `\N{U+...}`, if one is next.
    pub(super) fn code_point(&mut self) -> Found<char> {
        let at = self.next;
        let by_name = self.rest().starts_with(b"\\N{U+");
        if by_name && !self.utf {
            return Err(PatternError::at(at, "`\\N{U+...}` needs `(*UTF)` at the start of the pattern"));
        }
        let skip = if by_name { 5 } else { 3 };
        if !self.utf || !(by_name || self.rest().starts_with(b"\\x{")) {
            return Ok(None);
        }
        let len = self.rest()[skip..].iter().take_while(|c| c.is_ascii_hexdigit()).count();
        let digits = core::str::from_utf8(&self.rest()[skip..skip + len]).unwrap_or_default();
        let value = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        match value {
            Some(character) if self.rest().get(skip + len) == Some(&b'}') => {
                self.next += skip + len + 1;
                Ok(Some(character))
            }
            _ => Err(PatternError::at(at, "no character has this number").help("write `\\x{202e}`")),
        }
    }
}

/// The value of digits; `None` without any, or if it is large.
fn decimal(digits: &[u8]) -> Option<usize> {
    core::str::from_utf8(digits).ok()?.parse().ok().filter(|_| digits.iter().all(u8::is_ascii_digit))
}
