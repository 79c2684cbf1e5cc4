//! What the agent is told to do: `ossec.conf`, as it is.
//!
//! [`check`] reads one text, either the agent's own file or one that the
//! manager has pushed, and gives a [`Config`] or a [`Report`] of everything
//! that is wrong in it. Sections of a manager in a shared file are passed over;
//! what belongs to OSSEC or Wazuh and has no effect here is one warning; what
//! is not known is an error, because a mistyped name watches nothing.
//!
//! The rooms, in the order in which a file meets them:
//!
//! | room | what happens there |
//! |---|---|
//! | `xml` | bytes → tags and texts with places |
//! | `reading` | one option: yes or no, a number, a text |
//! | `client` | managers, spool, user |
//! | `localfile` | what is followed |
//! | `log_format` | how its lines become events |
//! | `listener` | who may send syslog |
//! | `responses` | whether a manager's orders are carried out |
//! | `internal` | `local_internal_options.conf` |
//! | `report` | what is wrong, with its place |

mod agents;
mod client;
mod expressions;
mod internal;
mod listener;
mod localfile;
mod log_format;
mod reading;
mod report;
mod responses;
mod sections;
mod suggest;
#[cfg(test)]
mod tests;
mod xml;

pub use expressions::Expressions;
pub use internal::Internal;
pub use report::Report;

use crate::files::Priority;
use bartizan_core::assemble::{Format, Join};
use bartizan_core::pattern::PatternId;
use bartizan_core::rules::address::AddressRow;
use reading::Reading;
use report::Fault;
use std::net::IpAddr;
use std::path::PathBuf;

/// Bytes of a configuration.
pub const TEXT_MAX: usize = 256 * 1024;

/// Sources of a configuration, of all kinds together.
pub const SOURCES_MAX: usize = 4096;

/// Managers of a configuration.
pub const MANAGERS_MAX: usize = 16;

/// The port of a manager and of OSSEC's own protocol.
pub const MANAGER_PORT: u16 = 1514;

/// Everything that the agent is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The agent itself.
    pub client: Client,
    /// Files that are followed.
    pub files: Vec<File>,
    /// Commands that are run now and then.
    pub commands: Vec<Command>,
    /// Commands that keep running and whose lines are events.
    pub streams: Vec<Stream>,
    /// What is wanted of the systemd journal: an entry that one of these wants
    /// is an event. Empty: the journal is not read.
    pub journal: Vec<Journal>,
    /// Whether the kernel log is read.
    pub kernel: bool,
    /// Seconds within which equal refused packets in it are one event.
    pub kernel_merge_s: Option<u32>,
    /// Where syslog is received.
    pub listeners: Vec<Listener>,
    /// How a manager's orders are carried out.
    pub responses: Responses,
    /// What has no effect, or not the one that was probably meant.
    pub warnings: Report,
}

/// `<client>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Managers in the order in which they are tried. Empty: those of the enrolment.
    pub managers: Vec<Manager>,
    /// Seconds between two signs of life in OSSEC's protocol; not used by Bartizan's.
    pub notify_s: u32,
    /// The profile that `<agent_config profile=…>` is compared with.
    pub profile: String,
    /// Bytes of the spool.
    pub spool_bytes: u32,
    /// The file of the spool; without one it is in memory.
    pub spool_file: Option<PathBuf>,
    /// The user that the agent becomes once it is started.
    pub user: Option<String>,
    /// Whether the agent gives up what it does not need.
    pub sandbox: bool,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            managers: Vec::new(),
            notify_s: 600,
            profile: String::new(),
            spool_bytes: 256 * 1024,
            spool_file: None,
            user: None,
            sandbox: true,
        }
    }
}

/// `<active-response>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Responses {
    /// No order is carried out.
    pub disabled: bool,
    /// Seconds after which a script of the users is ended.
    pub script_timeout_s: u32,
}

impl Default for Responses {
    fn default() -> Self {
        Self { disabled: false, script_timeout_s: 60 }
    }
}

/// Where a manager is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// Address or name.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// A `<localfile>` with a location in the file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path, glob (`* ? [`) or dated name (`%Y`), as it is written.
    pub location: String,
    /// How lines become events.
    pub format: LogFormat,
    /// Read from the beginning at first sight, not from the end.
    pub from_start: bool,
    /// Globs of paths that a glob does not mean.
    pub exclude: Vec<String>,
    /// Seconds since the last change after which a file is passed over.
    pub age_s: Option<u32>,
    /// Events a second at most; the file waits.
    pub rate_limit: Option<u32>,
    /// How soon its turn comes while others have something to say, too.
    pub priority: Priority,
}

/// How lines become events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A format that needs no expressions.
    Plain(Format),
    /// Expressions tell where an event starts and ends.
    Regex(Box<RegexFormat>),
}

