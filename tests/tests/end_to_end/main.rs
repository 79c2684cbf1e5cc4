//! The real binary, from the outside: what people start, and what they see.

mod agents;
mod analyze;
mod daemon;
mod demo;
mod logtest;
mod memory;
mod places;
mod reload;
mod reload_under_load;
mod rules;

use bartizan_tests::Folder;
use bartizan_tests::process::{Running, command};
use serde_json::Value;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

/// Decoders and a root of the rule tree for rules of a test's own: a program
/// `door` that says who comes `from` where.
const DECODERS: &str = r#"
<decoder name="door"><program_name>^door$</program_name></decoder>
<decoder name="door-from">
  <parent>door</parent>
  <regex>from (\S+)$</regex>
  <order>srcip</order>
</decoder>
"#;
const ROOT: &str = r#"
<group name="syslog,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>All</description></rule>
</group>
"#;

/// Rules of a test's own in a folder; with what else the configuration says
/// of rules, and outside of them.
fn own_rules(folder: &Folder, rules: &str, more_rules: &str, more: &str) -> PathBuf {
    folder.write("etc/decoders.xml", DECODERS);
    folder.write("rules/root.xml", ROOT);
    folder.write("rules/own.xml", format!("<group name=\"own,\">\n{rules}\n</group>\n"));
    let conf = format!(
        "<ossec_config>\n<rules>\n<decoder>etc/decoders.xml</decoder>\n<include>root.xml</include>\n\
         <include>own.xml</include>\n{more_rules}\n</rules>\n{more}\n</ossec_config>\n"
    );
    folder.write("etc/ossec.conf", conf)
}

/// A line of the program `door`.
fn door(text: &str) -> String {
    format!("Nov 21 09:00:00 gate door: {text}")
}

/// A log that `bartizan run` follows.
struct Watched {
    folder: Folder,
    log: PathBuf,
}

impl Watched {
    /// With the built-in rules.
    fn with_built_in_rules(name: &str) -> Self {
        let folder = Folder::new(name);
        let conf = format!("<ossec_config>\n{}</ossec_config>\n", Self::options(&folder));
        folder.write("etc/ossec.conf", conf);
        Self::in_folder(folder)
    }

    /// With rules of the test's own.
    fn with_own_rules(name: &str, rules: &str) -> Self {
        let folder = Folder::new(name);
        own_rules(&folder, rules, "", &Self::options(&folder));
        Self::in_folder(folder)
    }

    fn options(folder: &Folder) -> String {
        let log = folder.join("messages");
        format!(
            "<global><logall>yes</logall><jsonout_output>yes</jsonout_output></global>\n<localfile>\
             <log_format>syslog</log_format><location>{}</location></localfile>\n",
            log.display()
        )
    }

    fn in_folder(folder: Folder) -> Self {
        let log = folder.write("messages", "");
        Self { folder, log }
    }

    /// Starts it, and waits until it follows the log.
    fn start(&self) -> Running {
        let (conf, home) = (self.folder.join("etc/ossec.conf"), self.folder.join("home"));
        let mut command = command(&["run"]);
        command.arg("-c").arg(conf).arg("--home").arg(home);
        let mut running = Running::start(&mut command);
        // What is written before the log has been opened is not read.
        let mut number = 0;
        running.wait_for("look at the log", |running| {
            number += 1;
            let greeting = format!("{}-{number}", running.id());
            self.append(&format!("Nov 21 09:00:00 gate greeting: {greeting}"));
            let judged = self.logs("archives/archives.log");
            judged.contains(&format!("greeting: {}-", running.id()))
        });
        running
    }

    fn append(&self, line: &str) {
        let mut log: File = OpenOptions::new().append(true).create(true).open(&self.log).expect("a log");
        log.write_all(format!("{line}\n").as_bytes()).expect("a line can be written");
    }

    fn logs(&self, name: &str) -> String {
        let path = self.folder.join("home/logs").join(name);
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }

    /// The alerts that are written so far.
    fn alerts(&self) -> Vec<Value> {
        let text = self.logs("alerts/alerts.json");
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).expect("alerts are JSON")).collect()
    }

    /// The logs of the alerts of a rule, in order.
    fn alerts_of(&self, rule: u64) -> Vec<String> {
        let of = |alert: &&Value| alert["rule"]["sidid"] == rule;
        let log = |alert: &Value| alert["full_log"].as_str().expect("alerts have a log").to_owned();
        self.alerts().iter().filter(of).map(log).collect()
    }

    /// Waits for an alert on a log with these words, and gives it.
    fn wait_for_alert(&self, running: &mut Running, words: &str) -> Value {
        let mut found = None;
        running.wait_for(&format!("alert on {words}"), |_| {
            let on = |alert: &Value| alert["full_log"].as_str().is_some_and(|log| log.contains(words));
            found = self.alerts().into_iter().find(on);
            found.is_some()
        });
        found.expect("it was waited for")
    }

    /// Waits until a line has been judged, alert or not.
    fn wait_for_event(&self, running: &mut Running, words: &str) {
        running.wait_for(&format!("event {words}"), |_| self.logs("archives/archives.log").contains(words));
    }
}
