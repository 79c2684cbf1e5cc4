//! What has changed in an output that is watched for changes.

use super::Alert;
use crate::plural::counted;
use similar::{Algorithm, TextDiff};
use std::time::{Duration, Instant};

/// Lines around a change.
const CONTEXT: usize = 2;

/// Lines that are shown.
const LINES_MAX: usize = 60;

/// Bytes of each of them.
const LINE_MAX: usize = 300;

/// Time after which the comparison becomes rough.
const TIME_MAX: Duration = Duration::from_millis(50);

impl Alert<'_> {
    /// For an alert of a rule with `check_diff`: the lines that went (`-`), came
    /// (`+`) and stand around them. At most 60 lines of 300 bytes; what is no
    /// UTF-8 is replaced, all else stands as in the outputs.
    pub fn difference(&self) -> Option<String> {
        let [title, old] = self.previous.as_slice() else { return None };
        (*title == b"Previous output:").then(|| between(old, self.message))
    }
}

/// The difference of two texts as a unified diff without its head.
fn between(old: &[u8], new: &[u8]) -> String {
    let [old, new] = [old, new].map(|text| String::from_utf8_lossy(text).into_owned() + "\n");
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .deadline(Instant::now() + TIME_MAX)
        .diff_lines(&old, &new);
    let hunks = diff.unified_diff().context_radius(CONTEXT).to_string();
    let mut lines = hunks.lines();
    let mut text: String = lines.by_ref().take(LINES_MAX).flat_map(cut).collect();
    match lines.count() {
        0 => {}
        more => text.push_str(&format!("… and {}\n", counted(more, "more line", "more lines"))),
    }
    text
}

/// The beginning of a line, with its end.
fn cut(line: &str) -> [&str; 2] {
    match line.len() > LINE_MAX {
        true => [&line[..line.floor_char_boundary(LINE_MAX)], "…\n"],
        false => [line, "\n"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_was_opened_is_seen_at_once() {
        let old = b"ossec: output: 'netstat':\ntcp 22\ntcp 25\ntcp 80\ntcp 443";
        let new = b"ossec: output: 'netstat':\ntcp 22\ntcp 25\ntcp 80\ntcp 443\ntcp 31337";
        let alert = Alert { previous: vec![b"Previous output:", old], message: new, ..Alert::default() };
        let shown = alert.difference().expect("a difference");
        assert_eq!(shown, "@@ -4,2 +4,3 @@\n tcp 80\n tcp 443\n+tcp 31337\n");
    }

    #[test]
    fn other_alerts_have_none_and_long_ones_are_cut() {
        let frequent = Alert { previous: vec![b"an event", b"another"], ..Alert::default() };
        assert_eq!(frequent.difference(), None);
        let many = |offset: u32| (0..500).map(|n| format!("{}\n", n + offset)).collect::<String>();
        let shown = between(many(0).as_bytes(), many(10_000).as_bytes());
        assert_eq!(shown.lines().count(), LINES_MAX + 1);
        assert!(shown.ends_with("more lines\n"), "{shown}");
        let shown = between("ä".repeat(3000).as_bytes(), b"\xff");
        assert!(
            shown.lines().all(|line| line.len() <= LINE_MAX + 3) && shown.contains("…\n+\u{fffd}"),
            "{shown}"
        );
    }
}
