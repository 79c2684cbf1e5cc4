//! The messages of a session: what one frame holds.
//!
//! Written with postcard: the number of the variant, then its fields; numbers
//! as LEB128, texts and bytes with their length in front. Reading borrows
//! from the frame and checks every limit; whatever is not exactly one message
//! is an error.

use serde::{Deserialize, Serialize};

use crate::limits::{
    AGENT_NAME_MAX, BATCH_MAX, CONFIGURATION_PART_MAX, LABEL_MAX, POSITION_MAX, SOURCE_NAME_MAX, SOURCES_MAX,
    WHY_MAX,
};

/// Bytes that any message to an agent fits into.
pub const TO_AGENT_MAX: usize = CONFIGURATION_PART_MAX + 32;

/// Bytes that any message to a manager fits into, batches apart.
pub const CONTROL_MAX: usize = SOURCE_NAME_MAX + 32;

/// What an agent says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToManager<'a> {
    /// The first message of a session.
    #[serde(borrow)]
    Hello(Hello<'a>),
    /// There is such a source; where does it stand? Index 0 is the spool, its
    /// name is empty.
    Source {
        /// How batches name it from now on.
        index: u16,
        /// Its name: the path of a file, the text of a command.
        name: &'a str,
    },
    /// The source is no more; its index may get another meaning.
    Gone {
        /// Its index.
        index: u16,
    },
    /// Records and positions.
    Batch {
        /// Counts from 1 in each session, without gaps.
        number: u32,
        /// Entries, see [`super::batch`].
        body: &'a [u8],
    },
    /// A pushed configuration is in use.
    Applied {
        /// Its number.
        config: u64,
    },
    /// A pushed configuration cannot be used; the earlier one stays.
    Refused {
        /// Its number.
        config: u64,
        /// The reason, for people.
        why: &'a str,
    },
    /// There is nothing to say.
    Alive,
    /// The only message of an enrolment. The agent's key travelled in the
    /// handshake.
    Enrol {
        /// The secret of its token.
        secret: [u8; 16],
        /// The name it wants; empty for the token's.
        name: &'a str,
        /// Its operating system and machine, for people.
        system: &'a str,
    },
}

/// Who an agent is and what it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello<'a> {
    /// [`super::PROTOCOL`].
    pub protocol: u16,
    /// Random number of this run of the agent.
    pub incarnation: u64,
    /// Version of the agent.
    pub version: &'a str,
    /// Operating system and machine, for people.
    pub system: &'a str,
    /// The machine's name.
    pub hostname: &'a str,
    /// Number of the pushed configuration in use; 0 for none.
    pub config: u64,
    /// The agent's clock: milliseconds since 1970, 0 if it does not know.
    pub wall_ms: u64,
}

/// What a manager says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToAgent<'a> {
    /// The answer to `Hello`.
    Welcome {
        /// The agent's name at this manager.
        name: &'a str,
        /// Bytes of batch bodies that may be unacknowledged.
        window: u32,
        /// The manager's clock: milliseconds since 1970.
        wall_ms: u64,
    },
    /// The answer to `Source`.
    Place {
        /// The source's index.
        index: u16,
        /// Its last committed position; none if there never was one.
        #[serde(borrow)]
        position: Option<&'a [u8]>,
    },
    /// All batches of this session up to this one are committed.
    Ack {
        /// The batch's number.
        number: u32,
    },
    /// A part of a configuration.
    Configure {
        /// Its number.
        config: u64,
        /// Whether another part follows.
        more: bool,
        /// The part.
        text: &'a [u8],
    },
    /// There is nothing to say.
    Alive,
    /// The last message of a session.
    Closed {
        /// The reason.
        why: Why,
    },
    /// The answer to `Enrol`.
    Enrolled {
        /// The agent's number at this manager.
        id: u32,
        /// The agent's name at this manager.
        name: &'a str,
    },
    /// The other answer to `Enrol`.
    EnrolRefused {
        /// The reason, for people.
        why: &'a str,
    },
    /// A response that is to be carried out, renewed or undone.
    Order {
        /// The response's number.
        id: u64,
        /// What is to be done, see [`Order::read`](crate::respond::order::Order::read):
        /// whoever carries nothing out need not understand it.
        what: &'a [u8],
    },
}

/// Why a manager ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// The same key has begun a newer session.
    Replaced,
    /// The agent was removed.
    Removed,
    /// No agent has this key.
    NotKnown,
    /// The agent has broken the protocol, or speaks another version of it.
    Protocol,
}

/// Why bytes are not a message, or a message cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageError {
    /// Not the bytes of exactly one message.
    Malformed,
    /// A text, a position or an index is above its limit.
    Limit,
    /// The room for writing is too small.
    Room,
}

impl<'a> ToManager<'a> {
    /// The message that these bytes are.
    pub fn read(bytes: &'a [u8]) -> Result<Self, MessageError> {
        let message: Self = exactly(bytes)?;
        message.check()?;
        Ok(message)
    }

    /// Writes the message; the number of bytes.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, MessageError> {
        self.check()?;
        write(self, out)
    }

    fn check(&self) -> Result<(), MessageError> {
        within(match *self {
            Self::Hello(Hello { version, system, hostname, .. }) => {
                [version, system, hostname].iter().all(|text| text.len() <= LABEL_MAX)
            }
            Self::Source { index, name } => usize::from(index) < SOURCES_MAX && name.len() <= SOURCE_NAME_MAX,
            Self::Gone { index } => usize::from(index) < SOURCES_MAX,
            Self::Batch { body, .. } => body.len() <= BATCH_MAX,
            Self::Refused { why, .. } => why.len() <= WHY_MAX,
            Self::Enrol { name, system, .. } => name.len() <= AGENT_NAME_MAX && system.len() <= LABEL_MAX,
            Self::Applied { .. } | Self::Alive => true,
        })
    }
}

impl<'a> ToAgent<'a> {
    /// The message that these bytes are.
    pub fn read(bytes: &'a [u8]) -> Result<Self, MessageError> {
        let message: Self = exactly(bytes)?;
        message.check()?;
        Ok(message)
    }

    /// Writes the message; the number of bytes.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, MessageError> {
        self.check()?;
        write(self, out)
    }

    fn check(&self) -> Result<(), MessageError> {
        within(match *self {
            Self::Welcome { name, .. } | Self::Enrolled { name, .. } => name.len() <= AGENT_NAME_MAX,
            Self::Place { index, position } => {
                usize::from(index) < SOURCES_MAX && position.is_none_or(|bytes| bytes.len() <= POSITION_MAX)
            }
            Self::Configure { text, .. } => text.len() <= CONFIGURATION_PART_MAX,
            Self::EnrolRefused { why } => why.len() <= WHY_MAX,
            // A wrong order is answered, not the end of the session.
            Self::Order { .. } | Self::Ack { .. } | Self::Alive | Self::Closed { .. } => true,
        })
    }
}

fn within(limits: bool) -> Result<(), MessageError> {
    if limits { Ok(()) } else { Err(MessageError::Limit) }
}

/// One value and nothing behind it.
fn exactly<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, MessageError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(MessageError::Malformed),
    }
}

fn write<T: Serialize>(value: &T, out: &mut [u8]) -> Result<usize, MessageError> {
    postcard::to_slice(value, out).map(|written| written.len()).map_err(|_| MessageError::Room)
}

#[cfg(test)]
mod tests;
