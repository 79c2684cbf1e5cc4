//! A compiled ruleset: one byte string, checked once and used in place.
//!
//! The manager's compiler writes an image; [`Image::load`] checks everything
//! that running it relies on (version, checksum, every reference of every
//! row, every program), so that the other rooms can use any loaded image
//! without a panic and in bounded time, however hostile its bytes. Loading
//! costs one pass over the image and needs no memory of its own.

pub mod rows;

use crate::event::Category;
use crate::limits::{REMEMBERED_NAMES_MAX, RULE_DEPTH_MAX};
use crate::pattern::{Inst, PatternRow, Patterns, Set};
use crate::rules::address::AddressRow;
use rows::*;
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// First bytes of every image.
pub const MAGIC: [u8; 4] = *b"BZRS";

/// Version of the layout; another version is refused.
pub const VERSION: u16 = 4;

/// Whose answers the rules give where dialects differ and no row says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Dialect {
    /// OSSEC 4.3.
    #[default]
    Ossec = 0,
    /// Wazuh 4.14.
    Wazuh = 1,
}

impl Dialect {
    /// The dialect of a number, as images store it.
    pub fn from_u8(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Ossec),
            1 => Some(Self::Wazuh),
            _ => None,
        }
    }
}

/// Tables of an image, in the order of its sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Table {
    /// Bytes that rows name.
    Text,
    /// Byte sets of patterns.
    Sets,
    /// Instructions of patterns.
    Code,
    /// Patterns.
    Patterns,
    /// Decoders.
    Decoders,
    /// Items of decoders' orders.
    Order,
    /// 16-bit references to rows of other tables.
    Index,
    /// Rules.
    Rules,
    /// Places of rules in the tree.
    Nodes,
    /// Decoder ids that nodes ask for, one for each node.
    Asked,
    /// Conditions of rules.
    Conditions,
    /// Address lists.
    Addresses,
    /// Details of rules.
    Infos,
    /// Names of the key-value lists that rules ask.
    Lists,
    /// Names of dynamic fields: those first that rules compare.
    Names,
    /// Root decoders by the first byte of what they look at.
    Openings,
}

/// Number of tables.
pub const TABLES: usize = 16;

/// First bytes of an image.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct HeaderRow {
    /// [`MAGIC`].
    pub magic: [u8; 4],
    /// [`VERSION`].
    pub version: U16,
    /// Number of a [`Dialect`].
    pub dialect: u8,
    /// Zero.
    pub reserved: u8,
    /// Bytes of the image.
    pub len: U32,
    /// [`checksum`] of all bytes behind the header.
    pub checksum: U32,
    /// The tables.
    pub sections: [SectionRow; TABLES],
    /// Rows of the index table: root decoders for events with a program name.
    pub program_roots: RangeRow,
    /// Rows of the index table: root decoders for events without one.
    pub plain_roots: RangeRow,
    /// Number of roots of the rule tree: the first rows of the node table.
    pub roots: U16,
    /// Numbers for all.
    pub settings: SettingsRow,
}

/// Why an image is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// Not an image, cut off, or of another version.
    Format,
    /// The bytes are not those that were written.
    Checksum,
    /// A row of this table refers to what is not there.
    Reference(Table),
    /// A pattern's program is not sound.
    Program,
    /// The rule tree is too deep or runs in a circle.
    Tree,
}

/// A checked image, used in place.
#[derive(Clone, Copy, Debug)]
pub struct Image<'i> {
    /// First bytes.
    pub header: &'i HeaderRow,
    /// Patterns and their programs.
    pub patterns: Patterns<'i>,
    /// Decoders.
    pub decoders: &'i [DecoderRow],
    /// Items of orders.
    pub order: &'i [OrderRow],
    /// References.
    pub index: &'i [U16],
    /// Rules.
    pub rules: &'i [RuleRow],
    /// Tree.
    pub nodes: &'i [NodeRow],
    /// For each node the decoder id that its rule asks for, or `NONE`. Apart
    /// from the nodes, so that a large family is looked through quickly.
    pub asked: &'i [U16],
    /// Conditions.
    pub conditions: &'i [ConditionRow],
    /// Addresses.
    pub addresses: &'i [AddressRow],
    /// Details.
    pub infos: &'i [InfoRow],
    /// Names of key-value lists.
    pub lists: &'i [TextRow],
    /// Names of dynamic fields.
    pub names: &'i [TextRow],
    /// Rows of the index table for each byte: root decoders that can fit a
    /// program name that begins with it, then those for a log.
    openings: &'i [RangeRow],
    text: &'i [u8],
}

