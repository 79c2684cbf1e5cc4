//! What is said: a subject, a text, maybe HTML.

use super::super::Account;
use super::readable::{cut, one_line, readable};
use super::{digest, notification};
use crate::alert::{Alert, Entry};
use crate::config::email::MailFormat;
use crate::outbox::{Content, HeldBack, Notice, Page};
use crate::plural::counted;

/// Bytes of a notice's title that a subject shows.
const TITLE_MAX: usize = 200;

/// A mail without its envelope.
pub(super) struct Letter {
    /// One line.
    pub(super) subject: String,
    /// Lines with line feeds.
    pub(super) text: String,
    /// The same as a page.
    pub(super) html: Option<Page>,
}

impl Letter {
    pub(super) fn new(account: &Account, format: MailFormat, content: &Content) -> Self {
        let alerts: Vec<_> = content.alerts.iter().map(Entry::alert).collect();
        match format {
            MailFormat::Full => Self::full(account, &alerts, content),
            MailFormat::Sms => Self::short(&alerts, content),
        }
    }

    fn full(account: &Account, alerts: &[Alert<'_>], content: &Content) -> Self {
        let Content { held_back, notice, .. } = content;
        let mut text = String::new();
        if let Some(Notice { title, text: notice, .. }) = notice {
            text += &readable(if notice.is_empty() { title } else { notice }.as_bytes());
            text += if text.ends_with('\n') { "" } else { "\n" };
        }
        alerts.iter().for_each(|alert| notification::write(&mut text, alert));
        if !held_back.is_empty() {
            digest::write(&mut text, held_back);
        }
        let subject = subject(alerts, content, |alert| notification::subject(alert, account.full_subject));
        // HTML says what the notice says, and no more.
        let all = alerts.is_empty() && held_back.is_empty();
        let html = notice.as_ref().filter(|_| all).and_then(|notice| notice.html.clone());
        Self { subject, text, html }
    }

    /// One line.
    fn short(alerts: &[Alert<'_>], content: &Content) -> Self {
        let subject = subject(alerts, content, notification::short_subject);
        let text = match highest(alerts) {
            Some(alert) => notification::short(alert, alerts.len() - 1),
            None => subject.clone(),
        };
        Self { subject, text: text + "\n", html: None }
    }
}

/// What a mail is about: the notice, else the alert of the highest level, else
/// what was held back.
fn subject(alerts: &[Alert<'_>], content: &Content, of: impl Fn(&Alert<'_>) -> String) -> String {
    match (&content.notice, highest(alerts)) {
        (Some(notice), _) => cut(&one_line(notice.title.as_bytes()), TITLE_MAX).to_owned(),
        (None, Some(alert)) => of(alert),
        (None, None) => held_back(&content.held_back),
    }
}

fn held_back(held_back: &[HeldBack]) -> String {
    let level = held_back.iter().map(|held| held.level).max().unwrap_or_default();
    let alerts = counted(digest::count(held_back), "alert", "alerts");
    format!("OSSEC Alert - {alerts} held back - Level {level}")
}

/// The alert of the highest level; of several the first (OSSEC 4.3).
fn highest<'l, 'a>(alerts: &'l [Alert<'a>]) -> Option<&'l Alert<'a>> {
    let level = |alert: &Alert<'_>| alert.rule.unwrap_or_default().level;
    alerts.iter().rev().max_by_key(|alert| level(alert))
}
