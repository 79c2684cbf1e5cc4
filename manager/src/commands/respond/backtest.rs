//! `bartizan respond backtest`: what responses would have done to old logs.

use crate::commands::{CommandError, RulesArguments};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show what would have been blocked, and whom that would have hit.
#[derive(Args, Debug)]
pub struct BacktestArguments {
    /// Log files, plain or .gz; - for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    rules: RulesArguments,
    /// Only what happened from this time on: 2026-01-31, 2026-01-31T12:00, or 7d for
    /// the last seven days.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(_arguments: &BacktestArguments) -> Result<ExitCode, CommandError> {
    Ok(ExitCode::SUCCESS)
}
