//! What patterns said of names that come again and again.
//!
//! Nearly all events name one of few programs, hosts and places, and the same
//! decoders and rules ask about them each time. Whether a pattern matches
//! depends on the name alone, so an answer is kept: two bits for each pattern,
//! for as many names as there are places. A new name takes the place of
//! another one; whoever makes up names has nothing slowed down but a worker's
//! own searches. Memory: 1.5 KiB a place with Wazuh's rules.

use bartizan_core::pattern::PatternId;

/// Names that are remembered: a power of two.
const PLACES: usize = 64;

/// Longest name that is remembered.
const NAME_MAX: usize = 64;

/// The answers of one worker.
#[derive(Debug)]
pub(super) struct Names {
    places: Vec<Option<Place>>,
    /// The place of the name that was asked about last.
    last: usize,
    /// Words of answers of a place.
    words: usize,
}

/// One name.
#[derive(Clone, Debug)]
struct Place {
    name: Vec<u8>,
    /// For 64 patterns each: which are answered, and which match.
    answers: Vec<Answers>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    known: u64,
    held: u64,
}

impl Names {
    /// No answers; there are so many patterns.
    pub(super) fn new(patterns: usize) -> Self {
        Self { places: vec![None; PLACES], last: 0, words: patterns.div_ceil(64) }
    }

    /// What a pattern said of a name, if that is known.
    pub(super) fn answer(&mut self, pattern: PatternId, name: &[u8]) -> Option<bool> {
        let answers = self.answers(pattern, name)?;
        let bit = 1 << (pattern.0 % 64);
        (answers.known & bit != 0).then_some(answers.held & bit != 0)
    }

    /// Keeps what a pattern said of a name.
    pub(super) fn keep(&mut self, pattern: PatternId, name: &[u8], answer: bool) {
        if let Some(answers) = self.answers(pattern, name) {
            answers.known |= 1 << (pattern.0 % 64);
            answers.held |= u64::from(answer) << (pattern.0 % 64);
        }
    }

    /// The answers that a pattern's is one of; none for a name too long to be
    /// kept. A name that is new takes its place.
    fn answers(&mut self, pattern: PatternId, name: &[u8]) -> Option<&mut Answers> {
        let is_there = |place: &Option<Place>| place.as_ref().is_some_and(|place| place.name == name);
        if !self.places.get(self.last).is_some_and(is_there) {
            if name.len() > NAME_MAX {
                return None;
            }
            self.last = place_of(name);
            let place = self.places.get_mut(self.last)?;
            if !is_there(place) {
                *place = Some(Place { name: name.to_vec(), answers: vec![Answers::default(); self.words] });
            }
        }
        let place = self.places.get_mut(self.last)?.as_mut()?;
        place.answers.get_mut(usize::from(pattern.0) / 64)
    }
}

/// Where a name is kept: FNV-1a. Names that share a place only lose what was
/// kept.
fn place_of(name: &[u8]) -> usize {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let hash = name.iter().fold(0x811c_9dc5, step);
    (hash ^ (hash >> 16)) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_that_of_its_pattern_and_name() {
        let mut names = Names::new(200);
        let is = |pattern: u16, name: usize| (usize::from(pattern) * 7 + name).is_multiple_of(3);
        let mut known = 0;
        for round in 0..3 {
            for name in 0..300 {
                let text = format!("program{name}");
                for pattern in [0, 63, 64, 199] {
                    let pattern = PatternId(pattern);
                    let answer = names.answer(pattern, text.as_bytes());
                    assert!(answer.is_none_or(|answer| answer == is(pattern.0, name)), "{round} {text}");
                    names.keep(pattern, text.as_bytes(), is(pattern.0, name));
                    known += u32::from(names.answer(pattern, text.as_bytes()) == Some(is(pattern.0, name)));
                }
            }
        }
        assert_eq!(known, 3 * 300 * 4, "what is kept is there for the next question");
    }

    #[test]
    fn a_name_too_long_or_a_pattern_too_many_is_not_kept() {
        let mut names = Names::new(64);
        for (pattern, name) in [(0, vec![b'a'; NAME_MAX + 1]), (64, b"a".to_vec())] {
            assert_eq!(names.answer(PatternId(pattern), &name), None);
            names.keep(PatternId(pattern), &name, true);
            assert_eq!(names.answer(PatternId(pattern), &name), None);
        }
    }
}
