//! Sections that are read, and what becomes of them together.

use super::super::reading::Reading;
use super::command::Command;
use super::section::{Defaults, Section};
use super::{CAP, Means, REPEATED_MIN, RESPONSES_MAX, Response, Responses, response_name};
use crate::diagnose::{Diagnostic, Span, suggest};
use crate::xml::Element;
use std::sync::Arc;

/// The sections of a file, in order.
#[derive(Debug, Default)]
pub(in crate::config) struct Drafts {
    commands: Vec<Command>,
    sections: Vec<Section>,
    defaults: Defaults,
}

impl Drafts {
    /// Reads one `<command>`.
    pub(in crate::config) fn command(&mut self, reading: &mut Reading<'_>, element: &Element) {
        let Some(new) = Command::read(reading, element) else { return };
        if let Some(old) = self.commands.iter().find(|old| old.name == new.name) {
            let line = reading.line_of(reading.place(old.span));
            let message = format!("there is a command `{}` already", new.name);
            let problem = Diagnostic::error(reading.source, new.span, message);
            return reading.push(problem.note(format!("line {line} has it")).help("rename or remove one"));
        }
        if has_room(reading, element, self.commands.len()) {
            self.commands.push(new);
        }
    }

    /// Reads one `<active-response>`.
    pub(in crate::config) fn response(&mut self, reading: &mut Reading<'_>, element: &Element) {
        let section = Section::read(reading, element);
        match (&section.command, section.needs_command || element.children.is_empty()) {
            (None, false) => self.defaults = section.defaults.or(&self.defaults),
            (None, true) if section.flawed => {}
            (None, true) => {
                let help = "add <command>block</command>; only disabled, dry_run, repeated_offenders and cap may \
                    stand without one, for all";
                reading.error(section.span, "this <active-response> has no <command>", help);
            }
            (Some(_), _) if has_room(reading, element, self.sections.len()) => self.sections.push(section),
            (Some(_), _) => {}
        }
    }

    /// Puts together what was read.
    pub(in crate::config) fn finish(mut self, reading: &mut Reading<'_>) -> Responses {
        let mut list: Vec<Arc<Response>> = Vec::new();
        for section in std::mem::take(&mut self.sections) {
            let span = section.id.as_ref().map_or(section.span, |(_, span)| *span);
            let Some((response, is_on)) = self.whole(reading, section) else { continue };
            let same = |old: &&Arc<Response>| old.name == response.name && old.differs_in_kind(&response);
            match list.iter().find(same) {
                Some(_) => {
                    let message = format!("there is another response `{}`", response.name);
                    reading.error(span, message, "give one of them a name of its own: <id>NAME</id>");
                }
                None if is_on => list.push(Arc::new(response)),
                None => {}
            }
        }
        Responses { list }
    }

    /// The response of a section, and whether it is switched on.
    fn whole(&self, reading: &mut Reading<'_>, section: Section) -> Option<(Response, bool)> {
        let (name, at) = section.command.as_ref()?;
        let command = self.find(reading, name, *at)?;
        let is_sound = !section.flawed & has_what_it_needs(reading, &section);
        let means = means(reading, &section, &command.means);
        let (true, Some(means)) = (is_sound, means) else { return None };
        let timeout_s = timeout(reading, &section, &command);
        let defaults = section.defaults.or(&self.defaults);
        let usual = || REPEATED_MIN.map(|minutes| (minutes * 60).max(timeout_s)).to_vec();
        let response = Response {
            name: section.id.map_or_else(|| response_name(name, timeout_s), |(id, _)| id),
            command: command.name,
            means,
            expects: command.expects,
            location: section.location?,
            level: section.level.filter(|level| *level > 0),
            rules_id: section.rules_id,
            rules_group: section.rules_group,
            timeout_s,
            repeated_s: defaults.repeated.unwrap_or_else(usual),
            per_agent: defaults.per_agent.unwrap_or(false),
            dry_run: defaults.dry_run.unwrap_or(false),
            confirm_s: section.confirm_s,
            cap: defaults.cap.unwrap_or(CAP),
            aggregate: section.aggregate,
            place: Some(reading.place(section.span)),
        };
        Some((response, defaults.disabled != Some(true)))
    }

    /// The command of a name: a user's own before a built-in one.
    fn find(&self, reading: &mut Reading<'_>, name: &str, at: Span) -> Option<Command> {
        let own = self.commands.iter().find(|command| command.name == name).cloned();
        let found = own.or_else(|| Command::built_in(name));
        if found.is_none() {
            let known =
                || Means::BUILT_IN.into_iter().chain(self.commands.iter().map(|own| own.name.as_str()));
            let help = match suggest(name, known()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => {
                    format!("add a <command> of that name, or write one of {}", Means::BUILT_IN.join(", "))
                }
            };
            reading.error(at, format!("there is no command `{name}`"), help);
        }
        found
    }
}

fn has_room(reading: &mut Reading<'_>, element: &Element, count: usize) -> bool {
    if count >= RESPONSES_MAX {
        let message = format!("there are more than {RESPONSES_MAX} <{}>", element.name);
        reading.error(element.name_span, message, "one response may name many rules");
    }
    count < RESPONSES_MAX
}

fn has_what_it_needs(reading: &mut Reading<'_>, section: &Section) -> bool {
    if section.location.is_none() && !section.flawed {
        let help = "add <location>local</location>: where the event came from; or server, defined-agent, all";
        reading.error(section.span, "this <active-response> has no <location>", help);
    }
    let is_bound = section.level.is_some_and(|level| level > 0)
        || !section.rules_id.is_empty()
        || section.rules_group.is_some();
    if !is_bound && !section.flawed {
        let help = "add <level>, <rules_id> or <rules_group>; without, it is only done by `bartizan respond`";
        reading.warning(section.span, "this <active-response> is for no rule", help);
    }
    section.location.is_some()
}

/// The means with what the section says of it.
fn means(reading: &mut Reading<'_>, section: &Section, of_command: &Means) -> Option<Means> {
    let mut means = of_command.clone();
    match (&mut means, &section.url) {
        (Means::Webhook { url }, Some((text, _))) => url.clone_from(text),
        (Means::Webhook { .. }, None) if section.flawed => return None,
        (Means::Webhook { .. }, None) => {
            let help = "add <url>https://HOST/PATH</url>";
            reading.error(section.span, "this webhook has no <url>", help);
            return None;
        }
        (_, Some((_, at))) => {
            reading.warning(
                *at,
                "<url> has no effect with this command",
                "only `webhook` calls a web server",
            );
        }
        (_, None) => {}
    }
    match (&mut means, section.talk) {
        (Means::Script { talk, .. }, Some((asked, _))) => *talk = asked,
        (_, Some((_, at))) => {
            reading.warning(at, "<talk> has no effect with this command", "only scripts are told something");
        }
        (_, None) => {}
    }
    Some(means)
}

/// Seconds until it is undone; 0 for never.
fn timeout(reading: &mut Reading<'_>, section: &Section, command: &Command) -> u32 {
    match section.timeout {
        Some((0, _)) | None => 0,
        Some((seconds, _)) if command.timeout_allowed => seconds,
        Some((_, at)) if !command.means.is_lasting() => {
            reading.warning(at, "a webhook is not undone", "remove the <timeout>");
            0
        }
        Some((_, at)) => {
            let message =
                format!("the command `{}` does not allow a timeout: it is not undone", command.name);
            reading.warning(at, message, "add <timeout_allowed>yes</timeout_allowed> to the <command>");
            0
        }
    }
}
