//! What an engine has forgotten changes nothing any more.

use super::*;
use bartizan_core::rules::judge::Verdict;

fn verdicts(session: &mut Session<'_, '_>, events: &[(i64, String)]) -> Vec<Verdict> {
    let mut known = Known::default();
    let verdict = |(epoch, text): &(i64, String)| {
        let now = Moment { epoch: *epoch, minute: 0, weekday: 0 };
        let origin = Origin { location: b"/var/log/probe", local_host: b"keep", now };
        let mut event = Event::new(text.as_bytes(), origin, &mut known);
        let verdict = session.judge(&mut event);
        session.court.remember(&event, &verdict);
        verdict
    };
    events.iter().map(verdict).collect()
}

/// Some memory changes what is said of the events when they come again, unless
/// all is forgotten in between: then nothing at all is different.
fn is_forgotten(decoders: &str, rules: &str, events: &[(i64, String)]) {
    let ruleset = ruleset_in(Dialect::Ossec, decoders, rules, Settings::default());
    let mut lent = Lent::new(&ruleset);
    let mut session = Session::resume(&ruleset, &mut lent, Manner::Daemon);
    let first = verdicts(&mut session, events);
    let again = verdicts(&mut session, events);
    let said = |all: &[Verdict]| all.iter().map(|one| (one.rule, one.fate)).collect::<Vec<_>>();
    assert_ne!(said(&again), said(&first), "nothing is remembered");
    session.court.forget();
    let anew = verdicts(&mut session, events);
    assert_eq!(format!("{anew:?}"), format!("{first:?}"));
}

#[test]
fn every_memory_is_forgotten() {
    let event = || probe(0, "eve", "192.0.2.1", "1");
    let rule = |inside: &str| {
        format!(r#"<rule id="100" level="3" {inside}<match>probe</match><description>a</description></rule>"#)
    };
    let counting = composite("frequency=\"2\" timeframe=\"100\"", "<if_matched_sid>100</if_matched_sid>");
    is_forgotten(DECODER, &counting, &[event(), event()]);
    is_forgotten(DECODER, &rule("ignore=\"60\">"), &[event()]);
    let ignoring = rule("><ignore>user</ignore><check_if_ignored>user</check_if_ignored>");
    is_forgotten(DECODER, &ignoring, &[event()]);
    is_forgotten(DECODER, FIRST, &[event()]);
    let output = |state: &str| (1000, format!("probe {state}"));
    is_forgotten(DECODER, DIFFERS, &[output("a"), output("b")]);
}

#[test]
fn values_that_were_carried_over_are_forgotten() {
    let decoders = r#"<decoder name="probe"><prematch>^id=</prematch><accumulate/></decoder>
        <decoder name="probe-fields"><parent>probe</parent><pcre2>^id=(\d+)(?: user=(\S+))?</pcre2>
            <order>id, user</order><accumulate/></decoder>"#;
    let rules = r#"<rule id="100" level="3"><decoded_as>probe</decoded_as><description>a</description></rule>
        <rule id="101" level="4"><if_sid>100</if_sid><user>eve</user><description>eve</description></rule>"#;
    let event = |text: &str| (1000, text.to_owned());
    is_forgotten(decoders, rules, &[event("id=7 closes"), event("id=7 user=eve")]);
}
