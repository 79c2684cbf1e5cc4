//! The commands, one word per job.
//!
//! A command is a module with its arguments and `run`; this room holds what
//! they share: where rules come from, how problems are shown, exit codes.

pub mod agent_control;
pub mod agents;
mod alert_files;
pub mod alerts;
pub mod analyze;
pub mod check;
pub mod console;
mod destinations;
pub mod dshield;
mod filter;
pub mod firewall;
pub mod graph;
pub mod integrations;
pub mod logtest;
pub mod mail;
pub mod report;
pub mod respond;
pub mod rules;
pub mod run;
pub mod status;
mod table;

use crate::agents::control;
use crate::config::Config;
use crate::diagnose::{Colour, Diagnostics, Sources, harmless_text};
use crate::moment::{self, NoMoment};
use crate::news;
use crate::places::Atlas;
use crate::ruleset::{self, Loaded, RulesFrom};
use crate::sources::{epoch_now as now, local_host};
use crate::store::StoreError;
use bartizan_core::image::Dialect;
use clap::{Args, Parser, Subcommand};
use serde_json::Value;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use thiserror::Error;

/// Reads logs, applies OSSEC rules, raises alerts.
///
/// Without a configuration every command uses the rules that are built in;
/// `-c FILE` takes an ossec.conf with its decoders, rules and lists instead.
#[derive(Parser, Debug)]
#[command(name = "bartizan", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 all is well, 1 the answer is no (a test failed, a configuration has errors), \
2 wrong use or nothing to work on, 3 a file or a device failed.

First steps:
  bartizan run                           watch this machine, show alerts
  bartizan run --demo                    the same with a log that contains attacks
  bartizan analyze /var/log/auth.log*    what happened in old logs
  bartizan logtest                       type a line, see what becomes of it";

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Watch this machine's logs and raise alerts.
    Run(run::RunArguments),
    /// Show and search the alerts that `bartizan run` has raised.
    Alerts(alerts::AlertsArguments),
    /// Find alerts in old logs.
    Analyze(analyze::AnalyzeArguments),
    /// Test decoders and rules on lines from standard input.
    Logtest(logtest::LogtestArguments),
    /// Tell what happened in a time: how many alerts, about whom and what.
    Report(report::ReportArguments),
    /// Draw who did what to whom.
    Graph(graph::GraphArguments),
    /// List, explain, test, measure, compare and export rules.
    Rules(rules::RulesCommand),
    /// Add, list and remove agents.
    ///
    /// An agent reports the logs of another machine to this one. `add` gives
    /// it a name and prints the command that is run there, once; from then on
    /// the agent is known by its own key, wherever it is. All of this works
    /// while `bartizan run` runs in the same home folder.
    Agents(agents::AgentsCommand),
    /// Count what packet filters say: who knocks, where, how often.
    Firewall(firewall::FirewallCommand),
    /// Report packets that were refused to DShield.
    Dshield(dshield::DshieldArguments),
    /// Carry out, list and undo responses to attacks.
    Respond(respond::RespondCommand),
    /// See whether mail arrives, and what waits.
    Mail(mail::MailCommand),
    /// List agents and run responses on them, as OSSEC's tool of that name does.
    #[command(name = "agent-control")]
    AgentControl(agent_control::AgentControlArguments),
    /// List, test and catch up those who are told of alerts.
    Integrations(integrations::IntegrationsCommand),
    /// Say who may look at the console, the pages in a browser.
    Console(console::ConsoleCommand),
    /// Show whether `bartizan run` runs, and what it does.
    Status(status::StatusArguments),
    /// Check configuration, decoders, rules and lists; run nothing.
    Check(check::CheckArguments),
}

/// Runs what the command line asks for.
pub fn run(cli: &Cli) -> ExitCode {
    let result = match &cli.command {
        Command::Run(arguments) => run::run(arguments),
        Command::Alerts(arguments) => alerts::run(arguments),
        Command::Analyze(arguments) => analyze::run(arguments),
        Command::Logtest(arguments) => logtest::run(arguments),
        Command::Report(arguments) => report::run(arguments),
        Command::Graph(arguments) => graph::run(arguments),
        Command::Rules(command) => rules::run(command),
        Command::Agents(command) => agents::run(command),
        Command::Firewall(command) => firewall::run(command),
        Command::Dshield(arguments) => dshield::run(arguments),
        Command::Respond(command) => respond::run(command),
        Command::Mail(command) => mail::run(command),
        Command::AgentControl(arguments) => agent_control::run(arguments),
        Command::Integrations(command) => integrations::run(command),
        Command::Console(command) => console::run(command),
        Command::Status(arguments) => status::run(arguments),
        Command::Check(arguments) => check::run(arguments),
    };
    result.unwrap_or_else(|error| error.report())
}

