//! Passwords of users are locked and unlocked, by the system's own program.
//!
//! A mark is left before a password is locked, and only one with a mark is
//! unlocked: what somebody else has locked stays locked.

use super::program::{self, Failure};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Users below belong to the system.
const UID_MIN: u32 = 1000;

/// Sees to it that the password of a user is locked, or is not.
pub(super) fn lock(home: &Path, user: &str, lock: bool) -> Result<(), Failure> {
    let mark = home.join("active-response").join(format!("{user}.locked"));
    let is_ours = mark.is_file();
    let failed = |error: io::Error| Failure::NotStarted(format!("{}: {error}", mark.display()));
    if !lock {
        if is_ours {
            change(user, false)?;
            fs::remove_file(&mark).map_err(failed)?;
        }
        return Ok(());
    }
    may_be_locked(user, &read("/etc/passwd")).map_err(|why| Failure::NotStarted(why.to_owned()))?;
    match password(user, &read("/etc/shadow")) {
        // By somebody else.
        Password::Locked if !is_ours => return Ok(()),
        Password::None => {
            return Err(Failure::NotStarted("the user has no password that could be locked".to_owned()));
        }
        Password::Locked | Password::Open => {}
    }
    make(&mark).map_err(failed)?;
    change(user, true)
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

fn may_be_locked(user: &str, passwd: &str) -> Result<(), &'static str> {
    match field(passwd, user, 2).map(str::parse::<u32>) {
        Some(Ok(UID_MIN..)) => Ok(()),
        Some(_) => Err("the user belongs to the system"),
        None => Err("there is no such user in /etc/passwd"),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Password {
    Open,
    Locked,
    None,
}

/// What shadow(5) says of a user's password.
fn password(user: &str, shadow: &str) -> Password {
    match field(shadow, user, 1) {
        None | Some("") => Password::None,
        Some(password) if password.starts_with('!') => Password::Locked,
        Some(_) => Password::Open,
    }
}

/// A field of the line of a user in passwd(5) or shadow(5).
fn field<'t>(text: &'t str, user: &str, number: usize) -> Option<&'t str> {
    let mut lines = text.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| (fields.next() == Some(user)).then_some(fields)?.nth(number - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_told_from_a_locked_one_and_from_none() {
        let shadow = "anna:$6$x:1::\nbob:!$6$y:1::\neve::1::\n";
        let expected = [
            ("anna", Password::Open),
            ("bob", Password::Locked),
            ("eve", Password::None),
            ("an", Password::None),
        ];
        for (user, state) in expected {
            assert_eq!(password(user, shadow), state, "{user}");
        }
    }

    #[test]
    fn users_of_the_system_are_left_alone() {
        let passwd = "root:x:0:0::/:/bin/sh\nanna:x:1000:1000::/:/bin/sh\n";
        assert_eq!(may_be_locked("anna", passwd), Ok(()));
        assert!(may_be_locked("root", passwd).is_err() && may_be_locked("..", passwd).is_err());
    }
}
