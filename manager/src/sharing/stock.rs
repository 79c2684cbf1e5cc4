//! What of the files of a series was read before, and what is new.
//!
//! A file that begins with what was read of one *is* that one, whatever its
//! name: no mark is used for two files, and no file has two. Should several
//! begin with it, it does not matter which is taken: all of them together have
//! the same lines behind what was read. For that to hold, longer beginnings
//! choose first, copies are chosen last, and no mark is forgotten while there
//! is its file.
//!
//! A file that is no more than the beginning of another one is its copy, on
//! the way to a truncation or for good. Nothing is told of it; it counts as
//! read as far as the other one is. Files of less than [`HEAD`] bytes may begin
//! alike by chance and are no copies.

use super::log::Taker;
use super::marks::{Mark, Passage, WHOLE};
use super::series::{self, HEAD, Member};
use bartizan_core::follow::{Disk, Trouble};
use jiff::civil::Date;
use std::cmp::Reverse;

/// Bytes that are read at once.
const BUFFER: usize = 64 << 10;

/// How often a folder is listed to be sure: names move on while it is.
const TRIES: usize = 4;

/// Files that are remembered, also some that are gone.
const MARKS_MAX: usize = 512;

/// The files of a series and what is known of them.
pub(super) struct Stock<'d, D: Disk> {
    /// The oldest first.
    files: Vec<File<'d, D>>,
    /// Of files that are not found.
    rest: Vec<Mark>,
    /// Why the log itself cannot be read.
    pub(super) trouble: Option<Trouble>,
}

struct File<'d, D: Disk> {
    member: Member<'d, D>,
    known: Known,
    /// The file of which this is a copy.
    original: Option<usize>,
}

/// What was read of a file.
enum Known {
    Nothing,
    /// All, and it has not changed since.
    All(Mark),
    /// Its beginning, and whether there was more.
    Until(Passage, bool),
}

impl Known {
    fn high(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::All(mark) => mark.high,
            Self::Until(passage, _) => passage.high,
        }
    }

    fn is_all(&self) -> bool {
        matches!(self, Self::All(_))
    }

    fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}

impl<'d, D: Disk> Stock<'d, D> {
    /// Finds the files of which marks tell. Work: as [`series::open`], a few
    /// times if a file that is awaited is not found; and two short reads for
    /// each file that begins as a mark says.
    pub(super) fn take(disk: &'d D, path: &[u8], today: Date, marks: &[Mark]) -> Self {
        let mut stock = Self::once(disk, path, today, marks);
        for _ in 1..TRIES {
            if !stock.has_lost() {
                break;
            }
            stock = Self::once(disk, path, today, marks);
        }
        stock
    }

    fn once(disk: &'d D, path: &[u8], today: Date, marks: &[Mark]) -> Self {
        let (members, trouble) = series::open(disk, path, today);
        let file = |member| File { member, known: Known::Nothing, original: None };
        let mut stock = Self { files: members.into_iter().map(file).collect(), rest: Vec::new(), trouble };
        let mut rest = marks.to_vec();
        rest.sort_by_key(|mark| Reverse(mark.high));
        rest.retain(|mark| !stock.finds_unchanged(mark));
        let originals: Vec<_> = (0..stock.files.len()).map(|at| stock.original_of(at)).collect();
        stock.files.iter_mut().zip(originals).for_each(|(file, original)| file.original = original);
        rest.retain(|mark| !stock.finds(mark));
        stock.rest = rest;
        stock
    }

    fn finds_unchanged(&mut self, mark: &Mark) -> bool {
        let found =
            self.files.iter_mut().find(|file| file.known.is_nothing() && mark.is_all_of(&file.member));
        found.map(|file| file.known = Known::All(*mark)).is_some()
    }

    /// Rather an original than a copy, the same file than another one that
    /// begins so, and one that rotation named than somebody's.
    fn finds(&mut self, mark: &Mark) -> bool {
        let mut free: Vec<_> = self.files.iter_mut().filter(|file| file.known.is_nothing()).collect();
        free.sort_by_key(|file| {
            (file.original.is_some(), !mark.is_of(&file.member), !file.member.is_of_rotation())
        });
        let found = free.into_iter().find_map(|file| Some((mark.passage_in(&file.member)?, file)));
        found.map(|(passage, file)| file.known = Known::Until(passage, false)).is_some()
    }

