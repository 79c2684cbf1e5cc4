use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

/// 2026-11-21 08:00:00 UTC.
const NOW: u64 = 1_795_248_000;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A file that was last changed at `changed` seconds since 1970.
fn file(folder: &TempDir, name: &str, bytes: &[u8], changed: u64) -> PathBuf {
    let path = folder.path().join(name);
    let mut file = File::create(&path).expect("created");
    file.write_all(bytes).expect("written");
    file.set_modified(UNIX_EPOCH + Duration::from_secs(changed)).expect("dated");
    path
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

/// Texts of all lines, and the errors between them in angle brackets.
fn texts(logs: &mut StoredLogs) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(next) = logs.next_line() {
        texts.push(match next {
            Ok(line) => String::from_utf8_lossy(line.bytes).into_owned(),
            Err(error) => format!("<{error}>"),
        });
    }
    texts
}

fn all(paths: &[PathBuf]) -> Vec<String> {
    texts(&mut StoredLogs::open(paths).expect("readable"))
}

#[test]
fn files_are_merged_by_the_times_of_their_lines() {
    let folder = folder();
    let auth = b"2026-11-20T10:00:01Z a\n2026-11-20T10:00:05Z b\n  more of b\n\
        2026-11-20T10:00:09Z c\n";
    let web = b"192.0.2.1 - - [20/Nov/2026:10:00:03 +0000] w1\n\
        192.0.2.1 - - [20/Nov/2026:10:00:05 +0000] w2\n\
        192.0.2.1 - - [20/Nov/2026:10:00:06 +0000] w3";
    let epoch = b"1795168802.100 s1\n1795168899.100 s2\n";
    let paths = [
        file(&folder, "auth.log", auth, NOW),
        file(&folder, "access.log.gz", &gz(web), NOW),
        file(&folder, "squid.log", epoch, NOW),
    ];
    let ends: Vec<String> =
        all(&paths).iter().map(|t| t.rsplit(' ').next().unwrap_or("").to_owned()).collect();
    assert_eq!(ends, ["a", "s1", "w1", "b", "b", "w2", "w3", "c", "s2"]);
}

/// Time of the line that ends with `text`.
fn epoch_at(path: &Path, text: &str) -> i64 {
    let mut logs = StoredLogs::open(&[path.to_owned()]).expect("readable");
    while let Some(Ok(line)) = logs.next_line() {
        if line.bytes.ends_with(text.as_bytes()) {
            return line.time;
        }
    }
    panic!("no such line: {text}");
}

#[test]
fn lines_without_a_time_stay_with_their_neighbours() {
    let folder = folder();
    let old = file(&folder, "old", b"# head\n2020-01-01T00:00:00Z o1\ntrace\n", NOW);
    let new = file(&folder, "new", b"2021-01-01T00:00:00Z n1\n", NOW);
    let none = file(&folder, "none", b"{\"a\":1}\n", 1_600_000_000);
    assert_eq!(epoch_at(&old, "# head"), 1_577_836_800);
    assert_eq!(epoch_at(&old, "trace"), 1_577_836_800);
    assert_eq!(epoch_at(&none, "}"), 1_600_000_000);
    assert_eq!(
        all(&[new, none, old]),
        ["# head", "2020-01-01T00:00:00Z o1", "trace", "{\"a\":1}", "2021-01-01T00:00:00Z n1"]
    );
}

#[test]
fn a_missing_year_comes_from_the_files_end_not_from_the_date_of_its_copy() {
    let folder = folder();
    let text = b"Jun  3 00:00:00 june\nSep  3 00:00:00 september\n";
    // Copied in July: the year of June must not be later than September's.
    let path = file(&folder, "copy", text, 1_783_000_000);
    assert!(epoch_at(&path, "june") < epoch_at(&path, "september"));
    let turn = file(&folder, "turn", b"Dec 30 00:00:00 dec\nJan  2 00:00:00 jan\n", NOW);
    let between = epoch_at(&turn, "jan") - epoch_at(&turn, "dec");
    assert_eq!(between, 3 * 86_400);
    // A forged old time at the end does not move the others.
    let forged = file(&folder, "forged", b"Nov 20 10:00:00 x\n2001-01-01 00:00:00 y\n", NOW);
    assert!(epoch_at(&forged, "x") > 1_795_000_000);
}

