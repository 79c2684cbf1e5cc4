//! Mail: what `<global>` says about it, and `<email_alerts>`.

use super::reading::{Reading, value_span};
use super::selection::{Manner, Selection};
use super::{Place, Secret, Terms, notification};
use crate::xml::Element;
use std::path::PathBuf;

/// Recipients of one configuration, each with a thread and a queue.
const RECIPIENTS_MAX: usize = 64;

/// Blocks of `<email_alerts>`.
pub(super) const GRANULAR_MAX: usize = 1024;

/// Bytes of an address (RFC 5321 §4.5.3.1.3, without the brackets).
const ADDRESS_MAX: usize = 254;

/// Bytes of a name or of what a header shows.
const NAME_MAX: usize = 255;

/// What `<global>` says about mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// `email_notification`: whether there is any mail.
    pub notification: bool,
    /// `email_to`, in order.
    pub to: Vec<String>,
    /// `email_from`.
    pub from: Option<String>,
    /// `email_reply_to`.
    pub reply_to: Option<String>,
    /// `email_idsname`.
    pub ids_name: Option<String>,
    /// `smtp_server`; a path is a program that takes mail, with its arguments.
    pub smtp_server: Option<String>,
    /// `helo_server`.
    pub helo_server: Option<String>,
    /// `email_maxperhour`, 1 to 9999: mails an hour to one address.
    pub max_per_hour: Option<u32>,
    /// `auth_smtp`.
    pub auth_smtp: bool,
    /// `auth_without_tls`: the password may be said where others can listen.
    pub auth_without_tls: bool,
    /// `secure_smtp`.
    pub secure_smtp: Security,
    /// `smtp_tls_verify`.
    pub smtp_tls_verify: bool,
    /// `smtp_tls_ca`: certificates to trust, instead of those of this machine.
    pub smtp_tls_ca: Option<PathBuf>,
    /// `smtp_user`.
    pub smtp_user: Option<String>,
    /// `smtp_password`.
    pub smtp_password: Option<Secret>,
    /// `smtp_port`.
    pub smtp_port: Option<u16>,
    /// Where `email_notification` is configured.
    pub(super) place: Option<Place>,
}

/// How a connection to a mail server is kept from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// `no`: as the server offers it. Nothing is checked, so nothing secret is said.
    #[default]
    Offered,
    /// `yes`: TLS, from the first byte or, on ports 25 and 587, by STARTTLS.
    ByPort,
    /// `starttls`: by STARTTLS, or not at all.
    StartTls,
    /// `tls`: from the first byte.
    Tls,
}

/// One `<email_alerts>`: somebody who is told of some alerts only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAlerts {
    /// `email_to`.
    pub to: String,
    /// `format`.
    pub format: MailFormat,
    /// Which alerts, and which of them at once or alone.
    pub selection: Selection,
    /// When it is told, if that is said here.
    pub terms: Terms,
    /// Where it is configured.
    pub place: Place,
}

/// How much a mail says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum MailFormat {
    /// `default` and `full`: all of it.
    #[default]
    Full,
    /// `sms`: one short line.
    Sms,
}

const GRANULAR: [&str; 14] = [
    "email_to",
    "level",
    "rule_id",
    "group",
    "event_location",
    "format",
    "do_not_delay",
    "do_not_group",
    "max_per_hour",
    "quiet_hours",
    "deduplicate",
    "storm",
    "digest",
    "grouping",
];

const FORMATS: [(&str, MailFormat); 3] =
    [("default", MailFormat::Full), ("full", MailFormat::Full), ("sms", MailFormat::Sms)];

const SECURITIES: [(&str, Security); 4] = [
    ("no", Security::Offered),
    ("yes", Security::ByPort),
    ("starttls", Security::StartTls),
    ("tls", Security::Tls),
];

impl Default for Email {
    fn default() -> Self {
        Self {
            notification: false,
            to: Vec::new(),
            from: None,
            reply_to: None,
            ids_name: None,
            smtp_server: None,
            helo_server: None,
            max_per_hour: None,
            auth_smtp: false,
            auth_without_tls: false,
            secure_smtp: Security::Offered,
            smtp_tls_verify: true,
            smtp_tls_ca: None,
            smtp_user: None,
            smtp_password: None,
            smtp_port: None,
            place: None,
        }
    }
}

