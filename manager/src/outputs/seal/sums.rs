//! Sums of files, and the text that holds them.
//!
//! MD5 and SHA-1 as OSSEC writes them, for tools that read those; SHA-256, as
//! Wazuh adds it, is what can be relied on today.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Sums of one file, in hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) md5: String,
    pub(super) sha1: String,
    pub(super) sha256: String,
}

/// Sums on their way.
#[derive(Clone, Debug, Default)]
pub(super) struct Summing {
    md5: Md5,
    sha1: Sha1,
    sha256: Sha256,
}

impl Summing {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sha1.update(bytes);
        self.sha256.update(bytes);
    }

    pub(super) fn finish(self) -> Sum {
        Sum {
            md5: hex(&self.md5.finalize()),
            sha1: hex(&self.sha1.finalize()),
            sha256: hex(&self.sha256.finalize()),
        }
    }
}

impl Sum {
    /// The sums of what can be read.
    pub(super) fn of(mut from: impl Read) -> io::Result<Self> {
        let mut summing = Summing::default();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match from.read(&mut buffer)? {
                0 => return Ok(summing.finish()),
                read => summing.add(&buffer[..read]),
            }
        }
    }

    /// The sums of a file.
    pub(super) fn of_file(path: &Path) -> io::Result<Self> {
        Self::of(File::open(path)?)
    }

    fn write(&self, out: &mut String, name: &str) {
        for (label, sum) in [("MD5 ", &self.md5), ("SHA1", &self.sha1), ("SHA256", &self.sha256)] {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{label} ({name}) = {sum}");
        }
    }

    /// Reads three lines; SHA-256 may be missing.
    fn read<'t>(lines: impl Iterator<Item = &'t str>) -> Self {
        let mut sum = Self::default();
        for line in lines.take_while(|line| !line.is_empty()) {
            let value = line.rsplit_once(" = ").map(|(_, value)| value.to_owned()).unwrap_or_default();
            match line.split_once([' ', '(']).map(|(label, _)| label) {
                Some("MD5") => sum.md5 = value,
                Some("SHA1") => sum.sha1 = value,
                Some("SHA256") => sum.sha256 = value,
                _ => {}
            }
        }
        sum
    }

    /// Whether what is written here is what was found: every sum that is
    /// written must be equal, and one must be.
    pub(super) fn agrees_with(&self, found: &Self) -> bool {
        let pairs = [(&self.md5, &found.md5), (&self.sha1, &found.sha1), (&self.sha256, &found.sha256)];
        !self.md5.is_empty() && pairs.iter().all(|(written, found)| written.is_empty() || written == found)
    }

    /// What stands where the day before had no sum.
    fn none() -> Self {
        let none = || "none".to_owned();
        Self { md5: none(), sha1: none(), sha256: none() }
    }

    /// Whether it says that there was nothing before.
    pub(super) fn is_none(&self) -> bool {
        *self == Self::none() || (self.md5 == "none" && self.sha1 == "none" && self.sha256.is_empty())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A path as sums name it: seen from the home folder, `/logs/alerts/…`.
pub(super) fn shown(home: &Path, path: &Path) -> String {
    format!("/{}", path.strip_prefix(home).unwrap_or(path).display())
}

/// The text of a `.sum` file.
pub(super) fn text(name: &str, sum: &Sum, before: Option<(String, Option<Sum>)>) -> String {
    let mut out = String::from("Current checksum:\n");
    sum.write(&mut out, name);
    out.push_str("\nChained checksum:\n");
    let (name, before) = before.unwrap_or_default();
    before.unwrap_or_else(Sum::none).write(&mut out, &name);
    out.push('\n');
    out
}

/// Reads the text of a `.sum` file: of its file, and of the sum before.
pub(super) fn read(text: &str) -> (Sum, Sum) {
    let behind = |title: &'static str| text.lines().skip_while(move |line| *line != title).skip(1);
    (Sum::read(behind("Current checksum:")), Sum::read(behind("Chained checksum:")))
}
