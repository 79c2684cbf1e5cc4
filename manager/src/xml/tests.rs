//! The promises of this room: what is read, what is said about mistakes, and
//! that no file does harm.

use super::*;
use crate::diagnose::{Colour, Diagnostics, Severity, SourceId, Sources, Span};
use std::path::{Path, PathBuf};

/// A file that was read, with everything needed to look at it.
struct Read {
    sources: Sources,
    file: SourceId,
    document: Document,
    report: Diagnostics,
}

fn read_as(syntax: Syntax, bytes: &[u8]) -> Read {
    let mut sources = Sources::new();
    let file = sources.add("rules/test.xml", bytes);
    let mut report = Diagnostics::new();
    let document = read(&syntax, &sources, file, &mut report);
    Read { sources, file, document, report }
}

fn read_text(text: &str) -> Read {
    read_as(Syntax::OSSEC, text.as_bytes())
}

impl Read {
    fn rendered(&self) -> String {
        self.report.render(&self.sources, Colour::None)
    }

    /// `line:column message` of every problem.
    fn problems(&self) -> Vec<String> {
        let one = |d: &crate::diagnose::Diagnostic| {
            let (line, column) = self.sources.line_and_column(self.file, d.span.start);
            let warning = if d.severity == Severity::Warning { "warning: " } else { "" };
            format!("{line}:{column} {warning}{}", d.message)
        };
        self.report.iter().map(one).collect()
    }

    fn shape(&self) -> String {
        self.document.roots.iter().map(shape).collect()
    }

    fn at(&self, span: Span) -> String {
        String::from_utf8_lossy(&self.sources.bytes(self.file)[span.start..span.end]).into_owned()
    }
}

/// `name[attribute=value](text)` and children in braces.
fn shape(element: &Element) -> String {
    let mut text = element.name.clone();
    for attribute in &element.attributes {
        text.push_str(&format!("[{}={}]", attribute.name, attribute.value_lossy()));
    }
    if !element.text.is_empty() {
        text.push_str(&format!("({})", element.text_lossy()));
    }
    if !element.children.is_empty() {
        text.push_str(&format!("{{{}}}", element.children.iter().map(shape).collect::<String>()));
    }
    text.push(';');
    text
}

#[test]
fn the_dialect_is_read_as_ossec_reads_it() {
    let cases = [
        ("", ""),
        ("\u{feff}<?xml version=\"1.0\"?>\n<a/>", "a;"),
        ("<a/><b></b>", "a;b;"),
        ("<a>x</a>", "a(x);"),
        ("<a> x\n y </a>", "a( x\n y );"),
        ("<a>&amp; & \\< </a>", "a(&amp; & \\< );"),
        ("<a>one<!-- c -->two</a>", "a(onetwo);"),
        ("<a>one<! c !>two<!--x!>three</a>", "a(onetwothree);"),
        ("<!-- a --><a/><!-- b > c -->", "a;"),
        ("<a>\\<b>x\\</b></a>", "a(\\<b>x\\</b>);"),
        ("<a>C:\\\\</a>", "a(C:\\\\);"),
        ("<a>C:\\\\\\</a></a>", "a(C:\\\\\\</a>);"),
        ("<a>before<b/>after</a>", "a(after){b;};"),
        ("<a>x<b>y</b><c>z</c></a>", "a{b(y);c(z);};"),
        ("<a b=\"1\" c='2' d = \"x\ny\"/>", "a[b=1][c=2][d=x\ny];"),
        ("<a b='\"'  >x</a >", "a[b=\"](x);"),
        ("<a b='<!-- no comment -->'/>", "a[b=<!-- no comment -->];"),
        ("<a <!-- comment --> b='1'/>", "a[b=1];"),
        ("<a\n  b='1'\n/>", "a[b=1];"),
        ("<A></A><a/>", "A;a;"),
    ];
    for (text, expected) in cases {
        let read = read_text(text);
        assert_eq!(read.problems(), [""; 0], "{text}");
        assert_eq!(read.shape(), expected, "{text}");
        assert!(read.document.sound);
    }
}

