//! When records are given out.

use super::*;

/// The texts given out by a tick at a time.
fn at(bench: &mut Bench, ms: u64) -> Vec<String> {
    bench.now = Millis(ms);
    bench.tick();
    bench.texts()
}

#[test]
fn a_record_whose_end_is_not_known_waits_five_seconds() {
    let first = [
        (Format::Indented, "a"),
        (Format::Audit, "type=A msg=audit(1.1:1): a"),
        (Format::MssqlLog, "2015-01-01 10:00:00.12 a"),
        (Format::PostgresqlLog, "[2015-01-01 10:00:00.12 UTC] a"),
        (regex(true, false, false), "BEGIN a"),
        (Format::ModsecAudit, "--aa11-A--"),
        (Format::SnortFull, "[**] [1:2:3] name [**]"),
    ];
    for (format, line) in first {
        let mut bench = Bench::new(format);
        assert_eq!(bench.assembler.deadline(), None, "{format:?}");
        assert_eq!(bench.push(line.as_bytes(), 0), 0, "{format:?}");
        assert_eq!(bench.assembler.deadline(), Some(Millis(6000)), "{format:?}");
        assert!(at(&mut bench, 5999).is_empty(), "{format:?}");
        assert_eq!(at(&mut bench, 6000), [line], "{format:?}");
        assert_eq!(bench.assembler.deadline(), None, "{format:?}");
    }
}

#[test]
fn each_line_of_an_audit_id_restarts_its_timeout() {
    let mut bench = Bench::new(Format::LinuxAuditd { wait: Wait::Timeout(100) });
    bench.push(b"type=A msg=audit(1.1:1): a", 0);
    bench.now = Millis(1060);
    bench.push(b"type=A msg=audit(1.1:2): b", 0);
    bench.push(b"type=A msg=audit(1.1:1): c", 0);
    assert!(at(&mut bench, 1159).is_empty());
    assert_eq!(at(&mut bench, 1160).len(), 2);
}

#[test]
fn a_window_is_open_from_the_first_line() {
    let mut bench = Bench::new(Format::LinuxAuditd { wait: Wait::Window(100) });
    bench.push(b"type=A msg=audit(1.1:1): a", 0);
    bench.now = Millis(1060);
    bench.push(b"type=A msg=audit(1.1:1): b", 0);
    bench.push(b"type=A msg=audit(1.1:2): c", 0);
    assert_eq!(bench.assembler.deadline(), Some(Millis(1100)));
    assert_eq!(at(&mut bench, 1100), ["type=A msg=audit(1.1:1): a type=A msg=audit(1.1:1): b"]);
    assert_eq!(at(&mut bench, 1160), ["type=A msg=audit(1.1:2): c"]);
}

#[test]
fn a_line_that_comes_too_late_is_not_added_even_if_nobody_ticked() {
    for (format, line) in [
        (Format::LinuxAuditd { wait: Wait::Window(100) }, "type=A msg=audit(1.1:1): a"),
        (regex(false, false, true), "[1] a"),
        (Format::Audit, "type=A msg=audit(1.1:1): a"),
    ] {
        let mut bench = Bench::new(format);
        bench.push(line.as_bytes(), 0);
        bench.now = Millis(9000);
        assert_eq!(bench.push(line.as_bytes(), 0), 1, "{format:?}");
        bench.finish();
        assert_eq!(bench.texts(), [line, line], "{format:?}");
    }
}

#[test]
fn a_group_of_lines_waits_for_its_lines() {
    let mut bench = Bench::new(Format::Multi { lines: 2 });
    bench.push(b"a", 0);
    assert_eq!(bench.assembler.deadline(), None);
    assert!(at(&mut bench, 1_000_000).is_empty());
    bench.push(b"b", 0);
    assert_eq!(bench.texts(), ["a b"]);
}

#[test]
fn nothing_is_given_out_twice_or_after_a_reset() {
    for format in all() {
        let mut bench = Bench::new(format);
        bench.push_all(&LINES);
        bench.finish();
        bench.seen.clear();
        bench.finish();
        assert!(bench.seen.is_empty() && bench.assembler.open() == Open::default(), "{format:?}");
        bench.push_all(&LINES);
        bench.seen.clear();
        bench.assembler.reset();
        bench.finish();
        assert!(bench.seen.is_empty(), "{format:?}");
    }
}
