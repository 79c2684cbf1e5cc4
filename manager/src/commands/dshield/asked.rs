//! What a call asks for: options of the command line go before what is
//! configured.

use super::super::moment::moment;
use super::{CommandError, DshieldArguments, NAME};
use crate::config::sharing::{LINES, SPLIT, is_authkey, is_plain_address};
use crate::config::{Config, Secret, Sharing, ToldTo};
use crate::integrations::http::Server;
use crate::mail::Route;
use crate::mail::account::full_host;
use crate::mail::message::domain;
use crate::respond::allow::AllowList;
use crate::sharing::configured::{self, OWN_LOG};
use crate::sharing::dshield::{ADDRESS, Mailed, Posted, URL};
use crate::sharing::hit::Scope;
use crate::sharing::service::Service;
use crate::sharing::{LogFile, Plan, PortList, zone};
use crate::sources::epoch_now;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(45);

/// Parcels of one call, within those that may wait at once.
const PARCELS: usize = 50;

impl DshieldArguments {
    pub(super) fn zone(&self) -> Result<TimeZone, CommandError> {
        let Some(text) = &self.timezone else { return Ok(TimeZone::system()) };
        let wrong = || CommandError::Usage("--timezone takes Europe/Berlin, UTC or +01:00".to_owned());
        zone::read(text).ok_or_else(wrong)
    }

    /// What is said here goes before what is configured.
    pub(super) fn plan(&self, config: &Config, home: &Path) -> Result<Plan, CommandError> {
        let of_dshield =
            |one: &&Sharing| matches!(one.told, ToldTo::DShieldMail { .. } | ToldTo::DShieldHttp { .. });
        let configured = config.sharing.iter().find(of_dshield);
        let base = configured.map(|one| configured::plan(one, config, home)).transpose();
        let base = base.map_err(CommandError::Rules)?;
        let configured_zone = configured.and_then(|one| one.zone.clone());
        let zone = match (&self.timezone, configured_zone) {
            (None, Some(zone)) => zone,
            _ => self.zone()?,
        };
        let mut plan = base.unwrap_or_else(|| Plan {
            name: NAME.to_owned(),
            logs: vec![LogFile { path: home.join(OWN_LOG), zone: zone.clone() }],
            devices: Vec::new(),
            scope: Scope { allowed: AllowList::new(&config.global.allow_list), ..Scope::default() },
            since: None,
            first_s: None,
            obfuscate: false,
            service: Arc::new(self.mailed(None, config, &zone)),
        });
        if !self.log.is_empty() {
            plan.logs =
                self.log.iter().map(|path| LogFile { path: absolute(path), zone: zone.clone() }).collect();
            plan.first_s = None;
        } else if self.timezone.is_some() {
            plan.logs.iter_mut().for_each(|log| log.zone = zone.clone());
        }
        if let Some(ports) = &self.ports {
            plan.scope.ports =
                PortList::parse(ports).map_err(|why| CommandError::Usage(format!("--ports: {why}")))?;
        }
        plan.obfuscate |= self.obfuscate;
        plan.since = self.since.as_deref().map(|text| moment(text, epoch_now())).transpose()?;
        plan.service = self.service(configured, config, &zone)?;
        Ok(plan)
    }

    /// Who is told, and as whom: a person must have said it.
    fn service(
        &self,
        configured: Option<&Sharing>,
        config: &Config,
        zone: &TimeZone,
    ) -> Result<Arc<dyn Service>, CommandError> {
        let is_agreed = self.userid.is_some() || configured.is_some_and(|one| one.consent);
        if !self.test && !is_agreed {
            return Err(CommandError::Usage(missing(configured)));
        }
        let is_http = self.http.is_some()
            || self.mta.is_none()
                && configured.is_some_and(|one| matches!(one.told, ToldTo::DShieldHttp { .. }));
        if is_http {
            return Ok(Arc::new(self.posted(configured)?));
        }
        let mut mailed = self.mailed(configured, config, zone);
        if let Some(path) = &self.authkey_file {
            mailed.authkey = Some(secret(path)?);
        }
        if mailed.authkey.as_ref().is_some_and(|key| !is_authkey(key.reveal())) {
            return Err(CommandError::Usage("the key takes letters and digits, without blanks".to_owned()));
        }
        if !self.test {
            let says = |what: &str| CommandError::Usage(what.to_owned());
            if mailed.from.is_empty() {
                return Err(says("say --from: the address that is registered at DShield with your number"));
            }
            if mailed.route.is_none() {
                return Err(says("say --mta: the mail server, such as localhost"));
            }
        }
        for address in [&mailed.from, &mailed.to] {
            if !address.is_empty() && !is_plain_address(address) {
                let shown: String = address.escape_default().collect();
                return Err(CommandError::Usage(format!("`{shown}` is not a mail address")));
            }
        }
        Ok(Arc::new(mailed))
    }

