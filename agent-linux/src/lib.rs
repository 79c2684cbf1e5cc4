//! # Bartizan's agent
//!
//! One process, one thread, one loop: what is logged on this machine goes to
//! the manager, each record once, in memory of a fixed size.
//!
//! The rooms, in the order in which a line of log meets them:
//!
//! | room | what happens there |
//! |---|---|
//! | [`config`] | what is watched, and who is told |
//! | [`sources`] | what cannot wait: commands, kernel log, syslog, journal |
//! | [`live`] | what the loop and such a source ask of each other |

pub mod config;
pub mod live;
pub mod sources;
