//! # Bartizan's core
//!
//! Reads one record of a log, understands it and judges it with compiled
//! rules. No heap, no clock, no file: memory and time are lent by the host,
//! every call does a bounded amount of work, and wrong input is an ordinary
//! result.
//!
//! The rooms, in the order in which a line of log meets them:
//!
//! | room | what happens there |
//! |---|---|
//! | [`limits`] | every capacity, in one place |
//! | [`time`] | monotonic milliseconds |
//! | [`record`] | the bytes, and spans in them |
//! | [`follow`] | a file that is written to and rotated: lines, each once |
//! | [`assemble`] | lines to records, one small machine per log format |
//! | [`spool`] | records that wait, in a fixed size, safe against power loss |
//! | [`wire`] | what agent and manager say to each other |
//! | [`event`] | a record and what is known of it so far |
//! | [`predecode`] | header: host, program, message |
//! | [`pattern`] | the three pattern languages, compiled |
//! | [`image`] | a compiled ruleset, checked once and used in place |
//! | [`packet`] | lines of packet filters of any maker |
//! | [`decode`] | decoder tree: fields as spans of the record |
//! | [`rules`] | rule tree, conditions, correlation: a verdict |
//! | [`respond`] | what is done about it, and undone |
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "compile")]
extern crate alloc;

pub mod assemble;
mod crc;
pub mod decode;
pub mod event;
pub mod follow;
pub mod image;
pub mod limits;
pub mod packet;
pub mod pattern;
pub mod predecode;
pub mod record;
pub mod respond;
pub mod rules;
pub mod spool;
pub mod time;
pub mod wire;
