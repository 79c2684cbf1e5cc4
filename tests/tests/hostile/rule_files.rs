//! Rules that slip, cheat or swell.

use super::assert_sane;
use bartizan_tests::Folder;
use bartizan_tests::process::{Finished, command_within, finish};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// MiB that are enough for any ruleset that fits its limits.
const ENOUGH: u64 = 512;

/// Time that a check may take, with little optimisation and other tests
/// beside it; seconds otherwise.
const SOON: Duration = Duration::from_secs(30);

const DECODER: &str = "<decoder name=\"door\"><program_name>^door$</program_name></decoder>";

/// Checks one file of rules behind a root for all.
fn check(name: &str, rules: impl AsRef<[u8]>) -> Finished {
    check_with(name, rules, DECODER)
}

fn check_with(name: &str, rules: impl AsRef<[u8]>, decoders: &str) -> Finished {
    let folder = Folder::new(&format!("rules-{}", name.replace(' ', "-")));
    folder.write("etc/decoders.xml", decoders);
    folder.write(
        "rules/root.xml",
        r#"<group name="syslog,"><rule id="1" level="0"><category>syslog</category></rule></group>"#,
    );
    folder.write("rules/own.xml", rules);
    let conf = "<ossec_config><rules><decoder>etc/decoders.xml</decoder><include>root.xml</include>\
                <include>own.xml</include></rules></ossec_config>";
    let conf = folder.write("etc/ossec.conf", conf).display().to_string();
    let start = Instant::now();
    let finished = finish(&mut command_within(ENOUGH, &["check", "-c", &conf]), b"");
    let took = start.elapsed();
    eprintln!("{name}: {took:?}");
    assert!(took < SOON, "{name}: {took:?}");
    assert_sane(name, &finished);
    assert!(finished.err.len() < 500_000, "{name}: {} bytes of errors", finished.err.len());
    finished
}

/// That there is an error with its place, a mark under it, and these words.
fn assert_error(name: &str, finished: &Finished, words: &str) {
    assert_eq!(finished.code, Some(1), "{name}: {}", finished.err);
    let err = &finished.err;
    let placed = err.contains(" --> ") && err.contains(".xml:") && err.contains('^');
    assert!(placed && err.contains(words), "{name}, `{words}`: {}", &err[..err.len().min(2000)]);
}

fn group(rules: &str) -> String {
    format!("<group name=\"own,\">\n{rules}</group>\n")
}

fn rule(id: usize, conditions: &str) -> String {
    rule_with(id, "", conditions)
}

fn rule_with(id: usize, attributes: &str, conditions: &str) -> String {
    format!("<rule id=\"{id}\" level=\"3\" {attributes}>{conditions}<description>x</description></rule>\n")
}

/// Rules of consecutive ids.
fn rules(ids: std::ops::Range<usize>, conditions: impl Fn(usize) -> String) -> String {
    ids.fold(String::new(), |mut all, id| {
        let _ = write!(all, "{}", rule(id, &conditions(id)));
        all
    })
}

const COUNTED: &str = "frequency=\"2\" timeframe=\"60\"";

#[test]
fn parents_that_cannot_be_are_errors() {
    let sid = |id: usize, parent: usize| rule(id, &format!("<if_sid>{parent}</if_sid>"));
    let cases = [
        ("itself", sid(100, 100), "no such rule is loaded yet: 100"),
        ("each other", sid(100, 101) + &sid(101, 100), "no such rule is loaded yet: 101"),
        ("unknown", sid(100, 99_999), "no such rule is loaded yet: 99999"),
        ("unknown group", rule(100, "<if_group>nobody</if_group>"), "no such rule is loaded yet"),
        ("its own group", rule(100, "<if_group>own</if_group>"), "no such rule is loaded yet"),
        (
            "counts itself",
            rule_with(100, COUNTED, "<if_matched_sid>100</if_matched_sid>"),
            "no such rule is loaded yet",
        ),
        ("no level so high", rule(100, "<if_level>4294967295</if_level>"), ".xml:2:"),
        ("twice", rule(100, "<match>a</match>") + &rule(100, "<match>b</match>"), "loaded already"),
        ("overwrites nothing", rule_with(100, "overwrite=\"yes\"", "<match>a</match>"), "to overwrite"),
    ];
    for (name, rules, words) in cases {
        assert_error(name, &check(name, group(&rules)), words);
    }
    let decoder = "<decoder name=\"d\"><parent>d</parent><prematch>a</prematch></decoder>";
    let finished = check_with("decoder of itself", group(&rule(100, "<match>a</match>")), decoder);
    assert_error("decoder of itself", &finished, "there is no root decoder `d`");
    assert!(!finished.err.contains("did you mean `d`"), "{}", finished.err);
}

