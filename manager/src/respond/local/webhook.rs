//! A web server is told of a response: `POST` of a line of JSON.

use crate::integrations::server_name;
use crate::respond::desk::{Desk, Errand, Said};
use bartizan_core::respond::report::State;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// Calls that may wait.
const WAITING: usize = 256;

/// How long one call may take, all in all.
const LIMIT: Duration = Duration::from_secs(10);

/// A call.
#[derive(Debug)]
struct Call {
    id: u64,
    url: String,
    body: String,
}

/// A way to the thread that calls web servers, one after the other.
#[derive(Debug)]
pub struct Webhooks {
    to: SyncSender<Call>,
    desk: Desk,
}

impl Webhooks {
    /// Starts the thread; it ends with this value.
    pub fn start(desk: Desk) -> io::Result<Self> {
        let (to, calls) = sync_channel(WAITING);
        let from = desk.clone();
        thread::Builder::new().name("webhooks".to_owned()).spawn(move || serve(&calls, &from))?;
        Ok(Self { to, desk })
    }

    /// Calls a server; the desk is told what became of it.
    pub fn call(&self, id: u64, url: &str, body: String) {
        let call = Call { id, url: url.to_owned(), body };
        if self.to.try_send(call).is_err() {
            told(&self.desk, id, State::Failed, "too many calls wait for web servers".to_owned());
        }
    }
}

fn serve(calls: &Receiver<Call>, desk: &Desk) {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(LIMIT))
        .max_redirects(0)
        .tls_config(tls)
        .user_agent(concat!("bartizan/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    while let Ok(Call { id, url, body }) = calls.recv() {
        let server = server_name(&url);
        match agent.post(&url).content_type("application/json").send(body) {
            Ok(answer) => told(desk, id, State::Done, format!("{server} answered {}", answer.status())),
            Err(error) => told(desk, id, State::Failed, format!("{server}: {error}")),
        }
    }
}

fn told(desk: &Desk, id: u64, state: State, text: String) {
    desk.errand(Errand::Own(Said { id, state, text }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;

    #[test]
    fn a_server_is_told_and_what_it_answers_is_reported() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let server = thread::spawn(move || {
            for answer in ["200 OK", "500 No"] {
                let (mut stream, _) = listener.accept().expect("a caller");
                let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).expect("a line");
                    let line = line.to_ascii_lowercase();
                    length = line
                        .strip_prefix("content-length:")
                        .map_or(length, |n| n.trim().parse().expect("a number"));
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).expect("a body");
                assert_eq!(body, b"{\"id\":17}");
                write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .expect("answered");
            }
        });
        let desk = Desk::default();
        let hooks = Webhooks::start(desk.clone()).expect("a thread");
        for expected in [State::Done, State::Failed] {
            hooks.call(17, &url, "{\"id\":17}".to_owned());
            let taken = desk.take(Duration::from_secs(20));
            let [Errand::Own(said)] = &taken.errands[..] else { panic!("{taken:?}") };
            assert_eq!((said.id, said.state), (17, expected), "{}", said.text);
            assert!(!said.text.contains("hook"), "{}", said.text);
        }
        assert!(server.join().is_ok());
    }
}
