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
use crate::store::Needed;
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
    Ok(all)
}

/// The destinations of a daemon, and what makes reports for them.
#[derive(Debug)]
pub(super) struct Destinations {
    home: PathBuf,
    outbox: Outbox,
    reports: Schedule,
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
        let all = configured(&loaded.config, &installation(home, loaded))?;
        let outbox = Outbox::start(home, committed, needed, say, all);
        let outbox = outbox.map_err(|error| doing()(io::Error::other(error)))?;
        let reports = Schedule::start(home, loaded.config.mailed_reports()).map_err(doing())?;
        Ok(Self { home: home.to_owned(), outbox, reports })
    }

    /// The configuration has been read again. If its destinations cannot be
    /// served, those of before are.
    pub(super) fn configure(&mut self, loaded: &Loaded) {
        let all = configured(&loaded.config, &installation(&self.home, loaded));
        let done = all.map_err(|error| error.to_string());
        let done = done.and_then(|all| self.outbox.configure(all).map_err(|error| error.to_string()));
        if let Err(error) = done {
            news::tell(format_args!("destinations: {error}; the old ones stay"));
        }
        self.reports.configure(loaded.config.mailed_reports());
    }

    /// Ends within about a second, but for a report that is just made.
    pub(super) fn finish(self) {
        self.reports.finish();
        self.outbox.finish();
    }
}

/// Where scripts lie.
fn installation(home: &Path, loaded: &Loaded) -> Home {
    Home::new(loaded.home.as_deref().unwrap_or(home))
}
