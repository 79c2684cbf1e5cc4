//! Takes verdicts and writes what is due for each: alerts, archives,
//! packet-filter events, in the files and streams that are switched on.

use super::clock::{LocalClock, LocalTime};
use super::files::{Announce, DailyFile, InUse, Written, write_out};
use super::{json, text, wazuh};
use crate::alert::{Alert, AlertId, Entry, Rule};
use crate::console::Pulse;
use crate::engine::pipeline::Sink;
use crate::engine::session::Court;
use crate::engine::statistics::{self, Statistics};
use crate::news;
use crate::respond::binding::Bound;
use crate::respond::dispatch::Bell;
use crate::respond::occasion::Occasion;
use crate::sources::epoch_now;
use bartizan_core::event::{Category, Event};
use bartizan_core::image::Dialect;
use bartizan_core::image::rows::{RuleRow, rule_flag};
use bartizan_core::respond::report;
use bartizan_core::rules::judge::{Fate, Verdict};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// Which files are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// `alerts.log`.
    pub alerts: bool,
    /// `alerts.json`.
    pub alerts_json: bool,
    /// `archives.log`.
    pub archives: bool,
    /// `archives.json`.
    pub archives_json: bool,
    /// `firewall.log`.
    pub firewall: bool,
    /// The administrator's own layout of `alerts.log`.
    pub custom: Option<String>,
}

impl Outputs {
    /// All files, alerts in the usual layout.
    pub fn everything() -> Self {
        Self {
            alerts: true,
            alerts_json: true,
            archives: true,
            archives_json: true,
            firewall: true,
            custom: None,
        }
    }
}

/// How alerts are printed to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Print {
    /// As in `alerts.log`.
    Text,
    /// As in `alerts.json`.
    Json,
}

/// Counts of what was seen.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Events judged.
    pub events: u64,
    /// Alerts written.
    pub alerts: u64,
    /// Alerts by rule: level, count, description.
    pub rules: BTreeMap<u32, (u16, u64, String)>,
    /// Fields that found no room in their event.
    pub fields_left_out: u64,
    /// Time of the first and the last event, seconds since 1970.
    pub span: Option<(i64, i64)>,
}

/// The files that are switched on.
struct Files {
    outputs: Outputs,
    alerts: DailyFile,
    alerts_json: DailyFile,
    archives: DailyFile,
    archives_json: DailyFile,
    firewall: DailyFile,
}

/// Writes what is due for each verdict.
pub struct AlertWriter<W> {
    files: Option<Files>,
    stream: W,
    print: Option<Print>,
    buffer: Vec<u8>,
    live: bool,
    statistics: Option<Statistics>,
    bell: Option<Bell>,
    /// Alerts for whoever keeps them, if somebody does.
    entries: Option<Vec<Entry>>,
    clock: LocalClock,
    ticket: u64,
    /// Whose layouts the files in JSON have: that of the rules.
    dialect: Dialect,
    /// What others see of the counts while it goes on.
    pulse: Arc<Pulse>,
    /// What has been seen so far.
    pub counts: Counts,
}

/// Bytes that wait to be printed when nobody looks on.
const BUFFERED: usize = 64 << 10;

impl<W: Write> AlertWriter<W> {
    /// A writer that prints alerts to a stream, if `print` says so.
    pub fn new(stream: W, print: Option<Print>) -> Self {
        Self {
            files: None,
            stream,
            print,
            buffer: Vec::new(),
            live: false,
            statistics: None,
            bell: None,
            entries: None,
            clock: LocalClock::default(),
            ticket: 0,
            dialect: Dialect::Ossec,
            pulse: Arc::default(),
            counts: Counts::default(),
        }
    }

    /// Writes files below a folder, too.
    pub fn with_files(mut self, logs: &Path, outputs: Outputs) -> Self {
        self.files = Some(Files {
            outputs,
            alerts: DailyFile::alerts(logs),
            alerts_json: DailyFile::alerts_json(logs),
            archives: DailyFile::archives(logs),
            archives_json: DailyFile::archives_json(logs),
            firewall: DailyFile::firewall(logs),
        });
        self
    }

    /// Has every file announced before it is written to.
    pub fn announced(mut self, announce: &Announce) -> Self {
        let files = self.files.as_mut().map(Files::all);
        files.into_iter().flatten().for_each(|file| file.announce(announce));
        self
    }

    /// Says which files are open, for whoever seals those of earlier days.
    pub fn shared(mut self, in_use: &InUse) -> Self {
        let files = self.files.as_mut().map(Files::all);
        files.into_iter().flatten().for_each(|file| file.share(in_use));
        self
    }

    /// Counts events by the hour, and alerts when an hour is unusual.
    pub fn with_statistics(mut self, statistics: Statistics) -> Self {
        self.statistics = Some(statistics);
        self
    }

