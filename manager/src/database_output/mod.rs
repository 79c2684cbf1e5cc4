//! Alerts into a database of PostgreSQL, MySQL or MariaDB, in the tables that
//! tools for OSSEC 4.3 read.
//!
//! | room | what happens there |
//! |---|---|
//! | `rows` | what of an alert goes into the tables |
//! | `tables` | the tables: made if there are none, looked at if there are |
//! | `writing` | one parcel, in one transaction |
//! | `session` | a connection to either kind of server |
//!
//! A parcel's number is written in the transaction that writes its rows, so a
//! parcel whose confirmation was lost is not written twice.

mod rows;
mod session;
mod tables;
mod writing;

use crate::config::{DatabaseOutput, Selection, Terms};
use crate::outbox::{Configured, Content, Destination, Failure, Parcel};
use rows::Row;
use session::{Session, Trouble};
use writing::Writing;

/// Alerts of one transaction.
const PARCEL_MAX: usize = 256;

/// The databases that are configured: they get every alert, at once. `server`
/// is the name of this manager.
pub fn destinations(databases: &[DatabaseOutput], server: &str) -> Vec<Configured> {
    let one = |options: &DatabaseOutput| Configured {
        name: options.name(),
        kind: options.kind.word(),
        wants: vec![Selection::default()],
        terms: Terms::default(),
        destination: Box::new(Database::new(options.clone(), server)),
    };
    databases.iter().map(one).collect()
}

/// A database that alerts are written to.
#[derive(Debug)]
pub struct Database {
    options: DatabaseOutput,
    /// Name of this manager: a row of the table `server`.
    server: String,
    open: Option<(Session, Writing)>,
}

impl Database {
    /// A database by its configuration. Connects when there is something to
    /// write.
    pub fn new(options: DatabaseOutput, server: &str) -> Self {
        Self { options, server: server.to_owned(), open: None }
    }

    fn write(&mut self, parcel: &Parcel) -> Result<(), Trouble> {
        let rows: Vec<Row> = postcard::from_bytes(&parcel.payload)
            .map_err(|_| Trouble::Refused("a damaged parcel".to_owned()))?;
        if self.open.is_none() {
            let mut session = Session::open(&self.options)?;
            let writing = Writing::begin(&mut session, &self.server)?;
            self.open = Some((session, writing));
        }
        let Some((session, writing)) = &mut self.open else { return Ok(()) };
        writing.write(session, &parcel.id, &rows)
    }
}

impl Destination for Database {
    fn parcel_max(&self) -> usize {
        PARCEL_MAX
    }

    fn render(&self, _id: &str, content: &Content) -> Vec<u8> {
        let rows: Vec<_> = content.alerts.iter().map(|entry| Row::new(&entry.alert())).collect();
        // Rows have a length, so this cannot fail.
        postcard::to_extend(&rows, Vec::new()).unwrap_or_default()
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        self.write(parcel).map_err(|trouble| {
            // What was begun is undone by the server when the connection goes.
            self.open = None;
            match trouble {
                Trouble::Refused(text) => Failure::Permanent(text),
                Trouble::Passing(text) => Failure::Temporary(text, None),
            }
        })
    }
}
