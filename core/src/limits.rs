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

/// Files of one followed name that are open at once.
pub const GENERATIONS_MAX: usize = 5;

/// Files beside a followed one that are looked at to find what became of it.
pub const SIBLINGS_MAX: usize = 256;

/// Texts that can be given to a search, `\1` to `\9`.
pub const GIVEN_MAX: usize = 9;

/// Bytes of a text given to a search; a longer one is found nowhere.
pub const GIVEN_TEXT_MAX: usize = 255;

/// Captures that one match can give (OSSEC 4.3: 64).
pub const CAPTURES_MAX: usize = 64;

/// Bytes of names and values that do not stand in the text of their record.
pub const SIDE_MAX: usize = 16 * 1024;

/// Assignments of fields that one event remembers in order.
pub const ASSIGNED_MAX: usize = 128;

/// Dynamic fields of one event (Wazuh 4.14: 256).
pub const DYNAMIC_MAX: usize = 256;

/// Objects and arrays within each other in JSON (Wazuh 4.14: 1,000).
pub const JSON_DEPTH_MAX: usize = 1000;

/// Bytes of the joined name of a field in JSON.
pub const JSON_NAME_MAX: usize = 1024;

/// Levels of the rule tree.
pub const RULE_DEPTH_MAX: usize = 64;

/// Candidates that the stateless half of rule matching may hand on.
pub const CANDIDATES_MAX: usize = 128;

/// Names of dynamic fields whose values are remembered for correlation.
pub const REMEMBERED_NAMES_MAX: usize = 256;

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

/// Steps that a pattern search of no linear bound may take in any text.
pub const STEPS_FREE: u64 = 1 << 18;

/// Steps that such a search may take beyond that for each byte of its text.
pub const STEPS_PER_BYTE: u64 = 512;

/// Memory of one pattern search: frames of eight bytes to go back to (2 MiB).
pub const FRAMES_MAX: usize = 1 << 18;

/// Bytes of one message between agent and manager: what a Noise message of
/// 65,535 bytes has room for behind its tag of 16.
pub const MESSAGE_MAX: usize = 65_535 - 16;

/// Bytes of a batch's body.
pub const BATCH_MAX: usize = 60 * 1024;

/// Batches of one session that are sent and not acknowledged.
pub const FLIGHTS_MAX: usize = 64;

/// The least window that a manager may grant: a largest batch fits, and so do
/// all records that a source may give at once.
pub const WINDOW_MIN: usize = 64 * 1024;

/// Bytes that say where a source stands.
pub const POSITION_MAX: usize = 256;

/// Sources of one agent.
pub const SOURCES_MAX: usize = 4096;

/// Bytes of a source's name: a path, a command.
pub const SOURCE_NAME_MAX: usize = 1024;

/// Bytes of an agent's name.
pub const AGENT_NAME_MAX: usize = 128;

/// Bytes of an agent's host name, of its version and of its system's name.
pub const LABEL_MAX: usize = 255;

/// Bytes of a reason that one side gives the other.
pub const WHY_MAX: usize = 512;

/// Bytes of a configuration that a manager pushes.
pub const CONFIGURATION_MAX: usize = 64 * 1024;

/// Bytes of a configuration in one message: an agent lends so much for frames.
pub const CONFIGURATION_PART_MAX: usize = 8 * 1024;

/// Managers of one agent, and addresses in one token.
pub const MANAGERS_MAX: usize = 4;

/// Bytes of a manager's address: `host:port`.
pub const ADDRESS_MAX: usize = 261;

/// Bytes of one block of the spool.
pub const BLOCK_SIZE: usize = 8 * 1024;

/// Sources whose losses a spool tells apart; all others are one account.
pub const ACCOUNTS_MAX: usize = 16;

/// Bytes of the name of a response, of a script, of a manager's machine.
pub const RESPONSE_NAME_MAX: usize = 128;

/// Bytes of the name of a user that a response is about.
pub const RESPONSE_USER_MAX: usize = 64;

/// Bytes of the name of a file that a response is about, and of the place of
/// an event.
pub const RESPONSE_FILE_MAX: usize = 1024;

/// Bytes of what a script is given as JSON.
pub const RESPONSE_JSON_MAX: usize = 5 * 1024;

/// Bytes of an order, texts and all.
pub const ORDER_MAX: usize =
    RESPONSE_JSON_MAX + 2 * RESPONSE_FILE_MAX + RESPONSE_USER_MAX + 4 * RESPONSE_NAME_MAX + 96;

/// Responses of one machine that are in force or have to be undone.
pub const RESPONSES_MAX: usize = 16 * 1024;

/// Bytes of the texts of one job of a response: a script for a packet filter.
pub const RESPONSE_JOB_MAX: usize = 32 * 1024;

/// Networks that are never blocked.
pub const SHIELD_MAX: usize = 512;

const _: () = assert!(RECORD_MAX <= u16::MAX as usize);
const _: () = assert!(BATCH_MAX + 16 <= MESSAGE_MAX);
const _: () = assert!(OPEN_RECORDS_MAX * (RECORD_MAX + 32) + POSITION_MAX + 32 <= BATCH_MAX);
const _: () = assert!(BATCH_MAX <= WINDOW_MIN);
const _: () = assert!(ORDER_MAX <= CONFIGURATION_PART_MAX);
const _: () = assert!(RECORD_MAX + SOURCE_NAME_MAX + 256 <= BLOCK_SIZE);
const _: () = assert!(SOURCES_MAX < u16::MAX as usize);
const _: () = assert!(SIDE_MAX <= u16::MAX as usize);
const _: () = assert!(PROGRAM_MAX < u16::MAX as usize);
const _: () = assert!(PATTERN_MAX < u16::MAX as usize);
const _: () = assert!(DYNAMIC_MAX >= CAPTURES_MAX);