    /// Shows its counts to whoever looks at them.
    pub fn showing(mut self, pulse: &Arc<Pulse>) -> Self {
        self.pulse = Arc::clone(pulse);
        self
    }

    /// Keeps alerts until they are [taken](Self::take_entries).
    pub fn keeping(mut self) -> Self {
        self.entries = Some(Vec::new());
        self
    }

    /// The alerts since the last call, if they are kept.
    pub fn take_entries(&mut self) -> Vec<Entry> {
        self.entries.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Has alerts answered that have responses; called again when rules have
    /// been read again.
    pub fn answer(&mut self, bell: Bell) {
        self.bell = Some(bell);
    }

    /// The responses of what a rule found. What is said of responses has none,
    /// so that they do not answer themselves.
    fn responses(&self, event: &Event<'_>, verdict: &Verdict) -> Option<Bound> {
        let row = verdict.rule.filter(|_| verdict.fate == Fate::Fired)?;
        let bound = self.bell.as_ref()?.binding.of(row)?;
        let place = event.location.rsplit(|byte| *byte == b'>').next();
        let is_report = place == Some(report::PLACE.as_bytes());
        (!is_report).then(|| Arc::clone(bound))
    }

    /// Prints alerts as they come, batch by batch.
    pub fn live(mut self) -> Self {
        self.live = true;
        self
    }

    fn count(&mut self, event: &Event<'_>) {
        let at = event.now.epoch;
        self.counts.events += 1;
        self.counts.fields_left_out += u64::from(event.left_out);
        let (first, last) = self.counts.span.unwrap_or((at, at));
        self.counts.span = Some((first.min(at), last.max(at)));
    }

    /// What the statistics have to say of an event: the log of their alert.
    fn unusual(&mut self, event: &Event<'_>, rule: Option<&RuleRow>, time: &LocalTime) -> Option<String> {
        let statistics = self.statistics.as_mut()?;
        let excess = statistics.event(time).unwrap_or_else(|error| {
            // The analysis must not end because a counter cannot be written.
            news::tell(format_args!("statistics: {error}"));
            None
        });
        if let Some(rule) = rule {
            statistics.rule_fired(rule.id.get(), rule.level.get());
        }
        if event.category == Category::Firewall {
            statistics.firewall_event();
        }
        excess
    }

    /// Writes an alert wherever alerts go.
    fn alert(&mut self, alert: &Alert<'_>) {
        self.count_alert(alert);
        match self.print {
            Some(Print::Text) => text::write_alert(&mut self.buffer, alert),
            Some(Print::Json) => write_json(&mut self.buffer, alert, self.dialect),
            None => {}
        }
        if let Some(files) = &mut self.files {
            files.alert(&alert.time, alert, self.dialect);
        }
        if let Some(entries) = &mut self.entries {
            entries.push(Entry::new(alert));
        }
    }

    fn next_id(&mut self, event: &Event<'_>) -> AlertId {
        self.ticket += 1;
        AlertId { epoch: event.now.epoch, ticket: self.ticket }
    }

    fn count_alert(&mut self, alert: &Alert<'_>) {
        self.counts.alerts += 1;
        let Some(rule) = &alert.rule else { return };
        self.pulse.alert(rule.level);
        let description = || String::from_utf8_lossy(rule.description()).into_owned();
        let entry = self.counts.rules.entry(rule.id);
        entry.or_insert_with(|| (rule.level, 0, description())).1 += 1;
    }

    /// The files that have grown since the last call, with what is written
    /// of them. What is still waiting is not.
    pub fn take_written(&mut self) -> Vec<Written> {
        let files = self.files.as_mut().map(Files::all);
        files.into_iter().flatten().flat_map(DailyFile::take_written).collect()
    }

    /// Prints what waits for that. After an error (a full disk) it can be
    /// tried again. A reader of live alerts who has gone does not end the
    /// watch: the files go on.
    pub fn flush(&mut self) -> io::Result<()> {
        let length = self.buffer.len();
        let written = write_out(&mut self.stream, &mut self.buffer, length);
        match written.and_then(|()| self.stream.flush()) {
            Err(error) if self.live && error.kind() == io::ErrorKind::BrokenPipe => {
                self.print = None;
                self.buffer.clear();
                news::tell(
                    "nobody reads the alerts that are printed; they go to the files alone from now on",
                );
                Ok(())
            }
            written => written,
        }
    }
}

/// Appends a line of `alerts.json`.
fn write_json(out: &mut Vec<u8>, alert: &Alert<'_>, dialect: Dialect) {
    match dialect {
        Dialect::Ossec => json::write_alert(out, alert),
        Dialect::Wazuh => {
            wazuh::write_alert(out, alert);
            out.push(b'\n');
        }
    }
}

impl Files {
    fn alert(&mut self, time: &LocalTime, alert: &Alert<'_>, dialect: Dialect) {
        if self.outputs.alerts {
            let custom = self.outputs.custom.as_deref();
            self.alerts.append(time, |out| match custom {
                Some(format) => text::write_custom(out, format, alert),
                None => text::write_alert(out, alert),
            });
        }
        if self.outputs.alerts_json {
            self.alerts_json.append(time, |out| write_json(out, alert, dialect));
        }
    }

