use super::*;
use bartizan_core::assemble::Wait;

const OWN: About<'static> = About {
    file: "ossec.conf",
    pushed: false,
    internal: Internal { remote_commands: false, loop_timeout_s: 2 },
    agent: Agent { name: "web1", system: "Linux web1 6.1", profile: "" },
};
const PUSHED: About<'static> = About { pushed: true, ..OWN };

fn config(text: &str) -> Config {
    check(text.as_bytes(), OWN).unwrap_or_else(|report| panic!("{report}"))
}

fn refused(text: &str) -> String {
    check(text.as_bytes(), OWN).map(|_| ()).expect_err(text).to_string()
}

fn localfile(options: &str) -> Config {
    config(&format!("<ossec_config><localfile>{options}</localfile></ossec_config>"))
}

fn localfile_refused(options: &str) -> String {
    refused(&format!("<ossec_config><localfile>{options}</localfile></ossec_config>"))
}

fn format(log_format: &str) -> Format {
    let config = localfile(&format!("{log_format}<location>/var/log/x</location>"));
    config.files[0].format.format()
}

#[test]
fn a_file_of_the_field_is_read_as_it_is() {
    let config = config(include_str!("tests/ossec.conf"));
    let hosts: Vec<_> = config.client.managers.iter().map(|m| (m.host.as_str(), m.port)).collect();
    assert_eq!(hosts, [("192.0.2.1", 1515), ("manager.example", 1515), ("192.0.2.9", 1600)]);
    assert_eq!(config.client.profile, "web, lab");
    assert_eq!(config.client.spool_bytes, 4 << 20);
    assert_eq!(config.client.spool_file, Some("/overlay/bartizan.spool".into()));
    assert_eq!(config.client.user.as_deref(), Some("nobody"));
    assert!(!config.client.sandbox);
    let files: Vec<_> = config.files.iter().map(|file| file.location.as_str()).collect();
    assert_eq!(
        files,
        ["/var/log/messages", "/var/log/app-%Y-%m-%d.log", "/var/log/nginx/*.log", "/srv/a&b.log"]
    );
    assert_eq!(config.files[2].exclude, ["/var/log/nginx/old*"]);
    assert_eq!((config.files[2].age_s, config.files[2].from_start), (Some(7 * 86_400), true));
    assert_eq!(config.files[2].rate_limit, Some(100));
    assert_eq!(config.commands.len(), 2);
    assert_eq!(config.commands[0].label, "df -P");
    assert_eq!(config.commands[0].frequency_s, 360);
    assert_eq!(config.commands[1].label, r"listening\tcp");
    assert!(config.commands[1].whole && config.commands[1].frequency_s == 3600);
    assert_eq!(config.streams[0].line, "logread -f");
    assert!(config.kernel);
    let warnings = config.warnings.to_string();
    assert!(warnings.contains("ossec.conf:2:4: warning: the section <syscheck> is not used"), "{warnings}");
    assert_eq!(warnings.matches("warning:").count(), 3, "{warnings}");
}

#[test]
fn the_priority_of_a_file_says_how_soon_its_turn_comes() {
    let file = "<log_format>syslog</log_format><location>/var/log/x</location>";
    let priority = |text: &str| localfile(&format!("{file}{text}")).files[0].priority;
    assert_eq!(priority("<priority>high</priority>"), Priority::High);
    assert_eq!(priority("<priority>low</priority>"), Priority::Low);
    assert_eq!(priority(""), Priority::Normal);
}

#[test]
fn the_forms_of_a_log_format_are_understood() {
    assert_eq!(format("<log_format>multi-line: 3</log_format>"), Format::Multi { lines: 3 });
    assert_eq!(format("<log_format lines=\"3\">multi-line</log_format>"), Format::Multi { lines: 3 });
    assert_eq!(format("<log_format>squid</log_format>"), Format::Lines);
    let wait = Wait::Timeout(10_000);
    assert_eq!(format("<log_format timeout=\"5\">linux_auditd</log_format>"), Format::LinuxAuditd { wait });
    let wait = Wait::Window(2_000);
    assert_eq!(format("<log_format window=\"1\">linux_auditd</log_format>"), Format::LinuxAuditd { wait });
    let regex = localfile(
        "<log_format start_regex=\"^BEGIN\" key_regex=\"id=(\\d+)\" flags=\"i\">regex</log_format>\
         <location>/var/log/x</location>",
    );
    let regex = &regex.files[0].format;
    let Format::Regex { start: Some(start), end: None, key: Some(key), .. } = regex.format() else {
        panic!("{regex:?}");
    };
    let mut expressions = regex.expressions().expect("it has some");
    use bartizan_core::pattern::{Captures, Matcher};
    assert!(expressions.is_match(start, b"begin") && !expressions.is_match(start, b"x begin"));
    let mut captures = Captures::new();
    // A byte that is no UTF-8 moves nothing.
    assert_eq!(expressions.captures(key, b"\xff\xfe ID=17;", &mut captures), Some(8));
    assert_eq!(captures.get(0).map(|span| (span.start, span.len)), Some((6, 2)));
}

