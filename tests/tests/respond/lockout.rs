//! Whoever is needed to reach a machine and to set it right is never blocked
//! on it: not by a line that a stranger has written into a log, and not by
//! hand; in no spelling; neither on an agent nor where the manager is. Each
//! refusal is written down with its reason, and nothing of it is in the packet
//! filter.

use crate::town::{Town, Watch, address, ip, wait_for};
use bartizan_tests::Folder;
use bartizan_tests::process::Running;
use nix::sched::{CloneFlags, unshare};
use serde_json::Value;
use std::net::IpAddr;
use std::process::Command;

/// How an address is spelled, how the history spells it, and why it is spared.
type Case = (&'static str, &'static str, &'static str);

/// Spared by agents and by the manager's machine.
const SPARED: [Case; 20] = [
    ("10.77.0.1", "10.77.0.1", "own address"),
    ("::ffff:10.77.0.1", "10.77.0.1", "own address"),
    ("::ffff:a4d:1", "10.77.0.1", "own address"),
    ("fd77::1", "fd77::1", "own address"),
    ("FD77:0:0::0001", "fd77::1", "own address"),
    ("10.77.0.2", "10.77.0.2", "the gateway"),
    ("::ffff:10.77.0.2", "10.77.0.2", "the gateway"),
    ("fd77::2", "fd77::2", "the gateway"),
    ("198.51.100.53", "198.51.100.53", "the DNS server"),
    ("::ffff:198.51.100.53", "198.51.100.53", "the DNS server"),
    ("2001:db8:53::53", "2001:db8:53::53", "the DNS server"),
    // By ssh.
    ("203.0.113.9", "203.0.113.9", "an administrator is logged in"),
    ("::ffff:203.0.113.9", "203.0.113.9", "an administrator is logged in"),
    ("2001:db8:9::9", "2001:db8:9::9", "an administrator is logged in"),
    // On a terminal, as utmp(5) has it.
    ("203.0.113.77", "203.0.113.77", "an administrator is logged in"),
    ("2001:db8:77::77", "2001:db8:77::77", "an administrator is logged in"),
    // As logind has it.
    ("203.0.113.88", "203.0.113.88", "an administrator is logged in"),
    ("2001:db8:88::88", "2001:db8:88::88", "an administrator is logged in"),
    ("::ffff:203.0.113.88", "203.0.113.88", "an administrator is logged in"),
    ("10.77.0.255", "10.77.0.255", "broadcast"),
];

/// Spared by agents.
const MANAGERS: [Case; 3] = [
    ("203.0.113.5", "203.0.113.5", "the manager"),
    ("::ffff:203.0.113.5", "203.0.113.5", "the manager"),
    ("2001:db8:5::5", "2001:db8:5::5", "the manager"),
];

/// Spared by the manager, wherever it was to be done: said once an hour.
const NOWHERE: [Case; 11] = [
    ("10.9.0.7", "10.9.0.7", "the allow list"),
    ("::ffff:10.9.0.8", "10.9.0.8", "the allow list"),
    ("10.9.1.77", "10.9.1.77", "the allow list"),
    ("::ffff:10.9.1.78", "10.9.1.78", "the allow list"),
    ("10.9.2.9", "10.9.2.9", "the allow list"),
    ("10.9.3.4", "10.9.3.4", "the allow list"),
    ("2001:db8:a::7", "2001:db8:a::7", "the allow list"),
    ("127.0.0.1", "127.0.0.1", "loopback"),
    ("::ffff:127.0.0.2", "127.0.0.2", "loopback"),
    ("::1", "::1", "loopback"),
    ("224.0.0.1", "224.0.0.1", "multicast"),
];

/// Ranges that hold somebody who is spared; only people ask for ranges.
const RANGES: [Case; 9] = [
    ("10.77.0.0/30", "10.77.0.0/30", "the gateway"),
    ("fd77::/64", "fd77::/64", "the gateway"),
    ("198.51.100.0/24", "198.51.100.0/24", "the DNS server"),
    ("203.0.113.8/29", "203.0.113.8/29", "an administrator is logged in"),
    ("::ffff:203.0.113.8/125", "203.0.113.8/29", "an administrator is logged in"),
    ("2001:db8:77::/48", "2001:db8:77::/48", "an administrator is logged in"),
    ("10.9.0.0/24", "10.9.0.0/24", "the allow list"),
    ("0.0.0.0/0", "0.0.0.0/0", ""),
    ("::/0", "::/0", ""),
];

const CONFIGURATION: &str = "<global><white_list>10.9.0.7</white_list><white_list>::ffff:10.9.0.8</white_list>\
    <white_list>10.9.1.0/24</white_list><white_list>2001:db8:a::/48</white_list>\
    <white_list>^10.9.2.</white_list><allow_list>10.9.3.4.office.example.com</allow_list></global>\
    <active-response><command>block</command><location>local</location><rules_id>5716</rules_id>\
    <timeout>600</timeout></active-response>\
    <active-response><command>block</command><location>server</location><rules_id>5716</rules_id>\
    <timeout>601</timeout></active-response>";

/// A machine with gateways, DNS servers and people who are logged in.
struct Inhabited {
    _people: [Running; 2],
    _files: Folder,
}

impl Inhabited {
    fn new() -> Self {
        ip("route add default via 10.77.0.2");
        ip("route add default via fd77::2");
        unshare(CloneFlags::CLONE_NEWNS).expect("mounts of its own");
        let files = Folder::new("inhabited");
        let resolv = files.write("resolv.conf", "nameserver 198.51.100.53\nnameserver 2001:db8:53::53\n");
        mount(&["--make-rprivate", "/"]);
        mount(&["--bind", &resolv.display().to_string(), "/etc/resolv.conf"]);
        mount(&["-t", "tmpfs", "tmpfs", "/run"]);
        let logins = [login("203.0.113.77"), login("2001:db8:77::77")].concat();
        std::fs::write("/run/utmp", logins).expect("utmp");
        std::fs::create_dir_all("/run/systemd/sessions").expect("a folder");
        for (name, host) in [("c1", "203.0.113.88"), ("c2", "2001:db8:88::88")] {
            let text = format!("UID=0\nSTATE=active\nREMOTE_HOST={host}\n");
            std::fs::write(format!("/run/systemd/sessions/{name}"), text).expect("a session");
        }
        // As sshd starts a shell.
        let shell = |from: &str| {
            let mut command = Command::new("sleep");
            command.arg("1000").env("SSH_CONNECTION", format!("{from} 50000 10.77.0.1 22"));
            Running::start(&mut command)
        };
        Self { _people: [shell("203.0.113.9"), shell("2001:db8:9::9")], _files: files }
    }
}

fn mount(words: &[&str]) {
    let done = Command::new("mount").args(words).status().expect("mount can be started");
    assert!(done.success(), "mount {words:?}");
}

/// Somebody who is there, as utmp(5) has it.
fn login(from: &str) -> Vec<u8> {
    let mut record = vec![0; 384];
    record[0] = 7;
    let octets = match from.parse().expect("an address") {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    record[348..348 + octets.len()].copy_from_slice(&octets);
    record
}

/// How often an address was refused somewhere for this reason.
fn refusals(rows: &[Value], place: &str, (_, address, why): Case) -> usize {
    let is_so = |row: &&Value| {
        (&row["state"], &row["ip"], &row["name"]) == (&"refused".into(), &address.into(), &place.into())
            && row["why"].as_str().is_some_and(|said| said.contains(why))
    };
    rows.iter().filter(is_so).count()
}

/// Does something about an address, and waits until it is refused in all these
/// places once more than before.
fn is_refused(watch: &Watch, case: Case, places: &[&str], act: impl FnOnce()) {
    let count = || {
        let rows = watch.rows(r#"{"ask":"history","limit":10000}"#);
        places.iter().map(|place| refusals(&rows, place, case)).collect::<Vec<_>>()
    };
    let before = count();
    act();
    wait_for(&format!("refusal of {case:?} in {places:?}"), || {
        count().iter().zip(&before).all(|(now, before)| now > before)
    });
}

#[test]
fn whoever_is_needed_is_refused_everywhere_and_it_is_written_down() {
    let Some(town) = Town::enter() else { return };
    let _inhabited = Inhabited::new();
    let managers = ["203.0.113.5:1517", "[2001:db8:5::5]:1517"];
    let watch = Watch::start_with("lockout", CONFIGURATION, &managers, &[]);
    // By lines in a log. What the manager refuses, nobody is asked to do.
    for (cases, places) in [(&SPARED[..], &["gate", "server"][..]), (&NOWHERE, &["server"])] {
        for case in cases {
            is_refused(&watch, *case, places, || watch.attack(case.0));
        }
    }
    // By hand.
    let both =
        SPARED.iter().chain(&NOWHERE).chain(&RANGES).flat_map(|case| [(case, "gate"), (case, "server")]);
    for (case, place) in both.chain(MANAGERS.iter().map(|case| (case, "gate"))) {
        is_refused(&watch, *case, &[place], || {
            watch.respond(&format!("run block --agent {place} --ip {}", case.0));
        });
    }
    assert_eq!(blocked(), Vec::<String>::new(), "nobody is in the packet filter");
    // Where the manager is, another manager is nobody. So these come last.
    for case in &MANAGERS {
        is_refused(&watch, *case, &["gate"], || watch.attack(case.0));
    }
    let done = watch.rows(r#"{"ask":"history","agent":"gate","state":"done"}"#);
    assert_eq!(done, Vec::<Value>::new(), "nothing was done on the agent");
    assert!(town.reaches(watch.port()), "nobody is blocked yet");
    watch.attack(address(0));
    wait_for("block of a stranger", || !town.reaches(watch.port()));
}

/// The addresses in the packet filter.
fn blocked() -> Vec<String> {
    let listed = Command::new("nft").args(["list", "ruleset"]).output().expect("nft can be started");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let words = text.split([' ', ',', '\n', '\t', '/']);
    words.filter(|word| word.parse::<IpAddr>().is_ok()).map(str::to_owned).collect()
}
