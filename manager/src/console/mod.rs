//! The console: pages in a browser, and the same for programs.
//!
//! | room | what happens there |
//! |---|---|
//! | `server` | connections, with limits on all of them |
//! | `tls` | certificate and key |
//! | [`route`] | the table of all addresses |
//! | `front` | where it is reached: names and cookies |
//! | `guard` | who may pass, and what every answer carries |
//! | [`accounts`] | users and tokens |
//! | [`password`], `secret` | what is kept of passwords and random texts |
//! | `sessions` | who is logged in |
//! | `attempts` | who has tried too often |
//! | `first`, `login`, `account` | the first user; in and out; another password |
//! | [`viewer`] | who looks |
//! | [`shell`] | the frame of a page |
//! | `assets` | style and scripts |
//! | [`view`] | what is told, as plain values |
//! | `query` | what is asked in the address bar |
//! | `pages` | that as pages |
//! | `api` | the same as JSON, and its description |
//! | [`pulse`], [`live`] | what happens now |
//! | `readers` | questions to databases |
//! | `metrics` | counts for Prometheus |
//! | [`failure`] | why not |
//! | [`exercise()`] | all that strangers write, for fuzzing |
//!
//! The daemon never waits for the console: it tells a few numbers, and hears
//! wishes through the desk and the hub like those of the command line.

mod account;
pub mod accounts;
mod api;
pub mod assets;
mod attempts;
mod exercise;
pub mod failure;
mod first;
mod front;
mod guard;
pub mod live;
mod login;
mod metrics;
mod pages;
pub mod password;
pub mod pulse;
mod query;
mod readers;
pub mod route;
mod secret;
mod server;
mod sessions;
pub mod shell;
mod tls;
pub mod view;
pub mod viewer;

pub use accounts::Accounts;
pub use exercise::exercise;
pub use failure::Failure;
pub use live::Live;
pub use pulse::Pulse;
pub use route::{Needs, Route};
pub use server::{Server, StartError};
pub use viewer::{Role, Viewer};

use crate::agents::hub::Hub;
use crate::diagnose::harmless_text;
use crate::news;
use crate::outbox::Committed;
use crate::respond::desk::Desk;
use crate::ruleset::Loaded;
use crate::sources::epoch_now;
use crate::store::{Reader, StoreError};
use attempts::Attempts;
use axum::http::header::HeaderValue;
use front::Front;
use login::Counter;
use readers::Readers;
use secret::Key;
use sessions::{Session, Sessions};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{Semaphore, watch};
use view::rules::Rulebook;
use viewer::By;

/// What the rest of the daemon lends to the console.
#[derive(Debug)]
pub struct Daemon {
    /// The home folder.
    pub home: PathBuf,
    /// Agents.
    pub hub: Arc<Hub>,
    /// Responses.
    pub desk: Desk,
    /// The rules.
    pub rules: Arc<Loaded>,
    /// What is counted.
    pub pulse: Arc<Pulse>,
    /// How far alerts are committed.
    pub committed: Committed,
}

/// What all pages share.
#[derive(Debug)]
pub struct Console {
    home: PathBuf,
    hub: Arc<Hub>,
    desk: Desk,
    rules: Mutex<Arc<Rulebook>>,
    pulse: Arc<Pulse>,
    committed: watch::Receiver<u64>,
    readers: Readers,
    front: Front,
    accounts: Mutex<Accounts>,
    sessions: Mutex<Sessions>,
    attempts: Mutex<Attempts>,
    counter: Counter,
    /// What lets somebody name the first user, while there is none.
    first_key: Mutex<Option<String>>,
    viewers: Arc<Semaphore>,
    stopped: watch::Sender<bool>,
    began: Instant,
}

