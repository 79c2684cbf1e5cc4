//! Pictures of alerts, drawn by the binary from real logs.

use bartizan_tests::{Folder, bartizan, corpus};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Logs of the corpus and what stands above their pictures.
const PICTURES: [(&str, &str); 3] = [
    ("openssh", "An SSH server on the internet: 2,000 lines of its log"),
    ("linux", "A Linux server: 2,000 lines of its log"),
    ("apache", "A web server: 2,000 lines of its error log"),
];

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(bartizan()).current_dir(folder).args(arguments).output();
    let output = output.expect("bartizan can be started");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The alerts of a log, as if they were found on one and the same machine.
fn alerts(corpus: &Path, log: &str) -> String {
    let found = run(&corpus.join("logs"), &["analyze", &format!("{log}-2k.log")]).stdout;
    let found = String::from_utf8_lossy(&found).into_owned();
    found.replace(&format!(" {}->", bartizan::sources::local_host()), " web->")
}

/// `BARTIZAN_DRAW=yes` draws them anew.
#[test]
fn the_pictures_of_the_readme_are_those_of_real_logs() {
    let Some(corpus) = corpus() else { return };
    let folder = Folder::new("graph-readme");
    for (log, title) in PICTURES {
        folder.write("alerts.log", alerts(&corpus, log));
        let drawn = run(folder.path(), &["graph", "alerts.log", "--title", title, "--top", "12"]).stdout;
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/pictures/{log}.svg"));
        if std::env::var_os("BARTIZAN_DRAW").is_some() {
            fs::write(&kept, &drawn).expect("a picture can be written");
        }
        let kept = fs::read(&kept).expect("the picture is there");
        assert!(
            drawn == kept,
            "docs/pictures/{log}.svg is another one now: draw it anew with BARTIZAN_DRAW=yes"
        );
    }
}

#[test]
fn each_format_is_written_under_its_ending_and_the_same_each_time() {
    let folder = Folder::new("graph-formats");
    let one = |n: u32, source: u32, level: u32| {
        format!(
            "** Alert 179524619{}.{n}: - sshd,authentication_failed,\n2026 Nov 21 07:29:5{} harbor->/var/log/auth.log\n\
             Rule: 57{n} (level {level}) -> 'Refused {}.'\nSrc IP: 192.0.2.{source}\nlog\n\n",
            n % 10,
            n % 10,
            n % 3
        )
    };
    let log: String = (10..60).map(|n| one(n, n % 7, n % 16)).collect();
    folder.write("alerts.log", log);
    for (ending, begins) in [
        ("svg", &b"<svg "[..]),
        ("png", b"\x89PNG"),
        ("dot", b"digraph "),
        ("csv", b"192.0.2."),
        ("json", b"{\"alerts\":50,"),
        ("gexf", b"<?xml "),
    ] {
        let name = format!("picture.{ending}");
        run(folder.path(), &["graph", "alerts.log", "-o", &name]);
        let first = fs::read(folder.join(&name)).expect("it was written");
        assert!(first.starts_with(begins), "{ending}: {:?}", String::from_utf8_lossy(&first[..20]));
        run(folder.path(), &["graph", "alerts.log", "-o", &name]);
        assert!(first == fs::read(folder.join(&name)).expect("it was written"), "{ending}");
    }
    let csv =
        run(folder.path(), &["graph", "alerts.log", "--format", "csv", "--level", "12", "--show-duplicate"]);
    let severe = (10..60).filter(|n| n % 16 >= 12).count();
    assert_eq!(String::from_utf8_lossy(&csv.stdout).lines().count(), severe);
    let fewer =
        ["graph", "alerts.log", "--format", "csv", "--show-duplicate", "--exclude-alerts", "5710,5711"];
    assert_eq!(String::from_utf8_lossy(&run(folder.path(), &fewer).stdout).lines().count(), 48);
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let folder = Folder::new("graph-wrong");
    folder.write("none.log", "");
    folder.write("bad.properties", "colour=\"red\"\n");
    for (arguments, code, says) in [
        (&["graph", "none.log"][..], 2, "nothing to draw"),
        (&["graph", "none.log", "-o", "x.bmp"], 2, "`.bmp` is no format"),
        (&["graph", "none.log", "--time-interval", "1 fortnight"], 2, "no span"),
        (&["graph", "none.log", "--properties", "bad.properties"], 2, "`colour` is not known"),
        (&["graph", "missing.log"], 3, "cannot open missing.log"),
    ] {
        let output = Command::new(bartizan()).current_dir(folder.path()).args(arguments).output();
        let output = output.expect("bartizan can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}
