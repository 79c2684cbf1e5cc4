//! Everybody who is told of alerts, as configured: for the daemon, which
//! serves them, and for `bartizan integrations`.

use super::{CommandError, local_host};
use crate::agents::hub::Hub;
use crate::config::{Config, Home};
use crate::database_output;
use crate::integrations;
use crate::mail;
use crate::news;
use crate::outbox::engine::{PLACE, Say};
use crate::outbox::{Committed, Configured, Outbox};
use crate::report::schedule::Schedule;
use crate::ruleset::Loaded;
use crate::sharing::configured::{Scheduled, plans};
use crate::sharing::schedule::Schedule as Rounds;
use crate::store::Needed;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All destinations: who is mailed, who gets reports by mail, integrations,
/// syslog servers and databases.
pub(super) fn configured(config: &Config, home: &Home) -> Result<Vec<Configured>, CommandError> {
    let mut all = mail::destinations(config);
    for address in config.reports.iter().flat_map(|report| &report.email_to) {
        let known = |new: &Configured| all.iter().any(|one| one.name == new.name);
        if let Some(new) = mail::destination_of(config, address).filter(|new| !known(new)) {
            all.push(new);
        }
    }
    all.extend(integrations::configured(config, home).map_err(CommandError::Rules)?);
    all.extend(database_output::destinations(&config.databases, &local_host()));
    let shares = plans(config, home.folder()).map_err(CommandError::Rules)?;
    all.extend(shares.iter().map(|(plan, _)| plan.destination()));
    Ok(all)
}

/// The destinations of a daemon, and what makes reports for them.
#[derive(Debug)]
pub(super) struct Destinations {
    home: PathBuf,
    outbox: Outbox,
    reports: Schedule,
    rounds: Rounds,
    sharing: Option<File>,
}

impl Destinations {
    /// Serves what is configured: what is committed is sent, and what is still
    /// needed is said. Events go to the hub.
    pub(super) fn start(
        home: &Path,
        loaded: &Loaded,
        (committed, needed): (Committed, Needed),
        hub: &Arc<Hub>,
    ) -> Result<Self, CommandError> {
        let doing = || CommandError::io(format!("cannot serve destinations from {}", home.display()));
        let hub = Arc::clone(hub);
        let say: Say = Arc::new(move |text| hub.note(PLACE.as_bytes(), text));
        let sharing = lock(home, &loaded.config).map_err(doing())?;
        let all = configured(&loaded.config, &installation(home, loaded))?;
        let outbox = Outbox::start(home, committed, needed, say, all);
        let outbox = outbox.map_err(|error| doing()(io::Error::other(error)))?;
        let reports = Schedule::start(home, loaded.config.mailed_reports()).map_err(doing())?;
        let rounds = Rounds::start(home, rounds(home, &loaded.config)).map_err(doing())?;
        Ok(Self { home: home.to_owned(), outbox, reports, rounds, sharing })
    }

    /// The configuration has been read again. If its destinations cannot be
    /// served, those of before are.
    pub(super) fn configure(&mut self, loaded: &Loaded) {
        if self.sharing.is_none() {
            self.sharing = lock(&self.home, &loaded.config).unwrap_or_default();
        }
        let all = configured(&loaded.config, &installation(&self.home, loaded));
        let done = all.map_err(|error| error.to_string());
        let done = done.and_then(|all| self.outbox.configure(all).map_err(|error| error.to_string()));
        if let Err(error) = done {
            news::tell(format_args!("destinations: {error}; the old ones stay"));
        }
        self.reports.configure(loaded.config.mailed_reports());
        self.rounds.configure(rounds(&self.home, &loaded.config));
    }

    /// Ends within about a second, but for a report that is just made.
    pub(super) fn finish(self) {
        self.rounds.finish();
        self.reports.finish();
        self.outbox.finish();
    }
}

/// While somebody is told of refused packets, nobody else may use the same
/// state: what is just sent by a command is waited for.
fn lock(home: &Path, config: &Config) -> io::Result<Option<File>> {
    if !config.sharing.iter().any(|sharing| sharing.consent) {
        return Ok(None);
    }
    let file = File::create(home.join("sharing.lock"))?;
    if file.try_lock().is_err() {
        news::tell("`bartizan dshield` is sending; its end is waited for");
        file.lock()?;
    }
    Ok(Some(file))
}

/// Rounds to be made; none if that cannot be, which is said.
fn rounds(home: &Path, config: &Config) -> Vec<Scheduled> {
    plans(config, home).unwrap_or_else(|why| {
        news::tell(why);
        Vec::new()
    })
}

/// Where scripts lie.
fn installation(home: &Path, loaded: &Loaded) -> Home {
    Home::new(loaded.home.as_deref().unwrap_or(home))
}