/// FNV-1a over eight-byte steps: finds damage, not malice.
pub fn checksum(bytes: &[u8]) -> u32 {
    let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(0xcbf2_9ce4_8422_2325, |h, w| step(h, u64::from_le_bytes(*w)));
    let hash = rest.iter().fold(hash, |h, b| step(h, u64::from(*b)));
    (hash ^ (hash >> 32)) as u32
}

/// A table's rows.
fn table<'i, T>(bytes: &'i [u8], header: &HeaderRow, table: Table) -> Result<&'i [T], ImageError>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    let section = header.sections[table as usize];
    let start = section.offset.get() as usize;
    let end = start.checked_add(section.len.get() as usize).ok_or(ImageError::Format)?;
    let part = bytes.get(start..end).ok_or(ImageError::Format)?;
    <[T]>::ref_from_bytes(part).map_err(|_| ImageError::Format)
}

impl<'i> Image<'i> {
    /// Checks an image and gives access to it.
    pub fn load(bytes: &'i [u8]) -> Result<Self, ImageError> {
        let (header, body) = HeaderRow::ref_from_prefix(bytes).map_err(|_| ImageError::Format)?;
        let known = header.version == VERSION && Dialect::from_u8(header.dialect).is_some();
        if header.magic != MAGIC || !known || header.len.get() as usize != bytes.len() {
            return Err(ImageError::Format);
        }
        if header.checksum.get() != checksum(body) {
            return Err(ImageError::Checksum);
        }
        let text: &[u8] = table(bytes, header, Table::Text)?;
        let rows: &[PatternRow] = table(bytes, header, Table::Patterns)?;
        let code: &[Inst] = table(bytes, header, Table::Code)?;
        let sets: &[Set] = table(bytes, header, Table::Sets)?;
        let image = Self {
            header,
            patterns: Patterns::new(rows, code, sets, text).map_err(|_| ImageError::Program)?,
            decoders: table(bytes, header, Table::Decoders)?,
            order: table(bytes, header, Table::Order)?,
            index: table(bytes, header, Table::Index)?,
            rules: table(bytes, header, Table::Rules)?,
            nodes: table(bytes, header, Table::Nodes)?,
            asked: table(bytes, header, Table::Asked)?,
            conditions: table(bytes, header, Table::Conditions)?,
            addresses: table(bytes, header, Table::Addresses)?,
            infos: table(bytes, header, Table::Infos)?,
            lists: table(bytes, header, Table::Lists)?,
            names: table(bytes, header, Table::Names)?,
            openings: table(bytes, header, Table::Openings)?,
            text,
        };
        check::image(&image)?;
        Ok(image)
    }

    /// The dialect; loading has checked that it is known.
    pub fn dialect(&self) -> Dialect {
        Dialect::from_u8(self.header.dialect).unwrap_or_default()
    }

