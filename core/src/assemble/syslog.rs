//! One syslog message in the layout that `predecode` reads.
//!
//! RFC 3164: `<PRI>` is taken off, the rest stays as it was sent, whatever it
//! is; decoders know the ways in which devices break the rules. A message of
//! the local socket names no host (the C library writes none), so the host is
//! put behind its date.
//!
//! RFC 5424: `<PRI>1 TIME HOST APP PROCID MSGID [SD] MSG` becomes
//! `Mmm dd HH:MM:SS HOST APP[PROCID]: MSGID [SD] MSG`, without what is `-`.
//! Elements of structured data that RFC 5424 §7 defines (`timeQuality`,
//! `origin`, `meta`) say nothing of what happened and are left out; those of
//! vendors often hold all that did. Texts that only look like RFC 5424 are
//! treated as RFC 3164.
//!
//! Work: a fixed number of passes over the message.

use crate::limits::TEXT_MAX;

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// What a message does not say of itself.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'o> {
    /// Name or address of the sender, for messages without one.
    pub host: &'o [u8],
    /// The time of receipt as `Mmm dd HH:MM:SS`, for messages without one.
    pub stamp: &'o [u8],
    /// It came through the local socket.
    pub local: bool,
}

/// A message in its new layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'b> {
    /// The text, at most [`TEXT_MAX`] bytes. Empty if nothing was said.
    pub text: &'b [u8],
    /// Bytes that were left out at its end.
    pub cut: u32,
}

/// Brings one message into its new layout, written into `buffer`; it is cut at
/// the buffer's end or at [`TEXT_MAX`].
pub fn message<'b>(message: &[u8], origin: &Origin<'_>, buffer: &'b mut [u8]) -> Message<'b> {
    let message = trim(message);
    let body = without_priority(message);
    let mut text = Text::new(buffer);
    match structured(body) {
        Some(header) => header.write(origin, &mut text),
        None if origin.local && has_date(body) => {
            let (date, rest) = body.split_at(16);
            text.words(&[date, origin.host, b" ", rest]);
        }
        None if origin.local => text.words(&[origin.stamp, b" ", origin.host, b" ", body]),
        None => text.words(&[body]),
    }
    text.finish()
}

/// Without line ends and NULs behind it.
fn trim(message: &[u8]) -> &[u8] {
    let end = message.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r' | 0));
    message.get(..end.map_or(0, |end| end + 1)).unwrap_or(b"")
}

/// Without `<…>` in front. OSSEC 4.3: whatever stands in it, up to the first
/// `>`; without one nothing is taken off.
fn without_priority(message: &[u8]) -> &[u8] {
    let end = message.strip_prefix(b"<").and_then(|rest| memchr::memchr(b'>', rest));
    end.and_then(|end| message.get(end + 2..)).unwrap_or(message)
}

/// Whether it begins with a date as RFC 3164 has it, by the places that
/// `predecode` looks at.
fn has_date(body: &[u8]) -> bool {
    let is = |place: usize, byte| body.get(place) == Some(&byte);
    body.len() > 16 && [3, 6, 15].iter().all(|&place| is(place, b' ')) && is(9, b':') && is(12, b':')
}

/// The parts of an RFC 5424 message; nil values are empty.
struct Structured<'m> {
    time: Option<Time<'m>>,
    host: &'m [u8],
    app: &'m [u8],
    process: &'m [u8],
    id: &'m [u8],
    /// From the first `[` on; elements and message.
    data: &'m [u8],
    message: &'m [u8],
}

/// The parts of `YYYY-MM-DDTHH:MM:SS…`.
struct Time<'m> {
    month: &'static [u8],
    day: [u8; 2],
    clock: &'m [u8],
}

/// Takes a message behind its priority apart; `None` if it is none of this
/// kind.
fn structured(body: &[u8]) -> Option<Structured<'_>> {
    let (time, rest) = word(body.strip_prefix(b"1 ")?)?;
    let (host, rest) = word(rest)?;
    let (app, rest) = word(rest)?;
    let (process, rest) = word(rest)?;
    let (id, rest) = word(rest)?;
    let time = if time.is_empty() { None } else { Some(Time::read(time)?) };
    let (data, message) = match rest.first()? {
        b'-' => (&b""[..], rest.get(1..)?),
        b'[' => rest.split_at_checked(data_end(rest)?)?,
        _ => return None,
    };
    let message = message.strip_prefix(b" ").unwrap_or(message);
    let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
    Some(Structured { time, host, app, process, id, data, message })
}

/// The first word, empty for `-`, and what follows its blank.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, rest) = text.split_at_checked(memchr::memchr(b' ', text)?)?;
    let word = if word == b"-" { b"" } else { word };
    Some((word, rest.get(1..)?))
}

