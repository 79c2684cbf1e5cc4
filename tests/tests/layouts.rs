//! What is printed and written is laid out as by OSSEC 4.3, to the byte; and
//! the number of workers changes none of it.

use bartizan_tests::{Folder, bartizan, corpus, installation};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

/// Replaces what differs from run to run by fixed words: times, process
/// numbers, this host's name, and counters read at another moment.
fn settled(text: &[u8]) -> Vec<String> {
    let host = bartizan::sources::local_host();
    String::from_utf8_lossy(text).lines().map(|line| settled_line(line, &host)).collect()
}

fn settled_line(line: &str, host: &str) -> String {
    let mut line = line.to_owned();
    if let Some(rest) = line.strip_prefix("** Alert ") {
        let (epoch, rest) = rest.split_once('.').expect("an alert has a number");
        assert!(epoch.bytes().all(|b| b.is_ascii_digit()), "{epoch}");
        line = format!("** Alert T.{rest}");
    }
    let bytes = line.as_bytes();
    // `2026 Nov 21 07:29:50 ` and `2026/11/21 07:29:50 `.
    if bytes.len() > 20 && bytes.starts_with(b"20") && bytes[4] == b' ' && bytes[17] == b':' {
        line.replace_range(..20, "DATE");
    } else if bytes.len() > 20 && bytes[4] == b'/' && bytes[16] == b':' {
        line.replace_range(..19, "STAMP");
    }
    for (from, to) in
        [("\"id\":\"", '"'), ("\"TimeStamp\":", ','), ("\"timestamp\":\"", '"'), ("\"firedtimes\":", ',')]
    {
        cut(&mut line, from, to);
    }
    cut(&mut line, "(pid: ", ')');
    for name in ["vm", host] {
        line = line.replace(&format!("hostname: '{name}'"), "hostname: 'HOST'");
        line = line.replace(&format!("DATE {name}->"), "DATE HOST->");
        line = line.replace(&format!("\"{name}\""), "\"HOST\"");
    }
    line
}

/// Removes what stands between a label and a closing byte.
fn cut(line: &mut String, label: &str, end: char) {
    if let Some(start) = line.find(label).map(|at| at + label.len())
        && let Some(len) = line[start..].find(end)
    {
        line.replace_range(start..start + len, "");
    }
}

fn assert_same(name: &str, got: &[u8], wanted: &[u8]) {
    let (got, wanted) = (settled(got), settled(wanted));
    for (number, (got, wanted)) in got.iter().zip(&wanted).enumerate() {
        assert_eq!(got, wanted, "{name}, line {}", number + 1);
    }
    assert_eq!(got.len(), wanted.len(), "{name}: number of lines");
}

fn golden(corpus: &Path, name: &str) -> Vec<u8> {
    let path = corpus.join("ossec-4.3/golden").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What `logtest` prints to standard output and standard error.
fn logtest(home: &Path, log: &Path, arguments: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let mut command = Command::new(bartizan());
    command.arg("logtest").arg("-D").arg(home).args(["-c", "etc/ossec.conf"]).args(arguments);
    command.stdin(Stdio::from(File::open(log).expect("the corpus has this log")));
    let output = command.output().expect("the binary can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.stdout, output.stderr)
}

#[test]
fn logtest_prints_what_the_reference_prints() {
    let Some(corpus) = corpus() else { return };
    let home = Folder::new("logtest");
    installation(&corpus, home.path(), "ossec.conf");
    for name in ["openssh-2k", "linux-2k", "apache-2k"] {
        let log = corpus.join(format!("logs/{name}.log"));
        let (alerts, _) = logtest(home.path(), &log, &["-q", "-a"]);
        assert_same(name, &alerts, &golden(&corpus, &format!("logtest-a-{name}.out")));
    }
    let log = corpus.join("ossec-4.3/golden/logtest-lines.log");
    for (name, arguments) in
        [("logtest-q", &["-q"][..]), ("logtest-q-v", &["-q", "-v"]), ("logtest-without-q", &[])]
    {
        let (_, phases) = logtest(home.path(), &log, arguments);
        assert_same(name, &phases, &golden(&corpus, &format!("{name}.stderr")));
    }
}

/// Runs `analyze` as the reference's daemon was run, into a folder.
fn analyze(home: &Path, log: &Path, folder: &Path, workers: &str) {
    let mut command = Command::new(bartizan());
    command.args(["analyze", "--quiet", "--time", "now", "--location", "/var/log/messages"]);
    command.args(["--workers", workers, "--write"]).arg(folder).arg("-D").arg(home).arg(log);
    let output = command.output().expect("the binary can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Lines of the reference's firewall run that name a SonicWall. Its daemon
/// finds no fields in them, ours does: docs/differences.md.
const SONICWALL: [&str; 3] = ["8000->", "8001->", "8002->"];

#[test]
fn files_are_laid_out_as_by_the_reference() {
    let Some(corpus) = corpus() else { return };
    let home = Folder::new("files");
    installation(&corpus, home.path(), "analysisd.conf");
    let runs = [("openssh-2k", "logs/openssh-2k.log"), ("firewall", "ossec-4.3/golden/firewall-lines.log")];
    for (name, log) in runs {
        let folder = home.join(name);
        analyze(home.path(), &corpus.join(log), &folder, "1");
        for file in ["alerts/alerts.log", "alerts/alerts.json", "archives/archives.log"] {
            let short = file.split('/').next_back().expect("a path has a name");
            let wanted = golden(&corpus, &format!("analysisd-{name}-{short}"));
            assert_same(file, &fs::read(folder.join(file)).expect("written"), &wanted);
        }
        let written = |file: &str| fs::read(folder.join(file)).unwrap_or_default();
        let plain = |bytes: Vec<u8>, is_other: &dyn Fn(&str) -> bool| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            text.lines().filter(|line| !is_other(line)).map(|line| format!("{line}\n")).collect::<String>()
        };
        let sonicwall = |line: &str| line.contains("\"name\":\"sonicwall\"");
        let wanted = plain(golden(&corpus, &format!("analysisd-{name}-archives.json")), &sonicwall);
        let got = plain(written("archives/archives.json"), &sonicwall);
        assert_same("archives.json", got.as_bytes(), wanted.as_bytes());
        let wanted = golden(&corpus, &format!("analysisd-{name}-firewall.log"));
        let known = |line: &str| SONICWALL.iter().any(|port| line.contains(port));
        let got = plain(written("firewall/firewall.log"), &known);
        assert_same("firewall.log", got.as_bytes(), &wanted);
    }
}

#[test]
fn the_number_of_workers_changes_nothing() {
    let Some(corpus) = corpus() else { return };
    let home = Folder::new("workers");
    installation(&corpus, home.path(), "analysisd.conf");
    let log = home.join("all.log");
    let parts =
        ["ossec-4.3/expected/cases.log", "logs/linux-2k.log", "logs/apache-2k.log", "logs/openssh-2k.log"];
    let all: Vec<u8> =
        parts.iter().flat_map(|part| fs::read(corpus.join(part)).expect("the corpus has it")).collect();
    fs::write(&log, all.repeat(3)).expect("a log can be written");
    let run = |workers: &str| {
        let mut command = Command::new(bartizan());
        command.args(["analyze", "--quiet", "--workers", workers, "-D"]).arg(home.path()).arg(&log);
        let output = command.output().expect("the binary can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let alone = run("1");
    assert!(alone.len() > 100_000, "there are alerts");
    for workers in ["2", "8"] {
        assert!(run(workers) == alone, "{workers} workers");
    }
}
