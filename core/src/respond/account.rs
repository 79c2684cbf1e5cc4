//! Whose password may be locked, as the system's files say it.
//!
//! The host leaves a mark before it locks a password, and unlocks only one
//! with a mark: what somebody else has locked stays locked.

/// Users below belong to the system, where login.defs(5) says nothing else.
const UID_MIN: u32 = 1000;

/// The texts of the system's files; empty for one that is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files<'t> {
    /// `/etc/passwd`.
    pub passwd: &'t str,
    /// `/etc/shadow`.
    pub shadow: &'t str,
    /// `/etc/login.defs`.
    pub login_defs: &'t str,
}

/// What the host is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it is so already, or is somebody else's.
    Nothing,
    /// Run the program that locks or unlocks.
    Run,
    /// Only remove the mark: the user is gone.
    RemoveMark,
}

/// Why a password is not locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockError {
    /// There is no such user.
    NoUser,
    /// The user belongs to the system.
    System,
    /// There is no password.
    NoPassword,
}

impl LockError {
    /// The reason, for people.
    pub fn why(self) -> &'static str {
        match self {
            Self::NoUser => "there is no such user in /etc/passwd",
            Self::System => "the user belongs to the system",
            Self::NoPassword => "the user has no password that could be locked",
        }
    }
}

/// What a field of shadow(5) says of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Password {
    Open,
    Locked,
    /// There is none, or it is not here.
    None,
}

impl Files<'_> {
    /// What is to be done so that a user's password is locked. `is_marked`:
    /// there is a mark.
    pub fn lock(&self, user: &str, is_marked: bool) -> Result<Step, LockError> {
        let uid = self.uid(user).ok_or(LockError::NoUser)?;
        if uid == 0 || uid < self.uid_min() {
            return Err(LockError::System);
        }
        match self.password(user) {
            Password::None => Err(LockError::NoPassword),
            Password::Locked if !is_marked => Ok(Step::Nothing),
            Password::Locked | Password::Open => Ok(Step::Run),
        }
    }

    /// What is to be done so that it is no longer locked.
    pub fn unlock(&self, user: &str, is_marked: bool) -> Step {
        match (is_marked, self.uid(user)) {
            (false, _) => Step::Nothing,
            (true, Some(_)) => Step::Run,
            (true, None) => Step::RemoveMark,
        }
    }

    /// Whether the mark stays when the program has ended: there is something
    /// that has to be unlocked.
    pub fn keeps_mark(&self, user: &str) -> bool {
        self.password(user) == Password::Locked
    }

    fn password(&self, user: &str) -> Password {
        match field(self.shadow, user, 1) {
            None | Some("") => Password::None,
            Some(password) if password.starts_with('!') => Password::Locked,
            Some(_) => Password::Open,
        }
    }

    fn uid(&self, user: &str) -> Option<u32> {
        field(self.passwd, user, 2)?.parse().ok()
    }

    /// `UID_MIN` of login.defs(5): the first that is a number.
    fn uid_min(&self) -> u32 {
        let mut found = self.login_defs.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            words.next().filter(|word| *word == "UID_MIN")?;
            words.next()?.parse().ok()
        });
        found.next().unwrap_or(UID_MIN)
    }
}

/// A field of a user's line in passwd(5) or shadow(5); the name is field 0.
fn field<'t>(text: &'t str, user: &str, number: usize) -> Option<&'t str> {
    let line = text.lines().find(|line| line.split(':').next() == Some(user))?;
    line.split(':').nth(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: Files<'_> = Files {
        passwd: "root:x:0:0::/root:/bin/sh\nanna:x:1000:1000::/:/bin/sh\nbob:x:1001:1::/:/bin/sh\n\
            eve:x:1002:1::/:/bin/sh\nkey:x:1003:1::/:/bin/sh\nftp:x:999:1::/:/bin/false\n",
        shadow: "root:$6$r:1::\nanna:$6$x:1::\nbob:!$6$y:1::\neve::1::\nkey:*:1::\nftp:$6$f:1::\n",
        login_defs: "",
    };

    #[test]
    fn a_password_is_locked_where_there_is_one_that_nobody_else_has_locked() {
        let locked = [
            ("anna", false, Ok(Step::Run)),
            ("bob", false, Ok(Step::Nothing)),
            ("bob", true, Ok(Step::Run)),
            ("eve", false, Err(LockError::NoPassword)),
            ("key", false, Ok(Step::Run)),
            ("ann", false, Err(LockError::NoUser)),
            ("..", false, Err(LockError::NoUser)),
            ("", false, Err(LockError::NoUser)),
        ];
        for (user, is_marked, step) in locked {
            assert_eq!(FILES.lock(user, is_marked), step, "{user}");
        }
        assert!(FILES.keeps_mark("bob") && !FILES.keeps_mark("anna") && !FILES.keeps_mark("nobody"));
    }

    #[test]
    fn only_what_has_a_mark_is_unlocked() {
        assert_eq!(FILES.unlock("bob", false), Step::Nothing);
        assert_eq!(FILES.unlock("bob", true), Step::Run);
        assert_eq!(FILES.unlock("gone", true), Step::RemoveMark);
    }

    #[test]
    fn users_of_the_system_are_left_alone_as_login_defs_says() {
        let with = |login_defs| Files { login_defs, ..FILES };
        for (defs, user, is_locked) in [
            ("", "ftp", false),
            ("# UID_MIN 500\nUID_MIN\t\t 500 \nUID_MIN 2000\n", "ftp", true),
            ("UID_MIN 1001\n", "anna", false),
            ("UID_MINIMUM 1001\nSYS_UID_MIN 2000\nUID_MIN many\n", "anna", true),
            ("UID_MIN 0\n", "root", false),
        ] {
            let expected = if is_locked { Ok(Step::Run) } else { Err(LockError::System) };
            assert_eq!(with(defs).lock(user, false), expected, "{user}: {defs}");
        }
    }
}
