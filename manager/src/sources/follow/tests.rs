use super::*;
use crate::config::{Config, Home};
use crate::diagnose::{Colour, Diagnostics, Sources};
use bartizan_core::limits::RECORD_MAX;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use tempfile::TempDir;

/// Longer than any machine under load needs.
const DEADLINE: Duration = Duration::from_secs(30);

/// A follower with a clock of its own, and all it has handed on.
struct Bench {
    folder: TempDir,
    follower: Follower,
    now: Instant,
    lines: Vec<String>,
    news: Vec<News>,
    positions: Positions,
}

impl Bench {
    fn new(patterns: &[&str], start: Start) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let patterns: Vec<String> =
            patterns.iter().map(|p| folder.path().join(p).display().to_string()).collect();
        let follower = Follower::new(&patterns, start);
        let (lines, news, positions) = (Vec::new(), Vec::new(), Positions::new());
        Self { folder, follower, now: Instant::now(), lines, news, positions }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        append(&self.path(name), text.as_bytes());
    }

    /// Looks once and again until nothing more is to be read.
    fn poll(&mut self) {
        let Self { follower, now, lines, news, positions, .. } = self;
        while follower.poll(*now, 7, &mut |arrival| match arrival {
            Arrival::Line(line) => lines.push(String::from_utf8_lossy(line.bytes).into_owned()),
            Arrival::News(_, what) => news.push(what),
            Arrival::Reached(path, position) => drop(positions.insert(path.to_owned(), position.to_vec())),
        }) {}
    }

    /// Lets time pass, then looks.
    fn after(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.poll();
    }

    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("opened");
    file.write_all(bytes).expect("written");
}

#[test]
fn following_begins_at_the_end_and_appearing_files_are_read_whole() {
    let mut bench = Bench::new(&["a.log", "b.log", "*.txt"], Start::End);
    bench.append("a.log", "old\n");
    bench.append("x.txt", "old\n");
    bench.poll();
    assert_eq!(bench.take(), Vec::<String>::new());
    bench.append("a.log", "new\n");
    bench.append("b.log", "b1\nb2\n");
    bench.append("y.txt", "y1\n");
    bench.append("z.gz.txt.gz", "not a log\n");
    bench.after(6);
    assert_eq!(bench.take(), ["new", "b1", "b2", "y1"]);
    assert_eq!(bench.news, [News::Appeared, News::Appeared]);
}

#[test]
fn following_may_begin_with_the_first_line() {
    let mut bench = Bench::new(&["a.log"], Start::Beginning);
    bench.append("a.log", "one\r\n\ntwo\n");
    bench.poll();
    // An empty line is no record.
    assert_eq!(bench.take(), ["one", "two"]);
}

#[test]
fn a_line_that_is_being_written_when_following_begins_is_whole() {
    let mut bench = Bench::new(&["a.log"], Start::End);
    bench.append("a.log", "old\nhalf a ");
    bench.poll();
    bench.append("a.log", "line\n");
    bench.after(1);
    assert_eq!(bench.take(), ["half a line"]);
}

#[test]
fn a_line_without_lf_is_held_and_then_handed_on() {
    let mut bench = Bench::new(&["a.log"], Start::End);
    bench.append("a.log", "");
    bench.poll();
    bench.append("a.log", "par");
    bench.after(1);
    bench.after(4);
    assert_eq!(bench.take(), Vec::<String>::new());
    bench.append("a.log", "t");
    bench.after(1);
    bench.after(4);
    assert_eq!(bench.take(), Vec::<String>::new());
    bench.after(1);
    assert_eq!(bench.take(), ["part"]);
    bench.append("a.log", "\nnext\n");
    bench.after(1);
    assert_eq!(bench.take(), ["next"]);
}

#[test]
fn a_renamed_file_is_read_to_its_end_before_the_new_one() {
    let mut bench = Bench::new(&["a.log"], Start::End);
    bench.append("a.log", "");
    bench.poll();
    bench.append("a.log", "1\n2\n");
    fs::rename(bench.path("a.log"), bench.path("a.log.1")).expect("renamed");
    bench.append("a.log", "4\n");
    bench.append("a.log.1", "3\n");
    bench.after(1);
    assert_eq!(bench.take(), ["1", "2", "3", "4"]);
    assert_eq!(bench.news, [News::Rotated { between: 0 }]);
    // Its writer has not noticed yet.
    bench.append("a.log.1", "late\n");
    bench.after(30);
    assert_eq!(bench.take(), ["late"]);
    assert_eq!(bench.follower.open_files(), 2);
    bench.after(61);
    assert_eq!(bench.follower.open_files(), 1);
}

