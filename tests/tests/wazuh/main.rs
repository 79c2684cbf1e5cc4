//! Wazuh 4.14's own rule tests: the whole ruleset, every case.

use bartizan::diagnose::{Colour, Diagnostics, Sources};
use bartizan::engine::session::Lent;
use bartizan::ruleset::ini::{self, Case};
use bartizan::ruleset::{self, Loaded, RulesFrom};
use bartizan_core::event::Moment;
use std::collections::BTreeMap;
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
    let loaded = load(&corpus);
    let mut lent = Lent::new(&loaded.ruleset);
    let known: BTreeMap<&str, &str> = KNOWN
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').expect("a known failure has a reason"))
        .collect();
    let (mut failed, mut mended, mut passed) = (BTreeMap::<String, Vec<String>>::new(), Vec::new(), 0);
    for (file, case) in cases(&corpus, &loaded) {
        if let Some(why) = known.get(file.as_str()) {
            eprintln!("{file}:{} skipped: {why}", case.line);
            continue;
        }
        let got = case.answer(&loaded.ruleset, &mut lent, NOW).expect("an engine without files");
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