impl Email {
    /// Takes one option of `<global>`; false if it is not about mail.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, option: &Element) -> bool {
        match option.name.as_str() {
            "email_notification" => {
                self.place = Some(reading.place(value_span(option)));
                set(&mut self.notification, reading.yes_or_no(option));
            }
            "email_to" => self.to.extend(address(reading, option)),
            "email_from" => self.from = address(reading, option),
            "email_reply_to" => self.reply_to = address(reading, option),
            "email_idsname" => self.ids_name = name(reading, option),
            "email_maxperhour" => self.max_per_hour = reading.number(option, 1..=9999),
            _ => return self.take_server(reading, option),
        }
        true
    }

    fn take_server(&mut self, reading: &mut Reading<'_>, option: &Element) -> bool {
        match option.name.as_str() {
            "smtp_server" => self.smtp_server = name(reading, option),
            "helo_server" => self.helo_server = word(reading, option),
            "auth_smtp" => set(&mut self.auth_smtp, reading.yes_or_no(option)),
            "auth_without_tls" => set(&mut self.auth_without_tls, reading.yes_or_no(option)),
            "secure_smtp" => set(&mut self.secure_smtp, one_of(reading, option, &SECURITIES)),
            "smtp_tls_verify" => set(&mut self.smtp_tls_verify, reading.yes_or_no(option)),
            "smtp_tls_ca" => {
                self.smtp_tls_ca = reading.text(option).map(|path| reading.home.path(path));
            }
            "smtp_user" => self.smtp_user = reading.text(option),
            "smtp_password" => self.smtp_password = Secret::read(reading, option),
            "smtp_port" => self.smtp_port = reading.number(option, 1..=65535).map(|port| port as u16),
            _ => return false,
        }
        true
    }

    /// What is missing for mail to be sent, and what does not go together.
    pub(super) fn check(&self, reading: &mut Reading<'_>, granular: &[EmailAlerts]) {
        if !self.notification {
            if let Some(block) = granular.first() {
                let help = "add <email_notification>yes</email_notification> to <global>, or remove it";
                reading.warning(block.place.span, "mail is not switched on: nobody is told", help);
            }
            return;
        }
        let Some(place) = self.place else { return };
        let span = place.span;
        let lacks = [
            (self.smtp_server.is_none(), "smtp_server", "the name of the mail server, such as localhost"),
            (self.from.is_none(), "email_from", "the address that mail comes from"),
            (self.to.is_empty() && granular.is_empty(), "email_to", "the address that mail goes to"),
            (self.auth_smtp && self.smtp_user.is_none(), "smtp_user", "who the mail server knows us as"),
            (self.auth_smtp && self.smtp_password.is_none(), "smtp_password", "the password for it"),
        ];
        for (_, option, what) in lacks.iter().filter(|(is_missing, ..)| *is_missing) {
            let help = format!("add <{option}>…</{option}>: {what}");
            reading.error(span, format!("mail cannot be sent without <{option}>"), help);
        }
        let addresses = self.to.iter().chain(granular.iter().map(|block| &block.to));
        if addresses.collect::<std::collections::BTreeSet<_>>().len() > RECIPIENTS_MAX {
            let message = format!("there are more than {RECIPIENTS_MAX} recipients");
            reading.error(span, message, "let the mail server keep a list of them under one address");
        }
    }
}

impl EmailAlerts {
    /// Reads one `<email_alerts>`; `None` if it cannot be used, which is
    /// reported.
    pub(super) fn read(reading: &mut Reading<'_>, section: &Element) -> Option<Self> {
        let mut parts = Parts::default();
        for option in &section.children {
            if !notification::OPTIONS.contains(&option.name.as_str()) {
                reading.only_attributes(option, &[]);
            }
            parts.take(reading, section, option);
        }
        parts.finish(reading, section)
    }
}

/// An `<email_alerts>` of which options may still be missing.
#[derive(Default)]
struct Parts {
    to: Option<String>,
    format: MailFormat,
    selection: Selection,
    terms: Terms,
}

impl Parts {
    fn take(&mut self, reading: &mut Reading<'_>, section: &Element, option: &Element) {
        match option.name.as_str() {
            "email_to" => self.to = address(reading, option).or(self.to.take()),
            "format" => set(&mut self.format, one_of(reading, option, &FORMATS)),
            // OSSEC 4.3: that it stands there is enough, but `no` means no here.
            "do_not_delay" => self.selection.at_once = option.text != b"no",
            "do_not_group" => self.selection.alone = option.text != b"no",
            _ if self.selection.take(reading, option, Manner::Pattern) => {}
            _ if self.terms.take(reading, option) => {}
            _ => reading.other_option(section, option, &GRANULAR, &[]),
        }
    }

    fn finish(self, reading: &mut Reading<'_>, section: &Element) -> Option<EmailAlerts> {
        let span = section.name_span;
        let Some(to) = self.to else {
            if !section.children.iter().any(|option| option.name == "email_to") {
                let help = "name who is told: <email_to>me@example.com</email_to>";
                reading.error(span, "this <email_alerts> has no <email_to>", help);
            }
            return None;
        };
        if !self.selection.says_something() {
            let help = "add a condition, such as <level>10</level>; who is told of all stands in <global>";
            reading.error(span, "this <email_alerts> says nothing of which alerts", help);
            return None;
        }
        let selection = Selection { mailed: true, ..self.selection };
        Some(EmailAlerts {
            to,
            format: self.format,
            selection,
            terms: self.terms,
            place: reading.place(span),
        })
    }
}

/// An address: no blanks, no brackets, nothing that a mail server or a header
/// could take for something else.
pub(super) fn address(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    if is_address(&text) {
        return Some(text);
    }
    let help = "write it as me@example.com, without a name, blanks or brackets";
    reading.error(value_span(option), format!("`{text}` is not a mail address"), help);
    None
}

/// Whether this is one mail address and nothing else.
pub fn is_address(text: &str) -> bool {
    let local = text.rsplit_once('@').map_or(text, |(local, _)| local);
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !r#"<>()[],;:\""#.contains(c);
    let ends_well = !text.ends_with('@') && !text.starts_with('-');
    !local.is_empty() && ends_well && text.len() <= ADDRESS_MAX && text.chars().all(is_plain)
}

fn name(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    if text.len() <= NAME_MAX && !text.contains(char::is_control) {
        return Some(text);
    }
    let message = format!("<{}> takes one line of at most {NAME_MAX} bytes", option.name);
    reading.error(value_span(option), message, "write it in one line");
    None
}

fn word(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = name(reading, option)?;
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(text);
    }
    let message = format!("`{text}` is no name of a machine");
    reading.error(value_span(option), message, "write a name of letters, digits, dots and dashes");
    None
}

fn one_of<T: Copy>(reading: &mut Reading<'_>, option: &Element, words: &[(&str, T)]) -> Option<T> {
    let text = reading.text(option)?;
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("<{}> takes {}", option.name, known.join(", "));
        reading.error(value_span(option), message, format!("`{text}` is none of them"));
    }
    found.map(|(_, value)| *value)
}

fn set<T>(option: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *option = value;
    }
}
