//! `bartizan agent-control`: OSSEC's tool of that name, for fingers and
//! scripts that know it. What it prints is OSSEC 4.3's; what it does is what
//! `bartizan agents` and `bartizan respond` do.

use super::{CommandError, ask_daemon, home_folder, local_host, say};
use crate::agents::registry::{Agent, AgentId, Registry, State};
use crate::diagnose::harmless_text;
use clap::{ArgGroup, Args};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// List agents and run responses on them, as OSSEC's tool of that name does.
///
/// For people and scripts that know `agent_control`; everything else is in
/// `bartizan agents` and `bartizan respond`. Agent 000 is the manager itself.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("job").required(true).multiple(false)
    .args(["list", "info", "restart", "integrity", "block", "responses", "maintenance"]))]
pub struct AgentControlArguments {
    /// List all agents.
    #[arg(short = 'l')]
    list: bool,
    /// With -l: only those that are connected.
    #[arg(short = 'c', requires = "list")]
    connected: bool,
    /// Show what is known of an agent.
    #[arg(short = 'i', value_name = "ID")]
    info: Option<String>,
    /// Let an agent read its configuration again.
    ///
    /// OSSEC's agents restart for that; here it is not necessary.
    #[arg(short = 'R', value_name = "ID")]
    restart: Option<String>,
    /// List the responses that are configured.
    #[arg(short = 'L')]
    responses: bool,
    /// Run a response about this address: with -f, and -u or -a.
    #[arg(short = 'b', value_name = "IP", requires = "response")]
    block: Option<String>,
    /// With -b: which response, such as firewall-drop600.
    #[arg(short = 'f', value_name = "RESPONSE", requires = "block")]
    response: Option<String>,
    /// With -b: on which agent; `all` for all that are connected.
    #[arg(short = 'u', value_name = "ID|all", conflicts_with = "all")]
    agent: Option<String>,
    /// With -b: on all agents that are connected.
    #[arg(short = 'a')]
    all: bool,
    /// Print as CSV.
    #[arg(short = 's', conflicts_with = "json")]
    csv: bool,
    /// Print as JSON.
    #[arg(short = 'j')]
    json: bool,
    /// At most so many agents.
    #[arg(short = 'm', value_name = "N")]
    limit: Option<usize>,
    /// Not supported: integrity of files is not checked by this version.
    #[arg(short = 'r')]
    integrity: bool,
    /// Not supported: there is no integrity check to be held off.
    #[arg(short = 'M', value_name = "WORD")]
    maintenance: Option<String>,
    /// Folder for logs and memory, as `bartizan run` has it. Default: bartizan
    /// in your folder for state ($XDG_STATE_HOME or ~/.local/state).
    #[arg(short = 'D', long = "home", value_name = "DIR")]
    home: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  bartizan agent-control -lc                                   who is connected
  bartizan agent-control -i 001                                all of one agent
  bartizan agent-control -L                                    which responses there are
  bartizan agent-control -b 192.0.2.9 -f firewall-drop600 -u 001
  bartizan agent-control -b 192.0.2.9 -f firewall-drop600 -u all

Exit codes: 0 done, 1 refused or not supported, 2 wrong use or no daemon, 3 a file failed.";

/// The line above what is listed or done.
const TITLE: &str = "OSSEC HIDS agent_control";

/// Runs the command.
pub fn run(arguments: &AgentControlArguments) -> Result<ExitCode, CommandError> {
    let home = home_folder(arguments.home.as_deref())?;
    if arguments.integrity || arguments.maintenance.is_some() {
        let why =
            "this version does not check the integrity of files: there is nothing to start or to hold off";
        return Err(CommandError::Refused(why.to_owned()));
    }
    if let Some(agent) = &arguments.info {
        let registry = Registry::open(&home)?;
        return say(&arguments.describe(&registry.find(agent)?));
    }
    match (&arguments.restart, &arguments.block) {
        (Some(agent), _) => arguments.restart(&home, agent),
        (_, Some(address)) => arguments.block(&home, address),
        _ if arguments.responses => say(&list_responses(&home, arguments.json)?),
        _ => say(&arguments.list(&Registry::open(&home)?.agents()?)),
    }
}

impl AgentControlArguments {
    fn list(&self, agents: &[Agent]) -> String {
        let own = [
            AgentId::MANAGER.to_string(),
            format!("{} (server)", local_host()),
            "127.0.0.1".to_owned(),
            "Active/Local".to_owned(),
        ];
        let wanted = agents.iter().filter(|agent| !self.connected || is_connected(agent));
        let rows = std::iter::once(own).chain(wanted.map(row)).take(self.limit.unwrap_or(usize::MAX));
        if self.json {
            let all = rows
                .map(|[id, name, ip, status]| json!({"id": id, "name": name, "ip": ip, "status": status}));
            return format!("{}\n", json!({"error": 0, "response": all.collect::<Vec<_>>()}));
        }
        if self.csv {
            return rows.map(|row| row.join(",") + ",\n").collect();
        }
        let line =
            |[id, name, ip, status]: [String; 4]| format!("   ID: {id}, Name: {name}, IP: {ip}, {status}\n");
        let listed: String = rows.map(line).collect();
        let devices = if self.connected { "" } else { "\nList of agentless devices:\n" };
        format!("\n{TITLE}. List of available agents:\n{listed}{devices}\n")
    }

