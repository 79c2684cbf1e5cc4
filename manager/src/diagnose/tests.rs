//! The promises of this room.

use super::*;

fn one(text: &[u8], span: Span) -> (Sources, Diagnostic) {
    let mut sources = Sources::new();
    let source = sources.add("etc/ossec.conf", text);
    (sources, Diagnostic::error(source, span, "this is wrong"))
}

#[test]
fn a_problem_is_shown_in_its_line_with_a_caret() {
    let text = b"<ossec_config>\n  <gobal/>\n</ossec_config>\n";
    let (sources, diagnostic) = one(text, Span::new(18, 23));
    let mut report = Diagnostics::new();
    report.push(diagnostic.label("here").note("there is more to know").help("did you mean `global`?"));
    let expected = "\
error: this is wrong
 --> etc/ossec.conf:2:4
  |
2 |   <gobal/>
  |    ^^^^^ here
  |
  = note: there is more to know
  = help: did you mean `global`?

1 error, 0 warnings
";
    assert_eq!(report.render(&sources, Colour::None), expected);
    assert!(report.render(&sources, Colour::Terminal).contains('\u{1b}'));
}

#[test]
fn a_problem_without_a_file_is_shown_too() {
    let mut report = Diagnostics::new();
    report.push(Diagnostic::placeless_warning("there is no configuration").help("make one"));
    let text = report.render(&Sources::new(), Colour::None);
    assert!(text.starts_with("warning: there is no configuration\n"), "{text}");
    assert!(text.contains("help: make one") && text.ends_with("0 errors, 1 warning\n"), "{text}");
}

#[test]
fn what_a_terminal_would_obey_is_not_shown() {
    let text = b"<a>\x1b]0;owned\x07\xe9\xff\xe2\x80\xae\tx\x00\r\n</a>";
    let (sources, mut diagnostic) = one(text, Span::new(3, 14));
    diagnostic.message = "bad \u{1b}[2J name\nforged line".to_string();
    let diagnostic = diagnostic.label("\u{202e}").help("\u{1b}c").note("\u{9b}1m");
    let text = diagnostic.render(&sources, Colour::None);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert!(!text.contains('\u{202e}') && text.contains("owned"), "{text:?}");
    assert!(text.lines().all(|line| !line.starts_with("forged")), "{text:?}");
}

#[test]
fn long_lines_are_cut_around_the_place() {
    let mut text = "x".repeat(1 << 20).into_bytes();
    text[500_000..500_004].copy_from_slice(b"HERE");
    for (start, end) in [(500_000, 500_004), (0, 4), ((1 << 20) - 1, 1 << 20), (500_000, 900_000)] {
        let (sources, diagnostic) = one(&text, Span::new(start, end));
        let shown = diagnostic.render(&sources, Colour::None);
        assert!(shown.len() < 3000, "{}", shown.len());
        assert!(shown.contains(&format!("etc/ossec.conf:1:{}", start + 1)), "{shown}");
        assert_eq!(shown.contains("HERE"), start == 500_000, "{shown}");
    }
}

#[test]
fn characters_of_several_bytes_are_not_cut() {
    let text = "ä€😀".repeat(1000).into_bytes();
    for start in 4000..4012 {
        let (sources, diagnostic) = one(&text, Span::new(start, start + 300));
        let shown = diagnostic.render(&sources, Colour::None);
        // A place inside a character shows at most the halves of this one.
        assert!(shown.matches('\u{fffd}').count() <= 4, "{shown}");
    }
}

#[test]
fn any_place_can_be_shown() {
    let text = b"one\ntwo\r\n\nthree \xff";
    for start in 0..text.len() + 3 {
        for end in start..text.len() + 5 {
            let (sources, diagnostic) = one(text, Span::new(start, end));
            assert!(diagnostic.render(&sources, Colour::None).contains("this is wrong"));
        }
    }
    let (sources, diagnostic) = one(b"", Span::new(0, 0));
    assert!(diagnostic.render(&sources, Colour::None).contains("etc/ossec.conf:1:1"));
}

#[test]
fn problems_come_in_the_order_of_files_and_places() {
    let mut sources = Sources::new();
    let first = sources.add("first", "abc\ndef");
    let second = sources.add("second", "abc\ndef");
    let mut report = Diagnostics::new();
    report.push(Diagnostic::error(second, Span::new(0, 1), "C"));
    report.push(Diagnostic::warning(first, Span::new(5, 6), "B"));
    report.push(Diagnostic::error(first, Span::new(1, 2), "A"));
    let text = report.render(&sources, Colour::None);
    let places: Vec<_> = [": A", ": B", ": C"].iter().map(|what| text.find(what)).collect();
    assert!(places.is_sorted() && places[0].is_some(), "{text}");
}

