//! Who the agent is: its key, and the managers that know it.
//!
//! `agent.key` is text, one `key value` a line, readable by its owner alone.
//! It is written once, by `enrol`, in one step: either the whole file is there
//! or none.
//!
//! ```text
//! name router-1
//! manager 1f0c… (64 hex digits: the manager's public key)
//! key 77a9… (64 hex digits: the agent's private key)
//! address 192.0.2.1:1514
//! ```

use crate::config::{MANAGER_PORT, Manager};
use crate::file;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Bytes of the file.
const FILE_MAX: usize = 16 * 1024;

/// Key and managers of an agent.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// What the manager calls it.
    pub name: String,
    /// The manager's public key.
    pub manager: [u8; 32],
    /// The agent's private key.
    pub own: [u8; 32],
    /// Where the manager is, in the order in which it is tried.
    pub addresses: Vec<Manager>,
}

/// Why there is no identity.
#[derive(Debug)]
pub enum Unknown {
    /// It cannot be read; `NotFound` before `enrol`.
    Io(io::Error),
    /// This line of it is not what `enrol` writes.
    Line(usize),
    /// One of the lines is missing.
    Missing(&'static str),
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                f.write_str("is not there: this agent is not enrolled; get a token with `bartizan agents add NAME` on the manager, then run `bartizan-agent enrol TOKEN`")
            }
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::Line(number) => write!(f, "line {number} is damaged; enrol again with `bartizan-agent enrol --force TOKEN`"),
            Self::Missing(what) => write!(f, "has no line `{what}`; enrol again with `bartizan-agent enrol --force TOKEN`"),
        }
    }
}

impl Identity {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, Unknown> {
        let text = file::read(path).map_err(Unknown::Io)?;
        let text = text.get(..text.len().min(FILE_MAX)).unwrap_or(b"");
        Self::parse(std::str::from_utf8(text).map_err(|_| Unknown::Line(1))?)
    }

    fn parse(text: &str) -> Result<Self, Unknown> {
        let (mut name, mut manager, mut own, mut addresses) = (None, None, None, Vec::new());
        for (at, line) in text.lines().enumerate() {
            let damaged = Unknown::Line(at + 1);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (word, value) = line.split_once(' ').ok_or(Unknown::Line(at + 1))?;
            match word {
                "name" => name = Some(value.to_owned()),
                "manager" => manager = Some(from_hex(value).ok_or(damaged)?),
                "key" => own = Some(from_hex(value).ok_or(damaged)?),
                "address" => addresses.push(parse_address(value).ok_or(damaged)?),
                _ => return Err(damaged),
            }
        }
        Ok(Self {
            name: name.ok_or(Unknown::Missing("name"))?,
            manager: manager.ok_or(Unknown::Missing("manager"))?,
            own: own.ok_or(Unknown::Missing("key"))?,
            addresses,
        })
    }

    /// Writes the file in one step. An existing one stays unless `force` is set
    /// (`AlreadyExists`).
    pub fn write(&self, path: &Path, force: bool) -> io::Result<()> {
        let beside = beside(path);
        // What an earlier, interrupted try has left.
        let _ = fs::remove_file(&beside);
        let mut file = file::open(&beside, file::WRITE_NEW)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()?;
        let done = if force { fs::rename(&beside, path) } else { fs::hard_link(&beside, path) };
        if !force || done.is_err() {
            fs::remove_file(&beside)?;
        }
        done
    }

    fn text(&self) -> String {
        let mut text = String::from("# The key of this agent: whoever has it can speak in its name.\nname ");
        text.push_str(&self.name);
        text.push_str("\nmanager ");
        push_hex(&mut text, &self.manager);
        text.push_str("\nkey ");
        push_hex(&mut text, &self.own);
        for address in &self.addresses {
            text.push_str("\naddress ");
            text.push_str(&show_address(address));
        }
        text.push('\n');
        text
    }
}

/// The name of a file until it is whole and takes the place of another.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// `HOST:PORT`, with brackets around the colons of an address.
pub fn show_address(manager: &Manager) -> String {
    match manager.host.as_bytes().contains(&b':') {
        true => format!("[{}]:{}", manager.host, manager.port),
        false => format!("{}:{}", manager.host, manager.port),
    }
}

/// `HOST`, `HOST:PORT`, `[V6]:PORT` or a bare IPv6 address.
pub fn parse_address(text: &str) -> Option<Manager> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => match text.split_once(':') {
            Some((host, port)) if !port.as_bytes().contains(&b':') => (host, Some(port)),
            _ => (text, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        None => MANAGER_PORT,
    };
    let is_sound = !host.is_empty() && !host.contains(char::is_whitespace);
    is_sound.then(|| Manager { host: host.to_owned(), port })
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    let digit = |c: u8| char::from(c).to_digit(16).map(|d| d as u8);
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn identity() -> Identity {
        let manager = |host: &str, port| Manager { host: host.to_owned(), port };
        let addresses =
            vec![manager("192.0.2.1", 1514), manager("2001:db8::1", 99), manager("keep.example", 1)];
        Identity { name: "router-1".to_owned(), manager: [0xA5; 32], own: [7; 32], addresses }
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.key");
        identity().write(&path, false).unwrap();
        assert!(Identity::read(&path).unwrap() == identity());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_is_not_overwritten_unless_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.key");
        fs::write(&path, "old").unwrap();
        assert_eq!(identity().write(&path, false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        identity().write(&path, true).unwrap();
        assert!(Identity::read(&path).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_refused_with_its_line() {
        assert!(matches!(Identity::parse("name a\nmanager 12"), Err(Unknown::Line(2))));
        assert!(matches!(Identity::parse("name a\nbogus"), Err(Unknown::Line(2))));
        assert!(matches!(Identity::parse(""), Err(Unknown::Missing("name"))));
    }

    #[test]
    fn addresses_are_read_in_all_their_forms() {
        let read = |text| parse_address(text).map(|m| (m.host, m.port));
        assert_eq!(read("a.example"), Some(("a.example".to_owned(), MANAGER_PORT)));
        assert_eq!(read("192.0.2.1:5"), Some(("192.0.2.1".to_owned(), 5)));
        assert_eq!(read("::1"), Some(("::1".to_owned(), MANAGER_PORT)));
        assert_eq!(read("[::1]:7"), Some(("::1".to_owned(), 7)));
        for wrong in ["", ":1", "a:0", "a:b", "[::1", "[::1]7", "a b"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
