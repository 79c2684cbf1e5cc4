//! The promises of the registry.

use super::*;
use std::time::Instant;
use tempfile::TempDir;

const KEY: [u8; 32] = [7; 32];

fn registry() -> (TempDir, Registry) {
    let home = tempfile::tempdir().expect("a folder");
    let registry = Registry::open(home.path()).expect("a registry");
    (home, registry)
}

fn add(registry: &mut Registry, name: &str) -> AgentId {
    registry.add(name, &[], 100).expect("it is added").id
}

fn about(address: &str, incarnation: u64) -> About {
    About { address: address.to_owned(), incarnation, ..About::default() }
}

fn advance<'a>(agent: AgentId, source: &'a str, position: &'a [u8]) -> Advance<'a> {
    Advance { agent, source, position: Some(position), records: 2, last_event: Some(500), period: None }
}

fn state(registry: &Registry, agent: AgentId) -> (State, i64) {
    let agent = registry.agent(agent).expect("it can be asked").expect("it is there");
    (agent.state, agent.since)
}

#[test]
fn a_token_is_good_once_and_for_a_time() {
    let (_home, mut registry) = registry();
    let gate = add(&mut registry, "gate");
    let other = add(&mut registry, "other");
    let secret = registry.token(gate, 200).expect("a token");
    assert_eq!(registry.token_expires(gate).expect("it can be asked"), Some(200));
    assert!(matches!(registry.enrol(&[0; 16], &KEY, 150), Err(EnrolError::Unknown)));
    assert!(matches!(registry.enrol(&secret, &KEY, 201), Err(EnrolError::Expired)));
    let enrolled = registry.enrol(&secret, &KEY, 200).expect("it is good");
    assert_eq!((enrolled.id, enrolled.key, enrolled.enrolled), (gate, Some(KEY), Some(200)));
    assert_eq!(registry.agent_by_key(&KEY).expect("it can be asked").map(|agent| agent.id), Some(gate));
    assert_eq!(registry.token_expires(gate).expect("it can be asked"), None);
    // The answer may have been lost on its way.
    assert_eq!(registry.enrol(&secret, &KEY, 900).expect("it is the same").id, gate);
    assert!(matches!(registry.enrol(&secret, &[8; 32], 201), Err(EnrolError::Used)));
    let secret = registry.token(other, 300).expect("a token");
    assert!(matches!(registry.enrol(&secret, &KEY, 250), Err(EnrolError::KeyTaken(name)) if name == "gate"));
    let renewed = registry.token(other, 300).expect("a token");
    assert!(matches!(registry.enrol(&secret, &[9; 32], 250), Err(EnrolError::Unknown)), "it is void");
    assert_eq!(registry.enrol(&renewed, &[9; 32], 250).expect("it is good").id, other);
}

#[test]
fn a_secret_is_not_kept() {
    let (home, mut registry) = registry();
    let gate = add(&mut registry, "gate");
    let secret = registry.token(gate, 200).expect("a token");
    drop(registry);
    let bytes = std::fs::read(home.path().join("agents/agents.db")).expect("it is there");
    assert!(!bytes.windows(secret.len()).any(|window| window == secret));
}

#[test]
fn names_and_numbers_are_unique_and_numbers_are_not_used_again() {
    let (_home, mut registry) = registry();
    let gate = add(&mut registry, "gate");
    assert_eq!(gate, AgentId(1));
    assert!(matches!(registry.add("gate", &[], 0), Err(RegistryError::NameTaken(_))));
    for wrong in ["", "a", "a b", "a/b", "\u{e4}\u{e4}", &"x".repeat(129)] {
        assert!(matches!(registry.add(wrong, &[], 0), Err(RegistryError::Name(_))), "{wrong}");
    }
    registry.rename(gate, "door").expect("it is renamed");
    assert_eq!(registry.find("door").expect("it is there").id, gate);
    assert_eq!(registry.find("001").expect("it is there").id, gate);
    assert!(matches!(registry.find("gate"), Err(RegistryError::Unknown(_))));
    registry.remove(gate).expect("it is removed");
    assert_eq!(add(&mut registry, "gate"), AgentId(2));
    assert!(matches!(registry.remove(AgentId::MANAGER), Err(RegistryError::Unknown(_))));
}

