//! What people who write rules ask, and what they are told: the real binary
//! with small rules of a test's own, and with the built-in ones.

use bartizan_tests::Folder;
use bartizan_tests::process::{Finished, command, finish};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const DECODERS: &str = r#"
<decoder name="gate"><program_name>^gate$</program_name></decoder>
<decoder name="door"><program_name>^door$</program_name></decoder>
<decoder name="door-from">
  <parent>door</parent>
  <regex>from (\S+)$</regex>
  <order>srcip</order>
</decoder>
"#;

const RULES: &str = r#"<group name="own,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>All</description></rule>
  <rule id="2" level="0" noalert="1"><category>firewall</category><description>Packets</description></rule>
  <rule id="100" level="0">
    <decoded_as>door</decoded_as>
    <description>Doors</description>
  </rule>
  <rule id="101" level="5">
    <if_sid>100</if_sid>
    <match>knock</match>
    <srcip>192.0.2.0/24</srcip>
    <description>Somebody knocks</description>
    <group>knocks,</group>
  </rule>
  <rule id="102" level="4">
    <if_sid>100</if_sid>
    <match>knock|ring</match>
    <description>Somebody is there</description>
  </rule>
  <rule id="103" level="9" frequency="1" timeframe="60">
    <if_matched_sid>101</if_matched_sid>
    <same_source_ip />
    <description>Somebody knocks on and on</description>
  </rule>
  <rule id="104" level="3">
    <if_sid>2</if_sid>
    <match>drop</match>
    <description>A packet</description>
  </rule>
</group>
"#;

/// Rules of a test's own; the configuration that names them.
fn rules(folder: &Folder, rules: &str) -> PathBuf {
    folder.write("etc/decoders.xml", DECODERS);
    folder.write("rules/own.xml", rules);
    folder.write(
        "etc/ossec.conf",
        "<ossec_config><rules><decoder>etc/decoders.xml</decoder><include>own.xml</include></rules></ossec_config>",
    )
}

fn ask(words: &[&str], conf: &Path, input: &str) -> Finished {
    finish(command(words).arg("-c").arg(conf), input.as_bytes())
}

fn json(finished: &Finished) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    finished.out.lines().map(line).collect()
}

fn door(text: &str) -> String {
    format!("Nov 21 09:00:00 gate door: {text}\n")
}

#[test]
fn a_rule_is_shown_with_its_conditions_its_neighbours_and_its_text() {
    let folder = Folder::new("show");
    let conf = rules(&folder, &RULES.replace("</group>\n", OVERWRITE));
    let shown = &json(&ask(&["rules", "show", "101", "--json"], &conf, ""))[0];
    assert_eq!((&shown["level"], &shown["line"]), (&6.into(), &8.into()));
    assert_eq!(shown["overwritten"][0]["line"], 34);
    assert_eq!(shown["parents"], serde_json::json!([100]));
    assert_eq!((&shown["children"], &shown["correlated_by"]), (&vec![103].into(), &vec![103].into()));
    assert_eq!(shown["conditions"][0]["words"], "the log matches `bang` (match)");
    assert!(shown["xml"][0].as_str().expect("a text").starts_with("  <rule id=\"101\" level=\"5\">"));
    let counting = &json(&ask(&["rules", "show", "103", "--json"], &conf, ""))[0];
    assert_eq!(counting["correlates_with"], serde_json::json!([101]));
    assert_eq!(counting["correlation"]["earlier_events"], 2);
    let text = ask(&["rules", "show", "103"], &conf, "");
    assert!(
        text.out.contains("there are 2 earlier events of rule 101 within 60 s, same_source_ip"),
        "{}",
        text.out
    );
    let unknown = ask(&["rules", "show", "105"], &conf, "");
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("there is no rule 105"), "{}", unknown.err);
}

const OVERWRITE: &str = r#"  <rule id="101" level="6" overwrite="yes">
    <match>bang</match>
    <description>Somebody bangs</description>
  </rule>
</group>
"#;

#[test]
fn rules_are_found_by_what_stands_in_them_and_drawn_in_the_order_of_trying() {
    let folder = Folder::new("search");
    let conf = rules(&folder, RULES);
    let found = |text: &str| -> Vec<u64> {
        let finished = ask(&["rules", "search", text, "--json"], &conf, "");
        json(&finished).iter().map(|rule| rule["rule"].as_u64().expect("a number")).collect()
    };
    assert_eq!(found("KNOCK|ring"), [102], "patterns");
    assert_eq!(found("104"), [104], "numbers");
    assert_eq!(found("somebody is"), [102], "descriptions");
    assert_eq!(found("own.xml").len(), 7, "names of files");
    assert_eq!(ask(&["rules", "search", "nothing like it"], &conf, "").code, Some(1));
    let tree = ask(&["rules", "tree", "100"], &conf, "");
    let lines: Vec<_> = tree.out.lines().map(|line| line.split(' ').find(|w| !w.is_empty())).collect();
    assert_eq!(lines, [Some("100"), Some("101"), Some("103"), Some("102")], "{}", tree.out);
    let roots = json(&ask(&["rules", "tree", "--json"], &conf, ""));
    assert_eq!((&roots[1]["rule"], &roots[1]["hidden"]), (&100.into(), &2.into()));
}

