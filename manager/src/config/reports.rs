//! `<reports>`: what is told regularly, to whom.
//!
//! OSSEC 4.3: the value of a field is a condition, and with the attribute
//! `type="relation"` the name of the field that is shown beside it. Values are
//! taken as they are written; OSSEC replaces characters in them.

use super::Place;
use super::email::address;
use super::reading::{Reading, value_span};
use crate::diagnose::suggest;
use crate::report::period::Frequency;
use crate::report::{Condition, Query, Relation, Subject};
use crate::xml::Element;

/// Reports that one configuration may have.
pub(super) const REPORTS_MAX: usize = 64;

/// People that one report may go to.
const RECIPIENTS_MAX: usize = 64;

/// Characters of a title.
const TITLE_MAX: usize = 200;

const OPTIONS: [&str; 14] = [
    "title",
    "type",
    "category",
    "group",
    "rule",
    "level",
    "location",
    "srcip",
    "user",
    "showlogs",
    "email_to",
    "frequency",
    "send_empty",
    "graph",
];

/// One `<reports>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledReport {
    /// Its title, conditions and relations; the time is not set.
    pub query: Query,
    /// How often.
    pub frequency: Frequency,
    /// Send it also if there is nothing to tell.
    pub send_empty: bool,
    /// Draw who did what to whom.
    pub graph: bool,
    /// Addresses of those who get it, no one twice.
    pub email_to: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

impl ScheduledReport {
    /// What it is called: no other one is.
    pub fn title(&self) -> &str {
        self.query.title.as_deref().unwrap_or_default()
    }

    /// What must hold of an alert, in words.
    pub fn conditions(&self) -> Vec<String> {
        self.query.conditions.iter().map(ToString::to_string).collect()
    }

    /// Reads one `<reports>`. What is wrong is reported, and it is left out.
    pub(super) fn read(reading: &mut Reading<'_>, section: &Element) -> Option<Self> {
        let mut report = Self {
            query: Query::default(),
            frequency: Frequency::default(),
            send_empty: false,
            graph: false,
            email_to: Vec::new(),
            place: reading.place(section.name_span),
        };
        let mut sound = true;
        for option in &section.children {
            sound &= report.take(reading, section, option).is_some();
        }
        if report.email_to.is_empty() && sound {
            let help = "add <email_to>address</email_to>";
            reading.error(section.name_span, "nobody gets this report", help);
            sound = false;
        }
        // OSSEC 4.3 gives a name to those without one, too.
        let unnamed = || format!("{} report", capital(report.frequency.word()));
        report.query.title.get_or_insert_with(unnamed);
        sound.then_some(report)
    }

    /// Reads one option; `None` if it is wrong.
    fn take(&mut self, reading: &mut Reading<'_>, section: &Element, option: &Element) -> Option<()> {
        let field = field(&option.name);
        reading.only_attributes(option, if field.is_some() { &["type"] } else { &[] });
        match (option.name.as_str(), field) {
            (_, Some(subject)) => self.field(reading, option, subject)?,
            ("title", _) => self.query.title = Some(title(reading, option)?),
            ("type", _) => only_email(reading, option)?,
            ("showlogs", _) => self.query.show_logs = reading.yes_or_no(option)?,
            ("send_empty", _) => self.send_empty = reading.yes_or_no(option)?,
            ("graph", _) => self.graph = reading.yes_or_no(option)?,
            ("frequency", _) => self.frequency = frequency(reading, option)?,
            ("email_to", _) => self.recipient(reading, option)?,
            _ => {
                reading.other_option(section, option, &OPTIONS, &[]);
                return None;
            }
        }
        Some(())
    }

    /// A condition or a relation.
    fn field(&mut self, reading: &mut Reading<'_>, option: &Element, subject: Subject) -> Option<()> {
        let text = reading.text(option)?;
        match option.attribute("type").map(|attribute| (attribute, attribute.value.as_slice())) {
            None => match Condition::parse(subject, &text) {
                Ok(condition) => self.query.conditions.push(condition),
                Err(wrong) => {
                    reading.error(value_span(option), format!("<{}>: {wrong}", option.name), "");
                    return None;
                }
            },
            Some((_, b"relation")) => {
                let to = related(reading, option, &text)?;
                self.query.relations.push(Relation { of: subject, to });
            }
            Some((attribute, _)) => {
                let message = format!("`{}` is no type of a report's field", attribute.value_lossy());
                reading.error(attribute.value_span, message, "write type=\"relation\", or no type");
                return None;
            }
        }
        Some(())
    }

    fn recipient(&mut self, reading: &mut Reading<'_>, option: &Element) -> Option<()> {
        let address = address(reading, option)?;
        if self.email_to.len() >= RECIPIENTS_MAX {
            let message = format!("a report goes to {RECIPIENTS_MAX} people at most");
            reading.error(value_span(option), message, "a list of your mail server takes any number");
            return None;
        }
        if !self.email_to.contains(&address) {
            self.email_to.push(address);
        }
        Some(())
    }
}

/// What a field's option is about. OSSEC 4.3 has no option for names of files.
fn field(option: &str) -> Option<Subject> {
    match option {
        "category" => Some(Subject::Group),
        "filename" => None,
        name => Subject::named(name),
    }
}

fn related(reading: &mut Reading<'_>, option: &Element, name: &str) -> Option<Subject> {
    let found = Subject::named(name);
    if found.is_none() {
        let names = Subject::ALL.map(Subject::name);
        let help = match suggest(name, names) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("write one of {}", names.join(", ")),
        };
        reading.error(value_span(option), format!("there is no field `{}`", name.escape_debug()), help);
    }
    found
}

fn title(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let text = reading.text(option)?;
    if text.chars().any(char::is_control) || text.chars().count() > TITLE_MAX || text.trim().is_empty() {
        let message = format!("a title is one line of at most {TITLE_MAX} characters");
        reading.error(value_span(option), message, "write it shorter, without line ends");
        return None;
    }
    Some(text.trim().to_owned())
}

fn only_email(reading: &mut Reading<'_>, option: &Element) -> Option<()> {
    if option.text.trim_ascii() == b"email" {
        return Some(());
    }
    let message = format!("there is no type `{}` of reports", option.text_lossy().escape_debug());
    reading.error(value_span(option), message, "write <type>email</type>, or leave it out");
    None
}

fn frequency(reading: &mut Reading<'_>, option: &Element) -> Option<Frequency> {
    let found = Frequency::WORDS.iter().find(|(word, _)| word.as_bytes() == option.text);
    if found.is_none() {
        let words = Frequency::WORDS.map(|(word, _)| word).join(", ");
        let message = format!("there is no frequency `{}`", option.text_lossy().escape_debug());
        reading.error(value_span(option), message, format!("write one of {words}"));
    }
    found.map(|(_, frequency)| *frequency)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
