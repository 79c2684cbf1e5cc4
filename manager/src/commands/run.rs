//! `bartizan run`: the daemon.
//!
//! Threads bring lines (followed files, the journal, the kernel log) into one
//! bounded queue; the pipeline takes them from there. Nothing is configured by
//! need: without a configuration the usual logs of this machine are watched
//! with the built-in rules, and what they already tell is looked at first, so
//! that a newcomer sees alerts at once.

use super::destinations::Destinations;
use super::{CommandError, home_folder, local_host, rules_from, worker_count};
use crate::agents::hub::Hub;
use crate::agents::listener::Listener;
use crate::agents::registry::AgentId;
use crate::agents::{PORT, Registry};
use crate::config::{Config, Connection, Remote};
use crate::console::{self, Daemon, Pulse};
use crate::diagnose::{Colour, Diagnostics, Sources};
use crate::engine::memory::MemoryOptions;
use crate::engine::pipeline;
use crate::engine::session::Lent;
use crate::engine::statistics::{Statistics, StatisticsOptions};
use crate::ledger::storing::Storing;
use crate::ledger::{self, Ledger};
use crate::news;
use crate::outbox::Committed;
use crate::outputs::files::InUse;
use crate::outputs::seal::Sealer;
use crate::outputs::writer::{AlertWriter, Outputs, Print};
use crate::plural::counted;
use crate::respond::decide::Decider;
use crate::respond::desk::{Desk, Errand};
use crate::respond::dispatch::{Bell, Dispatcher};
use crate::respond::reports::Reports;
use crate::ruleset::reload::{self, Next, Reloads};
use crate::ruleset::{self, Loaded, RulesFrom};
use crate::sources::feed::{LiveFeed, Signals};
use crate::sources::intake::Intake;
use crate::sources::live::Watch;
use crate::sources::syslog;
use crate::store::{Needed, Retention, StoreError};
use bartizan_core::image::Dialect;
use bartizan_core::rules::judge::Manner;
use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use std::fs::{self, File, TryLockError};
use std::io::{self, IsTerminal};
use std::net::{Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

/// Watch this machine's logs and raise alerts.
///
/// Alerts are printed as they come and written to logs/alerts in the home
/// folder. SIGHUP reads the rules again (the old ones stay if the new ones
/// have errors), SIGTERM and Ctrl-C stop.
#[derive(Args, Debug)]
pub struct RunArguments {
    /// Configuration (ossec.conf): rules, decoders, lists and what to follow.
    #[arg(short = 'c', long = "config", value_name = "CONF")]
    config: Option<PathBuf>,
    /// Folder for logs and memory; with etc/ossec.conf in it, also the
    /// installation. Default: bartizan in your folder for state
    /// ($XDG_STATE_HOME or ~/.local/state).
    #[arg(short = 'D', long = "home", value_name = "DIR")]
    home: Option<PathBuf>,
    /// How decoders and rules of a configuration are read, whatever it says:
    /// `ossec` or `wazuh`. Without it, `<ruleset>` means Wazuh.
    #[arg(long, value_name = "DIALECT", value_parser = super::dialect, requires = "config")]
    dialect: Option<Dialect>,
    /// Play a log of our own with attacks in it, and watch that.
    #[arg(long)]
    demo: bool,
    /// Print alerts as JSON.
    #[arg(long)]
    json: bool,
    /// Write every event to archives.log, too.
    #[arg(long)]
    archives: bool,
    /// Only what happens from now on. Else the first start in a home folder
    /// also looks at what the logs of the last day already tell.
    #[arg(long)]
    from_now: bool,
    /// Where the console is served, the pages in a browser. Default: what
    /// `<console>` says, else port 1518 of this machine alone.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "no_console")]
    console: Option<SocketAddr>,
    /// Without the console.
    #[arg(long)]
    no_console: bool,
    /// Where agents connect. Nobody is listened to before there is one.
    /// Default: what `<remote>` says that has the connection `bartizan`,
    /// else port 1517 of all addresses.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Vec<SocketAddr>,
    /// Threads that decode and match. The result does not depend on it.
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
}

/// Runs the command.
pub fn run(arguments: &RunArguments) -> Result<ExitCode, CommandError> {
    let home = home_folder(arguments.home.as_deref())?;
    let from = rules_from(arguments.config.as_deref(), &home).in_dialect(arguments.dialect);
    let mut loaded = Arc::new(load(&from)?);
    let _lock = lock(&home)?;
    // The ledger names files by their paths: always by the same.
    let home = home.canonicalize().map_err(CommandError::io(format!("cannot use {}", home.display())))?;
    let signals = listen_to_signals().map_err(CommandError::io("cannot listen to signals"))?;
    let watch = arguments.watch(&loaded.config, &home)?;
    announce(&loaded, &home, &watch);
    let mut registry_of_ledger = Registry::open(&home)?;
    ledger::take_back_all(&registry_of_ledger)?;
    let needed = Needed::default();
    let committed = Committed::default();
    let store = store(&loaded.config, &mut registry_of_ledger, &home, (&needed, &committed))?;
    let intake = Intake::default();
    let positions = registry_of_ledger.positions(AgentId::MANAGER)?;
    watch.start(intake.door(), Arc::clone(&signals.stop), positions.into_iter().collect());
    let registry = Registry::open(&home)?;
    let desk = Desk::default();
    let (reloads, inbox) = Reloads::new(Arc::clone(&signals.reload));
    let pulse = Arc::new(Pulse::default());
    pulse.rules_are(&loaded.ruleset.tables);
    let door = intake.guest_door();
    let hub = Hub::new(home.clone(), registry, door, desk.clone(), reloads, Arc::clone(&pulse))?;
    let hub = Arc::new(hub);
    let responses = || CommandError::io(format!("cannot keep responses in {}", home.display()));
    let dispatcher = Dispatcher::start(&home, &desk, Arc::clone(&hub), &loaded.config).map_err(responses())?;
    let mut destinations = Destinations::start(&home, &loaded, (committed.clone(), needed), &hub)?;
    let reports = Reports::open(&home).map_err(|error| responses()(io::Error::other(error)))?;
    let console = arguments.serve_console(Daemon {
        home: home.clone(),
        hub: Arc::clone(&hub),
        desk: desk.clone(),
        rules: Arc::clone(&loaded),
        pulse: Arc::clone(&pulse),
        committed,
    })?;
    let listener = Listener::start(hub, arguments.listens(&loaded.config), &loaded.config.remotes)
        .map_err(CommandError::io(format!("cannot serve agents from {}", home.display())))?;
    let memory = MemoryOptions { home: Some(home.clone()), write: true };
    let mut lent = Lent::open(&loaded.ruleset, &memory).map_err(CommandError::memory)?;
    let print = if arguments.json { Print::Json } else { Print::Text };
    let in_use = InUse::default();
    let writer = AlertWriter::new(io::stdout(), Some(print))
        .with_files(&home.join("logs"), arguments.outputs(&loaded))
        .shared(&in_use)
        .with_statistics(statistics(&loaded.config, &home)?)
        .showing(&pulse)
        .live();
    let workers = worker_count(arguments.workers);
    let host = local_host();
    let (ledger, promises, mut sink) =
        Ledger::start(registry_of_ledger, reports, store, writer, Arc::clone(&signals.stop));
    let seal = loaded.config.internal.seal;
    let sealer = Sealer::start(&home, Registry::open(&home)?, in_use, seal, Arc::clone(&signals.stop));
    let others =
        reload::start(from, &loaded, inbox).map_err(CommandError::io("cannot watch for other rules"))?;
    let mut feed = LiveFeed::new(intake, promises, signals.clone(), others);
    sink.writer.answer(Bell::new(&desk, &loaded));
    let mut changed = None;
    loop {
        let judged = thread::scope(|scope| {
            if let Some(tell) = changed.take() {
                let (destinations, console, loaded) = (&mut destinations, console.as_ref(), &loaded);
                // Beside the analysis: databases are written for it.
                scope.spawn(move || tell_all(destinations, console, loaded, tell));
            }
            let (ruleset, host) = (&loaded.ruleset, host.as_bytes());
            pipeline::resume(ruleset, &mut lent, Manner::Daemon, workers, host, &mut feed, &mut sink)
        });
        judged.map_err(CommandError::io(format!("cannot go on in {}", home.display())))?;
        let Some(Next { loaded: new, change, in_place }) = feed.take_other() else { break };
        let since = Instant::now();
        lent = lent.carried_over(&loaded.ruleset, &new.ruleset, &change.rows);
        loaded = Arc::new(new);
        pulse.rules_are(&loaded.ruleset.tables);
        sink.writer.answer(Bell::new(&desk, &loaded));
        let decider = Box::new(Decider::new(&loaded.config.global));
        desk.errand(Errand::Configured(decider, loaded.config.responses.clone()));
        changed = Some((in_place, since.elapsed()));
    }
    // It asks what is finished below.
    drop(console);
    sink.writer.flush().map_err(CommandError::output)?;
    let counts = sink.writer.counts.clone();
    drop((feed, sink));
    ledger.finish();
    sealer.finish();
    destinations.finish();
    dispatcher.finish();
    drop(listener);
    let events = counted(counts.events, "event", "events");
    news::tell(format_args!("stopped after {events} and {}", counted(counts.alerts, "alert", "alerts")));
    Ok(ExitCode::SUCCESS)
}

impl RunArguments {
    /// Where agents connect.
    fn listens(&self, config: &Config) -> Vec<SocketAddr> {
        let for_agents = |remote: &&Remote| remote.connection == Connection::Bartizan;
        let configured: Vec<_> = config.remotes.iter().filter(for_agents).map(syslog::address).collect();
        match () {
            () if !self.listen.is_empty() => self.listen.clone(),
            () if !configured.is_empty() => configured,
            () => vec![SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT))],
        }
    }

    /// Serves the console, if it is wanted. One that nobody asked for gives
    /// way to whoever has its port.
    fn serve_console(&self, daemon: Daemon) -> Result<Option<console::Server>, CommandError> {
        let mut configured = daemon.rules.config.console.clone();
        configured.address = self.console.or(configured.address);
        if self.no_console || configured.enabled == Some(false) && self.console.is_none() {
            return Ok(None);
        }
        let is_asked_for = self.console.is_some() || configured.place.is_some();
        match console::Server::start(&configured, daemon) {
            Ok(server) => Ok(Some(server)),
            Err(error) if is_asked_for => Err(error.into()),
            Err(error) => {
                news::tell(format_args!("{error}; choose another with --console, or --no-console"));
                Ok(None)
            }
        }
    }

    fn outputs(&self, loaded: &Loaded) -> Outputs {
        let config = &loaded.config;
        let custom = config.global.custom_alert_output.as_ref();
        // Without a configuration both layouts are written.
        let configured = loaded.home.is_some();
        Outputs {
            alerts: true,
            alerts_json: config.global.jsonout_output || !configured,
            archives: config.global.logall || self.archives,
            archives_json: config.global.logall_json,
            firewall: config.internal.log_fw,
            custom: custom.map(|format| String::from_utf8_lossy(format).into_owned()),
        }
    }

    /// What is watched: the demo, what is configured, or what this machine has.
    fn watch(&self, config: &Config, home: &Path) -> Result<Watch, CommandError> {
        let demo = || Watch::demo(home).map_err(CommandError::io("cannot write the demo's log"));
        if self.demo {
            return demo();
        }
        let watch = if config.local_files.is_empty() {
            // Only once: a later start would tell the same again.
            let first_start = !home.join("logs/alerts").exists();
            Watch::this_machine(first_start && !self.from_now)
        } else {
            Watch::configured(&config.local_files)
        };
        match (watch.is_empty(), &self.config) {
            (false, _) => Ok(watch),
            (true, Some(_)) => Err(CommandError::Nothing(watch.explain_nothing())),
            (true, None) => {
                eprintln!("bartizan: {}\nso the demonstration is played (--demo)", watch.explain_nothing());
                demo()
            }
        }
    }
}

