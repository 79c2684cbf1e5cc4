//! The forms of headers, one row each, in the order in which they are tried.
//!
//! A row is a least length, bytes at fixed places, and how many bytes the date
//! takes. Lengths count the NUL that ends a text in the systems the rows come
//! from (OSSEC 4.3, Wazuh 4.14), so `longer_than(17)` is a text of 17 bytes or
//! more.

use super::Form;
use crate::image::Dialect;
use crate::record::Span;

/// A recognised row.
pub(super) struct Row {
    pub(super) form: Form,
    /// Bytes in front of the log.
    pub(super) advance: usize,
    pub(super) stamp: Span,
}

/// The bytes at the places that rows look at; zero behind the end of the text,
/// which no row asks for.
struct Window {
    bytes: [u8; Window::LEN],
    /// Length of the text, with the NUL.
    len: usize,
}

impl Window {
    const LEN: usize = 32;

    fn new(text: &[u8], shift: usize) -> Self {
        let mut bytes = [0; Self::LEN];
        let seen = text.get(shift..).unwrap_or(b"");
        match seen.first_chunk() {
            Some(all) => bytes = *all,
            None => bytes.iter_mut().zip(seen).for_each(|(to, from)| *to = *from),
        }
        Self { bytes, len: text.len() + 1 }
    }

    fn longer_than(&self, len: usize) -> bool {
        self.len > len
    }

    fn at(&self, place: usize) -> u8 {
        self.bytes.get(place).copied().unwrap_or(0)
    }

    fn all<const N: usize>(&self, places: [usize; N], byte: u8) -> bool {
        places.iter().all(|&place| self.at(place) == byte)
    }

    fn digits<const N: usize>(&self, places: [usize; N]) -> bool {
        places.iter().all(|&place| self.at(place).is_ascii_digit())
    }
}

/// The first row that fits.
pub(super) fn recognise(text: &[u8], dialect: Dialect) -> Row {
    // The German `Mär` is a byte longer than the other months. QUIRK: every
    // row then looks one place further, but the log still starts where it
    // would without; the blank that is left is skipped with the host name.
    let shift = usize::from(text.get(1..3) == Some("ä".as_bytes()));
    let window = Window::new(text, shift);
    let (form, advance, stamp) =
        dated(&window, dialect).or_else(|| undated(&window, dialect)).unwrap_or_default();
    let advance = match form {
        Form::Squid => squid_end(text, advance),
        _ => advance.min(text.len()),
    };
    // Never both shifted and in brackets, so a stamp starts where it would.
    let (from, to) = stamp;
    let to = if to > 0 { to + shift } else { 0 };
    Row { form, advance, stamp: Span::new(from, to.min(text.len())) }
}

type Found = (Form, usize, (usize, usize));

/// The rows behind whose date host and program may follow.
fn dated(w: &Window, dialect: Dialect) -> Option<Found> {
    if w.longer_than(17) && w.all([3, 6, 15], b' ') && w.all([9, 12], b':') {
        return Some((Form::Syslog, 16, (0, 15)));
    }
    if w.longer_than(24) && w.all([4, 7], b'-') {
        let time = w.all([13, 16], b':');
        if time && w.at(10) == b' ' && w.at(19) == b',' {
            return Some((Form::Millis, 23 + blank(dialect), (0, 23)));
        }
        if time
            && w.at(10) == b'T'
            && w.longer_than(33)
            && let Some(found) = iso(w, dialect)
        {
            return Some(found);
        }
    }
    if !w.digits([0]) {
        return None;
    }
    if w.longer_than(21) && w.all([4, 8, 11, 20], b' ') && w.all([14, 17], b':') {
        return Some((Form::Year, 21, (0, 20)));
    }
    match dialect {
        Dialect::Ossec => (w.longer_than(20) && w.all([4, 7, 13, 16], b':') && w.at(10) == b'-').then_some((
            Form::Colons,
            20,
            (0, 19),
        )),
        Dialect::Wazuh => is_mac(w).then_some((Form::Mac, 32, (0, 31))),
    }
}

/// The blank behind some dates, which OSSEC 4.3 leaves in front of the log.
fn blank(dialect: Dialect) -> usize {
    usize::from(dialect == Dialect::Wazuh)
}

/// `2021-04-21 10:16:09.404756-0700 `.
fn is_mac(w: &Window) -> bool {
    w.longer_than(33)
        && w.all([4, 7], b'-')
        && w.all([10, 31], b' ')
        && w.all([13, 16], b':')
        && w.at(19) == b'.'
        && matches!(w.at(26), b'-' | b'+')
}

/// The zone of an ISO date tells its length. A `Z` is not known, as in both
/// systems.
fn iso(w: &Window, dialect: Dialect) -> Option<Found> {
    if w.at(22) == b':' && w.at(25) == b' ' {
        return Some((Form::Iso, 26, (0, 25)));
    }
    match (dialect, w.at(19)) {
        (Dialect::Ossec, b'.' | b',') => {
            let zone = (24..=29).find(|&place| w.at(place) == b':')?;
            Some((Form::IsoFraction, zone + 3, (0, zone + 3)))
        }
        (Dialect::Wazuh, b'.') => {
            // QUIRK: without a zone in one of two places the date is taken to
            // be as long as one with six digits and a zone without a colon
            // (Wazuh 4.14).
            let advance = match (w.at(26), w.at(29)) {
                (b':', _) => 30,
                (_, b':') => 33,
                _ => 32,
            };
            Some((Form::IsoFraction, advance, (0, advance - 1)))
        }
        _ => None,
    }
}

/// The rows that name neither host nor program at fixed places.
fn undated(w: &Window, dialect: Dialect) -> Option<Found> {
    let apache = w.longer_than(27) && w.all([4, 8, 11, 20], b' ') && w.all([14, 17], b':');
    let asl = w.longer_than(26) && w.all([5, 16], b' ') && w.all([10, 13], b'.');
    if w.longer_than(28) && w.all([3, 7, 10, 19, 24, 26], b' ') && w.all([13, 16], b':') {
        Some((Form::Xferlog, 24 + blank(dialect), (0, 24)))
    } else if w.longer_than(24)
        && w.at(2) == b'/'
        && w.at(5) == b'-'
        && w.all([8, 11], b':')
        && w.at(14) == b'.'
        && w.at(21) == b' '
    {
        Some((Form::Snort, 23, (0, 21)))
    } else if w.longer_than(26 + 2 * blank(dialect))
        && w.all([2, 5], b'/')
        && w.at(10) == b'-'
        && w.all([13, 16], b':')
        && w.at(19) == b'.'
        && w.at(26) == b' '
    {
        Some((Form::Suricata, 28, (0, 26)))
    } else if apache && w.at(0) == b'[' && w.at(25) == b']' {
        Some((Form::Apache, 27, (1, 25)))
    } else if asl && w.at(0) == b'[' && w.at(1) == b'T' && w.at(19) == b':' {
        // Wazuh 4.14 keeps no date here.
        let stamp = if dialect == Dialect::Ossec { (6, 25) } else { (0, 0) };
        Some((Form::Asl, 25, stamp))
    } else if w.longer_than(32)
        && w.at(0) == b'1'
        && w.digits([1, 2, 3, 13])
        && w.at(10) == b'.'
        && w.at(14) == b' '
        && (w.at(21) == b' ' || w.at(22) == b' ')
    {
        Some((Form::Squid, 14, (0, 14)))
    } else {
        None
    }
}

/// Squid fills the time it took with blanks on the left.
fn squid_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or(b"");
    from + rest.iter().take_while(|&&byte| byte == b' ').count()
}