#[test]
fn groups_are_kept_in_order_and_once() {
    let (_home, mut registry) = registry();
    let groups = ["web", "edge", "web"].map(str::to_owned);
    let gate = registry.add("gate", &groups, 0).expect("it is added");
    assert_eq!(gate.groups, ["web", "edge"]);
    registry.set_groups(gate.id, &[]).expect("they are set");
    assert!(registry.find("gate").expect("it is there").groups.is_empty());
    assert!(matches!(registry.set_groups(gate.id, &["../x".to_owned()]), Err(RegistryError::Name(_))));
}

#[test]
fn a_removed_agent_leaves_nothing_behind_not_even_later() {
    let (_home, mut registry) = registry();
    let gate = add(&mut registry, "gate");
    let old = OssecKey { address: "any".to_owned(), key: "k".to_owned() };
    registry.import(AgentId(9), "old", &old, 0).expect("it is added");
    registry.token(gate, 200).expect("a token");
    let sources = [advance(gate, "/var/log/x", b"1"), advance(AgentId(9), "", b"2")];
    let commit = Commit { sources: &sources, seen: &[(gate, 600)], ..Commit::default() };
    registry.commit(&commit).expect("it is stored");
    for agent in [gate, AgentId(9)] {
        registry.remove(agent).expect("it is removed");
    }
    registry.commit(&commit).expect("what comes late is no error");
    for table in ["tokens", "sources", "ossec_keys", "agents WHERE id > 0"] {
        let sql = format!("SELECT count(*) FROM {table}");
        assert_eq!(registry.connection.query_row(&sql, [], |row| row.get(0)), Ok(0), "{table}");
    }
}

#[test]
fn a_moved_agent_is_the_same_agent() {
    let (_home, mut registry) = registry();
    let gate = add(&mut registry, "gate");
    assert_eq!(state(&registry, gate), (State::NeverConnected, 100));
    registry.connected(gate, &about("192.0.2.1:40000", 5), 200).expect("it is there");
    assert_eq!(state(&registry, gate), (State::Active, 200));
    registry.disconnected(gate, 300).expect("it is there");
    assert_eq!(state(&registry, gate), (State::Disconnected, 300));
    let moved = registry.connected(gate, &about("198.51.100.1:40001", 5), 400).expect("it is there");
    assert_eq!((moved, state(&registry, gate)), (State::Active, (State::Active, 400)));
    let agent = registry.find("gate").expect("it is there");
    assert_eq!((agent.first_seen, agent.last_seen), (Some(200), Some(400)));
    assert_eq!(agent.about.address, "198.51.100.1:40001");
    registry.nobody_is_connected(500).expect("it can be written");
    assert_eq!(state(&registry, gate), (State::Disconnected, 500));
    assert!(matches!(registry.connected(AgentId(5), &about("", 1), 0), Err(RegistryError::Unknown(_))));
}

#[test]
fn two_with_one_key_are_told_from_one_that_restarts() {
    let (_home, mut registry) = registry();
    let gate = add(&mut registry, "gate");
    let mut come = |incarnation, now| {
        registry.connected(gate, &about("192.0.2.1:4000", incarnation), now).expect("it is there")
    };
    // It reconnects, and restarts twice.
    let once = [1, 1, 2, u64::MAX].map(|incarnation| come(incarnation, 200));
    assert_eq!(once, [State::Active; 4]);
    // The one before is still alive.
    assert_eq!(come(2, 300), State::Duplicated);
    assert_eq!([come(u64::MAX, 301), come(u64::MAX, 302)], [State::Duplicated; 2]);
    assert_eq!(state(&registry, gate), (State::Duplicated, 300));
    let mut come = |incarnation, now| {
        registry.connected(gate, &about("192.0.2.1:4000", incarnation), now).expect("it is there")
    };
    assert_eq!(come(4, 400), State::Active);
    registry.duplicated(gate, 500).expect("it is there");
    registry.disconnected(gate, 600).expect("it is there");
    assert_eq!(state(&registry, gate), (State::Duplicated, 500));
    let secret = registry.token(gate, 900).expect("a token");
    registry.enrol(&secret, &KEY, 700).expect("a new key mends it");
    assert_eq!(state(&registry, gate), (State::Disconnected, 700));
}

