//! Rules that ask where in the world addresses are.

use super::{Watched, door, own_rules};
use bartizan_tests::process::{Finished, command, finish};
use bartizan_tests::{Folder, mmdb};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const RULES: &str = "\
<rule id=\"100\" level=\"3\"><match>from</match><description>Somebody</description></rule>
<rule id=\"101\" level=\"4\"><if_sid>100</if_sid><srcgeoip>^CF / Haut</srcgeoip><description>Far</description></rule>
<rule id=\"102\" level=\"5\"><if_sid>100</if_sid><srcgeoip_pcre2>^US$</srcgeoip_pcre2><description>West</description></rule>
<rule id=\"103\" level=\"6\"><if_sid>100</if_sid><dstgeoip>^ES</dstgeoip><description>Never</description></rule>
<rule id=\"104\" level=\"7\" frequency=\"2\" timeframe=\"60\"><if_matched_sid>100</if_matched_sid><same_source_ip />\
<different_srcgeoip /><description>Never</description></rule>
<rule id=\"105\" level=\"8\" frequency=\"2\" timeframe=\"60\"><if_matched_sid>100</if_matched_sid><different_srcgeoip />\
<description>From all over the world</description></rule>";

const DATABASE: &str = "<global><geoip_db_path>places.mmdb</geoip_db_path></global>";

fn configured(folder: &Folder) -> PathBuf {
    folder.write("places.mmdb", mmdb::database(&mmdb::ROWS));
    own_rules(folder, RULES, "", DATABASE)
}

fn logtest(conf: &Path, more: &[&str], addresses: &[&str]) -> (Vec<Value>, Finished) {
    let input: String = addresses.iter().map(|address| door(&format!("from {address}\n"))).collect();
    let mut command = command(&["logtest", "--json", "-c"]);
    let finished = finish(command.arg(conf).args(more), input.as_bytes());
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    let answers = finished.out.lines().map(|line| serde_json::from_str(line).expect("it is JSON"));
    (answers.collect(), finished)
}

fn rules_of(answers: &[Value]) -> Vec<u64> {
    answers.iter().map(|answer| answer["rule"].as_u64().unwrap_or(0)).collect()
}

#[test]
fn conditions_see_the_place_of_their_own_address() {
    let folder = Folder::new("places-conditions");
    let conf = configured(&folder);
    let addresses = ["41.78.120.9", "8.8.8.8", "10.0.0.1", "2.136.147.146", "nowhere", "2a00:1450::7"];
    let (answers, _) = logtest(&conf, &[], &addresses);
    assert_eq!(rules_of(&answers), [101, 102, 100, 100, 100, 100]);
    let places: Vec<_> = answers.iter().map(|answer| answer["fields"]["srcgeoip"].as_str()).collect();
    let expected =
        [Some("CF / Haut-Mbomou"), Some("US"), None, Some("ES / Madrid"), None, Some("IE / Leinster")];
    assert_eq!(places, expected);
}

#[test]
fn earlier_events_are_compared_by_their_places() {
    let folder = Folder::new("places-compared");
    let conf = configured(&folder);
    let (madrid, andalusia, nowhere) = ("2.136.147.146", "2.136.14.146", "10.0.0.1");
    // Fires on the third that differs from the one judged, and on itself.
    let (same, _) = logtest(&conf, &[], &[madrid; 6]);
    assert_eq!(rules_of(&same), [100; 6]);
    let (differ, _) = logtest(&conf, &[], &[madrid, madrid, madrid, andalusia]);
    assert_eq!(rules_of(&differ), [100, 100, 100, 105]);
    let (unknown, _) = logtest(&conf, &[], &[madrid, madrid, madrid, nowhere]);
    assert_eq!(rules_of(&unknown), [100; 4], "what is not known does not differ");
}

#[test]
fn the_command_line_may_name_the_database() {
    let folder = Folder::new("places-option");
    let database = folder.write("places.mmdb", mmdb::database(&mmdb::ROWS)).display().to_string();
    let conf = own_rules(&folder, RULES, "", "");
    assert_eq!(rules_of(&logtest(&conf, &[], &["8.8.8.8"]).0), [100]);
    assert_eq!(rules_of(&logtest(&conf, &["--geoip", &database], &["8.8.8.8"]).0), [102]);
    let missing = finish(command(&["logtest", "--geoip", "/nonexistent/places.mmdb"]).arg("-q"), b"");
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("cannot use the places of /nonexistent/places.mmdb"), "{}", missing.err);
}

