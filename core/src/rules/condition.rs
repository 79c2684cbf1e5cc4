//! The conditions of one rule that look at the event alone.
//!
//! A condition on a field that the event does not have does not hold
//! (OSSEC 4.3). Each costs one comparison or one search.

use crate::event::{Event, Field};
use crate::image::Image;
use crate::image::rows::{ConditionRow, RangeRow, RuleRow, TextRow, condition, subject};
use crate::pattern::{Matcher, PatternId};
use crate::record::Value;
use crate::rules::{address, clock, compiled};
use zerocopy::little_endian::U16;

/// Whether all conditions of a rule hold that look at the event alone.
pub fn all_hold(image: &Image<'_>, matcher: &mut impl Matcher, event: &Event<'_>, rule: &RuleRow) -> bool {
    first_failing(image, matcher, event, rule).is_none()
}

/// The place, among a rule's conditions that look at the event alone, of the
/// first that does not hold.
pub fn first_failing(
    image: &Image<'_>,
    matcher: &mut impl Matcher,
    event: &Event<'_>,
    rule: &RuleRow,
) -> Option<usize> {
    image.range(image.conditions, rule.conditions).iter().position(|row| !holds(image, matcher, event, row))
}

fn holds(image: &Image<'_>, matcher: &mut impl Matcher, event: &Event<'_>, row: &ConditionRow) -> bool {
    let number = row.a.get();
    match row.kind {
        condition::DECODED_AS => decoder_id(image, event) == Some(number),
        condition::PATTERN => pattern_holds(matcher, event, row.option, PatternId(number)),
        condition::ACTION => event.field(Field::Action) == Some(image.text(named(row))),
        condition::FIELD => {
            let value = dynamic(image, event, image.text(named(row)));
            value.is_some_and(|value| matcher.is_match(PatternId(number), value))
        }
        condition::ADDRESS => {
            let list = image.range(image.addresses, RangeRow { start: row.b, len: length(row) });
            let value = Field::from_u8(row.option).and_then(|field| event.field(field));
            value.is_some_and(|value| address::list_matches(list, value))
        }
        condition::COMPILED => compiled::Function::from_u8(row.option).is_some_and(|f| f.holds(event)),
        condition::SIZE => event.log.len >= number,
        condition::TIME => clock::TimeSpan::from_row(row).contains(&event.now),
        condition::WEEKDAY => clock::Weekdays(row.option).contains(&event.now),
        _ => false,
    }
}

fn length(row: &ConditionRow) -> U16 {
    U16::new(row.c.get().unsigned_abs())
}

fn named(row: &ConditionRow) -> TextRow {
    TextRow { offset: row.b, len: length(row) }
}

/// The id that `decoded_as` compares.
pub fn decoder_id(image: &Image<'_>, event: &Event<'_>) -> Option<u16> {
    Some(image.decoder(event.decoder?)?.id.get())
}

fn pattern_holds(matcher: &mut impl Matcher, event: &Event<'_>, what: u8, pattern: PatternId) -> bool {
    let value = match what {
        subject::LOG => return matcher.possible(pattern) && matcher.is_match(pattern, event.log()),
        subject::PROGRAM => return event.program_name().is_some_and(|p| matcher.is_match(pattern, p)),
        subject::HOST => return matcher.is_match(pattern, event.hostname()),
        subject::USER => first_set(event, Field::DstUser, Field::SrcUser),
        subject::GEO => Value::Unset,
        field => Field::from_u8(field).map_or(Value::Unset, |field| event.value(field)),
    };
    // What stands in the log cannot match where the log cannot.
    let in_log = matches!(value, Value::Text(span) if span.start >= event.log.start);
    if in_log && !matcher.possible(pattern) {
        return false;
    }
    event.bytes(value).is_some_and(|value| matcher.is_match(pattern, value))
}

fn first_set(event: &Event<'_>, first: Field, second: Field) -> Value {
    match event.value(first) {
        Value::Unset => event.value(second),
        value => value,
    }
}

/// The value that a list look-up or a pattern is about.
pub fn value_of<'e>(event: &'e Event<'_>, what: u8) -> Option<&'e [u8]> {
    match what {
        subject::LOG => Some(event.log()),
        subject::PROGRAM => event.program_name(),
        subject::HOST => Some(event.hostname()),
        subject::USER => event.bytes(first_set(event, Field::DstUser, Field::SrcUser)),
        subject::SOURCE_USER => event.bytes(first_set(event, Field::SrcUser, Field::DstUser)),
        field => event.field(Field::from_u8(field)?),
    }
}

/// A dynamic field by name. The names that count are those of the decoder
/// that was chosen last; positions are shared with its chain (OSSEC 4.3).
pub fn dynamic<'e>(image: &Image<'_>, event: &'e Event<'_>, name: &[u8]) -> Option<&'e [u8]> {
    let decoder = image.decoder(event.decoder?)?;
    let order = image.range(image.order, decoder.order);
    let position = order.iter().position(|item| {
        Field::from_u8(item.field).is_none() && image.text(item.name).eq_ignore_ascii_case(name)
    })?;
    event.dynamic_at(position)
}
