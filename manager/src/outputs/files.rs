//! The daily files that alerts and archives are appended to.
//!
//! `alerts/2026/Nov/ossec-alerts-21.log` is the day's file and
//! `alerts/alerts.log` a hard link to it, as OSSEC lays them out, so that what
//! follows the link sees every day. Lines are collected and written in one go
//! when a batch is done, at the latest when 64 KiB are waiting.

use super::clock::LocalTime;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const WAITING_MAX: usize = 64 << 10;

/// Hears of a file and its size before anything is written to it.
pub type Announce = Arc<dyn Fn(&Path, u64) -> io::Result<()> + Send + Sync>;

/// One kind of daily file.
pub struct DailyFile {
    folder: PathBuf,
    stem: &'static str,
    extension: &'static str,
    link: &'static str,
    day: (i32, u8, u8),
    file: Option<Open>,
    waiting: Vec<u8>,
    /// Files of other days, written since they were last asked for.
    earlier: Vec<Written>,
    announce: Option<Announce>,
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
            day: (0, 0, 0),
            file: None,
            waiting: Vec::new(),
            earlier: Vec::new(),
            announce: None,
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

    /// Adds what `write` appends to the file of a day.
    pub fn append(&mut self, time: &LocalTime, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let day = (time.year, time.month, time.day);
        if day != self.day || self.file.is_none() {
            self.flush()?;
            self.open(time)?;
            self.day = day;
        }
        write(&mut self.waiting);
        if self.waiting.len() >= WAITING_MAX { self.flush() } else { Ok(()) }
    }

    /// Writes what is waiting. After an error (a full disk) what is written is
    /// no longer waiting, so that it can be tried again.
    pub fn flush(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.file else { return Ok(()) };
        let mut done = 0;
        let result = loop {
            match self.waiting.get(done..).filter(|rest| !rest.is_empty()) {
                None => break Ok(()),
                Some(rest) => match (&*open.file).write(rest) {
                    Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                    Ok(written) => done += written,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => break Err(error),
                },
            }
        };
        open.size += done as u64;
        open.grown |= done > 0;
        self.waiting.drain(..done);
        result
    }

    /// The files that have grown since the last call; what is still waiting
    /// does not count.
    pub fn take_written(&mut self) -> impl Iterator<Item = Written> {
        let current = self.file.as_mut().and_then(Open::take_written);
        std::mem::take(&mut self.earlier).into_iter().chain(current)
    }

    fn open(&mut self, time: &LocalTime) -> io::Result<()> {
        let folder = self.folder.join(time.year.to_string()).join(time.month_name());
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}-{:02}.{}", self.stem, time.day, self.extension));
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let size = file.metadata()?.len();
        if let Some(announce) = &self.announce {
            announce(&path, size)?;
        }
        self.earlier.extend(self.file.take().and_then(|mut open| open.take_written()));
        self.renew_link(&path)?;
        self.file = Some(Open { path, file: Arc::new(file), size, grown: false });
        Ok(())
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

impl Drop for DailyFile {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure; batches have flushed before.
        let _ = self.flush();
    }
}
