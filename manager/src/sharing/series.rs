//! What became of a log: the files of its series, from the oldest to the log
//! itself.
//!
//! Beside the names that stand in the folder there are those that
//! [`bartizan_core::follow`] would not look for: compressed ones, and the
//! folders by year and month that OSSEC's layout has.
//!
//! | meant by | is |
//! |---|---|
//! | `firewall.log.1` | itself, else `firewall.log.1.gz`, unpacked |
//! | `firewall.log-20261120` | itself, else `2026/Nov/ossec-firewall-20.log`, else its `.gz` |
//!
//! So what is being compressed is one file all the time.

use super::unpacked::Unpacked;
use crate::outputs::clock::MONTHS;
use bartizan_core::follow::{Disk, FileId, Trouble, is_generation};
use jiff::ToSpan;
use jiff::civil::Date;
use std::cell::RefCell;
use std::rc::Rc;

/// Files that are looked at, the youngest.
const FILES_MAX: usize = 128;

/// Days of which daily files are looked for.
const DAYS: i32 = 40;

/// Links that change every day, and the beginning of the files of a day.
const DAILY: [(&str, &str); 2] = [("firewall.log", "ossec-firewall-"), ("archives.log", "ossec-archive-")];

/// Bytes at the beginning of a file that are known.
pub(super) const HEAD: usize = 1024;

/// How late in the series a file is, as its name says.
type Rank = i64;

/// The log itself.
const LOG: Rank = Rank::MAX;

/// What has no name that rotation gives.
const OTHER: Rank = Rank::MIN;

/// A file of a series, open.
pub(super) struct Member<'d, D: Disk> {
    disk: &'d D,
    content: Content<'d, D>,
    rank: Rank,
    /// Which file it is.
    pub(super) id: FileId,
    /// Its bytes on the disk and its last change when it was opened.
    pub(super) stamp: (u64, u64),
    /// Its first bytes then, at most [`HEAD`].
    pub(super) head: Vec<u8>,
}

enum Content<'d, D: Disk> {
    Plain(D::File),
    Packed(Box<RefCell<Unpacked<'d, D>>>),
}

/// The files of the series of a log that can be read, the oldest first, each
/// once; and what stands in the way of the log itself. Work: the folder is
/// listed, and the first bytes of at most [`FILES_MAX`] files are read.
pub(super) fn open<'d, D: Disk>(
    disk: &'d D,
    path: &[u8],
    today: Date,
) -> (Vec<Member<'d, D>>, Option<Trouble>) {
    let mut members: Vec<Member<'d, D>> = Vec::new();
    let mut trouble = None;
    for (rank, name) in names(disk, path, today).into_iter().rev().take(FILES_MAX) {
        match Member::open(disk, &name, rank) {
            Ok(member) if members.iter().all(|other| other.id != member.id) => members.push(member),
            Err(why) if rank == LOG && why != Trouble::NotFound => trouble = Some(why),
            _ => {}
        }
    }
    members.reverse();
    (members, trouble)
}

/// The names of a series, in order.
fn names<D: Disk>(disk: &D, path: &[u8], today: Date) -> Vec<(Rank, Vec<u8>)> {
    let mut names = vec![(LOG, path.to_vec())];
    disk.siblings(path, &mut |sibling| {
        let name = match sibling.strip_suffix(b".gz") {
            // It is shown by itself.
            Some(plain) if disk.stat(plain).is_ok() => return true,
            Some(plain) => plain,
            None => sibling,
        };
        names.push((rank(name, path), name.to_vec()));
        true
    });
    if DAILY.iter().any(|(link, _)| is_named(path, link)) {
        // One more than today: zones differ.
        let days = (-1..DAYS).filter_map(|back| today.checked_sub(back.days()).ok());
        let name = |day: Date| [path, day.strftime("-%Y%m%d").to_string().as_bytes()].concat();
        names.extend(days.map(name).map(|name| (rank(&name, path), name)));
    }
    names.sort();
    names.dedup();
    names
}

/// A higher number is older, a later date is not.
fn rank(name: &[u8], log: &[u8]) -> Rank {
    const DIGITS_OF_NUMBERS: usize = 5;
    const DIGITS_MAX: usize = 18;
    if name == log {
        return LOG;
    }
    if !is_generation(name, log) {
        return OTHER;
    }
    let ending = name.get(log.len()..).unwrap_or_default();
    let digits = || ending.iter().filter(|byte| byte.is_ascii_digit()).take(DIGITS_MAX);
    let number = digits().fold(0, |number, digit| number * 10 + Rank::from(digit - b'0'));
    if digits().count() > DIGITS_OF_NUMBERS { number } else { -number }
}

