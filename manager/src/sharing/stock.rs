//! What of the files of a series was read before, and what is new.
//!
//! A file that begins with what was read of one *is* that one, whatever its
//! name: no mark is used for two files, and no file has two. Should several
//! begin with it, it does not matter which is taken: all of them together have
//! the same lines behind what was read. For that to hold, longer beginnings
//! choose first, and no mark is forgotten while there is its file.
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
    files: Vec<(Member<'d, D>, Known)>,
    /// Of files that are not found.
    rest: Vec<Mark>,
    /// Why the log itself cannot be read.
    pub(super) trouble: Option<Trouble>,
}

/// What was read of a file.
#[derive(Clone, Debug)]
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
        let files = members.into_iter().map(|member| (member, Known::Nothing)).collect();
        let mut stock = Self { files, rest: Vec::new(), trouble };
        let mut rest = marks.to_vec();
        rest.sort_by_key(|mark| Reverse(mark.high));
        rest.retain(|mark| !stock.finds_unchanged(mark));
        rest.retain(|mark| !stock.finds(mark));
        stock.rest = rest;
        stock
    }

    fn finds_unchanged(&mut self, mark: &Mark) -> bool {
        let found =
            self.files.iter_mut().find(|(member, known)| known.is_nothing() && mark.is_all_of(member));
        found.map(|(_, known)| *known = Known::All(*mark)).is_some()
    }

    /// The same file rather than another one that begins so, and one that
    /// rotation named rather than somebody's copy.
    fn finds(&mut self, mark: &Mark) -> bool {
        let mut free: Vec<_> = self.files.iter_mut().filter(|(_, known)| known.is_nothing()).collect();
        free.sort_by_key(|(member, _)| (!mark.is_of(member), !member.is_of_rotation()));
        let found = free.into_iter().find_map(|(member, known)| Some((known, mark.passage_in(member)?)));
        found.map(|(known, passage)| *known = Known::Until(passage, false)).is_some()
    }

    /// Whether what may have had more lines is nowhere found any more.
    pub(super) fn has_lost(&self) -> bool {
        let is_nowhere =
            |mark: &Mark| self.files.iter().all(|(member, _)| mark.passage_in(member).is_none());
        self.rest.iter().any(|mark| mark.is_awaited && is_nowhere(mark))
    }

    /// Whether there is a file of the log's name.
    pub(super) fn has_log(&self) -> bool {
        self.files.iter().any(|(member, _)| member.is_log())
    }

    /// What the log was rotated to counts as read.
    pub(super) fn pass_old(&mut self) {
        for (member, known) in self.files.iter_mut().filter(|(member, _)| !member.is_log()) {
            let len = match member.is_packed() && member.head.len() == HEAD {
                true => WHOLE,
                false if member.is_packed() => member.head.len() as u64,
                false => member.stamp.0,
            };
            let mark = || Mark::of(member, &Passage::default(), true);
            *known = Passage::of(member, len)
                .map_or_else(|| Known::All(mark()), |passage| Known::Until(passage, true));
        }
    }

    /// Hands on what is new of all files, until the taker is full. What stood
    /// in the way is tried again in the next round.
    pub(super) fn read(&mut self, taker: &mut dyn Taker) -> Option<Trouble> {
        let originals: Vec<_> = (0..self.files.len()).map(|at| self.original_of(at)).collect();
        let (mut trouble, mut buffer) = (None, vec![0; BUFFER]);
        for ((member, known), original) in self.files.iter_mut().zip(&originals) {
            let mut passage = match known {
                Known::Nothing if member.is_of_rotation() => Passage::default(),
                Known::Until(passage, _) => passage.clone(),
                _ => continue,
            };
            if original.is_none() {
                let read = passage.read_on(member, &mut buffer, taker);
                trouble = trouble.or(read.err());
                *known = Known::Until(passage, read == Ok(true));
            }
        }
        for (at, original) in originals.into_iter().enumerate() {
            self.read_with(at, original);
        }
        trouble
    }

    /// The file of which another one is a copy. Of two that are equal, the one
    /// that is known, or else the younger one, is no copy.
    fn original_of(&self, at: usize) -> Option<usize> {
        let (copy, known) = self.files.get(at)?;
        let may_be = copy.is_of_rotation() && !copy.is_log() && copy.head.len() == HEAD;
        if !may_be || matches!(known, Known::All(_)) {
            return None;
        }
        let precedence = |known: &Known, at: usize| (!known.is_nothing(), at);
        let mut others = self.files.iter().enumerate().filter(|(other, _)| *other != at);
        let found = others.find(|(other, (member, others_known))| {
            let is_before = precedence(others_known, *other) > precedence(known, at);
            member.head == copy.head && begins_with(member, copy, is_before) == Some(true)
        });
        found.map(|(other, _)| other)
    }

    /// A copy counts as read as far as its original is.
    fn read_with(&mut self, at: usize, original: Option<usize>) {
        let high = original.and_then(|original| self.files.get(original)).map(|(_, known)| known.high());
        let (Some(high), Some((copy, known))) = (high, self.files.get_mut(at)) else { return };
        let Ok(len) = copy.len() else { return };
        if let Some(passage) = Passage::of(copy, high.min(len)).filter(|passage| passage.high > known.high())
        {
            *known = Known::Until(passage, high >= len);
        }
    }

    /// What is to be remembered.
    pub(super) fn marks(&self) -> Vec<Mark> {
        let of = |(member, known): &(Member<'_, D>, Known)| match known {
            Known::All(mark) => Some(*mark),
            Known::Until(passage, is_dry) if passage.high > 0 => Some(Mark::of(member, passage, *is_dry)),
            _ => None,
        };
        let gone = self.rest.iter().map(|mark| Mark { is_awaited: false, ..*mark });
        self.files.iter().filter_map(of).chain(gone).take(MARKS_MAX).collect()
    }
}

/// Whether a file begins with all of another one, and has more or `or_equals`.
/// `None` if one cannot be read.
fn begins_with<D: Disk>(member: &Member<'_, D>, other: &Member<'_, D>, or_equals: bool) -> Option<bool> {
    let len = other.len().ok()?;
    let is_same = Passage::of(member, len)? == Passage::of(other, len)?;
    Some(is_same && (or_equals || member.read_at(len, &mut [0]) == Ok(1)))
}
