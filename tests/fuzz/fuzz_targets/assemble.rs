//! Any lines in any format: no record is too long, nothing is lost where the
//! format uses all lines, a deadline that is over comes once, and a source
//! that was left gives the same records when it is taken up again. The same
//! bytes as streams: pieces make no difference.
//!
//! Input: one byte for the format, one for the line before which the source
//! is left, one for the time between lines and the size of pieces, lines.
#![no_main]

use bartizan_core::assemble::splitter::Splitter;
use bartizan_core::assemble::stream::Stream;
use bartizan_core::assemble::{Assembler, Context, Format, Join, Line, Record, Wait, command};
use bartizan_core::limits::RECORD_MAX;
use bartizan_core::pattern::PatternId;
use bartizan_core::pattern::compile::{Expressions, Language, Options, no_cases};
use bartizan_core::time::Millis;
use libfuzzer_sys::fuzz_target;

/// Lines of one input: more would only be slow.
const LINES_MAX: usize = 400;

const TIMEOUT_MS: u32 = 900;

/// Expressions whose numbers are their places.
fn expressions() -> Expressions {
    let mut expressions = Expressions::new(no_cases);
    let options = Options { caseless: false, given: true, keep_unset: true };
    for expression in [&br"BEGIN (\w*)"[..], br"END \1$", br"^\[(\w*)\]", br"a.*\n?.*b"] {
        expressions.add(Language::Pcre2, expression, options).expect("it compiles");
    }
    expressions
}

/// A format by its number.
fn format(number: u8) -> Format {
    let named = [
        "syslog",
        "json",
        "multi-line:3",
        "multi-line_indented",
        "modsec_audit",
        "audit",
        "snort-full",
        "nmapg",
        "mysql_log",
        "mssql_log",
        "postgresql_log",
        "djb-multilog",
        "ossecalert",
    ];
    let marks = |bits: u8| Format::Regex {
        start: (bits & 1 != 0).then_some(PatternId(0)),
        end: (bits & 2 != 0).then_some(PatternId(1)),
        key: (bits & 4 != 0).then_some(PatternId(2)),
        join: Join::Space,
        timeout_ms: TIMEOUT_MS,
    };
    match number % 25 {
        number if usize::from(number) < named.len() => {
            Format::named(named[usize::from(number)]).expect("it is a format")
        }
        13 => Format::LinuxAuditd { wait: Wait::Timeout(TIMEOUT_MS) },
        14 => Format::LinuxAuditd { wait: Wait::Window(TIMEOUT_MS) },
        15 => Format::RegexAll { pattern: PatternId(3), join: Join::Newline, timeout_ms: TIMEOUT_MS },
        24 => Format::Packets { window_ms: TIMEOUT_MS },
        bits => marks(bits - 16),
    }
}

/// Whether every byte of every line is in a record.
fn uses_all(format: Format) -> bool {
    use Format::*;
    !matches!(
        format,
        SnortFull | Nmapg | MysqlLog | PostgresqlLog | DjbMultilog | OssecAlert | Packets { .. }
    )
}

/// A record that was given out.
type Given = (Vec<u8>, u8, u64, u32);

/// An assembler and what it gave out.
struct Source {
    assembler: Assembler<Vec<u8>>,
    patterns: Expressions,
    now: Millis,
    records: Vec<Given>,
}

impl Source {
    fn new(format: Format) -> Self {
        let assembler = Assembler::new(format, vec![b'?'; format.memory()]).expect("as much as it asked for");
        Self { assembler, patterns: expressions(), now: Millis(1), records: Vec::new() }
    }

