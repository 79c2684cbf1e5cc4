//! The daily files that alerts and archives are appended to.
//!
//! `alerts/2026/Nov/ossec-alerts-21.log` is the day's file and
//! `alerts/alerts.log` a hard link to it, as OSSEC lays them out, so that what
//! follows the link sees every day.
//!
//! Entries are collected and written in one go when a batch is done. Only then
//! is anything created, opened or written, so one loop around
//! [`DailyFile::flush`] is enough to wait for a full disk.

use super::clock::LocalTime;
use super::seal;
use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of memory that are kept for what will wait next.
const KEPT: usize = 64 << 10;

/// Hears of a file and its size before anything is written to it.
pub type Announce = Arc<dyn Fn(&Path, u64) -> io::Result<()> + Send + Sync>;

/// Files of one day at most: the clock was set back to it so often.
const PARTS_MAX: u16 = 999;

/// Which daily files are open, for whoever seals those that are not.
#[derive(Clone, Debug, Default)]
pub struct InUse(Arc<Mutex<BTreeSet<PathBuf>>>);

impl InUse {
    /// Whether a file is open.
    pub fn holds(&self, path: &Path) -> bool {
        self.lock().contains(path)
    }

    /// Does something with a file that nobody opens meanwhile, unless it is open.
    pub fn unless_held(&self, path: &Path, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let held = self.lock();
        if held.contains(path) { Ok(()) } else { act() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One kind of daily file.
pub struct DailyFile {
    folder: PathBuf,
    stem: &'static str,
    extension: &'static str,
    link: &'static str,
    file: Option<Open>,
    /// Not yet written.
    waiting: Vec<u8>,
    /// Where in `waiting` another day begins, in order.
    turns: VecDeque<Turn>,
    /// The day of the last entry.
    day: (i32, u8, u8),
    /// Files of other days, written since they were last asked for.
    earlier: Vec<Written>,
    announce: Option<Announce>,
    in_use: InUse,
}

/// The beginning of a day.
#[derive(Clone, Copy, Debug)]
struct Turn {
    at: usize,
    day: LocalTime,
}

/// The file of a day.
#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: Arc<File>,
    /// Bytes, by what was found and what was written since.
    size: u64,
    /// Whether it has grown since it was last asked for.
    grown: bool,
}

/// A file that has grown: what a commitment to disk needs.
#[derive(Clone, Debug)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// The open file.
    pub file: Arc<File>,
    /// Its size in bytes.
    pub size: u64,
}

impl DailyFile {
    /// Files `FOLDER/YEAR/Mon/STEM-DD.EXTENSION` with a link `FOLDER/LINK`.
    /// Nothing is created before something is written.
    pub fn new(folder: &Path, stem: &'static str, extension: &'static str, link: &'static str) -> Self {
        Self {
            folder: folder.to_owned(),
            stem,
            extension,
            link,
            file: None,
            waiting: Vec::new(),
            turns: VecDeque::new(),
            day: (0, 0, 0),
            earlier: Vec::new(),
            announce: None,
            in_use: InUse::default(),
        }
    }

    /// `alerts.log` in a folder of logs.
    pub fn alerts(logs: &Path) -> Self {
        Self::new(&logs.join("alerts"), "ossec-alerts", "log", "alerts.log")
    }

    /// `alerts.json`.
    pub fn alerts_json(logs: &Path) -> Self {
        Self::new(&logs.join("alerts"), "ossec-alerts", "json", "alerts.json")
    }

    /// `archives.log`.
    pub fn archives(logs: &Path) -> Self {
        Self::new(&logs.join("archives"), "ossec-archive", "log", "archives.log")
    }

    /// `archives.json`.
    pub fn archives_json(logs: &Path) -> Self {
        Self::new(&logs.join("archives"), "ossec-archive", "json", "archives.json")
    }

    /// `firewall.log`.
    pub fn firewall(logs: &Path) -> Self {
        Self::new(&logs.join("firewall"), "ossec-firewall", "log", "firewall.log")
    }

