//! AfterGlow's property files: colours, sizes and labels by conditions.
//!
//! ```text
//! color.source="red" if ($fields[0] =~ /^192\.168\./)
//! color.event="yellow" if (field() =~ /login/)
//! color.target="lightblue"
//! cluster.source=regex_replace("(\d+\.\d+)").".0.0/16" if (!match("^10\."))
//! threshold.source=10
//! ```
//!
//! The forms that AfterGlow's manual and its examples use are understood
//! (`expression`); Perl is not. Of several lines for the same thing the
//! first whose condition holds counts.

mod expression;
mod tokens;

use super::{Role, Triple};
use crate::diagnose::{Diagnostic, Diagnostics, SourceId, Sources, Span};
use expression::{Expression, Scope};

/// Bytes of a property file, and lines of it that say something.
const FILE_MAX: usize = 1 << 20;
const LINES_MAX: usize = 2_000;

/// What a property file says.
#[derive(Debug, Default)]
pub struct Properties {
    lines: Vec<Line>,
}

/// One line: `NAME[.ROLE]=EXPRESSION`.
#[derive(Debug)]
struct Line {
    what: What,
    /// For which nodes; `None` for all.
    of: Option<Of>,
    value: Expression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Color,
    Size,
    Label,
    Cluster,
    Threshold,
    Sum,
    Shape,
    LargestNode,
    Url,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Node(Role),
    Edge,
    SourceTarget,
}

/// How a node looks; what is `None` is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Colour of its box, as it was written: a name of X11 or `#rrggbb`.
    pub colour: Option<String>,
    /// What stands in it, in place of its name.
    pub label: Option<String>,
    /// A shape of Graphviz.
    pub shape: Option<String>,
    /// Its size, a number.
    pub size: Option<String>,
    /// Where a click leads.
    pub url: Option<String>,
}

const WORDS: [(&str, What); 9] = [
    ("color", What::Color),
    ("size", What::Size),
    ("label", What::Label),
    ("cluster", What::Cluster),
    ("threshold", What::Threshold),
    ("sum", What::Sum),
    ("shape", What::Shape),
    ("maxnodesize", What::LargestNode),
    ("url", What::Url),
];

impl Properties {
    /// Reads a file; what is wrong goes to the report, and such lines are left
    /// out.
    pub fn read(sources: &Sources, file: SourceId, report: &mut Diagnostics) -> Self {
        let mut properties = Self::default();
        let text = sources.bytes(file);
        if text.len() > FILE_MAX {
            report.push(Diagnostic::error(file, Span::new(0, 1), "this file is larger than 1 MiB"));
            return properties;
        }
        let mut start = 0;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            match Line::read(line) {
                Ok(Some(line)) if properties.lines.len() < LINES_MAX => properties.lines.push(line),
                Ok(None) => {}
                Ok(Some(_)) => {
                    let span = Span::new(start, start + line.len());
                    report.push(Diagnostic::error(
                        file,
                        span,
                        "there are too many lines: 2,000 is the limit",
                    ));
                    break;
                }
                Err(wrong) => {
                    let from = start + wrong.at.min(line.trim_ascii_end().len());
                    report.push(
                        Diagnostic::error(file, Span::new(from, from + 1), wrong.what).help(wrong.help),
                    );
                }
            }
            start += line.len();
        }
        properties
    }

    fn lines(&self, what: What, of: Of) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.what == what && line.of.is_none_or(|line| line == of))
    }

    /// The first value of a thing whose condition holds.
    fn value(&self, what: What, of: Of, triple: &Triple) -> Option<String> {
        let role = if let Of::Node(role) = of { role } else { Role::Event };
        let scope = Scope { triple, role };
        self.lines(what, of).find_map(|line| line.value.of(&scope))
    }

    /// How the node of a role looks that a triple goes through.
    pub(super) fn style(&self, role: Role, triple: &Triple) -> Style {
        if self.lines.is_empty() {
            return Style::default();
        }
        let of = Of::Node(role);
        Style {
            colour: self.value(What::Color, of, triple),
            label: self.value(What::Label, of, triple),
            shape: self.value(What::Shape, of, triple),
            size: self.value(What::Size, of, triple),
            url: self.value(What::Url, of, triple),
        }
    }

    /// The colour of the edges of a triple.
    pub(super) fn edge_colour(&self, triple: &Triple) -> Option<String> {
        self.lines
            .iter()
            .filter(|line| line.what == What::Color && line.of == Some(Of::Edge))
            .find_map(|line| line.value.of(&Scope { triple, role: Role::Event }))
    }

    /// Whether a triple is not shown: one of its nodes is invisible.
    pub(super) fn hides(&self, triple: &Triple) -> bool {
        let is_hidden = |role: &Role| {
            let colour = self.value(What::Color, Of::Node(*role), triple);
            colour.is_some_and(|colour| colour.eq_ignore_ascii_case("invisible"))
        };
        !self.lines.is_empty() && Role::ALL.iter().any(is_hidden)
    }

    /// The names of a triple after clusters are made of them.
    pub(super) fn clustered(&self, triple: &Triple) -> Option<Triple> {
        if !self.lines.iter().any(|line| line.what == What::Cluster) {
            return None;
        }
        let mut names = triple.names.clone();
        for (role, name) in Role::ALL.into_iter().zip(&mut names) {
            if name.is_some()
                && let Some(cluster) = self.value(What::Cluster, Of::Node(role), triple)
            {
                *name = Some(cluster);
            }
        }
        Some(Triple { names, ..triple.clone() })
    }

    /// Alerts that a node of a role must have.
    pub(super) fn threshold(&self, role: Role) -> u64 {
        let nobody = Triple { names: [None, None, None], alerts: 0, level: 0, group: String::new() };
        let value = self.value(What::Threshold, Of::Node(role), &nobody);
        value.and_then(|value| value.parse().ok()).unwrap_or(0)
    }
}