#[test]
fn variables_are_replaced_as_ossec_replaces_them() {
    let cases = [
        ("<var name='N'>5</var><a b='x$N'>$N|$n,$N.$N $N</a>", "a[b=x5](5|5,5.5 5);"),
        // Before the first definition a dollar is a dollar.
        ("<a>x$N</a><var name='N'>5</var>", "a(x$N);"),
        // Two bytes are too short to be looked at.
        ("<var name='N'>5</var><a>$N</a>", "a($N);"),
        ("<var name='N'>5</var><a>$N$N</a>", "a(55);"),
        // An empty name is left alone.
        ("<var name='N'>5</var><a>^1$|^2$</a>", "a(^1$|^2$);"),
        ("<var name='N'>5</var><a>$$N</a>", "a($5);"),
        // What was put in is not looked at again.
        ("<var name='N'>$M.</var><var name='M'>x</var><a>=$N</a>", "a(=$M.);"),
        ("<var name='LONG'>a\\<b</var><a>-$LONG</a>", "a(-a\\<b);"),
        // A variable within an element is an element.
        ("<a><var name='N'>5</var><b>x$N</b></a>", "a{var[name=N](5);b(x$N);};"),
        // The text of a variable takes what is known and lets be what is not.
        ("<var name='N'>5</var><var name='M'>$N|$x|(y$)</var><a>=$M</a>", "a(=5|$x|(y$));"),
    ];
    for (text, expected) in cases {
        let read = read_text(text);
        assert_eq!(read.problems(), [""; 0], "{text}");
        assert_eq!(read.shape(), expected, "{text}");
    }
}

#[test]
fn an_unknown_variable_is_an_error_once_one_is_defined() {
    let read = read_text("<var name='FREQ'>6</var>\n<a b='$FREK'>x</a>\n<c>(foo$)</c>\n");
    assert_eq!(
        read.problems(),
        ["2:7 there is no variable `FREK` before this", "3:8 there is no variable `)` before this"]
    );
    assert!(!read.document.sound);
    assert!(read.rendered().contains("did you mean `$FREQ`?"), "{}", read.rendered());
}

#[test]
fn a_dollar_before_a_parenthesis_is_text_in_wazuh_alone() {
    let text = b"<var name='F'>6</var><a>$(user) $F</a>";
    let wazuh = read_as(Syntax::WAZUH, text);
    assert_eq!((wazuh.problems().len(), wazuh.shape().as_str()), (0, "a($(user) 6);"));
    assert_eq!(read_as(Syntax::OSSEC, text).problems().len(), 1);
}