/// `<log_format start_regex="…" end_regex="…" key_regex="…">regex</log_format>`
/// and Wazuh's `<multiline_regex>`. The expressions are sound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegexFormat {
    /// A line that it matches begins an event.
    pub start: Option<String>,
    /// A line that it matches ends an event.
    pub end: Option<String>,
    /// Its first group tells lines of one event from those of another.
    pub key: Option<String>,
    /// An event ends as soon as it matches all of its lines together; then
    /// there are no other expressions.
    pub all: Option<String>,
    /// What stands between the lines of an event.
    pub join: Join,
    /// Milliseconds after the last line at which an event ends anyway.
    pub timeout_ms: u32,
}

impl LogFormat {
    /// One line is one event.
    pub const LINES: Self = Self::Plain(Format::Lines);

    /// The format for an assembler. Its patterns are those of
    /// [`LogFormat::expressions`].
    pub fn format(&self) -> Format {
        let regex = match self {
            Self::Plain(format) => return *format,
            Self::Regex(regex) => regex,
        };
        let number = |pattern: &Option<String>, number| pattern.as_ref().map(|_| PatternId(number));
        let RegexFormat { join, timeout_ms, .. } = **regex;
        match &regex.all {
            Some(_) => Format::RegexAll { pattern: PatternId(ALL), join, timeout_ms },
            None => Format::Regex {
                start: number(&regex.start, START),
                end: number(&regex.end, END),
                key: number(&regex.key, KEY),
                join,
                timeout_ms,
            },
        }
    }

    /// The expressions that an assembler of this format asks for; `None` if it
    /// asks for none.
    pub fn expressions(&self) -> Option<Expressions> {
        let Self::Regex(regex) = self else { return None };
        let RegexFormat { start, end, key, all, .. } = &**regex;
        Some(Expressions::new(&[start, end, key, all].map(|pattern| pattern.as_deref())))
    }
}

/// Numbers of the expressions of a [`RegexFormat`].
const START: u16 = 0;
const END: u16 = 1;
const KEY: u16 = 2;
const ALL: u16 = 3;

/// `command` and `full_command`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What the shell is given.
    pub line: String,
    /// What it is called in events; without `:`.
    pub label: String,
    /// The whole output is one event, not each line.
    pub whole: bool,
    /// Seconds between two starts.
    pub frequency_s: u32,
    /// Seconds after which it is ended.
    pub timeout_s: u32,
}

/// A `<localfile>` with a command and a format of files: the command keeps
/// running, and what it writes is read like a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// What the shell is given.
    pub line: String,
    /// The location of its events; without `:`.
    pub label: String,
    /// How lines become events.
    pub format: LogFormat,
    /// Events a second at most; the command waits.
    pub rate_limit: Option<u32>,
}

/// Which entries of the journal are wanted: those for which all of it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// One of these units, with suffix. Empty: all.
    pub units: Vec<String>,
    /// One of these identifiers. Empty: all.
    pub identifiers: Vec<String>,
    /// At most this priority: 0 (emergency) to 7 (debug).
    pub priority: Option<u8>,
    /// Conditions on fields (Wazuh 4.14).
    pub filters: Vec<Filter>,
    /// Events a second at most; the journal waits.
    pub rate_limit: Option<u32>,
    /// Seconds within which equal refused packets are one event; the least
    /// number of all blocks counts.
    pub merge_s: Option<u32>,
}

/// `<filter field="…" ignore_if_missing="…">PATTERN</filter>` (Wazuh 4.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Name of a field of the journal.
    pub field: String,
    /// The expression that has to match somewhere in its value.
    pub pattern: String,
    /// An entry without the field passes.
    pub ignore_if_missing: bool,
}

/// `<syslog_listener>`, or `<remote>` with `<connection>syslog</connection>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listener {
    /// Datagrams are received.
    pub udp: bool,
    /// Connections are accepted.
    pub tcp: bool,
    /// Port of both.
    pub port: u16,
    /// The address of this machine; without one all of them.
    pub local: Option<IpAddr>,
    /// Who may send, by the rules of address lists; never empty with a port.
    pub allowed: Vec<AddressRow>,
    /// Who may not, whatever `allowed` says.
    pub denied: Vec<AddressRow>,
    /// A Unix datagram socket, usually `/dev/log`.
    pub socket: Option<PathBuf>,
    /// Seconds within which equal refused packets of one sender are one event.
    pub merge_s: Option<u32>,
}

/// Which text is read, and on which agent.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Name of the file for messages.
    pub file: &'a str,
    /// The manager has sent it: commands are refused unless
    /// [`Internal::remote_commands`] allows them.
    pub pushed: bool,
    /// Options of this machine.
    pub internal: Internal,
    /// This agent for `<agent_config name= os= profile=>`.
    pub agent: Agent<'a>,
}

