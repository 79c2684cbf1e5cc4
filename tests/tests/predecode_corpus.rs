//! The header of every line of the corpus is what OSSEC 4.3 made of it.
//!
//! Runs where `BARTIZAN_CORPUS` names the corpus, else says so and passes: the
//! tests beside the room hold without it.

use bartizan_core::image::Dialect;
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode::{clean, header};
use bartizan_core::record::Span;
use std::path::Path;

/// Files of answers and the number of lines they have at least, so that a
/// corpus that cannot be read is not taken for one that agrees.
const ANSWERS: [(&str, usize); 5] = [
    ("ossec-4.3/expected/cases.expected.jsonl", 229),
    ("ossec-4.3/expected/log-entries.expected.jsonl", 2505),
    ("logs/openssh-2k.expected.jsonl", 2000),
    ("logs/linux-2k.expected.jsonl", 2000),
    ("logs/apache-2k.expected.jsonl", 2000),
];

/// What is wrong with the header of one line, if anything is.
fn difference(line: &str) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
    let log = answer["log"].as_str().expect("a log");
    let mut buffer = [0; TEXT_MAX];
    let text = clean(log.as_bytes(), Dialect::Ossec, &mut buffer);
    let found = header(text, Dialect::Ossec);
    let of = |span: Span| String::from_utf8_lossy(span.of(text)).into_owned();
    let ours = (found.host.map(of), found.program.map(of), Some(of(found.log)));
    let wanted = |key: &str| answer[key].as_str().map(String::from);
    let theirs = (wanted("hostname"), wanted("program_name"), wanted("body"));
    (ours != theirs).then(|| format!("{log}\n  ours   {ours:?}\n  theirs {theirs:?}"))
}

#[test]
fn headers_of_the_corpus_are_read_as_the_reference_reads_them() {
    let Some(corpus) = std::env::var_os("BARTIZAN_CORPUS") else {
        println!("BARTIZAN_CORPUS is not set: nothing compared");
        return;
    };
    for (name, least) in ANSWERS {
        let path = Path::new(&corpus).join(name);
        let answers =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines = answers.lines().count();
        let different: Vec<String> = answers.lines().filter_map(difference).collect();
        println!("{name}: {} of {lines} equal", lines - different.len());
        assert!(lines >= least, "{name}: only {lines} lines");
        assert!(different.is_empty(), "{name}:\n{}", different.join("\n"));
    }
}
