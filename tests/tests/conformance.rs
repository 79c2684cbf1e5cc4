//! Answers equal to OSSEC 4.3's on every line of the corpus.

use bartizan::compile::lists::List;
use bartizan::diagnose::{Diagnostics, Sources};
use bartizan::engine::memory::MemoryOptions;
use bartizan::engine::session::{EngineOptions, Lent, Session};
use bartizan::ruleset::{self, Loaded, RulesFrom, bench, ini};
use bartizan_core::event::{Event, Known, Moment, Origin, Target};
use bartizan_core::image::Dialect;
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode;
use bartizan_core::rules::judge::Manner;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;

fn load(corpus: &Path) -> Loaded {
    let from = RulesFrom::configured(None, Some(&corpus.join("ossec-4.3/home")));
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    ruleset::load(&from, &mut sources, &mut report).expect("OSSEC's rules load")
}

/// When all lines are judged.
const NOW: Moment = Moment { epoch: 1_795_246_190, minute: 449, weekday: 6 };

/// An engine and the memory between its lines.
struct Engine<'r, 'm> {
    session: Session<'r, 'm>,
    known: Known,
}

impl<'r, 'm> Engine<'r, 'm> {
    fn fresh(loaded: &'r Loaded, lent: &'m mut Lent) -> Self {
        let options = EngineOptions { manner: Manner::Test, memory: MemoryOptions::default() };
        let session = Session::new(&loaded.ruleset, lent, &options).expect("an engine without files");
        Self { session, known: Known::default() }
    }

    /// The answer to a line, in the words of the expected files.
    fn answer(&mut self, line: &[u8]) -> Value {
        let mut buffer = [0; TEXT_MAX];
        let text = predecode::clean(line, self.session.court.image.dialect(), &mut buffer);
        let origin = Origin { location: b"stdin", local_host: b"vm", now: NOW };
        let mut event = Event::new(text, origin, &mut self.known);
        let verdict = self.session.judge(&mut event);
        let image = &self.session.court.image;
        let lossy = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes));
        let fields: Map<String, Value> = event
            .assigned()
            .iter()
            .map(|(target, value)| {
                let name = match target {
                    Target::Static(field) => field.label().to_owned(),
                    Target::Dynamic(item) => {
                        String::from_utf8_lossy(image.text(image.order[*item as usize].name)).into_owned()
                    }
                };
                (name, lossy(event.bytes(*value).unwrap_or(b"")))
            })
            .collect();
        let rule = verdict.rule.and_then(|row| image.rule(row));
        let answer = json!({
            "decoder": image.decoder_name(event.decoder).map(lossy),
            "fields": fields,
            "rule": rule.map(|rule| rule.id.get()),
            "level": rule.map(|rule| rule.level.get()),
            "alert": verdict.alerts(image),
        });
        self.session.court.remember(&event, &verdict);
        answer
    }
}

/// What an expected line says, under names with a prefix.
fn expected(line: &str, prefix: &str) -> Value {
    let line: Value = serde_json::from_str(line).expect("expected files are JSON lines");
    let stateful = |name: &str| line[format!("{prefix}{name}")].clone();
    json!({
        "decoder": line["decoder"],
        "fields": line["fields"],
        "rule": stateful("rule"),
        "level": stateful("level"),
        "alert": stateful("alert"),
    })
}

/// The lines of a log as they were fed to the reference.
fn lines(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).expect("the corpus has this log");
    let bytes: Vec<u8> = bytes.into_iter().filter(|byte| *byte != b'\r').collect();
    bytes.split(|byte| *byte == b'\n').filter(|line| line.len() >= 2).map(<[u8]>::to_vec).collect()
}

/// Compares answers; names the first lines that differ.
fn compare(
    name: &str,
    logs: &[Vec<u8>],
    answers: impl Iterator<Item = Value>,
    wanted: impl Iterator<Item = Value>,
) {
    let different: Vec<_> = logs
        .iter()
        .zip(answers.zip(wanted))
        .filter(|(_, (got, want))| got != want)
        .map(|(log, (got, want))| format!("{}\n  want {want}\n  got  {got}", String::from_utf8_lossy(log)))
        .collect();
    assert!(
        different.is_empty(),
        "{name}: {} of {} lines differ:\n{}",
        different.len(),
        logs.len(),
        different[..different.len().min(5)].join("\n")
    );
}

