//! Records marked by expressions as users write them.

use super::*;
use crate::pattern::compile::{Expressions, Language, Options, no_cases};

/// The records of lines whose marks are these expressions; an empty one is
/// none.
fn records([start, end, key]: [&str; 3], lines: &[&str]) -> Vec<String> {
    let mut patterns = Expressions::new(no_cases);
    let options = Options { caseless: false, given: true, keep_unset: true };
    let mut add = |expression: &str| {
        let id = patterns.add(Language::Pcre2, expression.as_bytes(), options);
        (!expression.is_empty()).then(|| id.expect(expression))
    };
    let (start, end, key) = (add(start), add(end), add(key));
    let format = Format::Regex { start, end, key, join: Join::Newline, timeout_ms: TIMEOUT_MS };
    let mut assembler = Assembler::new(format, std::vec![0; format.memory()]).expect("it fits");
    let mut context = Context { now: Millis(0), header: b"", patterns: &mut patterns };
    let mut texts = Vec::new();
    let mut out = |record: Record<'_>| texts.push(String::from_utf8_lossy(record.text).into_owned());
    for (at, line) in (0..).zip(lines) {
        assembler.push(Line { text: line.as_bytes(), at: 100 * at, cut: 0 }, &mut context, &mut out);
    }
    assembler.finish(&mut context, &mut out);
    texts
}

#[test]
fn what_the_start_captured_tells_the_end() {
    let lines = ["<job a.b>", "x", "</job aXb>", "</job a.b>", "between", "<job c>", "</job c>"];
    let expected = ["<job a.b>\nx\n</job aXb>\n</job a.b>", "between", "<job c>\n</job c>"];
    assert_eq!(records([r"^<job (\S+)>$", r"^</job \1>$", ""], &lines), expected);
    let later = [r"^(?:(x)|(y)) begins", r"\2 ends", ""];
    assert_eq!(records(later, &["y begins", "x ends", "y ends", "z"]), ["y begins\nx ends\ny ends", "z"]);
}

#[test]
fn a_trace_belongs_to_the_line_that_caused_it() {
    let lines = ["2026-01-01 10:00 ERROR x", "java.lang.Error", "  at a.b", "2026-01-01 10:01 INFO y"];
    let expected = ["2026-01-01 10:00 ERROR x\njava.lang.Error\n  at a.b", "2026-01-01 10:01 INFO y"];
    assert_eq!(records([r"^\d{4}-\d\d-\d\d ", "", ""], &lines), expected);
}

#[test]
fn mail_is_one_record_per_queue_id() {
    let key = r"(?:\]|\)): ([0-9A-F]{6,}): ";
    let lines = [
        "postfix/smtpd[1]: AAAAAA: client=x",
        "postfix/smtpd[2]: BBBBBB: client=y",
        "postfix/qmgr[3]: AAAAAA: from=<a>",
        "postfix/qmgr[3]: AAAAAA: removed",
        "postfix/smtpd[1]: connect from z",
    ];
    let found = records(["", r": removed$", key], &lines);
    let counts: Vec<usize> = found.iter().map(|text| text.lines().count()).collect();
    assert_eq!(counts, [3, 1, 1]);
    assert!(found[0].starts_with("postfix/smtpd[1]: AAAAAA") && found[0].ends_with("removed"));
}
