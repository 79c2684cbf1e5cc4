//! Configurations: the agent's own, and what a manager sends.
//!
//! A configuration is read whole before anything of it is used; one with an
//! error changes nothing. What is the same in the old and the new one keeps
//! running. What a manager has sent is kept, so that it holds after a restart
//! without the manager.

use super::Agent;
use crate::config::{self, About, Config, Internal};
use crate::file;
use crate::host;
use crate::identity::beside;
use crate::respond;
use crate::sources::{self, Kind};
use bartizan_core::time::Millis;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where the agent's files are.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    /// The folder of all that follows, unless it is said otherwise.
    pub home: PathBuf,
    /// The agent's own configuration.
    pub config: PathBuf,
    /// Whether that was named, so that it has to be there.
    pub is_named: bool,
}

impl Paths {
    /// What a manager has sent last.
    pub fn pushed(&self) -> PathBuf {
        self.home.join("pushed/agent.conf")
    }

    /// The options of this machine.
    fn internal(&self) -> PathBuf {
        self.home.join("local_internal_options.conf")
    }
}

/// What is watched, and who says so.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// Own and pushed together.
    pub config: Config,
    /// Where the own one comes from.
    pub from: String,
    /// The number of the pushed one; 0 for none.
    pub pushed: u64,
    /// What is wrong with the pushed one, if it cannot be used.
    pub pushed_trouble: Option<String>,
    /// Whether programs are started, or may have to be.
    pub starts_programs: bool,
}

/// Reads the own configuration and the pushed one that was kept.
///
/// # Errors
/// What is wrong in the own one, for people. The pushed one is left out if
/// something is wrong in it.
pub fn load(paths: &Paths, name: &str) -> Result<Configuration, String> {
    let internal = internal(paths)?;
    let (mut config, from) = own(paths, internal, name)?;
    let kept = kept(&paths.pushed());
    let (mut pushed, mut pushed_trouble) = (0, None);
    if let Some((number, text)) = kept {
        match check_pushed(&text, internal, name, &config) {
            Ok(more) => {
                config.add(more);
                pushed = number;
            }
            Err(report) => pushed_trouble = Some(report),
        }
    }
    let carries_out = respond::carries_out(config.responses, &paths.home);
    let starts_programs = internal.remote_commands || needs_programs(&config) || carries_out;
    Ok(Configuration { config, from, pushed, pushed_trouble, starts_programs })
}

/// Whether a configuration asks for other programs.
fn needs_programs(config: &Config) -> bool {
    !(config.commands.is_empty() && config.streams.is_empty() && config.journal.is_empty())
}

/// What was kept of a manager. It lies where the agent's user may write, and
/// is read by root: so no link is followed.
fn kept(path: &Path) -> Option<(u64, Vec<u8>)> {
    path.symlink_metadata().ok().filter(fs::Metadata::is_file)?;
    let text = file::read(path).ok()?;
    split_number(&text).map(|(number, text)| (number, text.to_vec()))
}