#[test]
fn a_database_that_cannot_be_used_is_a_warning_and_rules_go_on() {
    let folder = Folder::new("places-broken");
    let conf = own_rules(&folder, RULES, "", DATABASE);
    for (bytes, why) in
        [(None, "No such file"), (Some("GeoIP.dat, the old format"), "no database of MaxMind's")]
    {
        bytes.into_iter().for_each(|bytes| drop(folder.write("places.mmdb", bytes)));
        let checked = finish(command(&["check", "-c"]).arg(&conf), b"");
        assert_eq!(checked.code, Some(0), "{}", checked.err);
        assert!(checked.err.contains("etc/ossec.conf:8:"), "its place: {}", checked.err);
        assert!(checked.err.contains("cannot use the places of places.mmdb"), "{}", checked.err);
        assert!(checked.err.contains(why), "{why}: {}", checked.err);
        assert_eq!(rules_of(&logtest(&conf, &[], &["8.8.8.8"]).0), [100]);
    }
}

#[test]
fn alerts_tell_the_place_in_every_layout() {
    let folder = Folder::new("places-alerts");
    let conf = configured(&folder);
    let (log, written) = (folder.write("log", door("from 41.78.120.9\n")), folder.join("written"));
    let mut analyze = command(&["analyze", "-c"]);
    let finished = finish(analyze.arg(&conf).arg("--write").arg(&written).arg(&log), b"");
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    let read = |name: &str| fs::read_to_string(written.join(name)).expect("it is written");
    let text = read("alerts/alerts.log");
    assert!(text.contains("Src IP: 41.78.120.9\nSrc Location: CF / Haut-Mbomou\n"), "{text}");
    let json: Value = serde_json::from_str(read("alerts/alerts.json").trim_end()).expect("one alert");
    assert_eq!(json["srcgeoip"], "CF / Haut-Mbomou");
    assert_eq!(json["dstgeoip"], Value::Null);
}

#[test]
fn tests_that_need_places_are_skipped_without_them() {
    let folder = Folder::new("places-tests");
    let database = folder.write("places.mmdb", mmdb::database(&mmdb::ROWS)).display().to_string();
    let conf = own_rules(&folder, RULES, "", "");
    let case = |rule: u32, level: u32, address: &str| {
        format!("[{rule}]\nlog 1 pass = {}\nrule = {rule}\nalert = {level}\ndecoder = door\n", door(address))
    };
    let cases = case(101, 4, "from 41.78.120.9") + &case(100, 3, "from 10.0.0.1");
    let file = folder.write("places.ini", cases);
    let test =
        |more: &[&str]| finish(command(&["rules", "test", "-c"]).arg(&conf).arg(&file).args(more), b"");
    let without = test(&[]);
    assert_eq!(without.code, Some(0), "{}{}", without.out, without.err);
    assert!(without.out.contains("2 cases: 1 passed, 0 failed, 1 skipped"), "{}", without.out);
    assert!(without.err.contains("places.ini:2 [101] log 1 pass: its rule asks where"), "{}", without.err);
    let with = test(&["--geoip", &database]);
    assert!(with.out.contains("2 cases: 2 passed, 0 failed, 0 skipped"), "{}", with.out);
}

#[test]
fn a_reload_opens_the_database_again() {
    let watched = Watched::with_own_rules("places-reload", RULES);
    let options = Watched::options(&watched.folder) + DATABASE;
    own_rules(&watched.folder, RULES, "", &options);
    let row = |country| mmdb::database(&[mmdb::row("8.8.8.0/24", country, "", "Somewhere")]);
    watched.folder.write("places.mmdb", row("AA"));
    let mut running = watched.start();
    watched.append(&door("from 8.8.8.8"));
    assert_eq!(watched.wait_for_alert(&mut running, "from 8.8.8.8")["srcgeoip"], "AA / Somewhere");
    watched.folder.write("places.mmdb", row("BB"));
    running.signal("HUP");
    running.wait_for("reload", |running| running.err().contains("rules read again"));
    watched.append(&door("then from 8.8.8.8"));
    assert_eq!(watched.wait_for_alert(&mut running, "then from 8.8.8.8")["srcgeoip"], "BB / Somewhere");
    assert_eq!(running.stop().code, Some(0));
}
