//! Which alerts are asked for.

use crate::alert::Alert;

/// Which alerts are asked for; what is not set asks for nothing. All that is
/// set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// From this second on (since 1970).
    pub since: Option<i64>,
    /// Before this second.
    pub until: Option<i64>,
    /// This level and higher.
    pub level: Option<u16>,
    /// One of these rules.
    pub rules: Vec<u32>,
    /// One of these groups, each whole.
    pub groups: Vec<String>,
    /// Of this agent, by its name, or of this host.
    pub agent: Option<String>,
    /// From a place with this in it, as `alerts.log` shows the place.
    pub location: Option<String>,
    /// From this address, whole.
    pub srcip: Option<String>,
    /// About this user, or by it, whole.
    pub user: Option<String>,
    /// With all of these words in the log. A word begins and ends where a
    /// word of the log does, `sess*` ends anywhere; case does not matter.
    pub text: Option<String>,
}

impl Filter {
    /// Whether an alert is asked for.
    pub fn matches(&self, _alert: &Alert<'_>) -> bool {
        true
    }

    /// Whether it asks for a time alone.
    pub fn is_by_time_alone(&self) -> bool {
        *self == Self { since: self.since, until: self.until, ..Self::default() }
    }
}
