//! Days that are over: their files get a checksum and are compressed.
//!
//! `ossec-alerts-20.log` becomes `ossec-alerts-20.log.gz` beside
//! `ossec-alerts-20.log.sum`, as OSSEC leaves them. Each sum also holds that of
//! the day before, so that nobody changes an old day unseen as long as one
//! later sum is known elsewhere. [`verify`] looks whether it all still fits.
//!
//! A kill at any moment does no harm: what was begun lies under a name of its
//! own (`.ossec-alerts-20.log.sealing`) and is begun anew.

pub(super) mod day;
mod sums;
pub mod verify;

use super::clock::{LocalClock, LocalTime};
use super::files::InUse;
use crate::agents::registry::Registry;
use crate::news;
use crate::sources::epoch_now;
use day::DayFile;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};
use sums::{Sum, Summing};

/// Seconds between two looks, for what could not be done at midnight.
const LOOK_S: i64 = 600;

/// A file that nobody has written to for so long is complete, whatever is
/// known of it.
const SETTLED: Duration = Duration::from_secs(3600);

/// What is done with days that are over (`monitord` in `internal_options.conf`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealOptions {
    /// Seconds after midnight (`day_wait`).
    pub wait_s: u32,
    /// Whether files are compressed (`compress`).
    pub compress: bool,
    /// Whether they get a sum (`sign`).
    pub sign: bool,
}

impl Default for SealOptions {
    fn default() -> Self {
        Self { wait_s: 10, compress: true, sign: true }
    }
}

/// The thread that seals.
#[derive(Debug)]
pub struct Sealer {
    thread: JoinHandle<()>,
}

impl Sealer {
    /// Starts it for the logs of a home folder. It ends soon after `stop`.
    pub fn start(
        home: &Path,
        registry: Registry,
        in_use: InUse,
        options: SealOptions,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let mut work = Work { home: home.to_owned(), in_use, options, stop };
        let thread = thread::spawn(move || work.run(registry));
        Self { thread }
    }

    /// Waits for its end.
    pub fn finish(self) {
        if self.thread.join().is_err() {
            news::tell("the thread that compresses old files broke down; they stay as they are");
        }
    }
}

struct Work {
    home: PathBuf,
    in_use: InUse,
    options: SealOptions,
    stop: Arc<AtomicBool>,
}

impl Work {
    fn run(&mut self, mut registry: Registry) {
        let mut clock = LocalClock::default();
        let mut due = (0, (0, 0, 0));
        while !self.stop.load(Relaxed) {
            let now = epoch_now();
            let today = clock.local(now);
            let turned = day_of(&today) != due.1 && today.second >= self.options.wait_s;
            if turned || now >= due.0 || now < due.0 - LOOK_S {
                due = (now + LOOK_S, day_of(&today));
                self.look(&mut registry, &today);
            }
            thread::sleep(Duration::from_millis(250));
        }
    }

    fn look(&self, registry: &mut Registry, today: &LocalTime) {
        let committed: BTreeMap<_, _> = match registry.outputs() {
            Ok(outputs) => outputs.into_iter().collect(),
            Err(error) => return news::tell(format_args!("old files are not compressed: {error}")),
        };
        for file in day::all(&self.home.join("logs")) {
            if self.stop.load(Relaxed) {
                return;
            }
            let wait = if file.is_begun() { Ok(false) } else { self.is_to_wait(&file, today, &committed) };
            match wait.and_then(|wait| if wait { Ok(false) } else { self.seal(&file) }) {
                Ok(true) => {
                    let _ = file.path().to_str().map(|path| registry.forget_output(path));
                }
                Ok(false) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => news::tell(format_args!("{}: cannot seal it: {error}", file.path().display())),
            }
        }
    }

    /// Whether a file may still grow, or be shortened after a kill.
    fn is_to_wait(
        &self,
        file: &DayFile,
        today: &LocalTime,
        committed: &BTreeMap<String, u64>,
    ) -> io::Result<bool> {
        if file.is_sealed() || file.date() >= day_of(today) || self.in_use.holds(file.path()) {
            return Ok(true);
        }
        let found = fs::metadata(file.path())?;
        let known = file.path().to_str().and_then(|path| committed.get(path));
        let age = SystemTime::now().duration_since(found.modified()?).unwrap_or_default();
        Ok(known.is_some_and(|size| *size != found.len()) && age < SETTLED)
    }

    /// Sums and compresses a file; false if it came into use again.
    fn seal(&self, file: &DayFile) -> io::Result<bool> {
        if !self.options.compress && !self.options.sign {
            return Ok(false);
        }
        let begun = match file.is_begun() {
            true => file.path().to_owned(),
            false => match self.begin(file)? {
                Some(begun) => begun,
                None => return Ok(false),
            },
        };
        if fs::metadata(&begun)?.len() == 0 {
            return fs::remove_file(&begun).map(|()| true);
        }
        let target = file.target();
        if !self.pack(&begun, &target)? {
            return Ok(false);
        }
        fs::remove_file(&begun).map(|()| true)
    }

    /// Takes a file out of the way of whoever may still write.
    fn begin(&self, file: &DayFile) -> io::Result<Option<PathBuf>> {
        let begun = file.begun_path();
        self.in_use.unless_held(file.path(), || fs::rename(file.path(), &begun))?;
        Ok(begun.exists().then_some(begun))
    }

    /// Writes the sum and the compressed file; false if it is to stop.
    fn pack(&self, begun: &Path, target: &Path) -> io::Result<bool> {
        let mut from = File::open(begun)?;
        let permissions = from.metadata()?.permissions();
        let packed = if self.options.compress { added(target, "gz") } else { target.to_owned() };
        let new = added(&packed, "new");
        let mut to: Box<dyn Write> = match self.options.compress {
            true => Box::new(GzEncoder::new(File::create(&new)?, Compression::default())),
            false => Box::new(File::create(&new)?),
        };
        let mut summing = Summing::default();
        let mut buffer = vec![0; 64 << 10];
        loop {
            if self.stop.load(Relaxed) {
                drop(to);
                fs::remove_file(&new)?;
                return Ok(false);
            }
            let read = from.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            to.write_all(&buffer[..read])?;
            summing.add(&buffer[..read]);
        }
        to.flush()?;
        // The encoder writes its end when it goes.
        drop(to);
        fs::set_permissions(&new, permissions.clone())?;
        let written = File::open(&new)?;
        // As gzip does: who follows a log tells old from new by it.
        written.set_modified(from.metadata()?.modified()?)?;
        written.sync_all()?;
        if self.options.sign {
            self.write_sum(target, &summing.finish(), permissions)?;
        }
        fs::rename(&new, &packed)?;
        sync_folder(&packed)?;
        Ok(true)
    }

    fn write_sum(&self, target: &Path, sum: &Sum, permissions: fs::Permissions) -> io::Result<()> {
        let shown = |path: &Path| sums::shown(&self.home, path);
        let before = day::sum_before(target).map(|path| (shown(&path), Sum::of_file(&path).ok()));
        let path = added(target, "sum");
        let new = added(&path, "new");
        let mut file = File::create(&new)?;
        file.set_permissions(permissions)?;
        file.write_all(sums::text(&shown(target), sum, before).as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)
    }
}

/// Year, month, day.
fn day_of(time: &LocalTime) -> (i32, u8, u8) {
    (time.year, time.month, time.day)
}

/// The name with an ending behind it.
fn added(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests;
