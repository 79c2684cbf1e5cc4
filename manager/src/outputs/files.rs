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

const WAITING_MAX: usize = 64 << 10;

/// One kind of daily file.
#[derive(Debug)]
pub struct DailyFile {
    folder: PathBuf,
    stem: &'static str,
    extension: &'static str,
    link: &'static str,
    day: (i32, u8, u8),
    file: Option<File>,
    waiting: Vec<u8>,
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

    /// Writes what is waiting.
    pub fn flush(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(&self.waiting)?;
            self.waiting.clear();
        }
        Ok(())
    }

    fn open(&mut self, time: &LocalTime) -> io::Result<()> {
        let folder = self.folder.join(time.year.to_string()).join(time.month_name());
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}-{:02}.{}", self.stem, time.day, self.extension));
        self.file = Some(OpenOptions::new().create(true).append(true).open(&path)?);
        self.renew_link(&path)
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

impl Drop for DailyFile {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure; batches have flushed before.
        let _ = self.flush();
    }
}
