//! The promises of this room.

use super::*;
use crate::integrations::tests::{entry, hostile};

fn filled(text: &str, content_type: &str) -> String {
    let template = Template::parse(text, Escape::of(content_type)).expect("a template");
    template.render(&entry().alert(), "p-1")
}

#[test]
fn placeholders_become_values_in_strings_and_outside() {
    let json = "{\"a\": \"{{rule.id}}: {{ rule.description }}\", \"b\": {{rule.id}}, \"c\": {{srcip}}, \
                \"d\": {{rule.groups}}, \"e\": \"{{rule.groups}}\", \"f\": \"{{parcel.id}}\", \"g\": {{url}}}";
    assert_eq!(
        filled(json, "application/json"),
        "{\"a\": \"5712: sshd: brute force\", \"b\": 5712, \"c\": \"192.0.2.7\", \"d\": [\"syslog\",\"sshd\"], \
         \"e\": \"syslog,sshd\", \"f\": \"p-1\", \"g\": \"\"}"
    );
    assert_eq!(filled("{{severity}} {{id}}", "text/plain"), "error 1795246190.7");
    assert_eq!(
        filled("a={{rule.description}}", "application/x-www-form-urlencoded"),
        "a=sshd%3A%20brute%20force"
    );
}

#[test]
fn every_name_can_be_filled_in() {
    for name in KNOWN.into_iter().chain(FIELDS.map(|(name, _)| name)).chain(["field.name"]) {
        for text in [format!("{{{{{name}}}}}"), format!("\"{{{{{name}}}}}\"")] {
            filled(&text, "application/json");
        }
    }
}

#[test]
fn nothing_in_an_alert_breaks_out_of_its_place() {
    let json = "{\"a\": \"\\\"{{full_log}}{{location}}{{wazuh}}\", \"b\": {{rule.description}}, \"c\": {{field.name}}, \
                \"d\": {{alert}}, \"e\": {{wazuh}}, \"f\": {{rule.groups}}, \"g\": {{previous_output}}}";
    let json = Template::parse(json, Escape::Json).expect("a template");
    let xml = Template::parse("<a b=\"{{full_log}}\">{{full_log}}</a>", Escape::Xml).expect("a template");
    let form = Template::parse("a={{full_log}}&b=1", Escape::Form).expect("a template");
    for (name, entry) in hostile() {
        let alert = entry.alert();
        let text = json.render(&alert, "p");
        let value: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|why| panic!("{name}: {why}: {text}"));
        assert_eq!(value.as_object().map(serde_json::Map::len), Some(7), "{name}");
        assert!(!text.contains(['\r', '\n', '\u{2028}', '\u{7f}']), "{name}: {text}");
        let text = xml.render(&alert, "p");
        assert_eq!((text.matches('<').count(), text.matches('"').count()), (2, 2), "{name}: {text}");
        assert_eq!(form.render(&alert, "p").matches('&').count(), 1, "{name}");
    }
}

#[test]
fn mistakes_have_a_place_and_a_hint() {
    let mistake = |text: &str| {
        let mistake = Template::parse(text, Escape::Json).expect_err("a mistake");
        format!("{:?} {} | {}", mistake.at, mistake.message, mistake.help)
    };
    assert_eq!(
        mistake("{\"a\": {{rule.idd}}}"),
        "8..16 there is no placeholder `rule.idd` | did you mean `rule.id`?"
    );
    assert!(mistake("{\"a\": {{}}}").starts_with("8..8 there is no placeholder ``"));
    assert!(mistake("\"{{rule.id\"").starts_with("1..3 `{{` is not closed"));
    assert!(mistake("{\"a\": {{rule.id}}").starts_with("0..17 filled in, the template is not JSON"));
    for text in ["\"\\{{id}}\"\"", "\"\\u00{{srcip}}41\""] {
        assert!(mistake(text).contains("behind a backslash"), "{text}");
    }
    assert!(mistake(&"{{id}}".repeat(300)).contains("more than 256 placeholders"));
    assert!(mistake(&" ".repeat(20_000)).contains("more than 16384 bytes"));
}

#[test]
fn any_bytes_are_a_template_or_a_mistake() {
    for text in
        ["", "{{", "}}", "{{{{rule.id}}}}", "{{{rule.id}}}", "\"\\{{id}}\"", "\u{e4}{{\u{e4}}}", "{{field.}}"]
    {
        exercise(text.as_bytes());
    }
}

#[test]
fn no_template_that_is_accepted_gives_broken_json() {
    const WORDS: [&str; 18] = [
        "{{",
        "}}",
        "{{rule.id}}",
        "{{full_log}}",
        "{{location}}",
        "{{field.x}}",
        "{{alert}}",
        "\"",
        "\"\"",
        "\\",
        "\\u",
        "00",
        "41",
        "{",
        "}",
        "[",
        "]",
        ":",
    ];
    let mut state = 1_u64;
    let mut next = |below: u64| {
        // Knuth's constants; the upper bits are good enough.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..20_000 {
        let count = 1 + next(8);
        let text: String = (0..count).map(|_| WORDS[next(WORDS.len() as u64) as usize]).collect();
        exercise(text.as_bytes());
    }
}
