//! Palo Alto: values between commas, of which some may be quoted.

use super::Format;
use super::draft::{Draft, Slot};

/// Columns, counted from the type `TRAFFIC`.
const COLUMNS: [(usize, Slot); 9] = [
    (4, Slot::Src),
    (5, Slot::Dst),
    (8, Slot::Rule),
    (15, Slot::In),
    (16, Slot::Out),
    (21, Slot::SrcPort),
    (22, Slot::DstPort),
    (26, Slot::Protocol),
    (27, Slot::Action),
];

/// How many packets a line stands for.
const COUNT: usize = 20;

/// Reads from the type on.
pub(super) fn fill<'t>(text: &'t [u8], draft: &mut Draft<'t>) {
    draft.packet.format = Format::PaloAlto;
    for (number, value) in Columns(Some(text)).enumerate().take(32) {
        if let Some((_, slot)) = COLUMNS.iter().find(|(column, _)| *column == number) {
            draft.set(*slot, value);
        } else if number == COUNT {
            draft.set(Slot::Count, value);
        }
    }
}

/// Values between commas; a quoted one may hold commas.
struct Columns<'t>(Option<&'t [u8]>);

impl<'t> Iterator for Columns<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        let text = self.0?;
        let quoted = text.strip_prefix(b"\"").and_then(|rest| {
            let end = memchr::memchr(b'"', rest)?;
            Some((rest.get(..end)?, rest.get(end + 1..)?))
        });
        let (value, rest) = quoted.unwrap_or((b"", text));
        let end = memchr::memchr(b',', rest);
        let plain = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.0 = end.and_then(|end| rest.get(end + 1..));
        Some(if quoted.is_some() { value } else { plain })
    }
}
