//! `bartizan dshield`: refused packets, reported to DShield.

mod shown;

use super::moment::moment;
use super::{CommandError, configuration, home_folder, print};
use crate::config::email::is_address;
use crate::config::sharing::is_authkey;
use crate::config::{Config, Secret, Sharing, ToldTo};
use crate::integrations::http::Server;
use crate::mail::Route;
use crate::mail::account::full_host;
use crate::mail::message::domain;
use crate::news;
use crate::outbox::engine::Courier;
use crate::outbox::{Failure, Queue};
use crate::respond::allow::AllowList;
use crate::sharing::configured::{self, OWN_LOG};
use crate::sharing::dshield::{ADDRESS, Mailed, Posted, URL};
use crate::sharing::hit::Scope;
use crate::sharing::service::Service;
use crate::sharing::statefile::{self, Found, StateError};
use crate::sharing::{LogFile, Plan, PortList, Round, zone};
use crate::sources::disk::LocalDisk;
use crate::sources::epoch_now;
use clap::Args;
use jiff::tz::TimeZone;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// What the queue calls it when the command line says all.
const NAME: &str = "dshield";

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(45);

/// Seconds between two mails that DShield asks for, but for what cron is late.
const HOUR_S: i64 = 3300;

/// Report refused packets to DShield.
///
/// Takes the options of ossec2dshield. Packets that were dropped or rejected
/// are read from a firewall.log, or from any log of a packet filter, over
/// rotations; what is alike is merged, and each line is sent once. How far it
/// has come is kept in the state file, or in the home folder.
///
/// Nothing is sent without --userid and --from, or a <dshield> in the
/// configuration that has your consent. DShield asks for one mail an hour at
/// most: an hourly crontab line does it.
///
/// Exit codes: 0 all is sent, or there was nothing; 1 it was not taken and is
/// tried again by the next call; 2 something is missing; 3 a file failed.
#[derive(Args, Debug)]
pub struct DshieldArguments {
    /// The log: a firewall.log, or what a packet filter writes; also .gz.
    /// Default: the manager's own firewall.log, or what <dshield> names.
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    /// Your number at DShield; 0 for nobody.
    #[arg(long, alias = "user-id", value_name = "N")]
    userid: Option<u32>,
    /// File that says how far the log was sent. That of ossec2dshield is
    /// understood.
    #[arg(long, value_name = "FILE")]
    statefile: Option<PathBuf>,
    /// Your address, as it is registered at DShield.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// Whom it goes to.
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// Mail server, HOST or HOST:PORT, or the path of a program. Default: that
    /// of <global>.
    #[arg(long, value_name = "HOST")]
    mta: Option<String>,
    /// Ports of targets: 80,443 only these; !22,!6000-6063 not these. The order
    /// does not matter.
    #[arg(long, value_name = "PORTS", allow_hyphen_values = true)]
    ports: Option<String>,
    /// Hide the first octet of targets (of IPv6 the network).
    #[arg(long)]
    obfuscate: bool,
    /// Leave out private sources. This is always done.
    #[arg(long)]
    norfc1918: bool,
    /// Show what would be sent, and why other lines are left out. Sends and
    /// notes nothing.
    #[arg(long)]
    test: bool,
    /// Say each step.
    #[arg(long)]
    debug: bool,
    /// Only packets since a time: 2h, today, "2026-11-21 07:00".
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Lines of one call at most; the next one goes on.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_lines: Option<u32>,
    /// Lines of one mail at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    split: Option<u32>,
    /// File with the key that goes into the subject.
    #[arg(long, value_name = "FILE")]
    authkey_file: Option<PathBuf>,
    /// Send over HTTP, to DShield or to this address, instead of by mail.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = URL)]
    http: Option<String>,
    /// File with the key of your account, for --http.
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// Time zone of the log: Europe/Berlin, +01:00. Default: this machine's.
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    timezone: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Configuration (ossec.conf). Default: etc/ossec.conf in the home folder.
    #[arg(short = 'c', long = "config", value_name = "CONF")]
    config: Option<PathBuf>,
    /// Folder for logs and memory, as `bartizan run` has it.
    #[arg(short = 'D', long = "home", value_name = "DIR")]
    home: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &DshieldArguments) -> Result<ExitCode, CommandError> {
    let home = home_folder(arguments.home.as_deref())?;
    let config = configuration(arguments.config.as_deref(), &home)?;
    let plan = arguments.plan(&config, &home)?;
    if arguments.test {
        return arguments.look(plan, &home);
    }
    let state = arguments.state(&home);
    let _lock = lock(&state, arguments.statefile.is_some())?;
    let now = epoch_now();
    let mut queue = statefile::open(&state, &plan.name, &arguments.zone()?, now)?;
    queue.join(&plan.name, plan.service.kind()).map_err(StateError::Queue)?;
    warn_if_early(&queue, &plan, now)?;
    let courier = Courier::new(queue, plan.destination()).map_err(failed)?;
    arguments.send(&plan, courier)
}

impl DshieldArguments {
    /// What waits is sent first; only then what is new becomes parcels.
    fn send(&self, plan: &Plan, mut courier: Courier) -> Result<ExitCode, CommandError> {
        let mut sent = self.deliver(&mut courier)?;
        let now = epoch_now();
        let round =
            plan.read(&LocalDisk::default(), Some(courier.queue()), now).map_err(StateError::Queue)?;
        round.news.iter().for_each(news::tell);
        self.explain(|| format!("{} lines read, {} told of", round.heap.lines, round.heap.told()));
        let made = plan.write_down(courier.queue(), &round, now).map_err(StateError::Queue)?;
        self.explain(|| format!("{made} parcels made, and the place behind them noted"));
        sent += self.deliver(&mut courier)?;
        let summary = shown::summary(&round, sent);
        print(&if self.json { shown::json(&round, sent) } else { summary })?;
        Ok(ExitCode::SUCCESS)
    }

