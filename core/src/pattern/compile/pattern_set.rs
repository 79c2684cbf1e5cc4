//! The patterns of a ruleset, as they are collected for an image.

use super::ast::Tree;
use super::program::{Pool, compile, first_bytes, flags};
use super::{Cases, Language, LiteralShape, Options, OsRegex, Parsed, PatternError, osmatch_language, parse};
use crate::limits::CAPTURES_MAX;
use crate::pattern::program::{NONE, TextRef, flag, shape};
use crate::pattern::{Inst, PatternId, PatternRow, Patterns, Set};
use alloc::boxed::Box;
use alloc::vec::Vec;
use zerocopy::little_endian::{U16, U32};

/// What rules and decoders ask of a pattern before it is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// It is a plain string compare: it has no groups, and OSSEC 4.3 refuses
    /// it as a decoder's `<regex>`.
    pub is_literal_shape: bool,
    /// Groups that capture.
    pub groups: usize,
    /// It matches every text.
    pub is_always: bool,
    /// It has parts (look-around, atomic parts, references) for which no
    /// linear bound is known: a search may be given up.
    pub is_limited: bool,
}

/// The tables of an image that are about patterns.
#[derive(Clone, Debug, Default)]
pub struct PatternTables {
    /// One row per pattern.
    pub rows: Vec<PatternRow>,
    /// Programs.
    pub code: Vec<Inst>,
    /// Sets.
    pub sets: Vec<Set>,
    /// Literals and sources.
    pub text: Vec<u8>,
}

impl PatternTables {
    /// The patterns, to be asked what is known of them.
    pub fn patterns(&self) -> Patterns<'_> {
        Patterns::trusted(&self.rows, &self.code, &self.sets, &self.text)
    }
}

/// Collects and compiles patterns.
#[derive(Debug)]
pub struct PatternSet {
    cases: Cases,
    /// Options of each pattern.
    options: Vec<Options>,
    /// All patterns, sorted by what they were made of.
    sorted: Vec<PatternId>,
    facts: Vec<Facts>,
    rows: Vec<PatternRow>,
    code: Vec<Inst>,
    pool: Pool,
}

impl PatternSet {
    /// No patterns yet; `cases` is for `match` and `regex`.
    pub fn new(cases: Cases) -> Self {
        let (options, sorted, facts, rows, code) = Default::default();
        Self { cases, options, sorted, facts, rows, code, pool: Pool::default() }
    }

    /// Adds a pattern of a rule or decoder; one that is there already keeps
    /// its number.
    pub fn add(&mut self, language: Language, pattern: &[u8]) -> Result<PatternId, Box<PatternError>> {
        self.add_with(language, pattern, Options::default())
    }

    /// Adds a pattern; one that is there already with these options keeps its
    /// number.
    pub fn add_with(
        &mut self,
        language: Language,
        pattern: &[u8],
        options: Options,
    ) -> Result<PatternId, Box<PatternError>> {
        let key = (language as u8, pattern, options);
        let place = match self.sorted.binary_search_by(|id| self.key(*id).cmp(&key)) {
            Ok(place) => return Ok(self.sorted[place]),
            Err(place) => place,
        };
        let number = u16::try_from(self.rows.len()).ok().filter(|n| *n < NONE - 1);
        let id = PatternId(number.ok_or_else(|| PatternError::at(0, "too many patterns"))?);
        let (row, facts) = self.compile(language, pattern, options)?;
        self.rows.push(row);
        self.facts.push(facts);
        self.options.push(options);
        self.sorted.insert(place, id);
        Ok(id)
    }

    /// Compiles a pattern to its row.
    fn compile(
        &mut self,
        language: Language,
        pattern: &[u8],
        options: Options,
    ) -> Result<(PatternRow, Facts), Box<PatternError>> {
        let parsed = parse(language, pattern, options, self.cases)?;
        let row = self.row(language, pattern, options)?;
        match parsed {
            Parsed::Shape(literal) => self.shape(row, &literal),
            Parsed::OsRegex(expression) => self.expression(row, &expression),
            Parsed::Tree(tree) => self.program(row, &tree),
        }
    }

