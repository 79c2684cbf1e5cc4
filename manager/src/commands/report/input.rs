//! Where the alerts of a report come from: files, a pipe, the store.

use super::ReportArguments;
use crate::alert::log_reader::AlertReader;
use crate::commands::{CommandError, home_folder};
use crate::news;
use crate::report::{Query, Summary, Tally, stored};
use crate::sources::stored::{Bytes, unpacked};
use std::fs::File;
use std::io::{self, BufRead};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Counts what is asked for, wherever it is.
pub(super) fn summary(arguments: &ReportArguments, query: Query) -> Result<Summary, CommandError> {
    let from_store = arguments.files.is_empty() && (arguments.home.is_some() || !is_fed());
    if from_store {
        let home = home_folder(arguments.home.as_deref())?;
        return stored::summary(&home, query)
            .map_err(|error| CommandError::io("the alerts cannot be counted")(io::Error::other(error)));
    }
    let mut tally = Tally::new(query);
    if arguments.files.is_empty() {
        add(&mut tally, Box::new(io::stdin()), "standard input")?;
    }
    for path in &arguments.files {
        add_file(&mut tally, path)?;
    }
    Ok(tally.finish())
}

/// Whether alerts come through standard input: it is a file, or a pipe with
/// something in it. A program that is run by another often has an empty one.
fn is_fed() -> bool {
    let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from);
    let kind = stdin.and_then(|file| file.metadata()).map(|metadata| metadata.file_type());
    kind.is_ok_and(|kind| kind.is_file() || kind.is_fifo())
        && io::stdin().lock().fill_buf().is_ok_and(|bytes| !bytes.is_empty())
}

fn add_file(tally: &mut Tally, path: &Path) -> Result<(), CommandError> {
    let name = path.display().to_string();
    if name == "-" {
        return add(tally, Box::new(io::stdin()), "standard input");
    }
    if path.is_dir() {
        return Err(CommandError::Nothing(format!("{name} is a folder: name the files in it")));
    }
    let file = File::open(path).map_err(CommandError::io(format!("cannot open {name}")))?;
    add(tally, Box::new(file), &name)
}

fn add(tally: &mut Tally, source: Bytes, name: &str) -> Result<(), CommandError> {
    let source = unpacked(source, name).map_err(|error| CommandError::Nothing(error.to_string()))?;
    let mut reader = AlertReader::new(source);
    let end = loop {
        match reader.next_alert() {
            Ok(Some(alert)) => tally.add(&alert),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if reader.skipped() > 0 {
        news::tell(format_args!("{name}: {} lines are no part of an alert", reader.skipped()));
    }
    end.map_err(CommandError::io(format!("{name} cannot be read to its end")))
}
