extern crate std;

use super::super::{Plugin, run as run_plugin};
use super::*;
use crate::event::{Known, Moment, Origin};
use std::string::String;
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
