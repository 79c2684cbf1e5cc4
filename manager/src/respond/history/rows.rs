//! A row is written and read.

use super::{Entry, History, State};
use crate::agents::registry::AgentId;
use crate::database::DatabaseError;
use bartizan_core::respond::network::Network;
use rusqlite::{OptionalExtension, Params, Row, named_params};
use std::net::IpAddr;

/// Bits of the range that takes the place of many addresses in it.
const WIDE_V4: u8 = 24;
const WIDE_V6: u8 = 64;

/// The range that may take the place of a single address; of a range none.
pub(in crate::respond) fn wide(network: Network) -> Option<Network> {
    let length = if network.address().is_ipv4() { WIDE_V4 } else { WIDE_V6 };
    network.is_single().then(|| network.widened(length))
}

/// The first and the last address in 16 bytes, IPv4 in its IPv6 form.
pub(super) fn ends(network: Network) -> ([u8; 16], [u8; 16]) {
    let (first, spare) = match network.address() {
        IpAddr::V4(v4) => (v4.to_ipv6_mapped().to_bits(), 32 - network.length()),
        IpAddr::V6(v6) => (v6.to_bits(), 128 - network.length()),
    };
    let below = u128::MAX.checked_shr(128 - u32::from(spare)).unwrap_or(0);
    (first.to_be_bytes(), (first | below).to_be_bytes())
}

const INSERT: &str = "INSERT INTO responses (time, response, means, agent, target, network, first, last, wide, user,
    file, for_s, state, since, why, rule, level, alert, location, excerpt, offence, confirm_by, full_s, began,
    ends_at, undo, dry)
  VALUES (:time, :response, :means, :agent, :target, :network, :first, :last, :wide, :user,
    :file, :for_s, :state, :since, :why, :rule, :level, :alert, :location, :excerpt, :offence, :confirm_by, :full_s,
    :began, :ends_at, :undo, :dry)";

impl History {
    /// Writes an entry down and gives it its number; the one it has does not
    /// count.
    pub(in crate::respond) fn add(&mut self, mut entry: Entry) -> Result<Entry, DatabaseError> {
        let ends = entry.network.map(ends);
        let values = named_params! {
            ":time": entry.time,
            ":response": entry.response,
            ":means": entry.means,
            ":agent": entry.agent.0,
            ":target": entry.target(),
            ":network": entry.network.map(|network| network.to_string()),
            ":first": ends.map(|(first, _)| first),
            ":last": ends.map(|(_, last)| last),
            ":wide": entry.network.and_then(wide).map(|range| range.to_string()),
            ":user": entry.user,
            ":file": entry.file,
            ":for_s": entry.for_s,
            ":state": entry.state.word(),
            ":since": entry.since,
            ":why": entry.why,
            ":rule": entry.rule,
            ":level": entry.level,
            ":alert": entry.alert,
            ":location": entry.location,
            ":excerpt": entry.excerpt,
            ":offence": entry.offence,
            ":confirm_by": entry.confirm_by,
            ":full_s": entry.full_s,
            ":began": entry.began,
            ":ends_at": entry.ends_at,
            ":undo": entry.undo_wanted,
            ":dry": entry.dry_run,
        };
        let insert = || self.connection.prepare_cached(INSERT)?.insert(values);
        entry.id = insert().map_err(|error| self.database(error))?.cast_unsigned();
        Ok(entry)
    }

    /// The rows of which a condition holds.
    pub(super) fn select(&self, condition: &str, values: impl Params) -> Result<Vec<Entry>, DatabaseError> {
        let sql = format!("SELECT * FROM responses WHERE {condition}");
        let select = || {
            self.connection.prepare_cached(&sql)?.query_map(values, entry)?.collect::<rusqlite::Result<_>>()
        };
        select().map_err(|error| self.database(error))
    }

    /// The first of them.
    pub(super) fn select_one(
        &self,
        condition: &str,
        values: impl Params,
    ) -> Result<Option<Entry>, DatabaseError> {
        let sql = format!("SELECT * FROM responses WHERE {condition} LIMIT 1");
        let select = || self.connection.prepare_cached(&sql)?.query_row(values, entry).optional();
        select().map_err(|error| self.database(error))
    }

    /// Changes rows and says how many.
    pub(super) fn execute(&self, sql: &str, values: impl Params) -> Result<usize, DatabaseError> {
        let execute = || self.connection.prepare_cached(sql)?.execute(values);
        execute().map_err(|error| self.database(error))
    }

    /// One value of one row.
    pub(super) fn value<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        values: impl Params,
    ) -> Result<T, DatabaseError> {
        let select = || self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0));
        select().map_err(|error| self.database(error))
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let network: Option<String> = row.get("network")?;
    let state: String = row.get("state")?;
    Ok(Entry {
        id: row.get::<_, i64>("id")?.cast_unsigned(),
        time: row.get("time")?,
        response: row.get("response")?,
        means: row.get("means")?,
        agent: AgentId(row.get("agent")?),
        network: network.and_then(|text| Network::parse(&text)),
        user: row.get("user")?,
        file: row.get("file")?,
        for_s: row.get("for_s")?,
        // This version knows all words that this version writes.
        state: State::from_word(&state).unwrap_or(State::Failed),
        since: row.get("since")?,
        why: row.get("why")?,
        rule: row.get("rule")?,
        level: row.get("level")?,
        alert: row.get("alert")?,
        location: row.get("location")?,
        excerpt: row.get("excerpt")?,
        offence: row.get("offence")?,
        confirm_by: row.get("confirm_by")?,
        full_s: row.get("full_s")?,
        began: row.get("began")?,
        ends_at: row.get("ends_at")?,
        undo_wanted: row.get("undo")?,
        dry_run: row.get("dry")?,
    })
}
