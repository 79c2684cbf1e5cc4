extern crate std;

use super::*;
use std::string::{String, ToString};
use std::vec::Vec;

fn tokens(text: &str) -> Vec<String> {
    let mut reader = Reader::new(text.as_bytes());
    let mut found = Vec::new();
    while let Some(token) = reader.token() {
        let bytes = |span| String::from_utf8_lossy(reader.bytes(span)).into_owned();
        found.push(match token {
            Token::Open(Kind::Object) => "{".to_string(),
            Token::Close(Kind::Object) => "}".to_string(),
            Token::Open(Kind::Array) => "[".to_string(),
            Token::Close(Kind::Array) => "]".to_string(),
            Token::Key(key) => std::format!("{}:", bytes(key)),
            Token::String(raw) => std::format!("'{}'", bytes(raw)),
            Token::Number(digits) => bytes(digits),
            Token::Word(word) => word.to_string(),
        });
    }
    found
}

fn is_sound(text: &str) -> bool {
    Reader::is_sound(text.as_bytes())
}

#[test]
fn tokens_come_in_the_order_of_the_text() {
    let text = "\u{feff} \n{\"a\" : [1,\ttrue , {\"b\":null}],\"c\":{},\"d\":[],\"e\\n\":\"f\\\"\"} rest";
    let expected = [
        "{", "a:", "[", "1", "true", "{", "b:", "null", "}", "]", "c:", "{", "}", "d:", "[", "]", "e\\n:",
        "'f\\\"'", "}",
    ];
    assert_eq!(tokens(text), expected);
    assert!(is_sound(text));
}

#[test]
fn what_follows_the_value_does_not_matter() {
    for text in ["{}x", "[] }", "1 2", "\"a\"\"", "nullnull", "{\"a\":1}}", "0x10", "01"] {
        assert!(is_sound(text), "{text}");
    }
}

#[test]
fn what_is_not_json_is_not_sound() {
    for text in [
        "",
        " ",
        "x",
        "{",
        "[",
        "}",
        "]",
        "{]",
        "[}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "[1,]",
        "[,1]",
        "{,}",
        "[1 2]",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "'a'",
        "\"a",
        "\"\\",
        "\"\\\"",
        "nul",
        "[True]",
        "[+1]",
        "[-]",
        "[.5]",
        "[1e]",
        "[0x10]",
        "[1.2.3]",
        "[1-2]",
        "{\"a\":1}".trim_end_matches('}'),
        "{\"\\x\":1}",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800x\"",
    ] {
        assert!(!is_sound(text), "{text}");
    }
}

#[test]
fn numbers_are_what_strtod_reads() {
    for (text, len) in [
        ("0", 1),
        ("-1", 2),
        ("12.50,", 5),
        ("1.", 2),
        ("-.5", 3),
        ("1e5", 3),
        ("1E-05x", 5),
        ("1.e+2", 5),
        ("1e", 1),
        ("1e+", 1),
        ("00012", 5),
        ("1.2.3", 3),
        ("1-2", 1),
    ] {
        assert_eq!(number::scan(text.as_bytes()), Some(len), "{text}");
        assert!(number::value(&text.as_bytes()[..len]).is_some(), "{text}");
    }
    for text in ["", "-", "-.", ".", "-e5", "+1", "e5"] {
        assert_eq!(number::scan(text.as_bytes()), None, "{text}");
    }
    assert_eq!(number::scan("1".repeat(63).as_bytes()), Some(63));
    assert_eq!(number::scan("1".repeat(64).as_bytes()), None);
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(is_sound(&nested(JSON_DEPTH_MAX)));
    assert!(!is_sound(&nested(JSON_DEPTH_MAX + 1)));
    let mixed = "[{\"a\":".repeat(JSON_DEPTH_MAX / 2) + "1" + &"}]".repeat(JSON_DEPTH_MAX / 2);
    assert!(is_sound(&mixed));
    assert!(!is_sound(&mixed.replacen("}]", "]}", 1)));
}

#[test]
fn leaving_passes_the_rest_of_what_was_opened_last() {
    let mut reader = Reader::new(b"[[1,{\"a\":[2]},3],4]");
    assert_eq!(
        (reader.token(), reader.token()),
        (Some(Token::Open(Kind::Array)), Some(Token::Open(Kind::Array)))
    );
    reader.leave();
    assert_eq!(reader.depth(), 1);
    assert!(matches!(reader.token(), Some(Token::Number(digits)) if reader.bytes(digits) == b"4"));
    reader.leave();
    assert_eq!((reader.depth(), reader.token()), (0, None));
}

