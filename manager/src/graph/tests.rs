use super::properties::Properties;
use super::svg::{Light, Look};
use super::*;
use crate::alert::{Alert, Rule};
use crate::diagnose::{Diagnostics, Sources};
use bartizan_core::event::Field;
use resvg::usvg;

/// An alert of a source, a rule's text and level, and a place.
fn alert<'a>(source: &'a str, text: &'a str, level: u16, place: &'a str) -> Alert<'a> {
    let mut alert = Alert {
        rule: Some(Rule { level, description: Some(text.as_bytes()), groups: b"sshd,", ..Rule::default() }),
        location: place.as_bytes(),
        hostname: b"host",
        ..Alert::default()
    };
    alert.fields[Field::SrcIp as usize] = Some(source.as_bytes());
    alert
}

fn gathered<'a>(alerts: impl IntoIterator<Item = Alert<'a>>) -> Triples {
    let mut gatherer = Gatherer::default();
    alerts.into_iter().for_each(|alert| gatherer.add(&alert));
    gatherer.finish()
}

fn drawn(triples: &Triples, limits: &Limits) -> Graph {
    fold(triples, "title", limits, &Properties::default())
}

fn properties(text: &str) -> (Properties, usize) {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let file = sources.add("p", text);
    let read = Properties::read(&sources, file, &mut report);
    (read, report.errors())
}

/// Many alerts of some sources, the more of each the higher its number.
fn many() -> Vec<(String, String, u16)> {
    let one = |n: usize| (format!("192.0.2.{}", n % 40), format!("event {}", n % 7), (n % 11) as u16);
    (0..2000).flat_map(|n| std::iter::repeat_n(one(n), 1 + n % 40 / 10)).collect()
}

#[test]
fn equal_alerts_give_equal_bytes_in_whatever_order_they_come() {
    let many = many();
    let alerts = || many.iter().map(|(source, text, level)| alert(source, text, *level, "/var/log/auth.log"));
    let forth = drawn(&gathered(alerts()), &Limits::default());
    let back = drawn(&gathered(alerts().rev()), &Limits::default());
    assert_eq!(forth, back);
    assert_eq!(svg::write(&forth, Look::default()), svg::write(&back, Look::default()));
    assert_eq!(dot::write(&forth, Colouring::Group), dot::write(&back, Colouring::Group));
}

#[test]
fn no_alert_is_lost_by_folding() {
    let many = many();
    let triples = gathered(many.iter().map(|(source, text, level)| alert(source, text, *level, "place")));
    for (top, threshold, two_nodes) in [(1, 1, false), (3, 1, false), (20, 60, true), (100, 10_000, false)] {
        let graph = drawn(&triples, &Limits { top, threshold, two_nodes });
        for role in graph.roles() {
            let of_role = graph.nodes.iter().filter(|node| node.role == role);
            assert_eq!(of_role.map(|node| node.alerts).sum::<u64>(), many.len() as u64, "{top} {role:?}");
            let count = graph.nodes.iter().filter(|node| node.role == role).count();
            assert!(count <= top + 1, "{count} boxes");
        }
        for (number, node) in graph.nodes.iter().enumerate() {
            for side in [|edge: &Edge| edge.from, |edge: &Edge| edge.to] {
                let sum: u64 =
                    graph.edges.iter().filter(|edge| side(edge) == number).map(|edge| edge.alerts).sum();
                assert!(sum == 0 || sum == node.alerts, "{}: {sum} of {}", node.name, node.alerts);
            }
        }
        assert_eq!(graph.roles().count(), if two_nodes { 2 } else { 3 });
    }
}

