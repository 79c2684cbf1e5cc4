//! Conditions of rules on one event: their languages, negation, lists, and
//! where rules hang.

use super::*;
use crate::compile::lists::List;

/// Decodes an object of JSON, and `p: TEXT` behind a header.
const JSON: &str = r#"<decoder name="json"><prematch>^{</prematch>
    <plugin_decoder>JSON_Decoder</plugin_decoder></decoder>
    <decoder name="program"><program_name>^p$|^Val-1.$</program_name></decoder>"#;

/// The value that the conditions here are about.
const VALUE: &str = "Val-1.";

/// For each language, a pattern that holds for [`VALUE`] in that one alone.
const LANGUAGES: [(&str, &str); 3] =
    [("osmatch", "!elsewhere"), ("osregex", r"^\w+1\p$"), ("pcre2", r"^[A-Z]al-\d.$")];

/// An element, the language that it has without a word, and an event that has
/// [`VALUE`] there: its location and its text.
fn elements() -> Vec<(String, &'static str, &'static str, String)> {
    let json = |key: &str| format!("{{\"{key}\":\"{VALUE}\"}}");
    let keys = ["id", "protocol", "url", "srcport", "dstport", "status", "data", "extra_data"];
    let mut all: Vec<_> = keys.map(|key| (key.to_owned(), "osmatch", "/log", json(key))).into();
    all.extend([
        ("system_name".into(), "osmatch", "/log", json("systemname")),
        ("user".into(), "osmatch", "/log", json("dstuser")),
        ("user".into(), "osmatch", "/log", json("srcuser")),
        ("user".into(), "osmatch", "/log", json("user")),
        ("field name=\"A.b\"".into(), "osregex", "/log", "{\"a\":{\"b\":\"Val-1.\"}}".into()),
        ("match".into(), "osmatch", "/log", format!("Dec 29 10:00:01 h p: {VALUE}")),
        ("regex".into(), "osregex", "/log", format!("Dec 29 10:00:01 h p: {VALUE}")),
        ("hostname".into(), "osmatch", "/log", format!("Dec 29 10:00:01 {VALUE} p: x")),
        ("program_name".into(), "osmatch", "/log", format!("Dec 29 10:00:01 h {VALUE}: x")),
        ("location".into(), "osmatch", VALUE, "x".into()),
    ]);
    all
}

/// Whether a rule with these conditions fires for an event.
fn holds(conditions: &str, location: &str, text: &str) -> bool {
    let rules = format!("<rule id=\"100\" level=\"3\">{conditions}<description>a</description></rule>");
    let ruleset = ruleset_in(Dialect::Wazuh, JSON, &rules, Settings::default());
    let events = [(1000, location, text.to_owned())];
    ids(&answers_from(&ruleset, &EngineOptions::default(), &events)) == [ONE]
}

fn element(start: &str, attributes: &str, text: &str) -> String {
    let name = start.split(' ').next().unwrap_or(start);
    format!("<{start} {attributes}>{text}</{name}>")
}

#[test]
fn every_element_takes_every_language_and_can_be_negated() {
    for (start, standard, location, text) in elements() {
        for (language, pattern) in LANGUAGES {
            for (negate, expected) in [("", true), ("negate=\"no\"", true), ("negate=\"YES\"", false)] {
                let condition = element(&start, &format!("type=\"{language}\" {negate}"), pattern);
                assert_eq!(holds(&condition, location, &text), expected, "{condition} {text}");
            }
        }
        let (_, pattern) = LANGUAGES.into_iter().find(|(name, _)| *name == standard).expect("a language");
        for attributes in ["", "type=\"regexp\""] {
            let condition = element(&start, attributes, pattern);
            assert!(holds(&condition, location, &text), "{condition} {text}");
        }
    }
}

#[test]
fn a_field_that_is_missing_holds_in_no_language_negated_or_not() {
    for (start, ..) in elements()
        .iter()
        .filter(|(start, ..)| !["match", "regex", "hostname", "location"].contains(&start.as_str()))
    {
        for (language, pattern) in LANGUAGES {
            for negate in ["yes", "no"] {
                let condition = element(start, &format!("type=\"{language}\" negate=\"{negate}\""), pattern);
                assert!(!holds(&condition, "/log", "{\"other\":\"x\"}"), "{condition}");
            }
        }
    }
}

#[test]
fn an_action_is_a_text_unless_it_says_its_language() {
    let text = format!("{{\"action\":\"{VALUE}\"}}");
    let held =
        |attributes: &str, pattern: &str| holds(&element("action", attributes, pattern), "/log", &text);
    assert!(held("", "Val-1.") && held("negate=\"no\"", "Val-1."));
    assert!(!held("", "val-1.") && !held("", "Val-1") && !held("negate=\"yes\"", "Val-1."));
    assert!(held("negate=\"yes\"", "val-1.") && held("type=\"osmatch\"", "val-1"));
    for (language, pattern) in LANGUAGES {
        assert!(held(&format!("type=\"{language}\""), pattern));
        assert!(!held(&format!("type=\"{language}\" negate=\"yes\""), pattern));
    }
}

#[test]
fn repeated_elements_are_one_text_and_the_last_says_how_it_is_meant() {
    let text = "Dec 29 10:00:01 h p: Val-1.";
    let held = |first: &str, second: &str| holds(&format!("{first}{second}"), "/log", text);
    assert!(held("<match type=\"pcre2\" negate=\"yes\">nothing</match>", "<match>|val</match>"));
    assert!(!held("<match>nothing</match>", "<match negate=\"yes\">|val</match>"));
    assert!(held("<match>^[A-Z]</match>", "<match type=\"pcre2\">al-\\d</match>"));
    assert!(!held("<match type=\"pcre2\">^[A-Z]</match>", "<match>al-\\d</match>"));
    assert!(held("<regex>\\w</regex>", "<regex>-\\d\\p$</regex>"));
}

