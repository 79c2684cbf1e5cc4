//! Mail: alerts, reports and digests for people.
//!
//! Each address is a destination of the [outbox](crate::outbox), which decides
//! when it is told of what, and tries again what fails.
//!
//! | room | what happens there |
//! |---|---|
//! | `recipient` | one address: a destination of its own |
//! | [`account`] | how mail leaves this machine, and whom it is from |
//! | [`message`] | what a mail looks like |
//! | [`smtp`] | the side of SMTP that sends |
//! | `program` | or a program of this machine that takes it |

pub mod account;
pub mod message;
mod program;
mod recipient;
pub mod smtp;

pub use account::{Account, Route};
pub use program::Program;
pub use recipient::{Recipient, destination_of, destinations};
