//! What rules of Wazuh's do otherwise.

use super::*;

mod conditions;
mod correlation;

/// Decodes `who=USER ip=ADDRESS id=NUMBER TEXT`, and `dyn=VALUE` with a
/// dynamic field.
const DECODERS: &str = r#"<decoder name="probe"><prematch>^who=</prematch></decoder>
    <decoder name="probe-fields"><parent>probe</parent>
    <regex>^who=(\S+) ip=(\S+) id=(\S+) </regex><order>srcuser, srcip, id</order></decoder>
    <decoder name="dyn"><prematch>^dyn=</prematch><regex>^dyn=(\S+)</regex><order>a.name</order></decoder>"#;

const BASE: &str = r#"<rule id="100" level="3"><match>probe</match><description>probe</description></rule>"#;

fn composite(attributes: &str, inside: &str) -> String {
    format!("{BASE}<rule id=\"200\" level=\"10\" {attributes}>{inside}<description>many</description></rule>")
}

fn fired(rules: &str, events: &[(i64, String)]) -> Vec<Option<u32>> {
    let ruleset = ruleset_in(Dialect::Wazuh, DECODERS, rules, Settings::default());
    ids(&answers(&ruleset, &EngineOptions::default(), events))
}

fn text(text: &str) -> (i64, String) {
    (1000, text.to_owned())
}

const ONE: Option<u32> = Some(100);
const MANY: Option<u32> = Some(200);

#[test]
fn frequency_n_fires_on_the_nth_event_and_marks_only_the_newest_that_counted() {
    let rules = composite("frequency=\"3\" timeframe=\"100\"", "<if_matched_sid>100</if_matched_sid>");
    let events: Vec<_> = (0..7).map(|second| probe(second, "a", "192.0.2.1", "1")).collect();
    // The third fires and marks the second; the first stays free, but the mark
    // of the second ends the search before it.
    assert_eq!(fired(&rules, &events), [ONE, ONE, MANY, ONE, ONE, MANY, ONE]);
    let rules = composite("timeframe=\"100\"", "<if_matched_sid>100</if_matched_sid>");
    assert_eq!(fired(&rules, &events[..3]), [ONE, MANY, MANY]);
}

#[test]
fn events_of_another_agent_count_only_if_the_rule_says_so() {
    let events = |first: &'static str, second: &'static str| {
        [(1000, first, "a probe".to_owned()), (1001, second, "a probe".to_owned())]
    };
    let (web, mail) = ("(web) 192.0.2.1->/var/log/a", "(mail) 192.0.2.2->/var/log/a");
    let second = |inside: &str, first: &'static str, second: &'static str| {
        let rules = composite("timeframe=\"100\"", &format!("<if_matched_sid>100</if_matched_sid>{inside}"));
        let ruleset = ruleset_in(Dialect::Wazuh, DECODERS, &rules, Settings::default());
        ids(&answers_from(&ruleset, &EngineOptions::default(), &events(first, second)))[1]
    };
    assert_eq!(second("", web, mail), ONE);
    assert_eq!(second("", web, "/var/log/a"), ONE);
    assert_eq!(second("", web, "(web) 192.0.2.1->/var/log/b"), MANY);
    assert_eq!(second("<global_frequency />", web, mail), MANY);
    assert_eq!(second("<same_location />", web, "(web) 192.0.2.1->/var/log/b"), ONE);
}