/// A text, what is said about it, and what is read in spite of it.
const MISTAKES: &[(&str, &[&str], &str)] = &[
    ("<a>x</b>\n</a>", &["1:5 </b> does not close <a>, which line 1 opens"], "a(x\n);"),
    ("<match>x</mtach><c/>", &["1:9 </mtach> does not close <match>, which line 1 opens"], "match(x);c;"),
    ("<rule>x</Rule><c/>", &["1:8 </Rule> does not close <rule>, which line 1 opens"], "rule(x);c;"),
    ("<a><b>x<c>y</a><d/>", &["1:8 <c> is not closed before </a> in line 1"], "a{b{c(y);};};d;"),
    ("</x><a/>", &["1:1 </x> closes nothing"], "a;"),
    ("<a><b>", &["1:4 <b> is not closed before the end of the file"], "a{b;};"),
    ("<a b='1' b='2'/>", &["1:10 `b` is given twice on <a>"], "a[b=1];"),
    ("<a b>x</a>", &["1:4 `b` has no value"], "a(x);"),
    ("<a b=1>x</a>", &["1:4 the value of `b` is not in quotes"], "a(x);"),
    ("<a ='1'>x</a>", &["1:4 this does not belong into the tag <a>"], "a(x);"),
    ("<a b=\"1 c=\"2\">x</a><d/>", &["1:6 this quote is not closed"], "a(x);d;"),
    ("<a b=\"1>\n<c d=\"2\"/>\n</a>", &["1:6 this quote is not closed"], "a(\n){c[d=2];};"),
    ("<a b='1>x</a>", &["1:6 this quote is not closed"], "a(x);"),
    ("<a", &["1:1 the tag <a> is not finished", "1:1 <a> is not closed before the end of the file"], "a;"),
    ("<a <b>x</b></a>", &["1:1 the tag <a> is not finished"], "a{b(x);};"),
    ("<a>x</a\n<b/>", &["1:5 this closing tag is not finished"], "a(x);b;"),
    ("<a>1 < 2</a>", &["1:6 this `<` opens no tag"], "a(1 < 2);"),
    ("<a/><!-- x <b>", &["1:5 this comment does not end"], "a;"),
    ("<a><!-- x </a>", &["1:4 this comment does not end"], "a;"),
    ("<?xml <a/>", &["1:1 the prolog does not end"], ""),
    ("<a/><?xml ?><b/>", &["1:5 a prolog stands only at the start of a file"], "a;b;"),
    ("<a/>text<b/>more", &[], "a;b;"),
    (
        "<var name='N'>1</var><var name='n'>2</var><a>=$N</a>",
        &["1:33 warning: there is a variable `n` already; the first one is used"],
        "a(=1);",
    ),
    ("<var>1</var><a/>", &["1:2 a variable has exactly one attribute, its name"], "a;"),
    ("<var name='N'><b/></var><a/>", &["1:16 a variable holds nothing but text"], "a;"),
    ("<a>\0</a>", &["1:4 the file holds a byte 0 and is not text"], ""),
    (
        "<a b>1</a>\n<a b='1' b='2'></c></a>\n<d>",
        &[
            "1:4 `b` has no value",
            "2:10 `b` is given twice on <a>",
            "2:16 </c> does not close <a>, which line 2 opens",
            "3:1 <d> is not closed before the end of the file",
        ],
        "a(1);a[b=1];d;",
    ),
];

#[test]
fn mistakes_are_all_found_and_do_not_cascade() {
    for (text, expected, shape) in MISTAKES {
        let read = read_text(text);
        assert_eq!(read.problems(), *expected, "{text}");
        assert_eq!(read.shape(), *shape, "{text}");
        assert_eq!(read.document.sound, !read.report.has_errors(), "{text}");
    }
}

#[test]
fn a_backslash_before_a_closing_tag_is_explained() {
    let read = read_text("<rule>\n  <regex>C:\\dir\\</regex>\n  <match>x</match>\n</rule>\n");
    let expected = "\
error: <regex> is not closed before </rule> in line 4
 --> rules/test.xml:2:3
  |
2 |   <regex>C:\\dir\\</regex>
  |   ^^^^^^
  |
  = help: add </regex>, or write \\<regex if it belongs to a text

1 error, 0 warnings
";
    assert_eq!(read.rendered(), expected);
    let read = read_text("<regex>C:\\dir\\</regex>");
    assert!(read.rendered().contains("the backslash before </regex> makes it text"), "{}", read.rendered());
}

#[test]
fn places_survive_comments_and_variables() {
    let read = read_text("<var name='V'>123</var><a>ab<!-- x -->cd$V|e<!---->f</a>");
    let a = &read.document.roots[0];
    assert_eq!(a.text, b"abcd123|ef");
    let shown: Vec<String> = (0..a.text.len()).map(|k| read.at(a.span_of(k..k + 1))).collect();
    assert_eq!(shown, ["a", "b", "c", "d", "$V", "$V", "$V", "|", "e", "f"]);
    assert_eq!(read.at(a.span_of(1..3)), "b<!-- x -->c");
    assert_eq!(read.at(a.span_of(3..5)), "d$V");
    assert_eq!(a.position_of(99), a.text_span.end);
    assert_eq!(a.span_of(4..4).start, a.position_of(4));
}

