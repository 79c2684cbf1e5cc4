//! Conditions in words: what a row asks for, which value it looks at, and
//! which element of the rule's file it came from.

use super::catalog::Catalog;
use crate::diagnose::{SourceId, Span};
use crate::pattern::Language;
use crate::plural::plural;
use crate::xml::Element;
use bartizan_core::event::{Event, Field};
use bartizan_core::image::Image;
use bartizan_core::image::rows::{
    ConditionRow, NONE, RuleRow, TextRow, condition, condition_flag, lookup, search, subject,
};
use bartizan_core::pattern::PatternId;
use bartizan_core::rules::clock::TimeSpan;
use bartizan_core::rules::compiled::Function;
use bartizan_core::rules::condition as conditions;
use bartizan_core::rules::history::Key;
use serde_json::{Value, json};
use zerocopy::little_endian::U16;

/// Characters of a pattern or value that are shown in a sentence.
const SHOWN: usize = 100;

/// A text in backquotes, cut if it is long and harmless on a terminal.
pub fn quoted(bytes: &[u8]) -> String {
    let text = crate::diagnose::harmless_text(&String::from_utf8_lossy(bytes));
    let cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() { format!("`{cut}…`") } else { format!("`{cut}`") }
}

/// The source of a pattern and the name of its language.
pub fn pattern<'i>(image: &Image<'i>, id: u16) -> (&'i [u8], String) {
    let Some(row) = image.patterns.row(PatternId(id)) else { return (b"", String::new()) };
    let language = Language::from_u8(row.language);
    let name = language.map_or_else(String::new, |language| format!("{language:?}").to_ascii_lowercase());
    (image.patterns.source(row), name)
}

fn matches(image: &Image<'_>, id: u16) -> String {
    let (source, language) = pattern(image, id);
    format!("matches {} ({language})", quoted(source))
}

/// What a condition asks of its pattern.
fn asks(image: &Image<'_>, row: &ConditionRow) -> String {
    let (source, language) = pattern(image, row.a.get());
    match is_negated(row) {
        false => format!("matches {} ({language})", quoted(source)),
        true => format!("is there and does not match {} ({language})", quoted(source)),
    }
}

fn is_negated(row: &ConditionRow) -> bool {
    row.flags & condition_flag::NEGATED != 0
}

/// What a pattern or a list is about.
pub fn subject_name(what: u8) -> &'static str {
    match what {
        subject::LOG => "log",
        subject::PROGRAM => "program name",
        subject::HOST => "host name",
        subject::USER | subject::SOURCE_USER => "user",
        subject::LOCATION => "location",
        field => Field::from_u8(field).map_or("field", Field::label),
    }
}

fn named(row: &ConditionRow) -> TextRow {
    TextRow { offset: row.b, len: U16::new(row.c.get().unsigned_abs()) }
}

/// A condition in words: what must be true.
pub fn condition(catalog: &Catalog<'_>, rule: &RuleRow, row: &ConditionRow) -> String {
    let image = &catalog.image;
    let number = row.a.get();
    match row.kind {
        condition::DECODED_AS => format!("the decoder is {}", quoted(decoder_of(image, number))),
        condition::PATTERN => format!("the {} {}", subject_name(row.option), asks(image, row)),
        condition::ACTION => {
            let not = if is_negated(row) { "not " } else { "" };
            format!("the action is {not}{}", quoted(image.text(named(row))))
        }
        condition::FIELD => {
            format!("the field {} {}", quoted(image.text(named(row))), asks(image, row))
        }
        condition::ADDRESS => {
            let texts = elements_of(catalog, rule, row).into_iter().map(|(_, element)| element.text_lossy());
            let list = texts.map(|text| text.trim().to_owned()).collect::<Vec<_>>().join(", ");
            let not = if is_negated(row) { "not " } else { "" };
            format!("the {} is {not}in {}", subject_name(row.option), quoted(list.as_bytes()))
        }
        condition::COMPILED => {
            let name = Function::NAMES.get(usize::from(row.option)).unwrap_or(&"?");
            format!("the built-in check `{name}` holds")
        }
        condition::SIZE => format!("the log has {number} bytes or more"),
        condition::TIME => time(&TimeSpan::from_row(row)),
        condition::WEEKDAY => format!("it is {}", weekdays(row.option)),
        condition::DIFFERS => "the output is not the one before (check_diff)".to_owned(),
        condition::FIRST_TIME => "it is seen for the first time (if_fts)".to_owned(),
        condition::LIST => list(image, row),
        _ => "a condition that this version does not know".to_owned(),
    }
}

