//! The rows of an image: what stands in each table, byte by byte.
//!
//! Every number is little-endian and unaligned, so a row is used where it
//! lies, on any machine. A `NONE` in a 16-bit reference means "there is none".

use zerocopy::little_endian::{I16, U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A 16-bit reference to nothing.
pub const NONE: u16 = u16::MAX;

macro_rules! rows {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* pub $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
        #[repr(C)]
        pub struct $name { $($(#[$field_doc])* pub $field: $kind,)* }
    )*};
}

rows! {
    /// A piece of the text table.
    pub struct TextRow {
        /// First byte in the table.
        pub offset: U32,
        /// Bytes.
        pub len: U16,
    }

    /// Consecutive rows of another table.
    pub struct RangeRow {
        /// First row.
        pub start: U32,
        /// Number of rows.
        pub len: U16,
    }

    /// A section of the image: one table.
    pub struct SectionRow {
        /// First byte in the image.
        pub offset: U32,
        /// Bytes.
        pub len: U32,
    }

    /// Numbers that hold for the whole ruleset.
    pub struct SettingsRow {
        /// Number of correlation lists.
        pub lists: U16,
        /// How many of them, from the first, keep a bounded number of events.
        pub bounded_lists: U16,
        /// How many events a bounded list keeps.
        pub bounded_len: U32,
        /// The largest `frequency` of any rule; seconds, when history runs over.
        pub frequency_max: U32,
        /// Bits of the [`crate::rules::history::Key`]s that any rule compares.
        pub keys: U32,
        /// How many of the names, from the first, any rule compares.
        pub names: U16,
    }

    /// One decoder.
    pub struct DecoderRow {
        /// Name as the file gives it.
        pub own_name: TextRow,
        /// Name that is shown: its parent's, unless it uses its own.
        pub name: TextRow,
        /// Name of the parent as the file gives it; empty for a root.
        pub parent: TextRow,
        /// What `decoded_as` compares.
        pub id: U16,
        /// Number of an [`crate::event::Category`].
        pub category: u8,
        /// Bits of `decoder_flag`.
        pub flags: u8,
        /// Pattern on the program name.
        pub program: U16,
        /// Pattern that selects the decoder.
        pub prematch: U16,
        /// Pattern that captures the fields.
        pub regex: U16,
        /// Where `prematch` starts: a number of `offset`.
        pub prematch_from: u8,
        /// Where `regex` starts: a number of `offset`.
        pub regex_from: u8,
        /// Number of a [`crate::decode::plugins::Plugin`] plus one; 0 for none.
        pub plugin: u8,
        /// Where a plug-in starts while this is the event's decoder: a number
        /// of `offset`.
        pub plugin_from: u8,
        /// Bits of [`crate::rules::first_time`] keys.
        pub fts: U16,
        /// Rows of the order table.
        pub order: RangeRow,
        /// Rows of the index table: decoders.
        pub children: RangeRow,
    }

    /// One item of a decoder's order.
    pub struct OrderRow {
        /// Number of a [`crate::event::Field`], or 255 for a dynamic field.
        pub field: u8,
        /// 1 if the field is a part of the decoder's first-time key.
        pub in_key: u8,
        /// Name of a dynamic field.
        pub name: TextRow,
    }

    /// One rule.
    pub struct RuleRow {
        /// Number that users know.
        pub id: U32,
        /// Bits of `rule_flag`.
        pub flags: U32,
        /// Level at run time.
        pub level: U16,
        /// Number of a [`crate::event::Category`].
        pub category: u8,
        /// Number of a `search`.
        pub search: u8,
        /// List or pattern that the search is about.
        pub search_in: U16,
        /// Earlier events that must be found, less one.
        pub frequency: U16,
        /// Seconds that the search looks back.
        pub timeframe: U32,
        /// Seconds for which a rule is silent once it has fired.
        pub ignore: U32,
        /// Keys that must be equal.
        pub same: U32,
        /// Keys that must differ.
        pub different: U32,
        /// Keys that must differ among all events that are counted.
        pub distinct: U32,
        /// Rows of the index table: names of dynamic fields that must be equal.
        pub same_fields: RangeRow,
        /// Rows of the index table: names of dynamic fields that must differ.
        pub different_fields: RangeRow,
        /// First-time keys whose line is written when the rule fires.
        pub ignore_keys: U16,
        /// First-time keys whose line silences the rule.
        pub check_ignored_keys: U16,
        /// Conditions that look at the event alone.
        pub conditions: RangeRow,
        /// Conditions that need memory: `check_diff`, `if_fts`, lists.
        pub memory: RangeRow,
        /// Rows of the index table: correlation lists that remember its events.
        pub feeds: RangeRow,
        /// Groups, as one text with commas.
        pub groups: TextRow,
        /// What it says; length 0 and offset 0xFFFFFFFF when missing.
        pub description: TextRow,
        /// Rows of the info table.
        pub infos: RangeRow,
        /// Numbers that MITRE ATT&CK gave the techniques, with commas between.
        pub mitre: TextRow,
        /// All `cve` texts in one.
        pub cve: TextRow,
        /// All `info` texts in one.
        pub info: TextRow,
    }

    /// A rule's place in the tree; a rule may have several.
    ///
    /// Siblings stand together, in the order in which they are tried, and the
    /// families follow each other in the order of their parents.
    pub struct NodeRow {
        /// Row of the rule.
        pub rule: U16,
        /// A pattern that must match somewhere in the log, or `NONE`.
        pub gate: U16,
        /// Distance from the roots, which have 0.
        pub depth: u8,
        /// Zero.
        pub reserved: u8,
        /// Rows of this table.
        pub children: RangeRow,
    }

    /// One condition of a rule.
    pub struct ConditionRow {
        /// Number of a `condition`.
        pub kind: u8,
        /// Subject, operator or option.
        pub option: u8,
        /// Bits of `condition_flag`.
        pub flags: u8,
        /// Pattern, decoder id or number.
        pub a: U16,
        /// Offset or row.
        pub b: U32,
        /// Length or bound.
        pub c: I16,
        /// Row of the name table, or 0.
        pub d: U16,
    }

    /// A detail of a rule: `text`, `link`, `cve` or `osvdb`.
    pub struct InfoRow {
        /// Number of an `info`.
        pub kind: u8,
        /// The text.
        pub text: TextRow,
    }
}

impl TextRow {
    /// The text that is not there at all (as against an empty one).
    pub const MISSING: Self = Self { offset: U32::from_bytes([0xff; 4]), len: U16::ZERO };

    /// Whether there is no text.
    pub fn is_missing(self) -> bool {
        self.offset.get() == u32::MAX
    }
}

/// Bits of [`DecoderRow::flags`].
pub mod decoder_flag {
    /// A failed or matched pattern goes on with the following sibling.
    pub const NEXT: u8 = 1;
    /// Values are carried over between events of one id.
    pub const ACCUMULATE: u8 = 2;
    /// The decoder stands for a stage that reads no log.
    pub const STAGE: u8 = 8;
    /// A `null` in JSON is no field.
    pub const NO_NULL: u8 = 16;
    /// An array in JSON is its items with commas between.
    pub const ARRAY_AS_CSV: u8 = 32;
}

/// Numbers of [`DecoderRow::prematch_from`] and [`DecoderRow::regex_from`].
pub mod offset {
    /// The start of the log.
    pub const START: u8 = 0;
    /// Behind the parent's match.
    pub const PARENT: u8 = 1;
    /// Behind the decoder's own prematch.
    pub const PREMATCH: u8 = 2;
    /// Behind the sibling's regex before.
    pub const REGEX: u8 = 3;
}

/// Bits of [`RuleRow::flags`].
pub mod rule_flag {
    /// Never fires itself, children may.
    pub const NO_ALERT: u32 = 1;
    /// An alert is written.
    pub const LOG: u32 = 2;
    /// An alert is mailed.
    pub const MAIL: u32 = 4;
    /// No active response.
    pub const NO_RESPONSE: u32 = 8;
    /// `alert_by_email` was given.
    pub const ALERT_BY_EMAIL: u32 = 16;
    /// The search counts events of all agents together.
    pub const GLOBAL_FREQUENCY: u32 = 32;
    /// Alerts do not hold the log (Wazuh).
    pub const NO_FULL_LOG: u32 = 64;
    /// Alerts do not say how often the rule fired (Wazuh).
    pub const NO_COUNTER: u32 = 128;
}

/// Numbers of [`RuleRow::search`].
pub mod search {
    /// No correlation.
    pub const NONE: u8 = 0;
    /// Events of a rule.
    pub const RULE: u8 = 1;
    /// Events of a group.
    pub const GROUP: u8 = 2;
    /// All history, by a pattern.
    pub const HISTORY: u8 = 3;
    /// A rule that does not exist (yet): never succeeds.
    pub const NEVER: u8 = 4;
}

/// Numbers of [`ConditionRow::kind`].
pub mod condition {
    /// The decoder's id is `a`.
    pub const DECODED_AS: u8 = 0;
    /// Pattern `a` matches subject `option`.
    pub const PATTERN: u8 = 1;
    /// The action is the text at `b`, length `c`.
    pub const ACTION: u8 = 2;
    /// Pattern `a` matches the dynamic field named by the text at `b`, `c`.
    pub const FIELD: u8 = 3;
    /// Field `option` is in the address list of `c` rows from `b`.
    pub const ADDRESS: u8 = 4;
    /// Compiled rule number `option` holds.
    pub const COMPILED: u8 = 5;
    /// The log has at least `a` bytes.
    pub const SIZE: u8 = 6;
    /// The minute of the day is between `a` and `c` (`option`: bit 0 not).
    pub const TIME: u8 = 7;
    /// The weekday is in the bit set `option`, Sunday = bit 0.
    pub const WEEKDAY: u8 = 8;
    /// The command's output differs from the last one.
    pub const DIFFERS: u8 = 9;
    /// The first-time key is new.
    pub const FIRST_TIME: u8 = 10;
    /// Lookup `option` of the field in the low byte of `c` in list `a`, value
    /// pattern `b` (`NONE` for none); a dynamic field is named by row `d`.
    pub const LIST: u8 = 11;
}

/// Bits of [`ConditionRow::flags`].
pub mod condition_flag {
    /// The field must be there and the pattern must not match it (Wazuh).
    pub const NEGATED: u8 = 1;
}

/// Numbers of [`ConditionRow::option`] of a pattern: what it is tried on.
pub mod subject {
    /// The text behind the header.
    pub const LOG: u8 = 64;
    /// The program name.
    pub const PROGRAM: u8 = 65;
    /// The host name.
    pub const HOST: u8 = 66;
    /// The user: destination user if set, else source user.
    pub const USER: u8 = 67;
    /// The user in list look-ups: source user if set, else destination user.
    pub const SOURCE_USER: u8 = 68;
    /// The location.
    pub const LOCATION: u8 = 70;
    /// A dynamic field; only in list look-ups.
    pub const DYNAMIC: u8 = 71;
}

/// Numbers of list look-ups.
pub mod lookup {
    /// The key is there.
    pub const KEY: u8 = 0;
    /// The key is not there.
    pub const NOT_KEY: u8 = 1;
    /// The key is there and its value matches.
    pub const KEY_VALUE: u8 = 2;
    /// The address or a prefix of it is there.
    pub const ADDRESS: u8 = 3;
    /// Neither the address nor a prefix is there.
    pub const NOT_ADDRESS: u8 = 4;
    /// Not (the address is there and its value matches).
    pub const ADDRESS_VALUE: u8 = 5;
}

/// Numbers of [`InfoRow::kind`].
pub mod info {
    /// Plain text.
    pub const TEXT: u8 = 0;
    /// A link.
    pub const LINK: u8 = 1;
    /// A CVE number.
    pub const CVE: u8 = 2;
    /// An OSVDB number.
    pub const OSVDB: u8 = 3;
}
