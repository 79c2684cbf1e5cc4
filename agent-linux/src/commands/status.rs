//! `bartizan-agent status`: asks the running agent.

use super::{Arguments, Failure, say};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long the agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Shows what the running agent says; fails with "no" when it is not
/// connected, so that a monitor can use the exit code.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = arguments.socket_file();
    let system = |error: std::io::Error| {
        let hint = match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => "; no agent is running here",
            ErrorKind::PermissionDenied => "; ask as root or as the agent's user",
            _ => "",
        };
        Failure::System(format!("{}: {error}{hint}", path.display()))
    };
    let page = ask(arguments, &path).map_err(system)?;
    say(&page);
    let is_connected = match arguments.json {
        true => page.split(',').all(|part| part != "\"connected_ms\":null"),
        false => page.lines().all(|line| !line.starts_with("not connected")),
    };
    if is_connected { Ok(()) } else { Err(Failure::No(String::new())) }
}

fn ask(arguments: &Arguments, path: &std::path::Path) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(if arguments.json { b"json\n" } else { b"text\n" })?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    Ok(page)
}