fn decoder_of<'i>(image: &Image<'i>, id: u16) -> &'i [u8] {
    let found = image.decoders.iter().find(|decoder| decoder.id.get() == id);
    found.map_or(b"", |decoder| image.text(decoder.own_name))
}

fn time(span: &TimeSpan) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let not = if span.not { "not " } else { "" };
    format!("the time is {not}between {} and {}", clock(span.from), clock(span.to))
}

fn weekdays(days: u8) -> String {
    const NAMES: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let named = NAMES.iter().enumerate().filter(|(day, _)| days & (1 << day) != 0);
    named.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

fn list(image: &Image<'_>, row: &ConditionRow) -> String {
    let what = match row.c.get() as u8 {
        subject::DYNAMIC => format!("field {}", quoted(image.name(row.d.get()))),
        what => subject_name(what).to_owned(),
    };
    let list = image.lists.get(usize::from(row.a.get())).map_or(&b"?"[..], |name| image.text(*name));
    let list = quoted(list);
    let value = u16::try_from(row.b.get()).ok().filter(|id| *id != NONE);
    let value = value.map_or_else(String::new, |id| format!(" and its value {}", matches(image, id)));
    match row.option {
        lookup::KEY | lookup::KEY_VALUE => format!("the {what} is in the list {list}{value}"),
        lookup::ADDRESS => format!("the {what} or a prefix of it is in the list {list}"),
        lookup::NOT_KEY => format!("the {what} is not in the list {list}"),
        lookup::NOT_ADDRESS => format!("neither the {what} nor a prefix of it is in the list {list}"),
        _ => format!("not: the {what} or a prefix of it is in the list {list}{value}"),
    }
}

/// The value that a condition looks at, if it looks at one and it is set.
pub fn value<'e>(image: &Image<'e>, event: &'e Event<'_>, row: &ConditionRow) -> Option<&'e [u8]> {
    match row.kind {
        condition::DECODED_AS => image.decoder_name(event.decoder),
        condition::PATTERN => conditions::value_of(event, row.option),
        condition::ACTION => event.field(Field::Action),
        condition::FIELD => conditions::dynamic(image, event, image.text(named(row))),
        condition::ADDRESS => event.field(Field::from_u8(row.option)?),
        condition::LIST if row.c.get() as u8 == subject::DYNAMIC => {
            conditions::dynamic(image, event, image.name(row.d.get()))
        }
        condition::LIST => conditions::value_of(event, row.c.get() as u8),
        condition::SIZE => Some(event.log()),
        _ => None,
    }
}

/// Whether a condition looks at a value of the event that may be missing.
pub fn looks_at_value(row: &ConditionRow) -> bool {
    matches!(
        row.kind,
        condition::DECODED_AS
            | condition::PATTERN
            | condition::ACTION
            | condition::FIELD
            | condition::ADDRESS
            | condition::LIST
    )
}

/// Earlier events that the search of a rule must find.
pub fn wanted(rule: &RuleRow) -> u32 {
    u32::from(rule.frequency.get()) + 1
}

/// The name of a key, as rule files write it behind `same_`.
pub fn key(key: Key) -> &'static str {
    match key {
        Key::Id => "id",
        Key::SrcIp => "source_ip",
        Key::User => "user",
        Key::SrcPort => "src_port",
        Key::DstPort => "dst_port",
        Key::Host | Key::Location => "location",
        Key::Url => "url",
        Key::SrcGeo => "srcgeoip",
        Key::DstGeo => "dstgeoip",
        Key::SrcUser => "srcuser",
        Key::DstIp => "dst_ip",
        Key::Protocol => "protocol",
        Key::Action => "action",
        Key::Data => "data",
        Key::ExtraData => "extra_data",
        Key::Status => "status",
        Key::SystemName => "system_name",
        Key::Agent => "agent",
    }
}

