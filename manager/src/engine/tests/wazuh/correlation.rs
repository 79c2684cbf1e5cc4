//! Correlation: what is compared, what ends a search, and what `overwrite`
//! leaves of it.

use super::*;

const JSON: &str = r#"<decoder name="json"><prematch>^{</prematch>
    <plugin_decoder>JSON_Decoder</plugin_decoder></decoder>
    <decoder name="ids"><prematch>^ids </prematch><type>ids</type></decoder>"#;

/// The rules that fire for these texts, a second apart.
fn rules_of<const N: usize>(rules: &str, texts: [&str; N]) -> [Option<u32>; N] {
    let ruleset = ruleset_in(Dialect::Wazuh, JSON, rules, Settings::default());
    let events: Vec<_> = (1000..).zip(texts).map(|(second, text)| (second, text.to_owned())).collect();
    let all = ids(&answers(&ruleset, &EngineOptions::default(), &events));
    all.try_into().expect("an answer for each")
}

fn counted(inside: &str) -> String {
    let rule = r#"<rule id="100" level="3"><decoded_as>json</decoded_as><description>a</description></rule>"#;
    format!(
        "{rule}<rule id=\"200\" level=\"7\"><if_matched_sid>100</if_matched_sid>{inside}\
         <description>b</description></rule>"
    )
}

/// The ends of elements that compare, and the key that sets the field.
const COMPARED: [(&str, &str); 17] = [
    ("srcip", "srcip"),
    ("source_ip", "srcip"),
    ("dstip", "dstip"),
    ("srcport", "srcport"),
    ("src_port", "srcport"),
    ("dstport", "dstport"),
    ("dst_port", "dstport"),
    ("user", "dstuser"),
    ("srcuser", "srcuser"),
    ("protocol", "protocol"),
    ("action", "action"),
    ("id", "id"),
    ("url", "url"),
    ("data", "data"),
    ("extra_data", "extra_data"),
    ("status", "status"),
    ("system_name", "systemname"),
];

#[test]
fn every_known_field_can_be_asked_to_be_the_same_or_to_differ() {
    for (end, key) in COMPARED {
        let event = |value: &str| format!("{{\"{key}\":\"{value}\",\"other\":\"{value}\"}}");
        let (a, b, without) = (event("a"), event("b"), "{\"other\":\"a\"}");
        let second = |element: &str, first: &str, now: &str| {
            rules_of(&counted(&format!("<{element}_{end} />")), [first, now])[1] == MANY
        };
        assert!(second("same", &a, &a) && !second("same", &a, &b), "{end}");
        assert!(!second("same", &a, without) && !second("same", without, &a), "{end}");
        assert!(second("different", &a, &b) && !second("different", &a, &a), "{end}");
        assert!(second("different", &a, without) && second("different", without, without), "{end}");
    }
    for end in ["source_ip", "user", "id"] {
        let key = COMPARED.iter().find(|(known, _)| *known == end).expect("a known end").1;
        let event = format!("{{\"{key}\":\"a\"}}");
        assert_eq!(rules_of(&counted(&format!("<not_same_{end} />")), [&event, &event])[1], ONE, "{end}");
    }
}

#[test]
fn all_that_is_compared_must_agree_at_once() {
    let rules = counted(
        "<same_id /><different_url /><same_field>X.y</same_field><different_field>z</different_field>",
    );
    let event = |id: &str, url: &str, y: &str, z: &str| {
        format!("{{\"id\":\"{id}\",\"url\":\"{url}\",\"x\":{{\"Y\":\"{y}\"}},\"z\":\"{z}\"}}")
    };
    let first = event("1", "/a", "y", "1");
    for (now, expected) in [
        (event("1", "/b", "y", "2"), MANY),
        (event("2", "/b", "y", "2"), ONE),
        (event("1", "/a", "y", "2"), ONE),
        (event("1", "/b", "n", "2"), ONE),
        (event("1", "/b", "y", "1"), ONE),
    ] {
        assert_eq!(rules_of(&rules, [&first, &now])[1], expected, "{now}");
    }
}

#[test]
fn a_mark_ends_a_search_only_on_an_event_that_would_count() {
    let rules = counted("<same_id />").replace("level=\"7\"", "level=\"7\" frequency=\"3\"");
    let [a, b] = ["{\"id\":\"a\"}", "{\"id\":\"b\"}"];
    // The third `a` marks the second one; `b` looks past it.
    assert_eq!(rules_of(&rules, [b, b, a, a, a, b]), [ONE, ONE, ONE, ONE, MANY, MANY]);
    assert_eq!(rules_of(&rules, [a, a, a, a, a]), [ONE, ONE, MANY, ONE, ONE]);
}