#[test]
fn places_of_every_byte_are_right_without_variables() {
    let read = read_text("<g>\n<a b='value'>te<!-- c -->xt</a> rest<!-- end --></g>");
    let g = &read.document.roots[0];
    let a = &g.children[0];
    for element in [g, a] {
        for k in 0..element.text.len() {
            let byte = read.sources.bytes(read.file)[element.position_of(k)];
            assert_eq!(byte, element.text[k]);
        }
    }
    // The end of a text is before a comment that ends it.
    let end = g.position_of(g.text.len());
    assert_eq!(read.at(Span::new(end - 5, end + 4)), " rest<!--");
    assert_eq!(read.at(a.name_span), "a");
    assert_eq!(read.at(a.text_span), "te<!-- c -->xt");
    assert_eq!(read.at(a.attributes[0].value_span), "value");
    assert_eq!(read.at(a.attributes[0].span_of(1..3)), "al");
    assert_eq!(read.at(a.span), "<a b='value'>te<!-- c -->xt</a>");
}

#[test]
fn bytes_that_are_not_utf8_are_kept() {
    let read = read_as(Syntax::OSSEC, b"<a b='\xe9'>caf\xe9</a>");
    assert_eq!(read.document.roots[0].text, b"caf\xe9");
    assert_eq!(read.document.roots[0].attributes[0].value, b"\xe9");
}

#[test]
fn a_text_may_be_as_long_as_its_dialect_says() {
    for syntax in [Syntax::OSSEC, Syntax::WAZUH] {
        for (len, problems) in [(syntax.text_max, 0), (syntax.text_max + 1, 1)] {
            let text = format!("<a>{}</a>", "x".repeat(len));
            let read = read_as(syntax, text.as_bytes());
            assert_eq!(
                (read.report.errors(), read.document.roots[0].text.len()),
                (problems, syntax.text_max)
            );
        }
    }
    // What stands before a child is not kept and may be longer.
    let read = read_text(&format!("<a>{}<b/></a>", " ".repeat(9000)));
    assert!(read.document.sound);
}

#[test]
fn ten_thousand_levels_are_refused_and_dropped() {
    let text = "<a>".repeat(10_000) + &"</a>".repeat(10_000);
    let work = move || {
        let read = read_text(&text);
        assert_eq!(read.problems(), ["1:3074 elements are nested deeper than 1024"]);
        drop(read.document);
    };
    // Even a thread with little stack can let go of the deepest tree.
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(work).expect("a thread");
    assert!(thread.join().is_ok());
}

#[test]
fn variables_cannot_grow_without_bound() {
    let mut bomb = String::from("<var name='A'>0123456789</var>");
    for (last, name) in ["A", "B", "C", "D", "E", "F", "G", "H"].windows(2).map(|w| (w[0], w[1])) {
        bomb.push_str(&format!("<var name='{name}'>{}</var>", format!("${last}").repeat(1000)));
    }
    bomb.push_str("<a>$H$H$H</a>");
    let read = read_text(&bomb);
    assert!(read.report.has_errors());
    let longest = read.document.roots.iter().map(|root| root.text.len()).max();
    assert!(longest <= Some(limits::EXPANDED_MAX));

    let mut many = format!("<var name='A'>{}</var>", "x".repeat(8000));
    many.push_str(&"<a>$A$A$A$A$A$A$A</a>".repeat(10_000));
    let read = read_text(&many);
    let all: usize = read.document.roots.iter().map(|root| root.text.len()).sum();
    assert!(read.report.has_errors() && all < limits::GROWTH_MAX + (1 << 20), "{all}");
}