#[test]
fn what_must_differ_may_be_missing_and_what_must_be_the_same_may_not() {
    let second = |inside: &str, first: (i64, String), second: (i64, String)| {
        let rules = composite("timeframe=\"100\"", &format!("<if_matched_sid>100</if_matched_sid>{inside}"));
        fired(&rules, &[first, second])[1]
    };
    let who = |who: &str| probe(0, who, "192.0.2.1", "1");
    assert_eq!(second("<different_srcuser />", who("a"), who("b")), MANY);
    assert_eq!(second("<different_srcuser />", who("a"), who("a")), ONE);
    assert_eq!(second("<different_srcuser />", who("a"), text("a probe")), MANY);
    assert_eq!(second("<same_srcuser />", who("a"), text("a probe")), ONE);
    assert_eq!(second("<same_srcuser />", who("a"), who("a")), MANY);
    let dynamic = |value: &str| text(&format!("dyn={value} probe"));
    assert_eq!(second("<same_field>a.Name</same_field>", dynamic("x"), dynamic("x")), MANY);
    assert_eq!(second("<same_field>a.name</same_field>", dynamic("x"), dynamic("y")), ONE);
    assert_eq!(second("<same_field>a.name</same_field>", who("a"), who("a")), ONE);
    assert_eq!(second("<different_field>a.name</different_field>", dynamic("x"), dynamic("y")), MANY);
    assert_eq!(second("<not_same_field>a.name</not_same_field>", dynamic("x"), dynamic("x")), ONE);
    assert_eq!(second("<not_same_field>a.name</not_same_field>", dynamic("x"), text("a probe")), MANY);
    assert_eq!(second("<not_same_field>a.name</not_same_field>", text("a probe"), text("a probe")), ONE);
}

#[test]
fn a_negated_condition_needs_its_field() {
    let rules = r#"<rule id="100" level="3"><match negate="yes">closed</match><srcip negate="yes">192.0.2.0/24</srcip>
        <srcuser_is_not_an_element /><description>a</description></rule>"#;
    let rules = rules
        .replace("<srcuser_is_not_an_element />", r#"<field name="x" negate="no" type="osmatch"></field>"#);
    // The dynamic field is missing, so nothing holds; without it the rest decides.
    let event = |ip: &str, word: &str| text(&format!("who=a ip={ip} id=1 {word}"));
    assert_eq!(fired(&rules, &[event("198.51.100.1", "open")]), [None]);
    let rules = rules.replace(r#"<field name="x" negate="no" type="osmatch"></field>"#, "");
    assert_eq!(fired(&rules, &[event("198.51.100.1", "open")]), [ONE]);
    assert_eq!(fired(&rules, &[event("192.0.2.9", "open")]), [None]);
    assert_eq!(fired(&rules, &[event("198.51.100.1", "closed")]), [None]);
    assert_eq!(fired(&rules, &[event("web1", "open")]), [ONE], "what is no address is in no list");
    assert_eq!(fired(&rules, &[text("open")]), [None], "there is no address at all");
}

#[test]
fn in_place_of_a_silent_rule_the_one_above_it_fires_in_the_daemon() {
    let rules = format!(
        r#"{BASE}<rule id="200" level="7" ignore="60"><if_sid>100</if_sid><match>probe</match><description>b</description></rule>"#
    );
    let events = [0, 30, 60].map(|second| probe(second, "a", "192.0.2.1", "1"));
    assert_eq!(fired(&rules, &events), [MANY, ONE, MANY]);
}

#[test]
fn an_overwritten_rule_is_replaced_as_a_whole_but_stays_where_it_hangs() {
    let rules = format!(
        r#"{}<rule id="300" level="12"><if_sid>200</if_sid><match>final</match><description>c</description></rule>
        <rule id="200" level="9" overwrite="yes"><if_sid>999</if_sid><match>probe</match><description>d</description></rule>"#,
        composite("frequency=\"3\"", "<if_matched_sid>100</if_matched_sid>")
    );
    // Without a word of correlation the new text correlates nothing.
    assert_eq!(fired(&rules, &[text("a probe"), text("a final probe")]), [MANY, Some(300)]);
}

#[test]
fn rules_that_cannot_be_used_are_left_out_and_the_others_stay() {
    let rules = format!(
        r#"{BASE}<rule id="100" level="9"><match>probe</match><description>again</description></rule>
        <rule id="101" level="9"><if_sid>4711</if_sid><match>probe</match><description>no parent</description></rule>
        <rule id="102" level="9"><list field="srcip">etc/lists/none</list><description>no list</description></rule>
        <rule id="103" level="9"><if_level>high</if_level><match>probe</match><description>no number</description></rule>
        <rule id="104" level="4"><if_sid>4711, 100</if_sid><match>final</match><description>one parent</description></rule>"#
    );
    assert_eq!(fired(&rules, &[text("a probe"), text("a final probe")]), [ONE, Some(104)]);
}