#[test]
fn what_is_severe_has_room_however_rare_it_is() {
    let noise = (0..50).flat_map(|n| std::iter::repeat_n(n, 100));
    let sources: Vec<String> = noise.map(|n| format!("198.51.100.{n}")).collect();
    let mut alerts: Vec<_> = sources.iter().map(|source| alert(source, "noise", 5, "log")).collect();
    alerts.push(alert("203.0.113.7", "taken over", 14, "log"));
    let graph = drawn(&gathered(alerts), &Limits { top: 5, ..Limits::default() });
    assert!(graph.nodes.iter().any(|node| node.name == "203.0.113.7"));
    let others = graph.nodes.iter().find(|node| node.folded.is_some()).expect("the rest is one box");
    assert_eq!((others.name.as_str(), others.folded, others.alerts), ("others (46)", Some(46), 4600));
}

#[test]
fn an_alert_without_an_address_is_of_its_user() {
    let mut of_user = alert("", "logged in", 3, "log");
    of_user.fields[Field::DstUser as usize] = Some(b"root");
    let nobody = Alert { fields: Default::default(), ..of_user.clone() };
    let triples = gathered([of_user, nobody]);
    let sources: Vec<_> = triples.list.iter().map(|triple| triple.name(Role::Source)).collect();
    assert_eq!(sources, ["root", "unknown"]);
    assert_eq!(triples.list[0].name(Role::Target), "host->log");
}

/// What logs hold that wants to be something else.
const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"/><a href=\"javascript:x\">",
    "\u{202e}gnp.exe",
    "]]>&amp;&#0;",
    "a\"; } evil { \"",
    "\\\" , \\",
    "line\nbreak\tand\0zero",
    "=cmd|' /C calc'!A0,\"x\"",
];

#[test]
fn hostile_names_stay_text_in_every_layout() {
    let long = "x".repeat(6000);
    let names = HOSTILE.into_iter().chain([long.as_str()]);
    let alerts: Vec<_> = names.map(|name| alert(name, name, 5, name)).collect();
    let triples = gathered(alerts);
    let graph = fold(&triples, "<script>\"title\"", &Limits::default(), &Properties::default());
    for light in [Light::Either, Light::Light, Light::Dark] {
        let picture = svg::write(&graph, Look { light, colouring: Colouring::Group });
        usvg::Tree::from_str(&picture, &usvg::Options::default()).expect("it is SVG");
        assert!(!picture.contains("<script") && !picture.contains("<a ") && !picture.contains('\u{202e}'));
    }
    let gexf = gexf::write(&graph, Colouring::Level);
    usvg::roxmltree::Document::parse(&gexf).expect("it is XML");
    let dot = dot::write(&graph, Colouring::Level);
    for line in dot.lines() {
        let ends = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(ends.matches('"').count() % 2, 0, "{line}");
    }
    let csv = csv::write(&triples, false, false);
    assert_eq!(csv.lines().count(), HOSTILE.len() + 1);
    assert_eq!(json::value(&graph)["nodes"].as_array().map(Vec::len), Some(graph.nodes.len()));
}

#[test]
fn a_picture_is_a_png_with_letters_in_it() {
    let draw = |source| {
        let graph = drawn(&gathered([alert(source, "event", 5, "log")]), &Limits::default());
        png::draw(&svg::write(&graph, Look { light: Light::Light, ..Look::default() })).expect("small enough")
    };
    let one = draw("192.0.2.1");
    assert_eq!(&one[..8], b"\x89PNG\r\n\x1a\n");
    assert!(one == draw("192.0.2.1") && one != draw("192.0.2.8"));
}

#[test]
fn csv_has_each_triple_once_or_each_alert() {
    let triples = gathered([
        alert("192.0.2.1", "a, b", 5, "log"),
        alert("192.0.2.1", "a, b", 5, "log"),
        alert("192.0.2.1", "c", 5, "log"),
    ]);
    assert_eq!(csv::write(&triples, false, false), "192.0.2.1,\"a, b\",host->log\n192.0.2.1,c,host->log\n");
    assert_eq!(csv::write(&triples, false, true).lines().count(), 3);
    assert_eq!(csv::write(&triples, true, false), "192.0.2.1,host->log\n");
}

