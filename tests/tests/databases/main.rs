//! Alerts into real databases.

mod servers;

use bartizan::alert::{Alert, AlertId, Entry, Rule};
use bartizan::database_output::Database;
use bartizan::outbox::{Content, Destination, Failure, Parcel};
use bartizan_core::event::Field;
use servers::{Kind, Server};

/// An alert of an address.
fn alert<'a>(ticket: u64, srcip: &'a str, user: &'a [u8], log: &'a [u8]) -> Alert<'a> {
    let rule = Rule {
        id: 5716,
        level: 5,
        description: Some(b"sshd: authentication failed."),
        groups: b"syslog,sshd,authentication_failed,",
        ..Rule::default()
    };
    let mut alert = Alert {
        id: AlertId { epoch: 1_764_000_000, ticket },
        rule: Some(rule),
        location: b"(web1) 192.0.2.1->/var/log/auth.log",
        log,
        ..Alert::default()
    };
    alert.fields[Field::SrcIp as usize] = Some(srcip.as_bytes());
    alert.fields[Field::SrcPort as usize] = Some(b"40022");
    alert.fields[Field::DstUser as usize] = Some(user);
    alert
}

fn parcel(database: &Database, id: &str, alerts: &[Alert<'_>]) -> Parcel {
    let content = Content { alerts: alerts.iter().map(Entry::new).collect(), ..Content::default() };
    Parcel { id: id.to_owned(), payload: database.render(id, &content) }
}

const ALERTS: &str = "SELECT CONCAT_WS('|', server.hostname, alert.rule_id, alert.level, alert.timestamp,
    location.name, src_ip, src_port, COALESCE(dst_ip, '-'), alertid, full_log)
    FROM alert JOIN server ON server.id = alert.server_id JOIN location ON location.id = alert.location_id
    ORDER BY alert.id";

/// What must hold with either server.
fn alerts_arrive_once(kind: Kind) {
    let Some(mut server) = Server::start(kind, &format!("once-{kind:?}")) else { return };
    let mut database = Database::new(server.options(), "keep");
    let hostile = b"a'); DROP TABLE alert; -- \xff\0 \xf0\x9f\xa6\x89";
    let first = [alert(1, "192.0.2.7", b"root", b"a log"), alert(2, "2001:db8::7", b"o'brien", hostile)];
    let first = parcel(&database, "p-1", &first);
    database.deliver(&first).expect("written");
    // The confirmation was lost: the same parcel comes again, over another connection.
    Database::new(server.options(), "keep").deliver(&first).expect("known");
    let expected = [
        "keep|5716|5|1764000000|(web1) 192.0.2.1->/var/log/auth.log|192.0.2.7|40022|-|1764000000.1|a log",
        "keep|5716|5|1764000000|(web1) 192.0.2.1->/var/log/auth.log|2001:db8::7|40022|-|1764000000.2|\
         a'); DROP TABLE alert; -- \u{fffd}  \u{1f989}",
    ];
    assert_eq!(server.texts(ALERTS), expected);
    let groups = "SELECT cat_name FROM category JOIN signature_category_mapping USING (cat_id)
        WHERE rule_id = 5716 ORDER BY cat_name";
    assert_eq!(server.texts(groups), ["authentication_failed", "sshd", "syslog"]);
    assert_eq!(server.texts("SELECT description FROM signature"), ["sshd: authentication failed."]);
    // The server is away for a while.
    server.kill();
    let second = parcel(&database, "p-2", &[alert(3, "192.0.2.8", b"root", b"later")]);
    for _ in 0..2 {
        let told = database.deliver(&second).expect_err("nobody is there");
        assert!(matches!(&told, Failure::Temporary(text, _) if !text.contains("correct horse")), "{told:?}");
    }
    server.run();
    database.deliver(&second).expect("written");
    assert_eq!(server.texts("SELECT alertid FROM alert ORDER BY id").len(), 3);
}

#[test]
fn alerts_arrive_in_postgresql_once() {
    alerts_arrive_once(Kind::Postgres);
}

#[test]
fn alerts_arrive_in_mariadb_once() {
    alerts_arrive_once(Kind::MariaDb);
}

/// Tables that were made long ago: short names, addresses as numbers or as a
/// type of their own.
fn tables_of_others_are_used(kind: Kind, address: &str, expected: [&str; 2]) {
    let Some(server) = Server::start(kind, &format!("others-{kind:?}-{address}").replace(' ', "-")) else {
        return;
    };
    let (number, user) = match kind {
        Kind::Postgres => ("serial PRIMARY KEY", "\"user\""),
        Kind::MariaDb => ("integer NOT NULL AUTO_INCREMENT PRIMARY KEY", "user"),
    };
    for table in [
        format!(
            "server (id {number}, last_contact integer, version varchar(32), hostname varchar(64), information varchar(128))"
        ),
        format!("category (cat_id {number}, cat_name varchar(8))"),
        format!("signature (id {number}, rule_id integer, level smallint, description varchar(10))"),
        format!("signature_category_mapping (id {number}, rule_id integer, cat_id smallint)"),
        format!("location (id {number}, server_id smallint, name varchar(12))"),
        format!(
            "alert (id {number}, server_id smallint, rule_id integer, level smallint, timestamp integer,
             location_id integer, src_ip {address}, dst_ip {address}, src_port integer, dst_port integer,
             alertid varchar(30), {user} varchar(4), full_log text)"
        ),
    ] {
        server.execute(&format!("CREATE TABLE {table}"));
    }
    let mut database = Database::new(server.options(), "keep");
    let alerts = [alert(1, "192.0.2.7", b"administrator", b"a log"), alert(2, "no address", b"", b"b")];
    let parcel = parcel(&database, "p-1", &alerts);
    database.deliver(&parcel).expect("written");
    let text = if kind == Kind::Postgres { "CAST(src_ip AS text)" } else { "CAST(src_ip AS char)" };
    let found = server.texts(&format!("SELECT COALESCE({text}, 'none') FROM alert ORDER BY id"));
    assert_eq!(found, expected);
    assert_eq!(server.texts("SELECT name FROM location"), ["(web1) 192.0"]);
    assert_eq!(server.texts(&format!("SELECT {user} FROM alert ORDER BY id")), ["admi", ""]);
}

#[test]
fn tables_of_others_are_used_as_they_are() {
    tables_of_others_are_used(Kind::Postgres, "inet", ["192.0.2.7/32", "none"]);
    tables_of_others_are_used(Kind::Postgres, "bigint", ["3221225991", "none"]);
    tables_of_others_are_used(Kind::MariaDb, "integer unsigned", ["3221225991", "none"]);
    tables_of_others_are_used(Kind::MariaDb, "varchar(46)", ["192.0.2.7", "no address"]);
}
