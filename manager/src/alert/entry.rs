//! An alert that owns its bytes, on its way to the store and out of it.

use super::Alert;
use thiserror::Error;

/// Layout of the bytes; the first of them.
const VERSION: u8 = 3;

/// One alert as bytes: what the store keeps and destinations are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place among all alerts of this manager: grows by one from alert to
    /// alert, over days and restarts. 0 until the store has given it.
    pub seq: u64,
    bytes: Box<[u8]>,
}

/// Bytes that are no alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EntryError {
    /// Written by a newer version of the program.
    #[error("an alert of layout {0}, which this version does not know")]
    Version(u8),
    /// Cut or damaged.
    #[error("a damaged alert")]
    Damaged,
}

impl Entry {
    /// An alert that is to be kept.
    pub fn new(alert: &Alert<'_>) -> Self {
        // Only a type that cannot tell its length in advance fails, and there is none.
        let bytes = postcard::to_extend(alert, vec![VERSION]).unwrap_or_default();
        Self { seq: 0, bytes: bytes.into() }
    }

    /// What was kept before under this number.
    pub fn from_bytes(seq: u64, bytes: impl Into<Box<[u8]>>) -> Result<Self, EntryError> {
        let entry = Self { seq, bytes: bytes.into() };
        entry.read().map(|_| ())?;
        Ok(entry)
    }

    /// The bytes to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The alert.
    pub fn alert(&self) -> Alert<'_> {
        // Checked when it was made.
        self.read().unwrap_or_default()
    }

    fn read(&self) -> Result<Alert<'_>, EntryError> {
        match self.bytes.split_first() {
            Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(|_| EntryError::Damaged),
            Some((&version, _)) => Err(EntryError::Version(version)),
            None => Err(EntryError::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertId, Decoder, Rule};
    use crate::outputs::clock::LocalTime;
    use bartizan_core::event::Field;

    #[test]
    fn an_alert_comes_back_as_it_was() {
        let mut alert = Alert {
            id: AlertId { epoch: 1_764_000_000, ticket: 7 },
            time: LocalTime { year: 2026, month: 11, day: 21, second: 86_399, weekday: 6 },
            rule: Some(Rule { id: 5716, level: 5, groups: b"syslog,sshd,", mail: true, ..Rule::default() }),
            decoder: Some(Decoder { name: b"sshd", ..Decoder::default() }),
            location: b"/var/log/auth.log",
            hostname: b"web\xff",
            log: &[0, 10, 255],
            previous: vec![b"before", b""],
            dynamic: vec![(b"key", b"value")],
            ..Alert::default()
        };
        alert.fields[Field::SrcIp as usize] = Some(b"192.0.2.7");
        let entry = Entry::new(&alert);
        assert_eq!(entry.alert(), alert);
        assert_eq!(Entry::from_bytes(0, entry.as_bytes()), Ok(entry));
    }

    #[test]
    fn what_is_no_alert_is_said() {
        let whole = Entry::new(&Alert { log: b"a log", ..Alert::default() });
        let cut = &whole.as_bytes()[..whole.as_bytes().len() - 1];
        assert_eq!(Entry::from_bytes(1, cut), Err(EntryError::Damaged));
        assert_eq!(Entry::from_bytes(1, [9]), Err(EntryError::Version(9)));
        assert_eq!(Entry::from_bytes(1, []), Err(EntryError::Damaged));
    }
}
