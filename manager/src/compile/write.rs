//! Writes an image: tables of rows, one behind the other.

use bartizan_core::image::rows::{RangeRow, SectionRow, SettingsRow, TextRow};
use bartizan_core::image::{Dialect, HeaderRow, MAGIC, TABLES, Table, VERSION, checksum};
use std::collections::HashMap;
use zerocopy::little_endian::{U16, U32};
use zerocopy::{Immutable, IntoBytes};

/// The text table while it grows; equal texts share their bytes.
#[derive(Debug)]
pub(super) struct TextTable {
    bytes: Vec<u8>,
    known: HashMap<Vec<u8>, u32>,
}

impl TextTable {
    /// Starts behind what the patterns have put there.
    pub(super) fn behind(bytes: Vec<u8>) -> Self {
        Self { bytes, known: HashMap::new() }
    }

    /// Adds a text. Texts beyond 65,535 bytes are cut; the reader of rule
    /// files never lets one through.
    pub(super) fn add(&mut self, text: &[u8]) -> TextRow {
        let text = &text[..text.len().min(usize::from(u16::MAX))];
        let offset = *self.known.entry(text.to_vec()).or_insert_with(|| {
            let offset = self.bytes.len() as u32;
            self.bytes.extend_from_slice(text);
            offset
        });
        TextRow { offset: U32::new(offset), len: U16::new(text.len() as u16) }
    }

    /// Adds a text that may be missing.
    pub(super) fn add_option(&mut self, text: Option<&[u8]>) -> TextRow {
        text.map_or(TextRow::MISSING, |text| self.add(text))
    }

    /// All bytes.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Appends rows to a table and names them.
pub(super) fn append<T>(table: &mut Vec<T>, rows: impl IntoIterator<Item = T>) -> RangeRow {
    let start = table.len();
    table.extend(rows);
    RangeRow { start: U32::new(start as u32), len: U16::new((table.len() - start) as u16) }
}

/// The roots and numbers that stand in the header.
#[derive(Debug)]
pub(super) struct Heads {
    pub(super) dialect: Dialect,
    pub(super) program_roots: RangeRow,
    pub(super) plain_roots: RangeRow,
    pub(super) roots: u16,
    pub(super) settings: SettingsRow,
}

/// The tables of an image, as bytes.
#[derive(Debug)]
pub(super) struct ImageWriter {
    tables: [Vec<u8>; TABLES],
}

impl ImageWriter {
    /// No tables yet.
    pub(super) fn new() -> Self {
        Self { tables: Default::default() }
    }

    /// Sets the rows of a table.
    pub(super) fn set<T: IntoBytes + Immutable>(&mut self, table: Table, rows: &[T]) {
        self.tables[table as usize] = rows.as_bytes().to_vec();
    }

    /// The image.
    pub(super) fn finish(self, heads: Heads) -> Vec<u8> {
        let head = size_of::<HeaderRow>();
        let mut sections = [SectionRow { offset: U32::ZERO, len: U32::ZERO }; TABLES];
        let mut offset = head;
        for (section, table) in sections.iter_mut().zip(&self.tables) {
            *section = SectionRow { offset: U32::new(offset as u32), len: U32::new(table.len() as u32) };
            offset += table.len();
        }
        let body = self.tables.concat();
        let header = HeaderRow {
            magic: MAGIC,
            version: U16::new(VERSION),
            dialect: heads.dialect as u8,
            reserved: 0,
            len: U32::new(offset as u32),
            checksum: U32::new(checksum(&body)),
            sections,
            program_roots: heads.program_roots,
            plain_roots: heads.plain_roots,
            roots: U16::new(heads.roots),
            settings: heads.settings,
        };
        [header.as_bytes(), &body].concat()
    }
}
