//! A disk on which what became of a log is found again also where
//! [`bartizan_core::follow`] would not look: compressed, or in the folders by
//! year and month that OSSEC's layout has.
//!
//! | asked for | found |
//! |---|---|
//! | `firewall.log.1` | itself, else `firewall.log.1.gz`, unpacked |
//! | `firewall/firewall.log-20261120` | itself, else `firewall/2026/Nov/ossec-firewall-20.log`, else its `.gz` |
//!
//! Who compresses may give a file the time of today, and then it looks younger
//! than it is. So old files are known again by their beginning when they are
//! compressed, and then not shown.
//!
//! What is compressed is unpacked as it is read and nowhere kept. Work: going
//! back in it begins again at its start; no file gives more than
//! `UNPACKED_MAX` bytes.

use crate::outputs::clock::MONTHS;
use bartizan_core::follow::{Disk, FileId, Stat, Trouble};
use flate2::read::MultiGzDecoder;
use jiff::ToSpan;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes that a compressed file gives at most.
const UNPACKED_MAX: u64 = 16 << 30;

/// Unpacked bytes that are kept, so that going back a little costs nothing.
const WINDOW: usize = 256 << 10;

/// Bytes that are unpacked at once.
const CHUNK: usize = 64 << 10;

/// Days of which daily files are looked for.
const DAYS: i32 = 40;

/// Links that change every day, and the beginning of the files of a day.
const DAILY: [(&str, &str); 2] = [("firewall.log", "ossec-firewall-"), ("archives.log", "ossec-archive-")];

/// Bytes by which a file is known again.
const HEAD: usize = 1024;

/// What is known of a file's beginning: the first bytes of its SHA-256.
pub type Fingerprint = [u8; 8];

/// A disk over another one.
#[derive(Debug)]
pub struct Generations<'d, D> {
    inner: &'d D,
    today: Date,
    known: HashSet<Fingerprint>,
}

/// An open file of it.
pub enum Opened<'d, D: Disk> {
    /// As it is.
    Plain(D::File),
    /// Unpacked.
    Packed(Rc<D::File>, Box<RefCell<Unpacked<'d, D>>>),
}

impl<'d, D: Disk> Generations<'d, D> {
    /// The disk, `today` being the day at which it is looked at.
    pub fn new(inner: &'d D, today: Date) -> Self {
        Self { inner, today, known: HashSet::new() }
    }

    /// Does not show compressed files of which this is the beginning.
    pub fn hide(&mut self, known: impl Iterator<Item = Fingerprint>) {
        self.known = known.collect();
    }

    /// What a log was rotated to, each file with its beginning, at most so many.
    pub fn old(&self, path: &[u8], most: usize) -> Vec<(FileId, Fingerprint)> {
        let mut found = Vec::new();
        self.each(path, &mut |sibling| {
            let file = self.open(sibling).ok();
            let id = file.as_ref().and_then(|file| self.stat_open(file).ok()).map(|stat| stat.id);
            found.extend(id.zip(file.and_then(|file| self.fingerprint(&file))));
            found.len() < most
        });
        found
    }

    /// The beginning of a file that is not empty.
    fn fingerprint(&self, file: &Opened<'d, D>) -> Option<Fingerprint> {
        let mut head = [0; HEAD];
        let count = self.read_at(file, 0, &mut head).ok().filter(|count| *count > 0)?;
        Sha256::digest(head.get(..count)?).first_chunk().copied()
    }

    /// Whether a file is compressed and was there before, or has nothing in it.
    fn is_known(&self, path: &[u8]) -> bool {
        let file = self.open(path).ok().filter(|file| matches!(file, Opened::Packed(..)));
        file.is_some_and(|file| self.fingerprint(&file).is_none_or(|head| self.known.contains(&head)))
    }

    /// The file that is meant by a path, and whether it is to be unpacked.
    fn find(&self, path: &[u8]) -> Result<(Vec<u8>, bool), Trouble> {
        let mut trouble = Trouble::NotFound;
        for plain in [path.to_vec()].into_iter().chain(daily(path)) {
            // In the order in which a file goes from one to the next.
            for found in [plain.clone(), sealing(&plain), added(&plain, b".gz")] {
                match self.inner.stat(&found) {
                    Ok(_) => {
                        let is_packed = found.ends_with(b".gz");
                        return Ok((found, is_packed));
                    }
                    Err(Trouble::NotFound) => {}
                    Err(other) => trouble = other,
                }
            }
        }
        Err(trouble)
    }

    /// Names for the daily files behind a link.
    fn days(&self, path: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) {
        if !DAILY.iter().any(|(link, _)| is_named(path, link)) {
            return;
        }
        // One more than today: zones differ.
        for back in -1..DAYS {
            let Ok(day) = self.today.checked_sub(back.days()) else { return };
            let name = added(path, day.strftime("-%Y%m%d").to_string().as_bytes());
            if self.find(&name).is_ok() && !visit(&name) {
                return;
            }
        }
    }
}