    /// The file of which another one is a copy. Of two that are equal, one of
    /// which all was read, or else the younger one, is no copy.
    fn original_of(&self, at: usize) -> Option<usize> {
        let File { member: copy, known, .. } = self.files.get(at)?;
        let may_be = copy.is_of_rotation() && !copy.is_log() && copy.head.len() == HEAD;
        if !may_be || known.is_all() {
            return None;
        }
        let mut others = self.files.iter().enumerate().filter(|(other, _)| *other != at);
        let found = others.find(|(other, File { member, known, .. })| {
            let is_before = known.is_all() || *other > at;
            member.head == copy.head && begins_with(member, copy, is_before) == Some(true)
        });
        found.map(|(other, _)| other)
    }

    /// Whether what may have had more lines is nowhere found any more.
    pub(super) fn has_lost(&self) -> bool {
        let is_nowhere = |mark: &Mark| self.files.iter().all(|file| mark.passage_in(&file.member).is_none());
        self.rest.iter().any(|mark| mark.is_awaited && is_nowhere(mark))
    }

    /// Whether there is a file of the log's name.
    pub(super) fn has_log(&self) -> bool {
        self.files.iter().any(|file| file.member.is_log())
    }

    /// What the log was rotated to counts as read.
    pub(super) fn pass_old(&mut self) {
        for File { member, known, .. } in self.files.iter_mut().filter(|file| !file.member.is_log()) {
            let len = match member.is_packed() && member.head.len() == HEAD {
                true => WHOLE,
                false if member.is_packed() => member.head.len() as u64,
                false => member.stamp.0,
            };
            *known = match Passage::of(member, len) {
                Some(passage) => Known::Until(passage, true),
                None => Known::All(Mark::of(member, &Passage::default(), true)),
            };
        }
    }

    /// Hands on what is new of all files, until the taker is full. What stood
    /// in the way is tried again in the next round.
    pub(super) fn read(&mut self, taker: &mut dyn Taker) -> Option<Trouble> {
        let (mut trouble, mut buffer) = (None, vec![0; BUFFER]);
        for File { member, known, .. } in self.files.iter_mut().filter(|file| file.original.is_none()) {
            let mut passage = match known {
                Known::Nothing if member.is_of_rotation() => Passage::default(),
                Known::Until(passage, _) => passage.clone(),
                _ => continue,
            };
            let read = passage.read_on(member, &mut buffer, taker);
            trouble = trouble.or(read.err());
            *known = Known::Until(passage, read == Ok(true));
        }
        let highs: Vec<_> = self.files.iter().map(|file| file.known.high()).collect();
        self.files.iter_mut().for_each(|file| file.follow(&highs));
        trouble
    }

    /// What is to be remembered.
    pub(super) fn marks(&self) -> Vec<Mark> {
        let of = |File { member, known, .. }: &File<'_, D>| match known {
            Known::All(mark) => Some(*mark),
            Known::Until(passage, is_dry) if passage.high > 0 => Some(Mark::of(member, passage, *is_dry)),
            _ => None,
        };
        let gone = self.rest.iter().map(|mark| mark.given_up());
        self.files.iter().filter_map(of).chain(gone).take(MARKS_MAX).collect()
    }
}

impl<D: Disk> File<'_, D> {
    /// A copy counts as read as far as its original is, if that is so far that
    /// nothing else begins so: the mark of what is short is the original's.
    fn follow(&mut self, highs: &[u64]) {
        let Some(high) = self.original.and_then(|original| highs.get(original)) else { return };
        let Ok(len) = self.member.len() else { return };
        let high = len.min(*high);
        if high > self.known.high().max(HEAD as u64)
            && let Some(passage) = Passage::of(&self.member, high)
        {
            self.known = Known::Until(passage, high == len);
        }
    }
}

/// Whether a file begins with all of another one, and has more or `or_equals`.
/// `None` if one cannot be read.
fn begins_with<D: Disk>(member: &Member<'_, D>, other: &Member<'_, D>, or_equals: bool) -> Option<bool> {
    let len = other.len().ok()?;
    let is_same = Passage::of(member, len)? == Passage::of(other, len)?;
    Some(is_same && (or_equals || member.read_at(len, &mut [0]) == Ok(1)))
}