fn keys(mask: u32) -> impl Iterator<Item = &'static str> {
    Key::of_mask(mask).map(key)
}

/// What the earlier events of a search have in common with this one, as rule
/// files say it: `same_source_ip`, `different_url`.
pub fn comparisons(image: &Image<'_>, rule: &RuleRow) -> Vec<String> {
    let same = keys(rule.same.get()).map(|key| format!("same_{key}"));
    let different = keys(rule.different.get()).map(|key| format!("different_{key}"));
    let fields = |word: &'static str, range| {
        let names = image.range(image.index, range).iter().map(|row| image.name(row.get()));
        names.map(move |name| format!("{word} {}", quoted(name)))
    };
    let distinct = keys(rule.distinct.get()).map(|key| format!("distinct_{key}"));
    let same_fields = fields("same_field", rule.same_fields);
    same.chain(different)
        .chain(distinct)
        .chain(same_fields)
        .chain(fields("different_field", rule.different_fields))
        .collect()
}

/// What a rule counts: `events of rule 5716`.
pub fn searched(catalog: &Catalog<'_>, row: u16) -> Option<String> {
    let rule = catalog.rule(row);
    match rule.search {
        search::NONE => None,
        search::RULE => {
            let ids = catalog.correlates_with(row);
            let ids: Vec<_> = ids.iter().map(|row| catalog.rule(*row).id.to_string()).collect();
            Some(format!("events of rule {}", ids.join(", ")))
        }
        search::GROUP => {
            let written = catalog.elements(rule.id.get()).next().map(|(_, element)| element);
            let group = written.and_then(|rule| child(rule, "if_matched_group"));
            Some(format!("events of the group {}", quoted(group.map_or(b"?", |group| &group.text))))
        }
        search::HISTORY => {
            Some(format!("events of this type whose log {}", matches(&catalog.image, rule.search_in.get())))
        }
        _ => Some("events of a rule that does not exist: this never holds".to_owned()),
    }
}

/// The search of a rule in words.
pub fn correlation(catalog: &Catalog<'_>, row: u16) -> Option<String> {
    let rule = catalog.rule(row);
    let (wanted, what) = (wanted(rule), searched(catalog, row)?);
    let events = what.strip_prefix("events").map(|rest| plural(wanted, "event", "events").to_owned() + rest);
    let what = events.unwrap_or(what);
    let alike = comparisons(&catalog.image, rule);
    let alike = if alike.is_empty() { String::new() } else { format!(", {}", alike.join(", ")) };
    Some(format!("{wanted} earlier {what} within {} s{alike}", rule.timeframe))
}

/// All conditions of a rule in the order of evaluation, those that need
/// memory behind the others, without its search.
pub fn conditions_of<'i>(image: &Image<'i>, rule: &RuleRow) -> impl Iterator<Item = &'i ConditionRow> {
    image.range(image.conditions, rule.conditions).iter().chain(image.range(image.conditions, rule.memory))
}

/// What a condition asks for, whole: two conditions for which it is equal ask
/// the same. Not for lists of addresses and of keys.
pub fn whole<'i>(catalog: &Catalog<'i>, rule: &RuleRow, row: &ConditionRow) -> (String, &'i [u8]) {
    let (source, _) = match row.kind {
        condition::PATTERN | condition::FIELD => pattern(&catalog.image, row.a.get()),
        condition::ACTION => (catalog.image.text(named(row)), String::new()),
        _ => (&b""[..], String::new()),
    };
    (condition(catalog, rule, row), source)
}

