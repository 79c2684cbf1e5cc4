//! Giving up what is no longer needed.
//!
//! The agent starts as root where the kernel log, a port below 1024 or other
//! people's logs ask for it. Once everything is open it becomes an ordinary
//! user, who may read what the groups of logs may read, can never gain
//! privileges again, and may ask little of the kernel.

use crate::sys::{self, Confinement};
use nix::sys::prctl;
use nix::unistd::{self, Gid, Group, Uid, User};
use std::io;
use std::os::unix::fs::lchown;
use std::path::Path;

/// The user that the agent becomes if nobody says otherwise and it exists.
const USER: &str = "bartizan";

/// Groups that may read logs; those that exist are kept.
const GROUPS: [&str; 2] = ["adm", "systemd-journal"];

/// Who the agent becomes.
#[derive(Debug)]
pub struct Other {
    name: String,
    uid: Uid,
    gid: Gid,
}

impl Other {
    /// Finds the user: the one that is named, else `bartizan` if there is one.
    /// `None` when the agent stays who it is: it is not root, or is to remain
    /// root. `Err` says what to do.
    pub fn find(named: Option<&str>) -> Result<Option<Self>, String> {
        if named == Some("root") || !Uid::effective().is_root() {
            return Ok(None);
        }
        let found = User::from_name(named.unwrap_or(USER)).ok().flatten();
        match (found, named) {
            (Some(user), _) => Ok(Some(Self { name: user.name, uid: user.uid, gid: user.gid })),
            (None, None) => Ok(None),
            (None, Some(name)) => Err(format!(
                "there is no user `{name}`: make it with `useradd --system {name}`, or name another"
            )),
        }
    }

    /// Makes a file or folder the user's own; of a link the link itself, which
    /// the user may have put there.
    pub fn own(&self, path: &Path) -> io::Result<()> {
        lchown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
    }

    /// Becomes this user for good.
    pub fn put_on(&self) -> io::Result<()> {
        let groups = GROUPS.iter().filter_map(|name| Group::from_name(name).ok().flatten());
        let groups: Vec<Gid> = groups.map(|group| group.gid).collect();
        unistd::setgroups(&groups)?;
        unistd::setresgid(self.gid, self.gid, self.gid)?;
        unistd::setresuid(self.uid, self.uid, self.uid)?;
        Ok(())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Takes the way back, and the calls that are not needed. `Ok(false)` when
/// the kernel has no filters.
pub fn confine(starts_programs: bool) -> io::Result<bool> {
    prctl::set_no_new_privs()?;
    let how = if starts_programs { Confinement::Wide } else { Confinement::Narrow };
    match sys::confine(how) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
