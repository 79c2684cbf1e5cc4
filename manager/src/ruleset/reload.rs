//! Other rules while those in use judge.
//!
//! A thread reads them, compiles them, looks for rules that can never fire and
//! runs the tests that the configuration names; the analysis knows nothing of
//! it. What has passed is handed to the feed, which ends between two events;
//! whoever runs the analysis puts it in place, says so, and goes on. If
//! anything is wrong, the rules in use stay, and it is shown why.

use super::change::Change;
use super::edition::Edition;
use super::{Loaded, RulesFrom, load, proof};
use crate::diagnose::{Colour, Diagnostics, Sources};
use crate::news;
use crate::plural::counted;
use crate::sources::epoch_now;
use crate::workshop::catalog::Catalog;
use crate::workshop::lint;
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// How often the thread looks whether a signal has come.
const LOOK: Duration = Duration::from_millis(50);

/// What the thread is asked for.
#[derive(Debug)]
enum Asked {
    Reload(oneshot::Sender<Value>),
    Status(oneshot::Sender<Value>),
}

/// A way to ask; all clones lead to the same thread.
#[derive(Clone, Debug)]
pub struct Reloads {
    to: Sender<Asked>,
    soon: Arc<AtomicBool>,
}

/// The other end of it.
#[derive(Debug)]
pub struct Inbox {
    asked: Receiver<Asked>,
    soon: Arc<AtomicBool>,
}

impl Reloads {
    /// A way to ask, and its other end. Who sets the flag asks for a reload
    /// without waiting for the answer.
    pub fn new(soon: Arc<AtomicBool>) -> (Self, Inbox) {
        let (to, asked) = channel();
        (Self { to, soon: Arc::clone(&soon) }, Inbox { asked, soon })
    }

    /// Asks for a reload, and does not wait.
    pub fn soon(&self) {
        self.soon.store(true, Relaxed);
    }

    /// Asks for a reload: what has become of it.
    pub async fn reload(&self) -> Value {
        self.ask(Asked::Reload).await
    }

    /// Asks how the rules in use stand to those on disk.
    pub async fn status(&self) -> Value {
        self.ask(Asked::Status).await
    }

    async fn ask(&self, what: fn(oneshot::Sender<Value>) -> Asked) -> Value {
        let (answer, answered) = oneshot::channel();
        let _ = self.to.send(what(answer));
        answered.await.unwrap_or_else(|_| stopping())
    }
}

fn stopping() -> Value {
    json!({ "ok": false, "error": "the program is about to stop" })
}

/// Rules that are to take the place of those in use.
#[derive(Debug)]
pub struct Next {
    /// The rules.
    pub loaded: Loaded,
    /// What is different about them.
    pub change: Change,
    /// To be told that they are in place, and how long events had to wait.
    pub in_place: SyncSender<Duration>,
}

/// Starts the thread. `loaded` is what is in use, with its texts; the rules to
/// come are read from the same place. It ends when nobody can ask any more.
///
/// # Errors
/// There can be no more threads.
pub fn start(from: RulesFrom, loaded: &Loaded, inbox: Inbox) -> io::Result<Receiver<Next>> {
    let (to_feed, next) = sync_channel(1);
    let running = Edition::new(loaded, &loaded.texts);
    let reloader = Reloader { from, running, last: Value::Null, to_feed, inbox };
    thread::Builder::new().name("reload".to_owned()).spawn(move || reloader.serve())?;
    Ok(next)
}

struct Reloader {
    from: RulesFrom,
    running: Edition,
    /// When the last reload was, and what was wrong with it.
    last: Value,
    to_feed: SyncSender<Next>,
    inbox: Inbox,
}

impl Reloader {
    fn serve(mut self) {
        loop {
            match self.inbox.asked.recv_timeout(LOOK) {
                // An asker who has gone away is no matter.
                Ok(Asked::Reload(answer)) => drop(answer.send(self.reload())),
                Ok(Asked::Status(answer)) => drop(answer.send(self.status())),
                Err(RecvTimeoutError::Timeout) if self.inbox.soon.swap(false, Relaxed) => drop(self.reload()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Reads the rules and puts them in place, or says why not.
    fn reload(&mut self) -> Value {
        let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
        let proven = read_and_prove(&self.from, &mut sources, &mut report);
        news::show(&report.render(&sources, Colour::for_stderr()));
        let problems = report.render(&sources, Colour::None);
        let Some(mut proven) = proven else {
            let error = format!("the rules cannot be used: {}; the old ones stay in use", report.summary());
            news::tell(&error);
            self.last = json!({ "at": epoch_now(), "ok": false, "error": error, "problems": problems });
            return json!({ "ok": false, "error": error, "problems": problems });
        };
        proven.loaded.texts = sources;
        let Some(mut answer) = self.replace(proven) else { return stopping() };
        answer["problems"] = problems.into();
        self.last = json!({ "at": epoch_now(), "ok": true });
        answer
    }

    /// Hands rules over, and waits until they are in place; `None` if that
    /// does not happen any more.
    fn replace(&mut self, proven: Proven) -> Option<Value> {
        let Proven { loaded, edition, tests } = proven;
        let change = Change::between(&self.running.rules, &edition.rules);
        let mut answer = edition.json();
        answer["ok"] = true.into();
        answer["tests"] = tests.into();
        answer["change"] = change.json();
        let (in_place, waits) = sync_channel(1);
        self.to_feed.send(Next { loaded, change, in_place }).ok()?;
        let waited = waits.recv().ok()?;
        answer["waited_us"] = (waited.as_micros() as u64).into();
        news::tell(format_args!("{} read again", counted(edition.rules.len(), "rule", "rules")));
        self.running = edition;
        Some(answer)
    }

    /// How the rules in use stand to those on disk, which are read for that
    /// and not used.
    fn status(&self) -> Value {
        let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
        let loaded = load(&self.from, &mut sources, &mut report);
        let files = self.running.files_changed(&sources);
        let mut status =
            json!({ "ok": true, "running": self.running.json(), "last": self.last, "files": files });
        match loaded {
            Some(loaded) => {
                let disk = Edition::new(&loaded, &sources);
                status["disk"] = disk.json();
                status["change"] = Change::between(&self.running.rules, &disk.rules).json();
            }
            None => {
                let problems = report.render(&sources, Colour::None);
                status["disk"] = json!({ "error": report.summary(), "problems": problems });
            }
        }
        status
    }
}

/// Rules in which nothing is wrong.
struct Proven {
    loaded: Loaded,
    edition: Edition,
    /// Cases that they have passed.
    tests: usize,
}

fn read_and_prove(from: &RulesFrom, sources: &mut Sources, report: &mut Diagnostics) -> Option<Proven> {
    let loaded = load(from, sources, report)?;
    let edition = Edition::new(&loaded, sources);
    lint::lint(&Catalog::new(&loaded, sources), report);
    let tests = proof::prove(&loaded, sources, report);
    (!report.has_errors()).then_some(Proven { loaded, edition, tests })
}