/// A condition for programs: in words, and the parts of it.
pub fn condition_json(catalog: &Catalog<'_>, rule: &RuleRow, row: &ConditionRow) -> Value {
    let mut object = json!({"words": condition(catalog, rule, row)});
    if matches!(row.kind, condition::PATTERN | condition::FIELD) {
        let (source, language) = pattern(&catalog.image, row.a.get());
        object["pattern"] = String::from_utf8_lossy(source).into();
        object["language"] = language.into();
    }
    if row.kind == condition::PATTERN {
        object["subject"] = subject_name(row.option).into();
    }
    object
}

fn child<'e>(element: &'e Element, name: &str) -> Option<&'e Element> {
    element.children.iter().find(|child| child.name.eq_ignore_ascii_case(name))
}

/// The names of elements that give a condition of this kind.
fn names(row: &ConditionRow) -> &'static [&'static str] {
    match (row.kind, row.option) {
        (condition::DECODED_AS, _) => &["decoded_as"],
        (condition::PATTERN, subject::LOG) => &["match", "regex", "match_pcre2", "pcre2"],
        (condition::PATTERN, subject::PROGRAM) => &["program_name", "program_name_pcre2"],
        (condition::PATTERN, subject::LOCATION) => &["location"],
        (condition::PATTERN, subject::HOST) => &["hostname", "hostname_pcre2"],
        (condition::PATTERN, subject::USER) => &["user", "user_pcre2"],
        (condition::PATTERN | condition::ADDRESS, field) => match Field::from_u8(field) {
            Some(Field::SrcIp) => &["srcip"],
            Some(Field::DstIp) => &["dstip"],
            Some(Field::SrcPort) => &["srcport", "srcport_pcre2"],
            Some(Field::DstPort) => &["dstport", "dstport_pcre2"],
            Some(Field::Id) => &["id", "id_pcre2"],
            Some(Field::Url) => &["url", "url_pcre2"],
            Some(Field::Status) => &["status", "status_pcre2"],
            Some(Field::Data | Field::ExtraData) => &["extra_data", "extra_data_pcre2", "data"],
            Some(Field::Protocol) => &["protocol"],
            Some(Field::SystemName) => &["system_name"],
            Some(Field::SrcGeo) => &["srcgeoip", "srcgeoip_pcre2"],
            Some(Field::DstGeo) => &["dstgeoip", "dstgeoip_pcre2"],
            _ => &[],
        },
        (condition::ACTION, _) => &["action"],
        (condition::FIELD, _) => &["field"],
        (condition::COMPILED, _) => &["compiled_rule"],
        (condition::TIME, _) => &["time"],
        (condition::WEEKDAY, _) => &["weekday"],
        (condition::DIFFERS, _) => &["check_diff"],
        (condition::FIRST_TIME, _) => &["if_fts"],
        (condition::LIST, _) => &["list"],
        _ => &[],
    }
}

/// The elements that a condition came from: those of the last element of the
/// rule that has any.
fn elements_of<'c>(
    catalog: &'c Catalog<'_>,
    rule: &RuleRow,
    row: &ConditionRow,
) -> Vec<(SourceId, &'c Element)> {
    let names = names(row);
    let image = &catalog.image;
    let is_source = |child: &Element| match row.kind {
        condition::PATTERN | condition::FIELD => {
            let (source, _) = pattern(image, row.a.get());
            !child.text.is_empty() && memchr::memmem::find(source, &child.text).is_some()
        }
        _ => true,
    };
    let wanted =
        |child: &&Element| names.iter().any(|name| child.name.eq_ignore_ascii_case(name)) && is_source(child);
    let mut found = catalog.elements(rule.id.get()).rev().map(|(source, element)| {
        element.children.iter().filter(wanted).map(|child| (source, child)).collect::<Vec<_>>()
    });
    found.find(|children| !children.is_empty()).unwrap_or_default()
}

/// Where the text of a condition stands.
pub fn span_of(catalog: &Catalog<'_>, rule: &RuleRow, row: &ConditionRow) -> Option<(SourceId, Span)> {
    let (source, element) = *elements_of(catalog, rule, row).first()?;
    let span = if element.text.is_empty() { element.span } else { element.text_span };
    Some((source, span))
}