#[test]
fn an_explanation_names_decoders_conditions_and_what_correlation_counts() {
    let folder = Folder::new("explain");
    let conf = rules(&folder, RULES);
    let input = [door("knock from 192.0.2.7"), door("knock from 192.0.2.8"), door("knock from 192.0.2.7")];
    let answers = json(&ask(&["logtest", "--json", "--explain"], &conf, &input.concat()));
    let last = &answers[2]["explain"];
    let of = |list: &Value, key: &str, wanted: Value| {
        let found = list.as_array().expect("a list").iter().find(|one| one[key] == wanted);
        found.unwrap_or_else(|| panic!("{key} {wanted} in {list}")).clone()
    };
    assert_eq!(of(&last["decoders"], "decoder", "gate".into())["result"], "program_name");
    assert_eq!(of(&last["decoders"], "decoder", "door".into())["result"], "took part");
    assert_eq!(of(&last["decoders"], "decoder", "door-from".into())["result"], "chosen");
    assert_eq!(of(&last["rules"], "rule", 101.into())["holds"], true);
    let search = of(&last["correlation"], "rule", 103.into());
    assert_eq!(
        (&search["counted"], &search["wanted"], &search["looked_at"]),
        (&1.into(), &2.into(), &2.into())
    );
    let reason = search["events"][0]["reason"].as_str().expect("a text");
    assert_eq!(reason, "same_source_ip: `192.0.2.8` then, `192.0.2.7` now");
    assert_eq!(last["nearest"], serde_json::json!([103]));

    let far = json(&ask(&["logtest", "--json", "--explain"], &conf, &door("knock from 198.51.100.1")));
    let failed = of(&far[0]["explain"]["rules"], "rule", 101.into());
    assert_eq!((&failed["held"], &failed["value"]), (&1.into(), &"198.51.100.1".into()));
    assert_eq!(failed["failed"]["words"], "the srcip is in `192.0.2.0/24`");
    assert_eq!(far[0]["rule"], 102, "an explanation changes no answer");

    let text = ask(&["logtest", "--explain"], &conf, &input.concat());
    let counted = "no: 1 of 2 earlier events of rule 101 within 60 s, same_source_ip";
    assert!(text.out.contains(counted), "{}", text.out);
}

#[test]
fn why_a_rule_did_not_fire_is_the_first_thing_that_said_no() {
    let folder = Folder::new("why");
    let conf = rules(&folder, RULES);
    let why = |rule: &str, line: &str| {
        let finished = ask(&["logtest", "--json", "--rule", rule], &conf, line);
        json(&finished).last().unwrap_or_else(|| panic!("{}", finished.err))["why"].clone()
    };
    let near = door("knock from 192.0.2.7");
    let obstacle = |rule: &str, line: &str| {
        let why = why(rule, line);
        (why["obstacle"].as_str().expect("a text").to_owned(), why["at"].as_u64(), why["other"].as_u64())
    };
    assert_eq!(obstacle("101", &near), ("fires".into(), Some(101), None));
    assert_eq!(obstacle("104", &near), ("type of log".into(), Some(2), None));
    assert_eq!(obstacle("102", &near), ("an earlier rule holds".into(), Some(102), Some(101)));
    assert_eq!(obstacle("101", &door("ring")), ("condition".into(), Some(101), None));
    assert_eq!(obstacle("103", &near), ("correlation".into(), Some(103), None));
    let gate = "Nov 21 09:00:00 gate gate: knock from 192.0.2.7\n";
    assert_eq!(obstacle("101", gate), ("condition".into(), Some(100), None));
    assert_eq!(obstacle("100", &near), ("another rule fires".into(), Some(100), Some(101)));

    let text = ask(&["logtest", "--rule", "101"], &conf, &door("knock from 198.51.100.1"));
    assert!(text.out.contains("own.xml:11:12"), "{}", text.out);
    assert!(text.out.contains("^^^^^^^^^^^^ not so for `198.51.100.1`"), "{}", text.out);
    let unknown = ask(&["logtest", "--rule", "7"], &conf, &near);
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(2), ""));
}

