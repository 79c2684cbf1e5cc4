//! The built-in rules: each fires where it should and not where it should not.

use bartizan::diagnose::{Colour, Diagnostics, Sources};
use bartizan::mitre;
use bartizan::ruleset::ini::{self, Case};
use bartizan::ruleset::{self, Loaded, RulesFrom, bench, built_in};
use bartizan_core::event::Moment;
use bartizan_core::image::Dialect;
use bartizan_core::image::rows::rule_flag;
use std::collections::{BTreeMap, BTreeSet};

fn load() -> Loaded {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let loaded = ruleset::load(&RulesFrom::BuiltIn, &mut sources, &mut report);
    let problems = report.render(&sources, Colour::None);
    assert!(report.is_empty(), "the built-in rules load without a complaint:\n{problems}");
    loaded.expect("the built-in rules load")
}

fn cases() -> Vec<(&'static str, Case)> {
    let of_file = |(name, text): &(&'static str, &str)| {
        let name = *name;
        let cases = ini::cases(text.as_bytes(), Dialect::Ossec)
            .unwrap_or_else(|e| panic!("{name}:{}: {}", e.line, e.message));
        cases.into_iter().map(move |case| (name, case)).collect::<Vec<_>>()
    };
    built_in::TESTS.iter().flat_map(of_file).collect()
}

#[test]
fn every_case_gives_the_answer_that_it_wants() {
    let loaded = load();
    let now = Moment { epoch: 1_795_246_190, minute: 449, weekday: 6 };
    let (files, cases): (Vec<_>, Vec<_>) = cases().into_iter().unzip();
    assert!(cases.len() > 1500, "{} cases", cases.len());
    let mut failed = Vec::new();
    let answers = bench::answers(&loaded.ruleset, &cases, now, None);
    for ((file, case), got) in files.iter().zip(&cases).zip(answers) {
        if !case.is_met(&got, Dialect::Ossec) {
            failed.push(format!("{file}:{} [{}] {}: got {got:?}", case.line, case.section, case.key));
        }
    }
    assert!(failed.is_empty(), "{} of {} cases failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

/// Rules that no line can fire alone: the statistics' own rule, and a rule
/// that marks findings which other rules of its level always name.
const WITHOUT_CASES: [u32; 2] = [11, 509];

#[test]
fn every_rule_that_can_fire_has_a_case_and_a_near_miss() {
    let loaded = load();
    let (mut fires, mut misses) = (BTreeSet::new(), BTreeSet::new());
    for (_, case) in cases() {
        let rule: u32 = case.expected.rule.parse().expect("a case names a rule");
        if case.passes { &mut fires } else { &mut misses }.insert(rule);
    }
    let image = loaded.ruleset.image();
    let can_fire = |flags: u32| flags & rule_flag::NO_ALERT == 0;
    let ids = image.rules.iter().filter(|rule| can_fire(rule.flags.get())).map(|rule| rule.id.get());
    let tested = |id: &u32| fires.contains(id) && misses.contains(id);
    let untested: Vec<_> = ids.filter(|id| !(tested(id) || WITHOUT_CASES.contains(id))).collect();
    assert!(untested.is_empty(), "without a case or a near miss: {untested:?}");
}

#[test]
fn every_rule_has_groups_and_those_of_log_ins_name_a_technique() {
    let loaded = load();
    let image = loaded.ruleset.image();
    let mut without: BTreeMap<u32, String> = BTreeMap::new();
    for rule in image.rules {
        let groups = String::from_utf8_lossy(image.text(rule.groups)).into_owned();
        let about = |word: &str| groups.split(',').any(|group| group == word);
        let wants =
            ["authentication_failed", "authentication_failures", "firewall_drop"].iter().any(|w| about(w));
        let techniques = || groups.split(',').filter(|group| group.starts_with("attack_"));
        let named = techniques().next().is_some();
        assert!(
            techniques().all(|group| mitre::of_group(group.as_bytes()).is_some()),
            "{}: {groups}",
            rule.id
        );
        let description = image.text(rule.description);
        if groups.is_empty() || description.is_empty() || (wants && rule.level > 0 && !named) {
            without.insert(rule.id.get(), groups);
        }
    }
    assert!(without.is_empty(), "{without:?}");
}