    /// Calls the assembler; the number of records that it gave out.
    fn call(
        &mut self,
        call: impl FnOnce(&mut Assembler<Vec<u8>>, &mut Context<'_>, &mut dyn FnMut(Record<'_>)),
    ) -> usize {
        let before = self.records.len();
        let mut context =
            Context { now: self.now, header: b"Nov 21 10:00:00 host prog: ", patterns: &mut self.patterns };
        let records = &mut self.records;
        call(&mut self.assembler, &mut context, &mut |record| {
            assert!(record.text.len() <= RECORD_MAX, "a record is too long");
            records.push((record.text.to_vec(), record.queue, record.at, record.cut));
        });
        self.records.len() - before
    }

    fn push(&mut self, line: Line<'_>) {
        let given = self.call(|assembler, context, out| assembler.push(line, context, out));
        assert!(given <= 2, "{given} records of one line");
    }

    fn finish(&mut self) {
        self.call(|assembler, context, out| assembler.finish(context, out));
        assert_eq!(self.assembler.open(), Default::default());
    }

    /// Lets time go by up to a deadline, behind which is another one or none.
    fn wait(&mut self) {
        let Some(due) = self.assembler.deadline() else { return };
        self.now = due;
        self.call(|assembler, context, out| assembler.tick(context, out));
        assert!(self.assembler.deadline().is_none_or(|next| next > due), "what was due is still there");
    }
}

/// All lines, with time between them.
fn whole(format: Format, lines: &[Line<'_>], ms: u64) -> Vec<Given> {
    let mut source = Source::new(format);
    for line in lines {
        source.push(*line);
        source.now = source.now.plus(ms);
        if ms > 0 && line.text.len() % 7 == 3 {
            source.wait();
        }
    }
    source.finish();
    source.records
}

/// All lines, with a break before one of them.
fn taken_up(format: Format, lines: &[Line<'_>], stop: usize) -> Vec<Given> {
    let (before, after) = lines.split_at(stop.min(lines.len()));
    let mut first = Source::new(format);
    before.iter().for_each(|line| first.push(*line));
    let end = before.last().map_or(0, |line| line.at + line.text.len() as u64 + 1);
    let high = after.first().map_or(end, |line| line.at);
    let open = first.assembler.open();
    let mut second = Source::new(format);
    second.assembler.resume(high, &open.keys);
    let low = open.low.unwrap_or(high);
    lines.iter().filter(|line| line.at >= low).for_each(|line| second.push(*line));
    second.finish();
    first.records.append(&mut second.records);
    first.records
}

/// What a splitter and a stream make of bytes in pieces.
fn streamed(bytes: &[u8], piece: usize) -> Vec<(Vec<u8>, u64)> {
    let mut found = Vec::new();
    let (mut splitter, mut stream) = (Splitter::new([0; 90], 0), Stream::new([0; 90]));
    bytes.chunks(piece).for_each(|piece| splitter.push(piece, &mut |l| found.push((l.text.to_vec(), l.at))));
    splitter.finish(&mut |l| found.push((l.text.to_vec(), l.at)));
    let lines = found.len();
    bytes
        .chunks(piece)
        .for_each(|piece| stream.push(piece, &mut |m| found.push((m.text.to_vec(), m.cut.into()))));
    stream.finish(&mut |m| found.push((m.text.to_vec(), m.cut.into())));
    assert!(lines <= bytes.len() && found.iter().all(|(text, _)| text.len() <= 90));
    found
}

fuzz_target!(|data: &[u8]| {
    let [number, stop, ms, bytes @ ..] = data else { return };
    let format = format(*number);
    let mut lines = Vec::new();
    for text in bytes.split(|byte| *byte == b'\n').take(LINES_MAX) {
        let at = lines.last().map_or(0, |line: &Line<'_>| line.at + line.text.len() as u64 + 1);
        lines.push(Line { text, at, cut: 0 });
    }

    let records = whole(format, &lines, 0);
    if uses_all(format) {
        // A carriage return at a line's end is no part of it.
        let used = |line: &Line<'_>| line.text.strip_suffix(b"\r").unwrap_or(line.text).len();
        let read: usize = lines.iter().map(used).sum();
        let given: usize = records.iter().map(|(text, _, _, cut)| text.len() + *cut as usize).sum();
        assert!(given >= read, "{read} bytes were read and {given} given out");
    }
    assert_eq!(taken_up(format, &lines, usize::from(*stop)), records, "taken up before line {stop}");
    whole(format, &lines, u64::from(*ms) * 16);

    assert_eq!(streamed(bytes, usize::from(*ms) + 1), streamed(bytes, bytes.len().max(1)));
    let mut buffer = [0; RECORD_MAX];
    if let Some(record) = command::full(b"alias", bytes, 0, &mut buffer) {
        assert!(record.text.starts_with(b"ossec: output: 'alias':\n"));
    }
});