#[test]
fn files_that_are_no_rules_are_errors() {
    let bomb = (1..40).fold("<var name=\"v0\">haha</var>\n".to_owned(), |all, n| {
        let before = format!("$v{} ", n - 1);
        all + &format!("<var name=\"v{n}\">{}</var>\n", before.repeat(10))
    });
    let bomb = bomb + &group(&rule(100, "<match>$v39</match>"));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("variables", bomb.into_bytes(), "longer than"),
        ("nested groups", b"<group name=\"a\">".repeat(10_000), "nested deeper than 1024"),
        (
            "nested elements",
            group(&format!("<rule id=\"100\" level=\"2\">{}", "<match>".repeat(10_000))).into_bytes(),
            "nested deeper than 1024",
        ),
        ("a byte 0", vec![0; 100], "byte 0"),
        ("all bytes", (1..=255).collect::<Vec<u8>>().repeat(100), "error"),
        ("cut off", b"<group name=\"a,\"><rule id=\"1".to_vec(), "error"),
        ("a long name", [b"<".as_slice(), &vec![b'g'; 1 << 20], b">"].concat(), "error"),
        (
            "many attributes",
            group(&format!("<rule {}></rule>", "a=\"x\" ".repeat(100_000))).into_bytes(),
            "error",
        ),
        (
            "many errors in one line",
            group(&"<rule id=\"x\" level=\"y\"><bogus>a</bogus></rule>".repeat(30_000)).into_bytes(),
            "more problems are not shown",
        ),
        (
            "no numbers",
            group(&rule_with(100, "frequency=\"-1\"", "<match>a</match>")).into_bytes(),
            "takes a number",
        ),
    ];
    for (name, file, words) in cases {
        assert_error(name, &check(name, file), words);
    }
}

#[test]
fn texts_that_an_image_cannot_hold_are_errors() {
    let text =
        |element: &str, count: usize| format!("<{element}>{}</{element}>", "t,".repeat(1000)).repeat(count);
    for element in ["group", "description", "info", "action"] {
        let rules = group(&rule(100, &(text(element, 40) + "<match>a</match>")));
        assert_error(element, &check(element, rules), "a text of this rule is too long");
    }
    let name = format!("<group name=\"{}\">{}</group>", "g,".repeat(40_000), rule(100, "<match>a</match>"));
    assert_error("group name", &check("group name", name), "a text of this rule is too long");
    for element in ["<srcip>192.0.2.1</srcip>", "<field name=\"x\">a</field>", "<info>x</info>"] {
        let rules = group(&rule(100, &element.repeat(70_000)));
        assert_error(element, &check("many elements", rules), "this rule has too many elements");
    }
}

#[test]
fn patterns_of_any_size_are_compiled_or_refused() {
    for language in ["match", "regex", "pcre2"] {
        let with = |pattern: String| group(&rule(100, &format!("<{language}>{pattern}</{language}>")));
        let name = |what: &str| format!("{language} {what}");
        let long = check(&name("of 2 MB"), with("x".repeat(2_000_000)));
        assert_error(&name("of 2 MB"), &long, "longer than 8192 bytes");
        let open = check(&name("10,000 deep"), with("(".repeat(10_000)));
        assert_error(&name("10,000 deep"), &open, "longer than 8192 bytes");
        let sound = ["\\d+".repeat(680), "\\w+x".repeat(500), "a|".repeat(1000) + "b"];
        for (number, pattern) in sound.into_iter().enumerate() {
            let finished = check(&name(&format!("sound {number}")), with(pattern));
            assert_eq!(finished.code, Some(0), "{}", finished.err);
        }
        // Plain characters in two of the languages, or refused; never stuck.
        for (number, pattern) in [
            "(".repeat(1000) + &")".repeat(1000),
            "a{99999}{99999}".to_owned(),
            "(((a{0,200}){0,200}){0,200}){0,200}".to_owned(),
            "(a*)*".repeat(300),
            "(.*)*x".repeat(200),
            "[\\x{0}-\\x{10ffff}]".repeat(100),
            "\\w{1000}".repeat(200),
            "(?:".repeat(600) + &")".repeat(600),
        ]
        .into_iter()
        .enumerate()
        {
            let finished = check(&name(&format!("wild {number}")), with(pattern));
            if finished.code == Some(1) {
                assert_error(language, &finished, "error");
            }
        }
    }
}

