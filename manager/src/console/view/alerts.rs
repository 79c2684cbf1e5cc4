//! Which alerts there are, and all that is known of one.

use super::{beginning, text};
use crate::alert::{Alert, Entry};
use crate::mitre;
use crate::moment::written;
use crate::outputs::text::write_origin;
use crate::store::{Filter, Found, Reader, StoreError};
use bartizan_core::event::Field;
use schemars::JsonSchema;
use serde::Serialize;

/// Alerts of one page, unless it is asked otherwise, and at most.
pub const PAGE: usize = 50;
/// Alerts of one page at most.
pub const PAGE_MAX: usize = 100;

/// Characters of a log, a description, and of other texts in a list: a page
/// stays small whatever stands in logs.
const LOG_SHOWN: usize = 200;
const DESCRIPTION_SHOWN: usize = 160;
const TEXT_SHOWN: usize = 80;

/// Earlier alerts of the same source that are shown with one.
const EARLIER: usize = 10;

/// An alert in a list. Long texts are cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlertLine {
    /// Its number in the store: grows from alert to alert.
    pub seq: u64,
    /// Its number in alerts.log.
    pub id: String,
    /// When its event happened, seconds since 1970.
    pub time: i64,
    /// The same in local time of the manager: `2026-11-21 07:29:50`.
    pub local: String,
    /// The rule that fired.
    pub rule: u32,
    /// Its level.
    pub level: u16,
    /// What it says.
    pub description: String,
    /// Its groups.
    pub groups: Vec<String>,
    /// The agent, or the host.
    pub agent: String,
    /// Where the event came from.
    pub location: String,
    /// The source address.
    pub srcip: Option<String>,
    /// The user it is about.
    pub user: Option<String>,
    /// The log, its beginning.
    pub log: String,
    /// Whether the log is longer.
    pub is_cut: bool,
}

/// Alerts, newest first unless it was asked for those behind one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlertsPage {
    /// The alerts.
    pub alerts: Vec<AlertLine>,
    /// Older ones are asked for with `before` and this number; none if there
    /// are none.
    pub before: Option<u64>,
    /// Whether time was enough. Else further alerts are asked for with
    /// `searched_to` as `before` or `after`.
    pub complete: bool,
    /// The number of the last alert that was looked at, if time was over.
    pub searched_to: Option<u64>,
    /// When its event happened, seconds since 1970.
    pub searched_to_time: Option<i64>,
    /// The number of the last alert of all that is on disk.
    pub committed: u64,
}

/// A value with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// One alert, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlertWhole {
    /// What lists show of it.
    pub alert: AlertLine,
    /// The log, all of it.
    pub full_log: String,
    /// The host name.
    pub hostname: String,
    /// The program.
    pub program: Option<String>,
    /// The decoder that was chosen.
    pub decoder: Option<String>,
    /// The fields that it found.
    pub fields: Vec<Named>,
    /// Where the source address is: `ES / Madrid`.
    pub srcgeoip: Option<String>,
    /// Where the destination address is.
    pub dstgeoip: Option<String>,
    /// How many events the rule asks for; 0 for one.
    pub frequency: u16,
    /// How often the rule had fired.
    pub fired: u32,
    /// The rule's CVE number, further information and MITRE techniques.
    pub references: Vec<Named>,
    /// Logs of earlier events that made the rule fire, newest first.
    pub previous: Vec<String>,
    /// What has changed, for an output that is watched.
    pub difference: Option<String>,
    /// Earlier alerts of the same source address, else of the same user: some
    /// that are soon found.
    pub earlier: Vec<AlertLine>,
    /// The alert before it.
    pub older: Option<u64>,
    /// The alert behind it.
    pub newer: Option<u64>,
}

/// Alerts before a number, newest first: those that are found in the time
/// that the reader has.
pub fn page(
    reader: &mut Reader,
    filter: &Filter,
    before: Option<u64>,
    most: usize,
) -> Result<AlertsPage, StoreError> {
    let most = most.clamp(1, PAGE_MAX);
    let committed = reader.committed()?;
    let found = reader.look_back(before, filter, most + 1)?;
    let is_more = found.alerts.len() > most;
    let mut page = told(reader, found, committed)?;
    page.alerts.truncate(most);
    let last = page.alerts.last().filter(|_| is_more).map(|last| last.seq);
    Ok(AlertsPage { before: last.or(page.searched_to), ..page })
}

/// Alerts behind a number, oldest first: those that are found in the time that
/// the reader has.
pub fn behind(
    reader: &mut Reader,
    filter: &Filter,
    after: u64,
    most: usize,
) -> Result<AlertsPage, StoreError> {
    let committed = reader.committed()?;
    let found = reader.look_on(after, filter, most.clamp(1, PAGE_MAX))?;
    told(reader, found, committed)
}

