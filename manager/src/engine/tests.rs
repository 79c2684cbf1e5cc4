//! Correlation and memory, by small rulesets of their own.

mod wazuh;

use super::memory::MemoryOptions;
use super::session::{EngineOptions, Lent, Session};
use super::{Ruleset, Settings};
use crate::compile::{self, Files, RuleSource};
use crate::diagnose::{Colour, Diagnostics, Sources};
use crate::xml::{self, Syntax};
use bartizan_core::event::{Event, Field, Known, Moment, Origin};
use bartizan_core::image::Dialect;
use bartizan_core::rules::judge::{Fate, Manner};
use std::path::Path;

mod forgetting;
mod packets;
mod reload;

const ROOT: &str = r#"<group name="syslog,"><rule id="1" level="0" noalert="1"><category>syslog</category>
    <description>all</description></rule></group>"#;

/// Decodes `who=USER ip=ADDRESS id=NUMBER TEXT`.
const DECODER: &str = r#"<decoder name="probe"><prematch>^who=</prematch>
    <regex>^who=(\S+) ip=(\S+) id=(\S+) </regex><order>user, srcip, id</order><fts>name, user</fts></decoder>"#;

fn ruleset(rules: &str, settings: Settings) -> Ruleset {
    ruleset_in(Dialect::Ossec, DECODER, rules, settings)
}

fn ruleset_in(dialect: Dialect, decoders: &str, rules: &str, settings: Settings) -> Ruleset {
    compiled(dialect, decoders, rules, settings).0
}

fn compiled(dialect: Dialect, decoders: &str, rules: &str, settings: Settings) -> (Ruleset, Vec<RuleSource>) {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let syntax = if dialect == Dialect::Wazuh { Syntax::WAZUH } else { Syntax::OSSEC };
    let mut read = |name: &str, text: &str| {
        let id = sources.add(name, text);
        xml::read(&syntax, &sources, id, &mut report)
    };
    let rules = format!("{ROOT}<group name=\"probe,\">{rules}</group>");
    let files = Files {
        decoders: vec![read("decoders", decoders)],
        rules: vec![read("rules", &rules)],
        lists: Vec::new(),
    };
    let settings_of_rules = compile::Settings { dialect, ..compile::Settings::default() };
    let compiled = compile::compile(&files, &settings_of_rules, &mut report);
    let compiled = compiled.unwrap_or_else(|| panic!("{}", report.render(&sources, Colour::None)));
    (Ruleset::new(compiled.image, Vec::new(), settings).expect("a sound image"), compiled.sources)
}

/// Before the text of an event whose record was merged.
const MERGED: &str = "MERGED ";

/// What an event led to: the rule, and the texts that its alert quotes.
type Answer = (Option<u32>, Vec<String>);

/// Feeds events, each with its second, to an engine.
fn answers(ruleset: &Ruleset, options: &EngineOptions, events: &[(i64, String)]) -> Vec<Answer> {
    let here = |(second, text): &(i64, String)| (*second, "/var/log/probe", text.clone());
    answers_from(ruleset, options, &events.iter().map(here).collect::<Vec<_>>())
}

/// Feeds events, each with its second and its location, to an engine.
fn answers_from(ruleset: &Ruleset, options: &EngineOptions, events: &[(i64, &str, String)]) -> Vec<Answer> {
    let mut lent = Lent::new(ruleset);
    let mut session = Session::new(ruleset, &mut lent, options).expect("an engine");
    let mut known = Known::default();
    let mut all = Vec::new();
    for (epoch, location, text) in events {
        let now = Moment { epoch: *epoch, minute: 0, weekday: 0 };
        let origin = Origin { location: location.as_bytes(), local_host: b"keep", now };
        let merged = text.strip_prefix(MERGED);
        let mut event = Event::new(merged.unwrap_or(text).as_bytes(), origin, &mut known);
        if merged.is_some() {
            event.take_apart();
        }
        let verdict = session.judge(&mut event);
        let rule = verdict.rule.filter(|_| verdict.fate == Fate::Fired);
        let id = rule.and_then(|row| session.court.image.rule(row)).map(|rule| rule.id.get());
        let previous = session.court.previous(&verdict);
        all.push((id, previous.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()));
        session.court.remember(&event, &verdict);
    }
    all
}

fn ids(answers: &[Answer]) -> Vec<Option<u32>> {
    answers.iter().map(|(id, _)| *id).collect()
}

fn ids_of(rules: &str, events: &[(i64, String)]) -> Vec<Option<u32>> {
    ids(&answers(&ruleset(rules, Settings::default()), &EngineOptions::default(), events))
}