/// Where all elements of structured data end.
fn data_end(data: &[u8]) -> Option<usize> {
    let mut at = 0;
    while data.get(at) == Some(&b'[') {
        at += element_end(data.get(at..)?)?;
    }
    Some(at)
}

/// Bytes of the element at the beginning, with its brackets. A `]` in a quoted
/// value ends nothing.
fn element_end(data: &[u8]) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in data.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Whether RFC 5424 §7 defines this element.
fn is_registered(element: &[u8]) -> bool {
    let name = element.get(1..).unwrap_or(b"");
    let end = name.iter().position(|byte| matches!(byte, b' ' | b']')).unwrap_or(name.len());
    matches!(name.get(..end), Some(b"timeQuality" | b"origin" | b"meta"))
}

impl<'m> Time<'m> {
    fn read(time: &'m [u8]) -> Option<Self> {
        let digits = |from: usize| match time.get(from..from + 2)? {
            &[tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some([tens, ones]),
            _ => None,
        };
        let [tens, ones] = digits(5)?;
        let month = usize::from((tens - b'0') * 10 + (ones - b'0'));
        let month = MONTHS.get(month.checked_sub(1)?)?;
        let [tens, ones] = digits(8)?;
        let day = [if tens == b'0' { b' ' } else { tens }, ones];
        let is = |place: usize, byte| time.get(place) == Some(&byte);
        let shape = is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':');
        let clock = [11, 14, 17].iter().all(|&place| digits(place).is_some());
        (shape && clock).then_some(Self { month, day, clock: time.get(11..19)? })
    }
}

impl Structured<'_> {
    fn write(&self, origin: &Origin<'_>, text: &mut Text<'_>) {
        match &self.time {
            Some(time) => text.words(&[time.month, b" ", &time.day, b" ", time.clock]),
            None => text.words(&[origin.stamp]),
        }
        let host = if self.host.is_empty() { origin.host } else { self.host };
        text.words(&[b" ", host, b" "]);
        if !self.app.is_empty() {
            text.words(&[self.app]);
            // `predecode` takes only numbers for process ids.
            if !self.process.is_empty() && self.process.iter().all(u8::is_ascii_digit) {
                text.words(&[b"[", self.process, b"]"]);
            }
            text.words(&[b": "]);
        }
        if !self.id.is_empty() {
            text.words(&[self.id, b" "]);
        }
        self.write_data(text);
        text.words(&[self.message]);
    }

    fn write_data(&self, text: &mut Text<'_>) {
        let mut rest = self.data;
        let mut written = false;
        while let Some((element, more)) = element_end(rest).and_then(|end| rest.split_at_checked(end)) {
            if !is_registered(element) {
                text.words(&[element]);
                written = true;
            }
            rest = more;
        }
        if written {
            text.words(&[b" "]);
        }
    }
}

/// A text that is being written.
struct Text<'b> {
    buffer: &'b mut [u8],
    len: usize,
    cut: u32,
}

impl<'b> Text<'b> {
    fn new(buffer: &'b mut [u8]) -> Self {
        let size = buffer.len().min(TEXT_MAX);
        Self { buffer: buffer.get_mut(..size).unwrap_or_default(), len: 0, cut: 0 }
    }

    fn words(&mut self, words: &[&[u8]]) {
        for word in words {
            let room = self.buffer.get_mut(self.len..).unwrap_or_default();
            let fit = word.len().min(room.len());
            room.iter_mut().zip(*word).for_each(|(to, from)| *to = *from);
            self.len += fit;
            self.cut = self.cut.saturating_add(u32::try_from(word.len() - fit).unwrap_or(u32::MAX));
        }
    }

