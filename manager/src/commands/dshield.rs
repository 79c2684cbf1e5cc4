//! `bartizan dshield`: refused packets, reported to DShield.

mod asked;
mod shown;

use super::{CommandError, configuration, home_folder, print};
use crate::news;
use crate::outbox::engine::Courier;
use crate::outbox::{Failure, Queue};
use crate::plural::counted;
use crate::sharing::dshield::URL;
use crate::sharing::statefile::{self, Found, StateError};
use crate::sharing::{Plan, Round};
use crate::sources::disk::LocalDisk;
use crate::sources::epoch_now;
use clap::Args;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What the queue calls it when the command line says all.
const NAME: &str = "dshield";

/// Seconds between two mails that DShield asks for, but for what cron is late.
const HOUR_S: i64 = 3300;

/// Report refused packets to DShield.
///
/// Takes the options of ossec2dshield. Packets that were dropped or rejected
/// are read from a firewall.log, or from any log of a packet filter, over
/// rotations; what is alike is merged, and each line is sent once. How far it
/// has come is kept in the state file, or in the home folder.
///
/// Nothing is sent without --userid and --from, or a `<dshield>` in the
/// configuration that has your consent. DShield asks for one mail an hour at
/// most: an hourly crontab line does it.
///
/// Exit codes: 0 all is sent, or there was nothing; 1 it was not taken and is
/// tried again by the next call; 2 something is missing; 3 a file failed.
#[derive(Args, Debug)]
pub struct DshieldArguments {
    /// The log: a firewall.log, or what a packet filter writes; also .gz.
    /// Default: the manager's own firewall.log, or what `<dshield>` names.
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
    /// of `<global>`.
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
    /// With --test: show what another service is told, by the `<id>` or the
    /// `<name>` of its `<share>`, as it is configured.
    #[arg(long, value_name = "ID", requires = "test")]
    share: Option<String>,
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
    // Logs are known by their paths: always by the same.
    let home = home.canonicalize().unwrap_or(home);
    let config = configuration(arguments.config.as_deref(), &home)?;
    let plan = match &arguments.share {
        Some(id) => asked::share(id, &config, &home)?,
        None => arguments.plan(&config, &home)?,
    };
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
        self.explain(|| {
            format!("{} read, {} told of", counted(round.heap.lines, "line", "lines"), round.heap.told())
        });
        let made = plan.write_down(courier.queue(), &round, now).map_err(StateError::Queue)?;
        self.explain(|| format!("{} made; the place behind is noted", counted(made, "parcel", "parcels")));
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

    fn explain(&self, what: impl FnOnce() -> String) {
        if self.debug {
            news::tell(what());
        }
    }
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
