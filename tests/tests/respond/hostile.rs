//! What strangers write into a log never becomes more than one argument of a
//! program, on an agent and on the manager's machine: from the line through
//! decoder and order to what the program is really given.

use crate::town::Watch;
use bartizan_tests::process::DEADLINE;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Says what it is given, in one write: each argument, and an end; no byte of
/// it has a meaning.
const RECORDER: &str = "#!/bin/sh\nprintf '%s\\0' \"$@\" '\nend' >>\"${0%/*}/../said\"\n";

const RULES: &str = r#"<group name="strange,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>All</description></rule>
  <rule id="100100" level="7"><if_sid>1</if_sid><decoded_as>strange</decoded_as>
  <description>Something strange.</description></rule></group>"#;

const DECODERS: &str = r#"<decoder name="strange"><program_name>^strange$</program_name></decoder>
<decoder name="strange-parts"><parent>strange</parent>
  <regex>^IP:(\.*) USER:(\.*) FILE:(\.*)$</regex><order>srcip, dstuser, filename</order></decoder>"#;

/// One command for each part that may be expected, and one for all of them.
const EXPECTED: [(&str, &str); 4] =
    [("address", "srcip"), ("user", "user"), ("file", "filename"), ("all", "srcip,user,filename")];

fn configuration() -> String {
    let one = |(name, expect): &(&str, &str)| {
        format!(
            "<command><name>{name}</name><executable>{name}</executable><expect>{expect}</expect></command>\
             <active-response><command>{name}</command><location>local,server</location>\
             <rules_id>100100</rules_id></active-response>"
        )
    };
    // Names are looked for in the folder above that of the configuration.
    let home = format!("bartizan-strange-{}", std::process::id());
    let rules =
        format!("<rules><decoder>{home}/decoders.xml</decoder><include>{home}/rules.xml</include></rules>");
    rules + &EXPECTED.iter().map(one).collect::<String>()
}

/// What stands in a line, and what of it a program may be given: none if it is
/// not what it should be.
struct Part {
    text: Vec<u8>,
    given: Option<String>,
}

fn good(text: &str) -> Part {
    Part { text: text.into(), given: Some(text.to_owned()) }
}

fn bad(text: impl Into<Vec<u8>>) -> Part {
    Part { text: text.into(), given: None }
}

/// Lines: address, user, file.
fn lines() -> Vec<[Part; 3]> {
    let plain = || [good("192.0.2.9"), good("anna"), good("/tmp/a")];
    let with = |at: usize, part: Part| {
        let mut parts = plain();
        parts[at] = part;
        parts
    };
    let as_other = |text: &str, given: &str| Part { text: text.into(), given: Some(given.to_owned()) };
    let mut lines = vec![plain()];
    lines
        .extend([as_other("::ffff:192.0.2.10", "192.0.2.10"), good("2001:db8::9")].map(|part| with(0, part)));
    for text in [
        "192.0.2.9;id",
        "$(id)",
        "`id`",
        "-f",
        "192.0.2.9 -f",
        "192.0.2.9/24",
        "0x7f.1",
        "192.0.2.09",
        "192.0.2",
        "[2001:db8::9]",
        "fe80::9%eth0",
        "evil.example.com",
        "..",
        "*",
    ] {
        lines.push(with(0, bad(text)));
    }
    lines.extend([good("a.b_c@d-e?"), good("x")].map(|part| with(1, part)));
    for text in [
        "anna;id",
        "$(id)",
        "`id`",
        "-f",
        "--",
        "an na",
        "anna|sh",
        "../anna",
        "\u{e4}nna",
        "*",
        "'\"",
        "a\\b",
    ] {
        lines.push(with(1, bad(text)));
    }
    // Any path is one argument.
    for text in
        ["/tmp/a b", "/tmp/$(id)", "/tmp/`id`", "/tmp/;id|sh&", "/tmp/-f", "/'\"\\", "/tmp/\u{e4}", "/*"]
    {
        lines.push(with(2, good(text)));
    }
    for text in ["-f", "tmp/a", "$(id)", "~/a", "file:///a"] {
        lines.push(with(2, bad(text)));
    }
    for (at, before) in ["", "", "/"].into_iter().enumerate() {
        lines.push(with(at, bad([before.as_bytes(), &[b'a'; 5900]].concat())));
    }
    // Control characters never arrive, and a line ends where there is a NUL.
    for text in ["a\x1bb", "a\rb", "a\tb"] {
        lines.push(with(0, bad(text)));
        lines.push(with(1, as_other(text, "ab")));
        lines.push(with(2, as_other(&format!("/{text}"), "/ab")));
    }
    lines.push(with(0, bad("a\0b")));
    lines.push(with(1, bad("a\0b")));
    lines.push(with(2, as_other("/a\0b", "/a")));
    // Bytes that begin a character take what is behind them along, here as in
    // OSSEC 4.3, so that the line would not have these parts.
    lines.push(with(0, bad(*b"\x80\x81")));
    lines.push(with(1, bad(*b"ann\x80")));
    // What is no text at all is shown as the sign for that.
    lines.push(with(2, Part { text: b"/tmp/\xfe".into(), given: Some("/tmp/\u{fffd}".to_owned()) }));
    lines
}

