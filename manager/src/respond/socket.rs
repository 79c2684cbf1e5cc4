//! `queue/alerts/ar`: the socket where tools of OSSEC and Wazuh, and scripts
//! of people, ask for responses.
//!
//! A datagram asks for one thing ([`super::datagram`]); it passes the same
//! checks as what is asked over the control socket. Who has bound an address
//! of its own is answered with a line of JSON.

use super::datagram::{self, DATAGRAM_MAX};
use super::desk::Desk;
use crate::news;
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use tokio::net::UnixDatagram;

/// The path of the socket in the home folder (OSSEC 4.3).
pub const PATH: &str = "queue/alerts/ar";

/// Binds the socket, for the owner and the group of the home folder. One that
/// a killed process left is replaced: the home folder is locked by this one.
pub fn bind(home: &Path) -> io::Result<UnixDatagram> {
    let path = home.join(PATH);
    fs::create_dir_all(path.parent().unwrap_or(home))?;
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixDatagram::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o660))?;
    Ok(socket)
}

/// Answers until the runtime ends, one datagram after the other.
pub async fn serve(socket: UnixDatagram, desk: Desk) {
    let mut memory = vec![0; DATAGRAM_MAX];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut memory).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let answer = answer(memory.get(..length).unwrap_or_default(), &desk).await;
        if let Some(from) = from.as_pathname() {
            // Who does not read its answers is not waited for.
            let _ = socket.try_send_to(format!("{answer}\n").as_bytes(), from);
        } else if answer["ok"] != true {
            news::tell(format_args!("{PATH}: {}", answer["error"].as_str().unwrap_or("refused")));
        }
    }
}

async fn answer(datagram: &[u8], desk: &Desk) -> Value {
    match datagram::read(datagram) {
        Ok(asked) => desk.ask(asked.into()).await,
        Err(error) => json!({ "ok": false, "error": error.to_string() }),
    }
}
