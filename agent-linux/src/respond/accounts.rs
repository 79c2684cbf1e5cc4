//! Locking a user's password, with the system's own program.
//!
//! A mark is left before a password is locked.

use super::hosts_deny::NOT_ROOT;
use super::journal::sync_folder;
use super::runner::find;
use crate::file;
use crate::privileges::read;
use bartizan_core::respond::account::{Files, Step};
use nix::unistd::geteuid;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The words of the program that locks or unlocks, if there is anything to do.
///
/// # Errors
/// Why it is not done, for people.
pub(super) fn begin(folder: &Path, user: &str, lock: bool) -> Result<Option<Vec<String>>, String> {
    if !geteuid().is_root() {
        return Err(NOT_ROOT.to_owned());
    }
    let mark = mark(folder, user);
    let [passwd, shadow, login_defs] = ["/etc/passwd", "/etc/shadow", "/etc/login.defs"].map(read);
    let files = Files { passwd: &passwd, shadow: &shadow, login_defs: &login_defs };
    let is_marked = mark.is_file();
    let step = match lock {
        true => files.lock(user, is_marked).map_err(|error| error.why().to_owned())?,
        false => files.unlock(user, is_marked),
    };
    match step {
        Step::Nothing => Ok(None),
        Step::RemoveMark => {
            remove(&mark);
            Ok(None)
        }
        Step::Run => {
            let words = words(user, lock)?;
            if lock {
                make(&mark).map_err(|error| format!("{}: {error}", mark.display()))?;
            }
            Ok(Some(words))
        }
    }
}

/// The program has ended: the mark stays only while the password is locked.
pub(super) fn end(folder: &Path, user: &str) {
    // Where nobody can say, it stays.
    let Ok(shadow) = file::read("/etc/shadow") else { return };
    let shadow = String::from_utf8_lossy(&shadow);
    if !(Files { shadow: &shadow, ..Files::default() }).keeps_mark(user) {
        remove(&mark(folder, user));
    }
}

fn remove(mark: &Path) {
    // It has no effect where nothing is locked.
    let _ = fs::remove_file(mark);
}

/// A user's name begins with no `-`, but may be `..`.
fn mark(folder: &Path, user: &str) -> PathBuf {
    folder.join([user, ".locked"].concat())
}

fn make(mark: &Path) -> io::Result<()> {
    fs::create_dir_all(mark.parent().unwrap_or(mark))?;
    file::open(mark, file::WRITE)?;
    sync_folder(mark)
}

fn words(user: &str, lock: bool) -> Result<Vec<String>, String> {
    let ways = [("passwd", if lock { "-l" } else { "-u" }), ("usermod", if lock { "-L" } else { "-U" })];
    let found = ways.iter().find_map(|(program, option)| Some((find(program)?, *option)));
    let (program, option) = found.ok_or("this machine has neither passwd nor usermod")?;
    Ok(vec![program, option.to_owned(), user.to_owned()])
}