#[test]
fn the_end_of_an_event_may_ask_for_what_its_start_captured() {
    use bartizan_core::pattern::{Given, Matcher};
    let option = r#"<log_format start_regex="^BEGIN (\S+)" end_regex="^END \1$">regex</log_format>"#;
    let config = localfile(&format!("{option}<location>/var/log/x</location>"));
    let format = &config.files[0].format;
    let Format::Regex { end: Some(end), .. } = format.format() else { panic!("{format:?}") };
    let mut expressions = format.expressions().expect("it has some");
    let mut given = Given::default();
    for (captured, line, ends) in [
        (&b"a.b"[..], &b"END a.b"[..], true),
        (b"a.b", b"END axb", false),
        (b"(", b"END (", true),
        (b"\xff", b"END", false),
    ] {
        given[0] = captured;
        assert_eq!(expressions.is_match_given(end, line, &given), ends);
    }
    assert!(
        localfile_refused(r#"<log_format start_regex="\1">regex</log_format>"#).contains("is no expression")
    );
}

#[test]
fn wazuh_s_multiline_regex_is_understood() {
    let config = localfile(
        "<location>/var/log/x</location><multiline_regex match=\"end\" replace=\"tab\" timeout=\"9\">\\}$\
         </multiline_regex><log_format>multi-line-regex</log_format>",
    );
    assert_eq!(
        config.files[0].format.format(),
        Format::Regex {
            start: None,
            end: Some(PatternId(END)),
            key: None,
            join: Join::Tab,
            timeout_ms: 9000
        }
    );
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_what_was_meant() {
    for (options, said) in [
        ("<log_format>sylog</log_format>", "did you mean `syslog`?"),
        ("<loction>/x</loction>", "did you mean <location>?"),
        ("<location>/x</location>", "has no <log_format>"),
        ("<log_format>syslog</log_format>", "has no <location>"),
        ("<log_format>command</log_format>", "has no <command>"),
        ("<log_format>syslog</log_format><location>x.log</location>", "is no whole path"),
        ("<log_format>multi-line</log_format>", "has no number of lines"),
        ("<log_format>multi-line:0</log_format>", "write multi-line:N"),
        ("<log_format>multi-line:1001</log_format>", "write multi-line:N"),
        ("<log_format>linux_auditd</log_format>", "exactly one of"),
        ("<log_format timeout=\"1\" window=\"1\">linux_auditd</log_format>", "exactly one of"),
        ("<log_format start_regex=\"(\">regex</log_format>", "is no expression"),
        ("<log_format start_regx=\"a\">regex</log_format>", "did you mean `start_regex`?"),
        ("<filter>x</filter>", "names no field"),
        ("<priority>bad</priority>", "no priority `bad`"),
        ("<frequency>0</frequency>", "hourly or daily"),
        ("<only-future-events> yes</only-future-events>", "without spaces"),
        ("<age>7y</age>", "takes a time"),
    ] {
        let report = localfile_refused(options);
        assert!(report.contains(said), "{options}: {report}");
        assert!(report.starts_with("ossec.conf:1:"), "{report}");
    }
}

#[test]
fn a_problem_shows_its_line_with_a_caret() {
    let report = refused("<ossec_config>\n  <localfil>\n  </localfil>\n</ossec_config>\n");
    let wanted = "ossec.conf:2:4: there is no section <localfil>\n    <localfil>\n     ^^^^^^^^\n  \
                  did you mean <localfile>?\n";
    assert_eq!(report, wanted);
}

#[test]
fn broken_structure_is_one_problem() {
    for (text, said) in [
        ("<ossec_config>", "is not closed before the end"),
        ("<ossec_config><client></localfile></ossec_config>", "does not close <client>"),
        ("</ossec_config>", "closes nothing"),
        ("<ossec_config><client", "is not finished"),
        ("<ossec_config><!-- x", "comment does not end"),
        ("<ossec_config><localfile><location>/a<b</location>", "holds a text and no elements"),
        ("<ossec_config><localfile><location>/a < b</location>", "holds a text and no elements"),
        ("<ossec_config a=b>", "is not in quotes"),
        ("<ossec_config a=\"b>", "quote is not closed"),
        ("<ossec_config a>", "has no value"),
        ("<?xml", "prolog does not end"),
        ("\0", "byte 0"),
    ] {
        let report = refused(text);
        assert!(report.contains(said), "{text}: {report}");
        assert_eq!(report.matches("ossec.conf:").count(), 1, "{report}");
    }
}

#[test]
fn limits_hold() {
    assert!(refused(&"<a>".repeat(1000)).contains("nested deeper"));
    assert!(refused(&" ".repeat(TEXT_MAX + 1)).contains("larger than"));
    let many = "<bad/>".repeat(20_000);
    let report = refused(&format!("<ossec_config>{many}</ossec_config>"));
    assert!(report.ends_with("and 19950 more problems\n") && report.len() < 20_000, "{}", report.len());
    let one = |n| format!("<localfile><log_format>json</log_format><location>/{n}</location></localfile>");
    let texts: String = (0..3000).map(one).collect();
    assert_eq!(config(&format!("<ossec_config>{texts}</ossec_config>")).files.len(), 3000);
}

#[test]
fn commands_of_the_manager_are_refused_each_by_name() {
    let text = "<agent_config><localfile><log_format>command</log_format><command>df -P</command></localfile>\
                <localfile><log_format>syslog</log_format><command>logread -f</command></localfile></agent_config>";
    let report = check(text.as_bytes(), PUSHED).expect_err("commands").to_string();
    assert!(report.contains("`df -P` of the manager is refused"), "{report}");
    assert!(report.contains("`logread -f` of the manager is refused"), "{report}");
    let internal =
        Internal::read(b"# x\nlogcollector.remote_commands = 1\nremoted.x=9\n", "l").expect("sound");
    let config = check(text.as_bytes(), About { internal, ..PUSHED }).expect("allowed");
    assert_eq!((config.commands.len(), config.streams.len()), (1, 1));
    assert_eq!(check(text.as_bytes(), OWN).expect("own").commands.len(), 1);
}

#[test]
fn a_manager_does_not_say_where_the_manager_is() {
    let text = "<ossec_config><client><server-ip>192.0.2.66</server-ip></client></ossec_config>";
    let config = check(text.as_bytes(), PUSHED).expect("sound");
    assert!(config.client.managers.is_empty());
    assert!(config.warnings.to_string().contains("does not change <client>"));
}

#[test]
fn blocks_are_for_the_agents_they_name() {
    let block = |attributes: &str| {
        let text = format!(
            "<ossec_config><client><config-profile>lab</config-profile></client></ossec_config>\
             <agent_config {attributes}><localfile><log_format>json</log_format>\
             <location>/x</location></localfile></agent_config>"
        );
        config(&text).files.len()
    };
    for (attributes, wanted) in [
        ("", 1),
        ("name=\"^web\"", 1),
        ("name=\"db\"", 0),
        ("os=\"linux|bsd\"", 1),
        ("os=\"Windows\"", 0),
        ("profile=\"lab\"", 1),
        ("profile=\"lab\" name=\"db\"", 0),
    ] {
        assert_eq!(block(attributes), wanted, "{attributes}");
    }
}

#[test]
fn the_journal_is_chosen_by_all_of_one_block_and_any_block() {
    let config = config(
        "<ossec_config><localfile><log_format>journald</log_format><location>sshd</location></localfile>\
         <localfile><location>journald</location><log_format>journald</log_format><priority>warning</priority>\
         <unit>nginx.service</unit><filter field=\"_UID\" ignore_if_missing=\"yes\">^0$</filter></localfile>\
         </ossec_config>",
    );
    assert_eq!(config.journal[0].identifiers, ["sshd"]);
    let second = &config.journal[1];
    assert_eq!((second.priority, second.units.as_slice()), (Some(4), &["nginx.service".to_string()][..]));
    assert!(second.filters[0].ignore_if_missing && second.filters[0].field == "_UID");
    assert!(second.identifiers.is_empty());
}

#[test]
fn a_listener_says_who_may_send() {
    let listener = |text: &str| config(&format!("<ossec_config>{text}</ossec_config>")).listeners;
    let both = listener(
        "<syslog_listener><port>5140</port><protocol>both</protocol><local_ip>127.0.0.1</local_ip>\
         <allowed-ips>192.0.2.0/24, 2001:db8::/32</allowed-ips><denied-ips>192.0.2.66</denied-ips>\
         <socket>/dev/log</socket></syslog_listener>",
    );
    assert!(both[0].udp && both[0].tcp && both[0].port == 5140);
    assert_eq!((both[0].allowed.len(), both[0].denied.len()), (2, 1));
    assert_eq!(both[0].socket, Some("/dev/log".into()));
    let remote = listener(
        "<remote><connection>secure</connection><port>1514</port></remote>\
         <remote><connection>syslog</connection><allowed-ips>any</allowed-ips></remote>",
    );
    assert!(remote.len() == 1 && remote[0].udp && !remote[0].tcp && remote[0].port == 514);
    let socket = listener("<syslog_listener><socket>/dev/log</socket></syslog_listener>");
    assert!(!socket[0].udp && !socket[0].tcp);
    for (text, said) in [
        ("<syslog_listener><port>514</port></syslog_listener>", "has no <allowed-ips>"),
        ("<syslog_listener><protocol>sctp</protocol></syslog_listener>", "no protocol"),
        ("<syslog_listener><allowed-ips>here</allowed-ips></syslog_listener>", "no address"),
    ] {
        let report = refused(&format!("<ossec_config>{text}</ossec_config>"));
        assert!(report.contains(said), "{report}");
    }
}

#[test]
fn internal_options_are_numbers_in_a_range() {
    let wrong = Internal::read(b"logcollector.loop_timeot=1\nlogcollector.loop_timeout=0\nx\n", "l.conf");
    let report = wrong.expect_err("wrong").to_string();
    assert!(report.contains("l.conf:1:1: there is no option logcollector.loop_timeot"), "{report}");
    assert!(report.contains("did you mean logcollector.loop_timeout?"), "{report}");
    assert!(
        report.contains("l.conf:2:1: logcollector.loop_timeout takes a number from 1 to 120"),
        "{report}"
    );
    assert!(report.contains("l.conf:3:1: this is no option"), "{report}");
}

#[test]
fn no_bytes_bring_it_down() {
    let text = include_bytes!("tests/ossec.conf");
    let mut state = 1_u64;
    for _ in 0..2000 {
        let mut bytes = text.to_vec();
        for _ in 0..4 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % bytes.len();
            match state >> 60 {
                0..=4 => bytes[at] = b"<>/\"\\! -&\n\xc3"[(state >> 40) as usize % 11],
                5..=9 => drop(bytes.drain(at..bytes.len().min(at + 7))),
                _ => bytes.truncate(at.max(1)),
            }
            if bytes.is_empty() {
                break;
            }
        }
        exercise(&bytes);
    }
}

#[test]
fn responses_are_carried_out_unless_somebody_says_no() {
    let read = |section: &str| config(&format!("<ossec_config>{section}</ossec_config>")).responses;
    assert_eq!(read(""), Responses { disabled: false, script_timeout_s: 60 });
    let no = "<active-response><disabled>yes</disabled><script_timeout>5</script_timeout></active-response>";
    assert_eq!(read(no), Responses { disabled: true, script_timeout_s: 5 });
    assert!(read("<client><disable-active-response>yes</disable-active-response></client>").disabled);
    // What one of several says cannot be taken back.
    assert!(read(&format!("{no}<active-response><disabled>no</disabled></active-response>")).disabled);
    let mut own = Config::default();
    own.add(config(&format!("<agent_config>{no}</agent_config>")));
    assert!(own.responses.disabled);
}

#[test]
fn a_response_of_a_manager_is_passed_over_and_a_mistyped_option_is_not() {
    let bound = "<active-response><command>firewall-drop</command><location>local</location><level>6</level>\
                 </active-response>";
    assert_eq!(config(&format!("<ossec_config>{bound}</ossec_config>")), Config::default());
    let report =
        refused("<ossec_config><active-response><disable>yes</disable></active-response></ossec_config>");
    assert!(report.contains("did you mean <disabled>?"), "{report}");
}
