//! What is remembered goes on with other rules.

use super::*;
use crate::engine::pipeline::{self, Batch, Feed};
use crate::outputs::writer::{AlertWriter, Print};
use crate::ruleset::change::Change;
use proptest::prelude::*;
use std::io;
use std::sync::Arc;

/// Rules of one time, and how many events they judge.
struct Time<'t> {
    dialect: Dialect,
    rules: &'t str,
    settings: Settings,
    events: &'t [(i64, String)],
}

struct Lines<'e>(std::slice::Iter<'e, (i64, String)>);

impl Feed for Lines<'_> {
    fn fill(&mut self, batch: &mut Batch) -> io::Result<bool> {
        let location: Arc<[u8]> = Arc::from(&b"/var/log/probe"[..]);
        while !batch.is_full() {
            let Some((epoch, text)) = self.0.next() else { return Ok(false) };
            batch.push(text.as_bytes(), &location, Moment { epoch: *epoch, minute: 0, weekday: 0 });
        }
        Ok(true)
    }
}

/// The alerts of one engine whose rules are replaced from time to time.
fn alerts(times: &[Time<'_>], memory: &MemoryOptions) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = AlertWriter::new(&mut out, Some(Print::Json));
    let mut before: Option<(Ruleset, Vec<RuleSource>, Lent)> = None;
    for time in times {
        let (ruleset, rules) = compiled(time.dialect, DECODER, time.rules, time.settings.clone());
        let mut lent = match before.take() {
            None => Lent::open(&ruleset, memory).expect("an engine"),
            Some((old, known, lent)) => {
                lent.carried_over(&old, &ruleset, &Change::between(&known, &rules).rows)
            }
        };
        let mut feed = Lines(time.events.iter());
        pipeline::resume(&ruleset, &mut lent, Manner::Daemon, 1, b"keep", &mut feed, &mut writer)
            .expect("a run");
        before = Some((ruleset, rules, lent));
    }
    writer.flush().expect("it is written");
    drop(writer);
    out
}

/// The numbers of the rules that alert.
fn alerting(times: &[(&str, &[(i64, String)])]) -> Vec<u64> {
    alerting_with(times, &MemoryOptions::default())
}

fn alerting_with(times: &[(&str, &[(i64, String)])], memory: &MemoryOptions) -> Vec<u64> {
    let times: Vec<_> = times
        .iter()
        .map(|(rules, events)| Time { dialect: Dialect::Ossec, rules, settings: Settings::default(), events })
        .collect();
    let text = String::from_utf8(alerts(&times, memory)).expect("alerts are UTF-8");
    let id = |line: &str| {
        let alert: serde_json::Value = serde_json::from_str(line).expect("alerts are JSON");
        alert["rule"]["sidid"].as_u64().expect("a number")
    };
    text.lines().map(id).collect()
}

/// Probes of one user, one a second.
fn probes(seconds: std::ops::Range<i64>) -> Vec<(i64, String)> {
    seconds.map(|second| probe(second, "a", "192.0.2.1", "1")).collect()
}

/// Two rules whose events are counted by two others, each once of four.
const PAIRS: &str = r#"
    <rule id="100" level="3"><match>probe</match><user>a</user><description>a</description></rule>
    <rule id="101" level="3"><match>probe</match><user>b</user><description>b</description></rule>
    <rule id="200" level="10" frequency="2" timeframe="100"><if_matched_sid>100</if_matched_sid>
      <description>many a</description></rule>
    <rule id="201" level="10" frequency="2" timeframe="100"><if_matched_sid>101</if_matched_sid>
      <description>many b</description></rule>"#;

/// Events of `a` and `b` in turn.
fn in_turn(seconds: std::ops::Range<i64>) -> Vec<(i64, String)> {
    let of = |second| [probe(second, "a", "192.0.2.1", "1"), probe(second, "b", "192.0.2.2", "2")];
    seconds.flat_map(of).collect()
}

#[test]
fn a_count_goes_on_when_the_same_rules_are_read_again() {
    let (first, second) = (in_turn(0..3), in_turn(3..4));
    assert_eq!(alerting(&[(PAIRS, &first), (PAIRS, &second)])[6..], [200, 201]);
}

#[test]
fn events_of_a_rule_that_asks_something_else_are_forgotten_and_no_others() {
    let (first, second) = (in_turn(0..3), in_turn(3..4));
    let after = |rules: &str| alerting(&[(PAIRS, &first), (rules, &second)])[6..].to_vec();
    let changed = PAIRS.replacen("<match>probe</match>", "<match>prob</match>", 1);
    assert_eq!(after(&changed), [100, 201], "another condition");
    let gone = PAIRS.replacen("id=\"100\"", "id=\"102\"", 1).replace(">100<", ">102<");
    assert_eq!(after(&gone), [102, 201], "another number");
    let counting = PAIRS.replacen("frequency=\"2\"", "frequency=\"1\"", 1);
    assert_eq!(after(&counting), [200, 201], "who counts has changed, not who is counted");
    let moved =
        format!("<rule id=\"90\" level=\"0\"><match>other</match><description>c</description></rule>{PAIRS}");
    assert_eq!(after(&moved), [200, 201], "another row and another list");
}

#[test]
fn what_a_rule_says_may_change_and_who_counts_may_be_new() {
    let (first, second) = (in_turn(0..3), in_turn(3..4));
    let says = PAIRS
        .replacen("<description>a</description>", "<description>A</description><group>new,</group>", 1)
        .replacen("id=\"101\" level=\"3\"", "id=\"101\" level=\"5\"", 1);
    assert_eq!(alerting(&[(PAIRS, &first), (&says, &second)])[6..], [200, 201]);
    let alone = PAIRS.split("<rule id=\"200\"").next().expect("two rules");
    assert_eq!(alerting(&[(alone, &first), (PAIRS, &second)])[6..], [200, 201]);
    let by_group = format!(
        "{alone}<rule id=\"202\" level=\"10\" frequency=\"5\" timeframe=\"100\">\
         <if_matched_group>probe</if_matched_group><description>many</description></rule>"
    );
    assert_eq!(alerting(&[(alone, &first), (&by_group, &second)])[6..], [202, 101]);
}

#[test]
fn values_are_found_again_when_others_are_compared_too() {
    let compares = |which: &str| {
        composite(
            "frequency=\"2\" timeframe=\"100\"",
            &format!("<if_matched_sid>100</if_matched_sid>{which}"),
        )
    };
    let (user, both) = (compares("<same_user />"), compares("<same_user /><same_id />"));
    let more = format!(
        "{user}<rule id=\"201\" level=\"9\" frequency=\"90\" timeframe=\"100\">\
         <if_matched_sid>100</if_matched_sid><same_source_ip /><same_id /><description>c</description></rule>"
    );
    let (first, second) = (probes(0..3), probes(3..4));
    assert_eq!(alerting(&[(&user, &first), (&more, &second)])[3..], [200], "the user is among others");
    assert_eq!(alerting(&[(&more, &first), (&user, &second)])[3..], [200], "and alone");
    assert_eq!(alerting(&[(&user, &first), (&both, &second)])[3..], [100], "the id was not remembered");
}

#[test]
fn a_silent_rule_stays_silent_and_used_up_events_stay_used_up() {
    let silent =
        r#"<rule id="100" level="3" ignore="60"><match>probe</match><description>a</description></rule>"#;
    let event = |second| probes(second..second + 1);
    let times = [event(0), event(30), event(59), event(60)];
    let times: Vec<_> = times.iter().map(|events| (silent, &events[..])).collect();
    assert_eq!(alerting(&times), [100, 100]);
    let many = composite("frequency=\"2\" timeframe=\"100\"", "<if_matched_sid>100</if_matched_sid>");
    let (first, second) = (probes(0..5), probes(5..8));
    assert_eq!(alerting(&[(&many, &first), (&many, &second)]), [100, 100, 100, 200, 100, 100, 100, 200]);
}

#[test]
fn what_was_seen_and_what_is_ignored_stays_so_in_memory_and_on_disk() {
    let ignored = r#"<rule id="100" level="3"><match>probe</match><check_if_ignored>user</check_if_ignored>
        <ignore>user</ignore><description>once</description></rule>"#;
    let output = |state: &str| vec![(1000, format!("probe {state}"))];
    let home = tempfile::tempdir().expect("a folder");
    let kept = MemoryOptions { home: Some(home.path().to_owned()), write: true };
    for memory in [MemoryOptions::default(), kept] {
        let (one, other) = (probes(0..1), probes(1..2));
        assert_eq!(alerting_with(&[(FIRST, &one), (FIRST, &other)], &memory), [101, 100]);
        assert_eq!(alerting_with(&[(ignored, &one), (ignored, &other)], &memory), [100]);
        let (same, differs) = (output("a"), output("b"));
        let other_rules = format!("{DIFFERS}{}", BASE.replace("100", "300"));
        assert_eq!(
            alerting_with(&[(DIFFERS, &same), (&other_rules, &same), (DIFFERS, &differs)], &memory),
            [101]
        );
    }
}

#[test]
fn a_history_that_runs_over_is_the_same_after_a_reload() {
    let (rules, settings, events) = running_over();
    let time = |events| Time { dialect: Dialect::Ossec, rules: &rules, settings: settings.clone(), events };
    let once = alerts(&[time(&events[..])], &MemoryOptions::default());
    let (first, rest) = events.split_at(5_003);
    let (second, third) = rest.split_at(4_999);
    let thrice = alerts(&[time(first), time(second), time(third)], &MemoryOptions::default());
    assert!(once == thrice, "an alert is not the same");
}

/// A rule of a kind that remembers, of numbers.
fn any_rule(id: u32, dialect: Dialect, [kind, frequency, timeframe, compares]: [u8; 4]) -> String {
    let searched = match kind % 4 {
        0 => format!("<if_matched_sid>{}</if_matched_sid>", 100 + u32::from(kind) / 4 % 3),
        1 => format!("<if_matched_group>g{}</if_matched_group>", kind / 4 % 3),
        2 if dialect == Dialect::Ossec => "<if_matched_regex>word1</if_matched_regex>".to_owned(),
        _ => "<if_matched_group>probe</if_matched_group>".to_owned(),
    };
    let words = ["<same_source_ip />", "<same_user />", "<same_id />"];
    let compared: String =
        words.iter().enumerate().filter(|(n, _)| compares & (1 << n) != 0).map(|(_, word)| *word).collect();
    let ignore = if compares & 64 == 0 { "" } else { " ignore=\"7\"" };
    let match_of = if compares & 128 == 0 { "" } else { "<match>word2</match>" };
    format!(
        "<rule id=\"{id}\" level=\"{}\" frequency=\"{}\" timeframe=\"{}\"{ignore}>{searched}{compared}{match_of}\
         <description>rule {id}</description><group>g{},</group></rule>",
        5 + kind % 12,
        2 + frequency % 4,
        5 + u32::from(timeframe),
        kind % 3,
    )
}

fn any_rules(dialect: Dialect, numbers: &[[u8; 4]]) -> String {
    let base = (0..3).map(|n| {
        format!(
            "<rule id=\"{}\" level=\"3\"><match>word{n}</match><description>word {n}</description>\
             <group>g{n},</group></rule>",
            100 + n
        )
    });
    let composed = (200..).zip(numbers).map(|(id, numbers)| any_rule(id, dialect, *numbers));
    base.chain(composed).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// For any rules, any events, any history that is too small for them.
    #[test]
    fn rules_that_are_read_again_as_they_were_change_no_byte_of_any_alert(
        is_wazuh: bool,
        numbers in prop::collection::vec(any::<[u8; 4]>(), 1..8),
        events in prop::collection::vec((0..4i64, 0..3u8, 0..3u8, 0..3u8, 0..4u8), 1..200),
        memory_size in 3..60usize,
        mut cuts in prop::collection::vec(0..200usize, 1..4),
    ) {
        let dialect = if is_wazuh { Dialect::Wazuh } else { Dialect::Ossec };
        let rules = any_rules(dialect, &numbers);
        let mut second = 1000;
        let events: Vec<_> = events
            .into_iter()
            .map(|(later, who, ip, id, word)| {
                second += later;
                (second, format!("who=u{who} ip=192.0.2.{ip} id={id} word{word}"))
            })
            .collect();
        let settings = Settings { memory_size, ..Settings::default() };
        let time = |events| Time { dialect, rules: &rules, settings: settings.clone(), events };
        let once = alerts(&[time(&events[..])], &MemoryOptions::default());
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(events.len()));
        cuts.sort_unstable();
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let ends = cuts.iter().copied().chain([events.len()]);
        let parts: Vec<_> = starts.zip(ends).map(|(start, end)| time(&events[start..end])).collect();
        let again = alerts(&parts, &MemoryOptions::default());
        prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&again));
    }
}