    /// Hands over what waits; says how many parcels.
    fn deliver(&self, courier: &mut Courier) -> Result<usize, CommandError> {
        let mut sent = 0;
        loop {
            let outcome = courier.attempt().map_err(failed)?;
            courier.settle(epoch_now()).map_err(failed)?;
            match outcome {
                None => return Ok(sent),
                Some(Ok(())) => {
                    self.explain(|| "a parcel was taken, and that is noted".to_owned());
                    sent += 1;
                }
                Some(Err(Failure::Temporary(why, _))) => {
                    let message = format!("it was not taken, the next call tries it again: {why}");
                    return Err(CommandError::Refused(message));
                }
                Some(Err(Failure::Permanent(why))) => {
                    return Err(CommandError::Refused(format!("it was refused and is set aside: {why}")));
                }
            }
        }
    }

    /// Shows what would be sent.
    fn look(&self, plan: Plan, home: &Path) -> Result<ExitCode, CommandError> {
        let (state, now) = (self.state(home), epoch_now());
        let (mut plan, mut queue) = (plan, None);
        match statefile::look(&state, &self.zone()?, now)? {
            Found::Nothing => {}
            Found::Queue => queue = Some(Queue::open_file(state).map_err(StateError::Queue)?),
            Found::Stamp(sent) => plan.since = plan.since.max(Some(sent + 1)),
        }
        let waiting =
            queue.as_ref().map(|queue| queue.waits(&plan.name)).transpose().map_err(StateError::Queue)?;
        let round = plan.read(&LocalDisk::default(), queue.as_ref(), now).map_err(StateError::Queue)?;
        round.news.iter().for_each(news::tell);
        let parcels: Vec<_> =
            plan.portions(&round).iter().map(|hits| plan.service.render("test", hits, now)).collect();
        let text = match self.json {
            true => shown::test_json(&round, &parcels),
            false => shown::test(&round, &parcels, waiting.unwrap_or(0)),
        };
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Where it is kept how far it has come.
    fn state(&self, home: &Path) -> PathBuf {
        self.statefile.clone().unwrap_or_else(|| home.join("outbox.db"))
    }

    fn zone(&self) -> Result<TimeZone, CommandError> {
        let Some(text) = &self.timezone else { return Ok(TimeZone::system()) };
        let wrong = || CommandError::Usage("--timezone takes Europe/Berlin, UTC or +01:00".to_owned());
        zone::read(text).ok_or_else(wrong)
    }

    /// What is said here goes before what is configured.
    fn plan(&self, config: &Config, home: &Path) -> Result<Plan, CommandError> {
        let of_dshield =
            |one: &&Sharing| matches!(one.told, ToldTo::DShieldMail { .. } | ToldTo::DShieldHttp { .. });
        let configured = config.sharing.iter().find(of_dshield);
        let base = configured.map(|one| configured::plan(one, config, home)).transpose();
        let base = base.map_err(CommandError::Rules)?;
        let zone = self.zone()?;
        let has_zone = self.timezone.is_some() || configured.is_none_or(|one| one.zone.is_none());
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
        let zone = match configured.and_then(|one| one.zone.clone()) {
            Some(zone) if !has_zone => zone,
            _ => zone,
        };
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
            if !address.is_empty() && !(is_address(address) && address.is_ascii()) {
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
        let usual = configured.map_or(crate::config::sharing::SPLIT, |one| one.split);
        // No more mails than may wait at once.
        let least = self.max_lines(configured).div_ceil(50);
        (self.split.unwrap_or(usual) as usize).max(least)
    }

    fn max_lines(&self, configured: Option<&Sharing>) -> usize {
        let usual = configured.map_or(crate::config::sharing::LINES, |one| one.max_lines);
        self.max_lines.unwrap_or(usual) as usize
    }

    fn explain(&self, what: impl FnOnce() -> String) {
        if self.debug {
            news::tell(what());
        }
    }
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

/// Two calls must not send the same. The state of a home folder belongs to
/// `bartizan run` while it runs and sends by itself.
fn lock(state: &Path, is_named: bool) -> Result<File, CommandError> {
    let path = match is_named {
        true => PathBuf::from(format!("{}.lock", state.display())),
        false => state.with_file_name("sharing.lock"),
    };
    let doing = || CommandError::io(format!("cannot use {}", path.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(doing())?;
    }
    let file = File::create(&path).map_err(doing())?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let by_whom = if is_named {
                "another call"
            } else {
                "`bartizan run`, which sends by itself, or another call"
            };
            Err(CommandError::Usage(format!("{} is in use by {by_whom}", state.display())))
        }
        Err(TryLockError::Error(error)) => Err(doing()(error)),
    }
}

fn warn_if_early(queue: &Queue, plan: &Plan, now: i64) -> Result<(), CommandError> {
    let (_, last) = queue.readings(&plan.name).map_err(StateError::Queue)?;
    if last.is_some_and(|last| (last..last + HOUR_S).contains(&now)) && plan.service.kind() == NAME {
        news::tell("the last call was less than an hour ago; DShield asks for one mail an hour at most");
    }
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> CommandError {
    CommandError::Io { doing: "cannot send".to_owned(), source: std::io::Error::other(error.to_string()) }
}

impl From<StateError> for CommandError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Other(_) => Self::Usage(error.to_string()),
            StateError::Io { path, source } => {
                Self::Io { doing: format!("cannot use {}", path.display()), source }
            }
            StateError::Queue(error) => failed(error),
        }
    }
}
