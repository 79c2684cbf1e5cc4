//! What a parcel holds, as alerts: those that it carries, and one each for
//! what was held back and for a text of the manager's own. So each kind of
//! receiver has to know alerts only.

use crate::alert::{Alert, AlertId, Entry, Rule};
use crate::outbox::{Content, HeldBack, Notice};
use crate::outputs::clock::LocalClock;
use crate::plural::{counted, plural};
use std::fmt::Write;

/// The place that alerts without an event come from.
const LOCATION: &[u8] = b"bartizan";

/// Lines of a digest; further rules are counted.
const LINES_MAX: usize = 50;

/// All that a parcel holds, one after the other.
pub(super) fn all(content: &Content) -> Vec<Entry> {
    let mut all = content.alerts.clone();
    if !content.held_back.is_empty() {
        all.push(digest(&content.held_back));
    }
    all.extend(content.notice.as_ref().map(notice));
    all
}

/// The same as one alert, for receivers that take one at a time.
pub(super) fn one(content: &Content) -> Entry {
    let mut all = all(content);
    match all.len() {
        1 => all.remove(0),
        _ => several(&all),
    }
}

fn digest(held_back: &[HeldBack]) -> Entry {
    let count: u64 = held_back.iter().map(|one| one.count).sum();
    let alerts = counted(count, "alert", "alerts");
    let rules = counted(held_back.len(), "rule", "rules");
    let title = format!("{alerts} of {rules} {} held back", plural(count, "was", "were"));
    let mut lines = String::new();
    for HeldBack { rule, level, description, count, span } in held_back.iter().take(LINES_MAX) {
        let (first, last) = (time(span.0), time(span.1));
        let _ = writeln!(lines, "{count} x rule {rule} (level {level}) '{description}', {first} to {last}");
    }
    if let Some(more) = held_back.len().checked_sub(LINES_MAX).filter(|more| *more > 0) {
        let _ = writeln!(lines, "and {}", counted(more, "rule more", "rules more"));
    }
    let level = held_back.iter().map(|one| one.level).max().unwrap_or_default();
    let last = held_back.iter().map(|one| one.span.1).max().unwrap_or_default();
    made_up(&title, lines.trim_end(), level, last)
}

fn notice(notice: &Notice) -> Entry {
    made_up(&notice.title, &notice.text, 0, jiff::Timestamp::now().as_second())
}

fn several(all: &[Entry]) -> Entry {
    let alerts: Vec<_> = all.iter().map(Entry::alert).collect();
    let rules = || alerts.iter().filter_map(|alert| alert.rule);
    let level = rules().map(|rule| rule.level).max().unwrap_or_default();
    let highest = rules().find(|rule| rule.level == level).unwrap_or_default();
    let what = String::from_utf8_lossy(highest.description());
    let title = match alerts.len().saturating_sub(1) {
        0 => "nothing".to_owned(),
        more => format!("{what} (and {more} more)"),
    };
    let mut text = String::new();
    for alert in &alerts {
        let rule = alert.rule.unwrap_or_default();
        let description = String::from_utf8_lossy(rule.description());
        let _ = writeln!(text, "{description} (level {})", rule.level);
        let _ = writeln!(text, "{}\n", String::from_utf8_lossy(alert.log));
    }
    let last = alerts.iter().map(|alert| alert.id.epoch).max().unwrap_or_default();
    made_up(&title, text.trim_end(), level, last)
}

/// An alert that no rule raised: rule 0.
fn made_up(title: &str, text: &str, level: u16, epoch: i64) -> Entry {
    let rule =
        Rule { level, description: Some(title.as_bytes()), groups: b"bartizan,notice,", ..Rule::default() };
    Entry::new(&Alert {
        id: AlertId { epoch, ticket: 0 },
        time: LocalClock::default().local(epoch),
        rule: Some(rule),
        location: LOCATION,
        hostname: super::node().as_bytes(),
        log: text.as_bytes(),
        message: text.as_bytes(),
        ..Alert::default()
    })
}

fn time(epoch: i64) -> String {
    let mut out = Vec::new();
    LocalClock::default().local(epoch).write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::tests::entry;

    fn held_back(rule: u32, count: u64) -> HeldBack {
        HeldBack { rule, level: 5, description: "odd".to_owned(), count, span: (0, 60) }
    }

    #[test]
    fn an_alert_stays_as_it_is() {
        let content = Content { alerts: vec![entry()], ..Content::default() };
        assert_eq!(one(&content), entry());
        assert_eq!(all(&content), [entry()]);
    }

    #[test]
    fn a_digest_tells_how_many_of_which_rule() {
        let held_back = (0..60).map(|n| held_back(5700 + n, 3)).collect();
        let one = one(&Content { held_back, ..Content::default() });
        let alert = one.alert();
        let rule = alert.rule.expect("a rule");
        assert_eq!(rule.description(), b"180 alerts of 60 rules were held back");
        let log = String::from_utf8_lossy(alert.log);
        assert!(log.starts_with("3 x rule 5700 (level 5) 'odd', 19"), "{log}");
        assert!(log.ends_with("and 10 rules more"), "{log}");
    }

    #[test]
    fn several_become_one_that_names_the_worst() {
        let content = Content {
            alerts: vec![entry()],
            held_back: vec![held_back(1, 2)],
            notice: Some(Notice { title: "a test".to_owned(), text: "of all".to_owned(), html: None }),
        };
        assert_eq!(all(&content).len(), 3);
        let one = one(&content);
        let alert = one.alert();
        assert_eq!(alert.rule.expect("a rule").level, 10);
        let log = String::from_utf8_lossy(alert.log);
        assert!(
            log.contains("2 alerts of 1 rule were") && log.ends_with("a test (level 0)\nof all"),
            "{log}"
        );
    }
}
