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
//! | `listener` | who may send syslog |
//! | `internal` | `local_internal_options.conf` |
//! | `report` | what is wrong, with its place |

use bartizan_core::rules::address::AddressRow;
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
    /// Where syslog is received.
    pub listeners: Vec<Listener>,
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
            spool_bytes: 1 << 20,
            spool_file: None,
            user: None,
            sandbox: true,
        }
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
}

/// How lines become events. Names and limits are those of OSSEC 4.3 and
/// Wazuh 4.14.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One line is one event: `syslog`, `generic`, `apache`, ….
    Lines,
    /// One line is one JSON object.
    Json,
    /// So many lines are one event: 1 to 1000.
    Multi(u16),
    /// Indented lines belong to the one before.
    Indented,
    /// Patterns tell where an event starts and ends.
    Regex(Box<RegexFormat>),
    /// Linux audit: lines of one id are one event; lines of an id may come
    /// apart, and an event is given up after so many milliseconds.
    LinuxAuditd(u32),
    /// Linux audit as OSSEC reads it: consecutive lines of one id.
    Audit,
    /// ModSecurity's audit log.
    ModsecAudit,
    /// Snort's alerts of several lines.
    SnortFull,
    /// Grepable output of nmap.
    Nmapg,
    /// MySQL's general log.
    MysqlLog,
    /// Microsoft SQL Server.
    MssqlLog,
    /// PostgreSQL.
    PostgresqlLog,
    /// A log of daemontools.
    DjbMultilog,
    /// An `alerts.log` of OSSEC.
    OssecAlert,
}

/// The patterns of `<log_format>regex</log_format>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegexFormat {
    /// A line that it matches begins an event.
    pub start: Option<String>,
    /// A line that it matches ends an event.
    pub end: Option<String>,
    /// Its first group tells lines of one event from those of another.
    pub key: Option<String>,
    /// Letters that change how the patterns are read.
    pub flags: String,
}

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
}

/// `<filter field="…" ignore_if_missing="…">PATTERN</filter>` (Wazuh 4.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Name of a field of the journal.
    pub field: String,
    /// The pattern that its value has to match.
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
    let _ = (text, about);
    Ok(Config::default())
}

/// Numbers of `local_internal_options.conf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Internal {
    /// `logcollector.remote_commands`: commands of the manager are run.
    pub remote_commands: bool,
    /// `logcollector.loop_timeout`: seconds between two looks at files, 1 to 120.
    pub loop_timeout_s: u32,
}

impl Default for Internal {
    fn default() -> Self {
        Self { remote_commands: false, loop_timeout_s: 2 }
    }
}

impl Internal {
    /// Reads the text of `local_internal_options.conf`; `file` is its name for
    /// messages.
    ///
    /// # Errors
    /// Lines that are no option, and numbers out of range.
    pub fn read(text: &[u8], file: &str) -> Result<Self, Report> {
        let _ = (text, file);
        Ok(Self::default())
    }
}

/// What is wrong in a text, in the order of its places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    shown: String,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }
}

impl std::fmt::Display for Report {
    /// `FILE:LINE:COLUMN: message`, the line, and a caret below it; for each
    /// problem.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.problems.iter().try_for_each(|problem| f.write_str(&problem.shown))
    }
}