impl<'d, D: Disk> Disk for Generations<'d, D> {
    type File = Opened<'d, D>;

    fn stat(&self, path: &[u8]) -> Result<Stat, Trouble> {
        let (found, is_packed) = self.find(path)?;
        match is_packed {
            true => self.stat_open(&self.open(path)?),
            false => self.inner.stat(&found),
        }
    }

    fn open(&self, path: &[u8]) -> Result<Self::File, Trouble> {
        let (found, is_packed) = self.find(path)?;
        let file = self.inner.open(&found)?;
        if !is_packed {
            return Ok(Opened::Plain(file));
        }
        let file = Rc::new(file);
        let unpacked = Unpacked::new(self.inner, Rc::clone(&file));
        Ok(Opened::Packed(file, Box::new(RefCell::new(unpacked))))
    }

    fn stat_open(&self, file: &Self::File) -> Result<Stat, Trouble> {
        match file {
            Opened::Plain(file) => self.inner.stat_open(file),
            Opened::Packed(file, _) => self.inner.stat_open(file).map(|stat| self.stat_packed(file, stat)),
        }
    }

    fn read_at(&self, file: &Self::File, at: u64, buffer: &mut [u8]) -> Result<usize, Trouble> {
        match file {
            Opened::Plain(file) => self.inner.read_at(file, at, buffer),
            Opened::Packed(_, unpacked) => {
                unpacked.borrow_mut().read_at(at, buffer).map_err(|_| Trouble::Other)
            }
        }
    }

    fn siblings(&self, path: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) {
        self.each(path, &mut |sibling| self.is_known(sibling) || visit(sibling));
    }
}

impl<D: Disk> Generations<'_, D> {
    /// When a compressed file was made says nothing of its content, and how
    /// much it gives is only known at its end. Its header may say when the
    /// content was written last (RFC 1952 §2.3.1); else most programs give the
    /// file that time.
    fn stat_packed(&self, file: &D::File, stat: Stat) -> Stat {
        let mut header = [0; 8];
        let _ = self.inner.read_at(file, 0, &mut header);
        let [.., a, b, c, d] = header;
        let modified = match u32::from_le_bytes([a, b, c, d]) {
            0 => stat.modified,
            second => u64::from(second) * 1_000_000_000,
        };
        Stat { id: FileId { born: 0, ..stat.id }, size: u64::MAX >> 1, modified }
    }

    /// Shows all that a log was rotated to.
    fn each(&self, path: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) {
        let mut goes_on = true;
        self.inner.siblings(path, &mut |sibling| {
            let shown = match sibling.strip_suffix(b".gz") {
                // It is shown by itself.
                Some(plain) if self.inner.stat(plain).is_ok() => return true,
                Some(plain) => plain,
                None => sibling,
            };
            goes_on = visit(shown);
            goes_on
        });
        if goes_on {
            self.days(path, visit);
        }
    }
}

fn added(path: &[u8], ending: &[u8]) -> Vec<u8> {
    [path, ending].concat()
}

/// What a file is called while it is compressed: `.NAME.sealing`.
fn sealing(path: &[u8]) -> Vec<u8> {
    let (folder, name) = path.split_at(path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1));
    [folder, b".", name, b".sealing"].concat()
}

fn is_named(path: &[u8], name: &str) -> bool {
    path.rsplit(|byte| *byte == b'/').next() == Some(name.as_bytes())
}

/// Where the file of a day lies: `…/firewall.log-20261120` is
/// `…/2026/Nov/ossec-firewall-20.log`.
fn daily(path: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(path).ok()?;
    let (log, date) = text.rsplit_once('-').filter(|(_, date)| date.len() == 8)?;
    let (_, beginning) = DAILY.iter().find(|(link, _)| is_named(log.as_bytes(), link))?;
    let folder = log.rsplit_once('/').map_or("", |(folder, _)| folder);
    let slash = if log.contains('/') { "/" } else { "" };
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    Some(format!("{folder}{slash}{year}/{month}/{beginning}{day}.log").into_bytes())
}

/// The bytes of a file, from its start on.
struct Bytes<'d, D: Disk> {
    disk: &'d D,
    file: Rc<D::File>,
    at: u64,
}

impl<D: Disk> Read for Bytes<'_, D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count =
            self.disk.read_at(&self.file, self.at, buffer).map_err(|_| io::Error::other("a read failed"))?;
        self.at += count as u64;
        Ok(count)
    }
}

