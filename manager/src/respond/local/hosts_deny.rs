//! `/etc/hosts.deny`: networks that services with TCP wrappers turn away.
//!
//! The file is replaced in one step and keeps its owner and its mode; what
//! others wrote stays, byte for byte. An entry has a comment above it, so that
//! people know whose it is, and so that one of theirs is never taken away.

use super::program::Failure;
use bartizan_core::respond::network::Network;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

/// Bytes of the file; a larger one is left alone.
const FILE_MAX: u64 = 4 << 20;

/// Sees to it that a network stands in the file, or does not.
pub(super) fn enter(path: &Path, network: &Network, add: bool) -> Result<(), Failure> {
    let failed = |error| Failure::NotStarted(format!("{}: {error}", path.display()));
    edit(path, entry(network).as_bytes(), add).map_err(failed)
}

fn edit(path: &Path, entry: &[u8], add: bool) -> io::Result<()> {
    // Where it is a link, the link stays.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let old = match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        found => Some(found?),
    };
    if old.as_ref().is_some_and(|old| old.len() > FILE_MAX) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let text = if old.is_some() { fs::read(&path)? } else { Vec::new() };
    let place = find(&text, entry);
    let new = match (place, add) {
        (Some(_), true) | (None, false) => return Ok(()),
        (Some(at), false) => [&text[..at], &text[at + entry.len()..]].concat(),
        (None, true) if text.last().is_some_and(|last| *last != b'\n') => [&text, &b"\n"[..], entry].concat(),
        (None, true) => [&text, entry].concat(),
    };
    let beside = path.with_extension("deny.bartizan");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&new)?;
    file.set_permissions(Permissions::from_mode(old.as_ref().map_or(0o644, |old| old.mode() & 0o7777)))?;
    if let Some(old) = old {
        fchown(&file, Some(old.uid()), Some(old.gid()))?;
    }
    file.sync_all()?;
    fs::rename(&beside, &path)?;
    File::open(path.parent().unwrap_or(&path))?.sync_all()
}

/// Where an entry begins.
fn find(text: &[u8], entry: &[u8]) -> Option<usize> {
    let is_line = |at: &usize| *at == 0 || text.get(at - 1) == Some(&b'\n');
    memchr::memmem::find_iter(text, entry).find(is_line)
}

/// The lines for a network, in the form of hosts_access(5).
fn entry(network: &Network) -> String {
    let (address, length) = (network.address(), u32::from(network.length()));
    let client = match address {
        IpAddr::V4(_) if network.is_single() => address.to_string(),
        IpAddr::V4(_) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            format!("{address}/{}", Ipv4Addr::from(mask))
        }
        IpAddr::V6(_) if network.is_single() => format!("[{address}]"),
        IpAddr::V6(_) => format!("[{address}]/{length}"),
    };
    format!("# bartizan\nALL: {client}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_denied_and_no_longer_and_what_others_wrote_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hosts.deny");
        let before = b"# mine \xff\nsshd: 198.51.100.7\nALL: 192.0.2.7";
        fs::write(&path, before).expect("a file");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("ours");
        let networks = ["192.0.2.7", "192.0.2.0/28", "2001:db8::1", "2001:db8::/32"];
        let networks = networks.map(|text| Network::parse(text).expect("a network"));
        for network in networks.iter().chain(&networks) {
            enter(&path, network, true).expect("it can be written");
        }
        let added = "\n# bartizan\nALL: 192.0.2.7\n# bartizan\nALL: 192.0.2.0/255.255.255.240\n\
            # bartizan\nALL: [2001:db8::1]\n# bartizan\nALL: [2001:db8::]/32\n";
        assert_eq!(fs::read(&path).expect("it is there"), [&before[..], added.as_bytes()].concat());
        for network in networks.iter().chain(&networks) {
            enter(&path, network, false).expect("it can be written");
        }
        assert_eq!(fs::read(&path).expect("it is there"), [&before[..], b"\n"].concat());
        assert_eq!(fs::metadata(&path).expect("it is there").mode() & 0o777, 0o640);
    }
}