#[test]
fn a_truncated_gzip_gives_its_good_part_then_one_error_and_the_others_go_on() {
    let folder = folder();
    let lines: String =
        (0..20_000).map(|n| format!("2020-01-01T00:00:00Z {}\n", n * 7919 % 10_007)).collect();
    let mut packed = gz(lines.as_bytes());
    packed.truncate(packed.len() / 2);
    let broken = file(&folder, "broken.gz", &packed, NOW);
    let whole = file(&folder, "whole", b"2020-01-01T00:00:01Z whole\n", NOW);
    let texts = all(&[broken, whole]);
    let errors: Vec<usize> =
        texts.iter().enumerate().filter(|(_, t)| t.starts_with('<')).map(|(n, _)| n).collect();
    assert_eq!(errors.len(), 1, "{:?}", texts.last());
    assert!(errors[0] > 5_000, "{}", errors[0]);
    assert!(texts[errors[0]].contains(&format!("too early after {} lines", errors[0])));
    // All but the last, which is cut, are the lines that were packed.
    let good: Vec<&str> = lines.lines().take(errors[0] - 1).collect();
    assert_eq!(texts[..errors[0] - 1], good);
    assert_eq!(texts.last().map(String::as_str), Some("2020-01-01T00:00:01Z whole"));
}

#[test]
fn gzip_is_found_by_content_and_members_are_joined() {
    let folder = folder();
    let packed = [gz(b"one\n"), gz(b"two\nthree")].concat();
    assert_eq!(all(&[file(&folder, "no-suffix", &packed, NOW)]), ["one", "two", "three"]);
    assert_eq!(all(&[file(&folder, "plain.gz", b"plain\n", NOW)]), ["plain"]);
}

#[test]
fn empty_and_tiny_files_are_no_trouble() {
    let folder = folder();
    let paths: Vec<PathBuf> = [&b""[..], b"\n", b"x", b"\0", b"\x1f"]
        .iter()
        .enumerate()
        .map(|(n, bytes)| file(&folder, &n.to_string(), bytes, NOW))
        .collect();
    assert_eq!(all(&paths), ["", "x", "\u{1f}"]);
    assert_eq!(all(&[]), Vec::<String>::new());
}

#[test]
fn a_pipe_is_read_once_and_has_no_size() {
    let folder = folder();
    let path = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
    assert!(made.success());
    let writer = std::thread::spawn({
        let path = path.clone();
        move || std::fs::write(path, "1700000000.000 p1\n1700000009.000 p2\n")
    });
    let plain = file(&folder, "plain", b"1700000005.000 f\n", NOW);
    let mut logs = StoredLogs::open(&[path, plain]).expect("readable");
    assert_eq!(logs.progress().total, None);
    let texts = texts(&mut logs);
    assert_eq!(texts, ["1700000000.000 p1", "1700000005.000 f", "1700000009.000 p2"]);
    writer.join().expect("joined").expect("written");
}

#[test]
fn what_cannot_be_read_says_where_and_what_to_do() {
    let folder = folder();
    let message = |path: PathBuf| match StoredLogs::open(&[path]) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert!(message(folder.path().join("none")).contains("cannot open"));
    assert!(message(folder.path().to_owned()).contains("name the files in it"));
    let xz = message(file(&folder, "a.xz", b"\xfd7zXZ\0rest", NOW));
    assert!(xz.contains("xz -dc") && xz.contains("bartizan analyze -"), "{xz}");
    assert_eq!(message(file(&folder, "b", b"BZh is a name\n", NOW)), "");
}

#[test]
fn progress_reaches_the_size_of_all_files() {
    let folder = folder();
    let text = "2020-01-01T00:00:00Z x\n".repeat(50_000);
    let packed = gz(text.as_bytes());
    let total = (text.len() + packed.len()) as u64;
    let paths = [file(&folder, "a", text.as_bytes(), NOW), file(&folder, "b.gz", &packed, NOW)];
    let mut logs = StoredLogs::open(&paths).expect("readable");
    assert_eq!(logs.progress(), Progress { read: 0, total: Some(total) });
    let mut last = 0;
    while logs.next_line().is_some() {
        let read = logs.progress().read;
        assert!(read >= last && read <= total);
        last = read;
    }
    assert_eq!(last, total);
}

#[test]
fn three_hundred_daily_files_are_not_open_at_once() {
    let folder = folder();
    let paths: Vec<PathBuf> = (0..300)
        .map(|n| {
            let text = format!("{}.000 a\n{}.000 b\n", 1_700_000_000 + n * 10, 1_700_000_005 + n * 10);
            file(&folder, &n.to_string(), text.as_bytes(), NOW)
        })
        .collect();
    let mut logs = StoredLogs::open(&paths).expect("readable");
    let (mut count, mut last) = (0, 0);
    while let Some(line) = logs.next_line() {
        let time = line.expect("good").time;
        assert!(time >= last);
        (count, last) = (count + 1, time);
        let open = logs.inputs.iter().filter(|i| matches!(i.feed, Feed::Open(_))).count();
        assert!(open <= 2, "{open}");
    }
    assert_eq!(count, 600);
}
