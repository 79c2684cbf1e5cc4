use super::*;
use mio::{Events, Poll};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Programs in a folder of their own, and a runner for them.
struct Bench {
    folder: TempDir,
    poll: Poll,
    runner: Runner,
    started: Instant,
}

impl Bench {
    fn new() -> Self {
        let poll = Poll::new().unwrap();
        let runner = Runner::new(poll.registry().try_clone().unwrap(), Token(1));
        Self { folder: tempfile::tempdir().unwrap(), poll, runner, started: Instant::now() }
    }

    fn plan(&self, script: &str) -> Plan {
        let path = self.folder.path().join("script");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Plan { words: vec![path.display().to_string()], ..Plan::default() }
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("said")).unwrap_or_default()
    }

    fn now(&self) -> Millis {
        Millis(self.started.elapsed().as_millis() as u64)
    }

    /// Runs a plan to its end.
    fn run(&mut self, plan: Plan, time_ms: u64) -> Result<(), String> {
        self.runner.begin(Ticket(7), plan, self.now().plus(time_ms))?;
        let mut events = Events::with_capacity(8);
        let mut result = None;
        while result.is_none() {
            assert!(self.started.elapsed() < Duration::from_secs(60), "it has no end");
            let wait = self.runner.deadline(self.now()).since(self.now());
            self.poll.poll(&mut events, Some(Duration::from_millis(wait))).unwrap();
            self.runner.go_on(self.now(), &mut |ticket, outcome| {
                assert_eq!(ticket, Ticket(7));
                result = Some(match outcome {
                    Outcome::Done => Ok(()),
                    Outcome::NotDone(why) => Err(format!("not done: {why}")),
                    Outcome::Unsure(why) => Err(format!("unsure: {why}")),
                });
            });
        }
        result.unwrap()
    }
}

#[test]
fn a_program_reads_all_it_is_given_and_knows_nothing_else() {
    let mut bench = Bench::new();
    let said = bench.folder.path().join("said");
    let plan = bench.plan(&format!("cat | wc -c >{0}; env >>{0}", said.display()));
    // More than a pipe holds.
    let plan = Plan { input: "x".repeat(300_000), ..plan };
    bench.run(plan, 60_000).unwrap();
    let said = bench.said();
    let lines: Vec<&str> =
        said.lines().filter(|line| !line.starts_with("PWD=") && !line.starts_with("_=")).collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].trim() == "300000" && lines[1].starts_with("PATH="), "{said}");
}

#[test]
fn what_went_wrong_is_said_in_one_line() {
    let mut bench = Bench::new();
    let said = |bench: &mut Bench, script: &str| {
        let plan = bench.plan(script);
        bench.run(plan, 60_000).unwrap_err()
    };
    assert_eq!(
        said(&mut bench, "echo; echo 'a\x1bb' >&2; echo more; exit 1"),
        "unsure: script: a b more (exit code 1)"
    );
    assert_eq!(said(&mut bench, "exit 3"), "unsure: script: exit code 3");
    assert_eq!(said(&mut bench, "kill -9 $$"), "unsure: script: was ended by a signal");
    let long = said(&mut bench, "yes | head -c 1000000; exit 1");
    assert!(long.len() < 600 && long.ends_with(" (exit code 1)"), "{long}");
    let plan = Plan { is_atomic: true, ..bench.plan("exit 3") };
    assert_eq!(bench.run(plan, 60_000), Err("not done: script: exit code 3".to_owned()));
    let nothing = Plan { words: vec!["/nowhere/at/all".to_owned()], ..Plan::default() };
    assert!(bench.run(nothing, 60_000).unwrap_err().contains("cannot be started"));
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_all_it_has_started() {
    let mut bench = Bench::new();
    let said = bench.folder.path().join("said");
    let plan = bench.plan(&format!("sleep 1000 & echo $! >{}; wait", said.display()));
    let plan = Plan { is_atomic: true, ..plan };
    assert_eq!(bench.run(plan, 300), Err("unsure: script: took too long and was ended".to_owned()));
    let child: i32 = bench.said().trim().parse().unwrap();
    let is_gone =
        || !fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| !stat.contains(") Z"));
    while !is_gone() {
        assert!(bench.started.elapsed() < Duration::from_secs(60), "it still runs");
        std::thread::yield_now();
    }
}

#[test]
fn a_script_that_says_its_keys_is_told_to_continue() {
    let mut bench = Bench::new();
    let said = bench.folder.path().join("said");
    let asks = r#"read -r a; echo '{"command":"check_keys","parameters":{"keys":["192.0.2.7"]}}'; read -r b"#;
    let plan = bench.plan(&format!("{asks}; echo \"$a $b\" >{}", said.display()));
    let plan = Plan { input: "one\n".to_owned(), reply: Some("two\n".to_owned()), ..plan };
    bench.run(plan, 60_000).unwrap();
    assert_eq!(bench.said(), "one two\n");
    // One that says something else gets nothing more.
    let plan = bench.plan(&format!("read -r a; echo hello; read -r b; echo \"$a $b\" >{}", said.display()));
    let plan = Plan { input: "one\n".to_owned(), reply: Some("two\n".to_owned()), ..plan };
    bench.run(plan, 60_000).unwrap();
    assert_eq!(bench.said(), "one \n");
}

#[test]
fn a_remedy_is_for_what_failed_and_nothing_else() {
    let mut bench = Bench::new();
    let step = |script: &str, is_remedy| Then {
        words: vec!["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned()],
        is_remedy,
    };
    let said = bench.folder.path().join("said").display().to_string();
    let say = |word: &str| format!("echo {word} >>{said}");
    let mut run = |first: &str, then: Vec<Then>| {
        let plan = Plan { then: then.into_iter().rev().collect(), ..bench.plan(first) };
        bench.run(plan, 60_000)
    };
    run("true", vec![step("true", false), step(&say("wrong"), true), step(&say("last"), false)]).unwrap();
    run("true", vec![step("false", false), step(&say("remedy"), true)]).unwrap();
    assert!(run("true", vec![step("false", false), step("exit 4", true)]).is_err());
    assert!(run("false", vec![step(&say("wrong"), false)]).is_err());
    assert_eq!(bench.said(), "last\nremedy\n");
}

#[test]
fn programs_are_found_by_their_whole_name() {
    assert!(find("sh").is_some_and(|path| path.ends_with("/sh") && path.starts_with('/')));
    assert_eq!(find("no-such-program"), None);
    assert_eq!(find(""), None);
}
