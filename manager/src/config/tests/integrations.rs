//! `<integration>` and `<syslog_output>`.

use super::*;
use crate::integrations::{Format, Layout};
use std::os::unix::fs::PermissionsExt;

fn one(options: &str) -> Integration {
    let (config, sources, report) = read(&format!("<integration>{options}</integration>"));
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    config.integrations.into_iter().next().expect("an integration")
}

fn problem(section: &str) -> String {
    let (config, _, report) = read(section);
    assert_eq!(report.iter().count(), 1, "{section}: {:?}", problems(&report));
    assert!(config.integrations.is_empty() && config.syslog_outputs.is_empty(), "{section}");
    problems(&report).remove(0)
}

#[test]
fn an_integration_of_wazuh_is_read_as_it_is() {
    let slack = one(
        "<name>slack</name><hook_url>https://hooks.slack.com/services/T0/B0/x</hook_url><level>10</level>\
         <rule_id>5712,5720</rule_id><group>sshd,authentication_failed</group><event_location>/var/log</event_location>\
         <alert_format>json</alert_format><max_log>1024</max_log><options>{\"pretext\": \"Alert\"}</options>\
         <timeout>20</timeout><retries>5</retries>",
    );
    assert_eq!((slack.id.as_str(), slack.kind), ("slack", Kind::Slack));
    assert_eq!(slack.hook_url.expect("an address").reveal(), "https://hooks.slack.com/services/T0/B0/x");
    assert_eq!((slack.selection.level, slack.selection.rules), (10, vec![5712, 5720]));
    assert_eq!(slack.selection.groups, ["sshd", "authentication_failed"]);
    assert_eq!((slack.layout, slack.max_log, slack.retries), (Some(Layout::Wazuh), 1024, 5));
    assert_eq!((slack.timeout.as_secs(), slack.options.len()), (20, 1));
}

#[test]
fn a_script_that_cannot_be_run_is_a_warning() {
    let folder = Folder::new().with("integrations/custom-own", "#!/bin/sh\n");
    let read = |mode| {
        let path = folder.0.join("integrations/custom-own");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
        let text = "<ossec_config><integration><name>custom-own</name></integration></ossec_config>";
        let (config, _, report) = read_in(&folder.home(), text);
        let script = &config.integrations[0];
        assert_eq!((&script.kind, script.max_log), (&Kind::Script("custom-own".to_owned()), 165));
        problems(&report)
    };
    assert_eq!(read(0o700), [""; 0]);
    assert_eq!(
        read(0o777),
        [
            "warning: the script custom-own cannot be run: others can write to it: chmod go-w | put it into integrations below the home folder"
        ]
    );
}

#[test]
fn names_are_given_where_there_are_none_and_cannot_be_given_twice() {
    let hook = |id: &str| {
        format!("<integration><name>webhook</name><hook_url>https://h.example/</hook_url>{id}</integration>")
    };
    let ids = |config: &Config| config.integrations.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let (config, _, report) = read(&[hook(""), hook("<id>webhook-2</id>"), hook("")].concat());
    assert!(report.is_empty());
    assert_eq!(ids(&config), ["webhook", "webhook-2", "webhook-3"]);
    let twice = hook("<id>a</id>") + "<syslog_output><server>192.0.2.1</server><id>a</id></syslog_output>";
    let (_, _, report) = read(&twice);
    assert_eq!(problems(&report), ["there are two destinations `a` | give each an <id> of its own"]);
    let (config, _, report) = read(&hook("").repeat(100));
    assert_eq!((config.integrations.len(), report.errors()), (64, 36));
}

#[test]
fn mistakes_in_an_integration_are_explained() {
    let hook = |rest: &str| format!("<name>webhook</name><hook_url>https://h.example/</hook_url>{rest}");
    let cases = [
        (
            String::new(),
            "this <integration> has no <name> | add <name>slack</name>, or one of webhook, shuffle",
        ),
        ("<name>slak</name>".to_owned(), "there is no integration `slak` | did you mean `slack`?"),
        ("<name>custom-a/b</name>".to_owned(), "there is no integration `custom-a/b` | "),
        (
            "<name>virustotal</name>".to_owned(),
            "warning: there is no integration with virustotal in this version",
        ),
        (
            "<name>slack</name>".to_owned(),
            "slack needs a <hook_url> | it is the address that the service gave you",
        ),
        ("<name>pagerduty</name>".to_owned(), "pagerduty needs a <api_key> | it is the key or token"),
        (
            "<name>telegram</name><api_key>1:x</api_key>".to_owned(),
            "telegram needs a chat to write to | add <options>{\"chat_id\"",
        ),
        (
            "<name>telegram</name><api_key>1:x</api_key><options>{\"chat_id\": 1, \"chatid\": 2}</options>"
                .to_owned(),
            "telegram has no option `chatid` | did you mean `chat_id`?",
        ),
        (
            "<name>slack</name><hook_url>hooks.slack.com/T0P</hook_url>".to_owned(),
            "<hook_url> is not the address",
        ),
        (
            "<name>ntfy</name><hook_url>https://ntfy.sh/</hook_url>".to_owned(),
            "ntfy cannot be told: the address of ntfy ends with the topic: https://ntfy.sh/TOPIC",
        ),
        (hook("<options>[]</options>"), "<options> cannot be read: it is no object | write an object"),
        (hook("<alert_format>jsn</alert_format>"), "there is no format `jsn` | did you mean `json`?"),
        (hook("<timeout>99</timeout>"), "<timeout> takes a number from 1 to 50"),
        (hook("<id>a b</id>"), "<id> takes at most 64 letters"),
        (hook("<method>GET</method>"), "`GET` is no method to send with | write POST, PUT or PATCH"),
        (hook("<header>x</header>"), "this <header> has no name | write <header name"),
        (hook("<header name=\"Host\">x</header>"), "`host` is a header that cannot be set here"),
        (hook("<api_key>a\u{e4}</api_key>"), "<api_key> has characters that it cannot have"),
        (
            hook("<timout>5</timout>"),
            "there is no option <timout> in <integration> | did you mean <timeout>?",
        ),
        (
            hook("<body>{\"a\": {{rule.idd}}}</body>"),
            "there is no placeholder `rule.idd` | did you mean `rule.id`?",
        ),
        (hook("<body file=\"none\"/>"), "/nonexistent/none: there is no such file"),
        (hook("<tls_ca>ca.pem</tls_ca>"), "there is no file /nonexistent/ca.pem"),
    ];
    for (options, expected) in cases {
        let found = problem(&format!("<integration>{options}</integration>"));
        assert!(found.starts_with(expected), "{options}: {found}");
        assert!(!found.contains("T0P"), "a secret: {found}");
    }
}