/// What was found, and how far was looked for it.
fn told(reader: &mut Reader, found: Found, committed: u64) -> Result<AlertsPage, StoreError> {
    let Found { alerts, searched_to } = found;
    let last = match searched_to {
        Some(seq) => reader.look_back(Some(seq.saturating_add(1)), &Filter::default(), 1)?.alerts.pop(),
        None => None,
    };
    Ok(AlertsPage {
        alerts: alerts.iter().map(line).collect(),
        before: None,
        complete: searched_to.is_none(),
        searched_to,
        searched_to_time: last.map(|last| last.alert().id.epoch),
        committed,
    })
}

/// All of one alert; none if it is not there.
pub fn whole(reader: &mut Reader, seq: u64) -> Result<Option<AlertWhole>, StoreError> {
    let all = Filter::default();
    let near = reader.page(Some(seq.saturating_add(1)), &all, 2)?;
    let Some((entry, before)) = near.split_first().filter(|(entry, _)| entry.seq == seq) else {
        return Ok(None);
    };
    let newer = reader.after(seq, &all, 1)?.first().map(|entry| entry.seq);
    let alert = entry.alert();
    let earlier = match like(&alert) {
        Some(filter) => reader.look_back(Some(seq), &filter, EARLIER)?.alerts.iter().map(line).collect(),
        None => Vec::new(),
    };
    let rule = alert.rule.unwrap_or_default();
    Ok(Some(AlertWhole {
        alert: line(entry),
        full_log: text(alert.log),
        hostname: text(alert.hostname),
        program: alert.program_name.map(text),
        decoder: alert.decoder.map(|decoder| text(decoder.name)).filter(|name| !name.is_empty()),
        fields: fields(&alert),
        srcgeoip: alert.field(Field::SrcGeo).map(text),
        dstgeoip: alert.field(Field::DstGeo).map(text),
        frequency: rule.frequency,
        fired: alert.fired,
        references: references(&alert),
        previous: alert.previous.iter().map(|log| text(log)).collect(),
        difference: alert.difference(),
        earlier,
        older: before.first().map(|entry| entry.seq),
        newer,
    }))
}

/// Alerts of the same source address, else of the same user.
fn like(alert: &Alert<'_>) -> Option<Filter> {
    let known = |field| alert.field(field).filter(|value| !value.is_empty()).map(text);
    if let Some(srcip) = known(Field::SrcIp) {
        return Some(Filter { srcip: Some(srcip), ..Filter::default() });
    }
    let user = known(Field::SrcUser).or_else(|| known(Field::DstUser))?;
    Some(Filter { user: Some(user), ..Filter::default() })
}

/// What a list shows of an alert.
pub fn line(entry: &Entry) -> AlertLine {
    let alert = entry.alert();
    let rule = alert.rule.unwrap_or_default();
    let short = |bytes: &[u8]| beginning(bytes, TEXT_SHOWN).0;
    let field = |field| alert.field(field).filter(|value| !value.is_empty()).map(short);
    let mut origin = Vec::new();
    write_origin(&mut origin, &alert);
    let (log, is_cut) = beginning(alert.log, LOG_SHOWN);
    AlertLine {
        seq: entry.seq,
        id: alert.id.to_string(),
        time: alert.id.epoch,
        local: written(alert.id.epoch),
        rule: rule.id,
        level: rule.level,
        description: beginning(&alert.description(), DESCRIPTION_SHOWN).0,
        groups: rule.groups().take(GROUPS_SHOWN).map(|group| short(group.trim_ascii())).collect(),
        agent: short(alert.agent_name()),
        location: short(&origin),
        srcip: field(Field::SrcIp),
        user: field(Field::DstUser).or_else(|| field(Field::SrcUser)),
        log,
        is_cut,
    }
}

/// Groups of a rule that are shown.
const GROUPS_SHOWN: usize = 16;

fn fields(alert: &Alert<'_>) -> Vec<Named> {
    let is_found = |field: &Field| !matches!(field, Field::SrcGeo | Field::DstGeo);
    let fixed = Field::ALL.into_iter().filter(is_found).filter_map(|field| {
        let value = text(alert.field(field)?);
        Some(Named { name: field.label().to_owned(), value })
    });
    let dynamic = alert.dynamic.iter().map(|(name, value)| Named { name: text(name), value: text(value) });
    fixed.chain(dynamic).collect()
}

fn references(alert: &Alert<'_>) -> Vec<Named> {
    let rule = alert.rule.unwrap_or_default();
    let groups = rule.groups().filter_map(mitre::of_group).map(ToString::to_string);
    let techniques = [mitre::titles(rule.mitre)].into_iter().filter(|ids| !ids.is_empty()).chain(groups);
    let techniques = techniques.collect::<Vec<_>>().join(", ");
    let all = [("CVE", text(rule.cve)), ("Information", text(rule.info)), ("MITRE ATT&CK", techniques)];
    let known = all.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(name, value)| Named { name: name.to_owned(), value }).collect()
}

#[cfg(test)]
mod tests;
