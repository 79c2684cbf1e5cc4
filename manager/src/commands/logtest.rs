//! `bartizan logtest`: the walk of one log line, printed room by room.
//!
//! The layout is that of OSSEC's test program, to the byte, because people
//! and their tests read it: what it says goes to standard error, alerts (`-a`)
//! and the digit of `-U` to standard output. `--json` is our own: one object a
//! line on standard output. So is `--explain`, which tells why: the layout of
//! `-v` has no room for reasons.

use super::{CommandError, PlacesArguments, RulesArguments, now, rules};
use crate::alert::{Alert, AlertId};
use crate::diagnose::Sources;
use crate::engine::memory::MemoryOptions;
use crate::engine::session::{EngineOptions, Lent, Session};
use crate::outputs::clock::LocalClock;
use crate::outputs::text;
use crate::ruleset::ini::Triple;
use crate::sources::lines::LineReader;
use crate::workshop::catalog::Catalog;
use crate::workshop::explain::told::{self, description, label, places, said};
use crate::workshop::explain::{Explainer, Explanation, why};
use bartizan_core::event::{Event, Known, Origin};
use bartizan_core::image::rows::{RuleRow, info};
use bartizan_core::image::{Dialect, Image};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode;
use bartizan_core::rules::judge::{Fate, Manner, Step, Verdict};
use clap::Args;
use serde_json::{Map, Value, json};
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// Bytes of one line that are looked at (OSSEC 4.3).
const LINE_MAX: usize = 6135;

/// Test decoders and rules on lines from standard input.
#[derive(Args, Debug)]
pub struct LogtestArguments {
    #[command(flatten)]
    rules: RulesArguments,
    #[command(flatten)]
    places: PlacesArguments,
    /// Print alerts alone, as they stand in alerts.log.
    #[arg(short = 'a')]
    alerts_only: bool,
    /// Print which rules are tried.
    #[arg(short = 'v')]
    verbose: bool,
    /// Do not name the files that are read.
    #[arg(short = 'q')]
    quiet: bool,
    /// Compare the answer to the last line with RULE:LEVEL:DECODER. Exit
    /// code 0: equal, 1: another level, 2: another rule, 3: another decoder,
    /// 255: no rule; with rules of Wazuh's 1 for any difference.
    #[arg(short = 'U', value_name = "RULE:LEVEL:DECODER")]
    expect: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
    /// Tell why: which decoders and rules were tried, the first condition that
    /// failed in each, what correlation counted, the nearest misses.
    #[arg(long)]
    explain: bool,
    /// Tell why this rule did not fire: the first thing on the way from the
    /// root of the rules to it that said no.
    #[arg(long, value_name = "ID")]
    rule: Option<u32>,
}

/// Runs the command.
pub fn run(arguments: &LogtestArguments) -> Result<ExitCode, CommandError> {
    let expected = arguments.expect.as_deref().map(Expected::parse).transpose()?;
    let mut sources = Sources::new();
    let mut loaded = arguments.rules.load_with(&mut sources)?;
    arguments.places.put(&mut loaded)?;
    let explains = arguments.explain || arguments.rule.is_some();
    let explainer = explains.then(|| Explainer::new(&loaded.ruleset, Catalog::new(&loaded, &sources)));
    let about = match (&explainer, arguments.rule) {
        (Some(explainer), Some(id)) => {
            let row = explainer.catalog.row(id);
            Some(row.ok_or_else(|| rules::no_rule(&explainer.catalog, id))?)
        }
        _ => None,
    };
    let options = EngineOptions {
        manner: Manner::Test,
        memory: MemoryOptions { home: loaded.home.clone(), write: false },
    };
    let mut lent = Lent::new(&loaded.ruleset);
    let session = Session::new(&loaded.ruleset, &mut lent, &options).map_err(CommandError::memory)?;
    let style = match arguments {
        LogtestArguments { json: true, .. } => Style::Json,
        LogtestArguments { alerts_only: true, .. } => Style::Alerts,
        _ if explains => Style::Explained,
        LogtestArguments { verbose, .. } => Style::Phases { verbose: *verbose },
    };
    let local_host = super::local_host();
    let mut test = Test {
        session,
        style,
        explainer,
        about,
        out: BufWriter::new(io::stdout().lock()),
        phases: BufWriter::new(io::stderr().lock()),
        ticket: 0,
        number: 0,
        clock: LocalClock::default(),
        local_host: local_host.as_bytes(),
        last: Answer::default(),
    };
    test.greet(arguments.quiet, &loaded.decoder_files)
        .and_then(|()| test.all_lines())
        .map_err(CommandError::output)?;
    match expected {
        Some(expected) => test.compare(&expected).map_err(CommandError::output),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// What is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Phases { verbose: bool },
    Alerts,
    Json,
    Explained,
}

/// What `-U` expects.
struct Expected {
    rule: String,
    level: String,
    decoder: String,
}

impl Expected {
    fn parse(text: &str) -> Result<Self, CommandError> {
        let mut parts = text.splitn(3, ':').map(str::to_owned);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(rule), Some(level), Some(decoder)) => Ok(Self { rule, level, decoder }),
            _ => {
                Err(CommandError::Usage("-U takes RULE:LEVEL:DECODER, for example -U 5716:5:sshd".to_owned()))
            }
        }
    }
}

