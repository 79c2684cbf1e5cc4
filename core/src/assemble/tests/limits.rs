//! Sizes: what is cut, and that it is counted.

use super::*;
use crate::limits::RECORD_MAX;
use proptest::prelude::*;

#[test]
fn memory_that_is_too_small_is_refused() {
    for format in all() {
        let need = format.memory();
        assert!(Assembler::new(format, std::vec![0; need]).is_ok());
        if let Some(less) = need.checked_sub(1) {
            let refused = Assembler::new(format, std::vec![0; less]).err();
            assert_eq!(refused, Some(MemoryTooSmall(need)), "{format:?}");
        }
    }
    assert_eq!(Format::Lines.memory(), 0);
}

#[test]
fn a_record_is_cut_and_counted_and_the_next_one_is_whole() {
    let long = "x".repeat(RECORD_MAX + 10);
    let indented = std::format!(" {long}");
    let cases: [(Format, &[&str], u32, &str); 4] = [
        (Format::Lines, &[&long, "next"], 10, "next"),
        (Format::Multi { lines: 2 }, &[&long, &long, "next", "."], 21 + RECORD_MAX as u32, "next ."),
        (Format::Indented, &["a", &indented, "b"], 13, "b"),
        (Format::RegexAll { pattern: DONE, join: Join::Space, timeout_ms: 1 }, &[&long, "next"], 15, ""),
    ];
    for (format, lines, cut, next) in cases {
        let seen = records(format, lines);
        assert_eq!((seen[0].text.len(), seen[0].cut), (RECORD_MAX, cut), "{format:?}");
        if let Some(second) = seen.get(1) {
            assert_eq!((second.text.as_str(), second.cut), (next, 0), "{format:?}");
        }
    }
}

#[test]
fn what_the_reader_left_out_is_counted_and_its_last_byte_is_kept() {
    let mut bench = Bench::new(Format::Lines);
    bench.push(b"left\r", 7);
    bench.push(b"", 3);
    let seen: Vec<_> = bench.seen.iter().map(|seen| (seen.text.as_str(), seen.cut)).collect();
    assert_eq!(seen, [("left\r", 7), ("", 3)]);
}

proptest! {
    #[test]
    fn a_push_gives_at_most_two_records_and_none_is_too_long(
        format in prop::sample::select(all()),
        lines in prop::collection::vec((prop::sample::select(LINES.to_vec()), 0usize..3, 0u64..3000), 0..60),
    ) {
        let mut bench = Bench::new(format);
        for (line, repeat, ms) in lines {
            bench.now = bench.now.plus(ms);
            let text = std::format!("{line}{}", "y".repeat(repeat * 3000));
            prop_assert!(bench.push(text.as_bytes(), 0) <= 2);
        }
        prop_assert!(bench.seen.iter().all(|seen| seen.text.len() <= RECORD_MAX));
    }

    #[test]
    fn bytes_of_any_kind_do_no_harm(
        format in prop::sample::select(all()),
        lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20),
    ) {
        let mut bench = Bench::new(format);
        for line in &lines {
            prop_assert!(bench.push(line, 0) <= 2);
        }
        bench.finish();
        prop_assert_eq!(bench.assembler.open(), Open::default());
    }
}