/// Why a command could not do its job.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// Configuration or rules have errors, which have been shown.
    #[error("{0}")]
    Rules(String),
    /// The daemon does not do it.
    #[error("{0}")]
    Refused(String),
    /// There is nothing to work on.
    #[error("{0}")]
    Nothing(String),
    /// A file or device failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the system says.
        source: io::Error,
    },
}

impl From<NoMoment> for CommandError {
    fn from(error: NoMoment) -> Self {
        Self::Usage(error.to_string())
    }
}

impl CommandError {
    /// A failure while doing something.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// A failure to write what a command prints.
    pub fn output(source: io::Error) -> Self {
        Self::Io { doing: "cannot write the output".to_owned(), source }
    }

    /// A failure of the memory in the home folder.
    pub fn memory(source: io::Error) -> Self {
        Self::Io { doing: "cannot use queue/ in the home folder".to_owned(), source }
    }

    fn report(self) -> ExitCode {
        // Whoever reads our output has had enough: no error of ours.
        if let Self::Io { source, .. } = &self
            && source.kind() == io::ErrorKind::BrokenPipe
        {
            return ExitCode::SUCCESS;
        }
        news::tell(&self);
        ExitCode::from(match self {
            Self::Rules(_) | Self::Refused(_) => 1,
            Self::Usage(_) | Self::Nothing(_) => 2,
            Self::Io { .. } => 3,
        })
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Registry(error) => error.into(),
            error => {
                Self::Io { doing: "cannot use store/ in the home folder".to_owned(), source: error.into() }
            }
        }
    }
}