    /// The row of a plain compare.
    fn shape(
        &mut self,
        row: PatternRow,
        literal: &LiteralShape,
    ) -> Result<(PatternRow, Facts), Box<PatternError>> {
        let matches_all =
            literal.shape == shape::ALWAYS || (literal.shape != shape::EQUAL && literal.literal.is_empty());
        let facts = Facts {
            is_literal_shape: literal.shape != shape::ALWAYS,
            groups: 0,
            is_always: matches_all && row.flags & flag::NOT == 0,
            is_limited: false,
        };
        Ok((PatternRow { shape: literal.shape, literal: self.text(&literal.literal)?, ..row }, facts))
    }

    /// The row of an expression that has a machine of its own.
    fn expression(
        &mut self,
        row: PatternRow,
        expression: &OsRegex,
    ) -> Result<(PatternRow, Facts), Box<PatternError>> {
        let code = expression.compile(&mut self.pool)?;
        let groups = expression.groups();
        let row = PatternRow { shape: shape::OS_REGEX, captures: groups.min(CAPTURES_MAX) as u8, ..row };
        Ok((self.with_code(row, code), Facts { groups, ..Facts::default() }))
    }

    /// The row of a tree.
    fn program(&mut self, row: PatternRow, tree: &Tree) -> Result<(PatternRow, Facts), Box<PatternError>> {
        let program = compile(tree, &mut self.pool)?;
        let bit = |is: bool, flag: u8| if is { flag } else { 0 };
        let flags = bit(tree.utf, flag::UTF)
            | bit(tree.node.is_anchored(), flag::ANCHORED)
            | bit(tree.valid, flag::VALID)
            | flags(&program.code);
        let first = first_bytes(tree).map_or(Ok(NONE), |set| self.pool.set(&set))?;
        let row = PatternRow {
            shape: shape::PROGRAM,
            flags: row.flags | flags,
            captures: tree.groups.min(CAPTURES_MAX) as u8,
            memos: U16::new(program.memos),
            frames: U32::new(program.frames),
            first: U16::new(first),
            ..row
        };
        let is_limited = row.flags & flag::LIMITED != 0;
        let facts = Facts { groups: tree.groups, is_limited, ..Facts::default() };
        Ok((self.with_code(row, program.code), facts))
    }

    /// A row with its program, which becomes part of the tables.
    fn with_code(&mut self, row: PatternRow, code: Vec<Inst>) -> PatternRow {
        let (start, len) = (self.code.len() as u32, code.len() as u16);
        self.code.extend(code);
        PatternRow { code_start: U32::new(start), code_len: U16::new(len), ..row }
    }

    /// What is known of a pattern of this set.
    pub fn facts(&self, pattern: PatternId) -> Facts {
        self.facts.get(usize::from(pattern.0)).copied().unwrap_or_default()
    }

    /// Number of patterns.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The patterns so far.
    pub(super) fn patterns(&self) -> Patterns<'_> {
        Patterns::trusted(&self.rows, &self.code, &self.pool.sets, &self.pool.text)
    }

    /// The tables.
    pub fn finish(self) -> PatternTables {
        PatternTables { rows: self.rows, code: self.code, sets: self.pool.sets, text: self.pool.text }
    }

    /// What a pattern of this set was made of.
    fn key(&self, pattern: PatternId) -> (u8, &[u8], Options) {
        let number = usize::from(pattern.0);
        let row = &self.rows[number];
        (row.language, row.source.of(&self.pool.text).unwrap_or_default(), self.options[number])
    }

    /// A row that has only a language, a source and its options.
    fn row(
        &mut self,
        language: Language,
        pattern: &[u8],
        options: Options,
    ) -> Result<PatternRow, Box<PatternError>> {
        let bit = |is: bool, flag: u8| if is { flag } else { 0 };
        let inverted = language == Language::OsMatch && osmatch_language::is_inverted(pattern);
        Ok(PatternRow {
            language: language as u8,
            shape: shape::ALWAYS,
            flags: bit(options.keep_unset, flag::KEEP_UNSET)
                | bit(!options.caseless, flag::EXACT)
                | bit(inverted, flag::NOT),
            captures: 0,
            memos: U16::ZERO,
            code_start: U32::ZERO,
            code_len: U16::ZERO,
            frames: U32::ZERO,
            first: U16::new(NONE),
            literal: TextRef::default(),
            source: self.text(pattern)?,
        })
    }

    /// A text in the pool.
    fn text(&mut self, text: &[u8]) -> Result<TextRef, Box<PatternError>> {
        Ok(TextRef { offset: U32::new(self.pool.text(text)?), len: U16::new(text.len() as u16) })
    }
}
