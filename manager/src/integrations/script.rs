//! Scripts of the user: `integrations/custom-*` of the home folder.
//!
//! A script gets files and arguments as Wazuh 4.14 gives them: the alert's
//! file, the key, the address, an empty text, the file of options or an empty
//! text, seconds, attempts, and where a shell would send its output. Its file
//! is JSON in Wazuh's layout, or without `alert_format` seven lines that a
//! shell can read as variables.
//!
//! There is no shell. Files lie in a folder that nobody else can enter, and
//! go when the script is done, which it has [`LIMIT`] for.

use super::card::line;
use super::{Layout, Unusable, entries, key, url};
use crate::alert::Alert;
use crate::config::{Home, Integration, Secret};
use crate::outbox::{Content, Destination, Failure, Parcel};
use crate::respond::local::{program, script};
use bartizan_core::event::Field;
use serde_json::{Map, Value};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder of such scripts in the home folder (Wazuh 4.14).
pub(crate) const FOLDER: &str = "integrations";

/// The folder of their files.
const FILES: &str = "tmp/integrations";

/// How long a script may take.
const LIMIT: Duration = Duration::from_secs(50);

/// Characters of its output that are said.
const SAID_MAX: usize = 300;

/// What a shell would do with the output (Wazuh 4.14 runs one).
const REDIRECT: &str = "> /dev/null 2>&1";

#[derive(Debug)]
pub(super) struct Script {
    program: PathBuf,
    files: PathBuf,
    id: String,
    key: Secret,
    url: Secret,
    layout: Option<Layout>,
    max_log: usize,
    options: Map<String, Value>,
    timeout: Duration,
    retries: u32,
}

impl Script {
    pub(super) fn new(name: &str, integration: &Integration, home: &Home) -> Result<Self, Unusable> {
        // The script may go to another folder.
        let absolute = |path: PathBuf| std::path::absolute(path).map_err(|error| error.to_string());
        Ok(Self {
            program: absolute(home.path(FOLDER).join(name))?,
            files: absolute(home.path(FILES))?,
            id: integration.id.clone(),
            key: Secret::new(key(integration)),
            url: Secret::new(url(integration, "")),
            layout: integration.layout,
            max_log: integration.max_log,
            options: integration.options.clone(),
            timeout: integration.timeout,
            retries: integration.retries,
        })
    }

    /// A file that only this user can read.
    fn file(&self, extension: &str, bytes: &[u8]) -> io::Result<Leaving> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.files)?;
        forget_old(&self.files);
        // A command that sends a test is another process.
        let name = format!("{}-{}.{extension}", self.id, std::process::id());
        let leaving = Leaving(self.files.join(name));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&leaving.0)?;
        file.write_all(bytes)?;
        Ok(leaving)
    }

    fn run(&self, parcel: &Parcel) -> Result<(), String> {
        script::trust(&self.program).map_err(|why| format!("{}: {why}", self.program.display()))?;
        let here = |error: io::Error| format!("{}: {error}", self.files.display());
        let alert = self.file("alert", &parcel.payload).map_err(here)?;
        let options = match self.options.is_empty() {
            true => None,
            false => {
                let text = Value::Object(self.options.clone()).to_string();
                Some(self.file("options", text.as_bytes()).map_err(here)?)
            }
        };
        let path = |file: &Leaving| file.0.to_string_lossy().into_owned();
        let arguments = [
            path(&alert),
            self.key.reveal().to_owned(),
            self.url.reveal().to_owned(),
            String::new(),
            options.as_ref().map(path).unwrap_or_default(),
            self.timeout.as_secs().to_string(),
            self.retries.to_string(),
            REDIRECT.to_owned(),
        ];
        program::run(&self.program, &arguments, "", LIMIT).map_err(|failure| self.said(failure.why()))
    }

    /// The end of what it said, in which errors stand, without secrets.
    fn said(&self, why: &str) -> String {
        let secrets = [&self.key, &self.url].map(Secret::reveal);
        let secrets = secrets.into_iter().filter(|secret| !secret.is_empty());
        let why = secrets.fold(why.to_owned(), |why, secret| why.replace(secret, "…"));
        let skip = why.chars().count().saturating_sub(SAID_MAX);
        let end: String = why.chars().skip(skip).collect();
        line(if skip > 0 { format!("…{end}") } else { end }.as_bytes(), SAID_MAX + 1)
    }
}

/// Removes files that a kill has left: no script runs for so long.
fn forget_old(folder: &Path) {
    let is_old = |file: &fs::DirEntry| {
        let changed = file.metadata().and_then(|about| about.modified());
        changed.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > 2 * LIMIT))
    };
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter(is_old).for_each(|file| drop(fs::remove_file(file.path())));
}

/// A file that goes with this value.
struct Leaving(PathBuf);

impl Drop for Leaving {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Destination for Script {
    fn parcel_max(&self) -> usize {
        1
    }

    fn render(&self, _id: &str, content: &Content) -> Vec<u8> {
        let entry = entries::one(content);
        match self.layout {
            Some(layout) => format!("{}\n", layout.write(&entry.alert())).into_bytes(),
            None => variables(&entry.alert(), self.max_log).into_bytes(),
        }
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        self.run(parcel).map_err(|why| Failure::Temporary(why, None))
    }
}

/// Seven lines that a shell can read as variables.
fn variables(alert: &Alert<'_>, max_log: usize) -> String {
    let rule = alert.rule.unwrap_or_default();
    let log = String::from_utf8_lossy(alert.log);
    let mut short: String = log.chars().take(max_log).collect();
    if short.len() < log.len() {
        short.push_str("...");
    }
    let all = [
        ("alertdate", super::layout::time(alert)),
        ("alertlocation", String::from_utf8_lossy(alert.location).into_owned()),
        ("ruleid", rule.id.to_string()),
        ("alertlevel", rule.level.to_string()),
        ("ruledescription", String::from_utf8_lossy(rule.description.unwrap_or_default()).into_owned()),
        ("alertlog", short),
        ("srcip", String::from_utf8_lossy(alert.field(Field::SrcIp).unwrap_or_default()).into_owned()),
    ];
    all.iter().map(|(name, value)| format!("{name}='{}'\n", harmless(value))).collect()
}

/// Without what could end the quotes of a shell, or of the JSON that scripts
/// make of it.
fn harmless(value: &str) -> String {
    let one = |c: char| match c {
        '\'' | '"' | '`' => ' ',
        '\\' => '/',
        c if c.is_control() => ' ',
        c => c,
    };
    value.chars().map(one).collect()
}

/// Why a script cannot be run, for the check of a configuration.
pub(crate) fn problem(home: &Path, name: &str) -> Option<String> {
    script::trust(&home.join(FOLDER).join(name)).err()
}

#[cfg(test)]
mod tests;