#[test]
fn files_that_came_and_went_between_two_looks_are_read_in_order() {
    let mut bench = Bench::new(&["a.log"], Start::End);
    bench.append("a.log", "");
    bench.poll();
    bench.append("a.log", "1\n");
    for round in 2..5 {
        for generation in (1..round - 1).rev() {
            let name = |n: i32| bench.path(&format!("a.log.{n}"));
            fs::rename(name(generation), name(generation + 1)).expect("renamed");
        }
        fs::rename(bench.path("a.log"), bench.path("a.log.1")).expect("renamed");
        bench.append("a.log", &format!("{round}\n"));
        // Births are recorded in steps of a few milliseconds.
        let born = fs::metadata(bench.path("a.log")).and_then(|m| m.created()).expect("recorded");
        wait_for(|| {
            append(&bench.path("probe"), b"");
            let probe = fs::metadata(bench.path("probe")).and_then(|m| m.created());
            fs::remove_file(bench.path("probe")).expect("removed");
            probe.expect("recorded") > born
        });
    }
    bench.after(1);
    assert_eq!(bench.take(), ["1", "2", "3", "4"]);
    assert_eq!(bench.news, [News::Rotated { between: 2 }]);
}

#[test]
fn a_truncated_file_is_read_from_its_start_even_if_it_has_grown_again() {
    let mut bench = Bench::new(&["a.log"], Start::Beginning);
    bench.append("a.log", "one\ntwo\n");
    bench.poll();
    File::create(bench.path("a.log")).expect("truncated");
    bench.append("a.log", "three\n");
    bench.after(1);
    File::create(bench.path("a.log")).expect("truncated");
    bench.append("a.log", "four is longer than all that was there before\nfive\n");
    bench.after(1);
    let want = ["one", "two", "three", "four is longer than all that was there before", "five"];
    assert_eq!(bench.take(), want);
}

#[test]
fn what_was_not_read_before_a_truncation_is_read_in_the_copy() {
    let mut bench = Bench::new(&["a.log"], Start::Beginning);
    bench.append("a.log", "one\ntwo\nthr");
    bench.poll();
    bench.append("a.log", "ee\nfour\n");
    fs::copy(bench.path("a.log"), bench.path("a.log.1")).expect("copied");
    File::create(bench.path("a.log")).expect("truncated");
    bench.append("a.log", "five\n");
    bench.after(1);
    assert_eq!(bench.take(), ["one", "two", "three", "four", "five"]);
    assert!(bench.news.contains(&News::Truncated));
}

#[test]
fn an_unfinished_line_that_goes_with_its_file_is_told() {
    let mut bench = Bench::new(&["a.log"], Start::Beginning);
    bench.append("a.log", "one\nhalf");
    bench.poll();
    File::create(bench.path("a.log")).expect("truncated");
    bench.append("a.log", "two\n");
    bench.after(1);
    assert_eq!(bench.take(), ["one", "two"]);
    assert_eq!(bench.news[bench.news.len() - 2..], [News::Truncated, News::Lost]);
}

#[test]
fn rotation_by_copy_and_delete_doubles_nothing() {
    let mut bench = Bench::new(&["a.log"], Start::Beginning);
    bench.append("a.log", "one\n");
    bench.poll();
    bench.append("a.log", "two\n");
    fs::copy(bench.path("a.log"), bench.path("a.log.1")).expect("copied");
    fs::remove_file(bench.path("a.log")).expect("removed");
    bench.append("a.log", "three\n");
    bench.after(1);
    assert_eq!(bench.take(), ["one", "two", "three"]);
}

#[test]
fn a_hole_in_front_of_a_line_does_not_hide_it() {
    let mut bench = Bench::new(&["a.log"], Start::Beginning);
    let mut writer = File::create(bench.path("a.log")).expect("created");
    writer.write_all(b"one\ntwo\n").expect("written");
    bench.poll();
    // Truncated under a writer that does not append: it goes on where it was.
    OpenOptions::new().write(true).open(bench.path("a.log")).and_then(|f| f.set_len(0)).expect("cut");
    writer.write_all(b"three\n").expect("written");
    bench.after(1);
    assert_eq!(bench.take(), ["one", "two", "three"]);
}

