extern crate std;

use super::super::{Plugin, run as run_plugin};
use super::*;
use crate::event::{Known, Moment, Origin};
use proptest::prelude::*;
use serde_json::{Map, Value as Json};
use std::string::{String, ToString};
use std::vec::Vec;

/// Static fields by label and dynamic ones by name, in order; and how many
/// were left out.
type Found = (Vec<(String, String)>, u16);

fn found_in(event: &Event<'_>) -> Found {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let known = Field::ALL.into_iter().filter_map(|field| {
        let label = if field == Field::ExtraData { "EXTRA" } else { field.label() };
        Some((label.into(), lossy(event.field(field)?)))
    });
    let dynamic = event.dynamic_fields().iter().map(|entry| {
        let Name::Here(name) = entry.name else { panic!("no order has set it") };
        let bytes = |value| lossy(event.bytes(value).expect("a set value"));
        (bytes(name), bytes(entry.value))
    });
    (known.chain(dynamic).collect(), event.left_out)
}

fn read(log: &str, reading: &Reading) -> Found {
    let text = std::format!("header: {log}");
    let origin = Origin { location: b"log", local_host: b"here", now: Moment::default() };
    let mut known = Known::default();
    let mut event = Event::new(text.as_bytes(), origin, &mut known);
    event.log = Span::new(8, text.len());
    run_plugin(Plugin::Json, &mut event, reading);
    found_in(&event)
}

fn expect_with(reading: &Reading, log: &str, expected: &[(&str, &str)]) {
    let (found, left_out) = read(log, reading);
    let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!((found.as_slice(), left_out), (expected, 0), "{log}");
}

fn expect(log: &str, expected: &[(&str, &str)]) {
    expect_with(&Reading::default(), log, expected);
}

#[test]
fn keys_are_joined_by_dots_in_the_order_of_the_text() {
    expect(
        r#"{"b":"1","a":{"x":{"y":"2"},"z":"3","":"e"},"\u0041\n":"4","c":{},"":"5"}"#,
        &[("b", "1"), ("a.x.y", "2"), ("a.z", "3"), ("a.", "e"), ("A\n", "4"), ("", "5")],
    );
}

#[test]
fn values_are_texts() {
    expect(
        r#"{"s":"a\tb","i":-7,"big":1605554848000,"f":0.5,"t":true,"n":null,"l":[1,{"k":"v"}],"e":""}"#,
        &[
            ("s", "a\tb"),
            ("i", "-7"),
            ("big", "1605554848000.000000"),
            ("f", "0.500000"),
            ("t", "true"),
            ("n", "null"),
            ("l", "[1, {\n\t\t\"k\":\t\"v\"\n\t}]"),
            ("e", ""),
        ],
    );
}