/// What a compressed file gives.
pub struct Unpacked<'d, D: Disk> {
    disk: &'d D,
    file: Rc<D::File>,
    decoder: MultiGzDecoder<Bytes<'d, D>>,
    /// The last bytes that it gave, and the offset of the first of them.
    window: Vec<u8>,
    from: u64,
}

impl<'d, D: Disk> Unpacked<'d, D> {
    fn new(disk: &'d D, file: Rc<D::File>) -> Self {
        let bytes = Bytes { disk, file: Rc::clone(&file), at: 0 };
        Self { disk, file, decoder: MultiGzDecoder::new(bytes), window: Vec::new(), from: 0 }
    }

    fn end(&self) -> u64 {
        self.from + self.window.len() as u64
    }

    fn read_at(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if at < self.from {
            *self = Self::new(self.disk, Rc::clone(&self.file));
        }
        let wanted = at.saturating_add(buffer.len() as u64);
        while self.end() < wanted && self.unpack()? {}
        let start = usize::try_from(at - self.from).unwrap_or(usize::MAX);
        let rest = self.window.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(count)
    }

    /// Unpacks some more; false at the end. What is cut off ends there.
    fn unpack(&mut self) -> io::Result<bool> {
        if self.end() >= UNPACKED_MAX {
            return Err(io::Error::other("it gives too much"));
        }
        let spare = self.window.len().saturating_sub(WINDOW);
        self.window.drain(..spare);
        self.from += spare as u64;
        let before = self.window.len();
        self.window.resize(before + CHUNK, 0);
        let read = self.decoder.read(self.window.get_mut(before..).unwrap_or_default());
        let count = match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            read => read,
        };
        self.window.truncate(before + *count.as_ref().unwrap_or(&0));
        count.map(|count| count > 0)
    }
}

impl<D: Disk> std::fmt::Debug for Unpacked<'_, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacked").field("from", &self.from).finish_non_exhaustive()
    }
}

impl<D: Disk> std::fmt::Debug for Opened<'_, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Plain(_)) { "Plain" } else { "Packed" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::disk::LocalDisk;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;
    use std::os::unix::ffi::OsStrExt;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn a_compressed_file_is_read_like_one_that_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let lines: Vec<u8> = (0..200_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        std::fs::write(folder.path().join("a.log.1.gz"), packed(&lines)).expect("a file");
        let (local, name) = (LocalDisk::default(), folder.path().join("a.log.1"));
        let disk = Generations::new(&local, "2026-11-21".parse().expect("a day"));
        let file = disk.open(name.as_os_str().as_bytes()).expect("it is there");
        let mut buffer = [0; 5000];
        let len = lines.len() as u64;
        for at in [0, 10, 1_000_000, 999_900, 5, len - 100, len - 1, len, len + 7, 0] {
            let count = disk.read_at(&file, at, &mut buffer).expect("it is read");
            let expected = lines.get(at as usize..).unwrap_or_default();
            let expected = expected.get(..5000).unwrap_or(expected);
            assert_eq!(&buffer[..count], expected, "{at}");
        }
        std::fs::write(folder.path().join("b.gz"), &packed(&lines)[..1000]).expect("a file");
        let cut = disk.open(folder.path().join("b").as_os_str().as_bytes()).expect("it is there");
        assert!(disk.read_at(&cut, 0, &mut buffer).is_ok_and(|count| count > 0));
        std::fs::write(folder.path().join("c.gz"), b"what is not compressed at all").expect("a file");
        let wrong = disk.open(folder.path().join("c").as_os_str().as_bytes()).expect("it is there");
        assert_eq!(disk.read_at(&wrong, 0, &mut buffer), Err(Trouble::Other));
    }

    #[test]
    fn what_became_of_a_log_is_shown_once() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("2026/Nov")).expect("a folder");
        for name in [
            "firewall.log",
            "firewall.log.1",
            "firewall.log.1.gz",
            "firewall.log.2.gz",
            "2026/Nov/ossec-firewall-20.log.gz",
            "2026/Nov/ossec-firewall-19.log",
            "2026/Nov/ossec-alerts-18.log",
        ] {
            std::fs::write(folder.path().join(name), packed(b"x")).expect("a file");
        }
        let (local, name) = (LocalDisk::default(), folder.path().join("firewall.log"));
        let disk = Generations::new(&local, "2026-11-21".parse().expect("a day"));
        let mut shown = Vec::new();
        disk.siblings(name.as_os_str().as_bytes(), &mut |sibling| {
            let name = String::from_utf8_lossy(sibling).into_owned();
            assert!(disk.stat(sibling).is_ok(), "{name}");
            shown.push(name.rsplit('/').next().unwrap_or_default().to_owned());
            true
        });
        shown.sort();
        assert_eq!(
            shown,
            ["firewall.log-20261119", "firewall.log-20261120", "firewall.log.1", "firewall.log.2"]
        );
    }
}