fn expectations(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("the corpus has these answers");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn each_line_alone_is_judged_as_by_the_reference() {
    let Some(corpus) = bartizan_tests::corpus() else { return };
    let loaded = load(&corpus);
    let mut lent = Lent::new(&loaded.ruleset);
    for name in ["cases", "log-entries"] {
        let folder = corpus.join("ossec-4.3/expected");
        let logs = lines(&folder.join(format!("{name}.log")));
        let wanted = expectations(&folder.join(format!("{name}.expected.jsonl")));
        assert_eq!(logs.len(), wanted.len(), "{name}");
        let answers: Vec<_> = logs.iter().map(|log| Engine::fresh(&loaded, &mut lent).answer(log)).collect();
        compare(name, &logs, answers.into_iter(), wanted.iter().map(|line| expected(line, "")));
    }
}

#[test]
fn lines_in_one_run_are_judged_as_by_the_reference() {
    let Some(corpus) = bartizan_tests::corpus() else { return };
    let loaded = load(&corpus);
    let mut lent = Lent::new(&loaded.ruleset);
    let runs = [
        ("ossec-4.3/expected/cases.log", "ossec-4.3/expected/cases.expected.jsonl", "stream_"),
        ("logs/openssh-2k.log", "logs/openssh-2k.expected.jsonl", ""),
        ("logs/linux-2k.log", "logs/linux-2k.expected.jsonl", ""),
        ("logs/apache-2k.log", "logs/apache-2k.expected.jsonl", ""),
    ];
    for (log, answers, prefix) in runs {
        let logs = lines(&corpus.join(log));
        let wanted = expectations(&corpus.join(answers));
        assert_eq!(logs.len(), wanted.len(), "{log}");
        let mut engine = Engine::fresh(&loaded, &mut lent);
        let answers: Vec<_> = logs.iter().map(|log| engine.answer(log)).collect();
        compare(log, &logs, answers.into_iter(), wanted.iter().map(|line| expected(line, prefix)));
    }
}

/// Cases that fail on OSSEC 4.3 itself. One that passes here fails the test.
const FAILING_ON_THE_REFERENCE: [(&str, usize); 6] = [
    ("msauth.ini", 2),
    ("msauth.ini", 3),
    ("snort.ini", 2),
    ("snort.ini", 8),
    ("web_appsec.ini", 65),
    ("web_appsec.ini", 136),
];

#[test]
fn rule_tests_of_the_reference_pass_where_it_passes_them() {
    let Some(corpus) = bartizan_tests::corpus() else { return };
    let loaded = load(&corpus);
    let mut failing = Vec::new();
    let mut count = 0;
    let mut files: Vec<_> = fs::read_dir(corpus.join("ossec-4.3/tests"))
        .expect("the corpus has rule tests")
        .map(|entry| entry.expect("a folder can be read").path())
        .collect();
    files.sort();
    for file in files {
        let cases = ini::cases(&fs::read(&file).expect("a test can be read"), Dialect::Ossec)
            .expect("a test is an ini file");
        let answers = bench::answers(&loaded.ruleset, &cases, NOW, None);
        for (case, answer) in cases.iter().zip(answers) {
            count += 1;
            if !case.is_met(&answer, Dialect::Ossec) {
                failing
                    .push((file.file_name().unwrap_or_default().to_string_lossy().into_owned(), case.line));
            }
        }
    }
    let known: Vec<_> =
        FAILING_ON_THE_REFERENCE.iter().map(|(file, line)| ((*file).to_owned(), *line)).collect();
    assert_eq!(failing, known);
    assert_eq!(count, 261);
}

#[test]
fn a_list_compiled_by_the_reference_answers_as_its_text() {
    let Some(corpus) = bartizan_tests::corpus() else { return };
    let golden =
        |name: &str| fs::read(corpus.join("ossec-4.3/golden").join(name)).expect("the corpus has it");
    let text = golden("makelists-input.txt");
    let list = List::from_text(&text, Dialect::Ossec);
    let compiled = List::from_cdb(&golden("makelists-small.cdb")).expect("a cdb");
    assert!(list.len() > 3);
    assert_eq!(list.len(), compiled.len());
    let keys = text.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b':').next());
    for key in keys {
        assert_eq!(list.get(key), compiled.get(key), "{}", String::from_utf8_lossy(key));
    }
}
