//! A mail as lines on the wire (RFC 5321 §4.5.2).

/// The mail with `CR LF` behind each line, a second dot where a line begins
/// with one, and the line of one dot behind it.
///
/// A `CR` or `LF` by itself, where servers differ in what is a line, does not
/// leave this machine: the first becomes a blank, the second an end of line.
pub(super) fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + mail.len() / 64 + 16);
    let body = mail.strip_suffix(b"\n").unwrap_or(mail);
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend(line.iter().map(|byte| if *byte == b'\r' { b' ' } else { *byte }));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_ends_where_it_ends_whatever_stands_in_it() {
        let table: [(&[u8], &[u8]); 7] = [
            (b"a\r\nb\r\n", b"a\r\nb\r\n.\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b".\r\n..\r\n.a\r\n", b"..\r\n...\r\n..a\r\n.\r\n"),
            (b"a\n.\nb\n", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\r.\r\nb", b"a .\r\nb\r\n.\r\n"),
            (b"a\r\n\r.\r\nQUIT", b"a\r\n .\r\nQUIT\r\n.\r\n"),
            (b"\r\n\r\n", b"\r\n\r\n.\r\n"),
        ];
        for (mail, wire) in table {
            assert_eq!(stuffed(mail), wire, "{}", String::from_utf8_lossy(mail));
        }
    }
}
