//! `<dshield>` and `<share>`: who else is told of refused packets.
//!
//! Nothing is sent by a default: whoever is told, as whom, and the consent to
//! it stand there, written by a person.

mod values;

pub(crate) use values::{is_authkey, is_plain_address};

use super::integration::http::{header_value, url};
use super::integration::{certificates, id};
use super::reading::{Reading, value_span};
use super::{Place, Secret};
use crate::sharing::ports::PortList;
use crate::xml::Element;
use bartizan_core::respond::network::Network;
use jiff::tz::TimeZone;
use std::path::PathBuf;
use values::{address, authkey, categories, firewall, interval, log, network, plain, ports, timezone, word};

/// Sections that one configuration may have.
pub(super) const SHARES_MAX: usize = 8;

/// Logs, networks or firewalls of one section.
const ENTRIES_MAX: usize = 256;

/// Seconds between two rounds at least, and unless it is said.
const INTERVAL_S: u32 = 3600;

/// The same for AbuseIPDB, which takes few files a day.
const BULK_INTERVAL_S: u32 = 6 * 3600;

/// Lines of one round, unless it is said, and at most.
pub const LINES: u32 = 100_000;
/// Lines of one mail or request, unless it is said.
pub const SPLIT: u32 = 5_000;

/// One `<dshield>` or `<share>`.
#[derive(Clone, Debug)]
pub struct Sharing {
    /// What it is called: `dshield`, unless it is said.
    pub id: String,
    /// Who is told, and as whom.
    pub told: ToldTo,
    /// `consent`: somebody has agreed to it.
    pub consent: bool,
    /// `log`: what is read, with the zone of its times; the manager's own
    /// `firewall.log` if there is none.
    pub logs: Vec<(PathBuf, Option<TimeZone>)>,
    /// `timezone`: of all logs that do not say another.
    pub zone: Option<TimeZone>,
    /// `firewall`: names with their zones.
    pub devices: Vec<(String, TimeZone)>,
    /// `ports`.
    pub ports: PortList,
    /// `own_network`.
    pub own: Vec<Network>,
    /// `never_report`.
    pub never: Vec<Network>,
    /// `obfuscate`.
    pub obfuscate: bool,
    /// `interval`, in seconds.
    pub interval_s: u32,
    /// `max_lines`.
    pub max_lines: u32,
    /// `split`.
    pub split: u32,
    /// `tls_ca`.
    pub tls_ca: Option<PathBuf>,
    /// Where it is configured.
    pub place: Place,
}

/// Who is told, and as whom.
#[derive(Clone, Debug)]
pub enum ToldTo {
    /// DShield, by mail.
    DShieldMail {
        /// `user_id`.
        user_id: u32,
        /// `from`.
        from: String,
        /// `to`; the service's own address unless it is said.
        to: Option<String>,
        /// `authkey`.
        authkey: Option<Secret>,
    },
    /// DShield, over HTTP.
    DShieldHttp {
        /// `user_id`.
        user_id: u32,
        /// `api_key`.
        api_key: Secret,
        /// `url`; the service's own unless it is said.
        url: Option<Secret>,
    },
    /// AbuseIPDB.
    AbuseIpDb {
        /// `api_key`.
        api_key: Secret,
        /// `url`.
        url: Option<Secret>,
        /// `categories`, numbers with commas between.
        categories: String,
    },
    /// Blocklist.de.
    BlocklistDe {
        /// `server`: the address of the server that is registered there.
        reporter: String,
        /// `api_key`.
        api_key: Secret,
        /// `url`.
        url: Option<Secret>,
        /// `service`.
        service: String,
    },
    /// Any web server.
    Webhook {
        /// `url`.
        url: Secret,
        /// `api_key`.
        api_key: Option<Secret>,
    },
}

/// Options of both sections.
const COMMON: [&str; 14] = [
    "id",
    "consent",
    "log",
    "timezone",
    "firewall",
    "ports",
    "own_network",
    "never_report",
    "obfuscate",
    "interval",
    "max_lines",
    "split",
    "url",
    "tls_ca",
];

const OF_DSHIELD: [&str; 6] = ["user_id", "from", "to", "authkey", "api_key", "method"];

const OF_SHARE: [&str; 5] = ["name", "api_key", "categories", "server", "service"];

