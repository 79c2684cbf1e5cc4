//! Where in the world addresses are.
//!
//! An [`Atlas`] is one or two databases in MaxMind's format (`.mmdb`), read
//! into memory; a [`Finder`] is what one thread asks, and remembers what it
//! was told. Rules see a place as the field `srcgeoip` or `dstgeoip`:
//! `ES / Madrid`, or `ES` where no region is known (OSSEC 4.3). Only addresses
//! of the Internet have a place.
//!
//! A database may be damaged: whatever cannot be read of it is not known.

use crate::sharing::special::is_special;
use bartizan_core::event::{Event, Field};
use maxminddb::{LookupResult, PathElement, Reader};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::Path;
use thiserror::Error;

/// Bytes of one database.
pub const DATABASE_MAX: u64 = 512 << 20;

/// Bytes of a name; a longer one is none.
const NAME_MAX: usize = 128;

/// Addresses whose places one thread remembers.
const REMEMBERED_MAX: usize = 4096;

/// Why there are no places.
#[derive(Debug, Error)]
pub enum AtlasError {
    /// It is not there, or cannot be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// It is too large.
    #[error("it has more than {} MiB", DATABASE_MAX >> 20)]
    Size,
    /// It is not in the format.
    #[error("it is no database of MaxMind's format ({0})")]
    Format(String),
}

/// Databases of places; the first one that knows an address counts.
#[derive(Debug, Default)]
pub struct Atlas {
    databases: Vec<Reader<Vec<u8>>>,
}

/// A place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The country, two letters of ISO 3166.
    pub country: &'a str,
    /// Its name in English, if the database has it.
    pub name: Option<&'a str>,
    /// The name of the region in English, if the database has it.
    pub region: Option<&'a str>,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.region {
            Some(region) => write!(f, "{} / {region}", self.country),
            None => f.write_str(self.country),
        }
    }
}

impl Atlas {
    /// Adds a database of a file.
    ///
    /// # Errors
    /// It cannot be read, or is none; the atlas is then as it was.
    pub fn add_file(&mut self, path: &Path) -> Result<(), AtlasError> {
        let mut bytes = Vec::new();
        File::open(path)?.take(DATABASE_MAX + 1).read_to_end(&mut bytes)?;
        self.add(bytes)
    }

    /// Adds a database.
    ///
    /// # Errors
    /// The bytes are none; the atlas is then as it was.
    pub fn add(&mut self, bytes: Vec<u8>) -> Result<(), AtlasError> {
        if bytes.len() as u64 > DATABASE_MAX {
            return Err(AtlasError::Size);
        }
        let database = Reader::from_source(bytes).map_err(|error| AtlasError::Format(error.to_string()))?;
        self.databases.push(database);
        Ok(())
    }

    /// The atlas, unless there is nothing in it.
    pub fn if_any(self) -> Option<Self> {
        (!self.databases.is_empty()).then_some(self)
    }

    /// The place of an address. Costs about a microsecond.
    pub fn find(&self, address: IpAddr) -> Option<Place<'_>> {
        let address = address.to_canonical();
        if is_special(address) {
            return None;
        }
        self.databases.iter().find_map(|database| place(&database.lookup(address).ok()?))
    }
}

fn place<'a>(found: &LookupResult<'a, Vec<u8>>) -> Option<Place<'a>> {
    use PathElement::{Index, Key};
    let country = name(found, &[Key("country"), Key("iso_code")])?;
    Some(Place {
        country: Some(country).filter(|code| code.len() == 2)?,
        name: name(found, &[Key("country"), Key("names"), Key("en")]),
        region: name(found, &[Key("subdivisions"), Index(0), Key("names"), Key("en")]),
    })
}

/// A name of a record, if it is one that can be shown.
fn name<'a>(found: &LookupResult<'a, Vec<u8>>, path: &[PathElement<'_>]) -> Option<&'a str> {
    let name: &str = found.decode_path(path).ok()??;
    let is_name = !name.is_empty() && name.len() <= NAME_MAX && !name.contains(char::is_control);
    is_name.then_some(name)
}

/// What one thread asks.
#[derive(Debug)]
pub struct Finder<'a> {
    atlas: &'a Atlas,
    known: HashMap<IpAddr, Option<Box<str>>>,
}

impl<'a> Finder<'a> {
    /// For one thread.
    pub fn new(atlas: &'a Atlas) -> Self {
        Self { atlas, known: HashMap::new() }
    }

    /// Sets the places of an event's addresses, unless they are set.
    pub fn locate(&mut self, event: &mut Event<'_>) {
        for (address, place) in [(Field::SrcIp, Field::SrcGeo), (Field::DstIp, Field::DstGeo)] {
            if event.value(place).is_set() {
                continue;
            }
            let Some(address) = event.field(address).and_then(read) else { continue };
            let Some(found) = self.find(address) else { continue };
            // An event whose values take all room goes without its place.
            if let Some(value) = event.compose(|side| side.extend_from_slice(found.as_bytes()).ok()) {
                event.set(place, value);
            }
        }
    }

    fn find(&mut self, address: IpAddr) -> Option<&str> {
        if self.known.len() >= REMEMBERED_MAX && !self.known.contains_key(&address) {
            self.known.clear();
        }
        let find = || self.atlas.find(address).map(|place| place.to_string().into());
        self.known.entry(address).or_insert_with(find).as_deref()
    }
}

fn read(address: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(address).ok()?.parse().ok()
}
