//! Giving up what is no longer needed.
//!
//! The agent starts as root where the kernel log, a port below 1024 or other
//! people's logs ask for it. Once everything is open it becomes an ordinary
//! user, who may read what the groups of logs may read, can never gain
//! privileges again, and may ask little of the kernel.

use crate::file;
use crate::sys::{self, Confinement};
use nix::sys::prctl;
use nix::unistd::{self, Gid, Uid};
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
        let found = user(&read("/etc/passwd"), named.unwrap_or(USER));
        match named {
            Some(name) if found.is_none() => Err(format!(
                "there is no user `{name}`: make it with `useradd --system {name}`, or name another"
            )),
            _ => Ok(found),
        }
    }

    /// Makes a file or folder the user's own; of a link the link itself, which
    /// the user may have put there.
    pub fn own(&self, path: &Path) -> io::Result<()> {
        lchown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
    }

    /// Becomes this user for good. One that carries responses out may still
    /// change the packet filter and routes, through programs that it lends
    /// that to; `Ok(false)` where that cannot be (before Linux 4.3, or in a
    /// container without that right).
    pub fn put_on(&self, carries_out: bool) -> io::Result<bool> {
        prctl::set_keepcaps(carries_out)?;
        let file = read("/etc/group");
        let groups: Vec<Gid> = GROUPS.iter().filter_map(|name| group(&file, name)).collect();
        unistd::setgroups(&groups)?;
        unistd::setresgid(self.gid, self.gid, self.gid)?;
        unistd::setresuid(self.uid, self.uid, self.uid)?;
        if carries_out { sys::keep_network_admin() } else { Ok(true) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A list of users or groups; without the file there are none. It is read here
/// since the C library's way, with its services for names, is 8 KB of program.
pub(crate) fn read(path: &str) -> String {
    file::text(path)
}

/// The user of a name: `NAME:PASSWORD:UID:GID:…` (passwd(5)).
fn user(file: &str, name: &str) -> Option<Other> {
    let mut numbers = entry(file, name)?.map_while(|field| field.parse().ok());
    let (uid, gid) = (Uid::from_raw(numbers.next()?), Gid::from_raw(numbers.next()?));
    Some(Other { name: name.to_owned(), uid, gid })
}

/// The number of a group: `NAME:PASSWORD:GID:…` (group(5)).
fn group(file: &str, name: &str) -> Option<Gid> {
    entry(file, name)?.next()?.parse().ok().map(Gid::from_raw)
}

/// The fields behind name and password of the line with a name.
pub(crate) fn entry<'f>(file: &'f str, name: &str) -> Option<impl Iterator<Item = &'f str>> {
    let mut lines = file.lines().map(|line| line.split(':'));
    let mut fields = lines.find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
    fields.next()?;
    Some(fields)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups_are_found_by_their_whole_name() {
        let file = "root:x:0:0:root:/root:/bin/sh\nbart:x:7:7::/:\nbartizan:x:101:103::/:\nodd:x:x\n";
        let numbers = |name| user(file, name).map(|user| (user.uid.as_raw(), user.gid.as_raw()));
        assert_eq!(numbers("bartizan"), Some((101, 103)));
        assert_eq!(numbers("root"), Some((0, 0)));
        for unknown in ["bartiza", "x", "odd", ""] {
            assert_eq!(numbers(unknown), None, "{unknown}");
        }
        assert_eq!(group("root:x:0:\nadm:x:4:syslog,me\n", "adm"), Some(Gid::from_raw(4)));
    }
}