/// Services of `<share>`.
const NAMES: [&str; 3] = ["abuseipdb", "blocklist_de", "webhook"];

#[derive(Default)]
struct Parts {
    id: Option<String>,
    name: Option<String>,
    method: Option<String>,
    consent: bool,
    user_id: Option<u32>,
    from: Option<String>,
    to: Option<String>,
    authkey: Option<Secret>,
    api_key: Option<Secret>,
    url: Option<Secret>,
    tls_ca: Option<PathBuf>,
    reporter: Option<String>,
    service: Option<String>,
    categories: Option<String>,
    logs: Vec<(PathBuf, Option<TimeZone>)>,
    zone: Option<TimeZone>,
    devices: Vec<(String, TimeZone)>,
    ports: PortList,
    own: Vec<Network>,
    never: Vec<Network>,
    obfuscate: bool,
    interval_s: Option<u32>,
    max_lines: Option<u32>,
    split: Option<u32>,
    /// Something was wrong and is reported.
    flawed: bool,
}

impl Sharing {
    /// Reads one section; `None` if it cannot be used, which is reported.
    pub(super) fn read(reading: &mut Reading<'_>, section: &Element) -> Option<Self> {
        let mut parts = Parts::default();
        for option in &section.children {
            parts.take(reading, section, option);
        }
        let told = match section.name.as_str() {
            "dshield" => parts.dshield(reading, section),
            _ => parts.share(reading, section),
        };
        if !parts.consent {
            let help = "nothing is sent before you agree that logs go to others: <consent>yes</consent>";
            reading.warning(section.name_span, format!("<{}> has no consent", section.name), help);
        }
        let is_bulk = matches!(told, Some(ToldTo::AbuseIpDb { .. }));
        let told = told.filter(|_| !parts.flawed)?;
        let name = parts.name.unwrap_or_else(|| "dshield".to_owned());
        Some(Self {
            id: parts.id.unwrap_or(name),
            told,
            consent: parts.consent,
            logs: parts.logs,
            zone: parts.zone,
            devices: parts.devices,
            ports: parts.ports,
            own: parts.own,
            never: parts.never,
            obfuscate: parts.obfuscate,
            interval_s: parts.interval_s.unwrap_or(if is_bulk { BULK_INTERVAL_S } else { INTERVAL_S }),
            max_lines: parts.max_lines.unwrap_or(LINES),
            split: parts.split.unwrap_or(SPLIT),
            tls_ca: parts.tls_ca,
            place: reading.place(section.name_span),
        })
    }
}

impl Parts {
    fn take(&mut self, reading: &mut Reading<'_>, section: &Element, option: &Element) {
        let attributes: &[&str] = match option.name.as_str() {
            "authkey" | "api_key" | "url" => &["file"],
            "log" => &["timezone"],
            "firewall" => &["name", "timezone"],
            _ => &[],
        };
        reading.only_attributes(option, attributes);
        let name = option.name.as_str();
        let of_section: &[&str] = if section.name == "dshield" { &OF_DSHIELD } else { &OF_SHARE };
        if !COMMON.contains(&name) && !of_section.contains(&name) {
            self.flawed = true;
            let known: Vec<_> = COMMON.iter().chain(of_section).copied().collect();
            return reading.other_option(section, option, &known, &[]);
        }
        let taken = self.take_common(reading, option).or_else(|| self.take_own(reading, option));
        self.flawed |= taken != Some(true);
    }

    /// `None` if it is no common option; false if it is wrong.
    fn take_common(&mut self, reading: &mut Reading<'_>, option: &Element) -> Option<bool> {
        Some(match option.name.as_str() {
            "id" => set(&mut self.id, id(reading, option)),
            "consent" => is_set(&mut self.consent, reading.yes_or_no(option)),
            "obfuscate" => is_set(&mut self.obfuscate, reading.yes_or_no(option)),
            "log" => push(&mut self.logs, log(reading, option)),
            "timezone" => set(&mut self.zone, timezone(reading, option)),
            "firewall" => push(&mut self.devices, firewall(reading, option)),
            "ports" => is_set(&mut self.ports, ports(reading, option)),
            "own_network" => push(&mut self.own, network(reading, option)),
            "never_report" => push(&mut self.never, network(reading, option)),
            "interval" => set(&mut self.interval_s, interval(reading, option)),
            "max_lines" => set(&mut self.max_lines, reading.number(option, 1..=LINES)),
            "split" => set(&mut self.split, reading.number(option, 2_000..=20_000)),
            "url" => set(&mut self.url, url(reading, option)),
            "tls_ca" => set(&mut self.tls_ca, certificates(reading, option)),
            _ => return None,
        })
    }

