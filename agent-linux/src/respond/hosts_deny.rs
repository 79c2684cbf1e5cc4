//! `/etc/hosts.deny`, replaced in one step; it keeps its owner and its mode.

use super::journal::sync_folder;
use crate::file;
use crate::identity::beside;
use bartizan_core::respond::hosts_deny::{ENTRY_MAX, FILE, edited, entry};
use bartizan_core::respond::network::Network;
use nix::unistd::geteuid;
use std::fs::{self, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

/// Bytes of the file; a larger one is left alone.
const FILE_MAX: u64 = 256 << 10;

/// What the agent can say when it may not.
pub(super) const NOT_ROOT: &str = "only root may do that; run the agent with <agent_user>root</agent_user>";

/// Sees to it that a network stands in the file, or does not.
///
/// # Errors
/// The reason, for people; then nothing was changed.
pub(super) fn enter(network: &Network, add: bool) -> Result<(), String> {
    if !geteuid().is_root() {
        return Err(NOT_ROOT.to_owned());
    }
    edit(Path::new(FILE), entry(network, &mut [0; ENTRY_MAX]), add)
        .map_err(|error| format!("{FILE}: {error}"))
}

fn edit(path: &Path, entry: &str, add: bool) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        // The new file would take the place of a link.
        Ok(found) if !found.is_file() => return Err(io::ErrorKind::InvalidInput.into()),
        Ok(found) if found.len() > FILE_MAX => return Err(io::ErrorKind::FileTooLarge.into()),
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let text = if found.is_some() { file::read(path)? } else { Vec::new() };
    match edited(&text, entry.as_bytes(), add) {
        Some(pieces) => replace(path, &pieces, found.as_ref()),
        None => Ok(()),
    }
}

fn replace(path: &Path, pieces: &[&[u8]], found: Option<&Metadata>) -> io::Result<()> {
    let new = beside(path);
    // One that was left by a power cut.
    let _ = fs::remove_file(&new);
    let mut file = file::open(&new, file::WRITE_NEW)?;
    pieces.iter().try_for_each(|piece| file.write_all(piece))?;
    file.set_permissions(Permissions::from_mode(found.map_or(0o644, |found| found.mode() & 0o7777)))?;
    if let Some(found) = found {
        fchown(&file, Some(found.uid()), Some(found.gid()))?;
    }
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "# bartizan\nALL: 192.0.2.7\n";

    #[test]
    fn a_file_keeps_its_mode_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hosts.deny");
        fs::write(&path, "sshd: ALL").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        for (add, text) in [(true, format!("sshd: ALL\n{ENTRY}")), (false, "sshd: ALL\n".to_owned())] {
            for _ in 0..2 {
                edit(&path, ENTRY, add).unwrap();
                assert_eq!(fs::read_to_string(&path).unwrap(), text);
            }
        }
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_there_is_made_and_nothing_is_made_to_take_something_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hosts.deny");
        edit(&path, ENTRY, false).unwrap();
        assert!(!path.exists());
        edit(&path, ENTRY, true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), ENTRY);
    }

    #[test]
    fn a_link_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("real"), folder.path().join("hosts.deny"));
        fs::write(&path, "").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(edit(&link, ENTRY, true).is_err());
        assert!(link.is_symlink() && fs::read(&path).unwrap().is_empty());
    }
}
