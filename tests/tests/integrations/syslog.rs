//! Syslog servers over UDP, TCP and TLS.

use super::{alert, content, destination, entry, hostile, send, tell};
use bartizan::outbox::Failure;
use bartizan_tests::Folder;
use bartizan_tests::identity::Identity;
use rustls::{ServerConnection, StreamOwned};
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

fn section(port: u16, more: &str) -> String {
    format!("<syslog_output><server>127.0.0.1</server><port>{port}</port>{more}</syslog_output>")
}

/// Takes connections, one after the other, and gives what each said.
fn receiver(connections: usize, identity: Option<&Identity>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = identity.map(Identity::config);
    let take = move || {
        let one = |_| {
            let (mut stream, _) = listener.accept().expect("a caller");
            stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
            let mut bytes = Vec::new();
            match &config {
                None => drop(stream.read_to_end(&mut bytes).expect("lines")),
                Some(config) => {
                    let connection = ServerConnection::new(config.clone()).expect("TLS");
                    // A client that does not trust us says nothing.
                    let _ = StreamOwned::new(connection, stream).read_to_end(&mut bytes);
                }
            }
            String::from_utf8(bytes).expect("UTF-8")
        };
        (0..connections).map(one).collect()
    };
    (port, thread::spawn(take))
}

const LINE: &str = "<132>Nov 21 08:29:50 HOST ossec: Alert Level: 10; Rule: 5712 - sshd: brute force; \
                    Location: (web1) 192.0.2.1->/var/log/auth.log; classification:  syslog,sshd,; srcip: 192.0.2.7; \
                    user: root; Failed password for root from 192.0.2.7";

/// With the name of this machine replaced.
fn plain(line: &str) -> String {
    let words: Vec<_> = line.splitn(5, ' ').collect();
    [words[0], words[1], words[2], "HOST", words[4]].join(" ")
}

#[test]
fn each_alert_is_a_datagram() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
    let mut udp = destination(&section(socket.local_addr().expect("an address").port(), ""));
    assert_eq!(send(&mut udp, "p-1", &content(vec![entry(1, &alert()), entry(2, &alert())])), Ok(()));
    for _ in 0..2 {
        let mut bytes = [0; 8192];
        let length = socket.recv(&mut bytes).expect("a datagram");
        assert_eq!(plain(&String::from_utf8_lossy(&bytes[..length])), LINE);
    }
}

#[test]
fn each_alert_is_a_line_whatever_it_holds() {
    let (port, lines) = receiver(2, None);
    let mut tcp = destination(&section(port, "<protocol>tcp</protocol>"));
    assert_eq!(tell(&mut tcp), Ok(()));
    let all: Vec<_> = hostile().into_iter().map(|(_, entry)| entry).collect();
    let count = all.len();
    assert_eq!(send(&mut tcp, "p-2", &content(all)), Ok(()));
    let said = lines.join().expect("they came");
    assert_eq!(plain(&said[0]), format!("{LINE}\n"));
    assert_eq!(said[1].lines().count(), count, "{}", said[1]);
    assert!(said[1].lines().all(|line| line.starts_with("<132>") && !line.contains(char::is_control)));
}

#[test]
fn with_tls_only_a_server_that_proves_who_it_is_is_told() {
    let identity = Identity::new();
    let folder = Folder::new("integrations-syslog-tls");
    let ca = folder.write("ca.pem", identity.pem());
    let (port, lines) = receiver(3, Some(&identity));
    let tls = "<tls>yes</tls>";
    let trusting = format!("{tls}<tls_ca>{}</tls_ca><format>rfc5424</format>", ca.display());
    let Err(Failure::Temporary(why, _)) = tell(&mut destination(&section(port, tls))) else {
        panic!("not trusted")
    };
    assert!(why.contains("certificate"), "{why}");
    assert_eq!(tell(&mut destination(&section(port, &trusting))), Ok(()));
    assert_eq!(tell(&mut destination(&section(port, &format!("{tls}<tls_verify>no</tls_verify>")))), Ok(()));
    let said = lines.join().expect("they came");
    assert_eq!(said[0], "");
    let (length, message) = said[1].split_once(' ').expect("a length");
    assert_eq!(length.parse(), Ok(message.len()));
    assert!(message.starts_with("<131>1 2026-11-21T08:29:50.000+01:00 "), "{message}");
    assert_eq!(plain(&said[2]), format!("{LINE}\n"));
}

#[test]
fn what_a_server_closed_on_unread_goes_again() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (told, closed) = channel();
    let lines = thread::spawn(move || {
        let mut said = Vec::new();
        for reads in [true, false, true] {
            let (mut stream, _) = listener.accept().expect("a caller");
            stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
            let mut text = String::new();
            if reads {
                stream.read_to_string(&mut text).expect("lines");
            }
            said.push(text);
            drop(stream);
            told.send(()).expect("the test waits");
        }
        said
    });
    let mut tcp = destination(&section(port, "<protocol>tcp</protocol>"));
    assert_eq!(tell(&mut tcp), Ok(()));
    closed.recv().expect("it closed");
    let swallowed = tell(&mut tcp);
    assert!(matches!(swallowed, Err(Failure::Temporary(..))), "{swallowed:?}");
    closed.recv().expect("it closed");
    assert_eq!(tell(&mut tcp), Ok(()));
    let said = lines.join().expect("they came");
    assert_eq!((plain(&said[0]), plain(&said[2])), (format!("{LINE}\n"), format!("{LINE}\n")));
}

#[test]
fn a_server_that_is_away_is_tried_again() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let mut tcp = destination(&section(free.port(), "<protocol>tcp</protocol>"));
    assert!(matches!(tell(&mut tcp), Err(Failure::Temporary(why, None)) if why.starts_with("127.0.0.1: ")));
}