    /// Has every file announced before it is written to.
    pub fn announce(&mut self, announce: &Announce) {
        self.announce = Some(Arc::clone(announce));
    }

    /// Says which file is open.
    pub fn share(&mut self, in_use: &InUse) {
        self.in_use = in_use.clone();
    }

    /// Closes the file of a day that is over, if nothing waits for it.
    pub fn close_before(&mut self, today: &LocalTime) {
        let is_over = self.day < (today.year, today.month, today.day);
        if is_over && self.waiting.is_empty() && self.turns.is_empty() {
            self.close();
            self.day = (0, 0, 0);
        }
    }

    fn close(&mut self) {
        if let Some(mut open) = self.file.take() {
            self.in_use.lock().remove(&open.path);
            self.earlier.extend(open.take_written());
        }
    }

    /// Adds what `write` appends to what waits for the file of a day. Whoever
    /// appends flushes after each batch of events
    /// ([`BATCH_MAX`](crate::engine::pipeline::BATCH_MAX)), which bounds what
    /// waits: 64 entries, each of a MiB at worst (the 6 KiB of a log, escaped,
    /// in every one of its fields, with eleven logs before it).
    pub fn append(&mut self, time: &LocalTime, write: impl FnOnce(&mut Vec<u8>)) {
        let day = (time.year, time.month, time.day);
        if day != self.day {
            self.turns.push_back(Turn { at: self.waiting.len(), day: *time });
            self.day = day;
        }
        write(&mut self.waiting);
    }

    /// Writes what is waiting, each day to its file. After an error (a full
    /// disk) what is written is no longer waiting, so that it can be tried
    /// again.
    pub fn flush(&mut self) -> io::Result<()> {
        while let Some(turn) = self.turns.front().copied() {
            self.write(turn.at)?;
            self.open(&turn.day)?;
            self.turns.pop_front();
        }
        self.write(self.waiting.len())?;
        self.waiting.shrink_to(KEPT);
        Ok(())
    }

    /// Writes the first bytes that are waiting to the open file.
    fn write(&mut self, length: usize) -> io::Result<()> {
        // Nothing waits in front of the first turn, which opens a file.
        let Some(open) = &mut self.file else { return Ok(()) };
        let before = self.waiting.len();
        let result = write_out(&mut &*open.file, &mut self.waiting, length);
        let written = before - self.waiting.len();
        open.size += written as u64;
        open.grown |= written > 0;
        self.turns.iter_mut().for_each(|turn| turn.at -= written);
        result
    }

    /// The files that have grown since the last call; what is still waiting
    /// does not count.
    pub fn take_written(&mut self) -> impl Iterator<Item = Written> {
        let current = self.file.as_mut().and_then(Open::take_written);
        std::mem::take(&mut self.earlier).into_iter().chain(current)
    }

    fn open(&mut self, day: &LocalTime) -> io::Result<()> {
        let folder = self.folder.join(day.year.to_string()).join(day.month_name());
        fs::create_dir_all(&folder)?;
        self.close();
        let (path, file) = {
            let mut held = self.in_use.lock();
            let path = self.path_of(&folder, day);
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            held.insert(path.clone());
            (path, file)
        };
        let size = file.metadata()?.len();
        if let Some(announce) = &self.announce {
            announce(&path, size)?;
        }
        self.renew_link(&path)?;
        self.file = Some(Open { path, file: Arc::new(file), size, grown: false });
        Ok(())
    }

    /// The file of a day; where that is sealed (a clock was set back), a
    /// further one beside it: `ossec-alerts-20-001.log`.
    fn path_of(&self, folder: &Path, day: &LocalTime) -> PathBuf {
        let stem = format!("{}-{:02}", self.stem, day.day);
        let part = |part: u16| folder.join(format!("{stem}-{part:03}.{}", self.extension));
        let first = folder.join(format!("{stem}.{}", self.extension));
        let mut paths = std::iter::once(first).chain((1..=PARTS_MAX).map(part));
        paths.find(|path| !seal::day::is_sealed(path)).unwrap_or_else(|| part(PARTS_MAX))
    }