/// The folder for logs and memory: the one that is named, else
/// `$XDG_STATE_HOME/bartizan`, or the usual place of that.
fn home_folder(named: Option<&Path>) -> Result<PathBuf, CommandError> {
    let state = || std::env::var_os("XDG_STATE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let usual = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let standard = || Some(state().or_else(usual)?.join("bartizan"));
    named.map(Path::to_owned).or_else(standard).ok_or_else(|| {
        CommandError::Usage("there is no folder for state here: name one with --home DIR".to_owned())
    })
}

/// Where `bartizan run` finds its rules and its configuration: in the file
/// that is named, or in the home folder, or in itself. A configuration found
/// where it is named belongs to the installation around it, not to the home
/// folder.
fn rules_from(config: Option<&Path>, home: &Path) -> RulesFrom {
    match config {
        Some(config) if config.is_file() => RulesFrom::configured(Some(config), None),
        Some(config) => RulesFrom::configured(Some(config), Some(home)),
        None if home.join("etc/ossec.conf").is_file() => RulesFrom::configured(None, Some(home)),
        None => RulesFrom::BuiltIn,
    }
}

/// The configuration of `bartizan run`, without its rules; the defaults if
/// there is none. What is wrong with it is shown.
fn configuration(config: Option<&Path>, home: &Path) -> Result<Config, CommandError> {
    let RulesFrom::Configured { home, conf, .. } = rules_from(config, home) else {
        return Ok(Config::default());
    };
    let mut sources = Sources::default();
    let mut report = Diagnostics::new();
    let config = Config::read(&home, &conf, &mut sources, &mut report);
    if report.has_errors() {
        news::show(&report.render(&sources, Colour::for_stderr()));
        let message = format!("the configuration cannot be used: {}", report.summary());
        return Err(CommandError::Rules(message));
    }
    Ok(config)
}

/// Prints what a command has to say.
fn print(text: &str) -> Result<(), CommandError> {
    io::stdout().write_all(text.as_bytes()).map_err(CommandError::output)
}

/// Prints what a command has to say, and says that all is well.
fn say(text: &str) -> Result<ExitCode, CommandError> {
    print(text).map(|()| ExitCode::SUCCESS)
}

/// Asks the daemon of a home folder for something that it must do.
fn ask_daemon(home: &Path, request: &Value) -> Result<Value, CommandError> {
    let doing = || format!("cannot ask {}", control::path(home).display());
    let answer = control::ask(home, request).map_err(|error| CommandError::io(doing())(error))?;
    let Some(answer) = answer else {
        return Err(CommandError::Nothing(format!(
            "bartizan does not run in {}: start it with `bartizan run`, or name another folder with --home",
            home.display()
        )));
    };
    match answer["ok"].as_bool() {
        Some(true) => Ok(answer),
        _ => Err(CommandError::Refused(harmless_text(answer["error"].as_str().unwrap_or("it was refused")))),
    }
}

/// Where rules come from, for all commands that judge.
#[derive(Args, Clone, Debug, Default)]
pub struct RulesArguments {
    /// Configuration (ossec.conf) that names decoders, rules and lists.
    /// Relative to the current folder or to HOME.
    #[arg(short = 'c', long = "config", value_name = "CONF")]
    pub config: Option<PathBuf>,
    /// Folder of the installation that the configuration belongs to. Default:
    /// the folder above the configuration's.
    #[arg(short = 'D', long = "home", value_name = "HOME")]
    pub home: Option<PathBuf>,
    /// How decoders and rules are read, whatever the configuration says:
    /// `ossec` or `wazuh`. Without it, `<ruleset>` means Wazuh.
    #[arg(long, value_name = "DIALECT", value_parser = dialect)]
    pub dialect: Option<Dialect>,
}

/// Where addresses are, for commands that judge.
#[derive(Args, Clone, Debug, Default)]
struct PlacesArguments {
    /// Database of places (.mmdb), in place of those that the configuration
    /// names: rules see srcgeoip and dstgeoip.
    #[arg(long, value_name = "FILE")]
    geoip: Option<PathBuf>,
}

impl PlacesArguments {
    /// Gives rules the places that are asked for.
    fn put(&self, loaded: &mut Loaded) -> Result<(), CommandError> {
        let Some(path) = &self.geoip else { return Ok(()) };
        let mut atlas = Atlas::default();
        atlas.add_file(path).map_err(|error| {
            CommandError::Nothing(format!("cannot use the places of {}: {error}", path.display()))
        })?;
        loaded.ruleset.atlas = atlas.if_any();
        Ok(())
    }
}

/// A dialect by its name.
fn dialect(name: &str) -> Result<Dialect, String> {
    match name {
        "ossec" => Ok(Dialect::Ossec),
        "wazuh" => Ok(Dialect::Wazuh),
        _ => Err("it is `ossec` or `wazuh`".to_owned()),
    }
}

impl RulesArguments {
    /// The rules that are asked for.
    pub fn source(&self) -> RulesFrom {
        match (&self.config, &self.home) {
            (None, None) => RulesFrom::BuiltIn,
            (config, home) => {
                RulesFrom::configured(config.as_deref(), home.as_deref()).in_dialect(self.dialect)
            }
        }
    }

    /// Loads them; problems go to standard error. Warnings are counted in one
    /// line, unless there are errors too: `bartizan check` shows them all.
    pub fn load(&self) -> Result<Loaded, CommandError> {
        self.load_with(&mut Sources::default())
    }

    /// The same, for whoever shows rules as they stand in their files.
    fn load_with(&self, sources: &mut Sources) -> Result<Loaded, CommandError> {
        if self.dialect.is_some() && self.config.is_none() && self.home.is_none() {
            let message = "the built-in rules have one dialect: --dialect needs -c CONF or -D HOME";
            return Err(CommandError::Usage(message.to_owned()));
        }
        let mut report = Diagnostics::new();
        let loaded = ruleset::load(&self.source(), sources, &mut report);
        if report.has_errors() {
            news::show(&report.render(sources, Colour::for_stderr()));
        }
        loaded.ok_or_else(|| CommandError::Rules(format!("the rules cannot be used: {}", report.summary())))
    }
}

/// How many threads decode and match: as asked for, else all but one of the
/// processors, which does the half that cannot be shared; at most 32.
fn worker_count(asked: Option<usize>) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    asked.unwrap_or(processors.saturating_sub(1)).clamp(1, 32)
}