/// The answer to a line, as far as `-U` asks for it.
#[derive(Default)]
struct Answer {
    rule: Option<(u32, u16)>,
    decoder: Option<String>,
}

struct Test<'r, 'm, 'h> {
    session: Session<'r, 'm>,
    style: Style,
    explainer: Option<Explainer<'r>>,
    /// The rule that is asked about.
    about: Option<u16>,
    out: BufWriter<io::StdoutLock<'static>>,
    phases: BufWriter<io::StderrLock<'static>>,
    ticket: u64,
    number: u64,
    clock: LocalClock,
    local_host: &'h [u8],
    last: Answer,
}

impl Test<'_, '_, '_> {
    /// The lines that OSSEC's program starts with.
    fn greet(&mut self, quiet: bool, decoder_files: &[String]) -> io::Result<()> {
        if matches!(self.style, Style::Json | Style::Explained) {
            return Ok(());
        }
        let mut stamp = Vec::new();
        self.log_stamp(&mut stamp);
        let stamp = String::from_utf8_lossy(&stamp).into_owned();
        if decoder_files.is_empty() {
            writeln!(self.phases, "{stamp} ossec-testrule: INFO: Reading local decoder file.")?;
        }
        for file in decoder_files.iter().filter(|_| !quiet) {
            writeln!(self.phases, "{stamp} ossec-testrule: INFO: Reading decoder file {file}.")?;
        }
        writeln!(self.phases, "{stamp} ossec-testrule: INFO: Started (pid: {}).", std::process::id())?;
        if self.style != Style::Alerts {
            self.phases.write_all(b"ossec-testrule: Type one log per line.\n\n")?;
        }
        self.phases.flush()
    }

    /// `2026/11/21 07:29:50`.
    fn log_stamp(&mut self, out: &mut Vec<u8>) {
        let time = self.clock.local(now());
        let stamp = format!(
            "{:04}/{:02}/{:02} {:02}:{:02}:{:02}",
            time.year,
            time.month,
            time.day,
            time.second / 3600,
            time.second / 60 % 60,
            time.second % 60
        );
        out.extend_from_slice(stamp.as_bytes());
    }

    fn all_lines(&mut self) -> io::Result<()> {
        let mut lines = LineReader::new(io::stdin().lock(), LINE_MAX);
        let mut known = Known::default();
        while let Some(line) = lines.next_line()? {
            if line.bytes.len() >= 2 {
                self.line(line.bytes, &mut known)?;
            }
            if !lines.has_more() {
                // Whoever types, or asks line by line, waits for the answer.
                self.out.flush()?;
            }
        }
        self.phases.flush()?;
        self.out.flush()
    }

    fn line(&mut self, line: &[u8], known: &mut Known) -> io::Result<()> {
        self.number += 1;
        let mut buffer = [0; TEXT_MAX];
        let text = predecode::clean(line, self.session.court.image.dialect(), &mut buffer);
        let origin =
            Origin { location: b"stdin", local_host: self.local_host, now: self.clock.moment(now()) };
        let mut event = Event::new(text, origin, known);
        let verdict = match (self.style, &mut self.explainer) {
            (Style::Phases { verbose }, _) => self.phases(&mut event, verbose)?,
            (Style::Json | Style::Explained, Some(explainer)) => {
                let explanation = explainer.judge(&mut self.session, &mut event);
                self.explained(&event, &explanation)?;
                explanation.verdict
            }
            _ => self.session.judge(&mut event),
        };
        match self.style {
            Style::Phases { .. } | Style::Explained => {}
            Style::Alerts => self.alert(&event, &verdict)?,
            Style::Json if self.explainer.is_some() => {}
            Style::Json => {
                let object = self.object(&event, &verdict);
                self.print_object(&object)?;
            }
        }
        self.last = answer(&self.session.court.image, &event, &verdict);
        self.session.court.remember(&event, &verdict);
        Ok(())
    }

    fn alert(&mut self, event: &Event<'_>, verdict: &Verdict) -> io::Result<()> {
        let image = &self.session.court.image;
        if !verdict.alerts(image) {
            return Ok(());
        }
        self.ticket += 1;
        let id = AlertId { epoch: event.now.epoch, ticket: self.ticket };
        let previous = self.session.court.previous(verdict);
        let time = self.clock.local(event.now.epoch);
        let mut out = Vec::new();
        text::write_alert(&mut out, &Alert::new(image, event, verdict, previous, id, time));
        self.out.write_all(&out)
    }

    /// The three phases, as they happen.
    fn phases(&mut self, event: &mut Event<'_>, verbose: bool) -> io::Result<Verdict> {
        self.session.understanding.decode(event);
        let image = self.session.court.image;
        let out = &mut self.phases;
        out.write_all(b"\n\n**Phase 1: Completed pre-decoding.\n")?;
        field(out, "full event", event.text)?;
        field(out, "hostname", event.hostname())?;
        field(out, "program_name", event.program_name().unwrap_or(b"(null)"))?;
        field(out, "log", event.log())?;
        if phase_2_is_printed(&image, event) {
            out.write_all(b"\n**Phase 2: Completed decoding.\n")?;
            let name = image.decoder_name(event.decoder);
            if name.is_none() {
                out.write_all(b"       No decoder matched.\n")?;
            }
            for (target, value) in event.assigned() {
                field(out, &label(&image, *target), event.bytes(*value).unwrap_or(b""))?;
            }
            for (label, place) in places(event) {
                field(out, label, place)?;
            }
            field(out, "decoder", name.unwrap_or(b"(null)"))?;
        }
        if bartizan_core::decode::accumulate::applies(&image, event) {
            out.write_all(b"**ACCUMULATOR: LEVEL UP!!**\n")?;
        }
        if verbose {
            out.write_all(b"\n**Rule debugging:\n")?;
        }
        let mut broken = Ok(());
        let verdict = self.session.court.evaluate(event, &mut |step| {
            if verbose && broken.is_ok() {
                broken = trace(out, &image, step);
            }
        });
        broken?;
        self.phase_3(event, &verdict)?;
        Ok(verdict)
    }

    fn phase_3(&mut self, event: &Event<'_>, verdict: &Verdict) -> io::Result<()> {
        let image = self.session.court.image;
        let said = said(&image, event, verdict);
        let out = &mut self.phases;
        if let Some(rule) = verdict.rule.and_then(|row| image.rule(row)) {
            out.write_all(b"\n**Phase 3: Completed filtering (rules).\n")?;
            field(out, "Rule id", rule.id.get().to_string().as_bytes())?;
            field(out, "Level", rule.level.get().to_string().as_bytes())?;
            field(out, "Description", &said)?;
            for detail in image.range(image.infos, rule.infos) {
                let label = match detail.kind {
                    info::LINK => "Info - Link",
                    info::CVE => "Info - CVE",
                    info::OSVDB => "Info - OSVDB",
                    _ => "Info - Text",
                };
                field(out, label, image.text(detail.text))?;
            }
            if verdict.alerts(&image) {
                out.write_all(b"**Alert to be generated.\n\n\n")?;
            }
        }
        out.flush()
    }

    /// Prints why.
    fn explained(&mut self, event: &Event<'_>, explanation: &Explanation) -> io::Result<()> {
        let mut object = self.object(event, &explanation.verdict);
        let Some(explainer) = &mut self.explainer else { return Ok(()) };
        let why = self.about.map(|row| why::why(&explainer.catalog, event, explanation, row));
        if self.style == Style::Json {
            let catalog = &explainer.catalog;
            match &why {
                Some(why) => object["why"] = told::why_object(catalog, event, explanation, why),
                None => object["explain"] = told::object(catalog, event, explanation),
            }
            return self.print_object(&object);
        }
        let text = match &why {
            Some(why) => told::why_text(explainer, event, explanation, why),
            None => told::text(&explainer.catalog, event, explanation),
        };
        self.out.write_all(text.as_bytes())
    }

    fn print_object(&mut self, object: &Value) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, object)?;
        self.out.write_all(b"\n")
    }

    fn object(&self, event: &Event<'_>, verdict: &Verdict) -> Value {
        let image = &self.session.court.image;
        let lossy = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes));
        let fields: Map<String, Value> = event
            .assigned()
            .iter()
            .filter_map(|(target, value)| Some((label(image, *target), lossy(event.bytes(*value)?))))
            .chain(places(event).map(|(label, place)| (label.to_owned(), lossy(place))))
            .collect();
        let rule = verdict.rule.and_then(|row| image.rule(row));
        let groups = |rule: &RuleRow| {
            let all = image.text(rule.groups).split(|b| *b == b',').filter(|group| !group.is_empty());
            all.map(lossy).collect::<Vec<_>>()
        };
        json!({
            "n": self.number,
            "log": lossy(event.text),
            "hostname": lossy(event.hostname()),
            "program_name": event.program_name().map(lossy),
            "message": lossy(event.log()),
            "decoder": image.decoder_name(event.decoder).map(lossy),
            "fields": fields,
            "rule": rule.map(|rule| rule.id.get()),
            "level": rule.map(|rule| rule.level.get()),
            "alert": verdict.alerts(image),
            "description": rule.map(|_| lossy(&said(image, event, verdict))),
            "groups": rule.map(groups),
        })
    }

    /// Whether the answer to the last line is another one, or what was expected
    /// is not complete: all that Wazuh's program tells.
    fn differs(&self, expected: &Expected) -> bool {
        let got = Triple::of(Dialect::Wazuh, self.last.rule, self.last.decoder.as_deref().map(str::as_bytes));
        let Expected { rule, level, decoder } = expected;
        let wanted = Triple { rule: rule.clone(), level: level.clone(), decoder: decoder.clone() };
        !wanted.is_met_by(&got, Dialect::Wazuh)
    }

    /// Compares the answer to the last line with what was expected.
    fn compare(&mut self, expected: &Expected) -> io::Result<ExitCode> {
        let decoder = self.last.decoder.as_deref();
        writeln!(self.phases, "lf->decoder_info->name: '{}'", decoder.unwrap_or("(null)"))?;
        writeln!(self.phases, "ut_decoder_name       : '{}'", expected.decoder)?;
        self.phases.flush()?;
        let code = match (decoder, self.last.rule) {
            _ if self.session.court.image.dialect() == Dialect::Wazuh => self.differs(expected).into(),
            (decoder, _) if !decoder.unwrap_or("").eq_ignore_ascii_case(&expected.decoder) => 3,
            (_, None) => 255,
            (_, Some((rule, _))) if rule.to_string() != expected.rule => 2,
            (_, Some((_, level))) if level.to_string() != expected.level => 1,
            _ => 0,
        };
        if code == 0 {
            self.out.write_all(b"0\n")?;
        }
        self.out.flush()?;
        Ok(ExitCode::from(code))
    }
}