    /// Whether something is due for an event of this kind, whether or not it
    /// fired a rule.
    fn wants(&self, category: Category) -> bool {
        let Outputs { archives, archives_json, firewall, .. } = self.outputs;
        archives || archives_json || firewall && category == Category::Firewall
    }

    /// Adds what is due for an event, whether or not it fired a rule.
    fn event(&mut self, time: &LocalTime, category: Category, event: &Alert<'_>, dialect: Dialect) {
        if self.outputs.firewall && category == Category::Firewall {
            self.firewall.append(time, |out| text::write_firewall(out, event));
        }
        if self.outputs.archives {
            self.archives.append(time, |out| text::write_archive(out, event));
        }
        if self.outputs.archives_json {
            self.archives_json.append(time, |out| match dialect {
                Dialect::Ossec => json::write_archive(out, event),
                Dialect::Wazuh => wazuh::write_archive(out, event),
            });
        }
    }

    fn all(&mut self) -> [&mut DailyFile; 5] {
        [
            &mut self.alerts,
            &mut self.alerts_json,
            &mut self.archives,
            &mut self.archives_json,
            &mut self.firewall,
        ]
    }

    fn flush(&mut self) -> io::Result<()> {
        self.all().into_iter().try_for_each(DailyFile::flush)
    }
}

impl<W: Write> Sink for AlertWriter<W> {
    fn judged(&mut self, event: &Event<'_>, verdict: &Verdict, court: &Court<'_, '_>) {
        self.count(event);
        self.dialect = court.image.dialect();
        let alerts = verdict.alerts(&court.image);
        let responses = self.responses(event, verdict);
        let is_filed = self.files.as_ref().is_some_and(|files| files.wants(event.category));
        let is_shown = alerts || responses.is_some() || is_filed;
        if !is_shown && self.statistics.is_none() {
            return;
        }
        let time = self.clock.local(event.now.epoch);
        let image = &court.image;
        let rule = verdict.rule.and_then(|row| image.rule(row));
        if let Some(log) = self.unusual(event, rule, &time)
            && let Some(rule) = image.find_rule(statistics::RULE).and_then(|row| image.rule(row))
            && rule.flags.get() & rule_flag::LOG != 0
        {
            let id = self.next_id(event);
            let mut alert = Alert::new(image, event, verdict, Vec::new(), id, time);
            (alert.rule, alert.fired, alert.log) = (Some(Rule::new(image, rule)), 0, log.as_bytes());
            self.alert(&alert);
        }
        // Most events are nobody's business from here on.
        if !is_shown {
            return;
        }
        let previous = court.previous(verdict);
        let id = if alerts || responses.is_some() { self.next_id(event) } else { AlertId::default() };
        let mut alert = Alert::new(image, event, verdict, previous, id, time);
        if alerts {
            self.alert(&alert);
        }
        if let (Some(bell), Some(responses)) = (&self.bell, responses) {
            bell.desk.occasion(Occasion::new(&responses, event, &alert));
        }
        if let Some(files) = &mut self.files {
            // The archives name only rules that counted.
            alert.rule = alert.rule.filter(|_| verdict.fate == Fate::Fired);
            files.event(&time, event.category, &alert, self.dialect);
        }
    }

    fn batch_done(&mut self, _ticket: Option<u64>) -> io::Result<()> {
        self.pulse.judged(self.counts.events, self.counts.fields_left_out);
        if let Some(files) = &mut self.files {
            files.flush()?;
            if self.live {
                let today = self.clock.local(epoch_now());
                files.all().into_iter().for_each(|file| file.close_before(&today));
            }
        }
        let due = if self.live { 1 } else { BUFFERED };
        if self.buffer.len() >= due { self.flush() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_no_file_is_for_is_not_put_into_words() {
        let none =
            Outputs { archives: false, archives_json: false, firewall: false, ..Outputs::everything() };
        let wants = |outputs: &Outputs, category| {
            let writer = AlertWriter::new(io::sink(), None).with_files(Path::new("/"), outputs.clone());
            writer.files.expect("there are files").wants(category)
        };
        assert!(!wants(&none, Category::Syslog) && !wants(&none, Category::Firewall));
        let firewall = Outputs { firewall: true, ..none.clone() };
        assert!(!wants(&firewall, Category::Syslog) && wants(&firewall, Category::Firewall));
        let archives = Outputs { archives: true, ..none.clone() };
        let archives_json = Outputs { archives_json: true, ..none };
        assert!(wants(&archives, Category::Syslog) && wants(&archives_json, Category::Syslog));
    }
}
