//! `<notification>`: how much people want to hear, and when.
//!
//! The section holds for all destinations that people read; the same options
//! in the section of a destination go before it. `no` switches one off.

use super::reading::{Reading, number, value_span};
use crate::xml::Element;

/// Names of the options that `Terms::take` knows.
pub const OPTIONS: [&str; 6] = ["max_per_hour", "quiet_hours", "deduplicate", "storm", "digest", "grouping"];

/// Alerts that make a storm, at most.
pub const STORM_MAX: u32 = 1000;

/// Seconds that a window may be long: a day.
const WINDOW_MAX_S: u32 = 86_400;

/// Seconds in which so many alerts are a storm, without saying.
const STORM_S: u32 = 60;

/// When a destination is told; what is `None` is not said, and then off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// `max_per_hour`: parcels from one full hour (UTC) to the next; 0 for
    /// any number.
    pub max_per_hour: Option<u32>,
    /// `quiet_hours`.
    pub quiet_hours: Option<QuietHours>,
    /// `deduplicate`: seconds for which equal alerts are counted; 0 for not.
    pub deduplicate_s: Option<u32>,
    /// `storm`.
    pub storm: Option<Storm>,
    /// `digest`: seconds between two digests of one storm.
    pub digest_s: Option<u32>,
    /// `grouping`: seconds without an alert after which those that wait go
    /// together; 0 for at once.
    pub grouping_s: Option<u32>,
}

/// Local time in which only what is urgent is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuietHours {
    /// Minute of the day with which they begin.
    pub from: u16,
    /// Minute of the day with which they are over; the same for no quiet
    /// hours, an earlier one for the next day.
    pub until: u16,
    /// Alerts of this level and higher go all the same.
    pub level: u16,
}

/// How many alerts are too many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Storm {
    /// More than so many; 0 for never.
    pub alerts: u32,
    /// In so many seconds.
    pub within_s: u32,
}

impl Terms {
    /// What is said here, and else what `other` says.
    pub fn or(self, other: &Self) -> Self {
        Self {
            max_per_hour: self.max_per_hour.or(other.max_per_hour),
            quiet_hours: self.quiet_hours.or(other.quiet_hours),
            deduplicate_s: self.deduplicate_s.or(other.deduplicate_s),
            storm: self.storm.or(other.storm),
            digest_s: self.digest_s.or(other.digest_s),
            grouping_s: self.grouping_s.or(other.grouping_s),
        }
    }

    /// Reads one `<notification>`.
    pub(super) fn section(&mut self, reading: &mut Reading<'_>, section: &Element) {
        for option in &section.children {
            if !self.take(reading, option) {
                reading.other_option(section, option, &OPTIONS, &[]);
            }
        }
    }

    /// Reads an option of a section, if it is one of [`OPTIONS`]; says whether
    /// it was. Problems are reported.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, option: &Element) -> bool {
        match option.name.as_str() {
            "max_per_hour" => self.max_per_hour = max_per_hour(reading, option).or(self.max_per_hour),
            "quiet_hours" => self.quiet_hours = quiet_hours(reading, option).or(self.quiet_hours),
            "deduplicate" => self.deduplicate_s = span_or_no(reading, option).or(self.deduplicate_s),
            "storm" => self.storm = storm(reading, option).or(self.storm),
            "digest" => self.digest_s = span(reading, option).or(self.digest_s),
            "grouping" => self.grouping_s = span_or_no(reading, option).or(self.grouping_s),
            _ => return false,
        }
        true
    }
}

fn max_per_hour(reading: &mut Reading<'_>, option: &Element) -> Option<u32> {
    reading.only_attributes(option, &[]);
    if option.text == b"no" { Some(0) } else { reading.number(option, 1..=9999) }
}

fn storm(reading: &mut Reading<'_>, option: &Element) -> Option<Storm> {
    reading.only_attributes(option, &["within"]);
    if option.text == b"no" {
        return Some(Storm::default());
    }
    let alerts = reading.number(option, 1..=STORM_MAX);
    let within_s = match option.attribute("within") {
        None => Some(STORM_S),
        Some(attribute) => {
            let seconds = seconds(&attribute.value);
            if seconds.is_none() {
                let message = format!("`{}` is no time", attribute.value_lossy());
                reading.error(attribute.value_span, message, SPAN_HELP);
            }
            seconds
        }
    };
    Some(Storm { alerts: alerts?, within_s: within_s? })
}

fn quiet_hours(reading: &mut Reading<'_>, option: &Element) -> Option<QuietHours> {
    reading.only_attributes(option, &["level"]);
    if option.text == b"no" {
        return Some(QuietHours::default());
    }
    let level = match option.attribute("level") {
        None => u16::MAX,
        Some(attribute) => {
            let level = number(&attribute.value).and_then(|level| u16::try_from(level).ok());
            if level.is_none() {
                let message = format!("`{}` is no level", attribute.value_lossy());
                reading.error(attribute.value_span, message, "write the level in digits: level=\"12\"");
            }
            level?
        }
    };
    let text = reading.text(option)?;
    let hours = text.split_once('-').and_then(|(from, until)| Some((minute(from)?, minute(until)?)));
    let hours = hours.filter(|(from, until)| from != until);
    if hours.is_none() {
        let message = format!("`{text}` are no hours");
        reading.error(value_span(option), message, "write them as 22:00-07:00, or no");
    }
    hours.map(|(from, until)| QuietHours { from, until, level })
}

/// `22:00` as minute of the day.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let part = |text: &str, max| number(text.as_bytes()).filter(|part| text.len() <= 2 && *part <= max);
    Some((part(hour, 23)? * 60 + part(minute, 59)?) as u16)
}

const SPAN_HELP: &str = "write 90s, 10m or 2h, up to 24h";

fn span_or_no(reading: &mut Reading<'_>, option: &Element) -> Option<u32> {
    if option.text == b"no" {
        reading.only_attributes(option, &[]);
        return Some(0);
    }
    span(reading, option)
}

fn span(reading: &mut Reading<'_>, option: &Element) -> Option<u32> {
    reading.only_attributes(option, &[]);
    let seconds = seconds(&option.text);
    if seconds.is_none() {
        reading.error(value_span(option), format!("<{}> takes a time", option.name), SPAN_HELP);
    }
    seconds
}

/// `90s`, `10m`, `2h`; a number alone is seconds.
pub(super) fn seconds(text: &[u8]) -> Option<u32> {
    let (digits, factor) = match text.split_last()? {
        (b's', digits) => (digits, 1),
        (b'm', digits) => (digits, 60),
        (b'h', digits) => (digits, 3600),
        _ => (text, 1),
    };
    number(digits)?.checked_mul(factor).filter(|seconds| (1..=WINDOW_MAX_S).contains(seconds))
}
