//! Decoders from their text to the fields of an event.

use crate::compile::{Files, Settings, compile};
use crate::diagnose::{Colour, Diagnostics, Sources};
use crate::engine::session::Understanding;
use crate::engine::{self, Ruleset};
use crate::xml::{self, Syntax};
use bartizan_core::event::{Event, Field, Known, Moment, Origin};
use bartizan_core::image::Dialect;
use bartizan_core::rules::first_time;
use bartizan_core::rules::judge::Manner;

const RULE: &str =
    r#"<group name="syslog,"><rule id="1" level="0"><description>x</description></rule></group>"#;

/// The compiled decoders, or all that was reported.
fn compiled(dialect: Dialect, decoders: &str) -> Result<Ruleset, String> {
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let mut read = |name: &str, text: &str| {
        let id = sources.add(name, text);
        xml::read(&Syntax::OSSEC, &sources, id, &mut report)
    };
    let files = Files {
        decoders: vec![read("decoders", decoders)],
        rules: vec![read("rules", RULE)],
        lists: Vec::new(),
    };
    let compiled = compile(&files, &Settings { dialect, ..Settings::default() }, &mut report);
    let text = report.render(&sources, Colour::None);
    let image = compiled.ok_or(text)?.image;
    Ok(Ruleset::new(image, Vec::new(), engine::Settings::default()).expect("a sound image"))
}

/// What is known of a log: `decoder(parent)`, then fields by label or name, in
/// order.
fn decoded(decoders: &str, log: &str) -> Vec<String> {
    with(decoders, log, |ruleset, event| {
        let image = ruleset.image();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let row = event.decoder.and_then(|row| image.decoder(row));
        let decoder = row.map_or("none".into(), |row| match image.text(row.parent) {
            b"" => text(image.text(row.name)),
            _ => format!("{}/{}", text(image.text(row.name)), text(image.text(row.own_name))),
        });
        let label = |field| if field == Field::ExtraData { "EXTRA" } else { Field::label(field) };
        let known = Field::ALL
            .into_iter()
            .filter_map(|field| Some((label(field).to_owned(), text(event.field(field)?))));
        let dynamic = event.dynamic(&image).map(|(name, value)| (text(name), text(value)));
        let fields = known.chain(dynamic).map(|(name, value)| format!("{name}={value}"));
        std::iter::once(decoder).chain(fields).collect()
    })
}