fn load(from: &RulesFrom) -> Result<Loaded, CommandError> {
    let mut sources = Sources::new();
    let mut report = Diagnostics::new();
    let loaded = ruleset::load(from, &mut sources, &mut report);
    news::show(&report.render(&sources, Colour::for_stderr()));
    let wrong = || CommandError::Rules(format!("the rules cannot be used: {}", report.summary()));
    Ok(Loaded { texts: sources, ..loaded.ok_or_else(wrong)? })
}

/// The store of alerts, if they are to be kept.
fn store(
    config: &Config,
    registry: &mut Registry,
    home: &Path,
    (needed, committed): (&Needed, &Committed),
) -> Result<Option<Storing>, StoreError> {
    let global = &config.global;
    let retention =
        Retention { days: global.alert_store_days, bytes: u64::from(global.alert_store_mb) << 20 };
    let open = || Storing::open(registry, home, retention, needed.clone(), committed.clone());
    global.alert_store.then(open).transpose()
}

/// What has been learned of the usual number of events.
fn statistics(config: &Config, home: &Path) -> Result<Statistics, CommandError> {
    let options = StatisticsOptions {
        level: config.global.stats_level,
        percent_diff: config.internal.stats_percent_diff,
        min_diff: config.internal.stats_mindiff,
        max_diff: config.internal.stats_maxdiff,
    };
    let folder = home.join("stats");
    Statistics::open(&folder, options).map_err(CommandError::io(format!("cannot read {}", folder.display())))
}

