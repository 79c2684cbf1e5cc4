//! What became of a log: its generations and copies in the same folder.

use super::Disk;
use super::generation::Generation;
use super::position::Mark;
use crate::limits::SIBLINGS_MAX;
use crate::time::Millis;

/// How often a folder is listed to be sure: names move on while it is.
const TRIES: usize = 4;

/// What is younger than what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Age {
    pub(super) born: u64,
    pub(super) modified: u64,
}

impl Age {
    pub(super) fn of(mark: &Mark) -> Self {
        Self { born: mark.id.born, modified: mark.modified }
    }

    /// Of a content that was there when the file was last known to be sound,
    /// and is not any more: its copies were born after that.
    pub(super) fn of_lost(mark: &Mark) -> Self {
        Self { born: mark.modified, modified: mark.modified }
    }

    /// Both times must say so: a copy is born late, an old file may be written
    /// late.
    pub(super) fn is_younger_than(self, other: Self) -> bool {
        let is_born_later = self.born == 0 || other.born == 0 || self.born > other.born;
        is_born_later && self.modified > other.modified
    }

    /// The age to be exceeded by what comes after this one, which came after
    /// `other`: where births tell the order, what was written last does not, as
    /// writers are late.
    pub(super) fn after(self, other: Self) -> Self {
        let modified = if self.born == 0 { self.modified } else { self.modified.min(other.modified) };
        Self { born: self.born, modified }
    }

    fn order(self) -> u64 {
        if self.born == 0 { self.modified } else { self.born }
    }
}

/// Whether a path is that of a rotated generation of the log `path`: behind
/// its name stand `.`, `-` or `_` and a number or a date, or `.old`.
pub fn is_generation(sibling: &[u8], path: &[u8]) -> bool {
    let Some((separator, rest)) = sibling.strip_prefix(path).and_then(<[u8]>::split_first) else {
        return false;
    };
    let is_number = |byte: &u8| byte.is_ascii_digit() || b".-_T:".contains(byte);
    b".-_".contains(separator)
        && (rest == b"old" || rest.first().is_some_and(u8::is_ascii_digit) && rest.iter().all(is_number))
}

/// The oldest generation that is younger than `after` and not known.
pub(super) fn next<D: Disk>(
    disk: &D,
    path: &[u8],
    after: Age,
    is_known: &dyn Fn(&Generation<D::File>) -> bool,
    now: Millis,
) -> Option<Generation<D::File>> {
    let mut best = oldest(disk, path, after, is_known, now);
    for _ in 1..TRIES {
        let again = oldest(disk, path, after, is_known, now);
        let is_sure = best.as_ref().map(|file| file.mark.id) == again.as_ref().map(|file| file.mark.id);
        best = again;
        if is_sure {
            break;
        }
    }
    best
}

fn oldest<D: Disk>(
    disk: &D,
    path: &[u8],
    after: Age,
    is_known: &dyn Fn(&Generation<D::File>) -> bool,
    now: Millis,
) -> Option<Generation<D::File>> {
    let mut best: Option<Generation<D::File>> = None;
    visit(disk, path, &mut |sibling| {
        let is_wanted = |age: Age, best: &Option<Generation<D::File>>| {
            let is_better = best.as_ref().is_none_or(|best| age.order() < Age::of(&best.mark).order());
            is_better && age.is_younger_than(after)
        };
        let stat = disk.stat(sibling).unwrap_or_default();
        let by_name = Age { born: stat.id.born, modified: stat.modified };
        // The name may have moved to another file since: ask the open one.
        if is_generation(sibling, path)
            && is_wanted(by_name, &best)
            && let Ok(file) = Generation::open(disk, sibling, now)
            && is_wanted(Age::of(&file.mark), &best)
            && !is_known(&file)
        {
            best = Some(file);
        }
        true
    });
    best
}

/// The file among the siblings that has the content of which a mark tells:
/// the same file, or else another one with the same beginning.
pub(super) fn with_content<D: Disk>(
    disk: &D,
    path: &[u8],
    mark: &Mark,
    is_known: &dyn Fn(&Generation<D::File>) -> bool,
    now: Millis,
) -> Option<Generation<D::File>> {
    let mut found: Option<Generation<D::File>> = None;
    visit(disk, path, &mut |sibling| {
        if let Ok(file) = Generation::open(disk, sibling, now)
            && !is_known(&file)
            && (file.mark.id == mark.id || mark.head.len > 0)
            && file.has(disk, mark)
        {
            found = Some(file);
        }
        found.as_ref().is_none_or(|file| file.mark.id != mark.id)
    });
    found
}

/// Shows at most [`SIBLINGS_MAX`] siblings.
fn visit<D: Disk>(disk: &D, path: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) {
    let mut left = SIBLINGS_MAX;
    disk.siblings(path, &mut |sibling| {
        left = left.saturating_sub(1);
        left > 0 && visit(sibling)
    });
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    #[test]
    fn generations_are_told_by_number_or_date() {
        let is = |name: &str| is_generation(name.as_bytes(), b"/log/app.log");
        for name in ["1", "12", "2026-05-01", "20260501T10:00", "old"] {
            assert!(is(&std::format!("/log/app.log.{name}")), "{name}");
        }
        assert!(is("/log/app.log-20260501"));
        for name in ["app.log", "app.log.gz", "app.log.err", "app.log1", "app.log.", "app.log.1.gz"] {
            assert!(!is(&std::format!("/log/{name}")), "{name}");
        }
        assert!(!is("/other/app.log.1"));
    }

    #[test]
    fn a_file_is_younger_only_if_born_and_written_later() {
        let age = |born, modified| Age { born, modified };
        assert!(age(2, 5).is_younger_than(age(1, 4)));
        assert!(!age(2, 3).is_younger_than(age(1, 4)), "a copy of what was before");
        assert!(!age(1, 9).is_younger_than(age(2, 4)), "an old one, written late");
        assert!(age(0, 5).is_younger_than(age(7, 4)), "births are not recorded");
    }
}
