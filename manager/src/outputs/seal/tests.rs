use super::verify::{State, verify};
use super::*;
use crate::outputs::files::DailyFile;

/// Logs of three days, and a sealer for them.
struct Days {
    folder: tempfile::TempDir,
    work: Work,
}

const TODAY: LocalTime = LocalTime { year: 2026, month: 12, day: 2, second: 60, weekday: 3 };

impl Days {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let work = Work {
            home: folder.path().to_owned(),
            in_use: InUse::default(),
            options: SealOptions::default(),
            stop: Arc::default(),
        };
        let days = Self { folder, work };
        for (name, text) in [
            ("Nov/ossec-alerts-30", "first"),
            ("Dec/ossec-alerts-01", "second"),
            ("Dec/ossec-alerts-02", "now"),
        ] {
            days.write(name, text);
        }
        days
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("logs/alerts/2026").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(&format!("{name}.log"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn look(&self) {
        let mut registry = Registry::open(self.folder.path()).expect("a registry");
        self.work.look(&mut registry, &TODAY);
    }

    fn states(&self) -> Vec<(String, State)> {
        let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
        verify(self.folder.path()).into_iter().map(|found| (name(&found.path), found.state)).collect()
    }

    fn state(&self, name: &str) -> State {
        let states = self.states();
        states.iter().find(|(found, _)| found == name).map(|(_, state)| *state).expect("it is listed")
    }
}

#[test]
fn days_that_are_over_are_compressed_and_chained_and_today_is_left_alone() {
    let days = Days::new();
    days.look();
    assert!(
        days.path("Nov/ossec-alerts-30.log.gz").exists() && !days.path("Nov/ossec-alerts-30.log").exists()
    );
    assert!(days.path("Dec/ossec-alerts-02.log").exists());
    let expected = [
        ("ossec-alerts-30.log".to_owned(), State::Intact),
        ("ossec-alerts-01.log".to_owned(), State::Intact),
        ("ossec-alerts-02.log".to_owned(), State::NotSealed),
    ];
    assert_eq!(days.states(), expected);
    let sum = fs::read_to_string(days.path("Dec/ossec-alerts-01.log.sum")).expect("read");
    let begins = "Current checksum:\nMD5  (/logs/alerts/2026/Dec/ossec-alerts-01.log) = a9f0e61a137d86aa9db53465e0801612\nSHA1 (";
    assert!(sum.starts_with(begins), "{sum}");
    assert!(
        sum.contains("\n\nChained checksum:\nMD5  (/logs/alerts/2026/Nov/ossec-alerts-30.log.sum) = "),
        "{sum}"
    );
    let first = fs::read_to_string(days.path("Nov/ossec-alerts-30.log.sum")).expect("read");
    assert!(
        first.contains("Chained checksum:\nMD5  (/logs/alerts/2026/Nov/ossec-alerts-29.log.sum) = none\n")
    );
}

#[test]
fn a_changed_day_is_told_and_so_is_a_sum_that_was_made_to_fit() {
    let days = Days::new();
    days.look();
    fs::remove_file(days.path("Nov/ossec-alerts-30.log.gz")).expect("removed");
    assert_eq!(days.state("ossec-alerts-30.log"), State::Missing);
    days.write("Nov/ossec-alerts-30", "forged");
    assert_eq!(days.state("ossec-alerts-30.log"), State::Changed);
    fs::remove_file(days.path("Nov/ossec-alerts-30.log.sum")).expect("removed");
    days.look();
    assert_eq!(days.state("ossec-alerts-30.log"), State::Intact);
    assert_eq!(days.state("ossec-alerts-01.log"), State::ChainBroken, "the next day knows the true one");
    fs::write(days.path("Dec/ossec-alerts-01.log.gz"), b"no gzip").expect("written");
    assert_eq!(days.state("ossec-alerts-01.log"), State::Changed);
}

#[test]
fn what_was_begun_is_ended_and_nothing_is_sealed_twice() {
    let days = Days::new();
    fs::rename(days.path("Nov/ossec-alerts-30.log"), days.path("Nov/.ossec-alerts-30.log.sealing"))
        .expect("moved");
    fs::write(days.path("Nov/ossec-alerts-30.log.gz"), b"half").expect("written");
    days.look();
    assert_eq!(days.state("ossec-alerts-30.log"), State::Intact);
    assert!(!days.path("Nov/.ossec-alerts-30.log.sealing").exists());
    // A clock was set back: what came then stands beside, and is not lost.
    let mut daily = DailyFile::alerts(&days.folder.path().join("logs"));
    daily.append(&LocalTime { month: 11, day: 30, ..TODAY }, |out| out.extend_from_slice(b"later"));
    daily.flush().expect("written");
    days.look();
    assert_eq!(days.state("ossec-alerts-30.log"), State::Intact);
    assert_eq!(days.state("ossec-alerts-30-001.log"), State::Intact);
}

#[test]
fn files_in_use_and_files_that_are_not_committed_wait() {
    let days = Days::new();
    let mut registry = Registry::open(days.folder.path()).expect("a registry");
    let path = days.path("Nov/ossec-alerts-30.log");
    let name = path.to_str().expect("a name");
    let outputs = [(name, 3)];
    let commit = crate::agents::registry::Commit { outputs: &outputs, ..Default::default() };
    registry.commit(&commit).expect("written");
    let mut daily = DailyFile::alerts(&days.folder.path().join("logs"));
    daily.share(&days.work.in_use);
    let first = LocalTime { day: 1, ..TODAY };
    daily.append(&first, |out| out.extend_from_slice(b"more"));
    daily.flush().expect("written");
    days.look();
    assert_eq!(days.state("ossec-alerts-30.log"), State::NotSealed, "two bytes are not committed");
    assert_eq!(days.state("ossec-alerts-01.log"), State::NotSealed, "it is open");
    daily.close_before(&TODAY);
    let commit = crate::agents::registry::Commit { outputs: &[(name, 5)], ..Default::default() };
    registry.commit(&commit).expect("written");
    days.look();
    assert_eq!(days.state("ossec-alerts-30.log"), State::Intact);
    assert_eq!(days.state("ossec-alerts-01.log"), State::Intact);
    assert_eq!(registry.outputs().expect("read"), [], "nothing is to be taken back from a sealed file");
}

#[test]
fn empty_files_are_removed_and_without_compression_files_stay() {
    let mut days = Days::new();
    days.work.options.compress = false;
    days.write("Nov/ossec-alerts-29", "");
    days.look();
    assert!(!days.path("Nov/ossec-alerts-29.log").exists());
    assert_eq!(fs::read_to_string(days.path("Nov/ossec-alerts-30.log")).expect("read"), "first");
    assert_eq!(days.state("ossec-alerts-30.log"), State::Intact);
    days.look();
    assert!(!days.path("Nov/ossec-alerts-30-001.log").exists(), "what is sealed is not sealed again");
}