/// Tells destinations of another configuration, and then whoever asked for it
/// that all is in place.
fn tell_all(
    destinations: &mut Destinations,
    console: Option<&console::Server>,
    loaded: &Arc<Loaded>,
    (in_place, waited): (SyncSender<Duration>, Duration),
) {
    destinations.configure(loaded);
    console.into_iter().for_each(|console| console.reloaded(loaded));
    // Whoever asked may have gone.
    let _ = in_place.send(waited);
}

/// Makes sure that nobody else writes to the home folder, as long as the file
/// that is given back lives.
fn lock(home: &Path) -> Result<File, CommandError> {
    let doing = || format!("cannot use {} as home folder", home.display());
    let path = home.join("bartizan.lock");
    fs::create_dir_all(home).map_err(CommandError::io(doing()))?;
    let file = File::create(&path).map_err(CommandError::io(doing()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CommandError::Usage(format!(
            "another bartizan uses {}: stop it, or choose another folder with --home",
            home.display()
        ))),
        Err(TryLockError::Error(error)) => Err(CommandError::io(doing())(error)),
    }
}

/// Flags that signals set.
fn listen_to_signals() -> io::Result<Signals> {
    let signals = Signals::default();
    for signal in [SIGTERM, SIGINT] {
        // A second Ctrl-C ends a process that does not stop.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&signals.stop))?;
        signal_hook::flag::register(signal, Arc::clone(&signals.stop))?;
    }
    signal_hook::flag::register(SIGHUP, Arc::clone(&signals.reload))?;
    // A limit of file sizes is an error like that of a full disk, not the end.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    Ok(signals)
}

/// Says on standard error what is watched and where alerts go.
fn announce(loaded: &Loaded, home: &Path, watch: &Watch) {
    let image = loaded.ruleset.image();
    let rules = counted(image.rules.len(), "rule", "rules");
    news::tell(format_args!("{rules}, {}", counted(loaded.decoders, "decoder", "decoders")));
    for line in watch.describe() {
        news::show(&format!("  {line}\n"));
    }
    news::show(&format!("alerts go here and to {}\n", home.join("logs/alerts/alerts.log").display()));
    if !watch.is_demo() {
        eprintln!("if nothing happens here, see what alerts look like: bartizan run --demo");
    }
    if io::stderr().is_terminal() {
        news::show("Ctrl-C stops\n");
    }
}
