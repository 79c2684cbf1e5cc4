//! `ossec.conf` and what stands beside it, with types.
//!
//! Reads the files that people have: several `<ossec_config>` roots, sections
//! in any order, an option again to overrule itself. Every problem is
//! reported with its place and none stops the reading; what is wrong keeps
//! its default. A section or option that belongs to OSSEC or Wazuh but is not
//! used by this version is one warning; one that nothing is known of is an
//! error. Names of rule and decoder files are resolved to paths here, folders
//! to the files in them; the files themselves are read by
//! [`ListedFile::load`].
//!
//! | room | what happens there |
//! |---|---|
//! | [`home`] | the folder of an installation |
//! | `reading` | one option: yes or no, a number, a text |
//! | `secret` | what must not be shown, and files that hold it |
//! | `sections` | what is known, used or not |
//! | [`global`] | `<global>` and `<alerts>` |
//! | [`email`] | mail: its part of `<global>`, and `<email_alerts>` |
//! | [`rule_files`] | `<rules>` |
//! | `ruleset` | `<ruleset>` |
//! | [`localfile`] | `<localfile>` |
//! | [`log_format`] | the formats by their names |
//! | `assembly` | what formats of several lines need beside it |
//! | [`remote`] | `<remote>` |
//! | [`reports`] | `<reports>` |
//! | [`responses`] | `<command>` and `<active-response>` |
//! | [`database_output`] | `<database_output>` |
//! | [`console`] | `<console>` |
//! | [`notification`] | `<notification>`: how much people want to hear |
//! | [`selection`] | which alerts a destination is to hear of |
//! | [`integration`] | `<integration>` |
//! | [`syslog_output`] | `<syslog_output>` |
//! | [`sharing`] | `<dshield>` and `<share>` |
//! | `agent_config` | what is given to agents |
//! | [`internal`] | `internal_options.conf` |

mod agent_config;
mod assembly;
pub mod console;
pub mod database_output;
pub mod email;
pub mod global;
pub mod home;
pub mod integration;
pub mod internal;
pub mod localfile;
pub mod log_format;
pub mod notification;
mod reading;
pub mod remote;
pub mod reports;
pub mod responses;
pub mod rule_files;
mod ruleset;
mod secret;
mod sections;
pub mod selection;
pub mod sharing;
pub mod syslog_output;
#[cfg(test)]
mod tests;

pub use agent_config::{SHARED_ROOT, check_shared};
pub use assembly::{RegexFormat, Wait};
pub use console::{CONSOLE_ADDRESS, Console};
pub use database_output::{DatabaseKind, DatabaseOutput};
pub use email::{Email, EmailAlerts};
pub use global::{Alerts, Global};
pub use home::Home;
pub use integration::{Integration, Kind, Request};
pub use internal::Internal;
pub use localfile::{Condition, Filter, LocalFile};
pub use log_format::LogFormat;
pub use notification::Terms;
pub use remote::{Connection, Remote};
pub use reports::ScheduledReport;
pub use responses::{Response, Responses};
pub use rule_files::{ListedFile, RuleFiles};
pub use secret::Secret;
pub use selection::Selection;
pub use sharing::{Sharing, ToldTo};
pub use syslog_output::{SyslogOutput, Transport};

use crate::diagnose::{Diagnostic, Diagnostics, SourceId, Sources, Span, suggest};
use crate::outbox::DESTINATIONS_MAX;
use crate::xml::{self, Element, Syntax};
use reading::Reading;
use responses::Drafts;
use ruleset::RulesetDraft;
use std::path::Path;

/// Sources that one configuration may name.
const LOCAL_FILES_MAX: usize = 4096;

/// Ports that one configuration may open.
const REMOTES_MAX: usize = 64;

