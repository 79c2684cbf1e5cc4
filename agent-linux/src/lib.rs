//! # Bartizan's agent
//!
//! One process, one thread, one loop: what is logged on this machine goes to
//! the manager, each record once, in memory of a fixed size.
//!
//! The rooms, in the order in which a line of log meets them:
//!
//! | room | what happens there |
//! |---|---|
//! | [`commands`] | run, enrol, check, status |
//! | [`agent`] | the loop |
//! | [`identity`] | the key, and the managers that know it |
//! | [`config`] | what is watched, and who is told |
//! | [`sources`] | what cannot wait: commands, kernel log, syslog, journal |
//! | [`respond`] | what a manager orders: done, undone on time, reported |
//! | [`live`] | what the loop and such a source ask of each other |
//! | [`disk`] | the files of this machine |
//! | `file` | files, opened by name |
//! | [`glob`] | names with wildcards |
//! | [`files`] | which files there are, and whose turn it is |
//! | `child` | a program that was started, and its pipes |
//! | [`roster`] | sources and their numbers |
//! | [`store`] | blocks of the spool, in memory or a file |
//! | [`names`] | where a machine is whose name is known |
//! | [`noise`] | the one protocol that is spoken |
//! | [`link`] | one connection: TCP, Noise, frames |
//! | [`status`] | what is going on, for whoever asks |
//! | [`host`] | clocks and names of this machine |
//! | [`privileges`] | giving up what is no longer needed |
//! | [`sys`] | calls without a safe form |

pub mod agent;
mod child;
pub mod commands;
pub mod config;
pub mod disk;
mod file;
pub mod files;
pub mod glob;
pub mod host;
pub mod identity;
pub mod link;
pub mod live;
pub mod names;
pub mod noise;
pub mod privileges;
#[cfg_attr(not(feature = "respond"), path = "respond/absent.rs")]
pub mod respond;
pub mod roster;
pub mod sources;
pub mod status;
pub mod store;
pub mod sys;
