//! The form in which patterns lie in an image: rows, instructions, sets, text.
//!
//! All rows are byte-aligned and little-endian and are used where they lie.
//! [`Patterns::new`] checks them once (see `check`); whoever holds a
//! [`Patterns`] can run any of its programs without a panic, without an
//! endless loop and in time linear in the text.

use super::{PatternId, ScratchNeed, check, osregex};
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Stands where a row has no set or pattern.
pub const NONE: u16 = 0xFFFF;

/// Operations: values of [`Inst::op`].
///
/// Targets are counted from the first instruction of their program. Every
/// operation but `MATCH`, `SPLIT` and `JUMP` goes on with the next one.
pub mod op {
    /// The pattern has matched.
    pub const MATCH: u8 = 0;
    /// The text goes on with a literal: `a` bytes of the text pool at
    /// `b + 65536 * c`, compared as `flag` says ([`super::fold`]).
    pub const LITERAL: u8 = 1;
    /// One character of set `a`.
    pub const SET: u8 = 2;
    /// `b` or more characters of set `a`, as `flag` says ([`super::run`]);
    /// `c` is the memo number of the loop.
    pub const LOOP: u8 = 3;
    /// `b` to `c` characters of set `a`, as `flag` says ([`super::run`]);
    /// byte mode only.
    pub const REPEAT: u8 = 4;
    /// A condition on the place, `flag` ([`super::look`]).
    pub const LOOK: u8 = 5;
    /// Notes the place in slot `a`: twice the group's number, plus one at
    /// its end.
    pub const SAVE: u8 = 6;
    /// Goes on at `a`; if that fails, at `b`.
    pub const SPLIT: u8 = 7;
    /// Goes on at `a`.
    pub const JUMP: u8 = 8;
    /// Fails if it was at this place before (memo number `a`).
    pub const MEMO: u8 = 9;
    /// The text goes on with text `a` of those given to the search, compared
    /// as `flag` says ([`super::fold`], without `UNICODE`). Fails if none was
    /// given, or one longer than [`GIVEN_TEXT_MAX`](crate::limits::GIVEN_TEXT_MAX).
    pub const GIVEN: u8 = 10;
    /// Looks from here with the instructions that follow, up to `HOLDS`, and
    /// goes on at `c` at the same place; if they fail, fails. With flag 1 the
    /// other way round. Notes of memos `a` to `b` (without) begin anew.
    pub const ASSERT: u8 = 11;
    /// The end of what `ASSERT` looks with.
    pub const HOLDS: u8 = 12;
    /// Begins a part, up to `CUT`, of which only the first way is taken.
    /// Notes of memos `a` to `b` (without) begin anew.
    pub const ATOMIC: u8 = 13;
    /// The end of that part: forgets what else could be tried in it.
    pub const CUT: u8 = 14;
    /// Goes `a` bytes back.
    pub const BACK: u8 = 15;
    /// The text goes on with what group `a` matched, compared as `flag` says
    /// ([`super::fold`], without `UNICODE`).
    pub const REFERENCE: u8 = 16;
}

/// How `LITERAL` compares: values of its [`Inst::flag`].
pub mod fold {
    /// Byte by byte.
    pub const EXACT: u8 = 0;
    /// A-Z equal a-z; the literal is in lower case.
    pub const ASCII: u8 = 1;
    /// As `ASCII`, and U+212A is a `k`, U+017F an `s`.
    pub const UNICODE: u8 = 2;
}

/// In which order `LOOP` and `REPEAT` try lengths: values of their
/// [`Inst::flag`].
pub mod run {
    /// Longest first.
    pub const GREEDY: u8 = 0;
    /// Shortest first.
    pub const LAZY: u8 = 1;
    /// Only the longest: what follows cannot match after a shorter one.
    pub const LONGEST: u8 = 2;
}

/// Conditions on the place: values of the [`Inst::flag`] of `LOOK`.
pub mod look {
    /// First byte of the text.
    pub const START: u8 = 0;
    /// End of the text.
    pub const END: u8 = 1;
    /// End of the text, or before a newline that ends it.
    pub const END_OR_NEWLINE: u8 = 2;
    /// Start of the text or behind a newline that does not end it.
    pub const LINE_START: u8 = 3;
    /// End of the text or before a newline.
    pub const LINE_END: u8 = 4;
    /// Between a word byte and another one or none.
    pub const WORD_EDGE: u8 = 5;
    /// Not `WORD_EDGE`.
    pub const NOT_WORD_EDGE: u8 = 6;
}