/// Everything that is configured; the default is what holds without any file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// `<global>`.
    pub global: Global,
    /// `<alerts>`.
    pub alerts: Alerts,
    /// `<rules>` or `<ruleset>`: files in the order of loading.
    pub rule_files: RuleFiles,
    /// `<localfile>`: what is followed, in order.
    pub local_files: Vec<LocalFile>,
    /// `<remote>`: where others are heard, in order.
    pub remotes: Vec<Remote>,
    /// `<command>` and `<active-response>`: what is done about whom.
    pub responses: Responses,
    /// `<database_output>`: databases that alerts are written to.
    pub databases: Vec<DatabaseOutput>,
    /// `<email_alerts>`: who is told of some alerts only, in order.
    pub email_alerts: Vec<EmailAlerts>,
    /// `<integration>`: other services and scripts, in order.
    pub integrations: Vec<Integration>,
    /// `<syslog_output>`: syslog servers, in order.
    pub syslog_outputs: Vec<SyslogOutput>,
    /// `<dshield>` and `<share>`: who else is told of refused packets.
    pub sharing: Vec<Sharing>,
    /// `<notification>`: when people are told.
    pub notification: Terms,
    /// `<reports>`: what is told regularly.
    pub reports: Vec<ScheduledReport>,
    /// `<console>`: pages in a browser.
    pub console: Console,
    /// `internal_options.conf`.
    pub internal: Internal,
}

/// Where something is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub source: SourceId,
    /// The bytes in it.
    pub span: Span,
}

impl Config {
    /// Reads the configuration at `path` and the internal options of `home`.
    /// Problems go to the report; what could not be read keeps its default.
    pub fn read(home: &Home, path: &Path, sources: &mut Sources, report: &mut Diagnostics) -> Self {
        let mut config = Self { internal: Internal::read(home, sources, report), ..Self::default() };
        match sources.load(path) {
            Ok(source) => config.take(home, source, sources, report),
            Err(error) => {
                let message = format!("cannot read the configuration {}: {error}", path.display());
                let help = format!(
                    "{}; -D gives the folder of the installation, -c the configuration",
                    error.help()
                );
                report.push(Diagnostic::placeless_error(message).help(help));
            }
        }
        config
    }

    /// Reads a configuration whose text is in `sources` already. Internal
    /// options keep their defaults.
    pub fn from_source(home: &Home, source: SourceId, sources: &Sources, report: &mut Diagnostics) -> Self {
        let mut config = Self::default();
        config.take(home, source, sources, report);
        config
    }

    /// Whether anybody is told of alerts, or gets reports.
    pub fn has_destinations(&self) -> bool {
        self.global.email.notification
            || !self.integrations.is_empty()
            || !self.syslog_outputs.is_empty()
            || !self.databases.is_empty()
    }

    /// The reports that are made regularly: none while mail is off.
    pub fn mailed_reports(&self) -> Vec<ScheduledReport> {
        if self.global.email.notification { self.reports.clone() } else { Vec::new() }
    }

    fn take(&mut self, home: &Home, source: SourceId, sources: &Sources, report: &mut Diagnostics) {
        let document = xml::read(&Syntax::OSSEC, sources, source, report);
        let mut reading = Reading::new(home, source, sources, report);
        let mut drafts = Drafts::default();
        let mut ruleset = RulesetDraft::default();
        for root in &document.roots {
            match root.name.as_str() {
                "ossec_config" => self.root(&mut reading, root, &mut drafts, &mut ruleset),
                "agent_config" => reading.unused_section(root),
                _ => unknown_root(&mut reading, root),
            }
        }
        if document.roots.is_empty() && document.sound {
            let message = "the configuration is empty";
            reading.push(
                Diagnostic::error(source, Span::default(), message)
                    .help("it needs an element <ossec_config>"),
            );
        }
        self.rule_files.add_ruleset(&mut reading, ruleset);
        self.rule_files.default_decoders(&mut reading);
        self.responses = drafts.finish(&mut reading);
        self.global.email.check(&mut reading, &self.email_alerts);
        integration::name_all(&mut reading, &mut self.integrations, &mut self.syslog_outputs);
        self.check_reports(&mut reading);
        self.check_store(&mut reading);
        self.check_sharing(&mut reading);
    }

