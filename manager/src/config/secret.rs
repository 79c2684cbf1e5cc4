//! What must not be shown: passwords, keys, addresses that hold one.

use super::reading::{Reading, value_span};
use crate::xml::Element;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Bytes of a secret; a file with more is not one.
const SECRET_MAX: u64 = 8192;

/// Rights of a file with a secret that are too many: any for everybody, and
/// writing for the group.
const TOO_MANY: u32 = 0o027;

/// A text that is never shown: not in a log, not in a listing, not by `{:?}`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text that is not to be shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whom it is meant for.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The first line of a file that only its owner, and maybe a group, can
    /// read.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub fn from_file(path: &Path) -> Result<Self, (String, &'static str)> {
        from_file(path)
    }

    /// Reads `<OPTION>text</OPTION>` or `<OPTION file="PATH"/>`, a path below
    /// the home folder or an absolute one. A file that others may read is
    /// refused; blanks at both ends do not belong to a secret. What is wrong
    /// is reported.
    pub(super) fn read(reading: &mut Reading<'_>, option: &Element) -> Option<Self> {
        let Some(file) = option.attribute("file") else {
            return reading.text(option).map(|text| Self::new(text.trim()));
        };
        if !option.text.trim_ascii().is_empty() {
            let message = format!("<{}> has both a value and a file", option.name);
            reading.error(value_span(option), message, "remove one of them");
            return None;
        }
        match from_file(&reading.home.path(file.value_lossy().as_ref())) {
            Ok(secret) => Some(secret),
            Err((message, help)) => {
                reading.error(file.value_span, format!("`{}`: {message}", file.value_lossy()), help);
                None
            }
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// The first line of a file that only its owner, and maybe a group, can read.
fn from_file(path: &Path) -> Result<Secret, (String, &'static str)> {
    let system = |error: std::io::Error| (error.to_string(), "check the name and who may read it");
    let about = std::fs::metadata(path).map_err(system)?;
    if !about.is_file() {
        return Err(("it is not an ordinary file".to_owned(), "write the secret into a file"));
    }
    let mode = about.permissions().mode() & 0o777;
    if mode & TOO_MANY != 0 {
        return Err((format!("others may read or change it ({mode:o})"), "run `chmod 600` on it"));
    }
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(SECRET_MAX + 1).read_to_string(&mut text)).map_err(system)?;
    match text.trim() {
        _ if text.len() as u64 > SECRET_MAX => Err((
            format!("it has more than {SECRET_MAX} bytes"),
            "it should hold the secret and nothing else",
        )),
        "" => Err(("it is empty".to_owned(), "write the secret into it")),
        secret if secret.contains(char::is_control) => {
            Err(("it has more than one line".to_owned(), "it should hold the secret and nothing else"))
        }
        secret => Ok(Secret::new(secret)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "…");
    }

    #[test]
    fn a_secret_in_a_file_is_taken_only_if_others_cannot_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let read = |text: &str, mode| {
            std::fs::write(&path, text).expect("a file");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
            from_file(&path).map_err(|(message, _)| message)
        };
        assert_eq!(read("hunter2\n", 0o600), Ok(Secret::new("hunter2")));
        assert_eq!(read("hunter2", 0o640), Ok(Secret::new("hunter2")));
        assert_eq!(read("hunter2", 0o644), Err("others may read or change it (644)".to_owned()));
        assert_eq!(read("hunter2\nhunter3\n", 0o600), Err("it has more than one line".to_owned()));
        assert_eq!(read(" \n", 0o600), Err("it is empty".to_owned()));
        assert!(from_file(folder.path()).is_err() && from_file(Path::new("/nonexistent/key")).is_err());
    }
}
