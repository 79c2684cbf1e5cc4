//! One `<command>`: a script under a name.

use super::super::reading::{Reading, value_span};
use super::{Expects, Means, NAME_MAX, Talk, name};
use crate::diagnose::{Span, suggest};
use crate::xml::Element;
use bartizan_core::limits::RESPONSE_JSON_MAX;
use bartizan_core::respond::order::is_label;

const OPTIONS: [&str; 5] = ["name", "executable", "expect", "timeout_allowed", "extra_args"];

/// Arguments of one command.
const ARGUMENTS_MAX: usize = 32;

/// What `<expect>` may name, and what it asks for.
const EXPECTS: [(&str, Expects); 5] = [
    ("srcip", Expects { srcip: true, ..Expects::NOTHING }),
    ("user", Expects { user: true, ..Expects::NOTHING }),
    ("username", Expects { user: true, ..Expects::NOTHING }),
    ("filename", Expects { filename: true, ..Expects::NOTHING }),
    ("", Expects::NOTHING),
];

/// A script under a name, or a built-in means.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) name: String,
    pub(super) means: Means,
    pub(super) expects: Expects,
    pub(super) timeout_allowed: bool,
    pub(super) span: Span,
}

/// A `<command>` of which options may still be missing.
#[derive(Default)]
struct Parts {
    name: Option<String>,
    executable: Option<String>,
    expect: Option<Expects>,
    timeout_allowed: bool,
    extra: Vec<String>,
    /// Something was wrong and is reported.
    flawed: bool,
}

impl Command {
    /// Reads one `<command>`; `None` if it cannot be used, which is reported.
    pub(super) fn read(reading: &mut Reading<'_>, section: &Element) -> Option<Self> {
        let mut parts = Parts::default();
        for option in &section.children {
            reading.only_attributes(option, &[]);
            parts.take(reading, section, option);
        }
        parts.finish(reading, section)
    }

    /// A built-in means by its name. A webhook's address is empty.
    pub(super) fn built_in(name: &str) -> Option<Self> {
        let address = Expects { srcip: true, ..Expects::NOTHING };
        let (means, expects) = match name {
            "block" => (Means::Block, address),
            "nftables" => (Means::Nftables, address),
            "ipset" => (Means::Ipset, address),
            "null-route" => (Means::NullRoute, address),
            "hosts-deny" => (Means::HostsDeny, address),
            "lock-account" => (Means::LockAccount, Expects { user: true, ..Expects::NOTHING }),
            "webhook" => (Means::Webhook { url: String::new() }, Expects::NOTHING),
            _ => return None,
        };
        let timeout_allowed = means.is_lasting();
        Some(Self { name: name.to_owned(), means, expects, timeout_allowed, span: Span::default() })
    }
}

impl Parts {
    fn take(&mut self, reading: &mut Reading<'_>, section: &Element, option: &Element) {
        match option.name.as_str() {
            "name" => self.name = self.flaw(name(reading, option)),
            "executable" => self.executable = self.flaw(executable(reading, option)),
            "expect" => self.expect = Some(expect(reading, option)),
            "timeout_allowed" => self.timeout_allowed = self.flaw(reading.yes_or_no(option)).unwrap_or(false),
            "extra_args" => self.extra = self.flaw(arguments(reading, option)).unwrap_or_default(),
            _ => reading.other_option(section, option, &OPTIONS, &[]),
        }
    }

    fn flaw<T>(&mut self, value: Option<T>) -> Option<T> {
        self.flawed |= value.is_none();
        value
    }

    fn finish(self, reading: &mut Reading<'_>, section: &Element) -> Option<Command> {
        if self.flawed {
            return None;
        }
        let (Some(name), Some(file)) = (&self.name, &self.executable) else {
            let missing = if self.name.is_none() { "name" } else { "executable" };
            let help = "a command is <name>host-deny</name> and <executable>host-deny.sh</executable>, which lies in \
                active-response/bin of the agents";
            reading.error(section.name_span, format!("this <command> has no <{missing}>"), help);
            return None;
        };
        // OSSEC 4.3 asks for <expect>; Wazuh 4.14 has no use for it, and its
        // scripts speak JSON.
        let talk = if self.expect.is_some() && self.extra.is_empty() { Talk::Arguments } else { Talk::Json };
        Some(Command {
            name: name.clone(),
            expects: self.expect.unwrap_or_else(|| of_stock(file)),
            means: Means::Script { file: file.clone(), talk, extra: self.extra },
            timeout_allowed: self.timeout_allowed,
            span: section.name_span,
        })
    }
}

/// What the scripts of OSSEC and Wazuh need whose names agents know.
fn of_stock(file: &str) -> Expects {
    match file.trim_end_matches(".sh") {
        "firewall-drop" | "host-deny" | "route-null" => Expects { srcip: true, ..Expects::NOTHING },
        "disable-account" => Expects { user: true, ..Expects::NOTHING },
        _ => Expects::NOTHING,
    }
}

fn executable(reading: &mut Reading<'_>, option: &Element) -> Option<String> {
    let file = reading.text(option)?;
    if is_label(&file) {
        return Some(file);
    }
    let help =
        "write the name of a file in active-response/bin of the agents: letters, digits and . _ -, no folder";
    reading.error(value_span(option), format!("`{file}` cannot be the name of a script"), help);
    None
}

/// Words between commas and spaces. What is not known is passed over (OSSEC 4.3).
fn expect(reading: &mut Reading<'_>, option: &Element) -> Expects {
    let text = option.text_lossy().into_owned();
    let mut all = Expects::NOTHING;
    for word in text.split([',', ' ', '\t', '\r', '\n']) {
        let Some((_, one)) = EXPECTS.iter().find(|(known, _)| *known == word) else {
            let help = match suggest(word, EXPECTS.map(|(known, _)| known)) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "write srcip, user, filename, or nothing".to_owned(),
            };
            reading.warning(value_span(option), format!("nothing of an event is called `{word}`"), help);
            continue;
        };
        all = Expects {
            user: all.user || one.user,
            srcip: all.srcip || one.srcip,
            filename: all.filename || one.filename,
        };
    }
    all
}

/// Arguments between spaces (Wazuh 4.14).
fn arguments(reading: &mut Reading<'_>, option: &Element) -> Option<Vec<String>> {
    let text = reading.text(option)?;
    let all: Vec<_> = text.split_ascii_whitespace().map(str::to_owned).collect();
    let fits = all.len() <= ARGUMENTS_MAX && text.len() < RESPONSE_JSON_MAX / 4;
    if fits && !all.iter().any(|one| one.contains(char::is_control)) {
        return Some(all);
    }
    let message = format!("<extra_args> takes {ARGUMENTS_MAX} printable words at most");
    reading.error(value_span(option), message, "write less, or let the script read a file of its own");
    None
}

const _: () = assert!(NAME_MAX < 128);
