use super::*;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What an entry becomes behind its time.
fn line(json: &str) -> Option<String> {
    let entry = serde_json::from_str(json).expect("JSON");
    let rendered = rendered(&entry, "here")?;
    let text = String::from_utf8_lossy(&rendered.text).into_owned();
    assert_eq!(text.get(..15), Some(syslog_time(rendered.time).as_str()));
    text.get(16..).map(str::to_owned)
}

fn entry(rest: &str) -> String {
    format!("{{\"__REALTIME_TIMESTAMP\":\"1795248000123456\",{rest}}}")
}

#[test]
fn an_entry_becomes_the_line_of_a_syslog_daemon() {
    let cases = [
        (
            r#""MESSAGE":"Failed password","_HOSTNAME":"web1","SYSLOG_IDENTIFIER":"sshd","_PID":"12""#,
            "web1 sshd[12]: Failed password",
        ),
        (r#""MESSAGE":"x","SYSLOG_IDENTIFIER":"sshd","SYSLOG_PID":"7","_PID":"12""#, "here sshd[7]: x"),
        (r#""MESSAGE":"x","SYSLOG_IDENTIFIER":"kernel""#, "here kernel: x"),
        (r#""MESSAGE":"x","_COMM":"cron""#, "here cron: x"),
        (r#""MESSAGE":"x""#, "here unknown: x"),
        // Bytes, and fields that occur twice.
        (r#""MESSAGE":[97,255,98],"_COMM":"c""#, "here c: a\u{fffd}b"),
        (r#""MESSAGE":["one","two"],"_COMM":"c""#, "here c: one"),
        (r#""MESSAGE":[[97,98],[99]],"_COMM":["c","d"]"#, "here c: ab"),
        // No second header, no second line.
        (
            r#""MESSAGE":"a\nNov 1 00:00:00 b sshd[1]: c\n","_COMM":"c""#,
            "here c: a Nov 1 00:00:00 b sshd[1]: c",
        ),
        (r#""MESSAGE":"x","SYSLOG_IDENTIFIER":"sshd[1]: Failed""#, "here sshd[1]:_Failed: x"),
        (r#""MESSAGE":"x","_COMM":"c","SYSLOG_PID":"1]: y""#, "here c: x"),
        (r#""MESSAGE":"","_COMM":"c""#, "here c: "),
    ];
    for (json, want) in cases {
        assert_eq!(line(&entry(json)).as_deref(), Some(want), "{json}");
    }
}

#[test]
fn an_entry_without_message_is_left_out() {
    for rest in [r#""MESSAGE":null"#, r#""_COMM":"c""#, r#""MESSAGE":[300]"#, r#""MESSAGE":{}"#] {
        assert_eq!(line(&entry(rest)), None, "{rest}");
    }
    assert_eq!(line(r#"{"MESSAGE":"x"}"#), None);
    assert_eq!(line("[1]"), None);
}

#[test]
fn a_huge_message_is_cut() {
    let json = entry(&format!("\"MESSAGE\":\"{}\"", "x".repeat(MESSAGE_MAX + 9)));
    let rendered = rendered(&serde_json::from_str(&json).expect("JSON"), "h").expect("a line");
    assert_eq!(rendered.cut, 9);
    assert!(rendered.text.len() < MESSAGE_MAX + 100);
}

/// A program in the place of journalctl.
fn program(folder: &Path, script: &str) -> JournalOptions {
    let program = folder.join("journalctl");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("set");
    JournalOptions { program, wait: Duration::from_millis(1), ..Default::default() }
}

/// Runs the journal until `enough` holds for what came, at most for a minute.
fn run_until(options: JournalOptions, enough: impl Fn(&[String]) -> bool) -> (Vec<String>, Journal) {
    let (mut journal, stop) = (Journal::new(options), AtomicBool::new(false));
    let mut came = Vec::new();
    let start = Instant::now();
    journal.run(&stop, &mut |arrival| {
        came.push(match arrival {
            Arrival::Line(line) => {
                assert_eq!(line.location, "journald");
                String::from_utf8_lossy(line.bytes).into_owned()
            }
            Arrival::News(_, news) => news.to_string(),
            Arrival::Reached(..) => return,
        });
        let is_late = start.elapsed() > Duration::from_secs(60);
        stop.store(enough(&came) || is_late, Relaxed);
    });
    (came, journal)
}

#[test]
fn a_child_that_ends_is_started_again_behind_the_last_entry() {
    let folder = tempfile::tempdir().expect("a folder");
    let print =
        r#"echo "{\"__CURSOR\":\"$N\",\"__REALTIME_TIMESTAMP\":\"1\",\"_COMM\":\"c\",\"MESSAGE\":\"$*\"}""#;
    let script = format!(
        "case \"$*\" in *after-cursor=s=1*) N=s=2;; *after-cursor=s=2*) sleep 60;; *) N=s=1;; esac\n\
         {print}\necho junk\necho '{{}}'\necho 'no luck' >&2\nexit 3"
    );
    let ends = |lines: &[String]| lines.iter().filter(|l| l.contains("no luck")).count();
    let (came, journal) = run_until(program(folder.path(), &script), |lines| ends(lines) == 2);
    assert!(came[0].contains("--lines=0") && !came[0].contains("cursor"), "{came:?}");
    assert!(came[1].starts_with("ended: no luck") && came[1].contains('3'), "{came:?}");
    assert!(came[2].contains("--no-tail --after-cursor=s=1"), "{came:?}");
    assert_eq!(journal.skipped(), 4);
}

#[test]
fn stopping_ends_the_child_even_if_it_is_silent_or_floods() {
    let folder = tempfile::tempdir().expect("a folder");
    let flood = r#"exec yes '{"__REALTIME_TIMESTAMP":"1","MESSAGE":"x"}'"#;
    let (came, _) = run_until(program(folder.path(), flood), |lines| lines.len() > 10_000);
    assert!(came.iter().all(|l| l.ends_with(" unknown: x")));

    let mut journal = Journal::new(program(folder.path(), "exec sleep 600"));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| journal.run(&stop, &mut |_| {}));
        stop.store(true, Relaxed);
        running.join().expect("ends");
    });
}

#[test]
fn a_missing_program_is_reported_once() {
    let options = JournalOptions {
        program: PathBuf::from("/nonexistent/journalctl"),
        wait: Duration::from_millis(1),
        ..Default::default()
    };
    let (mut journal, stop) = (Journal::new(options), AtomicBool::new(false));
    let mut came = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| journal.run(&stop, &mut |a| came.push(format!("{a:?}"))));
        // Long enough for several tries; more would only prove more.
        let until = Instant::now() + Duration::from_millis(100);
        while Instant::now() < until {
            std::thread::yield_now();
        }
        stop.store(true, Relaxed);
    });
    assert_eq!(came.len(), 1, "{came:?}");
    assert!(came[0].contains("cannot start /nonexistent/journalctl"));
}