#[test]
fn null_is_no_field_where_the_decoder_says_so() {
    let reading = Reading { without_null: true, ..Reading::default() };
    expect_with(&reading, r#"{"a":null,"b":{"c":null,"d":1},"e":[null]}"#, &[("b.d", "1"), ("e", "[null]")]);
}

#[test]
fn arrays_are_csv_where_the_decoder_says_so() {
    let reading = Reading { arrays_as_csv: true, ..Reading::default() };
    expect_with(
        &reading,
        r#"{"a":["x",1,null],"b":[],"c":[{"d":1}],"e":{"f":[{"g":[2]},3]},"h":4}"#,
        &[("a", "x,1,null"), ("e.f", "3"), ("h", "4")],
    );
}

#[test]
fn names_that_all_know_are_fields_of_their_own() {
    expect(
        r#"{"srcip":"1","dstip":"2","srcport":3,"dstport":"4","protocol":"5","action":"6","srcuser":"7",
            "dstuser":"8","id":"9","status":"10","url":"11","data":"12","extra_data":"13","systemname":"14"}"#,
        &[
            ("srcip", "1"),
            ("dstip", "2"),
            ("srcport", "3"),
            ("dstport", "4"),
            ("srcuser", "7"),
            ("dstuser", "8"),
            ("proto", "5"),
            ("action", "6"),
            ("id", "9"),
            ("url", "11"),
            ("status", "10"),
            ("extra_data", "12"),
            ("EXTRA", "13"),
            ("system_name", "14"),
        ],
    );
    // Only the full name, and only in this case.
    expect(r#"{"a":{"srcip":"1"},"SRCIP":"2"}"#, &[("a.srcip", "1"), ("SRCIP", "2")]);
}

#[test]
fn a_user_is_the_destination_user_if_there_is_none_yet() {
    expect(r#"{"user":"a"}"#, &[("dstuser", "a")]);
    expect(r#"{"dstuser":"b","user":"a"}"#, &[("dstuser", "b"), ("user", "a")]);
    expect(r#"{"user":"a","dstuser":"b"}"#, &[("dstuser", "b")]);
    expect(r#"{"user":"a","user":"b"}"#, &[("dstuser", "a"), ("user", "b")]);
}

#[test]
fn of_equal_names_the_last_known_and_every_dynamic_one_stays() {
    expect(r#"{"id":"1","id":"2","a":"3","a":"4"}"#, &[("id", "2"), ("a", "3"), ("a", "4")]);
}

#[test]
fn what_is_no_object_gives_nothing() {
    for log in
        ["", "text", "[{\"a\":1}]", "\"a\"", "7", "null", "{\"a\":1", "{\"a\":1,}", "{\"a\":1,\"b\":x}"]
    {
        expect(log, &[]);
    }
}

#[test]
fn blanks_in_front_and_anything_behind_do_not_matter() {
    expect("\u{feff} \t{\"a\":\"b\"} and {more", &[("a", "b")]);
}

#[test]
fn the_decoder_says_where_the_json_starts() {
    let reading = Reading { from: 3, ..Reading::default() };
    expect_with(&reading, r#"x: {"a":"b\n","c":"d"}"#, &[("a", "b\n"), ("c", "d")]);
    let reading = Reading { from: 9999, ..Reading::default() };
    expect_with(&reading, r#"{"a":"b"}"#, &[]);
}

#[test]
fn a_name_that_is_too_long_leaves_out_its_values_only() {
    let long = "k".repeat(700);
    let log = std::format!(r#"{{"a":"1","{long}":{{"{long}":{{"x":[1,{{}}]}},"b":"2"}},"c":"3"}}"#);
    let (found, left_out) = read(&log, &Reading::default());
    let names: Vec<_> = found.iter().map(|(name, _)| name.len()).collect();
    assert_eq!((names.as_slice(), left_out), (&[1, 702, 1][..], 1));
}

#[test]
fn fields_beyond_the_limits_are_left_out_and_counted() {
    let many: String = (0..300).map(|n| std::format!("\"k{n}\":\"v\",")).collect();
    let log = std::format!("{{{many}\"id\":\"last\"}}");
    let (found, left_out) = read(&log, &Reading::default());
    assert_eq!((found.len(), left_out), (257, 44));
    assert_eq!(found[0], ("id".into(), "last".into()));

    // Each level of an object within an array costs tabs: the text of the
    // array is larger than the side buffer.
    let deep = "[{\"a\":".repeat(250) + "1" + &"}]".repeat(250);
    let log = std::format!("{{\"x\":1,\"deep\":{deep},\"y\":2}}");
    let (found, left_out) = read(&log, &Reading::default());
    assert_eq!(found, [("x".into(), "1".into()), ("y".into(), "2".into())]);
    assert_eq!(left_out, 1);
}

const SAMPLE: &str =
    r#"{"srcip":"1.2.3.4","a":{"b":["x",{"y":[1.5,null]}],"\u00e9":"\ud83d\ude00\\"},"n":-1e10,"u":true}"#;

#[test]
fn every_prefix_and_every_changed_byte_is_read_without_harm() {
    let sound = |log: &[u8]| {
        let origin = Origin { location: b"log", local_host: b"here", now: Moment::default() };
        let mut known = Known::default();
        let mut event = Event::new(log, origin, &mut known);
        for reading in [Reading::default(), Reading { from: 1, without_null: true, arrays_as_csv: true }] {
            run_plugin(Plugin::Json, &mut event, &reading);
        }
        found_in(&event);
    };
    let sample = SAMPLE.as_bytes();
    for end in 0..=sample.len() {
        sound(&sample[..end]);
    }
    for place in 0..sample.len() {
        for byte in b"\0 \"\\{}[],:eu19.-\xff" {
            let mut mangled = sample.to_vec();
            mangled[place] = *byte;
            sound(&mangled);
        }
    }
}

/// Any JSON whose names are none that all know.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        // Short enough for serde to read them back exactly.
        any::<i32>().prop_map(|n| Json::from(f64::from(n) / 64.0)),
        "[^\\x00]{0,8}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            any_object(inner).prop_map(Json::from),
        ]
    })
}

fn any_object(inner: impl Strategy<Value = Json>) -> impl Strategy<Value = Map<String, Json>> {
    let name = "[ a-z\"\\\\\n\u{1}é😀]{1,3}";
    prop::collection::btree_map(name, inner, 0..5)
        .prop_map(|map| map.into_iter().filter(|(name, _)| name != "id" && name != "url").collect())
}

/// What an object should become; arrays stay as they are.
fn flat(object: &Map<String, Json>, prefix: &str, out: &mut Vec<(String, Json)>) {
    for (key, value) in object {
        let name = std::format!("{prefix}{key}");
        match value {
            Json::Object(inner) => flat(inner, &std::format!("{name}."), out),
            other => out.push((name, other.clone())),
        }
    }
}

/// Whether a text of a field stands for a value.
fn stands_for(text: &str, value: &Json) -> bool {
    match value {
        Json::String(string) => text == string,
        Json::Number(number) => {
            let number = number.as_f64().expect("a number");
            match text.parse::<i32>() {
                Ok(whole) => f64::from(whole) == number,
                Err(_) => text == std::format!("{number:.6}"),
            }
        }
        Json::Array(_) => serde_json::from_str(text).is_ok_and(|read: Json| is_same(&read, value)),
        Json::Null => text == "null",
        Json::Bool(is) => text == if *is { "true" } else { "false" },
        Json::Object(_) => false,
    }
}

/// Equality that does not tell 1.0 from 1.
fn is_same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one.as_f64() == other.as_f64(),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let same = |(one, other): ((&String, &Json), (&String, &Json))| {
                one.0 == other.0 && is_same(one.1, other.1)
            };
            one.len() == other.len() && one.iter().zip(other).all(same)
        }
        _ => one == other,
    }
}

proptest! {
    #[test]
    fn any_object_becomes_the_fields_that_serde_reads(object in any_object(any_json()), pretty: bool) {
        let text = match pretty {
            false => serde_json::to_string(&object),
            true => serde_json::to_string_pretty(&object),
        };
        let text = text.expect("an object can be written");
        prop_assume!(text.len() < 6000);
        let mut expected = Vec::new();
        flat(&object, "", &mut expected);
        let (found, left_out) = read(&text, &Reading::default());
        prop_assert_eq!(left_out, 0);
        prop_assert_eq!(found.len(), expected.len());
        for ((name, text), (wanted, value)) in found.iter().zip(&expected) {
            prop_assert_eq!(name, wanted);
            prop_assert!(stands_for(text, value), "{} is not {}", text, value);
        }
    }

    #[test]
    fn what_serde_reads_is_sound(value in any_json()) {
        prop_assert!(Reader::is_sound(value.to_string().as_bytes()));
    }
}
