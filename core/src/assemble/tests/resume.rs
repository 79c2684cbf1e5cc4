//! A source is left and taken up again: nothing is lost and nothing doubled.

use super::*;
use proptest::prelude::*;

/// Lines with their places.
pub(super) fn placed(lines: &[String]) -> Vec<(u64, &str)> {
    let mut at = 0;
    let place = |line: &'_ String| {
        at += line.len() as u64 + 1;
        at - line.len() as u64 - 1
    };
    let places: Vec<u64> = lines.iter().map(place).collect();
    places.into_iter().zip(lines.iter().map(String::as_str)).collect()
}

/// Pushes lines from an offset on.
fn push_from(bench: &mut Bench, lines: &[(u64, &str)], low: u64) {
    for (at, line) in lines.iter().filter(|(at, _)| *at >= low) {
        bench.at = *at;
        bench.push(line.as_bytes(), 0);
    }
}

/// Leaves the source behind `stop` lines and takes it up in a fresh assembler.
pub(super) fn taken_up(format: Format, lines: &[(u64, &str)], stop: usize) -> Vec<Seen> {
    let (before, after) = lines.split_at(stop);
    let mut first = Bench::new(format);
    push_from(&mut first, before, 0);
    let (high, open) = (after.first().map_or(first.at, |(at, _)| *at), first.assembler.open());
    let mut second = Bench::new(format);
    second.assembler.resume(high, &open.keys);
    push_from(&mut second, lines, open.low.unwrap_or(high));
    assert!(!second.assembler.is_resuming() || lines.is_empty() || open.low.is_none());
    second.finish();
    first.seen.append(&mut second.seen);
    first.seen
}

fn line() -> impl Strategy<Value = String> {
    let known = prop::sample::select(LINES.to_vec()).prop_map(String::from);
    // Ends and starts of the same few records, so that they really are mixed.
    let mixed = "\\[[kl]\\] (BEGIN a|END a|x)|--(aa11|bb22)-[ABZ]--|type=A msg=audit\\(1\\.1:[1-4]\\): x";
    prop_oneof![known, mixed]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn where_a_source_is_left_makes_no_difference(
        format in prop::sample::select(all()),
        lines in prop::collection::vec(line(), 0..30),
        stop in 0usize..30,
    ) {
        let (lines, stop) = (placed(&lines), stop.min(lines.len()));
        let mut whole = Bench::new(format);
        push_from(&mut whole, &lines, 0);
        whole.finish();
        prop_assert_eq!(taken_up(format, &lines, stop), whole.seen);
    }

    #[test]
    fn many_records_at_once_are_taken_up_too(
        format in prop::sample::select(std::vec![regex(false, false, true), Format::LinuxAuditd { wait: Wait::Window(9) }, Format::ModsecAudit]),
        ids in prop::collection::vec((0u8..12, prop::sample::select(std::vec!["A", "B", "Z"])), 0..60),
        stop in 0usize..60,
    ) {
        let text = |(id, section): &(u8, &str)| match format {
            Format::ModsecAudit => std::format!("--id{id}-{section}--"),
            Format::Regex { .. } => std::format!("[{id}] {section}"),
            _ => std::format!("type=X msg=audit(1.1:{id}): {section}"),
        };
        let lines: Vec<String> = ids.iter().map(text).collect();
        let (lines, stop) = (placed(&lines), stop.min(lines.len()));
        let mut whole = Bench::new(format);
        push_from(&mut whole, &lines, 0);
        whole.finish();
        prop_assert_eq!(taken_up(format, &lines, stop), whole.seen);
    }
}

#[test]
fn nothing_is_given_out_while_old_lines_come_back() {
    let mut bench = Bench::new(Format::Indented);
    bench.push(b"a", 0);
    bench.push(b" b", 0);
    let (high, open) = (bench.at, bench.assembler.open());
    assert_eq!(open.low, Some(0));
    let mut bench = Bench::new(Format::Indented);
    bench.assembler.resume(high, &open.keys);
    bench.push(b"a", 0);
    assert!(bench.assembler.is_resuming() && bench.assembler.deadline().is_none());
    bench.now = Millis(60_000);
    bench.tick();
    bench.push(b" b", 0);
    assert!(!bench.assembler.is_resuming() && bench.assembler.deadline().is_some());
    bench.tick();
    assert!(bench.seen.is_empty());
    bench.now = Millis(65_000);
    bench.tick();
    assert_eq!(bench.texts(), ["a  b"]);
}

#[test]
fn a_record_that_timed_out_does_not_come_back_with_its_key() {
    let format = Format::LinuxAuditd { wait: Wait::Timeout(100) };
    let lines = ["msg=audit(1:2): a", "msg=audit(1:1): old", "msg=audit(1:2): b", "msg=audit(1:1): new"];
    let lines = lines.map(String::from);
    let lines = placed(&lines).into_iter().zip([1000, 1000, 1060, 1100]);
    let lines: Vec<((u64, &str), u64)> = lines.collect();
    let mut first = Bench::new(format);
    for (line, ms) in &lines {
        first.now = Millis(*ms);
        first.tick();
        push_from(&mut first, &[*line], 0);
    }
    assert_eq!(first.texts(), ["msg=audit(1:1): old"]);
    let open = first.assembler.open();
    assert_eq!(open.low, Some(0));
    let mut second = Bench::new(format);
    second.assembler.resume(first.at, &open.keys);
    lines.iter().for_each(|(line, _)| push_from(&mut second, &[*line], 0));
    second.finish();
    assert_eq!(second.texts(), ["msg=audit(1:2): a msg=audit(1:2): b", "msg=audit(1:1): new"]);
}