fn decoded(raw: &str) -> String {
    let mut out = Vec::new();
    string::decode(raw.as_bytes(), |piece| {
        out.extend_from_slice(piece);
        Some(())
    })
    .expect("a sound string");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn escapes_become_what_they_stand_for() {
    assert_eq!(decoded(r#"a\b\f\n\r\t\"\\\/z"#), "a\x08\x0c\n\r\t\"\\/z");
    assert_eq!(decoded(r"\u0041\u00e9\u20AC\uD83D\uDE00"), "Aé€😀");
    assert_eq!(decoded("plain é"), "plain é");
}

#[test]
fn the_character_zero_ends_a_string() {
    assert_eq!(decoded(r"a\u0000b"), "a");
    assert_eq!(decoded(r"a\uzzzzb"), "a");
}

fn item(number: f64) -> String {
    let mut out = String::new();
    number::write_item(number, &mut out).expect("a string has room");
    out
}

fn field(number: f64) -> String {
    let mut out = String::new();
    number::write_field(number, &mut out).expect("a string has room");
    out
}

#[test]
fn fields_have_whole_numbers_of_32_bits_and_six_digits_else() {
    for (number, expected) in [
        (0.0, "0"),
        (-0.0, "0"),
        (443.0, "443"),
        (2_147_483_647.0, "2147483647"),
        (-2_147_483_648.0, "-2147483648"),
        (2_147_483_648.0, "2147483648.000000"),
        (-2_147_483_649.0, "-2147483649.000000"),
        (1_605_554_848_000.0, "1605554848000.000000"),
        (0.5, "0.500000"),
        (-0.000_000_1, "-0.000000"),
        // Half to even: both are exact in binary.
        (0.007_812_5, "0.007812"),
        (0.023_437_5, "0.023438"),
        (1e22, "10000000000000000000000.000000"),
        (1e23, "99999999999999991611392.000000"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(field(number), expected);
    }
    let largest = field(f64::MAX);
    assert!(largest.starts_with("17976931348623157081452742373170435679807056752584499659891747680315726"));
    assert_eq!(largest.len(), 309 + 7);
}

#[test]
fn items_of_arrays_are_as_short_as_they_can_be() {
    for (number, expected) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (7.0, "7"),
        (-12.5, "-12.5"),
        (100.0, "100"),
        (1_605_554_848_000.0, "1605554848000"),
        (999_999_999_999_999.0, "999999999999999"),
        (1e15, "1e+15"),
        (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
        (0.1, "0.1"),
        (0.3, "0.3"),
        (0.1 + 0.2, "0.30000000000000004"),
        (0.0001, "0.0001"),
        (0.000_012_5, "1.25e-05"),
        (1e100, "1e+100"),
        (5e-324, "4.94065645841247e-324"),
        (f64::INFINITY, "null"),
    ] {
        assert_eq!(item(number), expected);
    }
}

fn array(text: &str, write: fn(&mut Reader<'_>, &mut crate::event::Side) -> Option<()>) -> Option<String> {
    let mut reader = Reader::new(text.as_bytes());
    assert_eq!(reader.token(), Some(Token::Open(Kind::Array)));
    let mut out = crate::event::Side::new();
    write(&mut reader, &mut out)?;
    assert_eq!(reader.depth(), 0, "{text}");
    Some(String::from_utf8(out.to_vec()).expect("UTF-8"))
}

#[test]
fn arrays_are_printed_with_a_tab_for_each_level() {
    for (text, expected) in [
        ("[]", "[]"),
        ("[ 1,\"a\\u0001\\/\\\"é\" , null,true,false ]", "[1, \"a\\u0001/\\\"é\", null, true, false]"),
        ("[[],[1,[2,3]]]", "[[], [1, [2, 3]]]"),
        ("[{}]", "[{\n\t}]"),
        ("[{\"a\":1}]", "[{\n\t\t\"a\":\t1\n\t}]"),
        (
            "[{\"a\":1,\"b\":{\"c\":[{\"d\":2}],\"e\":\"x\"}},{\"f\":[]}]",
            "[{\n\t\t\"a\":\t1,\n\t\t\"b\":\t{\n\t\t\t\"c\":\t[{\n\t\t\t\t\t\"d\":\t2\n\t\t\t\t}],\n\t\t\t\"e\":\t\"x\"\n\t\t}\n\t}, {\n\t\t\"f\":\t[]\n\t}]",
        ),
    ] {
        assert_eq!(array(text, array::write_formatted).as_deref(), Some(expected));
    }
}

#[test]
fn arrays_as_csv_leave_out_what_holds_values() {
    for (text, expected) in [
        ("[]", ""),
        ("[1,\"a,b\\n\",null,true,0.5]", "1,a,b\n,null,true,0.500000"),
        ("[{\"a\":1},[2,[3]],\"x\",{},4]", "x,4"),
        ("[[1],{}]", ""),
        ("[\"\",\"\"]", ","),
    ] {
        assert_eq!(array(text, array::write_csv).as_deref(), Some(expected));
    }
}

#[test]
fn a_text_that_does_not_fit_is_no_text() {
    let deep = "[{\"a\":".repeat(250) + "1" + &"}]".repeat(250);
    assert_eq!(array(&deep, array::write_formatted), None);
}