#[test]
fn an_agent_that_claims_any_loss_leaves_the_database_usable() {
    let (_home, mut registry) = registry();
    let gate = add(&mut registry, "gate");
    let claimed = [u64::MAX, i64::MAX as u64, 1].map(|records| {
        ["/a", "/b"].map(|source| Lost { agent: gate, source, records, first: i64::MIN, last: i64::MAX })
    });
    for lost in &claimed {
        registry.commit(&Commit { lost, ..Commit::default() }).expect("it is stored");
    }
    let known = registry.sources(Some(gate)).expect("they can be asked");
    assert!(known.len() == 2 && known.iter().all(|source| source.lost == 1 << 48), "{known:?}");
    assert_eq!(registry.lost(gate).expect("it can be asked"), 2 << 48);
}

#[test]
fn what_a_step_brings_is_there_for_the_next_connection() {
    let (home, mut registry) = registry();
    let gate = add(&mut registry, "gate");
    let sources = [
        advance(gate, "/var/log/x", b"one"),
        Advance { position: None, period: Some(60), ..advance(gate, "/var/log/x", b"") },
        advance(gate, "", b"spool"),
        advance(AgentId::MANAGER, "/var/log/own", b"own"),
        Advance { position: Some(&[0; POSITION_MAX + 1]), ..advance(gate, "", b"") },
    ];
    let lost = [
        Lost { agent: gate, source: "", records: 5, first: 400, last: 450 },
        Lost { agent: gate, source: "/b", records: 2, first: 410, last: 440 },
    ];
    let outputs = [("logs/alerts/alerts.log", 1 << 40), ("logs/gone", 3)];
    let commit =
        Commit { sources: &sources, lost: &lost, outputs: &outputs, seen: &[(gate, 501)], stored: Some(7) };
    registry.commit(&commit).expect("it is stored");
    registry.forget_output("logs/gone").expect("it is forgotten");
    let registry = Registry::open(home.path()).expect("a second connection");
    let positions = registry.positions(gate).expect("they can be asked");
    assert_eq!(positions, [(String::new(), b"spool".to_vec()), ("/var/log/x".to_owned(), b"one".to_vec())]);
    assert_eq!(registry.positions(AgentId::MANAGER).expect("they can be asked").len(), 1);
    let known = registry.sources(Some(gate)).expect("they can be asked");
    assert_eq!((known[1].name.as_str(), known[1].lost, known[1].last_event), ("/b", 2, None));
    assert_eq!((known[2].records, known[2].period, known[2].last_event), (4, Some(60), Some(500)));
    assert_eq!((registry.sources(None).expect("all").len(), registry.lost(gate).expect("sum")), (4, 7));
    assert_eq!(
        registry.outputs().expect("they can be asked"),
        [("logs/alerts/alerts.log".to_owned(), 1 << 40)]
    );
    assert_eq!(registry.find("gate").expect("it is there").last_seen, Some(501));
    assert_eq!(registry.stored().expect("it can be asked"), Some(7));
}

#[test]
fn sources_of_an_agent_do_not_grow_without_bound() {
    let (_home, mut registry) = registry();
    let gate = add(&mut registry, "gate");
    let names: Vec<_> = (0..SOURCES_MAX + 50).map(|n| format!("/log/{n}")).collect();
    let source = |(n, name): (usize, &'static str)| Advance {
        last_event: Some(n as i64),
        ..advance(gate, name, b"p")
    };
    let names: Vec<&'static str> = names.into_iter().map(|name| &*name.leak()).collect();
    let mut sources = vec![advance(gate, "", b"spool")];
    sources.extend(names.iter().copied().enumerate().map(source));
    registry.commit(&Commit { sources: &sources, ..Commit::default() }).expect("it is stored");
    let known = registry.positions(gate).expect("they can be asked");
    assert!((SOURCES_MAX / 2..=SOURCES_MAX).contains(&known.len()), "{}", known.len());
    assert!(known.iter().any(|(name, _)| name.is_empty()), "the spool stays");
    assert!(!known.iter().any(|(name, _)| name == "/log/49"), "the oldest have gone");
    let newest = format!("/log/{}", SOURCES_MAX + 49);
    assert!(known.iter().any(|(name, _)| *name == newest), "the newest stay");
}