#[test]
fn a_recorded_case_passes_and_nothing_is_overwritten() {
    let folder = Folder::new("record");
    let conf = rules(&folder, RULES);
    let file = folder.join("own.ini");
    let record = |more: &[&str], input: &str| {
        let mut recording = command(&["rules", "test", "--record"]);
        finish(recording.arg(&file).arg("-c").arg(&conf).args(more), input.as_bytes())
    };
    let (line, three) = (door("100% knock from 192.0.2.7"), door("knock from 192.0.2.9").repeat(3));
    let first = record(&["--name", "knocking", line.trim_end()], "");
    assert_eq!(first.code, Some(0), "{}", first.err);
    assert!(first.out.contains("[knocking] expects rule 101, level 5, decoder door"), "{}", first.out);
    let second = record(&["--json"], &three);
    assert_eq!(json(&second)[0]["expected"]["rule"], "103");
    let before = fs::read(&file).expect("it is there");
    for refused in [&["--name", "knocking", "x"][..], &[line.trim_end()]] {
        assert_eq!(record(refused, "").code, Some(2));
    }
    assert_eq!(fs::read(&file).expect("it is there"), before);

    let tested = finish(command(&["rules", "test", "--coverage", "--json", "-c"]).arg(&conf).arg(&file), b"");
    assert_eq!(tested.code, Some(0), "{}", tested.out);
    let summary = &json(&tested)[0];
    assert_eq!((&summary["passed"], &summary["failed"]), (&2.into(), &0.into()));
    let coverage = &summary["coverage"];
    assert_eq!(coverage["rules"]["missed"], serde_json::json!([2, 102, 104]));
    assert_eq!(coverage["rules"]["percent"], 57.1);
    assert_eq!(coverage["decoders"]["missed"][0]["decoder"], "gate");
    assert_eq!((&coverage["decoders"]["reached"], &coverage["decoders"]["all"]), (&2.into(), &3.into()));
}

#[test]
fn a_profile_counts_exactly() {
    let folder = Folder::new("profile");
    let conf = rules(&folder, RULES);
    let log = folder.write("door.log", door("knock from 192.0.2.7").repeat(5) + &door("ring"));
    let asked = &["rules", "profile", "--json", "-n", "0"];
    let profile = &json(&finish(command(asked).arg("-c").arg(&conf).arg(&log), b""))[0];
    assert_eq!(profile["events"], 6);
    let counts = |rule: u32| {
        let rules = profile["rules"].as_array().expect("a list");
        let found = rules.iter().find(|one| one["rule"] == rule);
        found.map(|one| (one["tried"].as_u64(), one["held"].as_u64()))
    };
    assert_eq!(counts(101), Some((Some(6), Some(5))));
    assert_eq!(counts(103), Some((Some(5), Some(1))), "the third; it uses up those before");
    assert_eq!(counts(102), Some((Some(1), Some(1))));
    assert_eq!(counts(104), None, "never tried");
    let text = finish(command(&["rules", "profile", "-n", "1", "-c"]).arg(&conf).arg(&log), b"");
    assert!(text.out.contains("TRIED  HELD"), "{}", text.out);
}

#[test]
fn a_comparison_tells_each_kind_of_difference_once() {
    let folder = Folder::new("diff-old");
    let old = rules(&folder, RULES);
    let other = Folder::new("diff-new");
    let new = rules(
        &other,
        &RULES.replace("id=\"101\" level=\"5\"", "id=\"101\" level=\"7\"").replace("knock|ring", "knock"),
    );
    let log = folder.write("door.log", door("ring").repeat(3) + &door("knock from 192.0.2.7"));
    let diff = |arguments: &[&Path], more: &[&str]| {
        finish(command(&["rules", "diff"]).args(arguments).args(more), b"")
    };
    let differs = diff(&[&old, &new, &log], &["--json"]);
    assert_eq!(differs.code, Some(1), "{}", differs.err);
    let groups = json(&differs);
    assert_eq!(groups.len(), 2);
    assert_eq!(
        (&groups[0]["lines"], &groups[0]["old"]["rule"], &groups[0]["new"]["rule"]),
        (&3.into(), &102.into(), &100.into())
    );
    assert_eq!(groups[0]["differences"], serde_json::json!(["alert", "rule"]));
    assert_eq!(groups[1]["differences"], serde_json::json!(["level"]));
    let same = diff(&[&old, &old, &log], &[]);
    assert_eq!((same.code, same.out.as_str()), (Some(0), "0 of 4 lines differ\n"));
    let built_in = diff(&[Path::new("built-in"), Path::new("built-in"), &log], &[]);
    assert_eq!(built_in.code, Some(0), "{}", built_in.err);
}

