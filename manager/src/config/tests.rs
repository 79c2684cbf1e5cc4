//! The promises of this room.

mod console;
mod email;
mod formats;
mod integrations;
mod notification;
mod remote;
mod reports;
mod responses;

use super::*;
use crate::diagnose::{Colour, Severity};
use bartizan_core::image::Dialect;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("bartizan-config-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn with(self, name: &str, text: &str) -> Self {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    fn home(&self) -> Home {
        Home::new(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn read_in(home: &Home, text: &str) -> (Config, Sources, Diagnostics) {
    let mut sources = Sources::new();
    let source = sources.add("etc/ossec.conf", text);
    let mut report = Diagnostics::new();
    let config = Config::from_source(home, source, &sources, &mut report);
    (config, sources, report)
}

fn read(inner: &str) -> (Config, Sources, Diagnostics) {
    read_in(&Home::new("/nonexistent"), &format!("<ossec_config>{inner}</ossec_config>"))
}

/// `message | help` of every problem.
fn problems(report: &Diagnostics) -> Vec<String> {
    let one = |d: &Diagnostic| {
        let warning = if d.severity == Severity::Warning { "warning: " } else { "" };
        format!("{warning}{} | {}", d.message, d.help.as_deref().unwrap_or_default())
    };
    report.iter().map(one).collect()
}

/// The names of files in the order of loading.
fn names(files: &[ListedFile]) -> Vec<&str> {
    files.iter().map(|file| file.name.as_str()).collect()
}

#[test]
fn an_empty_section_leaves_the_defaults_of_ossec() {
    let (config, _, report) = read("<global></global><alerts/>");
    assert!(report.is_empty());
    assert_eq!((config.alerts.log_alert_level, config.alerts.email_alert_level), (1, 7));
    assert_eq!((config.global.stats_level, config.global.memory_size), (4, 8192));
    assert!(!config.global.logall && !config.global.jsonout_output);
    assert_eq!(config.internal.default_timeframe, 360);
    assert!(config.rule_files.decoders.is_empty());
}

#[test]
fn several_roots_add_up_and_the_last_word_counts() {
    let text = "<?xml version='1.0'?><ossec_config><global><logall>yes</logall><stats>3</stats><allow_list>10.0.0.1</allow_list>\
        <email_to>a@example.com</email_to></global></ossec_config> <!-- & --> <ossec_config><global><logall>no</logall>\
        <jsonout_output>yes</jsonout_output><memory_size>9000</memory_size><white_list>^localhost</white_list>\
        <email_to>b@example.com</email_to><email_maxperhour>5</email_maxperhour><smtp_port>587</smtp_port>\
        <custom_alert_output>$RULEID & more\n</custom_alert_output></global>\
        <alerts><log_alert_level>3</log_alert_level><email_alert_level>10</email_alert_level></alerts></ossec_config>";
    let (config, sources, report) = read_in(&Home::new("/nonexistent"), text);
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    let global = &config.global;
    assert_eq!(
        (global.logall, global.jsonout_output, global.stats_level, global.memory_size),
        (false, true, 3, 9000)
    );
    assert_eq!(global.allow_list, ["10.0.0.1", "^localhost"]);
    assert_eq!(global.email.to, ["a@example.com", "b@example.com"]);
    assert_eq!((global.email.max_per_hour, global.email.smtp_port), (Some(5), Some(587)));
    assert_eq!(global.custom_alert_output.as_deref(), Some(b"$RULEID & more\n".as_slice()));
    assert_eq!((config.alerts.log_alert_level, config.alerts.email_alert_level), (3, 10));
}

#[test]
fn databases_of_places_are_named_in_either_dialect() {
    let text = "<global><geoip_db_path>/a/City.mmdb</geoip_db_path><geoip6_db_path>etc/6.mmdb</geoip6_db_path>\
        <geoipdb>etc/more.mmdb</geoipdb></global>";
    let (config, _, report) = read(text);
    assert!(report.is_empty(), "{:?}", problems(&report));
    assert_eq!(names(&config.global.places), ["/a/City.mmdb", "etc/6.mmdb", "etc/more.mmdb"]);
    assert_eq!(config.global.places[0].path, Path::new("/a/City.mmdb"));
}

/// What stands in `<ossec_config>`, and the only problem of it.
const MISTAKES: &[(&str, &str)] = &[
    ("<gobal/>", "there is no section <gobal> | did you mean <global>?"),
    ("<syscheckk/>", "there is no section <syscheckk> | did you mean <syscheck>?"),
    (
        "<global><logal>yes</logal></global>",
        "there is no option <logal> in <global> | did you mean <logall>?",
    ),
    (
        "<global><logall>true</logall></global>",
        "<logall> takes yes or no | write <logall>yes</logall>, without spaces",
    ),
    (
        "<global><logall> no</logall></global>",
        "<logall> takes yes or no | write <logall>no</logall>, without spaces",
    ),
    (
        "<global><logall></logall></global>",
        "<logall> takes yes or no | write <logall>yes</logall> or <logall>no</logall>",
    ),
    ("<global><logall a='b'>no</logall></global>", "<logall> has no attribute `a` | remove it"),
    (
        "<global><stats>x</stats></global>",
        "<stats> takes a number from 0 to 9999 | write it in digits, without spaces",
    ),
    (
        "<global><smtp_port>70000</smtp_port></global>",
        "<smtp_port> takes a number from 1 to 65535 | write it in digits, without spaces",
    ),
    (
        "<global><memory_size>100</memory_size></global>",
        "warning: at least 2048 events are remembered | 2048 is used",
    ),
    ("<global><email_to></email_to></global>", "<email_to> is empty | give it a value, or remove it"),
    (
        "<alerts><log_level>1</log_level></alerts>",
        "there is no option <log_level> in <alerts> | options of <alerts> are log_alert_level, email_alert_level",
    ),
    (
        "<alerts><log_alert_levl>1</log_alert_levl></alerts>",
        "there is no option <log_alert_levl> in <alerts> | did you mean <log_alert_level>?",
    ),
    ("<rules><includ>x</includ></rules>", "there is no option <includ> in <rules> | did you mean <include>?"),
    (
        "<rules><include> x.xml</include></rules>",
        "this name begins or ends with a space | write <include>x.xml</include>",
    ),
    (
        "<syscheck><zebra/></syscheck><syscheck/>",
        "warning: the section <syscheck> is not used by this version | it may stay; nothing in it has an effect",
    ),
    (
        "<global><compress_alerts>yes</compress_alerts></global>",
        "warning: the option <compress_alerts> in <global> is not used by this version | it may stay; it has no effect",
    ),
];

#[test]
fn every_mistake_is_reported_with_what_was_probably_meant() {
    for (inner, expected) in MISTAKES {
        assert_eq!(problems(&read(inner).2), [*expected], "{inner}");
    }
    let of_nothing = problems(&read("<zebra/>").2);
    let expected = format!("there is no section <zebra> | sections are <{}>", sections::USED.join(">, <"));
    assert_eq!(of_nothing, [expected]);
}

#[test]
fn a_wrong_root_is_an_error() {
    let home = Home::new("/nonexistent");
    let expect =
        |text: &str, expected: &str| assert_eq!(problems(&read_in(&home, text).2), [expected], "{text}");
    expect("<ossec-config/>", "<ossec-config> cannot stand here | did you mean <ossec_config>?");
    expect("<rules/>", "<rules> cannot stand here | all of a configuration stands in <ossec_config>");
    expect("", "the configuration is empty | it needs an element <ossec_config>");
    expect(
        "<agent_config/>",
        "warning: the section <agent_config> is not used by this version | it may stay; nothing in it has an effect",
    );
}

#[test]
fn all_problems_come_in_one_go() {
    let text = "\
<ossec_config>
  <global>
    <logall>maybe</logall>
    <memory>1</memory>
  </global>
  <localfile>
    <location>/var/log/messages</location>
    <log_format>sysolg</log_format>
  </localfile>
  <wodle name=\"x\"/>
</ossec_config>
";
    let (_, sources, report) = read_in(&Home::new("/nonexistent"), text);
    let expected = "\
error: <logall> takes yes or no
 --> etc/ossec.conf:3:13
  |
3 |     <logall>maybe</logall>
  |             ^^^^^
  |
  = help: write <logall>yes</logall> or <logall>no</logall>

error: there is no option <memory> in <global>
 --> etc/ossec.conf:4:6
  |
4 |     <memory>1</memory>
  |      ^^^^^^
  |
  = help: ";
    let shown = report.render(&sources, Colour::None);
    assert!(shown.starts_with(expected), "{shown}");
    let expected = "
error: there is no log format `sysolg`
 --> etc/ossec.conf:8:17
  |
8 |     <log_format>sysolg</log_format>
  |                 ^^^^^^
  |
  = help: did you mean `syslog`?

warning: the section <wodle> is not used by this version
  --> etc/ossec.conf:10:4
   |
10 |   <wodle name=\"x\"/>
   |    ^^^^^
   |
   = help: it may stay; nothing in it has an effect

3 errors, 1 warning
";
    assert!(shown.ends_with(expected), "{shown}");
}

#[test]
fn rule_files_come_in_the_listed_order() {
    let folder = Folder::new()
        .with("own/b.xml", "")
        .with("own/a.xml", "")
        .with("own/Z.xml", "")
        .with("own/c.txt", "")
        .with("own/deep.xml/x.xml", "")
        .with("etc/decoder.xml", "");
    let text = "<ossec_config><rules><rule_dir>own/</rule_dir><include>own/b.xml</include><include>sshd_rules.xml</include>\
        <rule>local/x.xml</rule><list>small.cdb</list><list>lists/large</list></rules></ossec_config>";
    let (config, sources, report) = read_in(&folder.home(), text);
    let files = &config.rule_files;
    assert_eq!(
        names(&files.rules),
        ["own/Z.xml", "own/a.xml", "own/b.xml", "rules/sshd_rules.xml", "local/x.xml"]
    );
    assert_eq!(names(&files.lists), ["rules/small", "lists/large"]);
    assert_eq!(names(&files.decoders), ["etc/decoder.xml"]);
    assert_eq!(problems(&report), ["warning: `own/b.xml` is named already | remove one of them"]);
    assert_eq!(files.rules[3].path, folder.0.join("rules/sshd_rules.xml"));
    let place = files.rules[3].place.expect("a place");
    assert_eq!(&sources.bytes(place.source)[place.span.start..place.span.end], b"sshd_rules.xml");
}

#[test]
fn decoders_of_the_configuration_replace_the_usual_ones() {
    let folder =
        Folder::new().with("etc/decoder.xml", "").with("etc/local_decoder.xml", "").with("dec/d.xml", "");
    let rules = "<rules><include>x.xml</include></rules>";
    let (config, _, _) = read_in(&folder.home(), &format!("<ossec_config>{rules}</ossec_config>"));
    assert_eq!(names(&config.rule_files.decoders), ["etc/decoder.xml", "etc/local_decoder.xml"]);
    let own = "<rules><decoder>one.xml</decoder><decoder_dir pattern='.xml$'>dec</decoder_dir></rules>";
    let (config, _, report) = read_in(&folder.home(), &format!("<ossec_config>{rules}{own}</ossec_config>"));
    assert_eq!(names(&config.rule_files.decoders), ["one.xml", "dec/d.xml"]);
    assert!(report.is_empty());
}

#[test]
fn a_folder_can_be_asked_for_other_names() {
    let folder = Folder::new().with("own/a.xml", "").with("own/b.rules", "").with("own/c.rules", "");
    let text = |pattern: &str| {
        format!("<ossec_config><rules><rule_dir pattern='{pattern}'>own</rule_dir></rules></ossec_config>")
    };
    let (config, _, report) = read_in(&folder.home(), &text("rules"));
    assert_eq!(names(&config.rule_files.rules), ["own/b.rules", "own/c.rules"]);
    assert!(report.is_empty());
    let (config, _, report) = read_in(&folder.home(), &text("nothing"));
    assert!(config.rule_files.rules.is_empty());
    assert_eq!((report.errors(), report.warnings()), (0, 1));
}

#[test]
fn missing_files_are_errors_where_they_are_named() {
    let folder = Folder::new();
    let text = "<ossec_config>\n<rules>\n<include>nix.xml</include>\n<rule_dir>nowhere</rule_dir></rules></ossec_config>";
    let (config, mut sources, mut report) = read_in(&folder.home(), text);
    for file in config.rule_files.rules.iter().chain(&config.rule_files.decoders) {
        assert_eq!(file.load(Dialect::Ossec, &mut sources, &mut report), None);
    }
    let shown = report.render(&sources, Colour::None);
    assert!(
        shown.contains("cannot read rules/nix.xml: there is no such file\n --> etc/ossec.conf:3:10"),
        "{shown}"
    );
    assert!(shown.contains("cannot read the folder `nowhere`"), "{shown}");
    assert!(shown.contains("cannot read etc/decoder.xml"), "{shown}");
    assert!(shown.contains(&format!("the file looked for is {}", folder.0.display())), "{shown}");
    assert_eq!(report.errors(), 3);
}

#[test]
fn sources_of_every_format_are_read() {
    let formats = [
        "syslog",
        "generic",
        "snort-full",
        "snort-fast",
        "apache",
        "iis",
        "squid",
        "nmapg",
        "mysql_log",
        "mssql_log",
        "postgresql_log",
        "djb-multilog",
        "syslog-pipe",
        "audit",
        "modsec-audit",
        "journald",
        "ossecalert",
        "multi-line:3",
        "multi-line : 12",
        "multi-line_indented",
        "eventlog",
        "eventchannel",
    ];
    for (number, format) in formats.iter().enumerate() {
        let text = format!(
            "<localfile><log_format>{format}</log_format><location>/var/log/{number}</location></localfile>"
        );
        let (config, sources, report) = read(&text);
        assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
        assert!(!config.local_files[0].format.is_command());
    }
    assert_eq!(LogFormat::from_name("multi-line: 12"), Some(LogFormat::MultiLine(12)));
    for wrong in
        ["multi-line", "multi-line:", "multi-line:0", "multi-line:x", "multi-line:99999", "", "Syslog"]
    {
        assert_eq!(LogFormat::from_name(wrong), None, "{wrong}");
    }
}

#[test]
fn commands_have_an_alias_and_a_frequency() {
    let (config, _, report) = read(
        "<localfile><log_format>full_command</log_format><command>df -P</command><alias>a:b</alias>\
         <frequency>hourly</frequency></localfile>\
         <localfile><log_format>command</log_format><command>last -n 5</command></localfile>",
    );
    assert!(report.is_empty());
    let [first, second] = config.local_files.as_slice() else { panic!("two commands") };
    assert_eq!(
        (first.alias.as_deref(), first.frequency, first.command.as_deref()),
        (Some("a\\b"), 3600, Some("df -P"))
    );
    assert_eq!((second.format, second.frequency, second.alias.as_deref()), (LogFormat::Command, 360, None));
}

#[test]
fn sources_that_cannot_work_are_errors() {
    let cases = [
        ("<location>/x</location>", "this <localfile> has no <log_format>"),
        ("<log_format>syslog</log_format>", "this <localfile> has no <location>"),
        ("<log_format>command</log_format><location>x</location>", "this <localfile> has no <command>"),
        ("<log_format>macos</log_format><location>/x</location>", "there is no log format `macos`"),
        ("<log_format>multi-line</log_format><location>/x</location>", "there is no log format `multi-line`"),
        (
            "<log_format>syslog</log_format><locaton>/x</locaton>",
            "there is no option <locaton> in <localfile>",
        ),
    ];
    for (inner, expected) in cases {
        let (config, _, report) = read(&format!("<localfile>{inner}</localfile>"));
        assert!(config.local_files.is_empty(), "{inner}");
        assert!(report.iter().any(|d| d.message == expected), "{inner}: {:?}", problems(&report));
    }
    let twice = "<localfile><log_format>syslog</log_format><location>/x</location></localfile>".repeat(2);
    let (config, _, report) = read(&twice);
    assert_eq!((config.local_files.len(), report.warnings(), report.errors()), (1, 1, 0));
}

#[test]
fn internal_options_are_read_and_overruled() {
    let folder = Folder::new()
        .with("etc/ossec.conf", "<ossec_config></ossec_config>")
        .with(
            "etc/internal_options.conf",
            "# numbers\nanalysisd.default_timeframe=600\nanalysisd.log_fw=1 # yes\nsyscheck.sleep=2\n",
        )
        .with("etc/local_internal_options.conf", "analysisd.log_fw = 0\nanalysisd.event_threads=4\n");
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let home = folder.home();
    let config = Config::read(&home, &home.configuration(None), &mut sources, &mut report);
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    assert_eq!((config.internal.default_timeframe, config.internal.log_fw), (600, false));
    assert_eq!(config.internal.sid_prev_matched_max, 128);
}

#[test]
fn internal_options_have_the_ranges_of_ossec() {
    let ranges = [
        ("analysisd.default_timeframe", 60, 604_800),
        ("analysisd.stats_maxdiff", 10, 999_999),
        ("analysisd.stats_mindiff", 10, 999_999),
        ("analysisd.stats_percent_diff", 5, 9999),
        ("analysisd.fts_list_size", 12, 512),
        ("analysisd.fts_min_size_for_str", 6, 128),
        ("analysisd.log_fw", 0, 1),
        ("analysisd.decoder_order_size", 8, 1024),
        ("analysisd.sid_prev_matched_max", 16, 65_536),
        ("monitord.day_wait", 0, 600),
        ("monitord.compress", 0, 1),
        ("monitord.sign", 0, 1),
    ];
    let errors = |name: &str, number: i64| {
        let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
        let source = sources.add("options", format!("{name}={number}"));
        Internal::default().take(source, &sources, &mut report);
        report.errors()
    };
    for (name, least, most) in ranges {
        let found = [least - 1, least, most, most + 1].map(|number| errors(name, number));
        assert_eq!(found, [1, 0, 0, 1], "{name}");
    }
}

#[test]
fn a_folder_gives_only_what_is_not_named_yet() {
    let folder = Folder::new().with("own/b.xml", "").with("own/a.xml", "").with("own/c.xml", "");
    let text =
        "<ossec_config><rules><include>own/b.xml</include><rule_dir>own</rule_dir></rules></ossec_config>";
    let (config, _, report) = read_in(&folder.home(), text);
    assert_eq!(names(&config.rule_files.rules), ["own/b.xml", "own/a.xml", "own/c.xml"]);
    assert!(report.is_empty());
}

#[test]
fn wrong_internal_options_are_errors_and_change_nothing() {
    let folder = Folder::new().with("etc/ossec.conf", "<ossec_config/>").with(
        "etc/internal_options.conf",
        "analysisd.default_timeframe=59\nanalysisd.log_fw=yes\n  analysisd.fts_list_sizes=32\nnonsense\n",
    );
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let config = Config::read(&folder.home(), &folder.0.join("etc/ossec.conf"), &mut sources, &mut report);
    assert_eq!(config.internal, Internal::default());
    let expected = [
        "analysisd.default_timeframe takes a number from 60 to 604800 | write it in digits",
        "analysisd.log_fw takes a number from 0 to 1 | write it in digits",
        "there is no option analysisd.fts_list_sizes | did you mean analysisd.fts_list_size?",
        "this is no option | write daemon.option=number",
    ];
    assert_eq!(problems(&report), expected);
    let shown = report.render(&sources, Colour::None);
    assert!(shown.contains("internal_options.conf:3:3"), "{shown}");
}

#[test]
fn a_configuration_is_found_as_given_or_below_the_home() {
    let folder = Folder::new().with("etc/ossec.conf", "").with("etc/other.conf", "");
    let home = folder.home();
    assert_eq!(home.configuration(None), folder.0.join("etc/ossec.conf"));
    assert_eq!(home.configuration(Some(Path::new("etc/other.conf"))), folder.0.join("etc/other.conf"));
    let given = folder.0.join("etc/other.conf");
    assert_eq!(home.configuration(Some(&given)), given);
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    Config::read(&home, &home.configuration(Some(Path::new("nix.conf"))), &mut sources, &mut report);
    let shown = report.render(&sources, Colour::None);
    assert!(
        shown.contains("nix.conf: there is no such file") && shown.contains("-c the configuration"),
        "{shown}"
    );
}

#[test]
fn hostile_configurations_are_read_in_time() {
    let texts = [
        "<ossec_config>".repeat(100_000),
        format!("<ossec_config>{}</ossec_config>", "<rules><include>x</include></rules>".repeat(50_000)),
        format!("<ossec_config>{}</ossec_config>", "<zebra/>".repeat(50_000)),
        format!(
            "<ossec_config><rules>{}</rules></ossec_config>",
            (0..20_000).map(|n| format!("<include>{n}</include>")).collect::<String>()
        ),
        format!(
            "<ossec_config>{}</ossec_config>",
            (0..20_000)
                .map(|n| format!(
                    "<localfile><location>{n}</location><log_format>iis</log_format></localfile>"
                ))
                .collect::<String>()
        ),
        "analysisd.x=1\n".repeat(100_000),
        "\0\u{1b}".repeat(1000),
    ];
    let start = std::time::Instant::now();
    for text in &texts {
        exercise(text.as_bytes());
    }
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

/// A home of the corpus, if there is a corpus.
fn corpus(name: &str) -> Option<PathBuf> {
    std::env::var_os("BARTIZAN_CORPUS").map(|corpus| PathBuf::from(corpus).join(name))
}

#[test]
fn the_installation_of_the_corpus_is_read_without_complaint() {
    let Some(folder) = corpus("ossec-4.3/home") else {
        return;
    };
    let home = Home::new(&folder);
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let path = home.configuration(Some(Path::new("etc/ossec.conf")));
    let config = Config::read(&home, &path, &mut sources, &mut report);
    let files = &config.rule_files;
    assert_eq!((files.rules.len(), names(&files.decoders)), (67, vec!["etc/decoder.xml"]));
    for file in files.rules.iter().chain(&files.decoders) {
        let source = file.load(Dialect::Ossec, &mut sources, &mut report).expect("a file of the corpus");
        assert!(xml::read(&Syntax::OSSEC, &sources, source, &mut report).sound);
    }
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
}

#[test]
fn the_other_configurations_of_the_corpus_are_read() {
    let Some(golden) = corpus("ossec-4.3/golden") else {
        return;
    };
    for name in ["ossec.conf", "analysisd.conf", "makelists.conf"] {
        let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
        let home = Home::new(corpus("ossec-4.3/home").expect("a corpus"));
        let config = Config::read(&home, &golden.join(name), &mut sources, &mut report);
        assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
        assert_eq!(config.global.logall, name == "analysisd.conf");
        assert_eq!(config.rule_files.lists.len(), usize::from(name == "makelists.conf"));
    }
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let home = Home::new(corpus("wazuh-4.14/home").expect("a corpus"));
    let config = Config::read(&home, &home.configuration(None), &mut sources, &mut report);
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    assert_eq!((config.rule_files.decoders.len(), config.rule_files.rules.len()), (127, 177));
    assert_eq!(config.rule_files.lists.len(), 6);
}

#[test]
fn a_ruleset_is_loaded_in_the_order_of_names_without_folders() {
    let folder = Folder::new()
        .with("ruleset/rules/0500-a.xml", "")
        .with("ruleset/rules/0100-b.xml", "")
        .with("ruleset/rules/0215-policy_rules.xml", "")
        .with("ruleset/rules/0300-c.txt", "")
        .with("ruleset/decoders/0005-d.xml", "")
        .with("etc/rules/0200-mine.xml", "")
        .with("etc/rules/0600-x.xml", "");
    let text = "<ossec_config><ruleset><rule_dir>etc/rules</rule_dir><rule_dir>ruleset/rules/</rule_dir>\
                <rule_exclude>0215-policy_rules.xml</rule_exclude><rule_exclude>etc/rules/0600-x.xml</rule_exclude>\
                <rule_include>0001-one.xml</rule_include><list>etc/lists/a.cdb</list></ruleset></ossec_config>";
    let (config, _, report) = read_in(&folder.home(), text);
    assert!(!report.has_errors(), "{:?}", problems(&report));
    let files = &config.rule_files;
    assert_eq!(files.dialect, Some(Dialect::Wazuh));
    assert_eq!(
        names(&files.rules),
        [
            "ruleset/rules/0001-one.xml",
            "ruleset/rules/0100-b.xml",
            "etc/rules/0200-mine.xml",
            "ruleset/rules/0500-a.xml"
        ]
    );
    assert_eq!(names(&files.decoders), ["ruleset/decoders/0005-d.xml"], "the usual folder");
    assert_eq!(names(&files.lists), ["etc/lists/a"]);
}

#[test]
fn rules_of_both_dialects_in_one_configuration_are_an_error() {
    let (_, _, report) = read("<rules><include>a.xml</include></rules><ruleset></ruleset>");
    assert!(report.has_errors());
    let all = problems(&report).join("\n");
    assert!(all.contains("<ruleset> and <rules> cannot stand in one configuration"), "{all}");
}

#[test]
fn configurations_of_the_corpus_may_be_cut_anywhere() {
    let Some(folder) = corpus("ossec-4.3") else {
        return;
    };
    for name in ["golden/analysisd.conf", "golden/makelists.conf", "home/etc/ossec.conf"] {
        let bytes = std::fs::read(folder.join(name)).expect("a file of the corpus");
        for cut in 0..=bytes.len() {
            exercise(&bytes[..cut]);
        }
    }
}

#[test]
fn a_database_needs_all_that_is_needed_to_reach_it() {
    let text = "<database_output><hostname>db</hostname><type>oracle</type><tls>yes</tls></database_output>";
    let (config, _, report) = read(text);
    assert!(config.databases.is_empty());
    let expected = [
        "there is no such type of database | write postgresql, or mysql (MariaDB, too)",
        "there is no option <tls> in <database_output> | options of <database_output> are hostname, username, password, database, type, port, socket",
        "<database_output> has no <username> | add <username>; all of hostname, username, password, database, type are needed",
        "<database_output> has no <password> | add <password>; all of hostname, username, password, database, type are needed",
        "<database_output> has no <database> | add <database>; all of hostname, username, password, database, type are needed",
    ];
    assert_eq!(problems(&report), expected);
    let text = "<database_output><hostname>db</hostname><username>a</username>\
        <password>hunter2</password><database>ossec</database><type>mysql</type></database_output>";
    let (config, _, report) = read(text);
    assert!(report.is_empty());
    let [database] = config.databases.as_slice() else { panic!("one is configured") };
    assert_eq!((database.port, database.name().as_str()), (3306, "mysql:db/ossec"));
    assert!(!format!("{database:?}").contains("hunter2"));
}
