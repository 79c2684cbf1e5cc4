//! A manager's orders, and what became of them.

use super::Agent;
use crate::live::Heard;
use crate::respond;
use crate::status;
use bartizan_core::limits::RECORD_MAX;
use bartizan_core::respond::report::{PLACE, State};
use bartizan_core::respond::responder::Tool;
use bartizan_core::time::Millis;

/// Responses that the status names.
const NAMED_MAX: usize = 256;

impl Agent {
    /// Does what is due, and reports. `true`: there was something to report.
    pub(super) fn respond(&mut self, now: Millis) -> bool {
        if let Some(id) = self.responses.take_reload() {
            match self.reload(now) {
                true => self.responses.say(id, State::Done, "the configuration was read again"),
                false => self.responses.say(
                    id,
                    State::Failed,
                    "the configuration has errors; the earlier one stays",
                ),
            }
        }
        let said = self.responses.turn(now);
        for line in &said {
            let text = line.as_bytes();
            let text = text.get(..RECORD_MAX).unwrap_or(text);
            self.spool_record(Heard { place: PLACE, queue: b'1', cut: 0, text }, now);
            // Somebody waits for it.
            self.listening.hurry();
        }
        !said.is_empty()
    }

    pub(super) fn report_responses(&self, now: Millis) -> status::Responses {
        let tool = match respond::tool() {
            _ if self.configuration.config.responses.disabled => "disabled",
            Some(Tool::Nft) => "nft",
            Some(Tool::Ipset) => "ipset",
            None => "none",
        };
        let one = |response: bartizan_core::respond::responder::InForce| status::Response {
            id: response.id,
            about: response.network.map(|network| network.to_string()).unwrap_or_default(),
            left_ms: (response.due != Millis::NEVER).then(|| response.due.since(now)),
            is_done: response.is_done,
        };
        let count = self.responses.in_force().count();
        let first = self.responses.in_force().take(NAMED_MAX).map(one).collect();
        status::Responses { tool, count: u32::try_from(count).unwrap_or(u32::MAX), first }
    }
}