/// What `<agent_config>` compares its attributes with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agent<'a> {
    /// The agent's name; empty before the manager has said it.
    pub name: &'a str,
    /// What `uname` says of the system.
    pub system: &'a str,
    /// `<config-profile>` of the agent's own file.
    pub profile: &'a str,
}

/// Reads a configuration.
///
/// # Errors
/// All that is wrong, and the warnings.
pub fn check(text: &[u8], about: About<'_>) -> Result<Config, Report> {
    let mut report = Report::default();
    if text.len() > TEXT_MAX {
        let fault = Fault::new(Default::default(), format_args!("the file is larger than {TEXT_MAX} bytes"));
        report.error(about.file, text, &fault);
        return Err(report);
    }
    let mut config = Config::default();
    let mut reading = match Reading::new(text, about) {
        Ok(reading) => reading,
        Err(fault) => {
            report.error(about.file, text, &fault);
            return Err(report);
        }
    };
    if let Err(fault) = roots(&mut reading, &mut config) {
        reading.fault(&fault);
    }
    if reading.report.has_errors() {
        return Err(reading.report);
    }
    config.warnings = reading.report;
    Ok(config)
}

fn roots<'t>(reading: &mut Reading<'t>, config: &mut Config) -> Result<(), Fault> {
    while let Some(root) = reading.xml.child()? {
        match root.name {
            "ossec_config" => sections(reading, config)?,
            "agent_config" if agents::means(reading, &root, config) => sections(reading, config)?,
            "agent_config" => reading.xml.skip()?,
            name => {
                let help = match suggest::suggest(name, &[&["ossec_config", "agent_config"]]) {
                    Some(known) => format!("did you mean <{known}>?"),
                    None => "all of a configuration stands in <ossec_config>".to_string(),
                };
                reading.error(root.name_at, format_args!("<{name}> cannot stand here"), &help);
                reading.xml.skip()?;
            }
        }
    }
    Ok(())
}

fn sections<'t>(reading: &mut Reading<'t>, config: &mut Config) -> Result<(), Fault> {
    while let Some(section) = reading.xml.child()? {
        match section.name {
            "client" if reading.about.pushed => {
                let message = "a manager does not change <client>; nothing in it has an effect";
                reading.warn_once(section.name_at, message.to_string(), "write it into the agent's own file");
                reading.xml.skip()?;
            }
            "client" => client::read(reading, &section, config)?,
            "localfile" => localfile::read(reading, &section, config)?,
            "active-response" => responses::read(reading, &section, &mut config.responses)?,
            "syslog_listener" | "remote" => listener::read(reading, &section, config)?,
            name if sections::MANAGER.contains(&name) => reading.xml.skip()?,
            name if sections::UNUSED.contains(&name) => reading.unused_section(&section)?,
            name => {
                let known: [&[_]; 3] = [&sections::USED, &sections::UNUSED, &sections::MANAGER];
                let help = match suggest::suggest(name, &known) {
                    Some(known) => format!("did you mean <{known}>?"),
                    None => format!("sections of an agent are <{}>", sections::USED.join(">, <")),
                };
                reading.error(section.name_at, format_args!("there is no section <{name}>"), &help);
                reading.xml.skip()?;
            }
        }
    }
    Ok(())
}

impl Config {
    /// Whether nothing is watched.
    pub fn watches_nothing(&self) -> bool {
        let sources = self.files.len() + self.commands.len() + self.streams.len();
        sources + self.journal.len() + self.listeners.len() == 0 && !self.kernel
    }

    /// Adds the sources of another configuration, such as one that the manager
    /// has pushed, unless they are there already. `<client>` stays, and either
    /// of the two may disable responses.
    pub fn add(&mut self, other: Self) {
        let has = |file: &File| self.files.iter().any(|own| own.location == file.location);
        let new: Vec<_> = other.files.into_iter().filter(|file| !has(file)).collect();
        self.files.extend(new);
        self.commands.extend(other.commands);
        self.streams.extend(other.streams);
        self.journal.extend(other.journal);
        self.kernel |= other.kernel;
        self.kernel_merge_s = self.kernel_merge_s.or(other.kernel_merge_s);
        self.listeners.extend(other.listeners);
        self.responses.disabled |= other.responses.disabled;
        self.warnings.append(other.warnings);
        self.commands.dedup();
    }
}

/// Reads any bytes as a configuration and as internal options, and shows what
/// is wrong: for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let internal = Internal::read(bytes, "local_internal_options.conf").unwrap_or_default();
    for pushed in [false, true] {
        let about = About { file: "ossec.conf", pushed, internal, agent: Agent::default() };
        match check(bytes, about) {
            Ok(config) => drop(config.warnings.to_string()),
            Err(report) => assert!(!report.to_string().is_empty()),
        }
    }
}
