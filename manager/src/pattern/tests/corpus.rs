//! Every pattern of both rulesets over every line of the corpus logs.
//!
//! Reads the corpus that `BARTIZAN_CORPUS` names; without it this does nothing.

use super::super::agreement::assert_same;
use super::super::{FastMatcher, FastTables, Language, Options, PatternSet, cases};
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

/// Whose rules are read.
#[derive(Clone, Copy, PartialEq)]
enum Rules {
    Ossec,
    Wazuh,
}

impl Rules {
    /// Where they are, and what is asked of them.
    fn home(self) -> &'static str {
        if self == Self::Ossec { "ossec-4.3/home" } else { "wazuh-4.14/home" }
    }

    fn options(self) -> Options {
        if self == Self::Ossec { Options::default() } else { Options::WAZUH }
    }

    /// The language of an element, by its name and attributes.
    fn language(self, name: &str, attributes: &str) -> Option<Language> {
        let typed = |kind: &str| attributes.contains(&format!("type=\"{kind}\""));
        let (literals, expressions) = match self {
            Self::Ossec => (Language::Match, Language::Regex),
            Self::Wazuh => (Language::OsMatch, Language::OsRegex),
        };
        if name.ends_with("pcre2") || typed("pcre2") {
            return Some(Language::Pcre2);
        }
        match name {
            _ if typed("osregex") => Some(expressions),
            _ if typed("osmatch") => Some(literals),
            "match" | "id" | "url" | "user" | "hostname" | "program_name" | "status" | "extra_data"
            | "srcport" | "dstport" | "data" | "protocol" | "system_name" | "location"
            | "if_matched_group" => Some(literals),
            "regex" | "prematch" | "field" | "if_matched_regex" => Some(expressions),
            _ => None,
        }
    }
}

/// The patterns of an XML file: a plain scan that knows comments.
fn elements(rules: Rules, text: &str) -> Vec<(Language, &str)> {
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
        if let Some(language) = rules.language(name, head)
            && let Some((content, _)) = body.split_once(&format!("</{name}>"))
        {
            found.push((language, content));
        }
    }
    found
}

/// Adds the patterns of rules and decoders; those that do not compile come
/// back.
fn add_all(set: &mut PatternSet, corpus: &Path, rules: Rules) -> Vec<String> {
    let mut refused = Vec::new();
    for file in files(&corpus.join(rules.home()), ".xml") {
        let text = std::fs::read(&file).expect("the corpus can be read");
        for (language, pattern) in elements(rules, &String::from_utf8_lossy(&text)) {
            if let Err(error) = set.add_with(language, pattern.as_bytes(), rules.options()) {
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

/// Lines of logs and what is behind their headers, one of those that differ
/// by digits only.
fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct = BTreeMap::new();
    for line in texts {
        for part in [&line, message(&line)] {
            let key: String = part.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            distinct.entry(key).or_insert_with(|| part.to_owned());
        }
    }
    distinct.into_values().collect()
}

/// Lines of all files below a folder, whose names end so.
fn lines(folder: &Path, ending: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for file in files(folder, ending) {
        let text = std::fs::read(file).expect("the corpus can be read");
        lines.extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
    }
    lines
}

/// Asks both matchers for every pattern in every line; the number of matches,
/// and of searches that were given up.
fn compare(set: PatternSet, lines: &[String]) -> (u64, u64) {
    let count = set.len();
    let tables = set.finish();
    let patterns = Patterns::new(&tables.rows, &tables.code, &tables.sets, &tables.text);
    let patterns = patterns.expect("what is compiled is sound");
    let need = patterns.scratch_needed();
    let (mut memo, mut stack) = (vec![0; need.memo_words], vec![Frame::default(); need.stack_frames]);
    let mut machine =
        Machine::new(patterns, Scratch { memo: &mut memo, stack: &mut stack }).expect("enough memory");
    let fast_tables = FastTables::build(&patterns);
    let mut fast = FastMatcher::new(&fast_tables, patterns);
    let mut matches = 0u64;
    for line in lines {
        fast.begin(line.as_bytes());
        for number in 0..count {
            let id = PatternId(number as u16);
            matches += u64::from(assert_same(&mut machine, &mut fast, id, line.as_bytes()));
        }
    }
    assert!(fast_tables.memory() < 16 << 20, "the tables take {} bytes", fast_tables.memory());
    (matches, machine.given_up())
}

#[test]
fn matchers_agree_on_every_pattern_and_line_of_the_corpus() {
    let Ok(corpus) = std::env::var("BARTIZAN_CORPUS") else { return };
    let corpus = Path::new(&corpus);
    let mut set = PatternSet::new(cases);
    assert_eq!(add_all(&mut set, corpus, Rules::Ossec), Vec::<String>::new());
    assert!(set.len() > 1500, "only {} patterns were found", set.len());
    let lines = distinct(lines(corpus, ".log").into_iter());
    let (matches, given_up) = compare(set, &lines);
    assert!(lines.len() > 1000 && matches > 50_000, "{} lines, {matches} matches", lines.len());
    assert_eq!(given_up, 0);
}

#[test]
fn matchers_agree_on_every_pattern_and_line_of_wazuh() {
    let Ok(corpus) = std::env::var("BARTIZAN_CORPUS") else { return };
    let corpus = Path::new(&corpus);
    let mut set = PatternSet::new(cases);
    assert_eq!(add_all(&mut set, corpus, Rules::Wazuh), Vec::<String>::new(), "every pattern is understood");
    assert!(set.len() > 3000, "only {} patterns were found", set.len());
    let tests = lines(&corpus.join("wazuh-4.14/tests"), ".ini");
    let logs = tests.iter().filter(|line| line.starts_with("log "));
    let lines = distinct(logs.filter_map(|line| Some(line.split_once(" = ")?.1.to_owned())));
    let (matches, given_up) = compare(set, &lines);
    assert!(lines.len() > 500 && matches > 50_000, "{} lines, {matches} matches", lines.len());
    assert_eq!(given_up, 0, "no search of a known line is given up");
}