#[test]
fn a_placeholder_that_is_unknown_has_its_place() {
    let text = "<integration><name>webhook</name><hook_url>https://h.example/</hook_url>\
                <body>{\"a\":\n{{rule.idd}}}</body></integration>";
    let (_, sources, report) = read(text);
    let shown = report.render(&sources, Colour::None);
    assert!(shown.contains("{{rule.idd}}}</body>") && shown.contains("  ^^^^^^^^"), "{shown}");
}

#[test]
fn secrets_come_from_files_that_others_cannot_read() {
    let folder = Folder::new().with("etc/key", "hunter2\n");
    let set = |mode| {
        let path = folder.0.join("etc/key");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    let text = "<ossec_config><integration><name>splunk</name><hook_url>https://s.example:8088</hook_url>\
                <api_key file=\"etc/key\"/></integration></ossec_config>";
    set(0o600);
    let (config, _, report) = read_in(&folder.home(), text);
    assert!(report.is_empty(), "{:?}", problems(&report));
    assert_eq!(config.integrations[0].api_key.as_ref().expect("a key").reveal(), "hunter2");
    assert!(!format!("{config:?}").contains("hunter2"));
    set(0o604);
    let (config, _, report) = read_in(&folder.home(), text);
    assert!(config.integrations.is_empty());
    assert_eq!(problems(&report), ["`etc/key`: others may read or change it (604) | run `chmod 600` on it"]);
}

#[test]
fn a_syslog_output_is_read() {
    let (config, sources, report) = read(
        "<syslog_output><server>192.0.2.1</server></syslog_output>\
         <syslog_output><server>log.example.org</server><protocol>tcp</protocol><port>1514</port><level>7</level>\
         <rule_id>1,2</rule_id><group>^sshd|web</group><location>auth</location><format>cef</format>\
         <use_fqdn>yes</use_fqdn></syslog_output>\
         <syslog_output><server>::1</server><tls>yes</tls><tls_verify>no</tls_verify><format>rfc5424</format>\
         </syslog_output>",
    );
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    let [udp, tcp, tls] = config.syslog_outputs.as_slice() else { panic!("three of them") };
    assert_eq!((udp.id.as_str(), udp.port, udp.format), ("syslog", 514, Format::Default));
    assert_eq!((udp.transport.clone(), tcp.transport.clone()), (Transport::Udp, Transport::Tcp));
    assert_eq!((tcp.port, tcp.format, tcp.use_fqdn, tcp.selection.level), (1514, Format::Cef, true, 7));
    assert_eq!(tcp.selection.group_pattern.as_deref(), Some("^sshd|web"));
    assert_eq!(tls.transport, Transport::Tls { verify: false, ca: None });
    assert_eq!((tls.id.as_str(), tls.port), ("syslog-3", 6514));
}

#[test]
fn mistakes_in_a_syslog_output_are_explained() {
    let server = |rest: &str| format!("<server>192.0.2.1</server>{rest}");
    let cases = [
        (String::new(), "this <syslog_output> has no <server> | add <server>"),
        (
            "<server>192.0.2.1 514</server>".to_owned(),
            "`192.0.2.1 514` is not the name or address of a server",
        ),
        (server("<format>cfe</format>"), "there is no format `cfe` | did you mean `cef`?"),
        (server("<protocol>sctp</protocol>"), "there is no protocol `sctp` | write udp or tcp"),
        (server("<tls>yes</tls><protocol>udp</protocol>"), "there is no TLS over udp | write <protocol>tcp"),
        (server("<prt>1</prt>"), "there is no option <prt> in <syslog_output> | did you mean <port>?"),
    ];
    for (options, expected) in cases {
        let section = format!("<syslog_output>{options}</syslog_output>");
        let (_, _, report) = read(&section);
        let found = problems(&report);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{options}: {found:?}");
    }
}
