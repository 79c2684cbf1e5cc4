//! The reports of OSSEC 4.3 on its own alerts, line for line.

use bartizan_tests::process::{command, finish};
use std::fs;
use std::path::Path;

/// What the reference wrote to standard error: without its two lines about
/// itself, and with LF for CR LF.
fn reference(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).expect("the corpus has this report");
    let text = String::from_utf8_lossy(&bytes).replace('\r', "");
    let own = |line: &&str| !line.contains(" ossec-reportd: INFO: ");
    text.lines().filter(own).map(str::to_owned).collect()
}

/// The options by which a file was made, as its name says.
fn options(log: &str, name: &str) -> Vec<&'static str> {
    let address = if log == "openssh" { "183.62.140.253" } else { "218.188.2.4" };
    match name {
        "nofilter" => vec![],
        "f-group-authentication_failures" => vec!["-f", "group", "authentication_failures"],
        "f-level-10" => vec!["-f", "level", "10"],
        "f-srcip-X" => vec!["-f", "srcip", address],
        "r-srcip-user" => vec!["-r", "srcip", "user"],
        "r-user-srcip" => vec!["-r", "user", "srcip"],
        "s" => vec!["-s"],
        "s-n-NAME-f-level-10" => vec!["-s", "-n", "golden", "-f", "level", "10"],
        _ => panic!("a report of unknown options: {name}"),
    }
}

#[test]
fn reports_are_those_of_the_reference() {
    let Some(corpus) = bartizan_tests::corpus() else { return };
    let golden = corpus.join("ossec-4.3/golden");
    let mut compared = 0;
    for entry in fs::read_dir(&golden).expect("the corpus can be read") {
        let path = entry.expect("a folder can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let report = name.strip_prefix("reportd-").and_then(|name| name.strip_suffix(".stderr"));
        let Some((log, name)) = report.and_then(|report| report.split_once('-')) else { continue };
        let alerts = fs::read(golden.join(format!("logtest-a-{log}-2k.out"))).expect("the corpus has alerts");
        let made = finish(command(&["report", "-"]).args(options(log, name)), &alerts);
        let lines: Vec<_> = made.out.lines().map(str::to_owned).collect();
        let wanted = reference(&path);
        let differ = lines.iter().zip(&wanted).position(|(line, wanted)| line != wanted);
        if let Some(differ) = differ {
            panic!("{log} {name}: line {differ} is\n{}\nnot\n{}", lines[differ], wanted[differ]);
        }
        assert_eq!(lines.len(), wanted.len(), "{log} {name}: {}", made.err);
        compared += 1;
    }
    assert_eq!(compared, 16);
}
