//! Formats of several lines, and what Wazuh says of a `<localfile>`.

use super::*;
use crate::pattern::Language;
use bartizan_core::assemble::Join;

fn local_file(options: &str) -> LocalFile {
    let text = format!("<localfile>{options}<location>/x</location></localfile>");
    let (mut config, sources, report) = read(&text);
    assert!(!report.has_errors(), "{}", report.render(&sources, Colour::None));
    config.local_files.pop().expect("it is read")
}

fn problem(options: &str) -> String {
    let text = format!("<localfile>{options}<location>/x</location></localfile>");
    let (_, _, report) = read(&text);
    assert_eq!(report.errors(), 1, "{options}: {:?}", problems(&report));
    problems(&report).into_iter().find(|problem| !problem.starts_with("warning")).expect("an error")
}

#[test]
fn formats_take_their_options_as_attributes() {
    let format = |text: &str| local_file(&format!("<log_format {text}</log_format>")).format;
    assert_eq!(format("lines='7'>multi-line"), LogFormat::MultiLine(7));
    assert_eq!(format("timeout='2'>linux_auditd"), LogFormat::LinuxAuditd(Wait::Timeout(4000)));
    assert_eq!(format("window='0'>linux_auditd"), LogFormat::LinuxAuditd(Wait::Window(0)));
    assert_eq!(format(">modsec_audit"), LogFormat::ModsecAudit);
    assert!(format(">json").is_line());
    let regex = r"<log_format start_regex='^(\d+) begin' end_regex='end$' key_regex='^(\d+)' flags='is'>regex</log_format>";
    let regex = local_file(regex).regex.expect("it has patterns");
    assert_eq!(regex.start.as_deref(), Some(r"(?is)^(\d+) begin"));
    assert_eq!((regex.end.as_deref(), regex.key.as_deref()), (Some("(?is)end$"), Some(r"(?is)^(\d+)")));
}

#[test]
fn the_multi_line_pattern_of_wazuh_is_read() {
    let with = |attributes: &str| {
        let options = format!(
            "<multiline_regex{attributes}>^\\d</multiline_regex><log_format>multi-line-regex</log_format>"
        );
        *local_file(&options).regex.expect("it has a pattern")
    };
    let pattern = || Some("^\\d".to_owned());
    let plain = RegexFormat { start: pattern(), join: Join::Newline, ..RegexFormat::default() };
    assert_eq!(with(""), plain);
    let all = RegexFormat { all: pattern(), join: Join::Nothing, timeout_ms: 7000, ..RegexFormat::default() };
    assert_eq!(with(" match='all' replace='none' timeout='7'"), all);
    let end = RegexFormat { end: pattern(), join: Join::Tab, ..RegexFormat::default() };
    assert_eq!(with(" match='end' replace='tab'"), end);
}

#[test]
fn what_wazuh_says_of_files_and_the_journal_is_read() {
    let options = "<log_format>journald</log_format><exclude>/x/*.gz</exclude><age>2h</age>\
        <ignore>debug</ignore><ignore type='osmatch'>^trace</ignore><restrict type='osregex'>\\d</restrict>\
        <filter field='PRIORITY' ignore_if_missing='yes'>[0-3]</filter><unit>ssh.service</unit>\
        <identifier>sshd</identifier><priority>warning</priority><rate_limit>50</rate_limit>";
    let file = local_file(options);
    assert_eq!((file.exclude, file.age), (vec!["/x/*.gz".to_owned()], Some(7200)));
    let ignored: Vec<_> = file.ignore.iter().map(|c| (c.language, c.pattern.as_str())).collect();
    assert_eq!(ignored, [(Language::Pcre2, "debug"), (Language::Match, "^trace")]);
    assert_eq!(file.restrict[0].language, Language::Regex);
    assert_eq!((file.filters[0].field.as_str(), file.filters[0].ignore_if_missing), ("PRIORITY", true));
    assert_eq!((file.units.len(), file.identifiers.len()), (1, 1));
    assert_eq!((file.priority, file.rate_limit), (Some(4), Some(50)));
}

#[test]
fn mistakes_in_formats_are_explained() {
    let cases = [
        ("<log_format>linux_auditd</log_format>", "linux_auditd takes exactly one of `timeout` and `window`"),
        (
            "<log_format timeout='1' window='1'>linux_auditd</log_format>",
            "linux_auditd takes exactly one of `timeout` and `window`",
        ),
        ("<log_format timeout='x'>linux_auditd</log_format>", "`timeout` takes a number from 0 to 1000"),
        ("<log_format lines='0'>multi-line</log_format>", "`lines` takes a number from 1 to 1000"),
        ("<log_format>regex</log_format>", "the format regex needs a `start_regex` or an `end_regex`"),
        (
            "<log_format start_regex='x' flags='iq'>regex</log_format>",
            "flags are the letters i, m, s, x and U",
        ),
        ("<log_format lines='2'>syslog</log_format>", "<log_format> has no attribute `lines` | remove it"),
        (
            "<log_format start_rgx='x' end_regex='y'>regex</log_format>",
            "<log_format> has no attribute `start_rgx` | did you mean `start_regex`?",
        ),
        (
            "<log_format>linux-auditd</log_format>",
            "there is no log format `linux-auditd` | did you mean `linux_auditd`?",
        ),
        ("<log_format>multi-line-regex</log_format>", "this <localfile> has no <multiline_regex>"),
        ("<log_format>syslog</log_format><age>soon</age>", "<age> takes a time"),
        ("<log_format>syslog</log_format><ignore type='glob'>x</ignore>", "`glob` is no value of `type`"),
        ("<log_format>journald</log_format><filter>x</filter>", "this <filter> names no field"),
        ("<log_format>journald</log_format><priority>9</priority>", "there is no priority `9`"),
    ];
    for (options, expected) in cases {
        let found = problem(options);
        assert!(found.starts_with(expected), "{options}: {found}");
    }
}

#[test]
fn a_wrong_pattern_is_marked_where_it_is_wrong() {
    let text = "<localfile>\n<log_format flags='i' start_regex='ab(c'>regex</log_format>\n\
        <location>/x</location></localfile>";
    let (config, sources, report) = read(text);
    assert!(config.local_files.is_empty());
    let shown = report.render(&sources, Colour::None);
    assert!(shown.contains("ossec.conf:2:") && report.errors() == 1, "{shown}");
    let (_, _, report) = read(
        "<localfile><log_format>syslog</log_format><location>/x</location><ignore>(</ignore></localfile>",
    );
    assert_eq!(report.errors(), 1);
}

#[test]
fn what_has_no_effect_here_is_said() {
    let of = |options: &str| {
        let text =
            format!("<localfile><log_format>syslog</log_format><location>/x</location>{options}</localfile>");
        problems(&read(&text).2)
    };
    for options in ["<exclude>/y</exclude>", "<ignore>x</ignore><ignore>y</ignore>", "<age>1d</age>"] {
        let found = of(options);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("warning: the option <"), "{found:?}");
        assert!(found[0].contains("in <localfile> is not used by this version"), "{found:?}");
    }
    assert!(of("").is_empty());
}