    /// A piece of text; empty when missing.
    pub fn text(&self, row: TextRow) -> &'i [u8] {
        let start = row.offset.get() as usize;
        start.checked_add(usize::from(row.len.get())).and_then(|end| self.text.get(start..end)).unwrap_or(b"")
    }

    /// Rows that a range names in a table of this image.
    pub fn range<T>(&self, table: &'i [T], range: RangeRow) -> &'i [T] {
        let start = range.start.get() as usize;
        start.checked_add(usize::from(range.len.get())).and_then(|end| table.get(start..end)).unwrap_or(&[])
    }

    /// The decoder of a row number.
    pub fn decoder(&self, row: u16) -> Option<&'i DecoderRow> {
        self.decoders.get(usize::from(row))
    }

    /// The root decoders to try for an event, in file order: of those for
    /// events with a program name or of the others all that can fit, as far as
    /// the first byte of the name or of the log tells.
    pub fn root_decoders(&self, program: Option<&[u8]>, log: &[u8]) -> &'i [U16] {
        let (all, text, begin) = match program {
            Some(name) => (self.header.program_roots, name, 0),
            None => (self.header.plain_roots, log, 256),
        };
        let opening = text.first().and_then(|byte| self.openings.get(begin + usize::from(*byte)));
        self.range(self.index, opening.copied().unwrap_or(all))
    }

    /// The rule of a row number.
    pub fn rule(&self, row: u16) -> Option<&'i RuleRow> {
        self.rules.get(usize::from(row))
    }

    /// The rows of the roots of the rule tree.
    pub fn roots(&self) -> core::ops::Range<usize> {
        0..usize::from(self.header.roots.get())
    }

    /// The rows of a node's children.
    pub fn children(&self, node: &NodeRow) -> core::ops::Range<usize> {
        let start = node.children.start.get() as usize;
        start..start + usize::from(node.children.len.get())
    }

    /// The row of a rule by its number; rows are not sorted.
    pub fn find_rule(&self, id: u32) -> Option<u16> {
        self.rules.iter().position(|rule| rule.id.get() == id).map(|row| row as u16)
    }

    /// The row of the decoder that stands for a stage of its own (file
    /// integrity, rootcheck, host information), by its own name.
    pub fn stage(&self, name: &[u8]) -> Option<u16> {
        let is_stage = |d: &DecoderRow| d.flags & decoder_flag::STAGE != 0 && self.text(d.own_name) == name;
        self.decoders.iter().position(is_stage).map(|row| row as u16)
    }

    /// A name of the name table; empty when missing.
    pub fn name(&self, row: u16) -> &'i [u8] {
        self.names.get(usize::from(row)).map_or(b"", |name| self.text(*name))
    }

    /// The names of dynamic fields that any rule compares with earlier events.
    pub fn compared_names(&self) -> &'i [TextRow] {
        self.names.get(..usize::from(self.header.settings.names.get())).unwrap_or(&[])
    }

    /// Name that is shown for a decoder.
    pub fn decoder_name(&self, row: Option<u16>) -> Option<&'i [u8]> {
        row.and_then(|row| self.decoder(row)).map(|decoder| self.text(decoder.name))
    }
}

/// What [`Image::load`] checks beyond the layout.
mod check {
    use super::*;

    /// Whether `range` lies in a table of `len` rows.
    fn within(range: RangeRow, len: usize) -> bool {
        (range.start.get() as usize).checked_add(usize::from(range.len.get())).is_some_and(|end| end <= len)
    }

    fn all<T>(rows: &[T], table: Table, sound: impl Fn(&T) -> bool) -> Result<(), ImageError> {
        if rows.iter().all(sound) { Ok(()) } else { Err(ImageError::Reference(table)) }
    }

    pub(super) fn image(image: &Image<'_>) -> Result<(), ImageError> {
        let header = image.header;
        let decoders = |range: RangeRow| {
            within(range, image.index.len())
                && image.range(image.index, range).iter().all(|i| usize::from(i.get()) < image.decoders.len())
        };
        if !decoders(header.program_roots) || !decoders(header.plain_roots) {
            return Err(ImageError::Reference(Table::Index));
        }
        all(image.decoders, Table::Decoders, |d| decoder(image, d) && decoders(d.children))?;
        all(image.openings, Table::Openings, |o| decoders(*o) && image.openings.len() == 2 * 256)?;
        all(image.order, Table::Order, |o| text(image, o.name))?;
        all(image.lists, Table::Lists, |t| text(image, *t))?;
        let compared = usize::from(header.settings.names.get());
        all(image.names, Table::Names, |t| text(image, *t) && compared <= REMEMBERED_NAMES_MAX)?;
        if compared > image.names.len() {
            return Err(ImageError::Reference(Table::Names));
        }
        all(image.infos, Table::Infos, |i| text(image, i.text))?;
        all(image.rules, Table::Rules, |r| rule(image, r))?;
        all(image.conditions, Table::Conditions, |c| condition(image, c))?;
        all(image.nodes, Table::Nodes, |n| {
            usize::from(n.rule.get()) < image.rules.len() && pattern(image, n.gate)
        })?;
        if image.asked.len() != image.nodes.len() {
            return Err(ImageError::Reference(Table::Asked));
        }
        if tree(image) { Ok(()) } else { Err(ImageError::Tree) }
    }

