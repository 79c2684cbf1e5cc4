//! Where the alerts of a report come from: files, a pipe, the store.

use super::ReportArguments;
use crate::alert::log_reader::AlertReader;
use crate::commands::CommandError;
use crate::news;
use crate::report::{Query, Summary, Tally};
use crate::sources::stored::{Bytes, unpacked};
use std::fs::File;
use std::io;
use std::path::Path;

/// Counts what is asked for, wherever it is.
pub(super) fn summary(arguments: &ReportArguments, query: Query) -> Result<Summary, CommandError> {
    let mut tally = Tally::new(query);
    for path in &arguments.files {
        add_file(&mut tally, path)?;
    }
    Ok(tally.finish())
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
    loop {
        match reader.next_alert() {
            Ok(Some(alert)) => tally.add(&alert),
            Ok(None) => break,
            // What was read before counts.
            Err(error) => {
                news::tell(format_args!("{name} cannot be read to its end: {error}"));
                break;
            }
        }
    }
    if reader.skipped() > 0 {
        news::tell(format_args!("{name}: {} lines are no part of an alert", reader.skipped()));
    }
    Ok(())
}