    /// The store is the queue of every destination.
    fn check_store(&self, reading: &mut Reading<'_>) {
        if let Some(span) = self.global.alert_store_span
            && !self.global.alert_store
            && self.has_destinations()
        {
            let message = "alerts are to be sent, but not to be kept: nothing would be sent";
            let help = "destinations read the alerts from the store: write yes, or remove <email_notification>, \
                        <integration>, <syslog_output> and <database_output>";
            reading.error(span, message, help);
        }
    }

    /// What goes by mail needs somebody who takes mail.
    fn check_sharing(&self, reading: &mut Reading<'_>) {
        let is_mailed = |one: &&Sharing| matches!(one.told, ToldTo::DShieldMail { .. });
        if let Some(one) =
            self.sharing.iter().find(is_mailed).filter(|_| self.global.email.smtp_server.is_none())
        {
            let help = "name it in <global>: <smtp_server>localhost</smtp_server>; or <method>http</method>";
            reading.error(one.place.span, "there is no mail server for <dshield>", help);
        }
    }

    /// Reports are mailed, so somebody must mail them.
    fn check_reports(&self, reading: &mut Reading<'_>) {
        if let Some(report) = self.reports.first().filter(|_| !self.global.email.notification) {
            let help = "write <email_notification>yes</email_notification> in <global>";
            reading.warning(report.place.span, "reports are not made: mail is switched off", help);
        }
    }

    fn root(
        &mut self,
        reading: &mut Reading<'_>,
        root: &Element,
        drafts: &mut Drafts,
        ruleset: &mut RulesetDraft,
    ) {
        for section in &root.children {
            match section.name.as_str() {
                "global" => self.global.take(reading, section),
                "alerts" => self.alerts.take(reading, section),
                "rules" => self.rule_files.take(reading, section),
                "ruleset" => ruleset.take(reading, section),
                "localfile" => self.local_file(reading, section),
                "remote" => self.remote(reading, section),
                "email_alerts" => self.email_alerts(reading, section),
                "reports" => self.report(reading, section),
                "integration" if self.has_room(reading, section) => {
                    self.integrations.extend(Integration::read(reading, section));
                }
                "syslog_output" if self.has_room(reading, section) => {
                    self.syslog_outputs.extend(SyslogOutput::read(reading, section));
                }
                "integration" | "syslog_output" => {}
                "command" => drafts.command(reading, section),
                "active-response" => drafts.response(reading, section),
                "database_output" => self.databases.extend(DatabaseOutput::read(reading, section)),
                "notification" => self.notification.section(reading, section),
                "console" => self.console.take(reading, section),
                "dshield" | "share" => self.share(reading, section),
                name if sections::UNUSED.contains(&name) => reading.unused_section(section),
                _ => unknown_section(reading, section, sections::USED),
            }
        }
    }

    /// Adds one `<dshield>` or `<share>`; names tell them apart.
    fn share(&mut self, reading: &mut Reading<'_>, section: &Element) {
        let Some(new) = Sharing::read(reading, section) else {
            return;
        };
        if self.sharing.iter().any(|old| old.id == new.id) {
            let message = format!("there is a `{}` already", new.id);
            return reading.error(section.name_span, message, "give this one another <id>");
        }
        if self.sharing.len() >= sharing::SHARES_MAX {
            let message = format!("there are more than {} <dshield> and <share>", sharing::SHARES_MAX);
            return reading.error(section.name_span, message, "one of them may read many logs");
        }
        self.sharing.push(new);
    }

    fn remote(&mut self, reading: &mut Reading<'_>, section: &Element) {
        let Some(new) = Remote::read(reading, section) else {
            return;
        };
        if self.remotes.len() < REMOTES_MAX {
            return self.remotes.push(new);
        }
        let message = format!("there are more than {REMOTES_MAX} <remote>");
        reading.error(section.name_span, message, "one <remote> may have many <allowed-ips>");
    }

