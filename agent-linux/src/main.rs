//! `bartizan-agent`.

fn main() -> std::process::ExitCode {
    bartizan_agent::commands::main(std::env::args_os().skip(1))
}
