//! Bytes of a log as text.

use std::fmt::Write;

/// The bytes as text: what is no character, and what a terminal would obey,
/// is shown as `\xNN`. Line feeds and tabs stay.
pub(super) fn readable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' | '\t' => out.push(character),
                c if c.is_control() => escape(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.push(c),
            }
        }
        escape(&mut out, chunk.invalid());
    }
    out
}

/// The same in one line.
pub(super) fn one_line(bytes: &[u8]) -> String {
    readable(bytes).replace('\n', "\\n").replace('\t', " ")
}

fn escape(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to memory does not fail.
        let _ = match byte {
            b'\r' => write!(out, "\\r"),
            byte => write!(out, "\\x{byte:02x}"),
        };
    }
}

/// The beginning of a text: at most so many bytes, whole characters.
pub(super) fn cut(text: &str, max: usize) -> &str {
    match text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= max).last() {
        Some(end) => text.get(..end).unwrap_or(text),
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_and_nothing_is_obeyed() {
        for (bytes, text) in [
            (&b"plain\ttext\nand more"[..], "plain\ttext\nand more"),
            ("Gr\u{fc}\u{df}e".as_bytes(), "Gr\u{fc}\u{df}e"),
            (b"\x1b[2J\0\x7f", "\\x1b[2J\\x00\\x7f"),
            (b"caf\xe9\xff", "caf\\xe9\\xff"),
            ("\u{85}".as_bytes(), "\\xc2\\x85"),
            (b"root\r\nBcc: x", "root\\r\nBcc: x"),
        ] {
            assert_eq!(readable(bytes), text);
        }
        assert_eq!(one_line(b"root\r\nBcc: x"), "root\\r\\nBcc: x");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abc", 2), "ab");
        assert_eq!(cut("a\u{df}c", 2), "a");
        assert_eq!(cut("", 5), "");
    }
}