#[test]
fn at_most_so_many_are_shown_and_errors_before_warnings() {
    let mut sources = Sources::new();
    let source = sources.add("file", "x".repeat(20_000));
    let mut report = Diagnostics::new();
    for place in 0..300 {
        report.push(Diagnostic::warning(source, Span::new(place, place + 1), "a warning"));
    }
    report.push(Diagnostic::error(source, Span::new(301, 302), "the error"));
    for place in 400..20_000 {
        report.push(Diagnostic::warning(source, Span::new(place, place + 1), "a warning"));
    }
    let text = report.render(&sources, Colour::None);
    assert_eq!(text.matches("a warning").count(), SHOWN_MAX - 1);
    assert!(text.contains("the error"), "{text}");
    assert!(
        text.ends_with("19701 more problems are not shown\n1 error, 19900 warnings\n"),
        "{}",
        &text[text.len() - 100..]
    );
}

#[test]
fn reports_can_be_joined_without_losing_count() {
    let (_, diagnostic) = one(b"x", Span::new(0, 1));
    let mut all = Diagnostics::new();
    for _ in 0..3 {
        let mut report = Diagnostics::new();
        (0..6000).for_each(|_| report.push(diagnostic.clone()));
        all.append(report);
    }
    assert_eq!((all.errors(), all.warnings(), all.iter().count()), (18_000, 0, 10_000));
}

#[test]
fn json_says_the_same() {
    let (sources, diagnostic) = one(b"abc\n d\xffef", Span::new(5, 7));
    let mut report = Diagnostics::new();
    report.push(diagnostic.label("l").help("h").note("n"));
    report.push(Diagnostic::placeless_warning("w"));
    let json: serde_json::Value = serde_json::from_str(&report.json(&sources)).expect("JSON");
    let expected = serde_json::json!({
        "errors": 1, "warnings": 1, "not_shown": 0,
        "diagnostics": [
            {"severity": "warning", "message": "w", "file": null, "line": null, "column": null, "offset": null,
             "length": null, "label": null, "help": null, "notes": []},
            {"severity": "error", "message": "this is wrong", "file": "etc/ossec.conf", "line": 2, "column": 2,
             "offset": 5, "length": 2, "label": "l", "help": "h", "notes": ["n"]},
        ]
    });
    assert_eq!(json, expected);
}

#[test]
fn suggestions_are_near_or_none() {
    let known = ["if_sid", "if_group", "if_level", "match", "regex", "program_name", "srcip", "id"];
    let cases = [
        ("if_sdi", Some("if_sid")),
        ("IF_SID", Some("if_sid")),
        ("mach", Some("match")),
        ("programname", Some("program_name")),
        ("program-name", Some("program_name")),
        ("if_grp", Some("if_group")),
        ("scrip", Some("srcip")),
        ("description", None),
        ("", None),
        ("x", None),
    ];
    for (word, expected) in cases {
        assert_eq!(suggest(word, known), expected, "{word}");
    }
    assert_eq!(suggest(&"m".repeat(1 << 20), known), None);
    assert_eq!(suggest("ma\u{301}tch", ["match"]), Some("match"));
}

#[test]
fn only_ordinary_files_of_bounded_size_are_loaded() {
    let mut sources = Sources::new();
    let load = |sources: &mut Sources, path: &str| sources.load(std::path::Path::new(path)).map(|_| ());
    assert!(matches!(load(&mut sources, "/nonexistent/file"), Err(LoadError::Missing)));
    assert!(matches!(load(&mut sources, "/dev/zero"), Err(LoadError::NotAFile)));
    assert!(matches!(load(&mut sources, "/"), Err(LoadError::NotAFile)));
    let large = std::env::temp_dir().join(format!("bartizan-large-{}", std::process::id()));
    let file = std::fs::File::create(&large).expect("a file");
    file.set_len(FILE_MAX as u64 + 1).expect("a sparse file");
    let refused = sources.load(&large);
    file.set_len(10).expect("a shorter file");
    let taken = sources.load(&large);
    std::fs::remove_file(&large).expect("to remove it");
    assert!(matches!(refused, Err(LoadError::TooLarge)));
    assert_eq!(sources.bytes(taken.expect("a file of ten bytes")).len(), 10);
}
