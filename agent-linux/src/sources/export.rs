//! The export format of the journal (`journalctl --output=export`).
//!
//! An entry is fields and an empty line. A field is `NAME=VALUE` and a
//! newline, or, if its value may hold newlines, `NAME`, a newline, the length
//! of the value in eight bytes, least significant first, the value and a
//! newline. Only the fields asked for are kept, each up to its size, so memory
//! is taken once; of a field that comes twice the first counts. A byte out of
//! place spoils no more than the entry it stands in.

/// Bytes of a name that is looked at.
const NAME_MAX: usize = 64;

/// Reads entries out of a stream that comes in pieces.
#[derive(Debug)]
pub(super) struct Export {
    fields: Vec<Field>,
    name: Vec<u8>,
    at: At,
    /// A field of this entry was longer than what is kept of it.
    cut: u32,
    any: bool,
}

/// A field that is kept.
#[derive(Debug)]
struct Field {
    name: String,
    value: Option<Vec<u8>>,
    /// The memory of the value while there is none.
    spare: Vec<u8>,
    size: usize,
}

/// Where in an entry the next byte stands.
#[derive(Clone, Copy, Debug)]
enum At {
    Name,
    /// In a value that a newline ends, of this field if it is kept.
    Text(Option<usize>),
    /// In the length of a value: so many bytes of it were read.
    Length(Option<usize>, u32, u64),
    /// In a value of which so many bytes are to come, with its newline.
    Data(Option<usize>, u64),
}

impl Export {
    /// Keeps these fields, each with the most bytes that are kept of it.
    pub(super) fn new(fields: impl IntoIterator<Item = (String, usize)>) -> Self {
        let field = |(name, size)| Field { name, value: None, spare: Vec::with_capacity(size), size };
        let fields = fields.into_iter().map(field).collect();
        Self { fields, name: Vec::with_capacity(NAME_MAX), at: At::Name, cut: 0, any: false }
    }

    /// The value of a field of the entry, by its position.
    pub(super) fn value(&self, field: usize) -> Option<&[u8]> {
        self.fields.get(field)?.value.as_deref()
    }

    /// Bytes that are missing from values of the entry.
    pub(super) fn cut(&self) -> u32 {
        self.cut
    }

    /// The stream begins anew.
    pub(super) fn reset(&mut self) {
        self.at = At::Name;
        self.name.clear();
        self.clear();
    }

    /// Takes bytes up to the end of an entry; how many, and whether an entry
    /// ends there. Then its values can be asked for, up to the next call.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        if !self.any {
            self.clear();
        }
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let (count, ends) = self.step(rest);
            taken += count;
            if ends {
                self.any = false;
                return (taken, true);
            }
        }
        (taken, false)
    }

    fn clear(&mut self) {
        self.cut = 0;
        for field in &mut self.fields {
            if let Some(value) = field.value.take() {
                field.spare = value;
                field.spare.clear();
            }
        }
    }

    /// Takes a part of what comes; how many bytes, and whether an entry ends.
    fn step(&mut self, rest: &[u8]) -> (usize, bool) {
        match self.at {
            At::Name => self.name(rest),
            At::Text(field) => {
                let end = memchr::memchr(b'\n', rest);
                self.keep(field, rest.get(..end.unwrap_or(rest.len())).unwrap_or(b""));
                if end.is_some() {
                    self.at = At::Name;
                }
                (end.map_or(rest.len(), |end| end + 1), false)
            }
            At::Length(field, read, length) => {
                let byte = rest.first().copied().unwrap_or(0);
                let length = length | u64::from(byte) << (8 * read);
                let next = At::Length(field, read + 1, length);
                self.at = if read == 7 { At::Data(field, length.saturating_add(1)) } else { next };
                (1, false)
            }
            At::Data(field, left) => {
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                let left = left - count as u64;
                // The last byte is the newline behind the value.
                let part = count - usize::from(left == 0);
                self.keep(field, rest.get(..part).unwrap_or(b""));
                self.at = if left == 0 { At::Name } else { At::Data(field, left) };
                (count, false)
            }
        }
    }

    fn name(&mut self, rest: &[u8]) -> (usize, bool) {
        let end = rest.iter().position(|byte| matches!(byte, b'=' | b'\n'));
        let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or(b"");
        let room = NAME_MAX - self.name.len();
        self.name.extend_from_slice(part.get(..room).unwrap_or(part));
        let Some(end) = end else { return (rest.len(), false) };
        let is_text = rest.get(end) == Some(&b'=');
        if self.name.is_empty() && !is_text {
            return (end + 1, self.any);
        }
        let field = self.field();
        self.name.clear();
        self.any = true;
        self.at = if is_text { At::Text(field) } else { At::Length(field, 0, 0) };
        (end + 1, false)
    }

    /// The field that the name means, empty from now on, if it is kept and has
    /// no value yet.
    fn field(&mut self) -> Option<usize> {
        let named = |field: &Field| field.name.as_bytes() == self.name;
        let at = self.fields.iter().position(named)?;
        let field = self.fields.get_mut(at).filter(|field| field.value.is_none())?;
        field.value = Some(std::mem::take(&mut field.spare));
        Some(at)
    }

    fn keep(&mut self, field: Option<usize>, part: &[u8]) {
        let Some(field) = field.and_then(|field| self.fields.get_mut(field)) else { return };
        let Some(value) = &mut field.value else { return };
        let (fit, over) = part.split_at(part.len().min(field.size - value.len()));
        value.extend_from_slice(fit);
        self.cut = self.cut.saturating_add(u32::try_from(over.len()).unwrap_or(u32::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Entry = (Option<String>, Option<String>, u32);

    fn entries(pieces: &[&[u8]]) -> Vec<Entry> {
        let mut export = Export::new([("MESSAGE".to_string(), 8), ("_PID".to_string(), 4)]);
        let mut entries = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let (taken, ends) = export.take(rest);
                rest = &rest[taken..];
                if ends {
                    let text = |field| export.value(field).map(|v| String::from_utf8_lossy(v).into_owned());
                    entries.push((text(0), text(1), export.cut()));
                }
            }
        }
        entries
    }

    fn entry(message: &str, pid: &str, cut: u32) -> Entry {
        (Some(message.to_string()), Some(pid.to_string()), cut)
    }

    const JOURNAL: &[u8] = b"__CURSOR=s=1\nMESSAGE=one=1\n_PID=7\n\n\
        _PID=8\nMESSAGE\n\x05\0\0\0\0\0\0\0two\n2\nOTHER=x\n\nX=y\n\n_PID=1\nMESSAGE=far too long\n_PID=2\n\n";

    #[test]
    fn fields_are_kept_and_entries_do_not_mix() {
        let wanted =
            [entry("one=1", "7", 0), entry("two\n2", "8", 0), (None, None, 0), entry("far too ", "1", 4)];
        assert_eq!(entries(&[JOURNAL]), wanted);
        let bytes: Vec<&[u8]> = JOURNAL.chunks(1).collect();
        assert_eq!(entries(&bytes), wanted);
    }

    #[test]
    fn what_is_out_of_place_takes_no_memory() {
        let length = [&b"MESSAGE\n"[..], &[0xff; 8], &[b'x'; 5000], b"\n\n_PID=1\n\n"].concat();
        assert!(entries(&[&length]).is_empty());
        let name = [&[b'N'; 5000][..], b"=1\n\n"].concat();
        assert_eq!(entries(&[&name]), [(None, None, 0)]);
        assert!(entries(&[b"\n\n\n"]).is_empty());
    }
}