    fn text(image: &Image<'_>, row: TextRow) -> bool {
        row.is_missing()
            || (row.offset.get() as usize)
                .checked_add(usize::from(row.len.get()))
                .is_some_and(|end| end <= image.text.len())
    }

    fn pattern(image: &Image<'_>, id: U16) -> bool {
        id == NONE || usize::from(id.get()) < image.patterns.rows.len()
    }

    fn decoder(image: &Image<'_>, row: &DecoderRow) -> bool {
        [row.own_name, row.name, row.parent].iter().all(|t| text(image, *t))
            && [row.program, row.prematch, row.regex].iter().all(|p| pattern(image, *p))
            && within(row.order, image.order.len())
            && Category::from_u8(row.category).is_some()
    }

    /// Whether a range of the index table names rows of names that are compared.
    fn names(image: &Image<'_>, range: RangeRow) -> bool {
        let compared = image.header.settings.names.get();
        within(range, image.index.len())
            && image.range(image.index, range).iter().all(|row| row.get() < compared)
    }

    fn rule(image: &Image<'_>, row: &RuleRow) -> bool {
        let lists = image.header.settings.lists.get();
        [row.groups, row.description, row.cve, row.info, row.mitre].iter().all(|t| text(image, *t))
            && within(row.conditions, image.conditions.len())
            && within(row.memory, image.conditions.len())
            && within(row.infos, image.infos.len())
            && names(image, row.same_fields)
            && names(image, row.different_fields)
            && within(row.feeds, image.index.len())
            && image.range(image.index, row.feeds).iter().all(|list| list.get() < lists)
            && Category::from_u8(row.category).is_some()
            && match row.search {
                search::RULE | search::GROUP => row.search_in.get() < lists,
                search::HISTORY => row.search_in != NONE && pattern(image, row.search_in),
                search::NONE | search::NEVER => true,
                _ => false,
            }
    }

    fn condition(image: &Image<'_>, row: &ConditionRow) -> bool {
        let named = TextRow { offset: row.b, len: U16::new(row.c.get().unsigned_abs()) };
        match row.kind {
            condition::PATTERN => row.a != NONE && pattern(image, row.a),
            condition::FIELD => row.a != NONE && pattern(image, row.a) && text(image, named),
            condition::ACTION => text(image, named),
            condition::ADDRESS => within(RangeRow { start: row.b, len: named.len }, image.addresses.len()),
            condition::LIST => {
                let list = usize::from(row.a.get()) < image.lists.len() || row.a == NONE;
                let dynamic = row.c.get() as u8 == subject::DYNAMIC;
                list && (!dynamic || usize::from(row.d.get()) < image.names.len())
            }
            condition::DECODED_AS..=condition::FIRST_TIME => true,
            _ => false,
        }
    }

    /// The families of nodes fill the table without a gap or an overlap, in
    /// the order of their parents, and each node is one deeper than its
    /// parent: so it is a tree, and no path is longer than the walk may go.
    fn tree(image: &Image<'_>) -> bool {
        let mut next = image.roots().end;
        let sound_roots =
            image.nodes.get(image.roots()).is_some_and(|roots| roots.iter().all(|n| n.depth == 0));
        for (place, node) in image.nodes.iter().enumerate() {
            let family = image.children(node);
            if family.is_empty() {
                continue;
            }
            let depth = node.depth.wrapping_add(1);
            let Some(children) = image.nodes.get(family.clone()) else { return false };
            if family.start != next || family.start <= place || usize::from(depth) >= RULE_DEPTH_MAX {
                return false;
            }
            if children.iter().any(|n| n.depth != depth) {
                return false;
            }
            next = family.end;
        }
        sound_roots && next == image.nodes.len()
    }
}
