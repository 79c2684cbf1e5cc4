//! What pages and programs are told: plain values, each the answer to one
//! question. A page renders it, the interface for programs gives it as JSON.
//!
//! Texts are as they stood in logs, but UTF-8; whoever shows them makes them
//! harmless. Times are seconds since 1970.
//!
//! | room | the question |
//! |---|---|
//! | [`alerts`] | which alerts, and all of one |
//! | [`overview`] | how things stand |
//! | [`agents`] | who reports |
//! | [`responses`] | what is blocked |
//! | [`rules`] | which rules there are |
//! | [`trial`] | what a line would give |
//! | [`firewall`] | who knocks |
//! | [`graph`] | who did what to whom |
//! | [`reports`] | which reports there are |
//! | [`system`] | how the program does |

pub mod agents;
pub mod alerts;
pub mod firewall;
pub mod graph;
pub mod overview;
pub mod reports;
pub mod responses;
pub mod rules;
pub mod system;
pub mod trial;

/// Bytes of a log as text.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The beginning of bytes as text: at most so many characters, and whether
/// that is less than all.
pub(super) fn beginning(bytes: &[u8], characters: usize) -> (String, bool) {
    // No character has more than four bytes.
    let part = bytes.get(..characters.saturating_mul(4)).unwrap_or(bytes);
    let mut text = text(part);
    let end = text.char_indices().nth(characters).map(|(end, _)| end);
    if let Some(end) = end {
        text.truncate(end);
    }
    (text, end.is_some() || part.len() < bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_as_long_as_asked_for_whatever_the_bytes() {
        assert_eq!(beginning(b"abc", 3), ("abc".to_owned(), false));
        assert_eq!(beginning(b"abcd", 3), ("abc".to_owned(), true));
        assert_eq!(beginning("äöüß".as_bytes(), 3), ("äöü".to_owned(), true));
        let (text, is_cut) = beginning(&[0xff; 100], 3);
        assert_eq!((text.chars().count(), is_cut), (3, true));
    }
}
