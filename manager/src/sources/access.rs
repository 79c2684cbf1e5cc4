//! What to do about a file that cannot be read.
//!
//! Most logs belong to root and a group such as `adm`; saying which group it
//! is on this machine spares the user the search.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What stands in the way of reading `path`, as a sentence with the remedy.
pub fn explain(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!("permission denied; {}", remedy(path)),
        _ => match error.raw_os_error() {
            // EMFILE, ENFILE
            Some(23 | 24) => format!("{error}; raise the limit of open files (ulimit -n)"),
            _ => error.to_string(),
        },
    }
}

/// What gives the right to read `path`: a group if one has it, else root.
pub fn remedy(path: &Path) -> String {
    match path.ancestors().find_map(|part| part.metadata().ok().map(|meta| (part, meta))) {
        Some((part, meta)) if meta.mode() & 0o040 != 0 && meta.gid() != 0 => {
            let group = group_name(meta.gid()).unwrap_or_else(|| meta.gid().to_string());
            let what = if part == path { "" } else { " (for the folder)" };
            format!("run as root or add this user to group {group}{what}")
        }
        _ => "run as root, or let this user read it".to_owned(),
    }
}

/// Name of a group by its number.
fn group_name(gid: u32) -> Option<String> {
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_that_may_read_a_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        std::fs::write(&path, "").expect("written");
        // Changing the group needs root; a group that the user is in does not.
        let adm = group_name(4).unwrap_or_else(|| "4".to_owned());
        if std::os::unix::fs::chown(&path, None, Some(4)).is_ok() {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o640);
            std::fs::set_permissions(&path, mode).expect("set");
            assert!(remedy(&path).ends_with(&format!("group {adm}")), "{}", remedy(&path));
        }
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).expect("set");
        assert!(remedy(&path).starts_with("run as root, or"), "{}", remedy(&path));
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(explain(&path, &denied).starts_with("permission denied; run as root"));
    }
}