/// How a pattern is searched: values of [`PatternRow::shape`].
pub mod shape {
    /// Matches every text, at its start.
    pub const ALWAYS: u8 = 0;
    /// The text is the literal (A-Z equal a-z).
    pub const EQUAL: u8 = 1;
    /// The text begins with the literal.
    pub const PREFIX: u8 = 2;
    /// The text ends with the literal.
    pub const SUFFIX: u8 = 3;
    /// A program.
    pub const PROGRAM: u8 = 4;
    /// A program of another machine ([`osregex`](super::super::osregex)).
    pub const OS_REGEX: u8 = 5;
}

/// Bits of [`PatternRow::flags`].
pub mod flag {
    /// Characters are UTF-8, decoded by their first byte; else bytes.
    pub const UTF: u8 = 1;
    /// Can only match at the start of the text.
    pub const ANCHORED: u8 = 2;
    /// Groups that took no part keep their place as empty captures.
    pub const KEEP_UNSET: u8 = 4;
    /// Matches every text that it would not match without this flag.
    pub const NOT: u8 = 8;
    /// The source was read with case.
    pub const EXACT: u8 = 16;
    /// A search may take no more than
    /// [`steps_allowed`](super::super::osregex::steps_allowed): the program
    /// has parts that are run again and again.
    pub const LIMITED: u8 = 32;
    /// Nothing is noted, since what is tried depends on what groups matched.
    pub const NOTELESS: u8 = 64;
    /// Only a text that is UTF-8 can match.
    pub const VALID: u8 = 128;
}

/// Members of a [`Set`] in UTF mode beyond ASCII.
pub mod member {
    /// Any other character beyond ASCII.
    pub const OTHER: u8 = 128;
    /// U+017F, the long s, which folds to `s`.
    pub const LONG_S: u8 = 129;
    /// U+212A, the Kelvin sign, which folds to `k`.
    pub const KELVIN: u8 = 130;
}

/// One instruction.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Inst {
    /// Operation, one of [`op`].
    pub op: u8,
    /// Variant of the operation.
    pub flag: u8,
    /// First operand.
    pub a: U16,
    /// Second operand.
    pub b: U16,
    /// Third operand.
    pub c: U16,
}

/// A set of characters, one bit each: bytes in byte mode; in UTF mode ASCII
/// and the [`member`] numbers.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    Unaligned,
)]
#[repr(C)]
pub struct Set(pub [u8; 32]);

impl Set {
    /// No character.
    pub const EMPTY: Self = Self([0; 32]);

    /// Every character.
    pub const FULL: Self = Self([0xFF; 32]);

    /// Whether a character is in the set.
    #[inline]
    pub fn has(&self, member: u8) -> bool {
        // The index is at most 31: no bounds check is left.
        self.0[usize::from(member >> 3)] & (1 << (member & 7)) != 0
    }

    /// Adds a character.
    pub fn add(&mut self, member: u8) {
        self.0[usize::from(member >> 3)] |= 1 << (member & 7);
    }
}

/// A literal or source text: bytes of the text pool.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct TextRef {
    /// First byte.
    pub offset: U32,
    /// Number of bytes.
    pub len: U16,
}

impl TextRef {
    /// The bytes in the pool; `None` if they are not in it.
    pub fn of(self, pool: &[u8]) -> Option<&[u8]> {
        let start = usize::try_from(self.offset.get()).ok()?;
        pool.get(start..start.checked_add(usize::from(self.len.get()))?)
    }
}

/// One pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PatternRow {
    /// Language of the source: 0 match, 1 regex, 2 pcre2, 3 osmatch,
    /// 4 osregex. Running does not depend on it.
    pub language: u8,
    /// How it is searched, one of [`shape`].
    pub shape: u8,
    /// Bits of [`flag`].
    pub flags: u8,
    /// Groups that capture.
    pub captures: u8,
    /// Memo numbers of the program: all below this.
    pub memos: U16,
    /// First instruction of the program.
    pub code_start: U32,
    /// Instructions of the program.
    pub code_len: U16,
    /// Most frames that a search of the longest text puts on the stack.
    pub frames: U32,
    /// The set (of bytes) that a match begins with; [`NONE`] if it may be
    /// empty.
    pub first: U16,
    /// The literal of the other shapes, in lower case.
    pub literal: TextRef,
    /// The pattern as it was written.
    pub source: TextRef,
}

