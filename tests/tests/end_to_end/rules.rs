//! Rules as files: exported, tested, with lists, overwritten, with conditions
//! of every kind.

use super::{door, own_rules};
use bartizan_tests::Folder;
use bartizan_tests::process::{Finished, command, finish};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The rules that lines get, one by one; 0 for none.
fn rules_of(conf: &Path, lines: &[String]) -> (Vec<u64>, Finished) {
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let finished = finish(command(&["logtest", "--json", "-c"]).arg(conf), input.as_bytes());
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    let rule = |line: &str| serde_json::from_str::<Value>(line).expect("it is JSON")["rule"].as_u64();
    (finished.out.lines().map(|line| rule(line).unwrap_or(0)).collect(), finished)
}

#[test]
fn the_exported_rules_pass_their_tests_and_are_never_overwritten() {
    let folder = Folder::new("export");
    let export = || finish(command(&["rules", "export"]).arg(folder.path()), b"");
    let first = export();
    assert_eq!(first.code, Some(0), "{}", first.err);
    let conf = folder.join("etc/ossec.conf");
    let mut test = command(&["rules", "test", "-c"]);
    let tested = finish(test.arg(&conf).arg(folder.join("tests")), b"");
    assert_eq!(tested.code, Some(0), "{}", tested.out);
    assert!(tested.out.contains(" passed, 0 failed, 0 skipped"), "{}", tested.out);
    let checked = finish(command(&["check", "-c"]).arg(&conf), b"");
    assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""), "not even a warning");
    assert!(checked.out.ends_with("0 errors, 0 warnings\n"), "{}", checked.out);

    fs::write(folder.join("rules/10-auth.xml"), "mine").expect("it can be changed");
    let second = export();
    assert_eq!(second.code, Some(2));
    assert!(second.err.contains("exists already; choose an empty folder"), "{}", second.err);
    assert_eq!(fs::read_to_string(folder.join("rules/10-auth.xml")).expect("it is there"), "mine");
}

#[test]
fn a_test_that_fails_is_shown_with_what_was_expected() {
    let folder = Folder::new("failing");
    let line = "Nov 21 09:00:00 gate sshd[7]: Failed password for root from 192.0.2.1 port 22 ssh2";
    let case = format!("[wrong]\nlog 1 pass = {line}\nrule = 5715\nalert = 3\ndecoder = sshd\n");
    let file = folder.write("wrong.ini", case);
    let failed = finish(command(&["rules", "test"]).arg(&file), b"");
    assert_eq!(failed.code, Some(1));
    assert!(failed.out.contains("wrong.ini:2 [wrong]") && failed.out.contains("5716  <-"), "{}", failed.out);
    let json = finish(command(&["rules", "test", "--json"]).arg(&file), b"");
    let summary: Value = serde_json::from_str(&json.out).expect("it is JSON");
    assert_eq!((&summary["failed"], &summary["failures"][0]["got"]["rule"]), (&1.into(), &"5716".into()));
}

/// A constant database as other tools write it, without its hash tables,
/// which a reader of all records does not need.
fn cdb(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut records = Vec::new();
    for (key, value) in entries {
        records.extend((key.len() as u32).to_le_bytes());
        records.extend((value.len() as u32).to_le_bytes());
        records.extend(key.bytes().chain(value.bytes()));
    }
    let end = (2048 + records.len() as u32).to_le_bytes();
    let tables = (0..256).flat_map(|_| [end, [0; 4]].concat());
    tables.chain(records).collect()
}

const LISTS: &str = r#"
    <rule id="100" level="5"><decoded_as>door</decoded_as><description>Somebody</description></rule>
    <rule id="101" level="6">
      <if_sid>100</if_sid>
      <list field="srcip" lookup="address_match_key">rules/blocked</list>
      <description>Somebody who is blocked</description>
    </rule>
    <rule id="102" level="7">
      <if_sid>100</if_sid>
      <list field="srcip" lookup="match_key_value" check_value="friend">rules/known</list>
      <description>A friend</description>
    </rule>"#;

#[test]
fn lists_in_both_forms_are_looked_up() {
    let folder = Folder::new("lists");
    let lists = "<list>rules/blocked</list><list>rules/known</list>";
    let conf = own_rules(&folder, LISTS, lists, "");
    folder.write("rules/blocked", "192.0.2.:a network\n198.51.100.7:one address\n");
    folder.write("rules/known.cdb", cdb(&[("203.0.113.1", "friend"), ("203.0.113.2", "foe")]));
    let from = |address: &str| door(&format!("knock from {address}"));
    let addresses = ["192.0.2.99", "198.51.100.7", "198.51.100.8", "203.0.113.1", "203.0.113.2"];
    assert_eq!(rules_of(&conf, &addresses.map(from)).0, [101, 101, 100, 102, 100]);
}

