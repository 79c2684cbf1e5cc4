//! `bartizan logtest`: options and exit codes that scripts rely on.

use super::{door, own_rules};
use bartizan_tests::Folder;
use bartizan_tests::process::{Finished, command, finish};
use serde_json::Value;

const REFUSED: &str = "Nov 21 09:00:00 gate sshd[7]: Failed password for root from 192.0.2.1 port 22 ssh2\n";

fn logtest(arguments: &[&str], lines: &str) -> Finished {
    finish(command(&["logtest"]).args(arguments), lines.as_bytes())
}

#[test]
fn the_exit_code_of_u_says_what_differs() {
    let cases = [
        ("5716:5:sshd", 0),
        ("5716:9:sshd", 1),
        ("5715:5:sshd", 2),
        ("5716:5:su", 3),
        // Whatever differs first in this order counts: decoder, rule, level.
        ("5715:9:su", 3),
        ("5715:9:sshd", 2),
    ];
    for (expected, code) in cases {
        let finished = logtest(&["-U", expected], REFUSED);
        assert_eq!(finished.code, Some(code), "{expected}: {}", finished.err);
        assert_eq!(finished.out, if code == 0 { "0\n" } else { "" }, "{expected}");
    }
    let no_rule = logtest(&["-U", "1:1:"], "nothing that anybody knows\n");
    assert_eq!(no_rule.code, Some(255), "{}", no_rule.err);
    let misused = logtest(&["-U", "5716"], REFUSED);
    assert_eq!((misused.code, misused.err.contains("RULE:LEVEL:DECODER")), (Some(2), true));
}

#[test]
fn the_phases_go_to_standard_error_and_alerts_to_standard_output() {
    let phases = logtest(&[], REFUSED);
    assert_eq!((phases.code, phases.out.as_str()), (Some(0), ""));
    for word in ["**Phase 1", "**Phase 2", "**Phase 3", "srcip: '192.0.2.1'", "**Alert to be generated."] {
        assert!(phases.err.contains(word), "{word}");
    }
    assert!(!phases.err.contains("Trying rule"));
    assert!(logtest(&["-v"], REFUSED).err.contains("    Trying rule: 5716 - "));

    let alerts = logtest(&["-a"], REFUSED);
    assert!(alerts.out.starts_with("** Alert ") && alerts.out.contains("Rule: 5716 (level 5)"));
    assert!(!alerts.err.contains("**Phase"));

    let json = logtest(&["--json"], &[REFUSED, "nobody knows this\n"].concat());
    let lines: Vec<Value> =
        json.out.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["rule"], &lines[0]["fields"]["srcip"]), (&5716.into(), &"192.0.2.1".into()));
    assert_eq!(lines[1]["rule"], Value::Null);
}

#[test]
fn a_configuration_brings_its_own_rules() {
    let folder = Folder::new("logtest-conf");
    let rule = r#"<rule id="100" level="5"><match>knock</match><description>A knock</description></rule>"#;
    let conf = own_rules(&folder, rule, "", "").display().to_string();
    let (home, line) = (folder.path().display().to_string(), door("knock") + "\n");
    for arguments in [vec!["-c", &conf], vec!["-D", &home], vec!["-D", &home, "-c", "etc/ossec.conf"]] {
        let finished = logtest(&[arguments.as_slice(), &["-U", "100:5:door"]].concat(), &line);
        assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.err);
        assert!(finished.err.contains("Reading decoder file etc/decoders.xml."));
        let quiet = logtest(&[arguments.as_slice(), &["-q"]].concat(), &line);
        assert!(!quiet.err.contains("Reading decoder file"));
    }
    let missing = logtest(&["-c", "no/such.conf"], &line);
    assert_eq!(missing.code, Some(1));
    assert!(missing.err.contains("there is no such file"), "{}", missing.err);
}