    fn mailed(&self, configured: Option<&Sharing>, config: &Config, zone: &TimeZone) -> Mailed {
        let (user_id, from, to, authkey) = match configured.map(|one| one.told.clone()) {
            Some(ToldTo::DShieldMail { user_id, from, to, authkey }) => (user_id, from, to, authkey),
            Some(ToldTo::DShieldHttp { user_id, .. }) => (user_id, String::new(), None, None),
            _ => (0, String::new(), None, None),
        };
        let mta = self.mta.as_deref().filter(|mta| !mta.is_empty());
        Mailed {
            user_id: self.userid.unwrap_or(user_id),
            from: self.from.clone().unwrap_or(from),
            to: self.to.clone().or(to).unwrap_or_else(|| ADDRESS.to_owned()),
            authkey,
            route: mta.map(Route::named).or_else(|| Route::configured(config)),
            zone: zone.clone(),
            host: domain(&full_host()),
            split: self.split(configured),
            max_lines: self.max_lines(configured),
        }
    }

    fn posted(&self, configured: Option<&Sharing>) -> Result<Posted, CommandError> {
        let (user_id, key, url) = match configured.map(|one| one.told.clone()) {
            Some(ToldTo::DShieldHttp { user_id, api_key, url }) => (user_id, Some(api_key), url),
            Some(ToldTo::DShieldMail { user_id, .. }) => (user_id, None, None),
            _ => (0, None, None),
        };
        let key = self.api_key_file.as_deref().map(secret).transpose()?.or(key);
        let key = key.or_else(|| self.test.then(Secret::default));
        let needs =
            || CommandError::Usage("say --api-key-file: the file with the key of your account".to_owned());
        let url =
            self.http.clone().or(url.map(|url| url.reveal().to_owned())).unwrap_or_else(|| URL.to_owned());
        let ca = configured.and_then(|one| one.tls_ca.as_deref());
        Ok(Posted {
            user_id: self.userid.unwrap_or(user_id),
            api_key: key.ok_or_else(needs)?,
            server: Server::new(&url, TIMEOUT, ca).map_err(CommandError::Usage)?,
            split: self.split(configured),
            max_lines: self.max_lines(configured),
        })
    }

    fn split(&self, configured: Option<&Sharing>) -> usize {
        let usual = configured.map_or(SPLIT, |one| one.split);
        // No more mails than may wait at once.
        let least = self.max_lines(configured).div_ceil(PARCELS);
        (self.split.unwrap_or(usual) as usize).max(least)
    }

    fn max_lines(&self, configured: Option<&Sharing>) -> usize {
        let usual = configured.map_or(LINES, |one| one.max_lines);
        self.max_lines.unwrap_or(usual) as usize
    }
}

/// The plan of a configured service.
pub(super) fn share(id: &str, config: &Config, home: &Path) -> Result<Plan, CommandError> {
    let Some(sharing) = config.sharing.iter().find(|one| one.id == id) else {
        let known: Vec<_> = config.sharing.iter().map(|one| one.id.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(CommandError::Usage(format!("no <share> is called `{id}`; there is {known}")));
    };
    configured::plan(sharing, config, home).map_err(CommandError::Rules)
}

fn missing(configured: Option<&Sharing>) -> String {
    match configured {
        Some(_) => "<dshield> has no consent: write <consent>yes</consent> in it, or say --userid and --from",
        None => {
            "nothing is sent before you say as whom: --userid (your number at DShield, 0 for nobody), --from \
             (your address there) and --mta (the mail server); --test shows what would be sent"
        }
    }
    .to_owned()
}

/// A key in a file that others cannot read.
fn secret(path: &Path) -> Result<Secret, CommandError> {
    Secret::from_file(path)
        .map_err(|(why, help)| CommandError::Usage(format!("{}: {why}: {help}", path.display())))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