impl<'d, D: Disk> Member<'d, D> {
    fn open(disk: &'d D, name: &[u8], rank: Rank) -> Result<Self, Trouble> {
        let (found, is_packed) = find(disk, name)?;
        let file = disk.open(&found)?;
        let stat = disk.stat_open(&file)?;
        let content = match is_packed {
            true => Content::Packed(Box::new(RefCell::new(Unpacked::new(disk, Rc::new(file))))),
            false => Content::Plain(file),
        };
        let stamp = (stat.size, stat.modified);
        let mut member = Self { disk, content, rank, id: stat.id, stamp, head: Vec::new() };
        let mut head = vec![0; HEAD];
        let count = member.read_at(0, &mut head)?;
        head.truncate(count);
        member.head = head;
        Ok(member)
    }

    /// Reads at an offset, as much as there is and fits; 0 at the end.
    pub(super) fn read_at(&self, at: u64, buffer: &mut [u8]) -> Result<usize, Trouble> {
        match &self.content {
            Content::Plain(file) => self.disk.read_at(file, at, buffer),
            Content::Packed(unpacked) => {
                unpacked.borrow_mut().read_at(at, buffer).map_err(|_| Trouble::Other)
            }
        }
    }

    /// How many bytes it has; what is compressed is read for that.
    pub(super) fn len(&self) -> Result<u64, Trouble> {
        match &self.content {
            Content::Plain(_) => Ok(self.stamp.0),
            Content::Packed(unpacked) => unpacked.borrow_mut().len().map_err(|_| Trouble::Other),
        }
    }

    /// Whether it is the log itself.
    pub(super) fn is_log(&self) -> bool {
        self.rank == LOG
    }

    /// Whether its name is one that rotation gives, or the log's.
    pub(super) fn is_of_rotation(&self) -> bool {
        self.rank != OTHER
    }

    pub(super) fn is_packed(&self) -> bool {
        matches!(self.content, Content::Packed(_))
    }
}

/// The file that is meant by a name, and whether it is to be unpacked.
fn find<D: Disk>(disk: &D, name: &[u8]) -> Result<(Vec<u8>, bool), Trouble> {
    let mut trouble = Trouble::NotFound;
    for plain in [name.to_vec()].into_iter().chain(daily(name)) {
        // In the order in which a file goes from one to the next.
        for found in [plain.clone(), sealing(&plain), [&plain[..], b".gz"].concat()] {
            match disk.stat(&found) {
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
        let local = LocalDisk::default();
        let open = |name: &str| Member::open(&local, folder.path().join(name).as_os_str().as_bytes(), OTHER);
        let file = open("a.log.1").expect("it is there");
        let mut buffer = [0; 5000];
        let len = lines.len() as u64;
        for at in [0, 10, 1_000_000, 999_900, 5, len - 100, len - 1, len, len + 7, 0] {
            let count = file.read_at(at, &mut buffer).expect("it is read");
            let expected = lines.get(at as usize..).unwrap_or_default();
            let expected = expected.get(..5000).unwrap_or(expected);
            assert_eq!(&buffer[..count], expected, "{at}");
        }
        assert_eq!(file.len(), Ok(len));
        std::fs::write(folder.path().join("b.gz"), &packed(&lines)[..1000]).expect("a file");
        assert_eq!(open("b").expect("it is there").head.len(), HEAD);
        std::fs::write(folder.path().join("c.gz"), b"what is not compressed at all").expect("a file");
        assert_eq!(open("c").err(), Some(Trouble::Other));
    }

    #[test]
    fn what_became_of_a_log_is_shown_once_and_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("2026/Nov")).expect("a folder");
        for name in [
            "firewall.log",
            "firewall.log.1",
            "firewall.log.1.gz",
            "firewall.log.2.gz",
            "firewall.log.10",
            "firewall.log.bak",
            "2026/Nov/ossec-firewall-20.log.gz",
            "2026/Nov/ossec-firewall-19.log",
            "2026/Nov/ossec-alerts-18.log",
        ] {
            std::fs::write(folder.path().join(name), packed(b"x")).expect("a file");
        }
        std::fs::hard_link(
            folder.path().join("firewall.log"),
            folder.path().join("2026/Nov/ossec-firewall-21.log"),
        )
        .expect("a link");
        let (local, path) = (LocalDisk::default(), folder.path().join("firewall.log"));
        let path = path.as_os_str().as_bytes();
        let (members, trouble) = open(&local, path, "2026-11-21".parse().expect("a day"));
        let shown: Vec<_> = members.iter().map(|member| (member.rank, member.is_packed())).collect();
        let expected = [
            (OTHER, false),
            (-10, false),
            (-2, true),
            (-1, false),
            (20_261_119, false),
            (20_261_120, true),
            (LOG, false),
        ];
        assert_eq!((shown, trouble), (expected.to_vec(), None));
    }

    #[test]
    fn names_stand_in_the_order_of_rotation() {
        let log = b"/log/app.log";
        let names = [".bak", ".12", ".2", ".1", "-20261119", "-20261120", ".2026-12-01", ""];
        let ranks: Vec<_> =
            names.iter().map(|ending| rank(&[log, ending.as_bytes()].concat(), log)).collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
    }
}
