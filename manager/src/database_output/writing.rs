//! One parcel, in one transaction.

use super::rows::Row;
use super::session::{Session, Trouble, Value};
use super::tables::Columns;
use crate::config::DatabaseKind;
use std::collections::{BTreeMap, BTreeSet};

/// Locations and rules that are remembered; then it begins anew.
const KNOWN_MAX: usize = 65_536;

/// What is known of the tables as long as a connection lasts.
#[derive(Debug)]
pub(super) struct Writing {
    columns: Columns,
    server: i64,
    locations: BTreeMap<String, i64>,
    rules: BTreeSet<(u32, u16)>,
    insert: String,
}

impl Writing {
    /// Prepares the tables, and the row of this manager.
    pub(super) fn begin(session: &mut Session, server: &str) -> Result<Self, Trouble> {
        let columns = Columns::prepare(session)?;
        let name = columns.text("server.hostname", server);
        let select = "SELECT id FROM server WHERE hostname = ?";
        let insert = "INSERT INTO server (last_contact, version, hostname, information) VALUES (?, ?, ?, ?)";
        let version = columns.text("server.version", concat!("bartizan ", env!("CARGO_PKG_VERSION")));
        let values = [now().into(), version, name.clone(), "Linux".into()];
        let server = id(session, select, &[name], insert, &values)?;
        let user = match session.kind() {
            DatabaseKind::PostgreSql => "\"user\"",
            DatabaseKind::MySql => "user",
        };
        let insert = format!(
            "INSERT INTO alert (server_id, rule_id, level, timestamp, location_id, src_ip, src_port, dst_ip,
             dst_port, alertid, {user}, full_log) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        );
        Ok(Self { columns, server, locations: BTreeMap::new(), rules: BTreeSet::new(), insert })
    }

    /// Writes a parcel, unless it is there.
    pub(super) fn write(&mut self, session: &mut Session, parcel: &str, rows: &[Row]) -> Result<(), Trouble> {
        session.simple("BEGIN")?;
        if self.begin_parcel(session, parcel)? {
            rows.iter().try_for_each(|row| self.alert(session, row))?;
            session.execute(
                "UPDATE server SET last_contact = ? WHERE id = ?",
                &[now().into(), self.server.into()],
            )?;
        }
        session.simple("COMMIT")
    }

    /// Notes the number of a parcel; false if it was written before.
    fn begin_parcel(&self, session: &mut Session, parcel: &str) -> Result<bool, Trouble> {
        let same = "SELECT COUNT(*) FROM bartizan_outbox WHERE server_id = ? AND parcel = ?";
        if session.number(same, &[self.server.into(), parcel.into()])?.unwrap_or(0) > 0 {
            return Ok(false);
        }
        session.execute("DELETE FROM bartizan_outbox WHERE server_id = ?", &[self.server.into()])?;
        let insert = "INSERT INTO bartizan_outbox (server_id, parcel) VALUES (?, ?)";
        session.execute(insert, &[self.server.into(), parcel.into()])?;
        Ok(true)
    }

    fn alert(&mut self, session: &mut Session, row: &Row) -> Result<(), Trouble> {
        self.rule(session, row)?;
        let location = self.location(session, &row.location)?;
        let port = |port: Option<u16>| port.map_or(Value::Null, |port| Value::Number(port.into()));
        let values = [
            self.server.into(),
            i64::from(row.rule).into(),
            i64::from(row.level).into(),
            row.time.into(),
            location.into(),
            self.columns.address("alert.src_ip", row.srcip.as_deref()),
            port(row.srcport),
            self.columns.address("alert.dst_ip", row.dstip.as_deref()),
            port(row.dstport),
            self.columns.text("alert.alertid", &row.id),
            self.columns.text("alert.user", &row.user),
            self.columns.text("alert.full_log", &row.log),
        ];
        session.execute(&self.insert, &values).map(drop)
    }

    fn location(&mut self, session: &mut Session, name: &str) -> Result<i64, Trouble> {
        if let Some(id) = self.locations.get(name) {
            return Ok(*id);
        }
        let value = self.columns.text("location.name", name);
        let select = "SELECT id FROM location WHERE server_id = ? AND name = ?";
        let values = [self.server.into(), value];
        let id =
            id(session, select, &values, "INSERT INTO location (server_id, name) VALUES (?, ?)", &values)?;
        if self.locations.len() >= KNOWN_MAX {
            self.locations.clear();
        }
        self.locations.insert(name.to_owned(), id);
        Ok(id)
    }

    /// What a rule says, and its groups.
    fn rule(&mut self, session: &mut Session, row: &Row) -> Result<(), Trouble> {
        if self.rules.contains(&(row.rule, row.level)) {
            return Ok(());
        }
        let (rule, level) = (Value::Number(row.rule.into()), Value::Number(row.level.into()));
        let description = self.columns.text("signature.description", &row.description);
        let known = session
            .number("SELECT COUNT(*) FROM signature WHERE rule_id = ?", std::slice::from_ref(&rule))?;
        let (sql, values) = match known {
            Some(1..) => (
                "UPDATE signature SET level = ?, description = ? WHERE rule_id = ?",
                [level, description, rule.clone()],
            ),
            _ => (
                "INSERT INTO signature (level, description, rule_id) VALUES (?, ?, ?)",
                [level, description, rule.clone()],
            ),
        };
        session.execute(sql, &values)?;
        for group in &row.groups {
            let group = self.columns.text("category.cat_name", group);
            let select = "SELECT cat_id FROM category WHERE cat_name = ?";
            let group = [group];
            let category = id(session, select, &group, "INSERT INTO category (cat_name) VALUES (?)", &group)?;
            let pair = [rule.clone(), category.into()];
            let same = "SELECT COUNT(*) FROM signature_category_mapping WHERE rule_id = ? AND cat_id = ?";
            if session.number(same, &pair)? == Some(0) {
                let insert = "INSERT INTO signature_category_mapping (rule_id, cat_id) VALUES (?, ?)";
                session.execute(insert, &pair)?;
            }
        }
        if self.rules.len() >= KNOWN_MAX {
            self.rules.clear();
        }
        self.rules.insert((row.rule, row.level));
        Ok(())
    }
}

/// The number of a row, which is inserted if it is not there.
fn id(
    session: &mut Session,
    select: &str,
    by: &[Value],
    insert: &str,
    values: &[Value],
) -> Result<i64, Trouble> {
    if let Some(id) = session.number(select, by)? {
        return Ok(id);
    }
    session.execute(insert, values)?;
    session
        .number(select, by)?
        .ok_or_else(|| Trouble::Passing("a row that was inserted is not there".to_owned()))
}

fn now() -> i64 {
    crate::sources::epoch_now()
}