#[test]
fn a_pattern_does_not_read_rotated_files_again() {
    let mut bench = Bench::new(&["*.log*"], Start::Beginning);
    bench.append("app.log", "1\n");
    bench.append("app.log.1", "old\n");
    bench.poll();
    fs::rename(bench.path("app.log"), bench.path("app-20260501.log")).expect("renamed");
    bench.append("app.log", "2\n");
    for _ in 0..20 {
        bench.after(10);
    }
    assert_eq!(bench.take(), ["1", "2"]);
    bench.append("app-20260501.log", "late\n");
    bench.after(10);
    assert_eq!(bench.take(), ["late"]);
}

#[test]
fn two_names_of_one_file_are_read_once() {
    let mut bench = Bench::new(&["a.log", "b.log"], Start::Beginning);
    bench.append("a.log", "once\n");
    std::os::unix::fs::symlink(bench.path("a.log"), bench.path("b.log")).expect("linked");
    bench.poll();
    bench.after(2);
    assert_eq!(bench.take(), ["once"]);
}

#[test]
fn a_file_that_disappears_is_reported_once_and_read_when_it_is_back() {
    let mut bench = Bench::new(&["a.log"], Start::Beginning);
    bench.append("a.log", "1\n");
    bench.poll();
    bench.append("a.log", "2\n");
    fs::remove_file(bench.path("a.log")).expect("removed");
    bench.after(1);
    assert_eq!(bench.take(), ["1", "2"]);
    bench.news.clear();
    for _ in 0..10 {
        bench.after(20);
    }
    assert_eq!(bench.news, [News::Gone]);
    assert_eq!(bench.follower.open_files(), 0);
    bench.append("a.log", "3\n");
    bench.after(2);
    assert_eq!(bench.take(), ["3"]);
    assert_eq!(bench.news, [News::Gone, News::Appeared]);
}

#[test]
fn what_is_not_a_file_is_reported_once_with_what_to_do() {
    let mut bench = Bench::new(&["pipe", "folder"], Start::End);
    fs::create_dir(bench.path("folder")).expect("created");
    let made = std::process::Command::new("mkfifo").arg(bench.path("pipe")).status();
    assert!(made.expect("mkfifo runs").success());
    for _ in 0..10 {
        bench.after(60);
    }
    assert_eq!(bench.news.len(), 2);
    assert!(bench.news.iter().all(|n| n.is_problem() && n.to_string().contains("regular file")));
}

#[test]
fn an_unreadable_file_is_reported_once_and_only_new_lines_come_when_it_is_readable() {
    let mut bench = Bench::new(&["a.log"], Start::End);
    bench.append("a.log", "old\n");
    let set = |mode| fs::Permissions::from_mode(mode);
    fs::set_permissions(bench.path("a.log"), set(0o200)).expect("set");
    if File::open(bench.path("a.log")).is_ok() {
        // Root reads everything: the same walk with the error given by hand.
        let error = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let text = super::super::access::explain(&bench.path("a.log"), &error);
        assert!(text.starts_with("permission denied; run as root"), "{text}");
        return;
    }
    for _ in 0..5 {
        bench.after(60);
    }
    assert!(matches!(&bench.news[..], [News::Unreadable(why)] if why.contains("run as root")));
    bench.append("a.log", "new\n");
    fs::set_permissions(bench.path("a.log"), set(0o600)).expect("set");
    bench.after(60);
    assert_eq!(bench.take(), ["new"]);
}

#[test]
fn hostile_bytes_pass_through_as_they_are() {
    let mut bench = Bench::new(&["a.log"], Start::Beginning);
    let mut got = Vec::new();
    let mut cut = 0;
    append(&bench.path("a.log"), b"\xff\xfe\x00a\x01\n\x1b[31m\n");
    append(&bench.path("a.log"), &vec![b'x'; 10 * 1024 * 1024]);
    append(&bench.path("a.log"), b"\nnext\n");
    while bench.follower.poll(bench.now, 7, &mut |arrival| {
        if let Arrival::Line(line) = arrival {
            assert_eq!((line.time, line.location.ends_with("a.log")), (7, true));
            got.push(line.bytes.to_vec());
            cut += line.cut;
        }
    }) {}
    assert_eq!(got.len(), 4);
    assert_eq!(got[0], b"\xff\xfe\x00a\x01");
    assert_eq!((got[2].len(), cut), (RECORD_MAX, (10 * 1024 * 1024 - RECORD_MAX) as u64));
    assert_eq!(got[3], b"next");
    bench.take();
}

