//! Key-value lists that rules look fields up in: text and cdb form.
//!
//! A text list is one `key:value` a line; `###` starts a comment. A compiled
//! list is D. J. Bernstein's constant database (cdb), which other tools write
//! and read. Whichever of the two is newer is used, so nobody has to run a
//! compiler after a change. Either way a list is read whole into a table that
//! answers in one probe; of equal keys the first counts.

use bartizan_core::image::Dialect;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes of a list file. Lists of a few million entries are in use.
const LIST_MAX: u64 = 512 << 20;

/// One list.
#[derive(Clone, Debug, Default)]
pub struct List {
    entries: HashMap<Box<[u8]>, Box<[u8]>>,
}

impl List {
    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.entries.get(key).map(|value| &**value)
    }

    /// Number of different keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the list has no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn insert(&mut self, key: &[u8], value: &[u8]) {
        self.entries.entry(key.into()).or_insert_with(|| value.into());
    }

    /// A list from its text form. Lines without a colon say nothing.
    pub fn from_text(text: &[u8], dialect: Dialect) -> Self {
        let mut list = Self::default();
        for line in text.split(|b| *b == b'\n') {
            let entry = match dialect {
                Dialect::Ossec => plain_entry(without_comment(line)),
                Dialect::Wazuh => quoted_entry(line),
            };
            if let Some((key, value)) = entry {
                list.insert(key, value);
            }
        }
        list
    }

    /// A list from a cdb; `None` if the bytes are not one.
    pub fn from_cdb(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| {
            let part = bytes.get(at..at.checked_add(4)?)?;
            Some(u32::from_le_bytes(part.try_into().ok()?) as usize)
        };
        let mut list = Self::default();
        let mut at = CDB_HEADER;
        let records_end = (0..256).filter_map(|table| word(table * 8)).min()?;
        while at < records_end {
            let (key_len, value_len) = (word(at)?, word(at + 4)?);
            let key_end = (at + 8).checked_add(key_len)?;
            let end = key_end.checked_add(value_len)?;
            list.insert(bytes.get(at + 8..key_end)?, bytes.get(key_end..end)?);
            at = end;
        }
        Some(list)
    }

    /// Reads a list by the path that rules and configuration use, with or
    /// without `.cdb`.
    pub fn read(path: &Path, dialect: Dialect) -> io::Result<Self> {
        let compiled = with_cdb(path);
        let modified = |path: &Path| fs::metadata(path).and_then(|m| m.modified()).ok();
        let use_compiled = match (modified(path), modified(&compiled)) {
            (Some(text), Some(compiled)) => compiled >= text,
            (None, Some(_)) => true,
            _ => false,
        };
        if use_compiled {
            let broken = || io::Error::new(io::ErrorKind::InvalidData, "not a cdb file");
            return Self::from_cdb(&read_limited(&compiled)?).ok_or_else(broken);
        }
        Ok(Self::from_text(&read_limited(path)?, dialect))
    }
}

const CDB_HEADER: usize = 2048;

fn plain_entry(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    Some((&line[..colon], &line[colon + 1..]))
}

/// Wazuh: key and value may stand in double quotes, where a colon is like any
/// other character; there are no comments.
fn quoted_entry(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = &line[..memchr::memchr(b'\r', line).unwrap_or(line.len())];
    let (key, value) = match line.strip_prefix(b"\"") {
        Some(quoted) => {
            let end = memchr::memchr(b'"', quoted)?;
            (&quoted[..end], quoted[end + 1..].strip_prefix(b":")?)
        }
        None => plain_entry(line)?,
    };
    let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    Some((key, unquoted.unwrap_or(value)))
}

fn without_comment(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match memchr::memmem::find(line, b"###") {
        Some(start) => line[..start].trim_ascii_end(),
        None => line,
    }
}

fn with_cdb(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".cdb");
    PathBuf::from(name)
}

fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe would be waited for and a device never end: not even opened.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not an ordinary file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LIST_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIST_MAX {
        return Err(io::Error::other("it is larger than 512 MiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_keys_the_first_counts_and_comments_do_not() {
        let list = List::from_text(
            b"10.0.:office\n10.0.:other\nbad line\n### all\nroot:no login ### why\nempty:\n",
            Dialect::Ossec,
        );
        assert_eq!(list.get(b"10.0."), Some(&b"office"[..]));
        assert_eq!(list.get(b"root"), Some(&b"no login"[..]));
        assert_eq!(list.get(b"empty"), Some(&b""[..]));
        assert_eq!(list.len(), 3);
    }

    #[test]
    fn wazuh_has_quotes_and_no_comments() {
        let text = b"\"a:b\":\"c:d\"\r\nfd00::1:x\nk:v ### w\n\"open:\nplain:\"q\"\n";
        let list = List::from_text(text, Dialect::Wazuh);
        assert_eq!(list.get(b"a:b"), Some(&b"c:d"[..]));
        assert_eq!(list.get(b"fd00"), Some(&b":1:x"[..]));
        assert_eq!(list.get(b"k"), Some(&b"v ### w"[..]));
        assert_eq!(list.get(b"plain"), Some(&b"q"[..]));
        assert_eq!(list.len(), 4);
    }

    #[test]
    fn a_cdb_of_wild_lengths_is_refused() {
        let mut bytes = vec![0xff; CDB_HEADER + 64];
        assert!(List::from_cdb(&bytes).is_none());
        bytes.truncate(10);
        assert!(List::from_cdb(&bytes).is_none());
    }
}
