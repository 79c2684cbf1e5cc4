//! What agents report of responses goes into the history, before the agents
//! are told that it arrived.

use super::history::History;
use crate::agents::AgentId;
use crate::database::DatabaseError;
use bartizan_core::respond::report::Report;
use std::path::Path;

/// Writes reports down. Owns a connection to the history: it belongs to the
/// thread that acknowledges.
#[derive(Debug)]
pub struct Reports {
    history: History,
}

impl Reports {
    /// Opens the history of a home folder.
    pub fn open(home: &Path) -> Result<Self, DatabaseError> {
        Ok(Self { history: History::open(home)? })
    }

    /// Writes down what agents report; may be told again. An agent can speak
    /// of its own responses only.
    pub fn write<'r>(
        &mut self,
        reports: impl Iterator<Item = (AgentId, Report<'r>)>,
        now: i64,
    ) -> Result<(), DatabaseError> {
        let mut reports = reports.peekable();
        if reports.peek().is_none() {
            return Ok(());
        }
        self.history.together(|history| {
            for (agent, report) in reports {
                if history.get(report.id)?.is_some_and(|entry| entry.agent == agent) {
                    history.note(report.id, report.state, report.text, now)?;
                }
            }
            Ok(())
        })
    }
}
