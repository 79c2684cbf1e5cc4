//! `<global>` and `<alerts>`: switches and numbers for the whole manager.

use super::reading::Reading;
use super::sections::{ALERTS_UNUSED, GLOBAL_UNUSED};
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
    /// `alert_store_days`: how many days are kept, 1 to 36500. Not of OSSEC.
    pub alert_store_days: u32,
    /// `alert_store_mb`: MiB on disk that are kept, 16 to 100 million. Not of OSSEC.
    pub alert_store_mb: u32,
    /// `stats`: level of the alert for unusual numbers of events; 0 is off.
    pub stats_level: u16,
    /// `memory_size`: events that correlation remembers.
    pub memory_size: u32,
    /// `allow_list` and `white_list`: addresses that are never blocked, as written.
    pub allow_list: Vec<String>,
    /// The options for mail.
    pub email: Email,
}

/// What `<global>` says about mail. Kept for what sends mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// `email_notification`.
    pub notification: bool,
    /// `email_to`, in order.
    pub to: Vec<String>,
    /// `email_from`.
    pub from: Option<String>,
    /// `email_reply_to`.
    pub reply_to: Option<String>,
    /// `email_idsname`.
    pub ids_name: Option<String>,
    /// `smtp_server`; a path is a program that takes mail.
    pub smtp_server: Option<String>,
    /// `helo_server`.
    pub helo_server: Option<String>,
    /// `email_maxperhour`, 1 to 9999.
    pub max_per_hour: u32,
    /// `auth_smtp`.
    pub auth_smtp: bool,
    /// `secure_smtp`.
    pub secure_smtp: bool,
    /// `smtp_tls_verify`.
    pub smtp_tls_verify: bool,
    /// `smtp_user`.
    pub smtp_user: Option<String>,
    /// `smtp_password`.
    pub smtp_password: Option<String>,
    /// `smtp_port`.
    pub smtp_port: Option<u16>,
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

const GLOBAL: [&str; 25] = [
    "logall",
    "logall_json",
    "jsonout_output",
    "custom_alert_output",
    "alert_store",
    "alert_store_days",
    "alert_store_mb",
    "stats",
    "memory_size",
    "white_list",
    "allow_list",
    "email_notification",
    "email_to",
    "email_from",
    "email_reply_to",
    "email_idsname",
    "smtp_server",
    "helo_server",
    "email_maxperhour",
    "auth_smtp",
    "secure_smtp",
    "smtp_tls_verify",
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
            alert_store_days: 90,
            alert_store_mb: 10 << 10,
            stats_level: 4,
            memory_size: 8192,
            allow_list: Vec::new(),
            email: Email::default(),
        }
    }
}

impl Default for Email {
    fn default() -> Self {
        Self {
            notification: false,
            to: Vec::new(),
            from: None,
            reply_to: None,
            ids_name: None,
            smtp_server: None,
            helo_server: None,
            max_per_hour: 12,
            auth_smtp: false,
            secure_smtp: false,
            smtp_tls_verify: true,
            smtp_user: None,
            smtp_password: None,
            smtp_port: None,
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
            reading.only_attributes(option, &[]);
            match option.name.as_str() {
                "logall" => set(&mut self.logall, reading.yes_or_no(option)),
                "logall_json" => set(&mut self.logall_json, reading.yes_or_no(option)),
                "jsonout_output" => set(&mut self.jsonout_output, reading.yes_or_no(option)),
                "custom_alert_output" => self.custom_alert_output = Some(option.text.clone()),
                "alert_store" => set(&mut self.alert_store, reading.yes_or_no(option)),
                "alert_store_days" => set(&mut self.alert_store_days, reading.number(option, 1..=36_500)),
                "alert_store_mb" => set(&mut self.alert_store_mb, reading.number(option, 16..=100_000_000)),
                "stats" => set(&mut self.stats_level, level(reading, option)),
                "memory_size" => set(&mut self.memory_size, memory_size(reading, option)),
                "white_list" | "allow_list" => self.allow_list.extend(reading.text(option)),
                _ => self.email.take(reading, section, option),
            }
        }
    }
}

impl Email {
    fn take(&mut self, reading: &mut Reading<'_>, section: &Element, option: &Element) {
        match option.name.as_str() {
            "email_notification" => set(&mut self.notification, reading.yes_or_no(option)),
            "email_to" => self.to.extend(reading.text(option)),
            "email_from" => self.from = reading.text(option),
            "email_reply_to" => self.reply_to = reading.text(option),
            "email_idsname" => self.ids_name = reading.text(option),
            "smtp_server" => self.smtp_server = reading.text(option),
            "helo_server" => self.helo_server = reading.text(option),
            "email_maxperhour" => set(&mut self.max_per_hour, reading.number(option, 1..=9999)),
            "auth_smtp" => set(&mut self.auth_smtp, reading.yes_or_no(option)),
            "secure_smtp" => set(&mut self.secure_smtp, reading.yes_or_no(option)),
            "smtp_tls_verify" => set(&mut self.smtp_tls_verify, reading.yes_or_no(option)),
            "smtp_user" => self.smtp_user = reading.text(option),
            "smtp_password" => self.smtp_password = reading.text(option),
            "smtp_port" => self.smtp_port = reading.number(option, 1..=65535).map(|port| port as u16),
            _ => reading.other_option(section, option, &GLOBAL, &GLOBAL_UNUSED),
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
        let span = super::reading::value_span(option);
        reading.warning(span, format!("at least {least} events are remembered"), format!("{least} is used"));
    }
    Some(size.max(least))
}