/// What a `<localfile>` of this name in the folder, with this format, means.
fn wanted(bench: &Bench, name: &str, format: &str) -> Wanted {
    let name = bench.path(name).display().to_string();
    let text =
        format!("<ossec_config><localfile><location>{name}</location>{format}</localfile></ossec_config>");
    let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
    let source = sources.add("ossec.conf", text);
    let config = Config::from_source(&Home::new("/nonexistent"), source, &sources, &mut report);
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    let layout = config.local_files.first().and_then(Layout::of).expect("a format of files");
    Wanted { name, layout, ..Wanted::default() }
}

#[test]
fn another_life_goes_on_where_the_last_one_ended_through_a_rotation() {
    let mut bench = Bench::new(&["a.log"], Start::End);
    bench.append("a.log", "old\n");
    bench.poll();
    // Also when nothing has come yet.
    for (text, want) in [("1\n", "1"), ("2\n", "2")] {
        bench.append("a.log", text);
        fs::rename(bench.path("a.log"), bench.path("a.log.1")).expect("renamed");
        bench.append("a.log", "next\n");
        let names = vec![Wanted { name: bench.path("a.log").display().to_string(), ..Wanted::default() }];
        bench.follower = Follower::with(names, Start::End, bench.positions.clone());
        bench.poll();
        assert_eq!(bench.take(), [want, "next"]);
    }
}

#[test]
fn lines_become_records_of_several_lines() {
    let mut bench = Bench::new(&[], Start::Beginning);
    let names = vec![
        wanted(&bench, "multi.log", "<log_format>multi-line: 2</log_format>"),
        wanted(&bench, "indented.log", "<log_format>multi-line_indented</log_format>"),
        wanted(&bench, "audit.log", "<log_format>audit</log_format>"),
    ];
    bench.follower = Follower::with(names, Start::Beginning, Positions::new());
    bench.append("multi.log", "1\n2\n3\n");
    bench.append("indented.log", "a\n  b\nc\n");
    bench.append("audit.log", "type=A msg=audit(1.1:1): x\ntype=B msg=audit(1.1:1): y\n");
    bench.poll();
    assert_eq!(bench.take(), ["1 2", "a   b"]);
    for _ in 0..8 {
        bench.after(1);
    }
    assert_eq!(bench.take(), ["c", "type=A msg=audit(1.1:1): x type=B msg=audit(1.1:1): y"]);
}

#[test]
fn expressions_mark_records() {
    let mut bench = Bench::new(&[], Start::Beginning);
    let format = r"<log_format start_regex='^BEGIN (\w+)' end_regex='^END \w+'>regex</log_format>";
    let names = vec![wanted(&bench, "a.log", format)];
    bench.follower = Follower::with(names, Start::Beginning, Positions::new());
    bench.append("a.log", "BEGIN one\nx\nEND one\nalone\n");
    bench.poll();
    assert_eq!(bench.take(), ["BEGIN one x END one", "alone"]);
}

#[test]
fn a_dated_name_changes_with_the_day_and_the_new_file_is_read_whole() {
    let mut bench = Bench::new(&["a-%Y.log"], Start::End);
    bench.append("a-2001.log", "old\n");
    let mut lines = Vec::new();
    let mut at = |bench: &mut Bench, epoch, seconds| {
        bench.now += Duration::from_secs(seconds);
        while bench.follower.poll(bench.now, epoch, &mut |arrival| {
            if let Arrival::Line(line) = arrival {
                lines.push(String::from_utf8_lossy(line.bytes).into_owned());
            }
        }) {}
    };
    let (then, later) = (1_000_000_000, 1_000_000_000 + 366 * 86_400);
    at(&mut bench, then, 0);
    bench.append("a-2001.log", "1\n");
    bench.append("a-2002.log", "2\n");
    at(&mut bench, then, 6);
    at(&mut bench, later, 6);
    bench.append("a-2001.log", "late\n");
    at(&mut bench, later, 6);
    assert_eq!(lines, ["1", "2", "late"]);
}

/// Polls a condition until it holds, or long enough: what is tested fails
/// then by what it finds.
fn wait_for(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
}

struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Runs a follower on `log` until the lines `0..total` have come, while
/// `write` writes them; checks that each came once.
fn follow_while(log: &Path, total: usize, write: impl FnOnce(&AtomicUsize) + Send) -> Vec<usize> {
    append(log, b"");
    let (stop, read) = (AtomicBool::new(false), AtomicUsize::new(0));
    let numbers = Mutex::new(Vec::new());
    let ready = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Also when the writer panics: the follower's thread is waited for.
        let _stop = OnDrop(&stop);
        scope.spawn(|| {
            let mut follower = Follower::new(&[log.display().to_string()], Start::End);
            follower.poll(Instant::now(), 0, &mut |_| {});
            ready.store(true, Relaxed);
            follower.run(&stop, &mut |arrival| {
                if let Arrival::Line(line) = arrival {
                    let text = std::str::from_utf8(line.bytes).expect("digits");
                    numbers.lock().expect("held").push(text.trim().parse().expect("a number"));
                    read.fetch_add(1, Relaxed);
                }
            });
        });
        wait_for(|| ready.load(Relaxed));
        write(&read);
        let deadline = Instant::now() + DEADLINE;
        while read.load(Relaxed) < total && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let numbers = numbers.into_inner().expect("held");
    let mut times = vec![0; total];
    numbers.iter().for_each(|number: &usize| times[*number] += 1);
    let wrong: Vec<(usize, i32)> = times.into_iter().enumerate().filter(|(_, times)| *times != 1).collect();
    assert!(wrong.is_empty(), "not read once: {} lines: {:?}", wrong.len(), wrong.first());
    numbers
}

/// Shifts the generations of a log by one.
fn rename_generations(log: &Path) {
    let name = |n: usize| PathBuf::from(format!("{}.{n}", log.display()));
    for generation in (1..40).rev().filter(|n| name(*n).exists()) {
        fs::rename(name(generation), name(generation + 1)).expect("renamed");
    }
    fs::rename(log, name(1)).expect("renamed");
}

#[test]
fn no_line_is_lost_or_doubled_by_renaming_under_a_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("a.log");
    let total = 60_000;
    let numbers = follow_while(&log, total, |read| {
        let mut file = OpenOptions::new().append(true).open(&log).expect("opened");
        let mut rotated = Instant::now();
        for number in 0..total {
            if number % 2_000 == 1_000 {
                // Births are recorded in steps of up to 10 ms: faster than
                // that, their order is not known.
                wait_for(|| rotated.elapsed() > Duration::from_millis(12));
                rename_generations(&log);
                rotated = Instant::now();
            }
            // For a while the writer goes on in the file that was renamed.
            if number % 2_000 == 1_010 {
                file = OpenOptions::new().append(true).create(true).open(&log).expect("opened");
            }
            // Also in pieces, so that lines are read half.
            file.write_all(format!("{number}").as_bytes()).expect("written");
            file.write_all(b"\n").expect("written");
            if number % 5_000 == 500 {
                wait_for(|| read.load(Relaxed) + 10_000 > number);
            }
        }
    });
    assert!(numbers.is_sorted(), "and in their order");
}

#[test]
fn no_line_is_lost_or_doubled_by_copying_and_truncating_under_a_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("a.log");
    let total = 20_000;
    follow_while(&log, total, |read| {
        let mut file = OpenOptions::new().append(true).open(&log).expect("opened");
        for number in 0..total {
            if number % 2_500 == 1_234 {
                // One step for the writer: what is written between copy and
                // truncation is lost by whoever rotates, not by the reader.
                wait_for(|| read.load(Relaxed) > 0);
                let copy = PathBuf::from(format!("{}.{}", log.display(), number));
                fs::copy(&log, copy).expect("copied");
                file.set_len(0).expect("truncated");
                // A second truncation before the next look would hide this one.
                file.write_all(format!("{number}\n").as_bytes()).expect("written");
                wait_for(|| read.load(Relaxed) > number);
                continue;
            }
            file.write_all(format!("{number}\n").as_bytes()).expect("written");
        }
    });
}

#[test]
fn a_line_in_a_quiet_file_is_read_without_waiting_for_the_next_look() {
    let mut bench = Bench::new(&["log"], Start::End);
    bench.append("log", "old\n");
    bench.poll();
    bench.append("log", "new\n");
    // The clock stands still: no look is due.
    bench.poll();
    assert_eq!(bench.take(), [""; 0]);
    bench.follower.wait(DEADLINE);
    bench.poll();
    assert_eq!(bench.take(), ["new"]);
}

#[test]
fn a_file_that_takes_the_name_of_another_is_read_at_once() {
    let mut bench = Bench::new(&["log"], Start::End);
    bench.append("log", "old\n");
    bench.poll();
    fs::rename(bench.path("log"), bench.path("log.1")).expect("renamed");
    bench.follower.wait(DEADLINE);
    bench.poll();
    bench.append("log", "new\n");
    bench.follower.wait(DEADLINE);
    bench.poll();
    assert_eq!(bench.take(), ["new"]);
}
