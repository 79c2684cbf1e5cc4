//! `<var name="N">text</var>`: what `$N` is replaced by in the rest of a file.
//!
//! A name ends at `$`, `.`, `|`, `,`, a space or the end of the text, and its
//! case counts nothing. What was put in is not looked at again, so a text
//! grows once, by at most [`EXPANDED_MAX`]; one file by [`GROWTH_MAX`].

use super::limits::{EXPANDED_MAX, GROWTH_MAX, NAME_MAX, VARIABLES_MAX};
use super::places::Places;
use crate::diagnose::{Span, suggest};
use std::collections::HashMap;

/// The variables of one file, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: HashMap<Vec<u8>, Vec<u8>>,
    /// The names as they are written, for suggestions.
    names: Vec<String>,
    growth: usize,
}

/// Why a variable was not defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The name is taken; the first definition stays.
    Twice,
    /// There are [`VARIABLES_MAX`].
    TooMany,
}

/// Something wrong with a variable in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: String,
}

/// How strictly `$` is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// An unknown name is an error.
    Error,
    /// An unknown name is an error, except after `$(`.
    ErrorUnlessParenthesis,
    /// An unknown name is text.
    Text,
}

impl Variables {
    pub(super) fn define(&mut self, name: &[u8], value: Vec<u8>) -> Result<(), Refused> {
        let key = name.to_ascii_lowercase();
        if self.values.contains_key(&key) {
            return Err(Refused::Twice);
        }
        if self.names.len() >= VARIABLES_MAX {
            return Err(Refused::TooMany);
        }
        self.names.push(String::from_utf8_lossy(name).into_owned());
        self.values.insert(key, value);
        Ok(())
    }

    /// Replaces the variables in a text and keeps its places true. The first
    /// problem stops it; then the text stays as it was.
    pub(super) fn expand(
        &mut self,
        text: &mut Vec<u8>,
        places: &mut Places,
        span: Span,
        unknown: Unknown,
    ) -> Result<(), Problem> {
        // QUIRK: OSSEC 4.3 leaves texts of one or two bytes alone, so a lone
        // `$A` is never replaced.
        if self.values.is_empty() || text.len() <= 2 || memchr::memchr(b'$', text).is_none() {
            return Ok(());
        }
        let mut new = Expanded::default();
        let mut copied = 0;
        let mut next = 0;
        while let Some(found) = memchr::memchr(b'$', &text[next..]) {
            let dollar = next + found;
            let rest = &text[dollar + 1..];
            let len = rest.iter().position(|byte| b"$.|, ".contains(byte)).unwrap_or(rest.len());
            let name = &rest[..len];
            next = dollar + 1 + len;
            let here = || places.span_of(dollar..dollar + 1 + len, text.len(), span);
            match self.values.get(&name.to_ascii_lowercase()) {
                Some(value) => {
                    new.copy(text, copied..dollar, places, span);
                    new.replace(value, here());
                    copied = next;
                }
                None if name.is_empty() || unknown == Unknown::Text => {}
                None if unknown == Unknown::ErrorUnlessParenthesis && name.starts_with(b"(") => {}
                None => return Err(self.unknown(name, here())),
            }
            if new.text.len() > EXPANDED_MAX {
                return Err(too_long(here()));
            }
        }
        if copied == 0 {
            return Ok(());
        }
        new.copy(text, copied..text.len(), places, span);
        self.growth += new.text.len().saturating_sub(text.len());
        if self.growth > GROWTH_MAX {
            return Err(grown(span));
        }
        (*text, *places) = (new.text, new.places);
        Ok(())
    }

    fn unknown(&self, name: &[u8], span: Span) -> Problem {
        let shown = String::from_utf8_lossy(name);
        let help = match suggest(&shown, self.names.iter().map(String::as_str)) {
            Some(known) => format!("did you mean `${known}`?"),
            None => "this file defines variables, so `$` begins a name here, up to the next `$` `.` `|` `,` or space; \
                     move this element to a file without <var>, or put the `$` before one of these"
                .to_string(),
        };
        let message = match name.len() > NAME_MAX {
            true => "there is no variable of such a long name".to_string(),
            false => format!("there is no variable `{shown}` before this"),
        };
        Problem { span, message, help }
    }
}

/// A text that is being put together.
#[derive(Default)]
struct Expanded {
    text: Vec<u8>,
    places: Places,
}

impl Expanded {
    fn copy(&mut self, from: &[u8], part: std::ops::Range<usize>, places: &Places, span: Span) {
        places.copy_to(&mut self.places, part.clone(), self.text.len(), from.len(), span);
        self.text.extend_from_slice(&from[part]);
    }

    fn replace(&mut self, value: &[u8], span: Span) {
        self.places.replaced(self.text.len(), span);
        self.text.extend_from_slice(value);
    }
}

fn too_long(span: Span) -> Problem {
    Problem {
        span,
        message: format!("with its variables replaced this text is longer than {EXPANDED_MAX} bytes"),
        help: "use fewer variables in it, or shorter ones".to_string(),
    }
}

fn grown(span: Span) -> Problem {
    Problem {
        span,
        message: format!("the variables of this file add more than {} MiB to it", GROWTH_MAX >> 20),
        help: "use fewer variables, or shorter ones".to_string(),
    }
}