fn probe(second: i64, who: &str, ip: &str, id: &str) -> (i64, String) {
    (1000 + second, format!("who={who} ip={ip} id={id} probe"))
}

const BASE: &str = r#"<rule id="100" level="3"><match>probe</match><description>probe</description></rule>"#;

fn composite(attributes: &str, inside: &str) -> String {
    format!("{BASE}<rule id=\"200\" level=\"10\" {attributes}>{inside}<description>many</description></rule>")
}

#[test]
fn frequency_n_fires_on_the_event_n_plus_two_and_marks_end_later_searches() {
    let rules = composite("frequency=\"2\" timeframe=\"100\"", "<if_matched_sid>100</if_matched_sid>");
    let events: Vec<_> = (0..8).map(|second| probe(second, "a", "192.0.2.1", "1")).collect();
    let fired = ids_of(&rules, &events);
    let (one, many) = (Some(100), Some(200));
    assert_eq!(fired, [one, one, one, many, one, one, one, many]);
}

/// A probe of which the packets went to these ports.
fn merged(second: i64, packets: u32, parts: &str) -> (i64, String) {
    let (second, text) = probe(second, "a", "192.0.2.1", "1");
    (second, format!("{MERGED}{text} [merged {packets} packets in 3 s: {parts}]"))
}

#[test]
fn an_event_of_several_packets_counts_as_often() {
    let rules = composite("frequency=\"2\" timeframe=\"100\"", "<if_matched_sid>100</if_matched_sid>");
    let (one, many) = (Some(100), Some(200));
    assert_eq!(ids_of(&rules, &[merged(0, 4, "22x4")]), [many]);
    assert_eq!(ids_of(&rules, &[merged(0, 3, "22x3"), probe(1, "a", "192.0.2.1", "1")]), [one, many]);
    assert_eq!(ids_of(&rules, &[probe(0, "a", "192.0.2.1", "1"), merged(1, 3, "22x3")]), [one, many]);
    assert_eq!(ids_of(&rules, &[merged(0, 2, "22x2"), probe(1, "a", "192.0.2.1", "1")]), [one, one]);
    assert_eq!(ids_of(&rules, &[merged(0, 2, "22x2"), merged(1, 2, "22x2")]), [one, many]);
    // Once it was used up it does not count again.
    assert_eq!(ids_of(&rules, &[merged(0, 9, "22x9"), probe(1, "a", "192.0.2.1", "1")]), [many, one]);
    // To a rule about rules that counted it is one of those.
    let above = "<rule id=\"300\" level=\"12\" frequency=\"1\"><if_matched_sid>200</if_matched_sid>\
                 <description>again</description></rule>";
    let thrice = [merged(0, 90, "22x90"), merged(9, 90, "22x90"), merged(18, 90, "22x90")];
    assert_eq!(ids_of(&format!("{rules}{above}"), &thrice), [many, many, Some(300)]);
    // What somebody wrote behind a line of his own is one packet.
    let forged = (1000, merged(0, 900, "22x900").1.replace(MERGED, ""));
    assert_eq!(ids_of(&rules, &[forged]), [one]);
}

#[test]
fn what_must_be_the_same_or_differ_counts_among_merged_packets_too() {
    let rules = |inside: &str| {
        let inside = format!("<if_matched_sid>100</if_matched_sid>{inside}");
        composite("frequency=\"2\" timeframe=\"100\"", &inside)
    };
    let (one, many) = (Some(100), Some(200));
    for (inside, expected) in [
        ("<same_source_ip />", many),
        ("<same_src_port />", many),
        ("<same_dst_port />", one),
        ("<different_url />", one),
    ] {
        assert_eq!(ids_of(&rules(inside), &[merged(0, 5, "22x3 23x2")]), [expected], "{inside}");
    }
    assert_eq!(ids_of(&rules("<same_dst_port />"), &[merged(0, 5, "22x4 23")]), [many]);
    let (second, text) = merged(0, 5, "22x3 23x2");
    let others = (second, text.replace(" s: ", " s from other ports: "));
    assert_eq!(ids_of(&rules("<same_src_port />"), &[others]), [one]);
}

#[test]
fn rules_see_how_many_packets_and_ports_there_were() {
    let rule = |field: &str| {
        format!(
            "<rule id=\"101\" level=\"5\"><field name=\"{field}\">^3$</field><description>x</description></rule>{BASE}"
        )
    };
    assert_eq!(ids_of(&rule("ports"), &[merged(0, 9, "1x7 2 3")]), [Some(101)]);
    assert_eq!(ids_of(&rule("packets"), &[merged(0, 9, "1x7 2 3")]), [Some(100)]);
    assert_eq!(ids_of(&rule("packets"), &[merged(0, 3, "1x3")]), [Some(101)]);
    assert_eq!(ids_of(&rule("ports"), &[probe(0, "a", "192.0.2.1", "1")]), [Some(100)]);
}

