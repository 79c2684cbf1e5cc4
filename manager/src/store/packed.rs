//! An alert as a row: small, and whole again when it comes out.
//!
//! What comes again from alert to alert stands in the dictionary of the day:
//! the rule, the place (location, host, program) and the shape (decoder, which
//! fields). Values of fields that are a part of the log are noted by where
//! they stand in it. A row begins with a [`Head`], which most searches can
//! judge by; what is behind it may be compressed.

use super::day::Day;
use crate::alert::{Alert, AlertId, Decoder, Rule};
use bartizan_core::event::Field;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use memchr::memmem;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};

/// Bytes from which a body is compressed: earlier logs are much like the log.
const COMPRESSED_FROM: usize = 400;

/// Bytes that a body may have: a log of 6 KiB in all of its fields, dynamic
/// ones too, and eleven logs before it.
const BODY_MAX: u64 = 4 << 20;

/// Kinds of entries of the dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Rule = 1,
    Place = 2,
    Shape = 3,
}

/// Where events come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place<'a> {
    pub(super) location: &'a [u8],
    pub(super) hostname: &'a [u8],
    #[serde(borrow)]
    pub(super) program_name: Option<&'a [u8]>,
}

/// What values a row has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Shape<'a> {
    #[serde(borrow)]
    decoder: Option<Decoder<'a>>,
    /// Numbers of the fields, in order.
    fields: Vec<u8>,
    /// Names of the dynamic fields, in order.
    #[serde(borrow)]
    dynamic: Vec<&'a [u8]>,
}

/// The beginning of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Entry of the dictionary; 0 is none.
    pub(super) rule: u32,
    /// Entry of the dictionary.
    pub(super) place: u32,
    shape: u32,
    /// Of the local day.
    second: u32,
    /// From UTC to local time, seconds.
    offset: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Body<'a> {
    /// The local date, if it is not the file's.
    date: Option<(i32, u8, u8, u8)>,
    ticket: u64,
    fired: u32,
    log: &'a [u8],
    #[serde(borrow)]
    message: Value<'a>,
    /// Of the fields, then of the dynamic fields.
    #[serde(borrow)]
    values: Vec<Value<'a>>,
    #[serde(borrow)]
    previous: Vec<&'a [u8]>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Value<'a> {
    /// A part of the log.
    Part { at: u32, length: u32 },
    /// A text of its own.
    Own(&'a [u8]),
}

impl<'a> Value<'a> {
    fn new(log: &[u8], text: &'a [u8]) -> Self {
        match memmem::find(log, text) {
            Some(at) if text.len() > 1 => Self::Part { at: at as u32, length: text.len() as u32 },
            _ => Self::Own(text),
        }
    }

    fn read(self, log: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Self::Part { at, length } => log.get(at as usize..)?.get(..length as usize),
            Self::Own(text) => Some(text),
        }
    }
}

impl Head {
    /// Entry of the dictionary.
    pub(super) fn shape(&self) -> u32 {
        self.shape
    }

    /// Second since 1970 of the event.
    pub(super) fn epoch(&self, day: Day) -> i64 {
        (day.start() + i64::from(self.second)).wrapping_sub(self.offset)
    }
}

/// Writes the row of an alert. `number` gives the number of an entry of the
/// dictionary.
pub(super) fn pack<E>(
    alert: &Alert<'_>,
    day: Day,
    mut number: impl FnMut(Kind, &[u8]) -> Result<u32, E>,
) -> Result<(Head, Vec<u8>), E> {
    let place =
        Place { location: alert.location, hostname: alert.hostname, program_name: alert.program_name };
    let (fields, values): (Vec<u8>, Vec<_>) = set_fields(alert).unzip();
    let shape = Shape {
        decoder: alert.decoder,
        fields,
        dynamic: alert.dynamic.iter().map(|(name, _)| *name).collect(),
    };
    let head = Head {
        rule: alert.rule.map_or(Ok(0), |rule| number(Kind::Rule, &bytes(&rule)))?,
        place: number(Kind::Place, &bytes(&place))?,
        shape: number(Kind::Shape, &bytes(&shape))?,
        second: alert.time.second,
        offset: (day.start() + i64::from(alert.time.second)).wrapping_sub(alert.id.epoch),
    };
    let time = alert.time;
    let body = Body {
        date: (day.at(time.second) != time).then_some((time.year, time.month, time.day, time.weekday)),
        ticket: alert.id.ticket,
        fired: alert.fired,
        log: alert.log,
        message: Value::new(alert.log, alert.message),
        values: values
            .into_iter()
            .chain(alert.dynamic.iter().map(|(_, value)| *value))
            .map(|value| Value::new(alert.log, value))
            .collect(),
        previous: alert.previous.clone(),
    };
    let mut row = bytes(&head);
    append_body(&mut row, &bytes(&body));
    Ok((head, row))
}

/// The head of a row, and what is behind it.
pub(super) fn head(row: &[u8]) -> Option<(Head, &[u8])> {
    postcard::take_from_bytes(row).ok()
}

/// Room for a body that was compressed.
#[derive(Debug, Default)]
pub(super) struct Unpacked(Vec<u8>);

