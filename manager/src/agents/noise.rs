//! The manager's half of the handshake.
//!
//! The first message says who comes: it proves the agent's key and that the
//! agent knows the manager's. It is tried as the beginning of a session, then
//! as that of an enrolment; anything else is refused before a byte is
//! answered.

use bartizan_core::wire::{NOISE, PROLOGUE_ENROL, PROLOGUE_SESSION};
use snow::{Builder, TransportState};

/// Bytes of one message on the wire at most.
pub const MESSAGE_MAX: usize = 65_535;

/// Bytes that encryption adds to a message.
pub const TAG: usize = 16;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An agent that is known.
    Session,
    /// An agent that has a token.
    Enrolment,
}

/// Somebody who knows the manager's key.
#[derive(Debug)]
pub struct Caller {
    /// The caller's public key.
    pub key: [u8; 32],
    /// What it comes for.
    pub purpose: Purpose,
    /// The answer that completes the handshake.
    pub answer: Vec<u8>,
    /// Encrypts and decrypts from then on.
    pub transport: TransportState,
}

/// Reads the first message of a connection; `None` if it is not one.
pub fn answer(private_key: &[u8; 32], first: &[u8]) -> Option<Caller> {
    answer_as(Purpose::Session, private_key, first)
        .or_else(|_| answer_as(Purpose::Enrolment, private_key, first))
        .ok()
}

fn answer_as(purpose: Purpose, private_key: &[u8; 32], first: &[u8]) -> Result<Caller, snow::Error> {
    let prologue = match purpose {
        Purpose::Session => PROLOGUE_SESSION,
        Purpose::Enrolment => PROLOGUE_ENROL,
    };
    let builder = Builder::new(NOISE.parse()?).prologue(prologue)?.local_private_key(private_key)?;
    let mut handshake = builder.build_responder()?;
    // The message carries nothing but keys.
    handshake.read_message(first, &mut [0; 256])?;
    let key = handshake.get_remote_static().and_then(|key| key.try_into().ok());
    let key = key.ok_or(snow::Error::Input)?;
    let mut answer = vec![0; 256];
    let length = handshake.write_message(&[], &mut answer)?;
    answer.truncate(length);
    Ok(Caller { key, purpose, answer, transport: handshake.into_transport_mode()? })
}
