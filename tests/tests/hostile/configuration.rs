//! Configurations that name what is no file, or that are none.

use super::assert_sane;
use bartizan_tests::Folder;
use bartizan_tests::process::{Finished, command_within, finish};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

const RULE: &str = r#"
<group name="syslog,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>All</description></rule>
</group>"#;

/// A folder with one good decoder file, one good rule file, and much else.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("etc/decoders.xml", "<decoder name=\"door\"><program_name>^door$</program_name></decoder>");
    folder.write("rules/good.xml", RULE);
    folder.write("rules/folder/file", "");
    let pipe = folder.join("rules/pipe");
    let made = Command::new("mkfifo").arg(&pipe).arg(folder.join("rules/packed.cdb")).status();
    assert!(made.is_ok_and(|status| status.success()), "a pipe can be made");
    symlink("loop", folder.join("rules/loop")).expect("a link can be made");
    symlink("none", folder.join("rules/dangling")).expect("a link can be made");
    let closed = folder.write("rules/closed", RULE);
    fs::set_permissions(closed, fs::Permissions::from_mode(0o000)).expect("it is ours");
    folder
}

fn check(folder: &Folder, conf: impl AsRef<[u8]>) -> Finished {
    let conf = folder.write("etc/ossec.conf", conf).display().to_string();
    finish(&mut command_within(160, &["check", "-c", &conf]), b"")
}

fn check_rules(folder: &Folder, rules: &str) -> Finished {
    let conf = format!(
        "<ossec_config>\n<rules>\n<decoder>etc/decoders.xml</decoder>\n<include>good.xml</include>\n{rules}\n\
         </rules>\n</ossec_config>"
    );
    check(folder, conf)
}

#[test]
fn a_rule_file_that_is_no_file_is_an_error_where_it_is_named() {
    let folder = folder("no-file");
    let mut names =
        vec!["folder", "pipe", "loop", "dangling", "/dev/zero", "/dev/stdin", "/proc/self/mem", ""];
    // An administrator may read everything.
    if fs::read(folder.join("rules/closed")).is_err() {
        names.push("closed");
    }
    for name in names {
        let finished = check_rules(&folder, &format!("<include>{name}</include>"));
        assert_sane(name, &finished);
        assert_eq!(finished.code, Some(1), "{name}");
        let place = finished.err.contains("ossec.conf:5:10") || finished.err.contains("ossec.conf:5:2");
        assert!(place && finished.err.contains('^') && finished.err.contains("help: "), "{}", finished.err);
    }
}

#[test]
fn a_list_that_is_no_file_is_a_warning_where_it_is_named() {
    let folder = folder("no-list");
    for name in ["rules/folder", "rules/pipe", "rules/packed", "rules/loop", "rules/dangling", "/dev/zero"] {
        let finished = check_rules(&folder, &format!("<list>{name}</list>"));
        assert_sane(name, &finished);
        assert_eq!(finished.code, Some(0), "{name}: {}", finished.err);
        assert!(finished.err.contains("warning: cannot read the list"), "{}", finished.err);
        assert!(finished.err.contains("ossec.conf:5:7"), "{}", finished.err);
    }
}

#[test]
fn folders_of_rules_hold_only_files() {
    let folder = folder("folders");
    for (rules, code) in [
        ("<rule_dir>rules</rule_dir>", 0),
        ("<rule_dir pattern=\"pipe\">rules</rule_dir>", 1),
        ("<rule_dir pattern=\"loop\">rules</rule_dir>", 1),
        ("<rule_dir pattern=\"folder\">rules</rule_dir>", 0),
        ("<rule_dir>rules/good.xml</rule_dir>", 1),
        ("<rule_dir>no/such</rule_dir>", 1),
        ("<rule_dir pattern=\"zero\">/dev</rule_dir>", 1),
        ("<rule_dir pattern=\"((((\">rules</rule_dir>", 1),
    ] {
        let finished = check_rules(&folder, rules);
        assert_sane(rules, &finished);
        assert_eq!(finished.code, Some(code), "{rules}: {}", finished.err);
    }
}

#[test]
fn a_configuration_of_any_bytes_is_an_error_and_no_panic() {
    let folder = folder("any-conf");
    let many: String = (0..6000).map(|n| format!("<include>{n}.xml</include>\n")).collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("a byte 0", b"<ossec_config>\0".to_vec()),
        ("all bytes", (1..=255).collect::<Vec<u8>>().repeat(1000)),
        ("nested", b"<ossec_config>".repeat(20_000)),
        ("a name of 1 MiB", [b"<".as_slice(), &vec![b'x'; 1 << 20], b">"].concat()),
        ("17 MiB", vec![b' '; 17 << 20]),
        (
            "a number too large",
            b"<ossec_config><global><memory_size>4294967296000</memory_size></global></ossec_config>"
                .to_vec(),
        ),
        ("a slip", b"<ossec_config>\n<globl></globl>\n</ossec_config>".to_vec()),
        ("many missing files", format!("<ossec_config><rules>{many}</rules></ossec_config>").into_bytes()),
        (
            "a long path",
            format!("<ossec_config><rules><include>{}</include></rules></ossec_config>", "d/".repeat(3000))
                .into_bytes(),
        ),
    ];
    for (name, conf) in cases {
        let finished = check(&folder, conf);
        assert_sane(name, &finished);
        assert_eq!(finished.code, Some(1), "{name}");
        assert!(finished.err.starts_with("error: ") && finished.err.len() < 300_000, "{name}");
        if name == "a slip" {
            assert!(finished.err.contains("ossec.conf:2:2"), "{}", finished.err);
            assert!(finished.err.contains("did you mean <global>?"), "{}", finished.err);
        }
    }
}

#[test]
fn a_configuration_that_is_no_file_is_named() {
    let folder = folder("conf-no-file");
    for name in ["rules/folder", "rules/pipe", "rules/loop", "/dev/zero", "no/such"] {
        let conf = folder.join(name).display().to_string();
        for command in ["check", "logtest", "run"] {
            let finished = finish(&mut command_within(160, &[command, "-c", &conf]), b"");
            assert_sane(name, &finished);
            assert_eq!(finished.code, Some(1), "{command} {name}: {}", finished.err);
            assert!(finished.err.contains("cannot read the configuration"), "{}", finished.err);
        }
    }
}
