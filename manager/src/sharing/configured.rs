//! Plans of a configuration.

use super::dshield::{ADDRESS, Mailed, Posted, URL};
use super::hit::Scope;
use super::others::{AbuseIpDb, BlocklistDe, Hook};
use super::plan::{LogFile, Plan};
use super::service::Service;
use crate::config::{Config, Sharing, ToldTo};
use crate::integrations::http::Server;
use crate::mail::Route;
use crate::mail::account::full_host;
use crate::mail::message::domain;
use crate::respond::allow::AllowList;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The manager's own log below the home folder.
pub const OWN_LOG: &str = "logs/firewall/firewall.log";

const ABUSEIPDB: &str = "https://api.abuseipdb.com/api/v2/bulk-report";
const BLOCKLIST_DE: &str = "https://www.blocklist.de/en/httpreports.html";

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(45);

/// How far the first reading of a log goes back: a day.
const FIRST_S: i64 = 86_400;

/// A plan with the seconds between two rounds.
pub type Scheduled = (Plan, u32);

/// All plans to which somebody has agreed, or why one cannot be made.
pub fn plans(config: &Config, home: &Path) -> Result<Vec<Scheduled>, String> {
    let agreed = config.sharing.iter().filter(|sharing| sharing.consent);
    agreed.map(|sharing| Ok((plan(sharing, config, home)?, sharing.interval_s))).collect()
}

/// The plan of a section, or why it cannot be made.
pub fn plan(sharing: &Sharing, config: &Config, home: &Path) -> Result<Plan, String> {
    let usual = sharing.zone.clone().unwrap_or_else(TimeZone::system);
    let log = |(path, zone): &(PathBuf, Option<TimeZone>)| LogFile {
        path: PathBuf::clone(path),
        zone: zone.clone().unwrap_or_else(|| usual.clone()),
    };
    let mut logs: Vec<_> = sharing.logs.iter().map(log).collect();
    if logs.is_empty() {
        logs.push(LogFile { path: home.join(OWN_LOG), zone: usual.clone() });
    }
    let service = service(sharing, config, &usual).map_err(|why| format!("{}: {why}", sharing.id))?;
    Ok(Plan {
        name: sharing.id.clone(),
        logs,
        devices: sharing.devices.clone(),
        scope: scope(sharing, config),
        since: None,
        first_s: Some(FIRST_S),
        obfuscate: sharing.obfuscate,
        service,
    })
}

fn scope(sharing: &Sharing, config: &Config) -> Scope {
    Scope {
        ports: sharing.ports.clone(),
        own: sharing.own.clone(),
        never: sharing.never.clone(),
        allowed: AllowList::new(&config.global.allow_list),
    }
}

fn service(sharing: &Sharing, config: &Config, zone: &TimeZone) -> Result<Arc<dyn Service>, String> {
    let (split, max_lines) = (sharing.split as usize, sharing.max_lines as usize);
    let server = |url: &str| Server::new(url, TIMEOUT, sharing.tls_ca.as_deref());
    let url = |url: &Option<crate::config::Secret>, usual: &str| {
        server(url.as_ref().map_or(usual, |url| url.reveal()))
    };
    Ok(match sharing.told.clone() {
        ToldTo::DShieldMail { user_id, from, to, authkey } => Arc::new(Mailed {
            user_id,
            from,
            to: to.unwrap_or_else(|| ADDRESS.to_owned()),
            authkey,
            route: Route::configured(config),
            zone: zone.clone(),
            host: domain(&full_host()),
            split,
            max_lines,
        }),
        ToldTo::DShieldHttp { user_id, api_key, url: at } => {
            Arc::new(Posted { user_id, api_key, server: url(&at, URL)?, split, max_lines })
        }
        ToldTo::AbuseIpDb { api_key, url: at, categories } => {
            Arc::new(AbuseIpDb { api_key, server: url(&at, ABUSEIPDB)?, categories, max_lines })
        }
        ToldTo::BlocklistDe { reporter, api_key, url: at, service } => {
            Arc::new(BlocklistDe { reporter, api_key, server: url(&at, BLOCKLIST_DE)?, service, max_lines })
        }
        ToldTo::Webhook { url: at, api_key } => {
            Arc::new(Hook { api_key, server: server(at.reveal())?, max_lines })
        }
    })
}
