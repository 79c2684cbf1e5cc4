//! The manager's own key, by which agents know it: `agents/manager.key` in
//! the home folder, 64 bytes: the private key, then the public one. Whoever
//! has it can pass for the manager, so only its owner may read it.

use super::registry::{self, RegistryError};
use bartizan_core::wire::NOISE;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The manager's static key pair.
#[derive(Clone)]
pub struct Identity {
    /// Never leaves the manager.
    pub private: [u8; 32],
    /// In every token.
    pub public: [u8; 32],
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Identity {
    /// The key of a home folder; it is made on first use.
    pub fn open(home: &Path) -> Result<Self, RegistryError> {
        let path = registry::folder(home)?.join("manager.key");
        let file = |source| RegistryError::File { path: path.clone(), source };
        match read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(&path).and_then(|()| read(&path)).map_err(file)
            }
            read => read.map_err(file),
        }
    }
}

fn read(path: &Path) -> io::Result<Identity> {
    let bytes = fs::read(path)?;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        let why = "others can read it: take that right from them (chmod 600)";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    let wrong =
        || io::Error::new(io::ErrorKind::InvalidData, "it is not a key of 64 bytes: bring back the file");
    let (private, public) = bytes.split_first_chunk().ok_or_else(wrong)?;
    Ok(Identity { private: *private, public: public.try_into().map_err(|_| wrong())? })
}

/// Two that make it at the same time end with the same key: the file appears
/// whole, and only once.
fn make(path: &Path) -> io::Result<()> {
    let pair = snow::Builder::new(NOISE.parse().map_err(io::Error::other)?)
        .generate_keypair()
        .map_err(io::Error::other)?;
    let mut beside = path.as_os_str().to_owned();
    let thread = std::thread::current().id();
    beside.push(format!(".{}-{thread:?}", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = write(&beside, &[pair.private, pair.public].concat());
    let linked = written.and_then(|()| fs::hard_link(&beside, path));
    fs::remove_file(&beside)?;
    // Without this key no agent would know the manager again.
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
