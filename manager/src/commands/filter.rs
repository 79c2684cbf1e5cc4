//! Which alerts, as the command line says it.

use super::moment::moment;
use super::{CommandError, now};
use crate::store::Filter;
use clap::Args;

/// Which alerts; all that is given must hold.
#[derive(Args, Debug)]
pub(super) struct FilterArguments {
    /// From this time on: 2h, yesterday, 10:00, 2026-11-21, "2026-11-21 10:00".
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Of this level and higher.
    #[arg(long, value_name = "N")]
    level: Option<u16>,
    /// Of this rule; may be given several times, or as 5710,5716.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    rule: Vec<u32>,
    /// Of this group; may be given several times.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    group: Vec<String>,
    /// Of this agent or host.
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// From a place with this in it: auth.log, syscheck.
    #[arg(long, value_name = "TEXT")]
    location: Option<String>,
    /// From this address.
    #[arg(long, value_name = "ADDRESS")]
    srcip: Option<String>,
    /// About this user, or by it.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// With these words in the log, in any order: whole words, or with * the
    /// beginning of one. Parts of addresses and paths are words, too.
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
}

impl FilterArguments {
    /// The filter.
    pub(super) fn filter(&self) -> Result<Filter, CommandError> {
        let at = |text: &Option<String>| text.as_deref().map(|text| moment(text, now())).transpose();
        Ok(Filter {
            since: at(&self.since)?,
            until: at(&self.until)?,
            level: self.level,
            rules: self.rule.clone(),
            groups: self.group.clone(),
            agent: self.agent.clone(),
            location: self.location.clone(),
            srcip: self.srcip.clone(),
            user: self.user.clone(),
            text: self.text.clone(),
        })
    }
}
