//! What agent and manager say to each other.
//!
//! One TCP connection, a Noise handshake, then messages in both directions.
//! The rooms, from the bytes up:
//!
//! | room | what happens there |
//! |---|---|
//! | [`frame`] | a byte stream cut into Noise messages |
//! | [`message`] | one frame's content: one message |
//! | [`batch`] | a message's body: records, positions, losses |
//! | [`uplink`] | the agent's side of a session |
//! | [`downlink`] | the manager's side of one agent |
//! | [`token`] | what an agent needs to find and trust its manager |
//!
//! Neither side does anything by itself: the host hands in what arrived and
//! the time, and performs what it is told. Encryption is the host's too.
//!
//! **The promise.** A batch carries records and where their sources stand
//! after them. The manager commits both in one step and acknowledges only
//! then; when a session begins, it says where each source stands, and the
//! agent goes on from there. So a connection may break at any byte, and
//! either side may be killed at any time: no record is lost, none is doubled.

pub mod batch;
pub mod downlink;
pub mod frame;
pub mod message;
pub mod token;
pub mod uplink;

/// The version of the protocol that this code speaks.
pub const PROTOCOL: u16 = 1;

/// The Noise protocol of every connection.
pub const NOISE: &str = "Noise_IK_25519_ChaChaPoly_BLAKE2s";

/// The Noise prologue of a session.
pub const PROLOGUE_SESSION: &[u8] = b"bartizan 1";

/// The Noise prologue of an enrolment.
pub const PROLOGUE_ENROL: &[u8] = b"bartizan enrol 1";

/// The port that a manager listens on where nothing else is said.
pub const PORT: u16 = 1517;

/// Who has sent nothing for so long says that it is alive: milliseconds.
pub const ALIVE_MS: u64 = 10_000;

/// Who has not been heard for so long is gone: milliseconds.
pub const SILENT_MS: u64 = 35_000;

/// An agent leaves a manager that owes it an answer for so long: milliseconds.
pub const OWED_MS: u64 = 60_000;

/// The first and the longest wait between two rounds of connecting:
/// milliseconds.
pub const BACK_OFF_MS: (u64, u64) = (1_000, 60_000);

/// The index of the spool among the sources of an agent.
pub const SPOOL: u16 = 0;
