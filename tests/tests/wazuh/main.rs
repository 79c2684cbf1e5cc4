//! Wazuh 4.14's own rule tests: the whole ruleset, every case.

use bartizan::diagnose::{Colour, Diagnostics, Sources};
use bartizan::mitre;
use bartizan::places::Atlas;
use bartizan::ruleset::ini::{self, Case};
use bartizan::ruleset::{self, Loaded, RulesFrom, bench};
use bartizan_core::event::Moment;
use bartizan_tests::mmdb;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Cases that fail, each line `FILE:LINE` and why; `FILE` alone for all of a
/// file that need what this build does not have.
const KNOWN: &str = include_str!("known.txt");

/// When all lines are judged.
const NOW: Moment = Moment { epoch: 1_795_246_190, minute: 449, weekday: 6 };

fn load(corpus: &Path) -> Loaded {
    let from = RulesFrom::configured(None, Some(&corpus.join("wazuh-4.14/home")));
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let loaded = ruleset::load(&from, &mut sources, &mut report);
    loaded.unwrap_or_else(|| panic!("{}", report.render(&sources, Colour::None)))
}

/// The same rules, and the places of addresses that tests name.
fn load_with_places(corpus: &Path) -> Loaded {
    let mut atlas = Atlas::default();
    atlas.add(mmdb::database(&mmdb::ROWS)).expect("a database");
    let mut loaded = load(corpus);
    loaded.ruleset.atlas = Some(atlas);
    loaded
}

/// All cases with the names of their files.
fn cases(corpus: &Path, loaded: &Loaded) -> Vec<(String, Case)> {
    let mut files: Vec<_> = fs::read_dir(corpus.join("wazuh-4.14/tests"))
        .expect("the corpus has rule tests")
        .map(|entry| entry.expect("a folder can be read").path())
        .collect();
    files.sort();
    let dialect = loaded.ruleset.image().dialect();
    let of_file = |path: &std::path::PathBuf| {
        let text = fs::read(path).expect("a test can be read");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let cases = ini::cases(&text, dialect).expect("a test is an ini file");
        cases.into_iter().map(move |case| (name.clone(), case)).collect::<Vec<_>>()
    };
    files.iter().flat_map(of_file).collect()
}

#[test]
fn rule_tests_of_wazuh_pass() {
    let Some(corpus) = bartizan_tests::corpus() else { return };
    let loaded = load_with_places(&corpus);
    let known: BTreeMap<&str, &str> = KNOWN
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').expect("a known failure has a reason"))
        .collect();
    let (mut failed, mut mended, mut passed) = (BTreeMap::<String, Vec<String>>::new(), Vec::new(), 0);
    let (files, cases): (Vec<_>, Vec<_>) = cases(&corpus, &loaded).into_iter().unzip();
    let answers = bench::answers(&loaded.ruleset, &cases, NOW, None);
    for ((file, case), got) in files.into_iter().zip(&cases).zip(answers) {
        if let Some(why) = known.get(file.as_str()) {
            eprintln!("{file}:{} skipped: {why}", case.line);
            continue;
        }
        let name = format!("{file}:{}", case.line);
        let is_known = known.contains_key(name.as_str());
        match case.is_met(&got, loaded.ruleset.image().dialect()) {
            true => {
                passed += 1;
                mended.extend(is_known.then_some(name));
            }
            false if is_known => {}
            false => {
                let (want, log) = (&case.expected, String::from_utf8_lossy(&case.logs[case.logs.len() - 1]));
                failed.entry(file).or_default().push(format!(
                    "  {name} {}\n    want {}:{}:{}  got {}:{}:{}\n    {log}",
                    case.key, want.rule, want.level, want.decoder, got.rule, got.level, got.decoder
                ));
            }
        }
    }
    eprintln!("{passed} cases passed");
    let number = failed.values().map(Vec::len).sum::<usize>();
    let table: Vec<_> = failed.iter().map(|(file, all)| format!("{:4} {file}", all.len())).collect();
    let details: Vec<_> = failed.values().flatten().cloned().collect();
    assert!(failed.is_empty(), "{}\n{number} cases fail:\n{}", details.join("\n"), table.join("\n"));
    assert!(mended.is_empty(), "known failures that pass: {mended:?}");
}

