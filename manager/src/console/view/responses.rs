//! What is done about attackers: in force, configured, done before.

use crate::respond::desk::Desk;
use crate::respond::request::{Filter, Request};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Rows of history on one page.
pub const HISTORY: u32 = 100;

/// A response in one place. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResponseLine {
    /// Its number.
    pub id: u64,
    /// When it was decided.
    pub time: i64,
    /// The response's name.
    pub response: String,
    /// How it is done.
    pub means: String,
    /// Where: number of the agent, 0 for the manager's own machine.
    pub agent: u32,
    /// The agent's name; `server` for the manager's own machine.
    pub name: String,
    /// The address or range.
    pub ip: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// The file.
    pub file: Option<String>,
    /// Seconds that it lasts; 0 for until it is ended.
    pub for_s: u32,
    /// How it stands.
    pub state: String,
    /// Since when.
    pub since: i64,
    /// What was said of that last.
    pub why: String,
    /// The rule; 0 if somebody asked for it.
    pub rule: u32,
    /// The level of the rule.
    pub level: u16,
    /// The alert, as alerts.log numbers it.
    pub alert: Option<String>,
    /// Where the event came from.
    pub location: Option<String>,
    /// The beginning of the log.
    pub log: Option<String>,
    /// How often the target has offended; 0 if that does not count.
    pub offence: u32,
    /// Until when it must be confirmed.
    pub confirm_by: Option<i64>,
    /// Since when it is in force.
    pub began: Option<i64>,
    /// When it ends.
    pub ends_at: Option<i64>,
    /// Somebody wants it undone.
    pub undo_wanted: bool,
}

/// A response that is configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Configured {
    /// Its name.
    pub response: String,
    /// How it is done.
    pub command: String,
    /// Seconds that it lasts; 0 for until it is ended.
    pub for_s: u32,
    /// Only what would be done is written down.
    pub dry_run: bool,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Responses {
    /// What is in force, or on its way, newest first.
    pub in_force: Vec<ResponseLine>,
    /// What can be asked for.
    pub configured: Vec<Configured>,
    /// What was done, newest first.
    pub history: Vec<ResponseLine>,
}

impl ResponseLine {
    /// What it is about: the address or range, else the user, else the file.
    pub fn target(&self) -> &str {
        let all = [&self.ip, &self.user, &self.file];
        all.into_iter().flatten().next().map_or("", String::as_str)
    }
}

/// What is in force and configured, and the history that is asked for.
///
/// # Errors
/// What the thread of responses says against the question.
pub async fn responses(desk: &Desk, filter: Filter) -> Result<Responses, String> {
    let filter = Filter { limit: Some(filter.limit.unwrap_or(HISTORY).clamp(1, HISTORY)), ..filter };
    Ok(Responses {
        in_force: ask(desk, Request::InForce).await?,
        configured: ask(desk, Request::Configured).await?,
        history: ask(desk, Request::History(filter)).await?,
    })
}

/// Asks for rows.
async fn ask<T: DeserializeOwned>(desk: &Desk, request: Request) -> Result<Vec<T>, String> {
    rows(desk.ask(request).await, "responses")
}

/// The rows of an answer; what is said against it if it is a refusal.
pub fn rows<T: DeserializeOwned>(mut answer: Value, name: &str) -> Result<Vec<T>, String> {
    if answer["ok"] != true {
        let why = answer["error"].as_str().unwrap_or("it was refused");
        return Err(why.to_owned());
    }
    serde_json::from_value(answer[name].take())
        .map_err(|error| format!("an answer is not understood: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::AgentId;
    use crate::respond::history::{Entry, State};
    use crate::respond::rows::Names;
    use serde_json::json;

    #[test]
    fn a_row_of_the_history_comes_through_whole() {
        let entry = Entry {
            id: 17,
            time: 1,
            response: "block600".to_owned(),
            means: "block".to_owned(),
            agent: AgentId::MANAGER,
            network: None,
            user: "eve".to_owned(),
            file: String::new(),
            for_s: 600,
            state: State::Done,
            since: 2,
            why: "done".to_owned(),
            rule: 5712,
            level: 10,
            alert: "1.2".to_owned(),
            location: "gate->x".to_owned(),
            excerpt: "log".to_owned(),
            offence: 3,
            confirm_by: Some(9),
            full_s: 0,
            began: Some(2),
            ends_at: Some(602),
            undo_wanted: false,
            dry_run: false,
        };
        let row = Names::new(Vec::new()).row(&entry);
        let answer = json!({"ok": true, "responses": [row.clone()]});
        let lines: Vec<ResponseLine> = rows(answer, "responses").expect("rows");
        assert_eq!((lines[0].target(), lines[0].name.as_str()), ("eve", "server"));
        assert_eq!(serde_json::to_value(&lines[0]).expect("JSON"), row);
        let refused = rows::<ResponseLine>(json!({"ok": false, "error": "no"}), "responses");
        assert_eq!(refused, Err("no".to_owned()));
    }
}