    /// The link is replaced in one step, so that it always names a file. On a
    /// file system without hard links there is none.
    fn renew_link(&self, path: &Path) -> io::Result<()> {
        let new = self.folder.join(format!(".{}.new", self.link));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        match fs::hard_link(path, &new) {
            Ok(()) => fs::rename(new, self.folder.join(self.link)),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Open {
    fn take_written(&mut self) -> Option<Written> {
        let written = Written { path: self.path.clone(), file: Arc::clone(&self.file), size: self.size };
        std::mem::take(&mut self.grown).then_some(written)
    }
}

/// Writes the first `length` bytes of `waiting`. What is written no longer
/// waits, also if there was an error behind it.
pub(super) fn write_out(to: &mut impl Write, waiting: &mut Vec<u8>, length: usize) -> io::Result<()> {
    let mut done = 0;
    let result = loop {
        match waiting.get(done..length).filter(|rest| !rest.is_empty()) {
            None => break Ok(()),
            Some(rest) => match to.write(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => done += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            },
        }
    };
    waiting.drain(..done);
    result
}

impl Drop for DailyFile {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure; batches have flushed before.
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u8) -> LocalTime {
        LocalTime { year: 2026, month: 11, day, second: 0, weekday: 6 }
    }

    fn append(file: &mut DailyFile, at: u8, text: &str) {
        file.append(&day(at), |out| out.extend_from_slice(text.as_bytes()));
    }

    fn read(folder: &Path, name: &str) -> String {
        fs::read_to_string(folder.join(name)).unwrap_or_default()
    }

    #[test]
    fn every_day_has_its_file_and_the_link_names_the_last() {
        let logs = tempfile::tempdir().expect("a folder");
        let mut file = DailyFile::alerts(logs.path());
        for (at, text) in [(21, "a\n"), (22, "b\n"), (22, "c\n"), (21, "d\n"), (23, "e\n")] {
            append(&mut file, at, text);
        }
        file.flush().expect("written");
        let month = logs.path().join("alerts/2026/Nov");
        assert_eq!(read(&month, "ossec-alerts-21.log"), "a\nd\n");
        assert_eq!(read(&month, "ossec-alerts-22.log"), "b\nc\n");
        assert_eq!(read(logs.path(), "alerts/alerts.log"), "e\n");
        let written: Vec<_> = file.take_written().map(|written| written.size).collect();
        assert_eq!(written.iter().sum::<u64>(), 12, "{written:?}");
    }

    #[test]
    fn what_cannot_be_written_waits_and_is_written_once() {
        let logs = tempfile::tempdir().expect("a folder");
        let mut file = DailyFile::alerts(logs.path());
        append(&mut file, 21, "a\n");
        // Where the next month's folder should be stands a file.
        let month = logs.path().join("alerts/2026/Dec");
        fs::create_dir_all(logs.path().join("alerts/2026")).expect("a folder");
        fs::write(&month, "").expect("written");
        file.append(&LocalTime { month: 12, ..day(1) }, |out| out.extend_from_slice(b"b\n"));
        append(&mut file, 22, "c\n");
        assert!(file.flush().is_err() && file.flush().is_err());
        fs::remove_file(&month).expect("removed");
        file.flush().and_then(|()| file.flush()).expect("written");
        assert_eq!(read(logs.path(), "alerts/2026/Nov/ossec-alerts-21.log"), "a\n");
        assert_eq!(read(&month, "ossec-alerts-01.log"), "b\n");
        assert_eq!(read(logs.path(), "alerts/alerts.log"), "c\n");
    }

    #[test]
    fn what_a_full_disk_took_no_longer_waits() {
        /// Takes so many bytes.
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let taken = bytes.len().min(self.0).min(2);
                self.0 -= taken;
                if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut waiting = b"0123456789".to_vec();
        assert!(write_out(&mut Full(5), &mut waiting, 8).is_err());
        assert_eq!(waiting, b"56789");
        assert!(write_out(&mut Full(5), &mut waiting, 3).is_ok());
        assert_eq!(waiting, b"89");
    }
}