fn with<R>(decoders: &str, log: &str, look: impl FnOnce(&Ruleset, &Event<'_>) -> R) -> R {
    let ruleset = compiled(Dialect::Wazuh, decoders).unwrap_or_else(|report| panic!("{report}"));
    let mut understanding = Understanding::new(&ruleset, Manner::Test);
    let origin = Origin { location: b"/var/log/probe", local_host: b"here", now: Moment::default() };
    let mut known = Known::default();
    let mut event = Event::new(log.as_bytes(), origin, &mut known);
    understanding.decode(&mut event);
    look(&ruleset, &event)
}

const FAMILY: &str = r#"
    <decoder name="root"><prematch type="pcre2">^root: </prematch></decoder>
    <decoder name="own"><parent>root</parent><use_own_name>true</use_own_name>
        <prematch type="pcre2" offset="after_parent">^own </prematch>
        <regex type="pcre2" offset="after_prematch">^(\w+)</regex><order>first</order></decoder>
    <decoder name="rest"><parent>root</parent><use_own_name>true</use_own_name><type>ids</type>
        <regex type="pcre2" offset="after_parent">a=(\w+)</regex><order>a</order></decoder>
    <decoder name="rest"><parent>root</parent>
        <regex type="pcre2" offset="after_regex">b=(\w+)</regex><order>b</order></decoder>
    <decoder name="rest"><parent>root</parent>
        <regex type="pcre2" offset="after_regex">c=(\w+)</regex><order>c, id</order></decoder>"#;

#[test]
fn a_child_without_a_prematch_adds_fields_to_its_root() {
    assert_eq!(decoded(FAMILY, "root: own way"), ["own/own", "first=way"]);
    assert_eq!(decoded(FAMILY, "root: a=1"), ["root", "a=1"]);
    assert_eq!(decoded(FAMILY, "root: none"), ["root"]);
    assert_eq!(decoded(FAMILY, "other"), ["none"]);
}

#[test]
fn all_members_of_a_chain_leave_their_fields() {
    assert_eq!(decoded(FAMILY, "root: a=1 b=2 c=3"), ["root", "a=1", "b=2", "c=3"]);
}

#[test]
fn a_chain_goes_on_behind_the_last_member_that_matched() {
    // The second member fails, so the third looks behind the first.
    assert_eq!(decoded(FAMILY, "root: c=0 a=1 c=3"), ["root", "a=1", "c=3"]);
    assert_eq!(decoded(FAMILY, "root: c=0 b=2 c=3"), ["root", "b=2", "c=3"]);
}

#[test]
fn orders_tell_extra_data_from_data_and_take_any_other_word_for_a_name() {
    let decoder = r#"<decoder name="d"><prematch type="pcre2">^x</prematch>
        <regex type="pcre2">(\d) (\d) (\d) (\d) (\d) (\d)</regex>
        <order>user,  data , extra_data, filename,a.b c,Srcip</order></decoder>"#;
    let expected = ["d", "dstuser=1", "extra_data=2", "EXTRA=3", "filename=4", "a.b=5", "Srcip=6"];
    assert_eq!(decoded(decoder, "x 1 2 3 4 5 6"), expected);
}

#[test]
fn of_equal_names_the_first_counts_and_fields_that_all_know_are_replaced() {
    let decoders = r#"<decoder name="d"><prematch type="pcre2">^x</prematch></decoder>
        <decoder name="c"><parent>d</parent><regex type="pcre2">(\d)</regex><order>N</order></decoder>
        <decoder name="c"><parent>d</parent><regex type="pcre2">(\d) (\d)</regex><order>n, id</order></decoder>
        <decoder name="c"><parent>d</parent><regex type="pcre2">\d (\d)</regex><order>id</order></decoder>"#;
    with(decoders, "x 1 2 3", |ruleset, event| {
        let image = ruleset.image();
        let find =
            |name: &[u8]| bartizan_core::rules::condition::dynamic(&image, event, name).map(<[u8]>::to_vec);
        assert_eq!(find(b"n"), Some(b"1".to_vec()));
        assert_eq!(find(b"m"), None);
        assert_eq!(event.field(Field::Id), Some(&b"2"[..]));
    });
}

#[test]
fn a_child_with_a_prematch_says_where_its_json_starts() {
    let decoders = |offset: &str| {
        format!(
            r#"<decoder name="r"><prematch type="pcre2">^r </prematch></decoder>
            <decoder name="c"><parent>r</parent><prematch type="pcre2" offset="after_parent">^\{{"x":</prematch>
            <plugin_decoder {offset}>JSON_Decoder</plugin_decoder></decoder>"#
        )
    };
    let log = r#"r {"x":{"y":"1"}}"#;
    assert_eq!(decoded(&decoders(""), log), ["r/c"]);
    assert_eq!(decoded(&decoders("offset=\"after_parent\""), log), ["r/c", "x.y=1"]);
    assert_eq!(decoded(&decoders("offset='after_prematch'"), log), ["r/c", "y=1"]);
}

#[test]
fn json_of_a_child_without_a_prematch_is_the_whole_log() {
    let decoders = r#"<decoder name="r"><program_name type="pcre2">^p$</program_name></decoder>
        <decoder name="c"><parent>r</parent><plugin_decoder offset="after_parent">JSON_Decoder</plugin_decoder>
        <json_null_field>discard</json_null_field></decoder>"#;
    // Neither start nor null field are asked of it: it is not the decoder.
    assert_eq!(decoded(decoders, r#"Dec 29 10:00:01 h p: {"a":null,"id":7}"#), ["r", "id=7", "a=null"]);
}

#[test]
fn the_decoder_of_the_event_says_how_json_is_read() {
    let decoders = r#"<decoder name="j"><prematch type="pcre2">^\s*\{</prematch>
        <plugin_decoder>JSON_Decoder</plugin_decoder>
        <json_null_field>discard</json_null_field><json_array_structure>csv</json_array_structure></decoder>"#;
    assert_eq!(decoded(decoders, " {\"a\":null,\t\"b\":[1,2]}"), ["j", "b=1,2"]);
}

#[test]
fn a_plug_in_may_stand_anywhere_in_a_chain() {
    let decoders = r#"<decoder name="r"><prematch type="pcre2">^\{"</prematch></decoder>
        <decoder name="c"><parent>r</parent><regex type="pcre2">"a":"(\w+)</regex><order>first</order></decoder>
        <decoder name="c"><parent>r</parent><plugin_decoder>JSON_Decoder</plugin_decoder></decoder>"#;
    assert_eq!(decoded(decoders, r#"{"a":"1"}"#), ["r", "first=1", "a=1"]);
    let decoders = r#"<decoder name="r"><prematch type="pcre2">^r </prematch></decoder>
        <decoder name="c"><parent>r</parent><prematch type="pcre2">^r </prematch>
        <plugin_decoder offset="after_prematch">JSON_Decoder</plugin_decoder></decoder>
        <decoder name="c"><parent>r</parent><regex type="pcre2">"a":"(\w+)</regex><order>id</order></decoder>"#;
    assert_eq!(decoded(decoders, r#"r {"a":"1"}"#), ["r/c", "id=1", "a=1"]);
}

#[test]
fn first_time_keys_end_with_the_dynamic_fields_of_the_order() {
    let decoder = r#"<decoder name="d"><prematch type="pcre2">^x</prematch>
        <regex type="pcre2">(\d) (\d) (\d)</regex><order>srcuser, p.q, r</order><fts>name, srcuser, r,p.q, extra_data</fts></decoder>"#;
    with(decoder, "x 1 2 3", |ruleset, event| {
        let image = ruleset.image();
        let parts = image.decoder(event.decoder.expect("a decoder")).expect("a row").fts.get();
        assert_eq!(first_time::key(&image, event, parts).as_slice(), b"d   1      2 3");
    });
}

#[test]
fn stages_have_their_own_names() {
    let ruleset = compiled(Dialect::Wazuh, FAMILY).unwrap_or_else(|report| panic!("{report}"));
    let image = ruleset.image();
    for stage in ["rootcheck", "syscheck_deleted", "windows_eventchannel", "sca"] {
        let row = image.stage(stage.as_bytes());
        assert!(row.is_some(), "{stage}");
        assert_eq!(image.decoder_name(row), Some(stage.as_bytes()));
    }
    assert_eq!(image.stage(b"syscheck_integrity_changed_2nd"), None);
}

/// What is reported of decoders that cannot be.
fn problem(dialect: Dialect, decoder: &str) -> String {
    compiled(dialect, decoder).expect_err(decoder)
}

#[test]
fn each_dialect_knows_its_own_elements() {
    let decoder = |inner: &str| format!("<decoder name=\"d\"><prematch>x</prematch>{inner}</decoder>");
    for element in [
        "<prematch_pcre2>x</prematch_pcre2>",
        "<pcre2>(x)</pcre2>",
        "<program_name_pcre2>x</program_name_pcre2>",
    ] {
        assert!(problem(Dialect::Wazuh, &decoder(element)).contains("is not known here"), "{element}");
    }
    for element in
        ["<json_null_field>string</json_null_field>", "<json_array_structure>csv</json_array_structure>"]
    {
        assert!(problem(Dialect::Ossec, &decoder(element)).contains("is not known here"), "{element}");
    }
    let json = decoder("<plugin_decoder>JSON_Decoder</plugin_decoder>");
    assert!(problem(Dialect::Ossec, &json).contains("`JSON_Decoder` is not a plugin decoder"));
    assert!(problem(Dialect::Ossec, "<decoder name=\"d\" status=\"x\"/>").contains("exactly one attribute"));
}

#[test]
fn what_wazuh_does_not_load_is_reported() {
    let root = "<prematch type=\"pcre2\">x</prematch>";
    for (inner, message) in [
        ("<json_null_field>none</json_null_field>", "`none` is not a way to read null"),
        ("<json_array_structure>list</json_array_structure>", "`list` is not a way to read arrays"),
        (
            "<plugin_decoder offset=\"after_regex\">JSON_Decoder</plugin_decoder>",
            "`after_regex` cannot stand here",
        ),
        ("<plugin_decoder>json_decoder</plugin_decoder>", "`json_decoder` is not a plugin decoder"),
        ("<regex type=\"pcre2\">(x)</regex><order>a,,b</order>", "an empty item in the order"),
        (
            "<regex type=\"pcre2\">(x)</regex><order>a</order><fts>name, b</fts>",
            "is not a part of a first-time key",
        ),
        ("<regex type=\"pcre2\">(x)</regex>", "a decoder with a regex needs an order"),
    ] {
        let decoder = format!("<decoder name=\"d\">{root}{inner}</decoder>");
        assert!(problem(Dialect::Wazuh, &decoder).contains(message), "{inner}");
    }
    let many = vec!["a"; 256].join(",");
    let decoder =
        format!("<decoder name=\"d\">{root}<regex type=\"pcre2\">(x)</regex><order>{many}</order></decoder>");
    assert!(problem(Dialect::Wazuh, &decoder).contains("too many fields"));
}

#[test]
fn what_wazuh_only_wonders_about_is_loaded() {
    let decoder = format!(
        r#"<decoder name="d" status="x"><prematch type="PCRE2" offset="somewhere">^[x]y$</prematch>
        <json_null_field>empty</json_null_field><ftscomment>{}</ftscomment></decoder>"#,
        "c".repeat(3000)
    );
    assert_eq!(decoded(&decoder, "xy"), ["d"]);
    // The text of the prematch is too long and left out.
    let long = "y".repeat(1024);
    let decoder = format!(
        r#"<decoder name="d"><program_name type="pcre2">^p$</program_name><prematch>{long}</prematch></decoder>"#
    );
    assert_eq!(decoded(&decoder, "Dec 29 10:00:01 h p: x"), ["d"]);
}

#[test]
fn the_last_of_repeated_texts_says_their_language() {
    let decoder =
        r#"<decoder name="d"><prematch>^\d</prematch><prematch type="pcre2">{2}$</prematch></decoder>"#;
    assert_eq!(decoded(decoder, "12"), ["d"]);
    assert_eq!(decoded(decoder, "123"), ["none"]);
}
