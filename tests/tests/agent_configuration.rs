//! Manager and agent read the configuration of agents with a reader each: what
//! the manager finds good no agent may refuse, and the other way round.

use bartizan::diagnose::{Colour, Diagnostics, Sources};
use bartizan_agent::config::{self as agent, About, Agent, Internal};
use bartizan_tests::Folder;

/// What stands in `<localfile>` beside a location, and whether it is right.
const FILES: &[(bool, &str)] = &[
    (true, "<log_format>syslog</log_format>"),
    (true, "<log_format>json</log_format>"),
    (true, "<log_format>snort-full</log_format><only-future-events>no</only-future-events>"),
    (true, "<log_format>multi-line:3</log_format>"),
    (true, "<log_format>multi-line : 3</log_format>"),
    (true, "<log_format lines='3'>multi-line</log_format>"),
    (true, "<log_format>multi-line_indented</log_format>"),
    (true, "<log_format>modsec_audit</log_format>"),
    (true, "<log_format>modsec-audit</log_format>"),
    (true, "<log_format timeout='2'>linux_auditd</log_format>"),
    (true, "<log_format window='2'>linux_auditd</log_format>"),
    (true, "<log_format start_regex='^\\d' end_regex='x$' key_regex='(\\d+)' flags='is'>regex</log_format>"),
    (
        true,
        "<log_format>multi-line-regex</log_format><multiline_regex match='end' replace='none'>^x</multiline_regex>",
    ),
    (
        true,
        "<log_format>journald</log_format><filter field='PRIORITY' ignore_if_missing='yes'>[0-3]</filter>",
    ),
    (true, "<log_format>journald</log_format><unit>ssh.service</unit><priority>warning</priority>"),
    (
        true,
        "<log_format>syslog</log_format><age>7d</age><exclude>/x/*.gz</exclude><rate_limit>9</rate_limit>",
    ),
    (true, "<log_format>syslog</log_format><label key='x'>y</label>"),
    (true, "<log_format>eventchannel</log_format><query>x</query>"),
    (false, ""),
    (false, "<log_format>sylog</log_format>"),
    (false, "<log_format></log_format>"),
    (false, "<log_format>multi-line:0</log_format>"),
    (false, "<log_format>multi-line:1001</log_format>"),
    (false, "<log_format>multi-line</log_format>"),
    (false, "<log_format>linux_auditd</log_format>"),
    (false, "<log_format timeout='1' window='1'>linux_auditd</log_format>"),
    (false, "<log_format timeout='x'>linux_auditd</log_format>"),
    (false, "<log_format start_regex='(' >regex</log_format>"),
    (false, "<log_format start_regex='x' flags='q'>regex</log_format>"),
    (false, "<log_format>syslog</log_format><age>soon</age>"),
    (false, "<log_format>syslog</log_format><agee>1d</agee>"),
    (false, "<log_format>syslog</log_format><only-future-events>maybe</only-future-events>"),
    (false, "<log_format>journald</log_format><priority>9</priority>"),
    (false, "<log_format>journald</log_format><filter>x</filter>"),
    (false, "<log_format>command</log_format>"),
    (false, "<log_format>syslog</log_format><rate_limit>0</rate_limit>"),
];

/// Formats without the pattern they need: an agent takes each line by itself,
/// the manager asks for what was forgotten before it gives them away.
const FORGOTTEN: &[&str] = &["<log_format>regex</log_format>", "<log_format>multi-line-regex</log_format>"];

/// Other sections, and whether they are right.
const SECTIONS: &[(bool, &str)] = &[
    (
        true,
        "<localfile><log_format>full_command</log_format><command>df -P</command><alias>df</alias>\
        <frequency>hourly</frequency></localfile>",
    ),
    (
        true,
        "<syslog_listener><allowed-ips>192.0.2.0/24</allowed-ips><protocol>udp,tcp</protocol></syslog_listener>",
    ),
    (
        true,
        "<remote><connection>syslog</connection><allowed-ips>192.0.2.1</allowed-ips><port>5514</port></remote>",
    ),
    (true, "<syscheck><frequency>7200</frequency></syscheck>"),
    (true, "<client><server-ip>192.0.2.1</server-ip></client>"),
    (false, "<syslog_listener></syslog_listener>"),
    (false, "<syslog_listener><allowed-ips>192.0.2.300</allowed-ips></syslog_listener>"),
    (
        false,
        "<remote><connection>syslog</connection><allowed-ips>::1</allowed-ips><protocol>sctp</protocol></remote>",
    ),
    (false, "<localfle></localfle>"),
    (false, "<localfile><log_format>syslog</log_format></localfile>"),
];

/// What the manager says is wrong; empty if nothing is.
fn manager(folder: &Folder, text: &str) -> String {
    let path = folder.write("agent.conf", text);
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    bartizan::config::check_shared(folder.path(), &path, &mut sources, &mut report);
    if report.has_errors() { report.render(&sources, Colour::None) } else { String::new() }
}

/// What the agent says is wrong; empty if nothing is.
fn agent(text: &str) -> String {
    let internal = Internal { remote_commands: true, ..Internal::default() };
    let about = About { file: "agent.conf", pushed: true, internal, agent: Agent::default() };
    agent::check(text.as_bytes(), about).err().map(|report| report.to_string()).unwrap_or_default()
}

/// A whole file with one `<localfile>`.
fn with_options(options: &str) -> String {
    format!("<agent_config><localfile>{options}<location>/var/log/x</location></localfile></agent_config>")
}

#[test]
fn what_was_forgotten_is_not_given_to_agents() {
    let folder = Folder::new("agent-configuration-forgotten");
    for options in FORGOTTEN {
        let text = with_options(options);
        assert!(!manager(&folder, &text).is_empty() && agent(&text).is_empty(), "{text}");
    }
}

#[test]
fn manager_and_agent_find_the_same_right_and_wrong() {
    let folder = Folder::new("agent-configuration");
    let file = |(right, options): &(bool, &str)| (*right, with_options(options));
    let section = |(right, text): &(bool, &str)| (*right, format!("<agent_config>{text}</agent_config>"));
    let all = FILES.iter().map(file).chain(SECTIONS.iter().map(section));
    let mut differ = Vec::new();
    for (right, text) in all {
        let (here, there) = (manager(&folder, &text), agent(&text));
        if here.is_empty() != right || there.is_empty() != right {
            differ.push(format!("{text}\nright: {right}\nmanager: {here}\nagent: {there}\n"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
