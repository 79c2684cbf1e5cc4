//! `<global>` and `<alerts>`: switches and numbers for the whole manager.

use super::email::Email;
use super::reading::{Reading, value_span};
use super::rule_files::{ListedFile, add_file};
use super::sections::{ALERTS_UNUSED, GLOBAL_UNUSED};
use crate::diagnose::Span;
use crate::xml::Element;

/// What `<global>` says (OSSEC 4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Global {
    /// `logall`: every event goes to the archive.
    pub logall: bool,
    /// `logall_json`: every event goes to the JSON archive.
    pub logall_json: bool,
    /// `jsonout_output`: alerts are also written as JSON.
    pub jsonout_output: bool,
    /// `custom_alert_output`: the layout of an alert, instead of the usual one.
    pub custom_alert_output: Option<Vec<u8>>,
    /// `alert_store`: alerts are kept to be found again and sent on. Not of OSSEC.
    pub alert_store: bool,
    /// Where that is said.
    pub(super) alert_store_span: Option<Span>,
    /// `alert_store_days`: how many days are kept, 1 to 36500. Not of OSSEC.
    pub alert_store_days: u32,
    /// `alert_store_mb`: MiB on disk that are kept, 16 to 100 million. Not of OSSEC.
    pub alert_store_mb: u32,
    /// `stats`: level of the alert for unusual numbers of events; 0 is off.
    pub stats_level: u16,
    /// `memory_size`: events that correlation remembers.
    pub memory_size: u32,
    /// `packet_events`: packets that no decoder fits are events all the same. Not of OSSEC.
    pub packet_events: bool,
    /// `allow_list` and `white_list`: addresses that are never blocked, as written.
    pub allow_list: Vec<String>,
    /// `geoip_db_path`, `geoip6_db_path` and Wazuh's `geoipdb`: databases of
    /// places, in MaxMind's format.
    pub places: Vec<ListedFile>,
    /// The options for mail.
    pub email: Email,
}

/// What `<alerts>` says (OSSEC 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alerts {
    /// Level from which an alert is written.
    pub log_alert_level: u16,
    /// Level from which an alert is mailed.
    pub email_alert_level: u16,
}

/// Events that correlation remembers at least and at most.
pub const MEMORY_SIZE: std::ops::RangeInclusive<u32> = 2048..=1_000_000;

/// Levels go to 16, but rules may say more, and so may these.
const LEVEL_MAX: u32 = 9999;

const GLOBAL: [&str; 31] = [
    "logall",
    "logall_json",
    "jsonout_output",
    "custom_alert_output",
    "alert_store",
    "alert_store_days",
    "alert_store_mb",
    "stats",
    "memory_size",
    "packet_events",
    "white_list",
    "allow_list",
    "geoip_db_path",
    "geoip6_db_path",
    "geoipdb",
    "email_notification",
    "email_to",
    "email_from",
    "email_reply_to",
    "email_idsname",
    "smtp_server",
    "helo_server",
    "email_maxperhour",
    "auth_smtp",
    "auth_without_tls",
    "secure_smtp",
    "smtp_tls_verify",
    "smtp_tls_ca",
    "smtp_user",
    "smtp_password",
    "smtp_port",
];

impl Default for Global {
    fn default() -> Self {
        Self {
            logall: false,
            logall_json: false,
            jsonout_output: false,
            custom_alert_output: None,
            alert_store: true,
            alert_store_span: None,
            alert_store_days: 90,
            alert_store_mb: 10 << 10,
            stats_level: 4,
            memory_size: 8192,
            packet_events: false,
            allow_list: Vec::new(),
            places: Vec::new(),
            email: Email::default(),
        }
    }
}

impl Default for Alerts {
    fn default() -> Self {
        Self { log_alert_level: 1, email_alert_level: 7 }
    }
}

impl Global {
    /// Reads one `<global>`; what it does not say stays.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, section: &Element) {
        for option in &section.children {
            reading.only_attributes(option, if option.name == "smtp_password" { &["file"] } else { &[] });
            match option.name.as_str() {
                "logall" => set(&mut self.logall, reading.yes_or_no(option)),
                "logall_json" => set(&mut self.logall_json, reading.yes_or_no(option)),
                "jsonout_output" => set(&mut self.jsonout_output, reading.yes_or_no(option)),
                "custom_alert_output" => self.custom_alert_output = Some(option.text.clone()),
                "alert_store" => {
                    set(&mut self.alert_store, reading.yes_or_no(option));
                    self.alert_store_span = Some(value_span(option));
                }
                "alert_store_days" => set(&mut self.alert_store_days, reading.number(option, 1..=36_500)),
                "alert_store_mb" => set(&mut self.alert_store_mb, reading.number(option, 16..=100_000_000)),
                "stats" => set(&mut self.stats_level, level(reading, option)),
                "memory_size" => set(&mut self.memory_size, memory_size(reading, option)),
                "packet_events" => set(&mut self.packet_events, reading.yes_or_no(option)),
                "white_list" | "allow_list" => self.allow_list.extend(reading.text(option)),
                "geoip_db_path" | "geoip6_db_path" | "geoipdb" => {
                    add_file(&mut self.places, reading, option, |name| name);
                }
                _ if self.email.take(reading, option) => {}
                _ => reading.other_option(section, option, &GLOBAL, &GLOBAL_UNUSED),
            }
        }
    }
}

impl Alerts {
    /// Reads one `<alerts>`; what it does not say stays.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, section: &Element) {
        for option in &section.children {
            reading.only_attributes(option, &[]);
            match option.name.as_str() {
                "log_alert_level" => set(&mut self.log_alert_level, level(reading, option)),
                "email_alert_level" => set(&mut self.email_alert_level, level(reading, option)),
                _ => {
                    let used = ["log_alert_level", "email_alert_level"];
                    reading.other_option(section, option, &used, &ALERTS_UNUSED);
                }
            }
        }
    }
}

fn set<T>(option: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *option = value;
    }
}

fn level(reading: &mut Reading<'_>, option: &Element) -> Option<u16> {
    reading.number(option, 0..=LEVEL_MAX).map(|level| level as u16)
}

/// OSSEC 4.3 takes fewer events than it needs for its least number.
fn memory_size(reading: &mut Reading<'_>, option: &Element) -> Option<u32> {
    let size = reading.number(option, 0..=*MEMORY_SIZE.end())?;
    let least = *MEMORY_SIZE.start();
    if size < least {
        let span = value_span(option);
        reading.warning(span, format!("at least {least} events are remembered"), format!("{least} is used"));
    }
    Some(size.max(least))
}
