//! Which alerts a report is about.

use super::subject::{Subject, known, origin};
use crate::alert::Alert;
use crate::pattern::word_match;
use bartizan_core::event::Field;
use memchr::memmem;

/// What must hold of an alert (OSSEC 4.3: `-f`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The text is in the list of groups, case matters.
    Group(String),
    /// It is one of these rules.
    Rule(Vec<u32>),
    /// It has this level or a higher one.
    Level(u16),
    /// One of the words, parted by `|`, is in its location; a word after `^`
    /// at its beginning.
    Location(String),
    /// The text is in the name of the user, case matters.
    User(String),
    /// The text is in the source address.
    SrcIp(String),
    /// The text is in the name of the file, case matters.
    Filename(String),
}

impl Condition {
    /// A condition as it is written; if it cannot be one, what it should be.
    pub fn parse(subject: Subject, value: &str) -> Result<Self, &'static str> {
        let text = value.to_owned();
        Ok(match subject {
            Subject::Group => Self::Group(text),
            Subject::Location => Self::Location(text),
            Subject::User => Self::User(text),
            Subject::SrcIp => Self::SrcIp(text),
            Subject::Filename => Self::Filename(text),
            Subject::Level => Self::Level(value.parse().map_err(|_| "a level is a number from 0 to 16")?),
            Subject::Rule => Self::Rule(rules(value).ok_or("rules are numbers with commas between them")?),
        })
    }

    /// What it is about.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Group(_) => Subject::Group,
            Self::Rule(_) => Subject::Rule,
            Self::Level(_) => Subject::Level,
            Self::Location(_) => Subject::Location,
            Self::User(_) => Subject::User,
            Self::SrcIp(_) => Subject::SrcIp,
            Self::Filename(_) => Subject::Filename,
        }
    }

    /// Whether it holds. What an alert does not have fits no text.
    pub fn holds(&self, alert: &Alert<'_>) -> bool {
        let rule = alert.rule.unwrap_or_default();
        match self {
            Self::Group(text) => contains(Some(rule.groups), text),
            Self::Rule(rules) => rules.contains(&rule.id),
            Self::Level(level) => rule.level >= *level,
            Self::Location(words) => word_match(words.as_bytes(), &origin(alert)),
            Self::User(text) => contains(known(alert.field(Field::DstUser)), text),
            Self::SrcIp(text) => contains(known(alert.field(Field::SrcIp)), text),
            Self::Filename(text) => contains(alert.field(Field::Filename), text),
        }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.subject().name())?;
        match self {
            Self::Level(level) => write!(f, "{level} or higher"),
            Self::Rule(rules) => {
                let rules: Vec<_> = rules.iter().map(u32::to_string).collect();
                f.write_str(&rules.join(", "))
            }
            Self::Group(text)
            | Self::Location(text)
            | Self::User(text)
            | Self::SrcIp(text)
            | Self::Filename(text) => f.write_str(text),
        }
    }
}

fn contains(value: Option<&[u8]>, text: &str) -> bool {
    value.is_some_and(|value| memmem::find(value, text.as_bytes()).is_some())
}

fn rules(list: &str) -> Option<Vec<u32>> {
    let words = list.split([',', ' ']).filter(|word| !word.is_empty());
    let rules: Vec<u32> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
    Some(rules).filter(|rules| !rules.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Rule;

    fn alert() -> Alert<'static> {
        let rule = Rule { id: 5716, level: 5, groups: b"syslog,sshd,", ..Rule::default() };
        let mut alert =
            Alert { rule: Some(rule), hostname: b"web", location: b"/var/log/auth.log", ..Alert::default() };
        alert.fields[Field::SrcIp as usize] = Some(b"192.0.2.7");
        alert
    }

    #[test]
    fn each_condition_holds_as_the_reference_has_it() {
        let cases = [
            ("group", "sshd", true),
            ("group", "SSHD", false),
            ("group", "log,ss", true),
            ("rule", "1,5716", true),
            ("rule", "1 5716", true),
            ("rule", "57", false),
            ("level", "5", true),
            ("level", "6", false),
            ("location", "^web|nothing", true),
            ("location", "AUTH", true),
            ("location", "^auth", false),
            ("srcip", "192.0.2", true),
            ("srcip", "10.", false),
            ("user", "root", false),
            ("user", "", false),
            ("filename", "passwd", false),
        ];
        for (subject, value, holds) in cases {
            let subject = Subject::named(subject).expect("a subject");
            let condition = Condition::parse(subject, value).expect("a condition");
            assert_eq!(condition.holds(&alert()), holds, "{condition}");
        }
    }

    #[test]
    fn what_cannot_hold_is_said() {
        assert!(Condition::parse(Subject::Level, "high").is_err());
        assert!(Condition::parse(Subject::Level, "-1").is_err());
        assert!(Condition::parse(Subject::Rule, "5716,x").is_err());
        assert!(Condition::parse(Subject::Rule, " ,").is_err());
    }
}
