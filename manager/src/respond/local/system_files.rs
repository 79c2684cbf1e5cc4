//! `/etc/hosts.deny`, and the passwords of accounts.

use super::program::{self, Failure};
use bartizan_core::respond::network::Network;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// How long a program of the system may take.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Sees to it that a network stands in hosts.deny, or does not. The file is
/// replaced in one step; lines of others stay as they are.
pub(super) fn deny(path: &Path, network: &Network, add: bool) -> Result<(), Failure> {
    let failed = |error| Failure::NotStarted(format!("{}: {error}", path.display()));
    replace_line(path, &line(network), add).map_err(failed)
}

fn replace_line(path: &Path, line: &str, add: bool) -> io::Result<()> {
    let old = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    let is_there = old.lines().any(|other| other == line);
    if is_there == add {
        return Ok(());
    }
    let mut new: String =
        old.lines().filter(|other| *other != line).flat_map(|other| [other, "\n"]).collect();
    if add {
        new += line;
        new += "\n";
    }
    let beside = path.with_extension("deny.bartizan");
    fs::write(&beside, new)?;
    if let Ok(about) = fs::metadata(path) {
        fs::set_permissions(&beside, about.permissions())?;
    }
    fs::File::open(&beside)?.sync_all()?;
    fs::rename(&beside, path)
}

/// The form of hosts_access(5).
fn line(network: &Network) -> String {
    let (address, length) = (network.address(), u32::from(network.length()));
    match address {
        IpAddr::V4(_) if network.is_single() => format!("ALL: {address}"),
        IpAddr::V4(_) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            format!("ALL: {address}/{}", std::net::Ipv4Addr::from(mask))
        }
        IpAddr::V6(_) if network.is_single() => format!("ALL: [{address}]"),
        IpAddr::V6(_) => format!("ALL: [{address}]/{length}"),
    }
}

/// Locks or unlocks the password of a user.
pub(super) fn lock_account(user: &str, lock: bool) -> Result<(), Failure> {
    let (usermod, passwd) = if lock { ("-L", "-l") } else { ("-U", "-u") };
    match (program::find("usermod"), program::find("passwd")) {
        (Some(program), _) => program::run(&program, &[usermod, "--", user], "", LIMIT),
        (None, Some(program)) => program::run(&program, &[passwd, user], "", LIMIT),
        (None, None) => Err(Failure::NotStarted("this machine has neither usermod nor passwd".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_denied_and_no_longer_and_other_lines_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hosts.deny");
        fs::write(&path, "# mine\nsshd: 198.51.100.7\nALL: 192.0.2.70").expect("a file");
        let network = |text| Network::parse(text).expect("a network");
        for _ in 0..2 {
            for text in ["192.0.2.7", "192.0.2.0/28", "2001:db8::1", "2001:db8::/32"] {
                deny(&path, &network(text), true).expect("it can be written");
            }
        }
        let text = fs::read_to_string(&path).expect("it is there");
        assert_eq!(
            text,
            "# mine\nsshd: 198.51.100.7\nALL: 192.0.2.70\nALL: 192.0.2.7\nALL: 192.0.2.0/255.255.255.240\n\
             ALL: [2001:db8::1]\nALL: [2001:db8::]/32\n"
        );
        for text in ["192.0.2.7", "192.0.2.7", "192.0.2.0/28", "2001:db8::1", "2001:db8::/32"] {
            deny(&path, &network(text), false).expect("it can be written");
        }
        let text = fs::read_to_string(&path).expect("it is there");
        assert_eq!(text, "# mine\nsshd: 198.51.100.7\nALL: 192.0.2.70\n");
    }
}