    fn take_own(&mut self, reading: &mut Reading<'_>, option: &Element) -> Option<bool> {
        Some(match option.name.as_str() {
            "user_id" => set(&mut self.user_id, reading.number(option, 0..=u32::MAX)),
            "from" => set(&mut self.from, address(reading, option)),
            "to" => set(&mut self.to, address(reading, option)),
            "authkey" => set(&mut self.authkey, authkey(reading, option)),
            "api_key" => set(&mut self.api_key, header_value(reading, option)),
            "method" => set(&mut self.method, word(reading, option, &["mail", "http"])),
            "name" => set(&mut self.name, word(reading, option, &NAMES)),
            "categories" => set(&mut self.categories, categories(reading, option)),
            "server" => set(&mut self.reporter, plain(reading, option)),
            "service" => set(&mut self.service, plain(reading, option)),
            _ => return None,
        })
    }

    /// What DShield needs.
    fn dshield(&mut self, reading: &mut Reading<'_>, section: &Element) -> Option<ToldTo> {
        let is_http = self.method.as_deref() == Some("http");
        needs(reading, section, "user_id", "the number that DShield knows you by; 0 for nobody");
        match is_http {
            true => needs(
                reading,
                section,
                "api_key",
                "the key of your account: <api_key file=\"etc/dshield.key\"/>",
            ),
            false => needs(reading, section, "from", "the address that is registered with your number"),
        }
        let user_id = self.user_id?;
        if is_http {
            return Some(ToldTo::DShieldHttp {
                user_id,
                api_key: self.api_key.take()?,
                url: self.url.take(),
            });
        }
        let (from, to, authkey) = (self.from.take()?, self.to.take(), self.authkey.take());
        Some(ToldTo::DShieldMail { user_id, from, to, authkey })
    }

    /// What the others need.
    fn share(&mut self, reading: &mut Reading<'_>, section: &Element) -> Option<ToldTo> {
        needs(reading, section, "name", "who is told: abuseipdb, blocklist_de or webhook");
        match self.name.as_deref()? {
            "abuseipdb" => {
                needs(reading, section, "api_key", "the key of your account");
                let categories = self.categories.take().unwrap_or_else(|| "14".to_owned());
                Some(ToldTo::AbuseIpDb { api_key: self.api_key.take()?, url: self.url.take(), categories })
            }
            "blocklist_de" => {
                needs(reading, section, "api_key", "the key of your server");
                needs(reading, section, "server", "the address or the number of your server there");
                let service = self.service.take().unwrap_or_else(|| "firewall".to_owned());
                let (reporter, api_key) = (self.reporter.take()?, self.api_key.take()?);
                Some(ToldTo::BlocklistDe { reporter, api_key, url: self.url.take(), service })
            }
            _ => {
                needs(reading, section, "url", "the address of your web server");
                Some(ToldTo::Webhook { url: self.url.take()?, api_key: self.api_key.take() })
            }
        }
    }
}

/// Reports an option that is missing. One that is there and wrong is reported
/// already.
fn needs(reading: &mut Reading<'_>, section: &Element, option: &str, what: &str) {
    if !section.children.iter().any(|child| child.name == option) {
        let message = format!("<{}> has no <{option}>", section.name);
        reading.error(section.name_span, message, format!("add <{option}>…</{option}>: {what}"));
    }
}

fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let is_value = value.is_some();
    *slot = value.or(slot.take());
    is_value
}

fn is_set<T>(slot: &mut T, value: Option<T>) -> bool {
    value.map(|value| *slot = value).is_some()
}

fn push<T>(list: &mut Vec<T>, value: Option<T>) -> bool {
    let is_taken = value.is_some() && list.len() < ENTRIES_MAX;
    list.extend(value.filter(|_| is_taken));
    is_taken
}
