//! How the program does: what waits, what was sent, how large it all is.

use crate::console::Pulse;
use crate::outbox::queue::Standing;
use crate::store::{Reader, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// All of it. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct System {
    /// What the daemon says of itself.
    pub daemon: Daemon,
    /// What it counts.
    pub pulse: Counts,
    /// The rules that are in use.
    pub rules: usize,
    /// The decoders that are in use.
    pub decoders: usize,
    /// The home folder.
    pub home: String,
    /// The store of alerts.
    pub store: StoreSize,
    /// Who is told of alerts.
    pub destinations: Vec<Destination>,
}

/// What the daemon says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Daemon {
    /// Its version.
    pub version: String,
    /// Since when it runs.
    pub started: i64,
    /// Where agents connect.
    pub listening: Vec<String>,
    /// Agents.
    pub agents: Agents,
    /// Lots of lines that wait to be judged.
    pub waiting: u64,
    /// Bytes from agents that are not yet acknowledged.
    pub bytes_on_their_way: u64,
}

/// Numbers of agents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Agents {
    /// That there are.
    pub known: u64,
    /// That are connected.
    pub connected: u64,
}

/// Counts since the start.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Counts {
    /// Events that were judged.
    pub events: u64,
    /// Alerts that were raised.
    pub alerts: u64,
    /// Events a second, over the last ten.
    pub events_a_second: f64,
    /// Searches for a pattern that took too long and count as no match.
    pub searches_given_up: u64,
    /// Fields that found no room in their event.
    pub fields_left_out: u64,
}

/// The store of alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StoreSize {
    /// The number of the first alert that is there.
    pub first: Option<u64>,
    /// The number of the last one that is on disk.
    pub last: u64,
    /// Days.
    pub days: usize,
    /// Bytes of all files.
    pub bytes: u64,
}

/// Somebody who is told of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// What it is: `mail`, `syslog`, `slack`.
    pub kind: String,
    /// `good`, `failing`, `broken`, or `removed` if it is no longer
    /// configured.
    pub state: &'static str,
    /// Alerts that it has not looked at.
    pub lag: u64,
    /// Parcels that wait.
    pub waiting: usize,
    /// Alerts that were counted and are not yet told.
    pub held_back: u64,
    /// Parcels that were refused.
    pub refused: usize,
    /// Parcels that were taken.
    pub sent: u64,
    /// When the last one was taken.
    pub last_sent: Option<i64>,
    /// What went wrong last; empty if nothing does now.
    pub error: String,
    /// When it is tried again.
    pub next_attempt: Option<i64>,
}

impl Daemon {
    /// What the hub tells of itself.
    pub fn new(status: Value) -> Self {
        serde_json::from_value(status).unwrap_or_default()
    }
}

impl Counts {
    /// What is counted by now.
    pub fn new(pulse: &Pulse) -> Self {
        let events_a_second = (pulse.events_a_second() * 10.0).round() / 10.0;
        Self {
            events: pulse.events(),
            alerts: pulse.alerts(),
            events_a_second,
            searches_given_up: pulse.searches_given_up(),
            fields_left_out: pulse.fields_left_out(),
        }
    }
}

impl Destination {
    /// How one stands; `committed` is the last alert that is on disk.
    pub fn new(one: &Standing, committed: u64) -> Self {
        let state = one.word();
        let error = if state == "good" { String::new() } else { one.error.clone() };
        Self {
            name: one.name.clone(),
            kind: one.kind.clone(),
            state,
            lag: one.lag(committed),
            waiting: one.waiting,
            held_back: one.held,
            refused: one.refused,
            sent: one.delivered,
            last_sent: one.delivered_at,
            error,
            next_attempt: one.next_attempt,
        }
    }
}

/// How large the store is.
pub fn store(reader: &mut Reader, home: &Path) -> Result<StoreSize, StoreError> {
    let (first, last) = (reader.first()?, reader.committed()?);
    let mut size = StoreSize { first, last, ..StoreSize::default() };
    for file in home.join("store").read_dir().into_iter().flatten().flatten() {
        size.bytes += file.metadata().map_or(0, |file| file.len());
        size.days += usize::from(file.path().extension().is_some_and(|end| end == "db"));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Appender;
    use crate::store::sample::sshd;
    use serde_json::json;

    #[test]
    fn the_store_is_measured() {
        let home = tempfile::tempdir().expect("a folder");
        let mut alerts: Vec<_> = (0..20).map(sshd).collect();
        Appender::open(home.path()).expect("a store").append(&mut alerts).expect("appended");
        let mut reader = Reader::open(home.path()).expect("a reader");
        let size = store(&mut reader, home.path()).expect("measured");
        assert_eq!((size.first, size.last, size.days), (Some(1), 20, 1));
        assert!(size.bytes > 4096);
    }

    #[test]
    fn what_the_hub_tells_is_understood() {
        let status = json!({"ok": true, "version": "1", "started": 7, "listening": ["[::]:1517"],
            "agents": {"known": 3, "connected": 2}, "waiting": 4, "bytes_on_their_way": 5});
        let daemon = Daemon::new(status);
        assert_eq!((daemon.started, daemon.agents.connected, daemon.waiting), (7, 2, 4));
        assert_eq!(daemon.listening, ["[::]:1517"]);
        assert_eq!(Daemon::new(json!("?")), Daemon::default());
    }

    #[test]
    fn what_went_wrong_is_shown_while_it_does() {
        let standing =
            Standing { name: "a".to_owned(), cursor: 5, error: "no".to_owned(), ..Standing::default() };
        let shown = Destination::new(&standing, 9);
        assert_eq!((shown.state, shown.lag, shown.error.as_str()), ("good", 4, ""));
        let shown = Destination::new(&Standing { failures: 1, ..standing }, 9);
        assert_eq!((shown.state, shown.error.as_str()), ("failing", "no"));
    }
}
