//! Keys of events: what was seen for the first time, and what is ignored.
//!
//! A decoder's `fts` and a rule's `ignore` name parts of an event; the key is
//! those parts in one line. Whether a key is known is the host's memory.

use crate::event::{Event, Field};
use crate::image::Image;
use crate::limits::FTS_KEY_MAX;
use crate::rules::condition;
use heapless::Vec;

/// Bits that name the parts of a key.
pub mod part {
    /// Name of the decoder.
    pub const NAME: u16 = 512;
    /// The id.
    pub const ID: u16 = 8;
    /// The destination user.
    pub const DST_USER: u16 = 2048;
    /// The source user.
    pub const SRC_USER: u16 = 4096;
    /// The source address.
    pub const SRC_IP: u16 = 64;
    /// The destination address.
    pub const DST_IP: u16 = 128;
    /// The data.
    pub const DATA: u16 = 16;
    /// The system's name.
    pub const SYSTEM_NAME: u16 = 32;
    /// The location.
    pub const LOCATION: u16 = 256;
    /// Dynamic fields, which the decoder's order marks (Wazuh 4.14).
    pub const DYNAMIC: u16 = 1;
}

/// A key: parts with single spaces between, empty where not named.
pub type Key = Vec<u8, FTS_KEY_MAX>;

/// The first-time key of an event whose decoder asks for these parts. The
/// decoder's name always stands in it (OSSEC 4.3), and the dynamic fields that
/// are set stand behind all others (Wazuh 4.14).
pub fn key(image: &Image<'_>, event: &Event<'_>, parts: u16) -> Key {
    let field = |bit: u16, field: Field| event.field(field).filter(|_| parts & bit != 0);
    let name = image.decoder_name(event.decoder);
    let mut key = line([
        name,
        field(part::ID, Field::Id),
        field(part::DST_USER, Field::DstUser),
        field(part::SRC_USER, Field::SrcUser),
        field(part::SRC_IP, Field::SrcIp),
        field(part::DST_IP, Field::DstIp),
        field(part::DATA, Field::Data),
        field(part::SYSTEM_NAME, Field::SystemName),
        Some(event.location).filter(|_| parts & part::LOCATION != 0),
    ]);
    if parts & part::DYNAMIC != 0 {
        add_dynamic(&mut key, image, event);
    }
    key
}

/// Adds the values of the fields that the decoder's order marks.
fn add_dynamic(key: &mut Key, image: &Image<'_>, event: &Event<'_>) {
    let decoder = event.decoder.and_then(|row| image.decoder(row));
    let order = decoder.map_or(&[][..], |decoder| image.range(image.order, decoder.order));
    for item in order.iter().filter(|item| item.in_key != 0) {
        if let Some(value) = condition::dynamic(image, event, image.text(item.name)) {
            append(key, b" ".iter().chain(value));
        }
    }
}

/// The line of the ignore list for an event: the first mask names the parts,
/// the second data and system name.
///
/// QUIRK: OSSEC 4.3 takes the `ignore` mask for those two also when it checks.
pub fn ignore_line(image: &Image<'_>, event: &Event<'_>, parts: u16, ignore: u16) -> Key {
    let field = |mask: u16, bit: u16, field: Field| event.field(field).filter(|_| mask & bit != 0);
    line([
        image.decoder_name(event.decoder).filter(|_| parts & part::NAME != 0),
        field(parts, part::ID, Field::Id),
        field(parts, part::DST_USER, Field::DstUser),
        field(parts, part::SRC_IP, Field::SrcIp),
        field(parts, part::DST_IP, Field::DstIp),
        field(ignore, part::DATA, Field::Data),
        field(ignore, part::SYSTEM_NAME, Field::SystemName),
        Some(event.location).filter(|_| parts & part::LOCATION != 0),
    ])
}

fn line<const N: usize>(parts: [Option<&[u8]>; N]) -> Key {
    let mut key = Key::new();
    let bytes = parts.iter().enumerate().flat_map(|(n, part)| {
        let space: &[u8] = if n == 0 { b"" } else { b" " };
        space.iter().chain(part.unwrap_or(b"").iter())
    });
    append(&mut key, bytes);
    key
}

/// Adds bytes, as far as there is room.
fn append<'b>(key: &mut Key, bytes: impl Iterator<Item = &'b u8>) {
    for byte in bytes.take(FTS_KEY_MAX - key.len()) {
        // Cannot fail: no more bytes than the key has room for.
        let _ = key.push(*byte);
    }
}
