//! What comes again, written once a day: the writing and the reading side.

use super::packed::Kind;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::sync::Arc;

/// Entries that either side remembers. Beyond that it begins anew: an entry
/// may then be in a file twice, which costs only its bytes.
const REMEMBERED: usize = 1 << 16;

/// Bytes of an entry that is remembered; longer ones are rare.
const ENTRY_MAX: usize = 1024;

/// Gives numbers to entries.
#[derive(Debug)]
pub(super) struct Numbers {
    known: HashMap<(Kind, Box<[u8]>), u32>,
    last: u32,
}

impl Numbers {
    pub(super) fn new(connection: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT coalesce(max(id), 0) FROM dictionary";
        let last = connection.query_row(sql, [], |row| row.get(0))?;
        let mut numbers = Self { known: HashMap::new(), last };
        for kind in [Kind::Rule, Kind::Place, Kind::Shape] {
            for (id, entry) in entries(connection, kind, REMEMBERED / 4)? {
                numbers.known.insert((kind, entry.into()), id);
            }
        }
        Ok(numbers)
    }

    /// The number of an entry, which is written if it is new.
    pub(super) fn number(
        &mut self,
        connection: &Connection,
        kind: Kind,
        entry: &[u8],
    ) -> rusqlite::Result<u32> {
        let key = (kind, Box::from(entry));
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let id = self.last + 1;
        let sql = "INSERT INTO dictionary (id, kind, entry) VALUES (?1, ?2, ?3)";
        connection.prepare_cached(sql)?.execute(params![id, kind as u32, entry])?;
        self.last = id;
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        if entry.len() <= ENTRY_MAX {
            self.known.insert(key, id);
        }
        Ok(id)
    }
}

/// The last entries of a kind, at most so many.
pub(super) fn entries(
    connection: &Connection,
    kind: Kind,
    most: usize,
) -> rusqlite::Result<Vec<(u32, Vec<u8>)>> {
    let sql = "SELECT id, entry FROM dictionary WHERE kind = ?1 ORDER BY id DESC LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(params![kind as u32, most], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Entries by their numbers.
#[derive(Debug, Default)]
pub(super) struct Entries {
    known: HashMap<u32, Arc<[u8]>>,
}

impl Entries {
    /// An entry; empty if there is none.
    pub(super) fn get(&mut self, connection: &Connection, id: u32) -> rusqlite::Result<Arc<[u8]>> {
        if let Some(known) = self.known.get(&id) {
            return Ok(Arc::clone(known));
        }
        let sql = "SELECT entry FROM dictionary WHERE id = ?1";
        let found = connection.prepare_cached(sql)?.query_row([id], |row| row.get::<_, Vec<u8>>(0));
        let entry: Arc<[u8]> = found.optional()?.unwrap_or_default().into();
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(id, Arc::clone(&entry));
        Ok(entry)
    }
}
