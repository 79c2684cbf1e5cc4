//! `bartizan alerts`: alerts are found again.

mod shown;
mod verify;

use super::filter::FilterArguments;
use super::table::time;
use super::{CommandError, home_folder};
use crate::alert::Entry;
use crate::news;
use crate::store::{Filter, Reader};
use clap::{Args, Subcommand};
use shown::Layout;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;
use verify::VerifyArguments;

/// Alerts that are shown if nothing is said.
const SHOWN: usize = 100;

/// Alerts before the new ones that `--follow` shows if nothing is said.
const SHOWN_BEFORE: usize = 10;

/// Alerts that are read at once.
const READ: usize = 1000;

/// How often it is asked for new alerts.
const LOOK: Duration = Duration::from_millis(300);

/// Show and search the alerts that `bartizan run` has raised.
///
/// The newest stand last. Works while `bartizan run` runs.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct AlertsArguments {
    #[command(subcommand)]
    job: Option<Job>,
    #[command(flatten)]
    filter: FilterArguments,
    /// At most so many, the newest. Default: 100; with --follow 10, with
    /// --json or --csv all.
    #[arg(short = 'n', long = "number", value_name = "N")]
    number: Option<usize>,
    /// Wait for more.
    #[arg(short = 'f', long)]
    follow: bool,
    /// As alerts.json has them, one a line, with their number `seq`.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// As a table for other programs.
    #[arg(long)]
    csv: bool,
    /// Folder for logs and memory, as `bartizan run` has it. Default: bartizan
    /// in your folder for state ($XDG_STATE_HOME or ~/.local/state).
    #[arg(short = 'D', long = "home", value_name = "DIR")]
    home: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
enum Job {
    Verify(VerifyArguments),
}

const EXAMPLES: &str = "\
Examples:
  bartizan alerts                                   the last 100
  bartizan alerts -f --level 7                      from level 7, and what comes
  bartizan alerts --since yesterday --srcip 192.0.2.7
  bartizan alerts --text \"failed root 192.0.2\"      words of the log, in any order
  bartizan alerts --since 7d --group authentication_failed --csv > week.csv";

/// Runs the command.
pub fn run(arguments: &AlertsArguments) -> Result<ExitCode, CommandError> {
    if let Some(Job::Verify(arguments)) = &arguments.job {
        return verify::run(arguments);
    }
    let home = home_folder(arguments.home.as_deref())?;
    let filter = arguments.filter.filter()?;
    let mut reader = Reader::open(&home)?;
    let mut out = Output::new(arguments.layout());
    let committed = reader.committed()?;
    let shown = match arguments.most() {
        Some(most) => {
            let page = reader.page(Some(committed + 1), &filter, most)?;
            out.show(page.iter().rev())?
        }
        None => show_up_to(&mut reader, &mut out, &filter, 0, committed)?,
    };
    out.flush()?;
    if shown == 0 {
        tell_why_nothing(&mut reader, arguments.follow)?;
    }
    if !arguments.follow {
        return Ok(ExitCode::SUCCESS);
    }
    let mut seen = committed;
    loop {
        thread::sleep(LOOK);
        let committed = reader.committed()?;
        show_up_to(&mut reader, &mut out, &filter, seen, committed)?;
        out.flush()?;
        seen = committed;
    }
}

/// Shows what is behind a number, up to another one.
fn show_up_to(
    reader: &mut Reader,
    out: &mut Output,
    filter: &Filter,
    mut seen: u64,
    committed: u64,
) -> Result<usize, CommandError> {
    let mut shown = 0;
    while seen < committed {
        let mut page = reader.after(seen, filter, READ)?;
        let is_last = page.len() < READ;
        page.retain(|entry| entry.seq <= committed);
        shown += out.show(page.iter())?;
        seen = if is_last { committed } else { page.last().map_or(committed, |entry| entry.seq) };
    }
    Ok(shown)
}

/// Says what there is, if nothing of it was asked for.
fn tell_why_nothing(reader: &mut Reader, waits: bool) -> Result<(), CommandError> {
    let last = reader.page(None, &Filter::default(), 1)?;
    let wait = if waits { "; new ones are waited for" } else { "" };
    match last.first() {
        Some(last) => {
            let at = time(last.alert().id.epoch);
            news::tell(format_args!("no alert is like that; the last of all is of {at}{wait}"));
        }
        None => news::tell(format_args!("there are no alerts yet: `bartizan run` raises them{wait}")),
    }
    Ok(())
}

impl AlertsArguments {
    fn layout(&self) -> Layout {
        match () {
            () if self.json => Layout::Json,
            () if self.csv => Layout::Csv,
            () => Layout::Text,
        }
    }

    fn most(&self) -> Option<usize> {
        match (self.number, self.layout()) {
            (Some(number), _) => Some(number),
            (None, _) if self.follow => Some(SHOWN_BEFORE),
            (None, Layout::Text) => Some(SHOWN),
            (None, _) => None,
        }
    }
}

/// Standard output in a layout.
struct Output {
    layout: Layout,
    to: BufWriter<io::Stdout>,
    is_terminal: bool,
    /// Whether something was shown.
    has_begun: bool,
    room: Vec<u8>,
}

impl Output {
    fn new(layout: Layout) -> Self {
        let to = io::stdout();
        let is_terminal = to.is_terminal();
        Self { layout, is_terminal, to: BufWriter::new(to), has_begun: false, room: Vec::new() }
    }

    /// Shows alerts; says how many.
    fn show<'e>(&mut self, entries: impl Iterator<Item = &'e Entry>) -> Result<usize, CommandError> {
        let mut count = 0;
        for entry in entries {
            self.room.clear();
            if !self.has_begun {
                self.room.extend_from_slice(self.layout.header());
                self.has_begun = true;
            }
            self.layout.write(&mut self.room, entry, self.is_terminal);
            self.to.write_all(&self.room).map_err(CommandError::output)?;
            count += 1;
        }
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), CommandError> {
        self.to.flush().map_err(CommandError::output)
    }
}
