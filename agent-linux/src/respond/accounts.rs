//! Locking a user's password, with the system's own program.
//!
//! A mark is left before a password is locked, and only one with a mark is
//! unlocked: what somebody else has locked stays locked.

use super::hosts_deny::NOT_ROOT;
use super::journal::sync_folder;
use super::runner::find;
use crate::privileges::{entry, read};
use nix::unistd::geteuid;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Users below belong to the system.
const UID_MIN: u32 = 1000;

/// The words of the program that locks or unlocks, if there is anything to do.
///
/// # Errors
/// Why it is not done, for people.
pub(super) fn begin(folder: &Path, user: &str, lock: bool) -> Result<Option<Vec<String>>, String> {
    if !geteuid().is_root() {
        return Err(NOT_ROOT.to_owned());
    }
    let uid = uid(&read("/etc/passwd"), user);
    let mark = mark(folder, user);
    let is_ours = mark.is_file();
    match uid {
        // Without a mark it is not ours.
        Some(_) if !lock => return is_ours.then(|| words(user, false)).transpose(),
        None if !lock => {
            end(folder, user);
            return Ok(None);
        }
        None => return Err("there is no such user in /etc/passwd".to_owned()),
        Some(uid) if uid < UID_MIN => {
            return Err(format!("the user belongs to the system: {uid} < {UID_MIN}"));
        }
        Some(_) => {}
    }
    match state(&read("/etc/shadow"), user) {
        State::Locked if !is_ours => return Ok(None),
        State::None => return Err("the user has no password that could be locked".to_owned()),
        _ => {}
    }
    let words = words(user, true)?;
    make(&mark).map_err(|error| format!("{}: {error}", mark.display()))?;
    Ok(Some(words))
}

/// The program has ended: the mark stays only while the password is locked.
pub(super) fn end(folder: &Path, user: &str) {
    if state(&read("/etc/shadow"), user) != State::Locked {
        // It has no effect where nothing is locked.
        let _ = fs::remove_file(mark(folder, user));
    }
}

/// A user's name begins with no `-`, but may be `..`.
fn mark(folder: &Path, user: &str) -> PathBuf {
    folder.join([user, ".locked"].concat())
}

fn make(mark: &Path) -> io::Result<()> {
    fs::create_dir_all(mark.parent().unwrap_or(mark))?;
    File::create(mark)?;
    sync_folder(mark)
}

fn words(user: &str, lock: bool) -> Result<Vec<String>, String> {
    let ways = [("passwd", if lock { "-l" } else { "-u" }), ("usermod", if lock { "-L" } else { "-U" })];
    let found = ways.iter().find_map(|(program, option)| Some((find(program)?, *option)));
    let (program, option) = found.ok_or("this machine has neither passwd nor usermod")?;
    Ok(vec![program, option.to_owned(), user.to_owned()])
}

fn uid(passwd: &str, user: &str) -> Option<u32> {
    entry(passwd, user)?.next()?.parse().ok()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Locked,
    /// There is none, or it is not here.
    None,
}

/// What shadow(5) says of a user's password.
fn state(shadow: &str, user: &str) -> State {
    let line = shadow.lines().find_map(|line| line.strip_prefix(user)?.strip_prefix(':'));
    match line.and_then(|line| line.split(':').next()) {
        None | Some("") => State::None,
        Some(password) if password.starts_with('!') => State::Locked,
        Some(_) => State::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_told_from_a_locked_one_and_from_none() {
        let shadow = "anna:$6$x:1::\nbob:!$6$y:1::\neve::1::\nkey:*:1::\n";
        let expected = [
            ("anna", State::Open),
            ("bob", State::Locked),
            ("eve", State::None),
            ("key", State::Open),
            ("ann", State::None),
            ("", State::None),
        ];
        for (user, state) in expected {
            assert_eq!(super::state(shadow, user), state, "{user}");
        }
    }

    #[test]
    fn users_of_the_system_and_unknown_ones_are_told() {
        let passwd = "root:x:0:0::/root:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/sh\n";
        assert_eq!(
            (uid(passwd, "root"), uid(passwd, "anna"), uid(passwd, "..")),
            (Some(0), Some(1000), None)
        );
    }
}