#[test]
fn a_list_of_a_hundred_thousand_entries_is_no_burden() {
    let folder = Folder::new("large-list");
    let conf = own_rules(&folder, LISTS, "<list>rules/blocked</list><list>rules/known</list>", "");
    let entries = (0..100_000).map(|n| format!("10.{}.{}.{}:x\n", n / 65_536, n / 256 % 256, n % 256));
    folder.write("rules/blocked", entries.collect::<String>());
    folder.write("rules/known", "");
    let start = Instant::now();
    let lines = ["10.1.134.159", "10.1.134.160"].map(|address| door(&format!("knock from {address}")));
    assert_eq!(rules_of(&conf, &lines).0, [101, 100]);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_list_that_is_missing_is_a_warning_and_its_rules_go_on() {
    let folder = Folder::new("missing-list");
    let conf = own_rules(&folder, LISTS, "<list>rules/blocked</list><list>rules/known</list>", "");
    folder.write("rules/known", "203.0.113.1:friend\n");
    let checked = finish(command(&["check", "-c"]).arg(&conf), b"");
    assert_eq!(checked.code, Some(0));
    assert!(checked.err.contains("warning: cannot read the list rules/blocked"), "{}", checked.err);
    // As in OSSEC 4.3 such a list holds for every address, which is said.
    assert!(checked.err.contains("address_match_key always"), "{}", checked.err);
    let lines = ["192.0.2.1", "203.0.113.1"].map(|address| door(&format!("knock from {address}")));
    assert_eq!(rules_of(&conf, &lines).0, [101, 102]);
}

#[test]
fn later_rules_overwrite_earlier_ones_and_correlate() {
    let folder = Folder::new("correlate");
    let rules = r#"
        <rule id="100" level="3"><match>knock</match><description>A knock</description></rule>
        <rule id="100" level="6" overwrite="yes"><match>bang</match><description>A bang</description></rule>
        <rule id="200" level="4"><match>lost key</match><description>No key</description><group>loser,</group></rule>
        <rule id="201" level="8" frequency="1" timeframe="60">
          <if_matched_group>loser</if_matched_group>
          <same_source_ip />
          <description>Lost it thrice</description>
        </rule>
        <rule id="300" level="4" ignore="3600"><match>bell</match><description>Once an hour</description></rule>"#;
    let conf = own_rules(&folder, rules, "", "");
    let lost = |n: u32, address: &str| door(&format!("lost key {n} from {address}"));
    let lines = [
        door("knock"),
        door("bang"),
        lost(1, "192.0.2.1"),
        lost(2, "192.0.2.2"),
        lost(3, "192.0.2.1"),
        lost(4, "192.0.2.1"),
    ];
    assert_eq!(rules_of(&conf, &lines).0, [0, 100, 200, 200, 200, 201]);
    let bells = [door("bell 1"), door("bell 2")].join("\n");
    let rung = finish(command(&["logtest", "-a", "-c"]).arg(&conf), bells.as_bytes());
    assert_eq!(rung.out.matches("Rule: 300 ").count(), 1, "{}", rung.out);
}

#[test]
fn time_and_weekday_are_those_of_the_place() {
    let folder = Folder::new("clock");
    let rules = r#"
        <rule id="100" level="3"><match>GET</match><description>A request</description></rule>
        <rule id="101" level="5"><if_sid>100</if_sid><time>6 pm - 8:30 am</time><description>At night</description></rule>
        <rule id="102" level="7"><if_sid>101</if_sid><weekday>weekends</weekday><description>Saturday night</description></rule>"#;
    let conf = own_rules(&folder, rules, "", "");
    // A Friday: 20 November 2026.
    let line =
        |hour: u32| format!("192.0.2.1 - - [20/Nov/2026:{hour:02}:15:00 +0000] \"GET / HTTP/1.1\" 200 1\n");
    let log = folder.write("access.log", [line(8), line(12), line(19)].concat());
    // In UTC 8:15, 12:15 and 19:15; nine hours later in Japan: 17:15, 21:15,
    // and 4:15 on Saturday.
    for (zone, wanted) in [("UTC0", [101, 100, 101]), ("JST-9", [100, 101, 102])] {
        let mut analyze = command(&["analyze", "--quiet", "--json", "-c"]);
        let finished = finish(analyze.arg(&conf).arg(&log).env("TZ", zone), b"");
        assert_eq!(finished.code, Some(0), "{}", finished.err);
        let rule =
            |line: &str| serde_json::from_str::<Value>(line).expect("it is JSON")["rule"]["sidid"].as_u64();
        assert_eq!(finished.out.lines().filter_map(rule).collect::<Vec<_>>(), wanted, "{zone}");
    }
}
