//! Texts that go to destinations, each once.

use super::Queue;
use crate::database::DatabaseError;
use crate::outbox::Notice;

impl Queue {
    /// Lets destinations send a text: each of them once for a key, however
    /// often this is asked for within 30 days. It does not count towards
    /// `max_per_hour`. Those that do not exist are told when they do, within
    /// 30 days. On disk when it returns.
    pub fn notice(&mut self, to: &[&str], key: &str, notice: &Notice, now: i64) -> Result<(), DatabaseError> {
        // Only a type that cannot tell its length in advance fails, and there is none.
        let bytes = postcard::to_extend(notice, Vec::new()).unwrap_or_default();
        self.together(|queue| {
            let sql = "INSERT OR IGNORE INTO notices VALUES (?1, ?2, ?3, ?4)";
            to.iter().try_for_each(|to| queue.change(sql, (to, key, &bytes, now)).map(drop))
        })
    }

    /// The notices of a destination that are no parcels yet, oldest first, at
    /// most so many: their keys and texts.
    pub(in crate::outbox) fn notices(
        &self,
        destination: &str,
        limit: usize,
    ) -> Result<Vec<(String, Notice)>, DatabaseError> {
        let sql = "SELECT key, notice FROM notices WHERE destination = ?1 AND notice IS NOT NULL
                   ORDER BY made, key LIMIT ?2";
        let rows = self.all(sql, (destination, limit as i64), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        let damaged = || Notice { title: "a damaged notice".to_owned(), text: String::new(), html: None };
        let read = |bytes: &[u8]| postcard::from_bytes(bytes).unwrap_or_else(|_| damaged());
        Ok(rows.into_iter().map(|(key, bytes)| (key, read(&bytes))).collect())
    }

    /// A notice has become a parcel. To be called within [`Queue::together`].
    pub(in crate::outbox) fn noticed(&mut self, destination: &str, key: &str) -> Result<(), DatabaseError> {
        let sql = "UPDATE notices SET notice = NULL WHERE destination = ?1 AND key = ?2";
        self.change(sql, (destination, key)).map(drop)
    }
}