#[test]
fn what_became_of_a_configuration_is_known() {
    let (_home, mut registry) = registry();
    let gate = add(&mut registry, "gate");
    let states = [
        ConfigurationState::Pending,
        ConfigurationState::Applied,
        ConfigurationState::Refused("no".to_owned()),
    ];
    for state in states {
        registry.configuration(gate, u64::MAX, &state, 300).expect("it is there");
        let given = registry.find("gate").expect("it is there").configuration.expect("it was given");
        assert_eq!(given, Given { hash: u64::MAX, state, since: 300 });
    }
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let (home, registry) = registry();
    registry.connection.pragma_update(None, "user_version", 999).expect("it can be written");
    drop(registry);
    assert!(matches!(Registry::open(home.path()), Err(RegistryError::Database(DatabaseError::Newer(_)))));
}

#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (home, _registry) = registry();
    for name in ["agents", "agents/agents.db", "agents/agents.db-wal"] {
        let mode = std::fs::metadata(home.path().join(name)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}

#[test]
fn many_may_make_a_new_one_at_the_same_time() {
    let home = tempfile::tempdir().expect("a folder");
    let open = |number: u32| {
        let path = home.path().to_owned();
        std::thread::spawn(move || {
            let mut registry = Registry::open(&path).expect("it is opened");
            add(&mut registry, &format!("agent{number}"));
            crate::agents::identity::Identity::open(&path).expect("a key").public
        })
    };
    let all: Vec<_> = (0..8).map(open).collect();
    let keys: std::collections::BTreeSet<_> =
        all.into_iter().map(|thread| thread.join().expect("it ends well")).collect();
    assert_eq!(keys.len(), 1, "there is one key");
    let files = std::fs::read_dir(home.path().join("agents")).expect("a folder").count();
    assert!(files <= 4, "nothing is left lying about");
}

#[test]
fn two_processes_use_it_at_the_same_time() {
    let (home, mut registry) = registry();
    let gate = add(&mut registry, "gate");
    let path = home.path().to_owned();
    let other = std::thread::spawn(move || {
        let mut other = Registry::open(&path).expect("a second connection");
        for number in 0..50 {
            other.add(&format!("agent{number}"), &[], 0).expect("it is added");
        }
    });
    for _ in 0..50 {
        let sources = [advance(gate, "/x", b"p")];
        registry.commit(&Commit { sources: &sources, ..Commit::default() }).expect("it is stored");
    }
    other.join().expect("it ends well");
    assert_eq!(registry.agents().expect("they can be asked").len(), 51);
}

#[test]
fn two_thousand_agents_are_stored_within_a_second() {
    let (_home, mut registry) = registry();
    registry
        .transaction(|step| {
            let sql = "INSERT INTO agents (id, name, created, since) VALUES (?1, 'a' || ?1, 0, 0)";
            (1..=2000).try_for_each(|id| step.execute(sql, [id]).map(drop))
        })
        .expect("they are added");
    let positions: Vec<_> = (0..4000_u32).map(|n| [n as u8; 64]).collect();
    let sources: Vec<_> = (0..4000)
        .map(|n| {
            advance(
                AgentId(n / 2 + 1),
                ["/var/log/messages", "/var/log/auth.log"][n as usize % 2],
                &positions[n as usize],
            )
        })
        .collect();
    let seen: Vec<_> = (1..=2000).map(|id| (AgentId(id), 700)).collect();
    let outputs = [("logs/alerts/alerts.log", 1), ("logs/archives/archives.log", 2)];
    let commit = Commit { sources: &sources, seen: &seen, outputs: &outputs, ..Commit::default() };
    let start = Instant::now();
    for _ in 0..5 {
        registry.commit(&commit).expect("it is stored");
    }
    let each = start.elapsed() / 5;
    eprintln!("2,000 agents with two sources each: {each:?}");
    assert!(each.as_secs() < 1, "{each:?}");
}
