//! What attackers, broken disks and slips of the hand make of logs, rules and
//! configurations: the binary answers clearly, soon and in bounded memory.

mod configuration;
mod logs;
mod outputs;
mod places;
mod rule_files;

use bartizan_tests::process::Finished;

/// Ends a test if a process broke down in place of giving an answer.
fn assert_sane(name: &str, finished: &Finished) {
    let clear = !finished.err.contains("panicked") && !finished.err.contains("please report this");
    assert!(
        clear && matches!(finished.code, Some(0..=3)),
        "{name}: {:?}\n{}",
        finished.code,
        start(&finished.err)
    );
}

/// The beginning of a text, for messages.
fn start(text: &str) -> String {
    text.chars().take(2000).collect()
}