#[test]
fn techniques_that_rules_of_wazuh_name_have_names() {
    let Some(corpus) = bartizan_tests::corpus() else { return };
    let loaded = load(&corpus);
    let image = loaded.ruleset.image();
    let texts = image.rules.iter().map(|rule| image.text(rule.mitre));
    let ids: BTreeSet<&[u8]> = texts.flat_map(|text| text.split(|byte| *byte == b',')).collect();
    // Some of its rules have a tactic or a variable where a technique belongs.
    let of_techniques = || ids.iter().filter(|id| id.starts_with(b"T1"));
    let unknown: Vec<_> = of_techniques().filter(|id| mitre::of_ids(id).is_empty()).collect();
    assert_eq!((of_techniques().count(), unknown), (166, vec![]));
}

/// Rules of the corpus about places that no test of it reaches, with what
/// their comments say.
const PLACES: &str = "\
[osregex]
log 1 pass = Dec 19 17:20:08 ubuntu test_osregex_16[12345]:test_srcgeoip 41.78.120.9
rule = 999800
alert = 3
decoder = test_osregex_16
[osregex, negated]
log 1 pass = Dec 19 17:20:08 ubuntu test_osregex_16[12345]:test_srcgeoip 194.69.224.10
rule = 999801
alert = 3
decoder = test_osregex_16
[osregex, target]
log 1 pass = Dec 19 17:20:08 ubuntu test_osregex_17[12345]:test_dstgeoip 41.78.120.9
rule = 999802
alert = 3
decoder = test_osregex_17
[osregex, target, negated]
log 1 pass = Dec 19 17:20:08 ubuntu test_osregex_17[12345]:test_dstgeoip 194.69.224.10
rule = 999803
alert = 3
decoder = test_osregex_17
[pcre2]
log 1 pass = Dec 19 17:20:08 ubuntu test_pcre2_16[12345]:test_srcgeoip 8.8.8.8
rule = 999600
alert = 3
decoder = test_pcre2_16
[pcre2, negated]
log 1 pass = Dec 19 17:20:08 ubuntu test_pcre2_16[12345]:test_srcgeoip 194.69.224.10
rule = 999601
alert = 3
decoder = test_pcre2_16
[pcre2, target]
log 1 pass = Dec 19 17:20:08 ubuntu test_pcre2_17[12345]:test_dstgeoip 8.8.8.8
rule = 999602
alert = 3
decoder = test_pcre2_17
[pcre2, target, negated]
log 1 pass = Dec 19 17:20:08 ubuntu test_pcre2_17[12345]:test_dstgeoip 194.69.224.10
rule = 999603
alert = 3
decoder = test_pcre2_17
[source in the country]
log 1 pass = Dec 19 17:20:08 ubuntu test_geoip[12345]: disconnect to 10.0.0.1 from 8.8.8.8
rule = 999400
alert = 4
decoder = test_expr_negation_geoip
[source in another country]
log 1 pass = Dec 19 17:20:08 ubuntu test_geoip[12345]: disconnect to 10.0.0.1 from 2.136.147.146
rule = 999401
alert = 3
decoder = test_expr_negation_geoip
[target in the country]
log 1 pass = Dec 19 17:20:08 ubuntu test_geoip[12345]: connect to 8.8.8.8 from 10.0.0.1
rule = 999402
alert = 4
decoder = test_expr_negation_geoip
[target in another country]
log 1 pass = Dec 19 17:20:08 ubuntu test_geoip[12345]: connect to 2.136.147.146 from 10.0.0.1
rule = 999403
alert = 3
decoder = test_expr_negation_geoip
[nowhere]
log 1 fail = Dec 19 17:20:08 ubuntu test_geoip[12345]: connect to 10.0.0.2 from 10.0.0.1
rule = 999403
alert = 3
decoder = test_expr_negation_geoip
";

#[test]
fn conditions_on_places_hold_where_their_comments_say() {
    let Some(corpus) = bartizan_tests::corpus() else { return };
    let loaded = load_with_places(&corpus);
    let dialect = loaded.ruleset.image().dialect();
    let cases = ini::cases(PLACES.as_bytes(), dialect).expect("an ini file");
    for (case, got) in cases.iter().zip(bench::answers(&loaded.ruleset, &cases, NOW, None)) {
        assert!(case.is_met(&got, dialect), "{}: {got:?}", case.section);
    }
}

#[test]
fn without_a_database_just_the_cases_that_need_places_are_known_by_their_rules() {
    let Some(corpus) = bartizan_tests::corpus() else { return };
    let loaded = load(&corpus);
    let cases = cases(&corpus, &loaded);
    let asking: Vec<_> =
        cases.iter().filter(|(_, case)| bench::lacks_places(&loaded.ruleset, case)).collect();
    assert_eq!(asking.len(), 4);
    assert!(asking.iter().all(|(file, _)| file == "test_static_filters_geoip.ini"));
}
