//! Other services are told: web hooks, chats, pagers, collectors, syslog,
//! scripts.
//!
//! Each kind is a [`Destination`]: it renders the bytes that wait in the
//! outbox, and hands them over later. What is secret is put in only then.
//! When it is told and what becomes of a failure is the outbox's.
//!
//! | room | what happens there |
//! |---|---|
//! | `entries` | what a parcel holds, as alerts |
//! | `card` | an alert in a few words for people |
//! | `layout` | an alert as a line of strict JSON |
//! | `severity` | levels in words and colours |
//! | [`template`] | bodies as users write them |
//! | `http` | one request, and what its answer means |
//! | `webhook` | any web server; Shuffle |
//! | `slack`, `teams`, `telegram`, `ntfy`, `pagerduty` | for people |
//! | `splunk`, `elasticsearch` | for machines |
//! | `syslog` | `<syslog_output>` |
//! | `script` | `integrations/custom-*` |

mod card;
mod elasticsearch;
mod entries;
pub(crate) mod http;
mod layout;
mod ntfy;
mod pagerduty;
mod script;
mod severity;
mod slack;
mod splunk;
mod syslog;
mod teams;
mod telegram;
pub mod template;
#[cfg(test)]
mod tests;
mod webhook;

pub(crate) use http::server_name;
pub use layout::Layout;
pub(crate) use script::{FOLDER as SCRIPT_FOLDER, problem as script_problem};
pub use syslog::Format;
pub use template::{Escape, Template};

use crate::config::{Config, Home, Integration, Kind, SyslogOutput};
use crate::outbox::{Configured, Destination};
use crate::outputs::wazuh::manager_name as node;
use http::Server;

/// Alerts in one parcel for a collector.
const BATCH: usize = 100;

/// Why a destination cannot be used, in words.
pub type Unusable = String;

/// All destinations of `<integration>` and `<syslog_output>`, or why one of
/// them cannot be used.
pub fn configured(config: &Config, home: &Home) -> Result<Vec<Configured>, Unusable> {
    let integrations = config.integrations.iter().map(|one| integration(one, config, home));
    integrations.chain(config.syslog_outputs.iter().map(syslog_output)).collect()
}

fn integration(integration: &Integration, config: &Config, home: &Home) -> Result<Configured, Unusable> {
    let kind = &integration.kind;
    let destination = destination(integration, home).map_err(|why| format!("{}: {why}", integration.id))?;
    let terms = match kind.is_for_people() {
        true => integration.terms.or(&config.notification),
        false => integration.terms,
    };
    let wants = vec![integration.selection.clone()];
    Ok(Configured { name: integration.id.clone(), kind: kind.word(), wants, terms, destination })
}

fn syslog_output(output: &SyslogOutput) -> Result<Configured, Unusable> {
    let destination = syslog::Output::new(output).map_err(|why| format!("{}: {why}", output.id))?;
    Ok(Configured {
        name: output.id.clone(),
        kind: "syslog",
        wants: vec![output.selection.clone()],
        terms: output.terms,
        destination: Box::new(destination),
    })
}

/// Why an integration cannot be used, for the check of a configuration.
pub(crate) fn problem(integration: &Integration, home: &Home) -> Option<Unusable> {
    destination(integration, home).err()
}

/// Why a syslog server cannot be used, likewise.
pub(crate) fn syslog_problem(output: &SyslogOutput) -> Option<Unusable> {
    syslog::Output::new(output).err()
}

fn destination(integration: &Integration, home: &Home) -> Result<Box<dyn Destination>, Unusable> {
    Ok(match &integration.kind {
        Kind::Webhook | Kind::Shuffle => Box::new(webhook::Webhook::new(integration)?),
        Kind::Slack => Box::new(slack::Slack::new(integration)?),
        Kind::PagerDuty => Box::new(pagerduty::PagerDuty::new(integration)?),
        Kind::Teams => Box::new(teams::Teams::new(integration)?),
        Kind::Telegram => Box::new(telegram::Telegram::new(integration)?),
        Kind::Ntfy => Box::new(ntfy::Ntfy::new(integration)?),
        Kind::Splunk => Box::new(splunk::Splunk::new(integration)?),
        Kind::Elasticsearch | Kind::OpenSearch => Box::new(elasticsearch::Elasticsearch::new(integration)?),
        Kind::Script(name) => Box::new(script::Script::new(name, integration, home)?),
    })
}

/// The server of an integration; `url` is what is asked.
fn server(integration: &Integration, url: &str) -> Result<Server, Unusable> {
    Server::new(url, integration.timeout, integration.tls_ca.as_deref())
}

/// The address that is configured; without one, the service's own.
fn url<'i>(integration: &'i Integration, default: &'i str) -> &'i str {
    integration.hook_url.as_ref().map_or(default, |url| url.reveal())
}

/// The key that is configured.
fn key(integration: &Integration) -> &str {
    integration.api_key.as_ref().map_or("", |key| key.reveal())
}
