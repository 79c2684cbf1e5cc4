//! The values of single options.

use super::{INTERVAL_S, Reading, Secret, value_span};
use crate::config::email::is_address;
use crate::config::notification::seconds;
use crate::diagnose::suggest;
use crate::sharing::ports::PortList;
use crate::sharing::zone;
use crate::xml::Element;
use bartizan_core::respond::network::Network;
use jiff::tz::TimeZone;
use std::path::PathBuf;

pub(super) fn log(reading: &mut Reading<'_>, option: &Element) -> Option<(PathBuf, Option<TimeZone>)> {
    let path = reading.home.path(reading.text(option)?);
    match option.attribute("timezone") {
        None => Some((path, None)),
        Some(attribute) => {
            let zone = zone::read(&attribute.value_lossy());
            if zone.is_none() {
                reading.error(
                    attribute.value_span,
                    format!("`{}` is no time zone", attribute.value_lossy()),
                    ZONE,
                );
            }
            zone.map(|zone| (path, Some(zone)))
        }
    }
}

const ZONE: &str = "write Europe/Berlin, UTC or +01:00";

pub(super) fn timezone(reading: &mut Reading<'_>, option: &Element) -> Option<TimeZone> {
    let text = reading.text(option)?;
    let zone = zone::read(&text);
    if zone.is_none() {
        reading.error(value_span(option), format!("`{text}` is no time zone"), ZONE);
    }
    zone
}

/// `<firewall name="gw-tokyo" timezone="Asia/Tokyo"/>`.
pub(super) fn firewall(reading: &mut Reading<'_>, option: &Element) -> Option<(String, TimeZone)> {
    let text = |name: &str| option.attribute(name).map(|attribute| attribute.value_lossy().into_owned());
    let (name, zone) = (text("name"), text("timezone").and_then(|text| zone::read(&text)));
    let found = name.filter(|name| !name.is_empty()).zip(zone);
    if found.is_none() {
        let help = "write <firewall name=\"gw-tokyo\" timezone=\"Asia/Tokyo\"/>";
        reading.error(option.name_span, "<firewall> takes a name and a time zone", help);
    }
    found
}

pub(super) fn ports(reading: &mut Reading<'_>, option: &Element) -> Option<PortList> {
    let text = reading.text(option)?;
    match PortList::parse(&text) {
        Ok(ports) => Some(ports),
        Err(why) => {
            let help = "plain ports mean only these, those with `!` not these: 1-1024,!22";
            reading.error(value_span(option), why.to_string(), help);
            None
        }
    }
}

pub(super) fn network(reading: &mut Reading<'_>, option: &Element) -> Option<Network> {
    let text = reading.text(option)?;
    let network = Network::parse(text.trim());
    if network.is_none() {
        let help = "write 192.0.2.0/24, 2001:db8::/32, or one address";
        reading.error(value_span(option), format!("`{text}` is no network"), help);
    }
    network
}

pub(super) fn interval(reading: &mut Reading<'_>, option: &Element) -> Option<u32> {
    let found = seconds(&option.text).filter(|seconds| *seconds >= INTERVAL_S);
    if found.is_none() {
        let help = "write 1h, 90m or 24h: these services ask to be told at most once an hour";
        reading.error(value_span(option), "<interval> takes a time from 1h to 24h", help);
    }
    found
}

/// An address that needs nothing special of a mail server.
pub(super) fn address(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    if is_plain_address(&text) {
        return Some(text);
    }
    let help = "write it as me@example.com, in plain letters, without a name or blanks";
    reading.error(value_span(option), format!("`{text}` is not a mail address"), help);
    None
}

/// Whether this is an address that every mail server understands.
pub(crate) fn is_plain_address(text: &str) -> bool {
    is_address(text) && text.is_ascii() && text.contains('@')
}

/// A key that can stand in a subject.
pub(super) fn authkey(reading: &mut Reading<'_>, option: &Element) -> Option<Secret> {
    let key = Secret::read(reading, option)?;
    if is_authkey(key.reveal()) {
        return Some(key);
    }
    reading.error(
        option.name_span,
        "<authkey> takes letters and digits, without blanks",
        "copy it from your account",
    );
    None
}

/// Whether a key can stand in a subject: one word.
pub(crate) fn is_authkey(key: &str) -> bool {
    (1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

pub(super) fn word(reading: &mut Reading<'_>, option: &Element, known: &[&str]) -> Option<String> {
    let text = reading.text(option)?;
    if known.contains(&text.as_str()) {
        return Some(text);
    }
    let help = match suggest(&text, known) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("write one of {}", known.join(", ")),
    };
    reading.error(value_span(option), format!("<{}> cannot be `{text}`", option.name), help);
    None
}

/// `14` or `14,18`.
pub(super) fn categories(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    let is_number =
        |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if text.split(',').all(is_number) {
        return Some(text);
    }
    reading.error(
        value_span(option),
        format!("`{text}` are no categories"),
        "write numbers with commas: 14,18",
    );
    None
}

pub(super) fn plain(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    if text.len() <= 254 && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(text);
    }
    reading.error(value_span(option), format!("<{}> takes one word", option.name), "write it without blanks");
    None
}
