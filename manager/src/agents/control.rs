//! The control socket: `control.sock` in the home folder.
//!
//! A request is one line of JSON, the answer another; a connection may carry
//! several. Only who may write to the socket (the owner of the home folder)
//! can ask. The command line itself uses nothing else.
//!
//! | request | answer |
//! |---|---|
//! | `{"ask":"status"}` | version, since when, events, alerts, what was given up and left out, what waits, agents |
//! | `{"ask":"agents"}` | the agents that are connected: number, address, since when, records, bytes on their way |
//! | `{"ask":"reload"}` | rules and shared configuration are read again: when that is done, sizes, tests, what is different; if it fails, `problems` shows where |
//! | `{"ask":"rules"}` | the rules in use, the last reload, and how both stand to the files on disk |
//! | `{"ask":"share"}` | agents are given their shared configuration if it has changed |
//! | `{"ask":"disconnect","agent":7}` | the session of an agent ends; it may come again if it is still known |
//! | `{"ask":"configured"}` | the responses that are configured: name, command, where, seconds |
//! | `{"ask":"responses"}` | the responses that are in force, or on their way |
//! | `{"ask":"history","response":…,"agent":…,"state":…,"ip":…,"since":…,"limit":…}` | what was done, the newest first; every filter may be left out |
//! | `{"ask":"respond","response":"firewall-drop600","agent":"gate1","ip":"192.0.2.9","user":…,"for_s":…}` | a response is carried out; `agent` is a number, a name, `all` or `server` |
//! | `{"ask":"undo","id":17}`, `{"ask":"undo","all":true}` | a response, or all of them everywhere, is undone |
//! | `{"ask":"confirm","id":17}` | a response that would be undone unless somebody confirms it stays |
//! | `{"ask":"restart","agent":"gate1"}` | an agent reads its configuration again |
//!
//! Every answer has `"ok"`; if it is false, `"error"` says why.

use super::hub::Hub;
use crate::respond::request::{self, ByHand, Filter, Undo};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// Bytes of a request.
const REQUEST_MAX: u64 = 4096;

/// Askers at a time.
const ASKERS_MAX: usize = 32;

/// How long an asker may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// A question.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase", deny_unknown_fields)]
enum Request {
    Status,
    Agents,
    Reload,
    Rules,
    Share,
    Disconnect { agent: u32 },
    Configured,
    Responses,
    History(Filter),
    Respond(ByHand),
    Undo(Undo),
    Confirm { id: u64 },
    Restart { agent: String },
}

/// The path of the socket.
pub fn path(home: &Path) -> PathBuf {
    home.join("control.sock")
}

/// Binds the socket. One that a killed process left is replaced: the home
/// folder is locked by this one.
pub fn bind(home: &Path) -> io::Result<UnixListener> {
    let path = path(home);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers until the runtime ends.
pub(super) async fn serve(listener: UnixListener, hub: Arc<Hub>) {
    let askers = Arc::new(Semaphore::new(ASKERS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&askers).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let hub = Arc::clone(&hub);
                tokio::spawn(async move {
                    let _permit = permit;
                    // An asker who goes away is no matter.
                    let _ = answer_all(stream, &hub).await;
                });
            }
            // Out of descriptors: others give some back.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer_all(stream: UnixStream, hub: &Hub) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = (&mut read).take(REQUEST_MAX);
        if tokio::time::timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await?? == 0 {
            return Ok(());
        }
        let mut answer = answer(&line, hub).await.to_string();
        answer.push('\n');
        write.write_all(answer.as_bytes()).await?;
        if !line.ends_with(b"\n") {
            return Ok(());
        }
    }
}

async fn answer(line: &[u8], hub: &Hub) -> Value {
    let of_responses = match serde_json::from_slice(line) {
        Err(error) => return json!({ "ok": false, "error": format!("this is no request: {error}") }),
        Ok(Request::Status) => return hub.status(),
        Ok(Request::Agents) => return json!({ "ok": true, "agents": hub.present() }),
        Ok(Request::Reload) => return hub.reloaded().await,
        Ok(Request::Rules) => return hub.reloads.status().await,
        Ok(Request::Share) => {
            hub.share();
            return json!({ "ok": true });
        }
        Ok(Request::Disconnect { agent }) => {
            return json!({ "ok": true, "connected": hub.disconnect(agent) });
        }
        Ok(Request::Configured) => request::Request::Configured,
        Ok(Request::Responses) => request::Request::InForce,
        Ok(Request::History(filter)) => request::Request::History(filter),
        Ok(Request::Respond(wish)) => request::Request::Respond(wish),
        Ok(Request::Undo(undo)) => request::Request::Undo(undo),
        Ok(Request::Confirm { id }) => request::Request::Confirm { id },
        Ok(Request::Restart { agent }) => request::Request::Restart { agent },
    };
    hub.desk.ask(of_responses).await
}

/// Asks the daemon of a home folder; `None` if there is none.
pub fn ask(home: &Path, request: &Value) -> io::Result<Option<Value>> {
    ask_for(home, request, PATIENCE)
}

/// The same for what may take longer.
pub fn ask_for(home: &Path, request: &Value, patience: Duration) -> io::Result<Option<Value>> {
    use std::io::{BufRead, Write};
    let mut stream = match std::os::unix::net::UnixStream::connect(path(home)) {
        Ok(stream) => stream,
        Err(error) => {
            return match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Ok(None),
                _ => Err(error),
            };
        }
    };
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{request}")?;
    let mut answer = String::new();
    std::io::BufReader::new(stream).read_line(&mut answer)?;
    serde_json::from_str(&answer).map(Some).map_err(io::Error::from)
}