    /// OSSEC 4.3's lines about one agent; those about parts that this version
    /// does not have are left out.
    fn describe(&self, agent: &Agent) -> String {
        let [id, name, ip, status] = row(agent);
        let alive = agent.last_seen.map_or("Unknown".to_owned(), time);
        let (system, version) = (harmless_text(&agent.about.system), harmless_text(&agent.about.version));
        if self.json {
            let all = json!({"id": id, "name": name, "ip": ip, "status": status, "os": system,
                "version": version, "lastKeepAlive": alive});
            return format!("{}\n", json!({"error": 0, "response": all}));
        }
        if self.csv {
            return format!("{id},{name},{ip},{status},{system},{version},{alive},\n");
        }
        format!(
            "\n{TITLE}. Agent information:\n   Agent ID:   {id}\n   Agent Name: {name}\n   IP address: {ip}\n   \
             Status:     {status}\n\n   Operating system:    {system}\n   Client version:      {version}\n   \
             Encryption:          Noise\n   Last keep alive:     {alive}\n\n"
        )
    }

    fn restart(&self, home: &Path, agent: &str) -> Result<ExitCode, CommandError> {
        ask_daemon(home, &json!({"ask": "restart", "agent": agent}))?;
        self.say(&format!("Restarting agent: {agent}"))
    }

    fn block(&self, home: &Path, address: &str) -> Result<ExitCode, CommandError> {
        let agent = match (&self.agent, self.all) {
            (Some(agent), _) => agent.as_str(),
            (None, true) => "all",
            (None, false) => {
                return Err(CommandError::Usage("say on which agent: -u ID, or -u all".to_owned()));
            }
        };
        let place = if agent.parse() == Ok(AgentId::MANAGER) { "server" } else { agent };
        let response = self.response.as_deref().unwrap_or_default();
        ask_daemon(home, &json!({"ask": "respond", "response": response, "agent": place, "ip": address}))?;
        self.say(&format!("Running active response '{response}' on: {agent}"))
    }

    fn say(&self, done: &str) -> Result<ExitCode, CommandError> {
        match self.json {
            true => say(&format!("{}\n", json!({"error": 0, "response": done}))),
            false => say(&format!("\n{TITLE}. {done}\n")),
        }
    }
}

fn list_responses(home: &Path, json: bool) -> Result<String, CommandError> {
    let configured = ask_daemon(home, &json!({"ask": "configured"}))?;
    let responses = configured["responses"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |value: &Value| harmless_text(value.as_str().unwrap_or("?"));
    if json {
        return Ok(format!("{}\n", json!({"error": 0, "response": responses})));
    }
    let mut all = format!("\n{TITLE}. Available active responses:\n\n");
    for response in responses {
        // Writing to a string cannot fail.
        let _ = writeln!(
            all,
            "   Response name: {}, command: {}",
            text(&response["response"]),
            text(&response["command"])
        );
    }
    Ok(all)
}

/// Number, name, address and status in the words of OSSEC 4.3.
fn row(agent: &Agent) -> [String; 4] {
    let address = agent.about.address_alone().unwrap_or("any");
    let status = match agent.state {
        State::NeverConnected => "Never connected",
        State::Active | State::Duplicated => "Active",
        State::Disconnected => "Disconnected",
    };
    [agent.id.to_string(), agent.name.clone(), harmless_text(address), status.to_owned()]
}

fn is_connected(agent: &Agent) -> bool {
    matches!(agent.state, State::Active | State::Duplicated)
}

/// `Sat Nov 21 16:31:00 2026`.
fn time(at: i64) -> String {
    let time = Timestamp::from_second(at).unwrap_or_default().to_zoned(TimeZone::system());
    time.strftime("%a %b %d %H:%M:%S %Y").to_string()
}
