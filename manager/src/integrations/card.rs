//! An alert in a few words for people: what chats and pagers show.

use crate::alert::Alert;
use bartizan_core::event::Field;

/// Characters of a title.
const TITLE_MAX: usize = 200;

/// Characters of a fact.
const FACT_MAX: usize = 200;

/// What is shown of an alert. Nothing in it is escaped yet, but there are no
/// control characters: a log cannot bring its own lines into a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Card {
    /// What happened, in one line.
    pub(super) title: String,
    /// How bad it is: 0 to 16.
    pub(super) level: u16,
    /// Names and values, each one line.
    pub(super) facts: Vec<(&'static str, String)>,
    /// The log, behind what has changed if it is an output that is watched;
    /// lines end with LF.
    pub(super) text: String,
}

impl Card {
    /// Shows an alert with at most so many characters of its log.
    pub(super) fn new(alert: &Alert<'_>, text_max: usize) -> Self {
        let rule = alert.rule.unwrap_or_default();
        let mut facts = Vec::new();
        let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
        fact("Rule", (rule.id != 0).then(|| format!("{} (level {})", rule.id, rule.level)));
        let host = if alert.is_from_agent() { "Agent" } else { "Host" };
        fact(host, some_line(alert.agent_name()));
        fact("Location", some_line(alert.log_file()).filter(|_| rule.id != 0));
        for (name, field) in [
            ("Source", Field::SrcIp),
            ("Source place", Field::SrcGeo),
            ("Destination", Field::DstIp),
            ("Destination place", Field::DstGeo),
            ("User", Field::DstUser),
            ("Source user", Field::SrcUser),
            ("File", Field::Filename),
        ] {
            fact(name, alert.field(field).and_then(some_line));
        }
        let mut time = Vec::new();
        alert.time.write(&mut time);
        fact("Time", String::from_utf8(time).ok());
        Self { title: title(&rule), level: rule.level, facts, text: body(alert, text_max) }
    }
}

/// What has changed comes first: of a long output not all is shown.
fn body(alert: &Alert<'_>, max: usize) -> String {
    match alert.difference() {
        Some(difference) => text(&[difference.as_bytes(), b"\n", alert.log].concat(), max),
        None => text(alert.log, max),
    }
}

fn title(rule: &crate::alert::Rule<'_>) -> String {
    let description = line(rule.description.unwrap_or_default(), TITLE_MAX);
    if description.trim().is_empty() { format!("Rule {} fired", rule.id) } else { description }
}

fn some_line(bytes: &[u8]) -> Option<String> {
    Some(line(bytes, FACT_MAX)).filter(|line| !line.trim().is_empty())
}

/// One line of at most so many characters.
pub(super) fn line(bytes: &[u8], max: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    cut(text.chars().map(|c| if odd(c) { ' ' } else { c }), max)
}

/// Lines of at most so many characters together.
pub(super) fn text(bytes: &[u8], max: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    cut(text.chars().map(|c| if odd(c) && c != '\n' { ' ' } else { c }), max)
}

/// Controls, ends of lines, and what turns the direction of writing: with it
/// a log could show other words than it holds.
fn odd(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The first so many characters; what is cut ends with `…`.
fn cut(characters: impl Iterator<Item = char>, max: usize) -> String {
    let mut kept: Vec<char> = characters.take(max.max(1) + 1).collect();
    if kept.len() > max {
        kept.truncate(max.saturating_sub(1));
        kept.push('…');
    }
    kept.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::tests::{entry, hostile};

    #[test]
    fn a_card_says_what_happened_where_and_by_whom() {
        let entry = entry();
        let card = Card::new(&entry.alert(), 100);
        assert_eq!((card.title.as_str(), card.level), ("sshd: brute force", 10));
        let facts: Vec<_> = card.facts.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            facts,
            [
                "Rule=5712 (level 10)",
                "Agent=web1",
                "Location=/var/log/auth.log",
                "Source=192.0.2.7",
                "User=root",
                "Time=2026 Nov 21 08:29:50"
            ]
        );
        assert_eq!(card.text, "Failed password for root from 192.0.2.7");
    }

    #[test]
    fn of_a_changed_output_the_change_comes_first() {
        let new = b"ports:\n22\n\x1b81";
        let previous = vec![&b"Previous output:"[..], b"ports:\n22\n80"];
        let alert = Alert { previous, message: new, log: new, ..Alert::default() };
        let shown = Card::new(&alert, 100).text;
        assert_eq!(shown, "@@ -1,3 +1,3 @@\n ports:\n 22\n-80\n+ 81\n\nports:\n22\n 81");
        assert_eq!(Card::new(&alert, 10).text.chars().count(), 10);
    }

    #[test]
    fn no_log_can_bring_lines_of_its_own() {
        for (name, entry) in hostile() {
            let card = Card::new(&entry.alert(), 300);
            assert!(!card.title.is_empty() && !card.title.contains(odd), "{name}: {}", card.title);
            assert!(card.title.chars().count() <= TITLE_MAX && card.text.chars().count() <= 300, "{name}");
            assert!(card.facts.iter().all(|(_, value)| !value.contains(odd)), "{name}: {:?}", card.facts);
        }
    }
}
