//! `bartizan check`: parses everything, runs nothing.

use super::{CommandError, RulesArguments};
use crate::diagnose::{Colour, Diagnostics, Sources};
use crate::ruleset;
use clap::Args;
use std::process::ExitCode;

/// Check configuration, decoders, rules and lists; run nothing.
#[derive(Args, Debug)]
pub struct CheckArguments {
    #[command(flatten)]
    rules: RulesArguments,
    /// Print all problems as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &CheckArguments) -> Result<ExitCode, CommandError> {
    let mut sources = Sources::new();
    let mut report = Diagnostics::new();
    let loaded = ruleset::load(&arguments.rules.source(), &mut sources, &mut report);
    if arguments.json {
        println!("{}", report.json(&sources));
    } else {
        eprint!("{}", report.render(&sources, Colour::for_stderr()));
        if let Some(loaded) = &loaded {
            let image = loaded.ruleset.image();
            println!(
                "{} rules at {} places, {} decoders, {} patterns: an image of {} KiB",
                image.rules.len(),
                image.nodes.len(),
                loaded.decoders,
                image.patterns.rows.len(),
                loaded.ruleset.image_size().div_ceil(1024),
            );
        }
        println!("{}", report.summary());
    }
    Ok(ExitCode::from(u8::from(loaded.is_none())))
}
