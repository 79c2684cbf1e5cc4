//! Every capacity of the core, in one place and tied together.
//!
//! A number here is a promise: whoever reads a rule file, an image or a log
//! may be refused or cut at these sizes, and nothing is sized anywhere else.

/// Bytes of one record, header included.
pub const RECORD_MAX: usize = 6144;

/// Bytes of a record's text after the queue header (OSSEC 4.3 reads 6143).
pub const TEXT_MAX: usize = RECORD_MAX - 1;

/// Records that an assembler of a mixed format has open at once.
pub const OPEN_RECORDS_MAX: usize = 8;

/// Captures that one match can give (OSSEC 4.3: 64).
pub const CAPTURES_MAX: usize = 64;

/// Bytes of values that do not stand in the text of their record.
pub const SIDE_MAX: usize = 1024;

/// Assignments of fields that one event remembers in order.
pub const ASSIGNED_MAX: usize = 128;

/// Dynamic fields of one event.
pub const DYNAMIC_MAX: usize = 64;

/// Levels of the rule tree.
pub const RULE_DEPTH_MAX: usize = 64;

/// Candidates that the stateless half of rule matching may hand on.
pub const CANDIDATES_MAX: usize = 128;

/// Earlier events quoted with an alert (OSSEC 4.3: 11).
pub const PREVIOUS_MAX: usize = 11;

/// Bytes of a first-time-seen key.
pub const FTS_KEY_MAX: usize = 255;

/// Bytes of the pattern text of one element.
pub const PATTERN_MAX: usize = 8192;

/// Instructions of one compiled pattern.
pub const PROGRAM_MAX: usize = 16384;

/// Memory of one pattern search: words of 64 places that were tried (1 MiB).
pub const MEMO_WORDS_MAX: usize = 1 << 17;

/// Memory of one pattern search: frames of eight bytes to go back to (2 MiB).
pub const FRAMES_MAX: usize = 1 << 18;

const _: () = assert!(RECORD_MAX <= u16::MAX as usize);
const _: () = assert!(SIDE_MAX <= RECORD_MAX);
const _: () = assert!(PROGRAM_MAX < u16::MAX as usize);
const _: () = assert!(PATTERN_MAX < u16::MAX as usize);
const _: () = assert!(DYNAMIC_MAX >= CAPTURES_MAX);
