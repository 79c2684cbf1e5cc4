//! The promises of this room.

use super::super::sample::config;
use super::*;
use crate::compile::{self, Files};
use crate::diagnose::{Colour, Diagnostics, Sources};
use crate::xml::{self, Syntax};

const RULES: &str = r#"<group name="syslog,sshd,">
  <rule id="1" level="0" noalert="1"><category>syslog</category></rule>
  <rule id="101" level="5"><if_sid>1</if_sid><match>a</match></rule>
  <rule id="102" level="10"><if_sid>1</if_sid><match>b</match><group>authentication_failures,</group></rule>
  <rule id="103" level="12"><if_sid>1</if_sid><match>c</match><options>no_ar</options></rule>
  <rule id="104" level="12" accuracy="0"><if_sid>1</if_sid><match>d</match></rule>
  <rule id="105" level="0"><if_sid>1</if_sid><match>e</match></rule>
  <rule id="106" level="3"><if_sid>1</if_sid><match>f</match><group>authentication_failures,</group></rule>
</group>"#;

fn image() -> Vec<u8> {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let id = sources.add("rules", RULES);
    let rules = vec![xml::read(&Syntax::OSSEC, &sources, id, &mut report)];
    let files = Files { rules, ..Files::default() };
    let compiled = compile::compile(&files, &compile::Settings::default(), &mut report);
    compiled.unwrap_or_else(|| panic!("{}", report.render(&sources, Colour::None))).image
}

/// The rules that a response is bound to, and the binding.
fn bound_to(when: &str, dialect: u8) -> (Vec<u32>, Binding) {
    let text = format!(
        "<active-response><command>block</command><location>local</location>{when}</active-response>"
    );
    let mut bytes = image();
    // Behind the magic and the version.
    bytes[6] = dialect;
    let image = Image::load(&bytes).expect("a sound image");
    assert_eq!(image.header.dialect, dialect);
    let binding = Binding::new(&config(&text).responses, &image);
    let rules = (0..image.rules.len()).filter(|row| binding.of(*row as u16).is_some());
    // The compiler adds rules of its own, with numbers below these.
    (rules.map(|row| image.rules[row].id.get()).filter(|id| *id > 100).collect(), binding)
}

fn rules(when: &str) -> Vec<u32> {
    bound_to(when, 0).0
}

#[test]
fn one_reason_is_enough_as_in_ossec() {
    assert_eq!(rules("<level>5</level>"), [101, 102]);
    assert_eq!(rules("<level>9</level>"), [102]);
    assert_eq!(rules("<rules_group>authentication_f</rules_group>"), [102, 106]);
    assert_eq!(rules("<rules_id>101, 106</rules_id>"), [101, 106]);
    assert_eq!(
        rules("<level>9</level><rules_group>authentication_f</rules_group><rules_id>101</rules_id>"),
        [101, 102, 106]
    );
}

#[test]
fn in_the_other_dialect_level_and_group_must_both_hold() {
    let both = "<level>9</level><rules_group>authentication_f</rules_group>";
    assert_eq!(bound_to(both, BOTH).0, [102]);
    assert_eq!(bound_to(&format!("{both}<rules_id>101</rules_id>"), BOTH).0, [101, 102]);
    assert_eq!(bound_to("<level>9</level>", BOTH).0, [102]);
    assert_eq!(bound_to("<rules_group>authentication_f</rules_group>", BOTH).0, [102, 106]);
}

#[test]
fn rules_of_level_or_accuracy_0_or_with_no_ar_never_have_a_response() {
    let all = rules(
        "<level>1</level><rules_id>101,102,103,104,105,106</rules_id><rules_group>syslog</rules_group>",
    );
    assert_eq!(all, [101, 102, 106]);
}

#[test]
fn a_binding_without_responses_is_empty() {
    let (rules, binding) = bound_to("<level>16</level>", 0);
    assert!(rules.is_empty() && binding.is_empty());
    assert!(binding.of(0).is_none() && binding.of(u16::MAX).is_none());
}

#[test]
fn responses_of_a_rule_stand_in_the_order_of_the_configuration() {
    let one = |id: &str, level: u8| {
        format!(
            "<active-response><command>block</command><location>local</location><level>{level}</level><id>{id}</id></active-response>"
        )
    };
    let responses = config(&[one("x", 10), one("a", 5), one("m", 5)].concat()).responses;
    let bytes = image();
    let image = Image::load(&bytes).expect("a sound image");
    let binding = Binding::new(&responses, &image);
    let names = |id: u32| -> Vec<String> {
        let bound = binding.of(image.find_rule(id).expect("a rule")).expect("responses");
        bound.iter().map(|response| response.name.clone()).collect()
    };
    assert_eq!(names(102), ["x", "a", "m"]);
    assert_eq!(names(101), ["a", "m"]);
    assert_eq!(responses.list.iter().map(|response| binding.rules(response)).collect::<Vec<_>>(), [1, 2, 2]);
}