#[test]
fn a_hundred_thousand_rules_are_too_many_and_fifty_thousand_are_not() {
    let file = |count: usize| group(&rules(100..100 + count, |id| format!("<match>word{id}</match>")));
    assert_error("100,000", &check("100,000", file(100_000)), "there are too many rules");
    let finished = check("50,000", file(50_000));
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(finished.out.contains("50010 rules at 50009 places"), "{}", finished.out);
    let chains = group(&rules(100..50_100, |id| match id % 60 {
        40 => "<match>a</match>".to_owned(),
        _ => format!("<if_sid>{}</if_sid>", id - 1),
    }));
    assert_eq!(check("chains", chains).code, Some(0));
}

#[test]
fn trees_that_swell_are_refused_soon() {
    let root = rule(100, "<match>a</match>");
    let under_all =
        |count: usize, parents: &str| root.clone() + &rules(101..101 + count, |_| parents.to_owned());
    let counted = |count: usize, conditions: &str| -> String {
        (0..count).map(|n| rule_with(10_000 + n, COUNTED, conditions)).collect()
    };
    let earlier = |id: usize| (100.max(id - 100)..id).map(|id| format!("{id},")).collect::<String>();
    let large = "with this rule the rule tree is too large";
    let slow = "it takes too long to find all parents";
    let cases = [
        ("each under all former", under_all(40, "<if_group>own</if_group>"), large),
        ("many under all former", under_all(20_000, "<if_group>own</if_group>"), large),
        ("each under all of a level", under_all(1000, "<if_level>3</if_level>"), large),
        (
            "each under a hundred former",
            root.clone()
                + &rules(101..3000, |id| format!("<if_sid>{}</if_sid>", earlier(id).trim_end_matches(','))),
            large,
        ),
        (
            "groups are counted under all",
            root.clone() + &counted(5000, "<if_matched_group>own</if_matched_group>"),
            large,
        ),
        (
            "groups are counted",
            root.clone() + &counted(20_000, "<if_sid>100</if_sid><if_matched_group>own</if_matched_group>"),
            large,
        ),
        (
            "one is under another very often",
            root.clone() + &rules(101..400, |_| format!("<if_sid>{}</if_sid>", "100,".repeat(400) + "100")),
            "too many rules hang under one",
        ),
        (
            "a chain",
            root.clone() + &rules(101..200, |id| format!("<if_sid>{}</if_sid>", id - 1)),
            "hangs too deep",
        ),
    ];
    for (name, rules, words) in cases {
        assert_error(name, &check(name, group(&rules)), words);
    }
    // Few places, but all rules are looked at for each of many.
    let other = format!(
        "<group name=\"other,\">{}</group>",
        rules(20_000..50_000, |_| "<match>b</match>".to_owned())
    );
    let seekers = format!(
        "<group name=\"seekers,\">{}</group>",
        rules(60_000..80_000, |_| "<if_group>own</if_group>".to_owned())
    );
    let finished = check("seekers", other + &group(&root) + &seekers);
    assert_error("seekers", &finished, slow);
    let words = "w|".repeat(1000);
    let groups = format!("<group>{}</group>", "g,".repeat(1000)).repeat(30) + "<match>a</match>";
    let seekers = rules(1000..2000, |_| format!("<if_group>{words}x</if_group>"));
    let finished = check("long groups", group(&(rules(100..300, |_| groups.clone()) + &seekers)));
    assert_error("long groups", &finished, slow);
}
