//! Outputs of commands that rules with `check_diff` watch for changes: what
//! each was last, below `queue/diff` of the home folder.
//!
//! `HOST/RULE/last-entry` holds the log and a NUL, as OSSEC keeps it, so that
//! a manager that takes the place of another knows what the other knew.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const FILE: &str = "last-entry";

/// The states of one home folder.
#[derive(Clone, Debug)]
pub struct States {
    folder: PathBuf,
}

/// What a rule last saw from a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Name of the agent or host, as the folder has it.
    pub host: String,
    /// The rule.
    pub rule: u32,
    /// When it last changed.
    pub changed: SystemTime,
    /// What it is.
    pub log: Vec<u8>,
}

impl States {
    /// The states below a home folder. Creates nothing.
    pub fn new(home: &Path) -> Self {
        Self { folder: home.join("queue/diff") }
    }

    fn folder_of(&self, host: &[u8], rule: u32) -> PathBuf {
        self.folder.join(file_name(host)).join(rule.to_string())
    }

    /// Remembers a log; gives what it replaces, if that is another.
    pub fn swap(&self, host: &[u8], rule: u32, log: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let folder = self.folder_of(host, rule);
        let file = folder.join(FILE);
        let old = match fs::read(&file) {
            Ok(old) => Some(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let old = old.map(up_to_nul);
        // OSSEC glues the lines of what it keeps.
        let lines = |text: &[u8]| text.split(|byte| *byte == b'\n').collect::<Vec<_>>().concat();
        if old.as_deref().is_some_and(|old| old == log || lines(old) == lines(log)) {
            return Ok(None);
        }
        fs::create_dir_all(&folder)?;
        let new = folder.join(format!("{FILE}.new"));
        fs::write(&new, [log, b"\0"].concat())?;
        fs::rename(new, file)?;
        Ok(old)
    }

    /// All of them, by host and rule.
    pub fn list(&self) -> io::Result<Vec<State>> {
        let mut states = Vec::new();
        for host in names(&self.folder)? {
            for rule in names(&self.folder.join(&host))? {
                let Ok(number) = rule.parse() else { continue };
                let file = self.folder.join(&host).join(&rule).join(FILE);
                let Ok(changed) = fs::metadata(&file).and_then(|found| found.modified()) else { continue };
                let log = up_to_nul(fs::read(&file)?);
                states.push(State { host: host.clone(), rule: number, changed, log });
            }
        }
        states.sort_by(|one, other| (&one.host, one.rule).cmp(&(&other.host, other.rule)));
        Ok(states)
    }

    /// Forgets one: what comes next is the first. False if there was none.
    pub fn forget(&self, host: &str, rule: u32) -> io::Result<bool> {
        match fs::remove_file(self.folder_of(host.as_bytes(), rule).join(FILE)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn up_to_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    bytes
}

/// What a folder holds; nothing if it is not there.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    match fs::read_dir(folder) {
        Ok(entries) => {
            Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// The name of an agent or host as a file name: nothing in it can lead out of
/// its folder.
fn file_name(host: &[u8]) -> String {
    let safe = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'@' | b'(' | b')');
    let name: String = host.iter().take(200).map(|b| if safe(b) { char::from(*b) } else { '_' }).collect();
    if name.starts_with('.') || name.is_empty() { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_replaced_listed_and_forgotten() {
        let home = tempfile::tempdir().expect("a folder");
        let states = States::new(home.path());
        assert_eq!(states.list().expect("read"), []);
        assert_eq!(states.swap(b"web", 533, b"one").expect("kept"), None);
        assert_eq!(states.swap(b"web", 533, b"one").expect("kept"), None);
        assert_eq!(states.swap(b"web", 533, b"two").expect("kept"), Some(b"one".to_vec()));
        assert_eq!(states.swap(b"web", 533, b"t\nwo").expect("kept"), None, "OSSEC has kept it");
        assert_eq!(states.swap(b"../../web", 1, b"x").expect("kept"), None);
        let found = states.list().expect("read");
        let seen: Vec<_> =
            found.iter().map(|state| (state.host.as_str(), state.rule, &state.log[..])).collect();
        assert_eq!(seen, [("_.._.._web", 1, &b"x"[..]), ("web", 533, b"two")]);
        assert!(states.forget("web", 533).expect("forgotten") && !states.forget("web", 533).expect("gone"));
        assert_eq!(states.swap(b"web", 533, b"three").expect("kept"), None, "the first again");
    }
}
