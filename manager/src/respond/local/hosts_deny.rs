//! `/etc/hosts.deny`, replaced in one step; it keeps its owner and its mode.

use super::program::Failure;
use bartizan_core::respond::hosts_deny::{ENTRY_MAX, edited, entry};
use bartizan_core::respond::network::Network;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

/// Bytes of the file; a larger one is left alone.
const FILE_MAX: u64 = 4 << 20;

/// Sees to it that a network stands in the file, or does not.
pub(super) fn enter(path: &Path, network: &Network, add: bool) -> Result<(), Failure> {
    let failed = |error| Failure::NotStarted(format!("{}: {error}", path.display()));
    edit(path, entry(network, &mut [0; ENTRY_MAX]).as_bytes(), add).map_err(failed)
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
    let Some(pieces) = edited(&text, entry, add) else { return Ok(()) };
    let beside = path.with_extension("deny.bartizan");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    pieces.iter().try_for_each(|piece| file.write_all(piece))?;
    file.set_permissions(Permissions::from_mode(old.as_ref().map_or(0o644, |old| old.mode() & 0o7777)))?;
    if let Some(old) = old {
        fchown(&file, Some(old.uid()), Some(old.gid()))?;
    }
    file.sync_all()?;
    fs::rename(&beside, &path)?;
    File::open(path.parent().unwrap_or(&path))?.sync_all()
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
        let network = Network::parse("192.0.2.7").expect("a network");
        let added = b"\n# bartizan\nALL: 192.0.2.7\n";
        for (add, after) in [(true, &added[..]), (false, b"\n")] {
            for _ in 0..2 {
                enter(&path, &network, add).expect("it can be written");
                assert_eq!(fs::read(&path).expect("it is there"), [&before[..], after].concat());
            }
        }
        assert_eq!(fs::metadata(&path).expect("it is there").mode() & 0o777, 0o640);
    }
}
