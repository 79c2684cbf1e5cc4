//! What a mail server says: a number, maybe a second one, and a text.

use super::trouble::{Step, Trouble};
use crate::diagnose::harmless_text;
use smtp_proto::response::parser::ResponseReceiver;
use std::fmt;
use std::io::{BufRead, Read};

/// Bytes of one reply, all its lines together. RFC 5321 asks for 512 a line.
const REPLY_MAX: usize = 16 << 10;

/// Characters of a text that are shown.
const SHOWN_MAX: usize = 300;

/// A reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The number: 2 and 3 in front are good, 4 is bad for now, 5 for good.
    pub code: u16,
    /// The enhanced status code (RFC 3463), if there is one: `5.7.1`.
    pub status: Option<[u8; 3]>,
    /// The text; its lines are joined by line feeds.
    pub text: String,
}

impl Reply {
    /// Reads one reply; also gives its bytes.
    pub(super) fn read(from: &mut impl BufRead, step: Step) -> Result<(Self, Vec<u8>), Trouble> {
        let mut bytes = Vec::new();
        loop {
            let start = bytes.len();
            let room = (REPLY_MAX - start) as u64;
            let count = from.by_ref().take(room).read_until(b'\n', &mut bytes);
            count.map_err(|error| Trouble::broken(step, error))?;
            let line = bytes.get(start..).unwrap_or_default();
            match (line.last(), line.get(3)) {
                (Some(b'\n'), Some(b'-')) => {}
                (Some(b'\n'), _) => break,
                (_, _) if bytes.len() == REPLY_MAX => {
                    return Err(Trouble::Strange(step, "its answer is too long".to_owned()));
                }
                (_, _) => return Err(Trouble::closed(step)),
            }
        }
        match Self::parse(&bytes) {
            Some(reply) => Ok((reply, bytes)),
            None => {
                let said = harmless_text(String::from_utf8_lossy(&bytes).trim_end());
                Err(Trouble::Strange(step, format!("it does not speak SMTP, it says `{said}`")))
            }
        }
    }

    /// The reply in these bytes; none if they are not one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let found = ResponseReceiver::default().parse(&mut bytes.iter()).ok()?;
        let is_reply = (200..600).contains(&found.code);
        let text = found.message.replace('\r', "");
        is_reply.then(|| Self {
            code: found.code,
            status: Some(found.esc).filter(|status| status[0] != 0),
            text: text.trim_end().to_owned(),
        })
    }

    /// Whether it will be no better later.
    pub fn is_for_good(&self) -> bool {
        self.code >= 500
    }
}

/// In one line that can be shown anywhere.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some([class, subject, detail]) = self.status {
            write!(f, " {class}.{subject}.{detail}")?;
        }
        let text: String = self.text.chars().take(SHOWN_MAX).collect();
        match harmless_text(&text.replace('\n', " ")) {
            text if text.is_empty() => Ok(()),
            text => write!(f, " {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Reply, Trouble> {
        Reply::read(&mut &bytes[..], Step::Greeting).map(|(reply, _)| reply)
    }

    #[test]
    fn replies_have_a_number_a_status_and_lines() {
        let table = [
            ("220 mail.example.com ESMTP\r\n", "220 mail.example.com ESMTP"),
            ("250-first\r\n250-second\r\n250 third\r\n", "250 first second third"),
            ("550 5.7.1 Relaying denied\r\n", "550 5.7.1 Relaying denied"),
            ("451-4.7.1 Grey\r\n451 4.7.1 listed\r\n", "451 4.7.1 Grey listed"),
            ("250\r\n", "250"),
            ("250 a\x1b[2J\u{202e}b\r\n", "250 a\u{fffd}[2J\u{fffd}b"),
        ];
        for (bytes, shown) in table {
            assert_eq!(read(bytes.as_bytes()).expect("a reply").to_string(), shown);
        }
        assert_eq!(read(b"550 5.7.1 no\r\n").expect("a reply").status, Some([5, 7, 1]));
    }

    #[test]
    fn what_is_no_reply_is_said_and_bounded() {
        let said = |bytes: &[u8]| read(bytes).expect_err("no reply").to_string();
        assert!(said(b"HTTP/1.1 400 Bad Request\r\n").contains("does not speak SMTP"));
        assert!(said(b"SSH-2.0-OpenSSH_9.2p1\r\n").contains("does not speak SMTP"));
        assert!(said(b"").contains("closed"));
        assert!(said(b"250 cut").contains("closed"));
        assert!(said(&b"250-more\r\n".repeat(10_000)).contains("too long"));
        assert!(said(&[b'2'; 100_000]).contains("too long"));
    }
}
