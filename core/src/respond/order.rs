//! What a manager asks of whoever carries responses out.
//!
//! An order is typed: an address is an address, a means is one of a list, and
//! texts that reach a program pass [`Begin::check`] first. So whatever stood
//! in a log line, no shell, no option and no second line come of it.

use crate::limits::{RESPONSE_FILE_MAX, RESPONSE_JSON_MAX, RESPONSE_NAME_MAX, RESPONSE_USER_MAX};
use crate::respond::network::Network;
use crate::wire::message::MessageError;
use serde::{Deserialize, Serialize};

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<'a> {
    /// The number of the response that it is about, of those of this manager.
    /// Never 0. The same order may come twice; it is carried out once.
    pub id: u64,
    /// What is to be done.
    pub what: What<'a>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What<'a> {
    /// Do it, and undo it when its time is over.
    #[serde(borrow)]
    Begin(Begin<'a>),
    /// Its time begins anew, and is so long.
    Renew {
        /// Seconds; 0 for until it is ended.
        for_s: u32,
    },
    /// Undo it now.
    End,
    /// Undo everything, of all managers.
    EndAll,
    /// Read the configuration again.
    Reload,
}

/// A response that is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin<'a> {
    /// Its name: `firewall-drop600`.
    pub response: &'a str,
    /// How.
    #[serde(borrow)]
    pub means: Means<'a>,
    /// The address it is about.
    pub network: Option<Network>,
    /// The user it is about; empty for none.
    pub user: &'a str,
    /// The file it is about; empty for none.
    pub file: &'a str,
    /// Seconds until it is undone; 0 for until it is ended.
    pub for_s: u32,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Number of the alert: `1764000000.42`.
    pub alert: &'a str,
    /// Number of the rule.
    pub rule: u32,
    /// Where the event came from, as alerts show it.
    pub location: &'a str,
}

/// How a response is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Means<'a> {
    /// Packets from the address are dropped, by whatever the machine has:
    /// nftables, else ipset and iptables.
    Block,
    /// The same, by nftables.
    Nftables,
    /// The same, by ipset and iptables.
    Ipset,
    /// Answers to the address go nowhere.
    NullRoute,
    /// The address is entered in `/etc/hosts.deny`.
    HostsDeny,
    /// The user's password is locked.
    LockAccount,
    /// A program of the users.
    Script {
        /// Its name in the folder for such programs.
        file: &'a str,
        /// How it is told.
        #[serde(borrow)]
        talk: Talk<'a>,
    },
}

impl Means<'_> {
    /// What a stock script of OSSEC 4.3 and Wazuh 4.14 does, with or without
    /// `.sh`, if it is one that can be done without it.
    pub fn stock(file: &str) -> Option<Self> {
        match file.strip_suffix(".sh").unwrap_or(file) {
            "firewall-drop" => Some(Self::Block),
            "host-deny" => Some(Self::HostsDeny),
            "disable-account" => Some(Self::LockAccount),
            "route-null" => Some(Self::NullRoute),
            _ => None,
        }
    }
}

/// How a script is told what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Talk<'a> {
    /// `add|delete USER IP ALERT RULE LOCATION FILE` (OSSEC 4.3).
    Arguments,
    /// One line of JSON on standard input, and the dialogue about keys
    /// (Wazuh 4.14).
    Json {
        /// Name of the manager's machine.
        node: &'a str,
        /// The array `extra_args`, as JSON.
        extra: &'a str,
        /// The alert, as JSON.
        alert: &'a str,
    },
}

/// Why an order cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderError {
    /// Not the bytes of exactly one order.
    Malformed,
    /// There is no response of number 0.
    Id,
    /// The response's name.
    Name,
    /// The user's name.
    User,
    /// The file's name.
    File,
    /// The script's name.
    Script,
    /// Alert, location or JSON.
    Text,
    /// The means is about an address, and there is none.
    NoAddress,
    /// The means is about a user, and there is none.
    NoUser,
}

impl OrderError {
    /// What is wrong, for people.
    pub fn why(self) -> &'static str {
        match self {
            Self::Malformed => "the order makes no sense to this version",
            Self::Id => "the order has no number",
            Self::Name => "the name of the response is not one",
            Self::User => "the name of the user has characters that no user's name has",
            Self::File => "the name of the file is not an absolute path of printable characters",
            Self::Script => "the name of the script is not that of a file in the folder for scripts",
            Self::Text => "a text of the order is too long or has control characters",
            Self::NoAddress => "there is no address to do it to",
            Self::NoUser => "there is no user to do it to",
        }
    }
}

impl<'a> Order<'a> {
    /// What travels of an order to read the configuration again: whoever
    /// carries nothing else out need not understand more.
    pub const RELOAD: &'static [u8] = &[4];

    /// The order of a number, as [`Order::write`] wrote it. It is still to be
    /// checked.
    pub fn read(id: u64, what: &'a [u8]) -> Result<Self, OrderError> {
        match postcard::take_from_bytes(what) {
            Ok((what, [])) => Ok(Self { id, what }),
            _ => Err(OrderError::Malformed),
        }
    }

    /// Writes all of it but its number: what was written.
    pub fn write<'o>(&self, out: &'o mut [u8]) -> Result<&'o [u8], MessageError> {
        postcard::to_slice(&self.what, out).map(|written| &*written).map_err(|_| MessageError::Room)
    }

    /// Checks everything that is not typed.
    pub fn check(&self) -> Result<(), OrderError> {
        if self.id == 0 {
            return Err(OrderError::Id);
        }
        match &self.what {
            What::Begin(begin) => begin.check(),
            What::Renew { .. } | What::End | What::EndAll | What::Reload => Ok(()),
        }
    }
}

