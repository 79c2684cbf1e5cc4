//! The command `bartizan`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    bartizan::commands::run(&bartizan::commands::Cli::parse())
}
