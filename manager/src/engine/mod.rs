//! The one engine: every command that judges events walks this corridor.
//!
//! | room | what happens there |
//! |---|---|
//! | [`lent`] | all that is remembered, for these rules and the next |
//! | [`memory`] | what outlives one event and is not history |
//! | [`states`] | outputs of commands that are watched for changes |
//! | [`session`] | one event from text to verdict, on one thread |
//! | [`pipeline`] | the same on many threads, in the same order |
//! | [`statistics`] | how many events an hour has, and when there are too many |

pub mod lent;
pub mod memory;
pub mod pipeline;
pub mod session;
pub mod states;
pub mod statistics;
#[cfg(test)]
mod tests;

use crate::compile::lists::List;
use crate::pattern::FastTables;
use crate::places::Atlas;
use bartizan_core::image::{Image, ImageError};
use std::sync::Arc;

/// A compiled ruleset with all that judging by it needs.
#[derive(Debug)]
pub struct Ruleset {
    bytes: Vec<u8>,
    /// Tables of the fast matcher.
    pub(crate) tables: Arc<FastTables>,
    /// Lists by row of the image's list table; `None` for one that could not
    /// be read.
    pub(crate) lists: Vec<Option<List>>,
    /// Where in the world addresses are, if a database of places is given.
    pub atlas: Option<Atlas>,
    /// Numbers from the configuration.
    pub settings: Settings,
}

/// Numbers from the configuration that the engine needs, with the ranges and
/// defaults of OSSEC 4.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Events kept for correlation (`memory_size`).
    pub memory_size: usize,
    /// Keys of intrusion detection systems that families are found among.
    pub fts_list_size: usize,
    /// Bytes that members of a family share at least.
    pub fts_min_size_for_str: usize,
    /// Packets that no decoder fits are events of a packet filter, and those
    /// that were decoded in part are completed (`packet_events`).
    pub packet_events: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { memory_size: 8192, fts_list_size: 32, fts_min_size_for_str: 14, packet_events: true }
    }
}

impl Ruleset {
    /// A ruleset from the bytes of an image and its lists, without places.
    pub fn new(bytes: Vec<u8>, lists: Vec<Option<List>>, settings: Settings) -> Result<Self, ImageError> {
        let tables = Arc::new(FastTables::build(&Image::load(&bytes)?.patterns));
        Ok(Self { bytes, tables, lists, atlas: None, settings })
    }

    /// The image, checked. Costs one pass over it: once a thread.
    pub fn image(&self) -> Image<'_> {
        match Image::load(&self.bytes) {
            Ok(image) => image,
            Err(error) => unreachable!("the image was sound when the ruleset was made: {error:?}"),
        }
    }

    /// Bytes of the image.
    pub fn image_size(&self) -> usize {
        self.bytes.len()
    }
}
