//! Alerts out of files and pipes, wherever they were written.

use super::CommandError;
use crate::alert::Alert;
use crate::alert::log_reader::AlertReader;
use crate::news;
use crate::plural::counted;
use crate::sources::stored::{Bytes, unpacked};
use std::fs::File;
use std::io::{self, BufRead};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Whether alerts come through standard input: it is a file, or a pipe with
/// something in it. A program that is run by another often has an empty one.
pub(super) fn is_fed() -> bool {
    let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from);
    let kind = stdin.and_then(|file| file.metadata()).map(|metadata| metadata.file_type());
    kind.is_ok_and(|kind| kind.is_file() || kind.is_fifo())
        && io::stdin().lock().fill_buf().is_ok_and(|bytes| !bytes.is_empty())
}

/// Shows all alerts of some files, packed or not; of standard input if there
/// are none. Lines that are no part of an alert are counted, and said.
pub(super) fn each(files: &[PathBuf], mut show: impl FnMut(&Alert<'_>)) -> Result<(), CommandError> {
    if files.is_empty() {
        return of_bytes(Box::new(io::stdin()), "standard input", &mut show);
    }
    files.iter().try_for_each(|path| of_file(path, &mut show))
}

fn of_file(path: &Path, show: &mut dyn FnMut(&Alert<'_>)) -> Result<(), CommandError> {
    let name = path.display().to_string();
    if name == "-" {
        return of_bytes(Box::new(io::stdin()), "standard input", show);
    }
    if path.is_dir() {
        return Err(CommandError::Nothing(format!("{name} is a folder: name the files in it")));
    }
    let file = File::open(path).map_err(CommandError::io(format!("cannot open {name}")))?;
    of_bytes(Box::new(file), &name, show)
}

fn of_bytes(source: Bytes, name: &str, show: &mut dyn FnMut(&Alert<'_>)) -> Result<(), CommandError> {
    let source = unpacked(source, name).map_err(|error| CommandError::Nothing(error.to_string()))?;
    let mut reader = AlertReader::new(source);
    let end = loop {
        match reader.next_alert() {
            Ok(Some(alert)) => show(&alert),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if reader.skipped() > 0 {
        let lines = counted(reader.skipped(), "line is", "lines are");
        news::tell(format_args!("{name}: {lines} no part of an alert"));
    }
    end.map_err(CommandError::io(format!("{name} cannot be read to its end")))
}
