//! The gate: which patterns can match a log at all, in one pass over it.
//!
//! Every pattern asks for at least one of a few short literals (`required`).
//! One Aho-Corasick automaton finds all literals of all patterns in a log;
//! the patterns behind a literal that was found are possible, and so are
//! those that ask for none. Cost: about a nanosecond per byte of the log.

use super::parse;
use super::required::{WINDOW, fold, literals};
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::{Anchored, MatchKind, dfa};
use bartizan_core::pattern::program::flag;
use bartizan_core::pattern::{PatternId, Patterns};
use std::collections::BTreeMap;

/// The automaton and what it leads to.
#[derive(Debug)]
pub(super) struct Gate {
    automaton: Option<dfa::DFA>,
    start: StateID,
    /// For each literal: its patterns, as words of the bit set of patterns.
    behind: Vec<Box<[(u16, u64)]>>,
    /// Patterns that ask for no literal, one bit each.
    always: Vec<u64>,
}

impl Gate {
    /// The gate of an image's patterns.
    pub(super) fn build(patterns: &Patterns<'_>) -> Self {
        let mut always = vec![0u64; patterns.rows.len().div_ceil(64)];
        let mut found: BTreeMap<Vec<u8>, BTreeMap<u16, u64>> = BTreeMap::new();
        for (number, row) in (0u16..).zip(patterns.rows) {
            // What is inverted matches just where literals are missing.
            let parsed = if row.flags & flag::NOT == 0 { parse(patterns, row) } else { None };
            match parsed.as_ref().and_then(literals) {
                Some(set) => {
                    for literal in set {
                        *found.entry(literal).or_default().entry(number / 64).or_default() |=
                            1 << (number % 64);
                    }
                }
                None => always[usize::from(number) / 64] |= 1 << (number % 64),
            }
        }
        let automaton = dfa::DFA::builder().match_kind(MatchKind::Standard).build(found.keys());
        let start = automaton.as_ref().ok().and_then(|a| a.start_state(Anchored::No).ok());
        let Some((automaton, start)) = automaton.ok().zip(start) else {
            // More literals than an automaton can hold: no gate.
            let always = vec![!0; always.len()];
            return Self { automaton: None, start: StateID::default(), behind: Vec::new(), always };
        };
        let behind = found.into_values().map(|words| words.into_iter().collect()).collect();
        Self { automaton: Some(automaton), start, behind, always }
    }

    /// Bytes that the automaton takes.
    pub(super) fn memory(&self) -> usize {
        let lists: usize = self.behind.iter().map(|words| size_of_val(&**words) + size_of_val(words)).sum();
        self.automaton.as_ref().map_or(0, Automaton::memory_usage) + lists
    }
}

/// What one worker knows of the log at hand.
#[derive(Debug)]
pub(super) struct Passed {
    possible: Vec<u64>,
    /// Literals that were found, one bit each.
    found: Vec<u64>,
    folded: Vec<u8>,
}

impl Passed {
    /// Nothing is known yet: everything is possible.
    pub(super) fn new(gate: &Gate) -> Self {
        Self {
            possible: vec![!0; gate.always.len()],
            found: vec![0; gate.behind.len().div_ceil(64)],
            folded: Vec::new(),
        }
    }

    /// Looks at a log.
    pub(super) fn begin(&mut self, gate: &Gate, log: &[u8]) {
        self.possible.copy_from_slice(&gate.always);
        self.found.fill(0);
        let Some(automaton) = &gate.automaton else {
            return;
        };
        let folded = fold(log, &mut self.folded);
        // Two halves in step, since each state waits for the one before; the
        // second begins early enough for a literal across the middle.
        let middle = folded.len() / 2;
        let (left, right) = (&folded[..middle], &folded[middle.saturating_sub(WINDOW - 1)..]);
        let (also_right, rest) = right.split_at(left.len());
        let (mut one, mut other) = (gate.start, gate.start);
        let mut step = |state: &mut StateID, byte: u8| {
            *state = automaton.next_state(Anchored::No, *state, byte);
            if automaton.is_special(*state) && automaton.is_match(*state) {
                Self::open(&mut self.possible, &mut self.found, gate, automaton, *state);
            }
        };
        for (left, right) in left.iter().zip(also_right) {
            step(&mut one, *left);
            step(&mut other, *right);
        }
        rest.iter().for_each(|byte| step(&mut other, *byte));
    }

    /// Lets through the patterns behind the literals that end here. Kept out
    /// of the loop, which it would slow down.
    #[inline(never)]
    fn open(possible: &mut [u64], found: &mut [u64], gate: &Gate, automaton: &dfa::DFA, state: StateID) {
        for index in 0..automaton.match_len(state) {
            let literal = automaton.match_pattern(state, index).as_usize();
            let (Some(word), Some(behind)) = (found.get_mut(literal / 64), gate.behind.get(literal)) else {
                continue;
            };
            if *word & (1 << (literal % 64)) != 0 {
                continue;
            }
            *word |= 1 << (literal % 64);
            for (index, patterns) in behind {
                if let Some(word) = possible.get_mut(usize::from(*index)) {
                    *word |= patterns;
                }
            }
        }
    }

    /// Whether a pattern can match a part of the log.
    pub(super) fn is_possible(&self, pattern: PatternId) -> bool {
        let word = self.possible.get(usize::from(pattern.0) / 64);
        word.is_some_and(|word| word & (1 << (pattern.0 % 64)) != 0)
    }
}