#[test]
fn property_files_are_understood_as_afterglow_has_them() {
    let triple = Triple {
        names: ["10.0.3.4", "Login failed", "host->/var/log/auth.log"].map(|name| Some(name.to_owned())),
        alerts: 3,
        level: 5,
        group: "syslog".to_owned(),
    };
    let colour_of = |text: &str| {
        let (properties, errors) = properties(text);
        assert_eq!(errors, 0, "{text}");
        properties.style(Role::Source, &triple).colour
    };
    for (text, colour) in [
        ("color.source=\"red\"", Some("red")),
        ("color=\"red\"", Some("red")),
        ("color.target=\"red\"", None),
        ("# color=\"red\"\n\ncolor='blue';", Some("blue")),
        ("color.source=\"red\" if ($fields[0] =~ /^10\\./)\ncolor.source=\"blue\"", Some("red")),
        ("color.source=\"red\" if ($fields[0]=~/^192\\./);\ncolor.source=\"blue\"", Some("blue")),
        ("color.source=\"red\" if ($fields[1] =~ /LOGIN/i)", Some("red")),
        ("color.source=\"red\" if ($fields[1] =~ /LOGIN/)", None),
        ("color.source=\"red\" if ($fields[1] !~ /LOGIN/)", Some("red")),
        ("color.source=\"red\" if (field() eq \"10.0.3.4\")", Some("red")),
        ("color.source=\"red\" if (match(\"^10\\.0\"))", Some("red")),
        ("color.source=\"red\" if (!match(\"^10\\\\.0\"))", None),
        ("color.source=\"red\" if (any_regex(\"auth\\.log\"))", Some("red")),
        ("color.source=\"red\" if (subnet($fields[0],\"10.0.0.0/8\"))", Some("red")),
        ("color.source=\"red\" if (subnet($fields[0],\"10.1.0.0/16\") || match(\"9$\"))", None),
        ("color.source=\"red\" if (1 < 2 && not (3 <= 2))", Some("red")),
        ("color.source=\"red\" if (10 > 9 and \"a\" lt \"b\")", Some("red")),
        ("color.source=regex_replace(\"^(\\d+)\").\".net\"", Some("10.net")),
    ] {
        assert_eq!(colour_of(text).as_deref(), colour, "{text}");
    }
    let clusters =
        properties("cluster.source=regex_replace(\"(\\d+\\.\\d+)\").\".0.0/16\" if (match(\"^10\"))").0;
    assert_eq!(clusters.clustered(&triple).expect("it has clusters").name(Role::Source), "10.0.0.0/16");
    assert!(properties("color.event=\"invisible\" if (field() =~ /fail/)").0.hides(&triple));
    assert_eq!(properties("threshold.source=10").0.threshold(Role::Source), 10);
    assert_eq!(properties("threshold=4").0.threshold(Role::Target), 4);
}

#[test]
fn what_is_wrong_in_a_property_file_is_shown() {
    for text in [
        "color",
        "colour=\"red\"",
        "color.middle=\"red\"",
        "color=",
        "color=red",
        "color=\"red",
        "color=\"red\" if",
        "color=\"red\" if (match(\"(\"))",
        "color=\"red\" if (match(\"a(?=b)\"))",
        "color=\"red\" unless (1)",
        "color=\"red\" if (subnet(field(),\"10.0.0.0/129\"))",
        "variable=open(FILE, \"x\")",
        "color=\"red\" if (`ls`)",
    ] {
        assert_eq!(properties(text).1, 1, "{text}");
    }
    let deep = format!("color=\"red\" if {}1", "(".repeat(100_000));
    assert_eq!(properties(&deep).1, 1);
}

#[test]
fn a_property_file_cannot_put_a_style_or_a_script_into_a_picture() {
    let text = "color=\"red;background:url(//x)\"\nurl=\"javascript:alert(1)\"\nlabel=\"</text><script>\"";
    let triples = gathered([alert("192.0.2.1", "event", 5, "log")]);
    let graph = fold(&triples, "t", &Limits::default(), &properties(text).0);
    let picture = svg::write(&graph, Look::default());
    assert!(!picture.contains("url(") && !picture.contains("javascript") && !picture.contains("<script"));
}
