//! The texts of all files that were read, so that a problem can be shown in
//! its line long after the file was closed.

use super::Span;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Bytes of one file that is read as configuration, rules or decoders.
pub const FILE_MAX: usize = 16 << 20;

/// Which of the files in [`Sources`]; later files have greater ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

#[derive(Debug)]
struct Source {
    name: String,
    bytes: Vec<u8>,
}

/// The texts of files with the names they are shown by.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// Why a file could not be read. Says what, not which file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// It is a folder, a device, a socket or a pipe.
    #[error("it is not an ordinary file")]
    NotAFile,
    /// It is larger than [`FILE_MAX`].
    #[error("it is larger than 16 MiB")]
    TooLarge,
    /// Anything else the system says.
    #[error("{0}")]
    System(std::io::Error),
}

impl LoadError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing => "check the name and the folder it is looked for in",
            Self::NotAFile => "give the name of an ordinary file",
            Self::TooLarge => "split the file",
            Self::System(error) if error.kind() == ErrorKind::PermissionDenied => {
                "let the user that runs this program read the file"
            }
            Self::System(_) => "check the file and the disk it lies on",
        }
    }
}

impl Sources {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a text under the name that it is shown by.
    pub fn add(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> SourceId {
        self.files.push(Source { name: name.into(), bytes: bytes.into() });
        SourceId(self.files.len() as u32 - 1)
    }

    /// Reads an ordinary file of at most [`FILE_MAX`] bytes. Never waits: a
    /// pipe or a device is refused before it is opened.
    pub fn load(&mut self, path: &Path) -> Result<SourceId, LoadError> {
        let bytes = read_bounded(path)?;
        Ok(self.add(path.to_string_lossy(), bytes))
    }

    /// The ids of all files, in the order in which they were added.
    pub fn ids(&self) -> impl Iterator<Item = SourceId> + use<> {
        (0..self.files.len() as u32).map(SourceId)
    }

    /// The name that a file is shown by; empty for an id of other sources.
    pub fn name(&self, id: SourceId) -> &str {
        self.files.get(id.0 as usize).map_or("", |source| &source.name)
    }

    /// The text of a file; empty for an id of other sources.
    pub fn bytes(&self, id: SourceId) -> &[u8] {
        self.files.get(id.0 as usize).map_or(&[], |source| &source.bytes)
    }

    /// Line and column of an offset, both from 1; a column is one byte.
    pub fn line_and_column(&self, id: SourceId, offset: usize) -> (usize, usize) {
        let bytes = self.bytes(id);
        let before = &bytes[..offset.min(bytes.len())];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        (line, before.len() - start + 1)
    }

    /// The line around an offset, without its end.
    pub(super) fn line_around(&self, id: SourceId, offset: usize) -> Span {
        let bytes = self.bytes(id);
        let (before, after) = bytes.split_at(offset.min(bytes.len()));
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let end = memchr::memchr(b'\n', after).map_or(bytes.len(), |newline| before.len() + newline);
        Span::new(start, end)
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, LoadError> {
    let system = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => LoadError::Missing,
        _ => LoadError::System(error),
    };
    let kind = std::fs::metadata(path).map_err(system)?;
    if !kind.is_file() {
        return Err(LoadError::NotAFile);
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(system)?;
    file.take(FILE_MAX as u64 + 1).read_to_end(&mut bytes).map_err(system)?;
    if bytes.len() > FILE_MAX { Err(LoadError::TooLarge) } else { Ok(bytes) }
}