#[test]
fn noalert_is_on_for_1_alone() {
    for (value, expected) in [("0", ONE), ("1", None), ("yes", ONE)] {
        let rules = format!(
            "<rule id=\"100\" level=\"3\" noalert=\"{value}\"><match>x</match><description>a</description></rule>"
        );
        assert_eq!(fired(&rules, &[text("x")]), [expected], "{value}");
    }
}

#[test]
fn a_rule_hangs_under_every_rule_that_its_group_or_level_names() {
    let rules = r#"
        <rule id="100" level="3"><match>one</match><description>a</description><group>red,</group></rule>
        <rule id="101" level="0"><match>two</match><description>b</description><group>green,</group></rule>
        <rule id="102" level="2"><match>three</match><description>c</description><group>red_too,</group></rule>
        <rule id="200" level="5"><if_group>^probe,red</if_group><match>group</match><description>d</description></rule>
        <rule id="201" level="4"><if_level>3</if_level><match>level</match><description>e</description></rule>
        <rule id="202" level="4"><if_sid>100, 4711 102</if_sid><match>ids</match><description>f</description></rule>"#;
    let all: Vec<_> = ["one", "two", "three"]
        .iter()
        .flat_map(|first| ["group", "level", "ids"].map(|second| text(&format!("{first} {second}"))))
        .collect();
    let [by_group, by_level, by_ids] = [Some(200), Some(201), Some(202)];
    let expected = [
        [by_group, by_level, by_ids],
        // A level 0 counts as the highest; without a child it is no alert.
        [None, by_level, None],
        // So the root is such a parent, too.
        [by_group, by_level, by_ids],
    ];
    assert_eq!(fired(rules, &all), expected.concat());
}

#[test]
fn lists_are_asked_for_keys_values_and_addresses() {
    const LIST: &[u8] = b"10.1.2.3:web\n10.2.:branch\n\"a:b\":\"c:d\"\nalone:\n";
    let answer = |lookup: &str, field: &str, event: &str, list: Option<List>| {
        let rules = format!(
            "<rule id=\"100\" level=\"3\"><list field=\"{field}\" {lookup}>etc/lists/l</list>\
             <description>a</description></rule>"
        );
        let ruleset = with_list(&rules, list);
        ids(&answers(&ruleset, &EngineOptions::default(), &[text(event)])) == [ONE]
    };
    let key = |key: &str| format!("{{\"srcip\":\"{key}\",\"x\":{{\"y\":\"{key}\"}}}}");
    let table = [
        // Kind, the key; whether it holds, and whether it does if the list cannot be opened.
        ("", "10.1.2.3", true, false),
        ("", "10.1.2.4", false, false),
        ("", "10.2.9.9", false, false),
        ("", "a:b", true, false),
        ("lookup=\"match_key\"", "alone", true, false),
        ("lookup=\"not_match_key\"", "10.1.2.3", false, true),
        ("lookup=\"not_match_key\"", "10.1.2.4", true, true),
        ("lookup=\"match_key_value\" check_value=\"^w\"", "10.1.2.3", true, false),
        ("lookup=\"match_key_value\" check_value=\"^x\"", "10.1.2.3", false, false),
        ("lookup=\"match_key_value\" check_value=\"^w\"", "10.2.", false, false),
        ("lookup=\"address_match_key\"", "10.2.9.9", true, false),
        ("lookup=\"address_match_key\"", "10.1.2.3", true, false),
        ("lookup=\"address_match_key\"", "10.1.2.30", false, false),
        ("lookup=\"not_address_match_key\"", "10.2.9.9", false, false),
        ("lookup=\"not_address_match_key\"", "10.3.9.9", true, false),
        // It says the opposite of what it means.
        ("lookup=\"address_match_key_value\" check_value=\"^b\"", "10.2.9.9", false, true),
        ("lookup=\"address_match_key_value\" check_value=\"^b\"", "10.1.2.3", true, true),
    ];
    for (lookup, value, expected, closed) in table {
        for field in ["srcip", "X.y"] {
            let list = || Some(List::from_text(LIST, Dialect::Wazuh));
            assert_eq!(answer(lookup, field, &key(value), list()), expected, "{lookup} {field} {value}");
            assert_eq!(answer(lookup, field, &key(value), None), closed, "closed: {lookup} {field} {value}");
            assert!(!answer(lookup, field, "{\"other\":1}", list()), "no field: {lookup} {field}");
        }
    }
}

/// A ruleset whose rules may ask the list `etc/lists/l`.
fn with_list(rules: &str, list: Option<List>) -> Ruleset {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let mut read = |name: &str, text: &str| {
        let id = sources.add(name, text);
        xml::read(&Syntax::WAZUH, &sources, id, &mut report)
    };
    let rules = format!("{ROOT}<group name=\"probe,\">{rules}</group>");
    let files = Files {
        decoders: vec![read("decoders", JSON)],
        rules: vec![read("rules", &rules)],
        lists: vec![b"etc/lists/l".to_vec()],
    };
    let settings = compile::Settings { dialect: Dialect::Wazuh, ..compile::Settings::default() };
    let compiled = compile::compile(&files, &settings, &mut report);
    let compiled = compiled.unwrap_or_else(|| panic!("{}", report.render(&sources, Colour::None)));
    Ruleset::new(compiled.image, vec![list], Settings::default()).expect("a sound image")
}
