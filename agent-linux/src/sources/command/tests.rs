use super::*;
use crate::sources::tests::Bench;
use std::time::{Duration, Instant};

fn command(line: &str, whole: bool) -> config::Command {
    let label = "label".to_string();
    config::Command { line: line.to_string(), label, whole, frequency_s: 3600, timeout_s: 3000 }
}

/// Runs these until there are so many records and nothing runs any more.
fn run(commands: &[config::Command], records: usize) -> (Bench, Commands) {
    let mut commands = Commands::new(commands);
    let mut bench = Bench::new(&mut commands);
    bench.run_until(&mut commands, |commands, heard| heard.len() >= records && is_idle(commands));
    (bench, commands)
}

fn is_idle(commands: &Commands) -> bool {
    commands.slots.iter().all(|slot| slot.run.is_none())
        && commands.commands.iter().all(|c| c.due > Millis(0))
}

fn texts(bench: &Bench) -> Vec<&str> {
    bench.heard.iter().map(|heard| heard.text.as_str()).collect()
}

/// Whether a process is there and no zombie.
fn is_alive(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Waits until the process is gone.
fn gone(pid: &str) {
    let began = Instant::now();
    while is_alive(pid) {
        assert!(began.elapsed() < Duration::from_secs(60), "process {pid} is still there");
        std::thread::yield_now();
    }
}

#[test]
fn each_line_is_an_event_and_so_is_the_whole_output() {
    let (bench, _) = run(&[command("printf 'one\\n\\nthree'", false)], 3);
    let lines = ["ossec: output: 'label': one", "ossec: output: 'label': ", "ossec: output: 'label': three"];
    assert_eq!(texts(&bench), lines);
    let (bench, _) = run(&[command("printf 'one\\r\\n\\n\\nthree\\n'; exit 3", true)], 1);
    assert_eq!(texts(&bench), ["ossec: output: 'label':\none\n\nthree"]);
    assert_eq!((bench.heard[0].place.as_str(), bench.heard[0].queue), ("label", b'1'));
}

#[test]
fn a_command_runs_at_the_start_and_then_each_time_it_is_due() {
    let (mut bench, mut commands) = run(&[command("echo x", false)], 1);
    bench.now = Millis(3600 * 1000 - 2_000);
    bench.tick(&mut commands);
    assert!(is_idle(&commands));
    bench.now = Millis(3600 * 1000 + 1_000);
    bench.run(&mut commands, |heard| heard.len() == 2);
}

#[test]
fn no_command_runs_twice_at_a_time_and_not_too_many_run_together() {
    let slow = config::Command { frequency_s: 1, ..command("echo x; exec sleep 600", false) };
    let many: Vec<_> = (0..AT_ONCE + 2).map(|_| slow.clone()).collect();
    let mut commands = Commands::new(&many);
    let mut bench = Bench::new(&mut commands);
    bench.run(&mut commands, |heard| heard.len() == AT_ONCE);
    bench.now = Millis(60_000);
    (0..20).for_each(|_| bench.turn(&mut commands));
    assert_eq!(bench.heard.len(), AT_ONCE);
    let numbers: std::collections::BTreeSet<_> =
        commands.slots.iter().filter_map(|slot| slot.run.as_ref()).map(|run| run.number).collect();
    assert_eq!(numbers.len(), AT_ONCE);
}

#[test]
fn a_command_that_never_ends_is_ended_with_all_it_started() {
    let endless = config::Command { timeout_s: 2, ..command("sleep 600 & echo $!; echo $$; wait", false) };
    let (bench, _) = run(&[endless], 2);
    for text in texts(&bench) {
        gone(text.rsplit(' ').next().expect("a number"));
    }
}

#[test]
fn what_a_command_leaves_behind_ends_with_it() {
    // The child that stays holds the pipe open; the command itself is done.
    let (bench, _) = run(&[command("sleep 600 & echo $!", false)], 1);
    gone(texts(&bench)[0].rsplit(' ').next().expect("a number"));
}

#[test]
fn a_command_that_closes_its_output_is_waited_for() {
    let quiet = config::Command { timeout_s: 2, ..command("echo x; exec >/dev/null; exec sleep 600", false) };
    let (bench, _) = run(&[quiet], 1);
    assert!(bench.now >= Millis(2_000), "{:?}", bench.now);
}

#[test]
fn output_without_end_is_cut_and_ended() {
    for whole in [false, true] {
        let (bench, _) = run(&[command("exec cat /dev/zero", whole)], 1);
        let heard = &bench.heard[0];
        assert!(heard.cut as usize > OUTPUT_MAX / 2, "{}", heard.cut);
        assert_eq!(bench.heard.len(), 1);
    }
    let (bench, _) = run(&[command("head -c 100000 /dev/urandom", false)], 10);
    let bytes: usize = bench.heard.iter().map(|heard| heard.text.len()).sum();
    assert!(bytes > 50_000);
}

#[test]
fn commands_end_with_the_agent() {
    let mut commands = Commands::new(&[command("echo $$; exec sleep 600", false)]);
    let mut bench = Bench::new(&mut commands);
    bench.run(&mut commands, |heard| heard.len() == 1);
    drop(commands);
    gone(texts(&bench)[0].rsplit(' ').next().expect("a number"));
}
