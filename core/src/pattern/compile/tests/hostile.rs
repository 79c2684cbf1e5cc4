//! Tables that nobody compiled: refused, or run without harm.

use super::super::{Language, PatternTables};
use super::prelude::*;
use super::random::Tape;
use super::tables;
use crate::limits::GIVEN_MAX;
use crate::pattern::{Captures, Frame, Machine, Matcher, PatternId, PatternRow, Patterns, Scratch};
use zerocopy::{FromBytes, IntoBytes};

/// Runs tables that pass the check; whether they did.
fn run(tables: &PatternTables, text: &[u8]) -> bool {
    let Ok(patterns) = Patterns::new(&tables.rows, &tables.code, &tables.sets, &tables.text) else {
        return false;
    };
    let need = patterns.scratch_needed();
    let (mut memo, mut stack) = (vec![0; need.memo_words], vec![Frame::default(); need.stack_frames]);
    let scratch = Scratch { memo: &mut memo, stack: &mut stack };
    let mut machine = Machine::new(patterns, scratch).expect("the memory asked for is enough");
    let mut captures = Captures::new();
    machine.captures(PatternId(0), text, &mut captures);
    machine.is_match_given(PatternId(0), text, &[b"a"; GIVEN_MAX]);
    let (steps, most) = (machine.steps(), 2 * machine.steps_max(PatternId(0), text.len()));
    assert!(steps <= most, "{steps} steps, {most} promised");
    true
}

#[test]
fn damaged_tables_are_refused_or_run_within_their_bounds() {
    let sources = [
        (Language::Pcre2, r"(a|b(c)?)*d{2,5}[ab]+?\bx"),
        (Language::Pcre2, r"^(?:(\S+) )?(\d{1,3})\.|foo(?:bar|baz)*$"),
        (Language::Regex, r"(\w+)\s(\S*) k(a|s)\.*$"),
        (Language::Regex, r"(a\\)*(\d*b)"),
        (Language::Pcre2, r"(?:(a|b)(?=c|(d)+)|(?>d+|c)k)*x(?<!ax|bb)"),
        (Language::Pcre2, r"(a|d)(?:b|\1|(?!x))+?\1k"),
        (Language::OsRegex, r"(\w+)\s*(\.*) k|a\d\p*\)x$"),
    ];
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..40_000 {
        let mut tape = Tape::new(seed);
        let (language, source) = sources[tape.number(sources.len())];
        let mut tables = tables(language, source.as_bytes()).expect(source);
        for _ in 0..1 + tape.number(3) {
            let row_bytes = size_of::<PatternRow>();
            let code = tables.code.as_mut_bytes();
            if tape.number(4) > 0 {
                let at = tape.number(code.len());
                // Small numbers keep references plausible.
                code[at] = if tape.number(2) == 0 { tape.number(18) as u8 } else { tape.number(256) as u8 };
            } else {
                tables.rows.as_mut_bytes()[tape.number(row_bytes)] = tape.number(256) as u8;
            }
        }
        let text = b"a bc dd xk1.2.3 \xC3\xE9a\\ka aaaa".repeat(1 + tape.number(3));
        let ran = run(&tables, &text);
        (accepted, refused) = (accepted + u32::from(ran), refused + u32::from(!ran));
    }
    assert!(accepted > 1000 && refused > 1000, "{accepted} accepted, {refused} refused");
}

#[test]
fn random_rows_are_refused_or_harmless() {
    for seed in 0..20_000 {
        let mut tape = Tape::new(seed);
        let mut tables = tables(Language::Pcre2, b"a(b|c)*d").expect("compiles");
        let bytes: Vec<u8> = (0..size_of::<PatternRow>()).map(|_| tape.number(3) as u8).collect();
        tables.rows = vec![PatternRow::read_from_bytes(&bytes).expect("any bytes are a row")];
        run(&tables, b"abcbcd abd");
    }
}