fn field(out: &mut impl Write, label: &str, value: &[u8]) -> io::Result<()> {
    write!(out, "       {label}: '")?;
    out.write_all(value)?;
    out.write_all(b"'\n")
}

/// Phase 2 is left out if there is no decoder to try.
fn phase_2_is_printed(image: &Image<'_>, event: &Event<'_>) -> bool {
    let roots = if event.program.is_some() { image.header.program_roots } else { image.header.plain_roots };
    roots.len.get() > 0
}

fn trace(out: &mut impl Write, image: &Image<'_>, step: Step<'_>) -> io::Result<()> {
    match step {
        Step::Trying(rule) => {
            write!(out, "    Trying rule: {} - ", rule.id)?;
            out.write_all(description(image, rule))?;
            out.write_all(b"\n")
        }
        Step::Matched(rule) => writeln!(out, "       *Rule {} matched.", rule.id),
        Step::Children(_) => out.write_all(b"       *Trying child rules.\n"),
        Step::Refused(..) => Ok(()),
    }
}

fn answer(image: &Image<'_>, event: &Event<'_>, verdict: &Verdict) -> Answer {
    // A rule in the ignore list is still named here (OSSEC 4.3).
    let rule = verdict.rule.filter(|_| verdict.fate != Fate::NoRule).and_then(|row| image.rule(row));
    Answer {
        rule: rule.map(|rule| (rule.id.get(), rule.level.get())),
        decoder: image.decoder_name(event.decoder).map(|name| String::from_utf8_lossy(name).into_owned()),
    }
}
