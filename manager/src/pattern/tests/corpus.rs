//! Every pattern of OSSEC 4.3's rules over every line of the corpus logs.
//!
//! Reads the corpus that `BARTIZAN_CORPUS` names; without it this does nothing.

use super::super::agreement::assert_same;
use super::super::{FastMatcher, FastTables, Language, PatternSet, cases};
use bartizan_core::pattern::{Frame, Machine, Matcher, PatternId, Patterns, Scratch};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All files below a folder whose name ends so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the corpus can be read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The language of an element, by its name and attributes.
fn language(name: &str, attributes: &str) -> Option<Language> {
    let typed = |kind: &str| attributes.contains(&format!("type=\"{kind}\""));
    if name.ends_with("pcre2") || typed("pcre2") {
        return Some(Language::Pcre2);
    }
    match name {
        _ if typed("osregex") => Some(Language::Regex),
        _ if typed("osmatch") => Some(Language::Match),
        "match" | "id" | "url" | "user" | "hostname" | "program_name" | "status" | "extra_data" => {
            Some(Language::Match)
        }
        "regex" | "prematch" | "field" | "if_matched_regex" => Some(Language::Regex),
        _ => None,
    }
}

/// The patterns of an XML file: a plain scan that knows comments.
fn elements(text: &str) -> Vec<(Language, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, behind)| behind);
            continue;
        }
        let Some((head, body)) = rest.split_once('>') else { break };
        let name = head.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("");
        if head.ends_with('/') {
            continue;
        }
        if let Some(language) = language(name, head)
            && let Some((content, _)) = body.split_once(&format!("</{name}>"))
        {
            found.push((language, content));
        }
    }
    found
}

/// Adds the patterns of a home; those that do not compile come back.
fn add_all(set: &mut PatternSet, home: &Path) -> Vec<String> {
    let mut refused = Vec::new();
    for file in files(home, ".xml") {
        let text = std::fs::read(&file).expect("the corpus can be read");
        for (language, pattern) in elements(&String::from_utf8_lossy(&text)) {
            if let Err(error) = set.add(language, pattern.as_bytes()) {
                refused.push(format!("{}: {pattern}: {error}", file.display()));
            }
        }
    }
    refused.sort();
    refused.dedup();
    refused
}

/// What is behind the header of a line, roughly.
fn message(line: &str) -> &str {
    line.split_once("]: ").or_else(|| line.split_once(": ")).map_or(line, |(_, message)| message)
}

/// Lines of all logs and what is behind their headers, one of those that
/// differ by digits only.
fn lines(corpus: &Path) -> Vec<String> {
    let mut distinct = BTreeMap::new();
    for file in files(corpus, ".log") {
        let text = std::fs::read(file).expect("the corpus can be read");
        for line in String::from_utf8_lossy(&text).lines() {
            for part in [line, message(line)] {
                let key: String = part.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
                distinct.entry(key).or_insert_with(|| part.to_owned());
            }
        }
    }
    distinct.into_values().collect()
}

#[test]
fn matchers_agree_on_every_pattern_and_line_of_the_corpus() {
    let Ok(corpus) = std::env::var("BARTIZAN_CORPUS") else { return };
    let corpus = Path::new(&corpus);
    let mut set = PatternSet::new(cases);
    assert_eq!(add_all(&mut set, &corpus.join("ossec-4.3/home")), Vec::<String>::new());
    let count = set.len();
    assert!(count > 1500, "only {count} patterns were found");
    let tables = set.finish();
    let patterns = Patterns::new(&tables.rows, &tables.code, &tables.sets, &tables.text);
    let patterns = patterns.expect("what is compiled is sound");
    let need = patterns.scratch_needed();
    let (mut memo, mut stack) = (vec![0; need.memo_words], vec![Frame::default(); need.stack_frames]);
    let mut machine =
        Machine::new(patterns, Scratch { memo: &mut memo, stack: &mut stack }).expect("enough memory");
    let fast_tables = FastTables::build(&patterns);
    let mut fast = FastMatcher::new(&fast_tables, patterns);
    let lines = lines(corpus);
    let mut matches = 0u64;
    for line in &lines {
        fast.begin(line.as_bytes());
        for number in 0..count {
            matches +=
                u64::from(assert_same(&mut machine, &mut fast, PatternId(number as u16), line.as_bytes()));
        }
    }
    assert!(lines.len() > 1000 && matches > 50_000, "{} lines, {matches} matches", lines.len());
    assert!(fast_tables.memory() < 12 << 20, "the tables take {} bytes", fast_tables.memory());
}

#[test]
fn only_known_patterns_of_wazuh_are_refused() {
    let Ok(corpus) = std::env::var("BARTIZAN_CORPUS") else { return };
    let mut set = PatternSet::new(cases);
    let refused = add_all(&mut set, &Path::new(&corpus).join("wazuh-4.14/home"));
    // Look-ahead, and a verb that asks for Unicode: not regular, or not bytes.
    let known =
        |error: &String| error.contains("look-ahead is not supported") || error.contains("a verb `(*...)`");
    let unknown: Vec<&String> = refused.iter().filter(|error| !known(error)).collect();
    assert!(unknown.is_empty() && refused.len() <= 10, "{unknown:?} of {}", refused.len());
}
