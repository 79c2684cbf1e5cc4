//! The conditions of one rule that look at the event alone.
//!
//! A condition on a field that the event does not have does not hold
//! (OSSEC 4.3). Each costs one comparison or one search.

use crate::event::{Event, Field};
use crate::image::rows::{ConditionRow, RangeRow, RuleRow, TextRow, condition, condition_flag, subject};
use crate::image::{Dialect, Image};
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
        condition::PATTERN => pattern_holds(matcher, event, row),
        condition::ACTION => {
            let action = event.field(Field::Action);
            action.is_some_and(|action| (action == image.text(named(row))) != is_negated(row))
        }
        condition::FIELD => {
            let value = dynamic(image, event, image.text(named(row)));
            value.is_some_and(|value| matcher.is_match(PatternId(number), value) != is_negated(row))
        }
        condition::ADDRESS => address_holds(image, event, row),
        condition::COMPILED => {
            compiled::Function::from_u8(row.option).is_some_and(|f| f.holds(image.dialect(), event))
        }
        condition::SIZE => event.log.len >= number,
        condition::TIME => clock::TimeSpan::from_row(row).contains(&event.now),
        condition::WEEKDAY => clock::Weekdays(row.option).contains(&event.now),
        _ => false,
    }
}

fn is_negated(row: &ConditionRow) -> bool {
    row.flags & condition_flag::NEGATED != 0
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

fn address_holds(image: &Image<'_>, event: &Event<'_>, row: &ConditionRow) -> bool {
    let list = image.range(image.addresses, RangeRow { start: row.b, len: length(row) });
    let value = Field::from_u8(row.option).and_then(|field| event.field(field));
    value.is_some_and(|value| match image.dialect() {
        Dialect::Ossec => address::list_matches(list, value),
        Dialect::Wazuh => address::any_matches(list, value) != is_negated(row),
    })
}

fn pattern_holds(matcher: &mut impl Matcher, event: &Event<'_>, row: &ConditionRow) -> bool {
    let (pattern, negated) = (PatternId(row.a.get()), is_negated(row));
    // What stands in the log cannot match where the log cannot.
    if is_in_log(event, row.option) && !matcher.possible(pattern) {
        return negated;
    }
    let value = value_of(event, row.option);
    value.is_some_and(|value| match row.option {
        subject::PROGRAM | subject::HOST | subject::LOCATION => matcher.matches_name(pattern, value),
        _ => matcher.is_match(pattern, value),
    } != negated)
}

/// Whether a subject is the log or a part of it.
fn is_in_log(event: &Event<'_>, what: u8) -> bool {
    let value = match what {
        subject::LOG => return true,
        subject::USER => first_set(event, Field::DstUser, Field::SrcUser),
        subject::SOURCE_USER => first_set(event, Field::SrcUser, Field::DstUser),
        field => Field::from_u8(field).map_or(Value::Unset, |field| event.value(field)),
    };
    matches!(value, Value::Text(span) if span.start >= event.log.start)
}

fn first_set(event: &Event<'_>, first: Field, second: Field) -> Value {
    match event.value(first) {
        Value::Unset => event.value(second),
        value => value,
    }
}

/// The value that a pattern or a look-up is about: a field, or a number of
/// [`subject`].
pub fn value_of<'e>(event: &'e Event<'_>, what: u8) -> Option<&'e [u8]> {
    match what {
        subject::LOG => Some(event.log()),
        subject::PROGRAM => event.program_name(),
        subject::HOST => Some(event.hostname()),
        subject::LOCATION => Some(event.shown_location()),
        subject::USER => event.bytes(first_set(event, Field::DstUser, Field::SrcUser)),
        subject::SOURCE_USER => event.bytes(first_set(event, Field::SrcUser, Field::DstUser)),
        field => event.field(Field::from_u8(field)?),
    }
}

/// Whether an event has dynamic fields.
pub fn has_dynamic(image: &Image<'_>, event: &Event<'_>) -> bool {
    event.dynamic(image).next().is_some()
}

/// A dynamic field by name, whose letters are compared in either case; of an
/// event that was merged also `packets` and `ports`.
pub fn dynamic<'e>(image: &Image<'e>, event: &'e Event<'_>, name: &[u8]) -> Option<&'e [u8]> {
    let decoded = match image.dialect() {
        Dialect::Ossec => in_order(image, event, name),
        Dialect::Wazuh => {
            let mut fields = event.dynamic(image);
            fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        }
    };
    let counted = || event.counts().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
    decoded.or_else(|| counted().map(|(_, value)| value))
}

/// The names that count are those of the decoder that was chosen last;
/// positions are shared with its chain (OSSEC 4.3).
fn in_order<'e>(image: &Image<'_>, event: &'e Event<'_>, name: &[u8]) -> Option<&'e [u8]> {
    let decoder = image.decoder(event.decoder?)?;
    let order = image.range(image.order, decoder.order);
    let position = order.iter().position(|item| {
        Field::from_u8(item.field).is_none() && image.text(item.name).eq_ignore_ascii_case(name)
    })?;
    event.dynamic_at(position)
}
