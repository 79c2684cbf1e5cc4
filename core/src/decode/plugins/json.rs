//! `JSON_Decoder`: every value of an object is a field, named by its keys with
//! dots between.
//!
//! `{"srcip":"192.0.2.1","win":{"system":{"eventID":"4625"}},"tags":["a",1]}`
//! sets the source address and the dynamic fields `win.system.eventID` and
//! `tags`, which is the text `["a", 1]`. Text that is not JSON sets nothing
//! (Wazuh 4.14).
//!
//! Strings and keys that stand in the log as they are stay there; all other
//! bytes go to the side buffer of the event. A field that finds no room there,
//! or whose name is too long, is left out and counted.
//!
//! Work: the log is read twice, and an array once more.

#[cfg(test)]
mod tests;

use super::Reading;
use crate::decode::json::{Kind, Reader, Token, array, string};
use crate::event::{Event, Field, Name};
use crate::limits::{JSON_DEPTH_MAX, JSON_NAME_MAX};
use crate::record::{Span, Value};
use heapless::Vec;

pub(super) fn run(event: &mut Event<'_>, reading: &Reading) -> Option<()> {
    let text = event.log().get(reading.from..)?;
    if !Reader::is_sound(text) {
        return None;
    }
    let start = usize::from(event.log.start) + reading.from;
    let mut fields = Fields { event, reading, start, path: Path::default() };
    let mut reader = Reader::new(text);
    while let Some(token) = reader.token() {
        match token {
            Token::Open(Kind::Object) => fields.path.open()?,
            Token::Close(_) => fields.path.close()?,
            // Only an object has fields.
            _ if fields.path.is_outside() => return None,
            Token::Key(key) => fields.enter(&mut reader, key),
            _ => fields.set(&mut reader, token),
        }
    }
    Some(())
}

/// Where values become fields.
struct Fields<'f, 't> {
    event: &'f mut Event<'t>,
    reading: &'f Reading,
    /// Where the JSON starts in the text of the event.
    start: usize,
    path: Path,
}

impl Fields<'_, '_> {
    /// The next value belongs to this key; it is passed if the name is too
    /// long.
    fn enter(&mut self, reader: &mut Reader<'_>, key: Span) {
        let raw = reader.bytes(key);
        if self.path.enter(raw, key.shifted(self.start)).is_none() {
            self.leave_out();
            if let Some(Token::Open(_)) = reader.token() {
                reader.leave();
            }
        }
    }

    fn set(&mut self, reader: &mut Reader<'_>, token: Token) {
        let value = match token {
            Token::Word("null") if self.reading.without_null => return,
            Token::String(raw) if is_plain(reader.bytes(raw)) => Some(Value::Text(raw.shifted(self.start))),
            Token::Open(Kind::Array) => {
                let value = self.array(&mut reader.clone());
                reader.leave();
                value
            }
            _ => self.event.compose(|side| array::write_scalar(reader, token, side)),
        };
        match value {
            None => self.leave_out(),
            Some(Value::Unset) => {}
            Some(value) => self.assign(value),
        }
    }

    /// The text of an array; unset if there is nothing in it that counts.
    fn array(&mut self, reader: &mut Reader<'_>) -> Option<Value> {
        if !self.reading.arrays_as_csv {
            return self.event.compose(|side| array::write_formatted(reader, side));
        }
        let value = self.event.compose(|side| array::write_csv(reader, side))?;
        let is_empty = self.event.bytes(value).is_none_or(<[u8]>::is_empty);
        Some(if is_empty { Value::Unset } else { value })
    }

    /// A field that all know is replaced; a dynamic one stands behind those
    /// that are there.
    fn assign(&mut self, value: Value) {
        if let Some(field) = self.known_field() {
            return self.event.set(field, value);
        }
        let name = match self.path.in_text {
            Some(key) => Some(Value::Text(key)),
            None => self.event.compose(|side| side.extend_from_slice(&self.path.name).ok()),
        };
        match name {
            Some(name) => self.event.add_dynamic(Name::Here(name), value),
            None => self.leave_out(),
        }
    }

    /// The field of the full name, if all know it. QUIRK: a `user` is the
    /// destination user only if there is none yet (Wazuh 4.14).
    fn known_field(&self) -> Option<Field> {
        Some(match self.path.name.as_slice() {
            b"user" if !self.event.value(Field::DstUser).is_set() => Field::DstUser,
            b"srcip" => Field::SrcIp,
            b"dstip" => Field::DstIp,
            b"srcport" => Field::SrcPort,
            b"dstport" => Field::DstPort,
            b"protocol" => Field::Protocol,
            b"action" => Field::Action,
            b"srcuser" => Field::SrcUser,
            b"dstuser" => Field::DstUser,
            b"id" => Field::Id,
            b"status" => Field::Status,
            b"url" => Field::Url,
            b"data" => Field::Data,
            b"extra_data" => Field::ExtraData,
            b"systemname" => Field::SystemName,
            _ => return None,
        })
    }

    fn leave_out(&mut self) {
        self.event.left_out = self.event.left_out.saturating_add(1);
    }
}

/// Whether a string stands for the bytes that it is written with.
fn is_plain(raw: &[u8]) -> bool {
    !raw.contains(&b'\\')
}

/// The keys on the way to a value.
#[derive(Default)]
struct Path {
    /// All of them with dots between.
    name: Vec<u8, JSON_NAME_MAX>,
    /// The key as it stands in the text, if it is the only one and plain.
    in_text: Option<Span>,
    /// For each open object, how long the name was in front of it.
    lengths: Vec<u16, JSON_DEPTH_MAX>,
}

impl Path {
    /// Whether no object is open.
    fn is_outside(&self) -> bool {
        self.lengths.is_empty()
    }

    fn open(&mut self) -> Option<()> {
        self.lengths.push(self.name.len() as u16).ok()
    }

    fn close(&mut self) -> Option<()> {
        self.lengths.pop().map(drop)
    }

    /// Takes a key of the innermost object in place of the one before. `None`
    /// if the name is too long.
    fn enter(&mut self, raw: &[u8], in_text: Span) -> Option<()> {
        self.name.truncate(usize::from(*self.lengths.last()?));
        let is_outermost = self.lengths.len() == 1;
        self.in_text = Some(in_text).filter(|_| is_outermost && is_plain(raw));
        if !is_outermost {
            self.name.push(b'.').ok()?;
        }
        string::decode(raw, |piece| self.name.extend_from_slice(piece).ok())
    }
}