impl Begin<'_> {
    /// Checks every text that may reach a program, a file or a terminal.
    pub fn check(&self) -> Result<(), OrderError> {
        let has_texts =
            is_printable(self.alert, RESPONSE_NAME_MAX) && is_printable(self.location, RESPONSE_FILE_MAX);
        let checks = [
            (is_label(self.response), OrderError::Name),
            (self.user.is_empty() || is_user(self.user), OrderError::User),
            (self.file.is_empty() || is_path(self.file), OrderError::File),
            (has_texts, OrderError::Text),
        ];
        checks.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, error)| Err(*error))?;
        match self.means {
            Means::LockAccount if self.user.is_empty() => Err(OrderError::NoUser),
            Means::LockAccount => Ok(()),
            Means::Script { file, talk } => check_script(file, talk),
            _ if self.network.is_none() => Err(OrderError::NoAddress),
            _ => Ok(()),
        }
    }
}

fn check_script(file: &str, talk: Talk<'_>) -> Result<(), OrderError> {
    if !is_label(file) {
        return Err(OrderError::Script);
    }
    let Talk::Json { node, extra, alert } = talk else { return Ok(()) };
    let are_lines = is_printable(extra, RESPONSE_JSON_MAX - alert.len().min(RESPONSE_JSON_MAX))
        && is_printable(alert, RESPONSE_JSON_MAX);
    if is_label(node) && are_lines { Ok(()) } else { Err(OrderError::Text) }
}

/// Whether a text can be the name of a response, a script or a machine: no
/// path, no option, nothing that a shell knows.
pub fn is_label(text: &str) -> bool {
    (1..=RESPONSE_NAME_MAX).contains(&text.len())
        && !text.starts_with(['-', '.'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Whether a text can be a user's name (OSSEC 4.3: `a-zA-Z._0-9@?-`), and no
/// option.
pub fn is_user(text: &str) -> bool {
    (1..=RESPONSE_USER_MAX).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@?-".contains(&byte))
}

/// Whether a text can be a file's name: an absolute path without control
/// characters.
pub fn is_path(text: &str) -> bool {
    text.starts_with('/') && is_printable(text, RESPONSE_FILE_MAX)
}

fn is_printable(text: &str, max: usize) -> bool {
    text.len() <= max && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin<'a>(means: Means<'a>) -> Begin<'a> {
        Begin {
            response: "block600",
            means,
            network: Network::parse("192.0.2.7"),
            user: "",
            file: "",
            for_s: 600,
            dry_run: false,
            alert: "1764000000.42",
            rule: 5712,
            location: "(router) 192.0.2.1->/var/log/auth.log",
        }
    }

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let mut out = [0; crate::limits::ORDER_MAX];
        let whats = [
            What::Begin(begin(Means::Block)),
            What::Renew { for_s: 7 },
            What::End,
            What::EndAll,
            What::Reload,
        ];
        for what in whats {
            let order = Order { id: 9, what };
            let written = order.write(&mut out).unwrap();
            assert_eq!(Order::read(9, written), Ok(order));
            assert_eq!(written == Order::RELOAD, what == What::Reload);
            assert_eq!(Order::read(9, &written[1..]).ok().filter(|read| *read == order), None);
        }
        assert_eq!(Order::read(9, b"\x04\x04"), Err(OrderError::Malformed));
    }

    #[test]
    fn a_plain_order_is_in_order() {
        let script = Means::Script { file: "host-deny.sh", talk: Talk::Arguments };
        for means in [Means::Block, Means::Nftables, Means::Ipset, Means::NullRoute, Means::HostsDeny, script]
        {
            assert_eq!(begin(means).check(), Ok(()), "{means:?}");
        }
        assert_eq!(Begin { user: "anna", ..begin(Means::LockAccount) }.check(), Ok(()));
    }

    #[test]
    fn what_a_shell_or_a_program_could_misread_is_refused() {
        let long = "a".repeat(6144);
        for user in ["-f", "a b", "a;id", "$(id)", "a\nb", "ä", "`id`", "a/b", long.as_str()] {
            assert_eq!(Begin { user, ..begin(Means::Block) }.check(), Err(OrderError::User), "{user}");
        }
        for file in ["-f", "etc/passwd", "/a\nb", "/a\0b", "/a\u{1b}[2J", long.as_str()] {
            assert_eq!(Begin { file, ..begin(Means::Block) }.check(), Err(OrderError::File), "{file}");
        }
        for file in ["", "..", ".profile", "../sh", "/bin/sh", "-x", "a b", "a;b", long.as_str()] {
            let means = Means::Script { file, talk: Talk::Arguments };
            assert_eq!(begin(means).check(), Err(OrderError::Script), "{file}");
        }
        let means = Means::Script { file: "x", talk: Talk::Json { node: "n", extra: "[]", alert: "{\n}" } };
        assert_eq!(begin(means).check(), Err(OrderError::Text));
    }

    #[test]
    fn a_means_needs_what_it_is_about() {
        assert_eq!(Begin { network: None, ..begin(Means::Block) }.check(), Err(OrderError::NoAddress));
        assert_eq!(begin(Means::LockAccount).check(), Err(OrderError::NoUser));
    }
}