#[test]
fn rules_that_can_never_fire_are_warned_of_unless_that_is_allowed() {
    let folder = Folder::new("lint");
    let more = r#"  <rule id="105" level="3">
    <if_sid>100</if_sid>
    <match>knock|ring</match>
    <regex>at \w+</regex>
    <description>Shadowed by 102</description>
  </rule>
  <rule id="106" level="9" frequency="1">
    <if_sid>100</if_sid>
    <if_matched_sid>999</if_matched_sid>
    <description>Counts nothing</description>
  </rule>
  <rule id="107" level="3">
    <if_sid>2</if_sid>
    <decoded_as>door</decoded_as>
    <description>Doors are no packets</description>
  </rule>
  <rule id="108" level="3">
    <!-- allow shadowed -->
    <if_sid>100</if_sid>
    <match>knock|ring</match>
    <description>Known to be shadowed</description>
  </rule>
</group>
"#;
    let conf = rules(&folder, &RULES.replace("</group>\n", more));
    let checked = ask(&["check", "--json"], &conf, "");
    assert_eq!(checked.code, Some(0), "warnings are no errors: {}", checked.out);
    let report = &json(&checked)[0];
    let found: Vec<_> = report["diagnostics"].as_array().expect("a list").iter().collect();
    let starts = ["rule 105 never fires: rule 102", "rule 106 never fires", "rule 107 never fires"];
    let ends = ["[shadowed]", "[counts-nothing]", "[unreachable]"];
    assert_eq!(found.len(), 3, "{}", checked.out);
    for (found, (start, end)) in found.iter().zip(starts.into_iter().zip(ends)) {
        let message = found["message"].as_str().expect("a text");
        assert!(message.starts_with(start) && message.ends_with(end), "{message}");
        assert!(found["line"].as_u64() > Some(29), "{found}");
    }
}

#[test]
fn contradictions_and_searches_that_are_not_linear_are_shown_where_they_are() {
    let folder = Folder::new("lint-patterns");
    let more = r#"  <rule id="110" level="3"><if_sid>100</if_sid><match>^Failed</match><description>a</description></rule>
  <rule id="111" level="3"><if_sid>110</if_sid>
    <match>^Accepted</match><description>Never below 110</description></rule>
  <rule id="112" level="3"><if_sid>110</if_sid><match>^FAIL</match><description>b</description></rule>
  <rule id="113" level="3"><if_sid>110</if_sid><match>Accepted</match><description>c</description></rule>
  <rule id="114" level="3"><if_sid>110</if_sid><regex>^Accepted|Failed</regex><description>d</description></rule>
  <rule id="115" level="3"><if_sid>110</if_sid>
    <pcre2>^(?:Acc|Ign)\w+</pcre2><description>Neither of them below 110</description></rule>
  <rule id="116" level="3"><if_sid>100</if_sid>
    <decoded_as>gate</decoded_as><description>A gate is no door</description></rule>
  <!-- allow contradiction -->
  <rule id="117" level="3"><if_sid>110</if_sid><match>^Ignored</match><description>e</description></rule>
  <rule id="118" level="3"><if_sid>100</if_sid>
    <pcre2>from (?!192)\d+</pcre2><description>Looks around</description></rule>
  <rule id="119" level="3"><if_sid>100,110</if_sid><match>^Accepted</match><description>f</description></rule>
</group>
"#;
    let own = RULES.strip_suffix("</group>\n").expect("a group");
    let conf = rules(&folder, &format!("{own}{more}"));
    let looking = "<decoder name=\"looking\"><prematch_pcre2>^(?=ab)a</prematch_pcre2></decoder>\n";
    folder.write("etc/decoders.xml", format!("{DECODERS}{looking}"));
    let checked = ask(&["check", "--json"], &conf, "");
    assert_eq!(checked.code, Some(0), "warnings are no errors: {}", checked.out);
    let report = &json(&checked)[0];
    let found: Vec<_> = report["diagnostics"].as_array().expect("a list").iter().collect();
    let message = |found: &&Value| found["message"].as_str().expect("a text").to_owned();
    let messages: Vec<_> = found.iter().map(message).collect();
    let expected = [
        "a search for a pattern of the decoder `looking`",
        "rule 111 never fires: it asks that the log matches `^Accepted` (match), and above it, in rule 110, the log",
        "rule 115 never fires",
        "rule 116 never fires: it asks that the decoder is `gate`",
        "a search for a pattern of rule 118 is not linear in the length of the text: it looks around",
    ];
    assert_eq!(messages.len(), expected.len(), "{messages:#?}");
    for (message, start) in messages.iter().zip(expected) {
        assert!(message.starts_with(start), "{message}");
    }
    let lines: Vec<_> = found.iter().skip(1).map(|found| found["line"].as_u64().expect("a line")).collect();
    assert_eq!(lines, [32, 37, 39, 43], "the lines of the patterns");
}