#[test]
fn composites_can_count_composites() {
    let [once, twice, thrice] = [ONE, Some(300), Some(400)];
    let by_id = r#"<rule id="100" level="3"><match>x</match><description>a</description></rule>
        <rule id="300" level="5"><if_matched_sid>100</if_matched_sid><description>b</description></rule>
        <rule id="400" level="7"><if_matched_sid>300</if_matched_sid><description>c</description></rule>"#;
    assert_eq!(rules_of(by_id, ["x"; 4]), [once, twice, thrice, thrice]);
    let by_group = r#"<rule id="100" level="3"><match>x</match><description>a</description><group>one,</group></rule>
        <rule id="300" level="5"><if_matched_group>one</if_matched_group><description>b</description><group>two,</group></rule>
        <rule id="400" level="7"><if_matched_group>two</if_matched_group><description>c</description></rule>"#;
    assert_eq!(rules_of(by_group, ["x"; 4]), [once, twice, thrice, thrice]);
}

#[test]
fn a_search_of_all_history_looks_at_events_of_the_same_type_alone() {
    let rules = r#"<rule id="3" level="0" noalert="1"><category>ids</category><description>ids</description></rule>
        <rule id="101" level="3"><category>ids</category><match>probe</match><description>i</description></rule>
        <rule id="100" level="3"><match>probe</match><description>a</description></rule>
        <rule id="200" level="7" frequency="2"><if_sid>100</if_sid><if_matched_regex>pro\w+\s\d</if_matched_regex>
        <description>b</description></rule>"#;
    assert_eq!(rules_of(rules, ["probe 1", "probe a"]), [ONE, MANY]);
    assert_eq!(rules_of(rules, ["ids probe 1", "probe a"]), [Some(101), ONE]);
    assert_eq!(rules_of(rules, ["probe a", "probe a"]), [ONE, ONE]);
}

/// Overwrites rule 200, which counts rule 100 (or its group) two times.
fn overwritten(search: &str, new: &str) -> String {
    format!(
        r#"<rule id="100" level="3"><match>x</match><description>a</description><group>one,</group></rule>
        <rule id="101" level="3"><match>nothing</match><description>a</description><group>none,</group></rule>
        <rule id="200" level="7" frequency="2">{search}<description>b</description></rule>
        <rule id="200" level="9" frequency="3" overwrite="yes">{new}<description>c</description></rule>"#
    )
}

#[test]
fn an_overwritten_composite_keeps_what_it_counts_and_takes_how_often() {
    for (search, new) in [
        ("<if_matched_sid>100</if_matched_sid>", "<if_matched_sid>101</if_matched_sid>"),
        ("<if_matched_group>one</if_matched_group>", "<if_matched_group>none</if_matched_group>"),
    ] {
        assert_eq!(rules_of(&overwritten(search, new), ["x"; 3]), [ONE, ONE, MANY], "{search}");
        let without = overwritten(search, "<match>x</match>").replace(" frequency=\"3\"", "");
        assert_eq!(rules_of(&without, ["x"]), [MANY], "{search}");
    }
}

#[test]
fn overwriting_takes_effect_in_order_and_one_that_cannot_be_used_does_not() {
    let rule = |attributes: &str, inside: &str| {
        format!("<rule id=\"100\" {attributes}>{inside}<description>a</description></rule>")
    };
    let mut rules = rule("level=\"3\"", "<match>one</match>");
    rules +=
        r#"<rule id="200" level="7"><if_sid>100</if_sid><match>x</match><description>b</description></rule>"#;
    rules += &rule("level=\"5\" overwrite=\"yes\"", "<match>two</match>");
    rules += &rule("level=\"5\" overwrite=\"yes\"", "<field name=\"f\">three</field>");
    rules += &rule("level=\"5\" overwrite=\"yes\"", "<match>x</match><list field=\"srcip\">none</list>");
    let events = ["one", "two", "{\"f\":\"three\"}", "{\"f\":\"three x\"}", "x"];
    assert_eq!(rules_of(&rules, events), [None, None, ONE, MANY, None]);
}
