//! `bartizan check`: parses everything, runs nothing.

use super::{CommandError, RulesArguments};
use crate::agents::shared;
use crate::config::Response;
use crate::diagnose::{Colour, Diagnostics, Sources};
use crate::news;
use crate::plural::counted;
use crate::respond::binding::Binding;
use crate::ruleset::{self, Loaded, RulesFrom};
use crate::workshop::catalog::Catalog;
use crate::workshop::lint;
use clap::Args;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Check configuration, also that for agents, decoders, rules and lists; run nothing.
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
    let from = arguments.source();
    let loaded = ruleset::load(&from, &mut sources, &mut report);
    let home = match &from {
        RulesFrom::Configured { home, .. } => Some(home.folder()),
        RulesFrom::BuiltIn => arguments.rules.home.as_deref(),
    };
    if let Some(home) = home {
        shared::check(home, &mut sources, &mut report);
    }
    if let Some(loaded) = &loaded {
        lint::lint(&Catalog::new(loaded, &sources), &mut report);
    }
    let mut out = String::new();
    if arguments.json {
        out = report.json(&sources) + "\n";
    } else {
        news::show(&report.render(&sources, Colour::for_stderr()));
        out.extend(loaded.as_ref().map(sizes));
        out.extend(loaded.as_ref().map(responses));
        // What is shown of problems ends with their number.
        if report.is_empty() {
            out += &(report.summary() + "\n");
        }
    }
    io::stdout().write_all(out.as_bytes()).map_err(CommandError::output)?;
    Ok(ExitCode::from(u8::from(loaded.is_none() || report.has_errors())))
}

impl CheckArguments {
    /// The rules to check. A home folder of `bartizan run` need not have a
    /// configuration: the built-in rules are used there.
    fn source(&self) -> RulesFrom {
        let RulesArguments { config, home, .. } = &self.rules;
        match home {
            Some(home) if config.is_none() && is_only_state(home) => RulesFrom::BuiltIn,
            _ => self.rules.source(),
        }
    }
}

fn is_only_state(home: &Path) -> bool {
    !home.join("etc/ossec.conf").is_file() && home.join("shared").is_dir()
}

/// How large the ruleset is, in one line.
fn sizes(loaded: &Loaded) -> String {
    let image = loaded.ruleset.image();
    format!(
        "{} at {}, {}, {}: an image of {} KiB\n",
        counted(image.rules.len(), "rule", "rules"),
        counted(image.nodes.len(), "place", "places"),
        counted(loaded.decoders, "decoder", "decoders"),
        counted(image.patterns.rows.len(), "pattern", "patterns"),
        loaded.ruleset.image_size().div_ceil(1024),
    )
}

/// What would be done, in one line a response.
fn responses(loaded: &Loaded) -> String {
    let responses = &loaded.config.responses;
    let binding = Binding::new(responses, &loaded.ruleset.image());
    let line = |response: &Arc<Response>| {
        format!("response {response}: {}\n", counted(binding.rules(response), "rule", "rules"))
    };
    responses.list.iter().map(line).collect()
}