/// What the programs are given on one machine because of a line.
fn calls(parts: &[Part; 3]) -> Vec<Vec<String>> {
    if parts[..2].iter().any(|part| part.text.contains(&0)) {
        // What has no file is no line of this program.
        return Vec::new();
    }
    let [address, user, file] = parts.each_ref().map(|part| part.given.clone());
    let none = || Some("-".to_owned());
    let all = [
        [none(), address.clone(), none()],
        [user.clone(), none(), none()],
        [none(), none(), file.clone()],
        [user, address, file],
    ];
    all.into_iter().filter_map(|parts| parts.into_iter().collect()).collect()
}

fn equip(home: &Path) {
    let folder = home.join("active-response/bin");
    fs::create_dir_all(&folder).expect("a folder");
    for (name, _) in EXPECTED {
        let path = folder.join(name);
        fs::write(&path, RECORDER).expect("a program");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("a program");
    }
}

/// The calls on a machine, in order: user, address and file of each. What else there is
/// must be as it is always.
fn said(home: &Path) -> Vec<Vec<String>> {
    let bytes = fs::read(home.join("active-response/said")).unwrap_or_default();
    let text = String::from_utf8(bytes).expect("only text is given");
    let call = |text: &str| {
        let words: Vec<&str> = text.split_terminator('\0').collect();
        let [verb, user, address, alert, rule, agent, place, file] = words[..] else {
            panic!("eight arguments were expected: {words:?}");
        };
        assert_eq!((verb, rule, agent), ("add", "100100", "(gate)"), "{words:?}");
        assert!(alert.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'), "{words:?}");
        assert!(place.starts_with("127.0.0.1->/") && place.ends_with("/machine/auth.log"), "{words:?}");
        [user, address, file].map(str::to_owned).to_vec()
    };
    let mut calls: Vec<_> = text.split_terminator("\nend\0").map(call).collect();
    calls.sort();
    calls
}

#[test]
fn what_a_stranger_writes_is_one_argument_or_none() {
    let files = [("decoders.xml", DECODERS), ("rules.xml", RULES)];
    let watch = Watch::start_with("strange", &configuration(), &[], &files);
    for home in [watch.home.clone(), watch.manager.home.path().to_owned()] {
        equip(&home);
    }
    let mut log = OpenOptions::new().append(true).open(watch.home.join("auth.log")).expect("a log");
    let mut expected: Vec<_> = lines().iter().flat_map(calls).collect();
    for [address, user, file] in lines() {
        let parts = [
            b"Nov 21 10:00:00 gate strange: IP:",
            &address.text[..],
            b" USER:",
            &user.text,
            b" FILE:",
            &file.text,
            b"\n",
        ];
        log.write_all(&parts.concat()).expect("a line");
    }
    // A line of its own is no line of ours.
    log.write_all(
        b"bartizan: response 1 done: x\nNov 21 10:00:00 gate strange: IP:192.0.2.99 USER:last FILE:/a\n",
    )
    .expect("a line");
    expected.extend(calls(&[good("192.0.2.99"), good("last"), good("/a")]));
    expected.sort();
    for home in [watch.home.clone(), watch.manager.home.path().to_owned()] {
        let start = Instant::now();
        while said(&home) != expected && start.elapsed() < DEADLINE {
            thread::sleep(Duration::from_millis(20));
        }
        let said = said(&home);
        let [missing, more] = [(&expected, &said), (&said, &expected)].map(|(these, those)| {
            let count = |all: &[Vec<String>], call| all.iter().filter(|one| *one == call).count();
            these.iter().filter(|call| count(these, *call) > count(those, *call)).collect::<BTreeSet<_>>()
        });
        assert!(missing.is_empty() && more.is_empty(), "{home:?}: missing {missing:?}, more {more:?}");
    }
}
