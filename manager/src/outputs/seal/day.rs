//! Which files there are, by their names.

use crate::outputs::clock::MONTHS;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of daily files, and how their names begin.
const KINDS: [(&str, &str); 3] =
    [("alerts", "ossec-alerts-"), ("archives", "ossec-archive-"), ("firewall", "ossec-firewall-")];

/// The file of a day: as it was written, or begun to be sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DayFile {
    path: PathBuf,
    date: (i32, u8, u8),
    is_begun: bool,
}

impl DayFile {
    /// A file by its path: `…/2026/Nov/ossec-alerts-20.log`.
    fn new(path: PathBuf, year: i32, month: u8, begins: &str) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let begun = name.strip_prefix('.').and_then(|name| name.strip_suffix(".sealing"));
        let (day, ending) = begun.unwrap_or(name).strip_prefix(begins)?.split_at_checked(2)?;
        let part = ending.strip_prefix('-').and_then(|part| part.split_at_checked(3));
        let extension = part.map_or(ending, |(_, extension)| extension);
        let date = (year, month, day.parse().ok()?);
        matches!(extension, ".log" | ".json").then_some(Self { date, is_begun: begun.is_some(), path })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Year, month, day.
    pub(super) fn date(&self) -> (i32, u8, u8) {
        self.date
    }

    /// Whether sealing was begun and not ended.
    pub(super) fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Where it is to lie while it is sealed: the name says what it becomes.
    pub(super) fn begun_path(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!(".{name}.sealing"))
    }

    /// What it becomes, but for the ending of compressed files.
    pub(super) fn target(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let begun = name.strip_prefix('.').and_then(|name| name.strip_suffix(".sealing"));
        self.path.with_file_name(begun.unwrap_or(&name))
    }

    /// Whether it was sealed before.
    pub(super) fn is_sealed(&self) -> bool {
        !self.is_begun && is_sealed(&self.path)
    }
}

/// Whether a daily file is sealed and nothing more may be written to it.
pub(in crate::outputs) fn is_sealed(path: &Path) -> bool {
    ["sum", "gz"].iter().any(|ending| super::added(path, ending).exists())
}

/// All files of days in a folder of logs that are not sealed.
pub(super) fn all(logs: &Path) -> Vec<DayFile> {
    let mut files = Vec::new();
    each_month(logs, |folder, year, month, begins| {
        files.extend(entries(folder).into_iter().filter_map(|path| DayFile::new(path, year, month, begins)));
    });
    // The sum of a day needs that of the day before.
    files.sort_by(|one: &DayFile, other| (one.date, &one.path).cmp(&(other.date, &other.path)));
    files
}

/// Every folder of a month, with how the names of days begin in it.
pub(super) fn each_month(logs: &Path, mut visit: impl FnMut(&Path, i32, u8, &str)) {
    for (kind, begins) in KINDS {
        for year_folder in entries(&logs.join(kind)) {
            let Some(year) = year_folder.file_name().and_then(|name| name.to_str()?.parse().ok()) else {
                continue;
            };
            for (month, name) in (1..).zip(MONTHS) {
                visit(&year_folder.join(name), year, month, begins);
            }
        }
    }
}

/// What a folder holds; nothing if it is none.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = found.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The sum of the day before, of the same kind: for `…/2026/Dec/ossec-alerts-01.log`
/// `…/2026/Nov/ossec-alerts-30.log.sum`. Later parts of a day follow its first.
pub(super) fn sum_before(target: &Path) -> Option<PathBuf> {
    let name = target.file_name()?.to_str()?;
    let (begins, rest) = KINDS.iter().find_map(|(_, begins)| Some((begins, name.strip_prefix(begins)?)))?;
    let (day, rest) = rest.split_at_checked(2)?;
    if let Some((_, extension)) = rest.strip_prefix('-').and_then(|rest| rest.split_once('.')) {
        return Some(target.with_file_name(format!("{begins}{day}.{extension}.sum")));
    }
    let month_folder = target.parent()?;
    let year_folder = month_folder.parent()?;
    let month = MONTHS.iter().position(|month| month_folder.ends_with(month))?;
    let year: i16 = year_folder.file_name()?.to_str()?.parse().ok()?;
    let date = jiff::civil::Date::new(year, i8::try_from(month).ok()? + 1, day.parse().ok()?).ok()?;
    let before = date.yesterday().ok()?;
    let month = MONTHS.get(usize::try_from(before.month()).ok()?.checked_sub(1)?)?;
    let folder = year_folder.parent()?.join(before.year().to_string()).join(month);
    Some(folder.join(format!("{begins}{:02}{rest}.sum", before.day())))
}
