//! Passwords of users are locked and unlocked, by the system's own program.
//!
//! A mark is left before a password is locked.

use super::program::{self, Failure};
use bartizan_core::respond::account::{Files, Step};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Sees to it that the password of a user is locked, or is not.
pub(super) fn lock(home: &Path, user: &str, lock: bool) -> Result<(), Failure> {
    let mark = home.join("active-response").join(format!("{user}.locked"));
    let is_marked = mark.is_file();
    let failed = |error: io::Error| Failure::NotStarted(format!("{}: {error}", mark.display()));
    let [passwd, shadow, login_defs] = ["/etc/passwd", "/etc/shadow", "/etc/login.defs"].map(read);
    let files = Files { passwd: &passwd, shadow: &shadow, login_defs: &login_defs };
    let step = match lock {
        true => files.lock(user, is_marked).map_err(|error| Failure::NotStarted(error.why().to_owned()))?,
        false => files.unlock(user, is_marked),
    };
    match step {
        Step::Nothing => Ok(()),
        Step::RemoveMark => fs::remove_file(&mark).map_err(failed),
        Step::Run if lock => {
            make(&mark).map_err(failed)?;
            change(user, true)
        }
        Step::Run => {
            change(user, false)?;
            fs::remove_file(&mark).map_err(failed)
        }
    }
}

fn make(mark: &Path) -> io::Result<()> {
    let folder = mark.parent().unwrap_or(mark);
    fs::create_dir_all(folder)?;
    File::create(mark)?;
    File::open(folder)?.sync_all()
}

fn change(user: &str, lock: bool) -> Result<(), Failure> {
    let ways = [("passwd", if lock { "-l" } else { "-u" }), ("usermod", if lock { "-L" } else { "-U" })];
    let found: Option<(PathBuf, &str)> =
        ways.into_iter().find_map(|(program, option)| Some((program::find(program)?, option)));
    let Some((program, option)) = found else {
        return Err(Failure::NotStarted("this machine has neither passwd nor usermod".to_owned()));
    };
    program::run(&program, &[option, user], "", program::LIMIT)
}

fn read(path: &str) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