/// Why tables of patterns are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadProgram {
    /// Row that is wrong: its shape, or code or text that is not there.
    Row(u16),
    /// Instruction (counted from the program's start) that is wrong or
    /// refers to what is not there.
    Inst(u16, u16),
    /// The program needs more memory than its row or the limits say.
    Memory(u16),
    /// More rows than there are numbers for.
    TooMany,
}

/// Checked patterns, used in place.
#[derive(Clone, Copy, Debug)]
pub struct Patterns<'i> {
    /// One row per pattern.
    pub rows: &'i [PatternRow],
    code: &'i [Inst],
    sets: &'i [Set],
    text: &'i [u8],
    need: ScratchNeed,
}

impl<'i> Patterns<'i> {
    /// Checks the tables. Takes time linear in their size.
    pub fn new(
        rows: &'i [PatternRow],
        code: &'i [Inst],
        sets: &'i [Set],
        text: &'i [u8],
    ) -> Result<Self, BadProgram> {
        let need = ScratchNeed::of(rows);
        let patterns = Self { rows, code, sets, text, need };
        check::all(&patterns)?;
        Ok(patterns)
    }

    /// Tables that were compiled here and not changed since: their check is
    /// part of the compiler's tests.
    #[cfg(feature = "compile")]
    pub(super) fn trusted(rows: &'i [PatternRow], code: &'i [Inst], sets: &'i [Set], text: &'i [u8]) -> Self {
        Self { rows, code, sets, text, need: ScratchNeed::of(rows) }
    }

    /// Memory that a search for any of the patterns needs in the longest text.
    pub fn scratch_needed(&self) -> ScratchNeed {
        self.need
    }

    /// The row of a pattern.
    pub fn row(&self, pattern: PatternId) -> Option<&'i PatternRow> {
        self.rows.get(usize::from(pattern.0))
    }

    /// The program of a row; empty if it has none.
    pub fn program(&self, row: &PatternRow) -> &'i [Inst] {
        let start = row.code_start.get() as usize;
        self.code.get(start..start.saturating_add(usize::from(row.code_len.get()))).unwrap_or(&[])
    }

    /// Whether a match can begin with the first byte of a text, as far as
    /// one look tells.
    #[inline]
    pub(super) fn may_begin(&self, row: &PatternRow, text: &[u8]) -> bool {
        match self.sets.get(usize::from(row.first.get())) {
            Some(first) => text.first().is_some_and(|byte| first.has(*byte)),
            None => true,
        }
    }

    /// Whether a pattern can match a text that begins with a byte, as far as
    /// one look tells.
    pub fn may_open(&self, pattern: PatternId, first: u8) -> bool {
        let Some(row) = self.row(pattern) else { return false };
        if row.flags & flag::NOT != 0 {
            return true;
        }
        match row.shape {
            shape::PROGRAM => row.flags & flag::ANCHORED == 0 || self.may_begin(row, &[first]),
            shape::OS_REGEX => osregex::may_open(self, self.program(row), first),
            shape::EQUAL | shape::PREFIX => {
                self.literal(row).first().is_none_or(|byte| byte.eq_ignore_ascii_case(&first))
            }
            _ => true,
        }
    }

    /// The sets that instructions name.
    pub fn sets(&self) -> &'i [Set] {
        self.sets
    }

    /// The literals and sources that rows and instructions name.
    pub fn text(&self) -> &'i [u8] {
        self.text
    }

    /// The literal of a row that has no program.
    pub fn literal(&self, row: &PatternRow) -> &'i [u8] {
        row.literal.of(self.text).unwrap_or(b"")
    }

    /// The pattern as it was written.
    pub fn source(&self, row: &PatternRow) -> &'i [u8] {
        row.source.of(self.text).unwrap_or(b"")
    }
}

/// Frames that [`PatternRow::frames`] of a program must at least allow.
pub fn frames_needed(code: &[Inst]) -> usize {
    check::frames_needed(code)
}
