//! What a response does, for people.

use super::{Means, Response};
use std::fmt::{self, Display, Formatter};

impl Display for Response {
    /// `block600: drop packets from the address, for 10 min, where the event
    /// came from, at level 10 and above`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.means.deed())?;
        if self.is_lasting() {
            write!(f, ", {}", Lasting(self.timeout_s))?;
        }
        if let [first, .., last] = self.repeated_s.as_slice()
            && self.timeout_s > 0
        {
            write!(f, " ({} to {} when repeated)", Span(*first), Span(*last))?;
        }
        write!(f, ", {}, {}", self.places(), self.occasions())?;
        if self.confirm_s > 0 {
            write!(f, "; ends after {} unless confirmed", Span(self.confirm_s))?;
        }
        if self.dry_run { f.write_str("; dry run") } else { Ok(()) }
    }
}

impl Response {
    fn places(&self) -> String {
        let location = self.location;
        let mut places = Vec::new();
        places.extend(location.local.then(|| "where the event came from".to_owned()));
        places.extend(location.server.then(|| "on this machine".to_owned()));
        places.extend(location.agent.map(|agent| format!("on agent {agent}")));
        places.extend(location.all.then(|| "on all agents".to_owned()));
        places.join(" and ")
    }

    fn occasions(&self) -> String {
        let mut occasions = Vec::new();
        occasions.extend(self.level.map(|level| format!("at level {level} and above")));
        occasions.extend(self.rules_group.as_ref().map(|group| format!("for groups like `{group}`")));
        let ids: Vec<_> = self.rules_id.iter().take(8).map(u32::to_string).collect();
        match (ids.len(), self.rules_id.len()) {
            (0, _) => {}
            (shown, all) if shown == all => occasions.push(format!("for rules {}", ids.join(", "))),
            (_, all) => occasions.push(format!("for rules {}, … ({all})", ids.join(", "))),
        }
        if occasions.is_empty() { "by hand only".to_owned() } else { occasions.join(", ") }
    }
}

impl Means {
    fn deed(&self) -> String {
        match self {
            Self::Block => "drop packets from the address".to_owned(),
            Self::Nftables => "drop packets from the address by nftables".to_owned(),
            Self::Ipset => "drop packets from the address by ipset".to_owned(),
            Self::NullRoute => "send no answer to the address".to_owned(),
            Self::HostsDeny => "enter the address in hosts.deny".to_owned(),
            Self::LockAccount => "lock the user's password".to_owned(),
            Self::Webhook { url } => format!("call {url}"),
            Self::Script { file, .. } => format!("run {file}"),
        }
    }
}

/// How long, for people.
pub struct Lasting(pub u32);

impl Display for Lasting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("until it is undone"),
            seconds => write!(f, "for {}", Span(seconds)),
        }
    }
}

/// Seconds in the largest unit that they are a whole number of.
struct Span(u32);

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let units = [(86_400, "d"), (3600, "h"), (60, "min")];
        let unit = units.into_iter().find(|(unit, _)| self.0 >= *unit && self.0.is_multiple_of(*unit));
        let (unit, word) = unit.unwrap_or((1, "s"));
        write!(f, "{} {word}", self.0 / unit)
    }
}
