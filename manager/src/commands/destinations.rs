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
use crate::sharing;
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
    let plans = sharing::configured::plans(config, home.folder()).map_err(CommandError::Rules)?;
    all.extend(plans.iter().map(|(plan, _)| plan.destination()));
    Ok(all)
}

/// The destinations of a daemon, and what makes reports for them.
#[derive(Debug)]
pub(super) struct Destinations {
    home: PathBuf,
    outbox: Outbox,
    reports: Schedule,
    shares: Shares,
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
        let shares = Shares::start(home, &loaded.config).map_err(doing())?;
        Ok(Self { home: home.to_owned(), outbox, reports, shares })
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
        self.shares.configure(&self.home, &loaded.config);
    }

    /// Ends within about a second, but for a report that is just made.
    pub(super) fn finish(self) {
        self.shares.schedule.finish();
        self.reports.finish();
        self.outbox.finish();
    }
}

/// Who is told of refused packets. While there is somebody, nobody else may
/// use the same state.
#[derive(Debug)]
struct Shares {
    schedule: sharing::schedule::Schedule,
    lock: Option<File>,
}

impl Shares {
    fn start(home: &Path, config: &Config) -> io::Result<Self> {
        let schedule = sharing::schedule::Schedule::start(home, Vec::new())?;
        let mut shares = Self { schedule, lock: None };
        shares.configure(home, config);
        Ok(shares)
    }

    fn configure(&mut self, home: &Path, config: &Config) {
        match sharing::configured::plans(config, home) {
            Ok(plans) if plans.is_empty() => {
                self.schedule.configure(plans);
                self.lock = None;
            }
            Ok(plans) => {
                if self.lock.is_none() {
                    self.lock =
                        File::create(home.join("sharing.lock")).ok().filter(|file| file.lock().is_ok());
                }
                self.schedule.configure(plans);
            }
            Err(why) => news::tell(why),
        }
    }
}

/// Where scripts lie.
fn installation(home: &Path, loaded: &Loaded) -> Home {
    Home::new(loaded.home.as_deref().unwrap_or(home))
}