    /// Whether there may be one more destination; if not, that is reported.
    fn has_room(&self, reading: &mut Reading<'_>, section: &Element) -> bool {
        let has_room = self.integrations.len() + self.syslog_outputs.len() < DESTINATIONS_MAX;
        if !has_room {
            let message = format!("there are more than {DESTINATIONS_MAX} destinations");
            reading.error(section.name_span, message, "remove some");
        }
        has_room
    }

    fn email_alerts(&mut self, reading: &mut Reading<'_>, section: &Element) {
        let Some(new) = EmailAlerts::read(reading, section) else {
            return;
        };
        if self.email_alerts.len() < email::GRANULAR_MAX {
            return self.email_alerts.push(new);
        }
        let message = format!("there are more than {} <email_alerts>", email::GRANULAR_MAX);
        reading.error(section.name_span, message, "one <email_alerts> may name many rules");
    }

    /// Adds one `<reports>`; titles tell them apart.
    fn report(&mut self, reading: &mut Reading<'_>, section: &Element) {
        let Some(new) = ScheduledReport::read(reading, section) else {
            return;
        };
        if let Some(old) = self.reports.iter().find(|old| old.title() == new.title()) {
            let message = format!("there is a report `{}` already", new.title());
            let help = format!("line {} has it; give this one another <title>", reading.line_of(old.place));
            return reading.error(section.name_span, message, help);
        }
        if self.reports.len() >= reports::REPORTS_MAX {
            let message = format!("there are more than {} <reports>", reports::REPORTS_MAX);
            return reading.error(section.name_span, message, "one report may go to many people");
        }
        self.reports.push(new);
    }

    /// Adds what one `<localfile>` says, unless the same is there already.
    fn local_file(&mut self, reading: &mut Reading<'_>, section: &Element) {
        reading.unused_options(section, &sections::LOCALFILE_OF_AGENTS);
        reading.unused_options(section, &sections::LOCALFILE_OF_NOBODY);
        let Some(new) = LocalFile::read(reading, section) else {
            return;
        };
        if self.local_files.len() >= LOCAL_FILES_MAX {
            let message = format!("there are more than {LOCAL_FILES_MAX} <localfile>");
            return reading.error(
                section.name_span,
                message,
                "a location may hold wildcards: `/var/log/*.log`",
            );
        }
        let same = |old: &&LocalFile| new.location.is_some() && old.location == new.location;
        let Some(old) = self.local_files.iter().find(same) else {
            return self.local_files.push(new);
        };
        let location = new.location.as_deref().unwrap_or_default();
        let line = reading.line_of(old.place);
        reading.push(
            Diagnostic::warning(
                new.place.source,
                new.place.span,
                format!("`{location}` is followed already"),
            )
            .note(format!("line {line} has it; this one is not used"))
            .help("remove one of them"),
        );
    }
}

fn unknown_root(reading: &mut Reading<'_>, root: &Element) {
    let help = match suggest(&root.name, ["ossec_config"]) {
        Some(_) => "did you mean <ossec_config>?",
        None => "all of a configuration stands in <ossec_config>",
    };
    reading.error(root.name_span, format!("<{}> cannot stand here", root.name), help);
}

fn unknown_section(reading: &mut Reading<'_>, section: &Element, used: &[&str]) {
    let known = used.iter().chain(sections::UNUSED).copied();
    let help = match suggest(&section.name, known) {
        Some(known) => format!("did you mean <{known}>?"),
        None => format!("sections are <{}>", used.join(">, <")),
    };
    reading.error(section.name_span, format!("there is no section <{}>", section.name), help);
}

/// Reads any bytes as a configuration, as one for agents and as internal
/// options, and shows what is wrong: for fuzzing. Looks into no folder but one that does not exist.
pub fn exercise(bytes: &[u8]) {
    let home = Home::new("/nonexistent/home");
    let mut sources = Sources::new();
    let source = sources.add("ossec.conf", bytes);
    let mut report = Diagnostics::new();
    Config::from_source(&home, source, &sources, &mut report);
    agent_config::check_shared_source(&home, source, &sources, &mut report);
    Internal::default().take(source, &sources, &mut report);
    report.render(&sources, crate::diagnose::Colour::None);
    report.json(&sources);
}