fn internal(paths: &Paths) -> Result<Internal, String> {
    let path = paths.internal();
    match file::read(&path) {
        Ok(text) => Internal::read(&text, &path.display().to_string()).map_err(|report| report.to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Internal::default()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn own(paths: &Paths, internal: Internal, name: &str) -> Result<(Config, String), String> {
    let file = paths.config.display().to_string();
    match file::read(&paths.config) {
        Ok(text) => {
            let system = host::system();
            let agent = config::Agent { name, system: &system, profile: "" };
            let about = About { file: &file, pushed: false, internal, agent };
            let config = config::check(&text, about).map_err(|report| report.to_string())?;
            Ok((config, file))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && !paths.is_named => {
            Ok((sources::usual(), "none; the usual logs of this machine".to_owned()))
        }
        Err(error) => Err(format!("{file}: {error}")),
    }
}

fn check_pushed(text: &[u8], internal: Internal, name: &str, own: &Config) -> Result<Config, String> {
    let system = host::system();
    let agent = config::Agent { name, system: &system, profile: &own.client.profile };
    let about = About { file: "the manager's configuration", pushed: true, internal, agent };
    config::check(text, about).map_err(|report| report.to_string())
}

/// The number in the first line of a configuration that was kept.
fn split_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|b| *b == b'\n')?;
    let (line, rest) = text.split_at_checked(end)?;
    let number = std::str::from_utf8(line).ok()?.parse().ok()?;
    Some((number, rest.get(1..)?))
}

/// Keeps a pushed configuration, in one step.
fn keep(path: &Path, number: u64, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = beside(path);
    let mut file = file::open(&beside, file::WRITE)?;
    writeln!(file, "{number}")?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

impl Agent {
    /// Uses a configuration from now on.
    pub(super) fn configure(&mut self, new: Configuration, now: Millis) {
        let old = std::mem::replace(&mut self.configuration, new);
        let config = &self.configuration.config;
        self.files.configure(&config.files, &mut self.roster, &mut self.uplink);
        self.responses.configure(config.responses);
        for kind in Kind::ALL {
            let config = &self.configuration.config;
            if !kind.is_same(&old.config, config) {
                self.listen_anew(kind.name(), kind.sources(config), now);
            }
        }
        if let Some(trouble) = self.configuration.pushed_trouble.clone() {
            self.note(
                &["bartizan: the configuration that the manager had sent cannot be used: ", &trouble],
                now,
            );
        }
    }

    /// SIGHUP, or an order: reads everything again. `false` if the new
    /// configuration has errors.
    pub(super) fn reload(&mut self, now: Millis) -> bool {
        match load(&self.paths, &self.identity.name) {
            Ok(configuration) => {
                self.configure(configuration, now);
                let from = self.configuration.from.clone();
                self.note(&["bartizan: configuration read again: ", &from], now);
                true
            }
            Err(report) => {
                self.note(&["bartizan: configuration refused, the earlier one stays: ", &report], now);
                false
            }
        }
    }

    /// A manager has sent a configuration.
    pub(super) fn take_pushed(&mut self, number: u64, text: &[u8], now: Millis) {
        let manager = self.manager_name();
        match self.try_pushed(number, text, now) {
            Ok(()) => {
                self.uplink.applied(number);
                self.note(&["bartizan: configuration of the manager in use, from ", &manager], now);
            }
            Err(report) => {
                self.uplink.refused(number, &report);
                self.note(&["bartizan: configuration of the manager refused: ", &report], now);
            }
        }
    }

    fn try_pushed(&mut self, number: u64, text: &[u8], now: Millis) -> Result<(), String> {
        let internal = internal(&self.paths)?;
        let (mut config, from) = own(&self.paths, internal, &self.identity.name)?;
        let more = check_pushed(text, internal, &self.identity.name, &config)?;
        let warnings = more.warnings.to_string();
        config.add(more);
        if let Err(error) = keep(&self.paths.pushed(), number, text) {
            let path = self.paths.pushed().display().to_string();
            let error = error.to_string();
            self.note(
                &["bartizan: ", &path, ": ", &error, "; the configuration is lost with a restart"],
                now,
            );
        }
        for warning in warnings.lines().filter(|line| !line.trim().is_empty()) {
            self.note(&["bartizan: ", warning], now);
        }
        let starts_programs = self.configuration.starts_programs;
        if needs_programs(&config) && !starts_programs && config.client.sandbox {
            let text =
                "the agent has given up starting programs; those of the new configuration take a restart";
            self.note(&["bartizan: ", text], now);
        }
        let new = Configuration { config, from, pushed: number, pushed_trouble: None, starts_programs };
        self.configure(new, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pushed/agent.conf");
        keep(&path, 17, b"<ossec_config>\n</ossec_config>\n").unwrap();
        keep(&path, 18, b"<x/>\n").unwrap();
        let text = fs::read(&path).unwrap();
        assert_eq!(split_number(&text), Some((18, b"<x/>\n".as_slice())));
        assert_eq!(split_number(b"no number\n"), None);
        assert_eq!(split_number(b"17"), None);
    }
}