/// What is wrong in a line.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    /// Bytes before it.
    at: usize,
    what: String,
    help: &'static str,
}

impl Line {
    /// Reads a line; `None` if it says nothing that matters here.
    fn read(line: &[u8]) -> Result<Option<Self>, Wrong> {
        let text = line.trim_ascii();
        if text.is_empty() || text.starts_with(b"#") || text.starts_with(b"//") {
            return Ok(None);
        }
        let wrong = |at, what: String, help| Err(Wrong { at, what, help });
        let Some(equals) = memchr::memchr(b'=', line) else {
            return wrong(
                0,
                "this is no property".to_owned(),
                "write NAME=VALUE or NAME=VALUE if (CONDITION)",
            );
        };
        let name = String::from_utf8_lossy(line[..equals].trim_ascii()).to_ascii_lowercase();
        if matches!(name.as_str(), "variable" | "exit" | "xlabels") {
            return wrong(0, format!("`{name}` runs Perl, which is not understood"), "leave the line out");
        }
        let (word, of) = match name.split_once('.') {
            Some((word, of)) => (word, Some(of)),
            None => (name.as_str(), None),
        };
        let Some((_, what)) = WORDS.iter().find(|(known, _)| *known == word) else {
            let help = "known are color, size, label, cluster, threshold, sum, shape, url and maxnodesize";
            return wrong(0, format!("the property `{word}` is not known"), help);
        };
        let of = match of {
            None => None,
            Some("source") => Some(Of::Node(Role::Source)),
            Some("event") => Some(Of::Node(Role::Event)),
            Some("target") => Some(Of::Node(Role::Target)),
            Some("edge") => Some(Of::Edge),
            Some("sourcetarget") => Some(Of::SourceTarget),
            Some(other) => {
                let help = "known are source, event, target, edge and sourcetarget";
                return wrong(0, format!("`{other}` is no part of a graph"), help);
            }
        };
        let value = Expression::read(line, equals + 1)?;
        Ok(Some(Self { what: *what, of, value }))
    }
}

/// Reads any bytes as a property file and asks it: for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let mut sources = Sources::new();
    let file = sources.add("properties", bytes);
    let mut report = Diagnostics::new();
    let properties = Properties::read(&sources, file, &mut report);
    let names = ["192.168.1.7", "Login failed", "host->log"].map(|name| Some(name.to_owned()));
    let triple = Triple { names, alerts: 7, level: 5, group: "syslog".to_owned() };
    let _ = properties.clustered(&triple);
    let _ = (properties.hides(&triple), properties.edge_colour(&triple));
    for role in Role::ALL {
        let _ = (properties.style(role, &triple), properties.threshold(role));
    }
}