    fn finish(self) -> Message<'b> {
        Message { text: self.buffer.get(..self.len).unwrap_or_default(), cut: self.cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predecode::header;
    extern crate std;
    use proptest::prelude::*;
    use std::string::String;

    const REMOTE: Origin<'static> = Origin { host: b"192.0.2.7", stamp: b"Nov 21 08:00:00", local: false };
    const LOCAL: Origin<'static> = Origin { host: b"gate", local: true, ..REMOTE };

    fn laid_out(text: &str, origin: &Origin<'_>) -> String {
        let mut buffer = [0; TEXT_MAX];
        String::from_utf8_lossy(message(text.as_bytes(), origin, &mut buffer).text).into()
    }

    #[test]
    fn rfc_3164_loses_its_priority_and_nothing_else() {
        for (sent, kept) in [
            (
                "<34>Oct 11 22:14:15 mymachine su: 'su root' failed\n",
                "Oct 11 22:14:15 mymachine su: 'su root' failed",
            ),
            (
                "<189>35: *Mar  1 18:46:11: %SYS-5-CONFIG_I: x\r\n\0",
                "35: *Mar  1 18:46:11: %SYS-5-CONFIG_I: x",
            ),
            ("<13>bare", "bare"),
            ("<13 without end", "<13 without end"),
            ("no priority <x>", "no priority <x>"),
            ("<1>1 pizza for all of us, please, thanks", "1 pizza for all of us, please, thanks"),
            ("\n\n", ""),
            ("<13>", ""),
        ] {
            assert_eq!(laid_out(sent, &REMOTE), kept);
        }
    }

    #[test]
    fn messages_of_the_local_socket_get_their_host() {
        let text = laid_out("<30>Nov  1 08:00:00 sshd[7]: hello", &LOCAL);
        assert_eq!(text, "Nov  1 08:00:00 gate sshd[7]: hello");
        assert_eq!(laid_out("<30>sshd: hello", &LOCAL), "Nov 21 08:00:00 gate sshd: hello");
        let found = header(text.as_bytes(), crate::image::Dialect::Ossec);
        assert_eq!(found.host.map(|host| host.of(text.as_bytes())), Some(&b"gate"[..]));
        assert_eq!(found.program.map(|name| name.of(text.as_bytes())), Some(&b"sshd"[..]));
    }

    #[test]
    fn rfc_5424_gets_the_header_that_decoders_know() {
        for (sent, laid) in [
            (
                "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed",
                "Oct 11 22:14:15 mymachine.example.com su: ID47 'su root' failed",
            ),
            (
                "<134>1 2024-03-07T08:01:09+01:00 fw filterlog 1234 - [meta sequenceId=\"9\"] 5,,,1000",
                "Mar  7 08:01:09 fw filterlog[1234]: 5,,,1000",
            ),
            (
                "<14>1 2024-03-17T08:01:09Z srx RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636 a=\"x]\\\"\"][meta x=\"\"]",
                "Mar 17 08:01:09 srx RT_FLOW: RT_FLOW_SESSION_DENY [junos@2636 a=\"x]\\\"\"] ",
            ),
            ("<14>1 - - - - - - hello", "Nov 21 08:00:00 192.0.2.7 hello"),
            ("<14>1 - h app a-b - -", "Nov 21 08:00:00 h app: "),
        ] {
            assert_eq!(laid_out(sent, &REMOTE), laid);
        }
        let text = laid_out("<14>1 2024-03-07T08:01:09Z web sshd 42 - - Failed password", &REMOTE);
        let found = header(text.as_bytes(), crate::image::Dialect::Ossec);
        assert_eq!(found.program.map(|name| name.of(text.as_bytes())), Some(&b"sshd"[..]));
        assert_eq!(found.log.of(text.as_bytes()), b"Failed password");
    }

    #[test]
    fn what_only_looks_like_rfc_5424_stays() {
        for body in [
            "1 2024-13-07T08:01:09Z h a 1 - - x",
            "1 2024-03-07 08:01:09 h a 1 - - x",
            "1 - h a 1 - [open x",
            "1 - h a 1 - x",
            "1 - h a 1",
            "2 - h a 1 - - x",
        ] {
            assert_eq!(laid_out(&std::format!("<14>{body}"), &REMOTE), body);
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_and_counted() {
        let mut buffer = [0; 10];
        let cut = message(b"<1>0123456789abc", &REMOTE, &mut buffer);
        assert_eq!((cut.text, cut.cut), (&b"0123456789"[..], 3));
        let mut large = [0; TEXT_MAX + 9];
        assert_eq!(
            message(&[b'x'; TEXT_MAX + 2], &REMOTE, &mut large),
            Message { text: &[b'x'; TEXT_MAX], cut: 2 }
        );
        assert_eq!(message(b"x", &REMOTE, &mut []).cut, 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message(bytes in proptest::collection::vec(any::<u8>(), 0..300), local in any::<bool>()) {
            let mut buffer = [0; 64];
            let origin = Origin { local, ..REMOTE };
            prop_assert!(message(&bytes, &origin, &mut buffer).text.len() <= 64);
        }

        #[test]
        fn text_is_never_lost(word in "[a-z]{1,9}", header in "<[0-9]{1,3}>1 [-TZ:0-9]{1,25} [a-z-]{1,3} [a-z-]{1,3} [0-9-]{1,3} [a-z-]{1,3} (-|\\[[a-z]{1,3} [a-z=\"]{0,9}\\]) ") {
            let sent = std::format!("{header}{word}");
            prop_assert!(laid_out(&sent, &REMOTE).ends_with(&word));
        }
    }
}
