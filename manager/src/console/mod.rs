//! The console: pages in a browser, and the same for programs.
//!
//! | room | what happens there |
//! |---|---|
//! | `server` | connections, with limits on all of them |
//! | `tls` | certificate and key |
//! | [`route`] | the table of all addresses |
//! | `guard` | who may pass, and what every answer carries |
//! | `accounts` | users and tokens |
//! | `password` | their digests |
//! | `sessions` | who is logged in |
//! | `attempts` | who has tried too often |
//! | `first`, `login` | the first user; in and out |
//! | [`viewer`] | who looks |
//! | [`shell`] | the frame of a page |
//! | `assets` | style and scripts |
//! | `pages` | the pages |
//! | [`pulse`], [`live`] | what happens now |
//! | `readers` | questions to databases |
//! | `metrics` | counts for Prometheus |
//! | [`failure`] | why not |
//!
//! The daemon never waits for the console: it tells a few numbers, and hears
//! wishes through the desk and the hub like those of the command line.

mod accounts;
mod assets;
mod attempts;
pub mod failure;
mod first;
mod guard;
pub mod live;
mod login;
mod metrics;
mod pages;
mod password;
pub mod pulse;
mod readers;
pub mod route;
mod server;
mod sessions;
pub mod shell;
mod tls;
pub mod viewer;

pub use accounts::Accounts;
pub use failure::Failure;
pub use live::Live;
pub use pulse::Pulse;
pub use route::{Needs, Route};
pub use server::Server;
pub use viewer::{Role, Viewer};

use crate::agents::hub::Hub;
use crate::news;
use crate::outbox::Committed;
use crate::respond::desk::Desk;
use crate::ruleset::Loaded;
use crate::store::{Reader, StoreError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What all pages share.
#[derive(Debug)]
pub struct Console {
    home: PathBuf,
    hub: Arc<Hub>,
    desk: Desk,
    rules: Mutex<Arc<Loaded>>,
    pulse: Arc<Pulse>,
    readers: Readers,
}

impl Console {
    /// The home folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Agents, and what the daemon says of itself.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Where wishes about responses go.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The rules that are in use.
    pub fn rules(&self) -> Arc<Loaded> {
        Arc::clone(&self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts since the start.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// A live view; none if too many look on.
    pub fn live(&self) -> Option<Live>;

    /// Whether somebody who passed the guard some time ago still would: for
    /// answers that take long.
    pub async fn is_still_in(&self, viewer: &Viewer) -> bool;

    /// Asks the store.
    pub async fn reader<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure>;

    /// Asks anything else that may take a while: other databases, files,
    /// rules that are tried.
    pub async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Console) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure>;

    /// Tells that somebody did something: `admin undid response 7`.
    pub fn did(&self, viewer: &Viewer, what: std::fmt::Arguments<'_>) {
        news::tell(format_args!("console: {} {what}", viewer.name));
    }
}