#[test]
fn an_alert_quotes_the_events_that_led_to_it_newest_first() {
    let rules = composite("frequency=\"1\" timeframe=\"100\"", "<if_matched_sid>100</if_matched_sid>");
    let events: Vec<_> = ["1", "2", "3"].iter().map(|id| probe(0, "a", "192.0.2.1", id)).collect();
    let answers = answers(&ruleset(&rules, Settings::default()), &EngineOptions::default(), &events);
    assert_eq!(answers[2].0, Some(200));
    assert_eq!(answers[2].1, [events[1].1.clone(), events[0].1.clone()]);
}

#[test]
fn events_beyond_the_timeframe_do_not_count() {
    let rules = composite("frequency=\"1\" timeframe=\"10\"", "<if_matched_sid>100</if_matched_sid>");
    let at = |seconds: [i64; 3]| seconds.map(|second| probe(second, "a", "192.0.2.1", "1")).to_vec();
    assert_eq!(ids_of(&rules, &at([0, 5, 10]))[2], Some(200));
    assert_eq!(ids_of(&rules, &at([0, 5, 11]))[2], Some(100));
}

#[test]
fn same_values_are_asked_for_and_missing_ones_never_are_the_same() {
    let inside = "<if_matched_sid>100</if_matched_sid><same_source_ip />";
    let rules = composite("timeframe=\"100\"", inside);
    let two = |first: &str, second: &str| {
        ids_of(&rules, &[probe(0, "a", first, "1"), probe(1, "b", second, "2")])[1]
    };
    assert_eq!(two("192.0.2.1", "192.0.2.1"), Some(200));
    assert_eq!(two("192.0.2.1", "192.0.2.2"), Some(100));
    let without = [(1000, "a probe".to_owned()), (1001, "a probe".to_owned())];
    assert_eq!(ids_of(&rules, &without)[1], Some(100));
}

#[test]
fn a_group_is_fed_by_all_its_rules_that_were_loaded_before() {
    let rules = r#"
        <rule id="100" level="3"><match>first</match><group>pair,</group><description>a</description></rule>
        <rule id="101" level="3"><match>second</match><group>pair,</group><description>b</description></rule>
        <rule id="200" level="10" timeframe="100"><if_matched_group>pair</if_matched_group>
            <match>third</match><description>c</description></rule>
        <rule id="102" level="3"><match>third</match><description>d</description></rule>"#;
    let event = |text: &str| (1000, format!("who=a ip=192.0.2.1 id=1 {text}"));
    // 200 hangs under the rules of the group, so it needs one of their words.
    assert_eq!(ids_of(rules, &[event("first"), event("second third")]), [Some(100), Some(200)]);
    assert_eq!(ids_of(rules, &[event("third"), event("second third")]), [Some(102), Some(101)]);
}

#[test]
fn all_history_can_be_searched_by_a_pattern() {
    let inside =
        r"<if_sid>100</if_sid><match>closing</match><if_matched_regex>opening \d+</if_matched_regex>";
    let rules = composite("timeframe=\"100\"", inside);
    let event = |text: &str| (1000, format!("who=a ip=192.0.2.1 id=1 probe {text}"));
    assert_eq!(ids_of(&rules, &[event("opening 77"), event("closing")])[1], Some(200));
    assert_eq!(ids_of(&rules, &[event("opening x"), event("closing")])[1], Some(100));
}

#[test]
fn a_rule_with_ignore_is_silent_for_its_time_in_the_daemon() {
    let rules =
        r#"<rule id="100" level="3" ignore="60"><match>probe</match><description>a</description></rule>"#;
    let events = [0, 30, 59, 60, 119, 120].map(|second| probe(second, "a", "192.0.2.1", "1"));
    let fires = Some(100);
    assert_eq!(ids_of(rules, &events), [fires, None, None, fires, None, fires]);
}

const FIRST: &str = r#"<rule id="100" level="3"><match>probe</match><description>known</description></rule>
    <rule id="101" level="4"><if_sid>100</if_sid><if_fts /><description>new</description></rule>"#;