/// What a mutex holds.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves nothing half done in any of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Console {
    fn new(daemon: Daemon, front: Front, accounts: Accounts, first_key: Option<String>) -> Self {
        Self {
            readers: Readers::new(daemon.home.clone()),
            home: daemon.home,
            hub: daemon.hub,
            desk: daemon.desk,
            rules: Mutex::new(Arc::new(Rulebook::new(daemon.rules))),
            pulse: daemon.pulse,
            committed: daemon.committed.watch(),
            front,
            accounts: Mutex::new(accounts),
            sessions: Mutex::default(),
            attempts: Mutex::default(),
            counter: Counter::default(),
            first_key: Mutex::new(first_key),
            viewers: Arc::new(Semaphore::new(live::VIEWERS_MAX)),
            stopped: watch::Sender::new(false),
            began: Instant::now(),
        }
    }

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
    pub fn rules(&self) -> Arc<Rulebook> {
        Arc::clone(&lock(&self.rules))
    }

    /// Counts since the start.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// A live view; none if too many look on.
    pub fn live(&self) -> Option<Live> {
        let place = Arc::clone(&self.viewers).try_acquire_owned().ok()?;
        Some(Live { committed: self.committed.clone(), stopped: self.stopped.subscribe(), _place: place })
    }

    /// Whether somebody who passed the guard some time ago still would: for
    /// answers that take long. It does not count as use of a session.
    pub async fn is_still_in(self: &Arc<Self>, viewer: &Viewer) -> bool {
        let now = match &viewer.by {
            By::Session { key, .. } => {
                let Some(session) = self.sessions().seen(key, self.clock()) else { return false };
                self.of_session(*key, session).await
            }
            By::Token => {
                let name = viewer.name.clone();
                let role = self.accounts(move |accounts, _| Ok(accounts.token_role(&name)?)).await;
                role.map(|role| role.map(|role| Viewer { role, ..viewer.clone() }))
            }
        };
        now.is_ok_and(|now| now.as_ref() == Some(viewer))
    }

    /// Asks the store, which has a bounded time for it.
    pub async fn reader<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        let console = Arc::clone(self);
        let ask = move || {
            let mut reader = console.readers.take()?;
            let answer = question(&mut reader).map_err(Failure::of_store)?;
            console.readers.give_back(reader);
            Ok(answer)
        };
        self.readers.ask(ask).await
    }

    /// Asks anything else that may take a while: other databases, files,
    /// rules that are tried.
    pub async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Console) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let console = Arc::clone(self);
        self.readers.ask(move || question(&console)).await
    }

    /// Tells that somebody did something: `console: ada undid response 7`.
    pub fn did(&self, viewer: &Viewer, what: std::fmt::Arguments<'_>) {
        news::tell(format_args!("console: {} {}", viewer.name, harmless_text(&what.to_string())));
    }

    /// Asks the accounts, with the time in seconds since 1970.
    async fn accounts<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&mut Accounts, i64) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let console = Arc::clone(self);
        tokio::task::spawn_blocking(move || question(&mut console.accounts_now(), epoch_now())).await?
    }

    /// The accounts, for a thread that may wait.
    fn accounts_now(&self) -> MutexGuard<'_, Accounts> {
        lock(&self.accounts)
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.sessions)
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        lock(&self.attempts)
    }

    /// Seconds of a clock that nobody sets.
    fn clock(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    /// Who has a session: nobody, if the user is gone or has a new password.
    async fn of_session(self: &Arc<Self>, key: Key, session: Session) -> Result<Option<Viewer>, Failure> {
        let Session { name, password, form, .. } = session;
        let user = name.clone();
        let found = self.accounts(move |accounts, _| Ok(accounts.user(&user)?)).await?;
        let Some((role, _)) = found.filter(|(_, digest)| *digest == password) else {
            self.sessions().end(&key);
            return Ok(None);
        };
        Ok(Some(Viewer { name, role, by: By::Session { key, form } }))
    }

    /// Begins a session; gives the header for the browser.
    fn begin_session(&self, name: &str, password: &str) -> Result<HeaderValue, Failure> {
        let cookie = self.sessions().begin(name, password, self.clock())?;
        Ok(HeaderValue::try_from(self.front.set_cookie(&cookie))?)
    }

    /// Whether this key lets somebody name the first user.
    fn has_first_key(&self, key: &str) -> bool {
        lock(&self.first_key).as_deref().is_some_and(|known| secret::is_same(known, key))
    }

    /// There is a user: the key is void.
    fn first_is_named(&self) {
        if lock(&self.first_key).take().is_some() {
            first::remove_key(&self.home);
        }
    }
}
