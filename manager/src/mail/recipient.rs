//! One address that is mailed: a destination of its own, so that nobody sees
//! the addresses of others, or alerts that are not for him.

use super::account::Account;
use super::message::compose;
use super::smtp::Mail;
use crate::config::email::MailFormat;
use crate::config::{Config, Selection, Terms};
use crate::outbox::{Configured, Content, Destination, Failure, Parcel};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Alerts in one mail (OSSEC 4.3).
const ALERTS_MAX: usize = 96;

/// Seconds without a further alert after which a group of them is sent (OSSEC 4.3).
const GROUPING_S: u32 = 10;

/// Mails an hour to one address, if nothing is said (OSSEC 4.3).
const MAX_PER_HOUR: u32 = 12;

/// A mailbox.
#[derive(Clone, Debug)]
pub struct Recipient {
    account: Arc<Account>,
    address: String,
    format: MailFormat,
}

/// Everybody who is mailed; nobody unless mail is switched on. Who is named
/// more than once is one destination, which wants what any of them wants.
pub fn destinations(config: &Config) -> Vec<Configured> {
    let account = Account::new(config).filter(|_| config.global.email.notification).map(Arc::new);
    let Some(account) = account else { return Vec::new() };
    let mut found: BTreeMap<(MailFormat, &str), (Vec<Selection>, Terms)> = BTreeMap::new();
    // Without grouping each alert has a mail of its own.
    let alone = !config.internal.mail_grouping;
    let all = Selection { mailed: true, alone, ..Selection::default() };
    for address in &config.global.email.to {
        found.entry((MailFormat::Full, address)).or_default().0.push(all.clone());
    }
    for block in &config.email_alerts {
        let (wants, terms) = found.entry((block.format, &block.to)).or_default();
        wants.push(Selection { alone: alone || block.selection.alone, ..block.selection.clone() });
        *terms = terms.or(&block.terms);
    }
    let usual = usual_terms(config);
    let configured =
        |((format, address), (wants, terms)): ((MailFormat, &str), (Vec<_>, Terms))| Configured {
            name: name(format, address),
            kind: "mail",
            wants,
            terms: terms.or(&usual),
            destination: Box::new(Recipient::new(Arc::clone(&account), address, format)),
        };
    found.into_iter().map(configured).collect()
}

/// The destination of an address, which reports are given to: `None` if mail
/// is not switched on. One that hears of no alerts.
pub fn destination_of(config: &Config, address: &str) -> Option<Configured> {
    let account = Account::new(config).filter(|_| config.global.email.notification)?;
    Some(Configured {
        name: name(MailFormat::Full, address),
        kind: "mail",
        wants: Vec::new(),
        terms: usual_terms(config),
        destination: Box::new(Recipient::new(Arc::new(account), address, MailFormat::Full)),
    })
}

fn name(format: MailFormat, address: &str) -> String {
    match format {
        MailFormat::Full => address.to_owned(),
        MailFormat::Sms => format!("sms:{address}"),
    }
}

/// What holds for every address: what is said of mail, then what is said of
/// all notifications, then what OSSEC does.
fn usual_terms(config: &Config) -> Terms {
    let ours = Terms { max_per_hour: config.global.email.max_per_hour, ..Terms::default() };
    let grouping_s = if config.internal.mail_grouping { GROUPING_S } else { 0 };
    let ossec = Terms { max_per_hour: Some(MAX_PER_HOUR), grouping_s: Some(grouping_s), ..Terms::default() };
    ours.or(&config.notification).or(&ossec)
}

impl Recipient {
    /// An address that mail goes to.
    pub fn new(account: Arc<Account>, address: impl Into<String>, format: MailFormat) -> Self {
        Self { account, address: address.into(), format }
    }
}

impl Destination for Recipient {
    fn parcel_max(&self) -> usize {
        ALERTS_MAX
    }

    fn render(&self, id: &str, content: &Content) -> Vec<u8> {
        compose(&self.account, &self.address, self.format, id, content)
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let mail = Mail { from: &self.account.from, to: &self.address, bytes: &parcel.payload };
        self.account.route.hand_over(mail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Home;
    use crate::diagnose::{Diagnostics, Sources};

    fn read(inner: &str) -> Config {
        let text = format!(
            "<ossec_config><global><email_notification>yes</email_notification><smtp_server>localhost</smtp_server>\
             <email_from>ids@example.com</email_from><email_to>a@example.com</email_to></global>{inner}</ossec_config>"
        );
        let mut sources = Sources::new();
        let source = sources.add("ossec.conf", text);
        let mut report = Diagnostics::new();
        let config = Config::from_source(&Home::new("/nonexistent"), source, &sources, &mut report);
        assert!(!report.has_errors(), "{}", report.render(&sources, crate::diagnose::Colour::None));
        config
    }

    #[test]
    fn nobody_is_mailed_unless_that_is_switched_on() {
        assert!(destinations(&Config::default()).is_empty());
        let mut config = read("");
        assert_eq!(destinations(&config).len(), 1);
        config.global.email.notification = false;
        assert!(destinations(&config).is_empty() && destination_of(&config, "a@example.com").is_none());
    }

    #[test]
    fn an_address_is_one_destination_however_often_it_is_named() {
        let block =
            |to: &str, rest: &str| format!("<email_alerts><email_to>{to}</email_to>{rest}</email_alerts>");
        let config = read(
            &[
                block("a@example.com", "<level>12</level><do_not_delay/>"),
                block("b@example.com", "<group>sshd</group>"),
                block("b@example.com", "<level>10</level><max_per_hour>2</max_per_hour>"),
                block("b@example.com", "<level>14</level><format>sms</format>"),
            ]
            .concat(),
        );
        let all = destinations(&config);
        let names: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.wants.len())).collect();
        assert_eq!(names, [("a@example.com", 2), ("b@example.com", 2), ("sms:b@example.com", 1)]);
        assert!(all.iter().flat_map(|one| &one.wants).all(|want| want.mailed && !want.alone));
        let limits: Vec<_> = all.iter().map(|one| one.terms.max_per_hour).collect();
        assert_eq!(limits, [Some(MAX_PER_HOUR), Some(2), Some(MAX_PER_HOUR)]);
        assert!(all.iter().all(|one| one.terms.grouping_s == Some(GROUPING_S)));
    }

    #[test]
    fn without_grouping_each_alert_is_alone() {
        let mut config = read("");
        config.internal.mail_grouping = false;
        let all = destinations(&config);
        assert!(all[0].wants[0].alone && all[0].terms.grouping_s == Some(0));
    }

    #[test]
    fn what_is_said_of_mail_goes_before_what_is_said_of_all() {
        let config =
            read("<notification><max_per_hour>50</max_per_hour><grouping>30s</grouping></notification>");
        let terms = destinations(&config)[0].terms;
        assert_eq!((terms.max_per_hour, terms.grouping_s), (Some(50), Some(30)));
        let mut config = config;
        config.global.email.max_per_hour = Some(5);
        assert_eq!(destinations(&config)[0].terms.max_per_hour, Some(5));
    }
}