#[test]
fn too_many_of_anything_ends_in_an_error() {
    let elements = "<a/>".repeat(limits::NODES_MAX + 10);
    let attributes: String = (0..60).map(|n| format!(" a{n}='1'")).collect();
    let variables: String = (0..1100).map(|n| format!("<var name='v{n}'>x</var>")).collect();
    let long_name = format!("<{}/>", "n".repeat(100_000));
    let cases = [elements, format!("<a{attributes}/>"), variables, long_name];
    for text in cases {
        let read = read_text(&text);
        assert!(read.report.has_errors() && read.report.errors() <= limits::PROBLEMS_MAX + 1);
    }
    let attributes = read_text(&format!("<a{attributes}/>"));
    assert_eq!(attributes.document.roots[0].attributes.len(), 48);
}

#[test]
fn problems_of_one_file_end_at_the_cap() {
    let read = read_text(&"<a b></c>".repeat(10_000));
    assert_eq!(read.report.errors(), limits::PROBLEMS_MAX + 1);
    assert!(read.rendered().contains("the rest of it was not read"));
}

#[test]
fn hostile_files_are_read_in_time() {
    let texts = [
        "<".repeat(1 << 20),
        "<a ".repeat(1 << 18),
        "<!".repeat(1 << 19),
        "<a b='".repeat(1 << 17),
        "<a b=\"x>\n".repeat(1 << 16),
        "</a>".repeat(1 << 18),
        "\\<".repeat(1 << 19),
        "<a><!---->".repeat(1 << 16),
        format!("<a>{}</a>", "<!---->".repeat(1 << 17)),
        format!("<a>{}</a>", "x<!---->".repeat(1 << 12)),
        format!("<var name='V'>x</var><a>{}</a>", "$V$".repeat(2700)),
        "<a>".repeat(1000) + &"</b>".repeat(1 << 16),
    ];
    let start = std::time::Instant::now();
    for text in &texts {
        exercise(text.as_bytes());
    }
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

/// All XML files of the corpus, with their dialect.
fn corpus() -> Vec<(PathBuf, Syntax)> {
    let Some(corpus) = std::env::var_os("BARTIZAN_CORPUS") else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for (folder, dialect) in [("ossec-4.3/home", Syntax::OSSEC), ("wazuh-4.14/home", Syntax::WAZUH)] {
        let mut folders = vec![Path::new(&corpus).join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder of the corpus").flatten() {
                let path = entry.path();
                match path.extension().and_then(|e| e.to_str()) {
                    _ if path.is_dir() => folders.push(path),
                    Some("xml" | "conf") => files.push((path, dialect)),
                    _ => {}
                }
            }
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

#[test]
fn every_file_of_the_corpus_is_read_without_complaint() {
    let files = corpus();
    let mut elements = 0;
    for (path, dialect) in &files {
        let read = read_as(*dialect, &std::fs::read(path).expect("a file of the corpus"));
        assert!(read.report.is_empty(), "{}\n{}", path.display(), read.rendered());
        let mut open: Vec<_> = read.document.roots.iter().collect();
        assert!(!open.is_empty() || path.ends_with("local_decoder.xml"), "{}", path.display());
        while let Some(element) = open.pop() {
            elements += 1;
            open.extend(&element.children);
        }
    }
    eprintln!("{} files, {elements} elements", files.len());
}

#[test]
fn every_file_of_the_corpus_may_be_cut_anywhere() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for (path, _) in corpus() {
        let bytes = std::fs::read(path).expect("a file of the corpus");
        for round in 0..8 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let cut = random as usize % (bytes.len() + 1);
            let mut part = bytes[..cut].to_vec();
            if round % 2 == 1 && cut > 0 {
                // And damaged in one place.
                let place = (random >> 32) as usize % cut;
                part[place] = b"<>\"'/!-$\\\xff"[(random >> 20) as usize % 10];
            }
            // The places of the front part are enough to look at.
            part.truncate(40_000);
            exercise(&part);
        }
    }
}
