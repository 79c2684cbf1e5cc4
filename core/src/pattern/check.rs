//! The check that every table of patterns passes before anything is run.
//!
//! What running relies on: every reference leads somewhere; no program ends
//! without `MATCH` or `JUMP`; where two ways meet (and so wherever a way can
//! lead back) stands an instruction that notes places, so that time is linear
//! and no loop is endless, or the row says that steps are limited; memos and stack fit what the row says, and that
//! fits the limits.

use super::machine::memo_words;
use super::osregex;
use super::program::TextRef;
use super::program::{BadProgram, Inst, NONE, PatternRow, Patterns, flag, fold, look, op, run, shape};
use crate::limits::{CAPTURES_MAX, FRAMES_MAX, GIVEN_MAX, MEMO_WORDS_MAX, PROGRAM_MAX, TEXT_MAX};
use zerocopy::little_endian::U32;

/// Checks all rows.
pub(super) fn all(patterns: &Patterns<'_>) -> Result<(), BadProgram> {
    if patterns.rows.len() >= usize::from(NONE) {
        return Err(BadProgram::TooMany);
    }
    (0..).zip(patterns.rows).try_for_each(|(number, row)| check_row(patterns, number, row))
}

/// Checks one row and its program.
fn check_row(patterns: &Patterns<'_>, number: u16, row: &PatternRow) -> Result<(), BadProgram> {
    let texts = row.literal.of(patterns.text()).is_some() && row.source.of(patterns.text()).is_some();
    let first = row.first.get() == NONE || usize::from(row.first.get()) < patterns.sets().len();
    let groups = usize::from(row.captures) <= CAPTURES_MAX;
    if !texts || !first || !groups || row.shape > shape::OS_REGEX || row.language > 4 {
        return Err(BadProgram::Row(number));
    }
    if !matches!(row.shape, shape::PROGRAM | shape::OS_REGEX) {
        return Ok(());
    }
    let code = patterns.program(row);
    if code.is_empty() || code.len() != usize::from(row.code_len.get()) || code.len() > PROGRAM_MAX {
        return Err(BadProgram::Row(number));
    }
    if row.shape == shape::OS_REGEX {
        let sound = osregex::is_sound(code, patterns.sets().len(), row.captures);
        return if sound { Ok(()) } else { Err(BadProgram::Inst(number, 0)) };
    }
    for (pc, inst) in (0..).zip(code) {
        if !operands(patterns, row, inst) {
            return Err(BadProgram::Inst(number, pc));
        }
    }
    if row.flags & flag::NOTELESS != 0 && row.flags & flag::LIMITED == 0 {
        return Err(BadProgram::Row(number));
    }
    joins(code).map_err(|pc| BadProgram::Inst(number, pc))?;
    let memo = usize::from(row.memos.get()) * memo_words(TEXT_MAX);
    let frames = frames_needed(code);
    if memo > MEMO_WORDS_MAX || frames > row.frames.get() as usize || row.frames.get() as usize > FRAMES_MAX {
        return Err(BadProgram::Memory(number));
    }
    Ok(())
}

/// Whether the operands of an instruction are in range. Targets are checked
/// by [`joins`].
fn operands(patterns: &Patterns<'_>, row: &PatternRow, inst: &Inst) -> bool {
    let set = usize::from(inst.a.get()) < patterns.sets().len();
    let limited = row.flags & flag::LIMITED != 0;
    match inst.op {
        op::MATCH | op::SPLIT | op::JUMP => true,
        op::LITERAL => {
            let offset = u32::from(inst.b.get()) | u32::from(inst.c.get()) << 16;
            let text = TextRef { offset: U32::new(offset), len: inst.a };
            inst.flag <= fold::UNICODE && text.of(patterns.text()).is_some()
        }
        op::SET => set,
        op::LOOP => set && inst.flag <= run::LONGEST && inst.b.get() <= 1 && inst.c.get() < row.memos.get(),
        op::REPEAT => {
            set && inst.flag <= run::LONGEST && inst.b.get() <= inst.c.get() && row.flags & flag::UTF == 0
        }
        op::LOOK => inst.flag <= look::NOT_WORD_EDGE,
        op::SAVE => inst.a.get() < 2 * u16::from(row.captures),
        op::MEMO => inst.a.get() < row.memos.get(),
        op::HOLDS | op::CUT => limited,
        op::ASSERT | op::ATOMIC => {
            limited && inst.flag <= 1 && inst.a.get() <= inst.b.get() && inst.b.get() <= row.memos.get()
        }
        op::BACK => row.flags & flag::UTF == 0,
        op::REFERENCE => {
            let noteless = limited && row.flags & flag::NOTELESS != 0;
            noteless && inst.flag <= fold::ASCII && inst.a.get() < u16::from(row.captures)
        }
        op::GIVEN => inst.flag <= fold::ASCII && usize::from(inst.a.get()) < GIVEN_MAX,
        _ => false,
    }
}

/// Instructions that an instruction can lead to.
fn successors(pc: usize, inst: &Inst) -> [Option<usize>; 2] {
    match inst.op {
        op::MATCH | op::HOLDS => [None, None],
        op::ASSERT => [Some(pc + 1), Some(usize::from(inst.c.get()))],
        op::JUMP => [Some(usize::from(inst.a.get())), None],
        op::SPLIT => [Some(usize::from(inst.a.get())), Some(usize::from(inst.b.get()))],
        _ => [Some(pc + 1), None],
    }
}

/// Checks that all targets are in the program and that ways meet only where
/// places are noted (or the search is over). `Err` is the instruction.
fn joins(code: &[Inst]) -> Result<(), u16> {
    // One bit per instruction that something leads to; the first is led to
    // by every start of a search.
    let mut reached = [0u64; PROGRAM_MAX.div_ceil(64)];
    reached[0] = 1;
    for (pc, inst) in code.iter().enumerate() {
        for next in successors(pc, inst).into_iter().flatten() {
            let (target, word) = (code.get(next), reached.get_mut(next / 64));
            let (Some(target), Some(word)) = (target, word) else {
                return Err(pc as u16);
            };
            let bit = 1 << (next % 64);
            let again = *word & bit != 0 || next <= pc || leads_twice(inst);
            *word |= bit;
            if again && !matches!(target.op, op::MEMO | op::LOOP | op::MATCH) {
                return Err(pc as u16);
            }
        }
    }
    Ok(())
}

/// Whether an instruction can lead to one place from several places of the
/// text: a bounded run of no fixed length.
fn leads_twice(inst: &Inst) -> bool {
    inst.op == op::REPEAT && inst.flag != run::LONGEST && inst.b.get() != inst.c.get()
}

/// Most frames that one search puts on the stack: an instruction is open at
/// most once, or once per place of the text where a way leads back over it.
pub(super) fn frames_needed(code: &[Inst]) -> usize {
    let mut frames = 0usize;
    let mut back_to = usize::MAX;
    for (pc, inst) in code.iter().enumerate().rev() {
        let back = successors(pc, inst).into_iter().flatten().filter(|next| *next <= pc);
        back_to = back.fold(back_to, usize::min);
        let pushes =
            matches!(inst.op, op::LOOP | op::REPEAT | op::SPLIT | op::SAVE | op::ASSERT | op::ATOMIC);
        let times = if back_to <= pc { TEXT_MAX + 1 } else { 1 };
        frames += if pushes { times } else { 0 };
    }
    frames
}