/// What the dictionary says of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) rule: Option<&'a [u8]>,
    pub(super) place: &'a [u8],
    pub(super) shape: &'a [u8],
}

/// The alert of a row; none if it is damaged.
pub(super) fn unpack<'a>(
    head: &Head,
    body: &'a [u8],
    day: Day,
    known: Known<'a>,
    room: &'a mut Unpacked,
) -> Option<Alert<'a>> {
    let body: Body<'a> = read(room.body(body)?)?;
    let place: Place<'a> = read(known.place)?;
    let shape: Shape<'a> = read(known.shape)?;
    let rule: Option<Rule<'a>> = match known.rule {
        Some(rule) => Some(read(rule)?),
        None => None,
    };
    let mut time = day.at(head.second);
    if let Some(date) = body.date {
        (time.year, time.month, time.day, time.weekday) = date;
    }
    let mut values = body.values.iter().map(|value| value.read(body.log));
    let mut fields = [None; Field::COUNT];
    for number in &shape.fields {
        *fields.get_mut(usize::from(*number))? = Some(values.next()??);
    }
    let mut dynamic = Vec::with_capacity(shape.dynamic.len());
    for name in &shape.dynamic {
        dynamic.push((*name, values.next()??));
    }
    Some(Alert {
        id: AlertId { epoch: head.epoch(day), ticket: body.ticket },
        time,
        rule,
        fired: body.fired,
        decoder: shape.decoder,
        location: place.location,
        hostname: place.hostname,
        program_name: place.program_name,
        message: body.message.read(body.log)?,
        log: body.log,
        previous: body.previous,
        fields,
        dynamic,
        merged: None,
    })
}

/// Fields that are set, with their numbers.
fn set_fields<'a>(alert: &Alert<'a>) -> impl Iterator<Item = (u8, &'a [u8])> {
    (0..).zip(alert.fields).filter_map(|(number, value)| Some((number, value?)))
}

fn bytes(value: &impl Serialize) -> Vec<u8> {
    // Only a type that cannot tell its length in advance fails, and there is none.
    postcard::to_extend(value, Vec::new()).unwrap_or_default()
}

pub(super) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}

/// The first byte says how the others stand there.
const PLAIN: u8 = 0;
const DEFLATED: u8 = 1;

fn append_body(row: &mut Vec<u8>, body: &[u8]) {
    if let Some(small) = (body.len() >= COMPRESSED_FROM).then(|| deflated(body)).flatten() {
        row.push(DEFLATED);
        row.extend_from_slice(&small);
    } else {
        row.push(PLAIN);
        row.extend_from_slice(body);
    }
}

/// Compressed, if that makes it smaller.
fn deflated(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().filter(|small| small.len() < body.len())
}

impl Unpacked {
    fn body<'a>(&'a mut self, body: &'a [u8]) -> Option<&'a [u8]> {
        let (how, rest) = body.split_first()?;
        match *how {
            PLAIN => Some(rest),
            DEFLATED => {
                self.0.clear();
                DeflateDecoder::new(rest).take(BODY_MAX).read_to_end(&mut self.0).ok()?;
                Some(&self.0)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample;

    /// Packs and unpacks; gives the bytes of the row.
    fn comes_back(alert: &Alert<'_>) -> usize {
        let day = Day::of(&alert.time);
        let mut dictionary = Vec::new();
        let (head_written, row) = pack(alert, day, |_, entry: &[u8]| {
            dictionary.push(entry.to_vec());
            Ok::<_, ()>(dictionary.len() as u32)
        })
        .expect("packed");
        let (head, body) = head(&row).expect("a head");
        assert_eq!(head, head_written);
        let entry = |number: u32| dictionary.get((number as usize).wrapping_sub(1)).map(Vec::as_slice);
        let known = Known {
            rule: entry(head.rule),
            place: entry(head.place).expect("a place"),
            shape: entry(head.shape()).expect("a shape"),
        };
        let mut room = Unpacked::default();
        let back = unpack(&head, body, day, known, &mut room);
        assert_eq!(back.as_ref(), Some(alert));
        row.len()
    }

    #[test]
    fn every_alert_comes_back_as_it_was() {
        sample::any_alerts(1000, |alert| {
            comes_back(alert);
        });
        comes_back(&Alert::default());
    }

    #[test]
    fn a_row_is_little_more_than_its_log() {
        let entry = sample::sshd(7);
        let alert = entry.alert();
        let size = comes_back(&alert);
        assert!(size <= alert.log.len() + 40, "{size} for {}", alert.log.len());
        let mut many = alert.clone();
        many.previous = vec![alert.log; 11];
        assert!(comes_back(&many) < 2 * size);
    }

    #[test]
    fn damaged_rows_are_none() {
        let entry = sample::sshd(7);
        let alert = entry.alert();
        let (_, row) = pack(&alert, Day::of(&alert.time), |_, _| Ok::<_, ()>(1)).expect("packed");
        for cut in 0..row.len() {
            let mut room = Unpacked::default();
            let known = Known { rule: Some(b""), place: b"", shape: b"" };
            let damaged = head(&row[..cut])
                .and_then(|(head, body)| unpack(&head, body, Day::of(&alert.time), known, &mut room));
            assert_eq!(damaged, None);
        }
    }
}
