//! `/etc/hosts.deny`: networks that services with TCP wrappers turn away.
//!
//! The file is replaced in one step and keeps its owner and its mode. An
//! entry is two lines, a comment and what it says: hosts_access(5) has no
//! comments behind an entry, and would read the words of one as names.

use super::journal::sync_folder;
use crate::identity::beside;
use bartizan_core::respond::network::Network;
use nix::unistd::geteuid;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

const FILE: &str = "/etc/hosts.deny";

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
    edit(Path::new(FILE), &entry(network), add).map_err(|error| format!("{FILE}: {error}"))
}

/// The lines for a network. A range of IPv4 has a mask, which all versions of
/// TCP wrappers know.
fn entry(network: &Network) -> String {
    let is_single = network.is_single();
    let client = match network.address() {
        IpAddr::V6(v6) if is_single => format!("[{v6}]"),
        IpAddr::V6(v6) => format!("[{v6}]/{}", network.length()),
        IpAddr::V4(v4) if is_single => v4.to_string(),
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(network.length())).unwrap_or(0);
            format!("{v4}/{}", Ipv4Addr::from(mask))
        }
    };
    format!("# bartizan\nALL: {client}\n")
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
    let text = if found.is_some() { fs::read(path)? } else { Vec::new() };
    match edited(&text, entry.as_bytes(), add) {
        Some(text) => replace(path, &text, found.as_ref()),
        None => Ok(()),
    }
}

/// The text with the entry or without; `None` if it is so already.
fn edited(text: &[u8], entry: &[u8], add: bool) -> Option<Vec<u8>> {
    let begins_line = |at: usize| at == 0 || text.get(at - 1) == Some(&b'\n');
    let mut places = text.windows(entry.len()).enumerate();
    let place = places.find(|(at, part)| *part == entry && begins_line(*at)).map(|(at, _)| at);
    match (place, add) {
        (Some(_), true) | (None, false) => None,
        (Some(at), false) => Some([text.get(..at)?, text.get(at + entry.len()..)?].concat()),
        (None, true) => {
            let end: &[u8] = if begins_line(text.len()) { b"" } else { b"\n" };
            Some([text, end, entry].concat())
        }
    }
}

fn replace(path: &Path, text: &[u8], found: Option<&Metadata>) -> io::Result<()> {
    let new = beside(path);
    // One that was left by a power cut.
    let _ = fs::remove_file(&new);
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(text)?;
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

    fn lines(network: &str) -> String {
        entry(&Network::parse(network).unwrap())
    }

    #[test]
    fn clients_are_written_as_tcp_wrappers_read_them() {
        for (network, client) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/20", "192.0.0.0/255.255.240.0"),
            ("0.0.0.0/0", "0.0.0.0/0.0.0.0"),
            ("2001:db8::1", "[2001:db8::1]"),
            ("2001:db8::/32", "[2001:db8::]/32"),
        ] {
            assert_eq!(lines(network), format!("# bartizan\nALL: {client}\n"));
        }
    }

    #[test]
    fn an_entry_comes_and_goes_and_leaves_the_rest_and_its_mode_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hosts.deny");
        // Ours would be a part of the first two.
        let others = "ALL: 192.0.2.77\nx# bartizan\nALL: 192.0.2.7\nsshd: ALL";
        fs::write(&path, others).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        for _ in 0..2 {
            edit(&path, &lines("192.0.2.7"), true).unwrap();
            let expected = format!("{others}\n# bartizan\nALL: 192.0.2.7\n");
            assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        }
        edit(&path, &lines("2001:db8::1"), true).unwrap();
        for _ in 0..2 {
            edit(&path, &lines("192.0.2.7"), false).unwrap();
            let expected = format!("{others}\n# bartizan\nALL: [2001:db8::1]\n");
            assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        }
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_there_is_made_and_nothing_is_made_to_take_something_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hosts.deny");
        edit(&path, &lines("192.0.2.7"), false).unwrap();
        assert!(!path.exists());
        edit(&path, &lines("192.0.2.7"), true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), lines("192.0.2.7"));
    }

    #[test]
    fn a_link_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("real"), folder.path().join("hosts.deny"));
        fs::write(&path, "").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(edit(&link, &lines("192.0.2.7"), true).is_err());
        assert!(link.is_symlink() && fs::read(&path).unwrap().is_empty());
    }
}