#[test]
fn what_is_seen_first_is_known_after_and_survives_a_restart() {
    let home = tempfile::tempdir().expect("a folder");
    let memory = MemoryOptions { home: Some(home.path().to_owned()), write: true };
    let options = EngineOptions { manner: Manner::Daemon, memory };
    let ruleset = ruleset(FIRST, Settings::default());
    let event = |who: &str| probe(0, who, "192.0.2.1", "1");
    let first = answers(&ruleset, &options, &[event("eve"), event("eve"), event("bob")]);
    assert_eq!(ids(&first), [Some(101), Some(100), Some(101)]);
    let again = answers(&ruleset, &options, &[event("bob"), event("mallory")]);
    assert_eq!(ids(&again), [Some(100), Some(101)]);
}

const DIFFERS: &str = r#"<rule id="100" level="0"><match>probe</match><description>output</description></rule>
    <rule id="101" level="7"><if_sid>100</if_sid><check_diff /><description>changed</description></rule>"#;

fn differences(options: &EngineOptions) {
    let ruleset = ruleset(DIFFERS, Settings::default());
    let event = |state: &str| (1000, format!("probe {state}"));
    let all = answers(&ruleset, options, &[event("a"), event("a"), event("b"), event("b")]);
    assert_eq!(ids(&all), [None, None, Some(101), None]);
    assert_eq!(all[2].1, ["Previous output:", "probe a"]);
}

#[test]
fn an_output_that_differs_alerts_with_the_one_before() {
    differences(&EngineOptions::default());
    let home = tempfile::tempdir().expect("a folder");
    let memory = MemoryOptions { home: Some(home.path().to_owned()), write: true };
    differences(&EngineOptions { manner: Manner::Daemon, memory });
    let state = home.path().join("queue/diff/keep/101/last-entry");
    assert_eq!(std::fs::read(state).expect("kept"), b"probe b\0");
}

#[test]
fn a_host_name_cannot_lead_out_of_the_folder_of_outputs() {
    let home = tempfile::tempdir().expect("a folder");
    let memory = MemoryOptions { home: Some(home.path().join("inner")), write: true };
    let options = EngineOptions { manner: Manner::Daemon, memory };
    let event = (1000, "Jan  1 00:00:00 ../../../../x probe: probe".to_owned());
    answers(&ruleset(DIFFERS, Settings::default()), &options, &[event]);
    let names = |folder: &Path| {
        std::fs::read_dir(folder)
            .expect("a folder")
            .map(|e| e.expect("readable").file_name())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(home.path()), ["inner"]);
    assert_eq!(names(&home.path().join("inner/queue/diff")).len(), 1);
}

/// Rules, settings and events by which a history runs over: texts of very
/// different lengths, so that the ring of bytes wraps at odd places and is full
/// before the ring of slots is; two lists, so that links of one do not leak
/// into the other.
fn running_over() -> (String, Settings, Vec<(i64, String)>) {
    let rules = format!(
        "{}<rule id=\"201\" level=\"11\" frequency=\"3\" timeframe=\"99999\"><if_matched_group>probe</if_matched_group>\
         <same_user /><match>final</match><description>c</description></rule>",
        composite(
            "frequency=\"4\" timeframe=\"99999\"",
            "<if_matched_sid>100</if_matched_sid><same_source_ip />"
        )
    );
    let settings = Settings { memory_size: 4096, ..Settings::default() };
    let mut seed = 7u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let events = (0..15_000)
        .map(|number| {
            let (who, ip, long) = (random(5), random(6), random(5900) as usize);
            let last = if random(10) == 0 { "final" } else { "" };
            let text = format!("who=u{who} ip=192.0.2.{ip} id={number} probe {} {last}", "x".repeat(long));
            (1000 + number / 50, text)
        })
        .collect();
    (rules, settings, events)
}

#[test]
fn history_that_runs_over_forgets_the_oldest_and_keeps_its_lists_whole() {
    let (rules, settings, events) = running_over();
    let all = answers(&ruleset(&rules, settings), &EngineOptions::default(), &events);
    let word = |text: &str, n: usize| text.split(' ').nth(n).map(str::to_owned);
    for (rule, compared, quoted) in [(200, 1, 5), (201, 0, 3)] {
        let fired: Vec<_> = (0..all.len()).filter(|number| all[*number].0 == Some(rule)).collect();
        assert!(fired.len() > 50, "rule {rule} fired {} times", fired.len());
        for number in fired {
            let previous = &all[number].1;
            assert_eq!(previous.len(), quoted, "event {number}");
            for text in previous {
                let id: usize = word(text, 2).and_then(|id| id[3..].parse().ok()).expect("an id");
                assert_eq!(text, &events[id].1, "the text of event {id} is whole");
                assert!(id < number && number - id <= 4096, "event {id} is remembered at {number}");
                assert_eq!(word(text, compared), word(&events[number].1, compared), "event {number}");
            }
        }
    }
}
