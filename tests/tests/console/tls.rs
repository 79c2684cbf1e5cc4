//! TLS by files of the configuration.

use super::*;
use bartizan_tests::browser::read_answer;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

/// A new certificate in the folder; gives it as PEM.
fn certificate(home: &Folder) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    home.write("etc/c.pem", made.cert.pem());
    let key = home.write("etc/k.pem", made.signing_key.serialize_pem());
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("it is ours");
    made.cert.pem()
}

/// Asks over TLS, trusting one certificate; none if there is no handshake.
fn ask(address: SocketAddr, trusted: &str, request: &str) -> Option<Answer> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).expect("PEM")).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let stream = TcpStream::connect(address).expect("the console listens");
    stream.set_read_timeout(Some(bartizan_tests::process::DEADLINE)).expect("a time limit");
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(request.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    read_answer(&bytes)
}

#[test]
fn a_session_over_tls_has_a_cookie_that_goes_nowhere_else_and_a_renewed_certificate_is_taken() {
    let home = Folder::new("console-tls");
    let trusted = certificate(&home);
    add_user(&home, "ada", "administrator");
    let mut consoled =
        Consoled::start_in(home, "<certificate>etc/c.pem</certificate><private_key>etc/k.pem</private_key>");
    assert!(consoled.running.err().contains("the console is at https://"));
    let form = format!("name=ada&password={}", PASSWORD.replace(' ', "+"));
    let request = consoled.browser().written("POST", "/login", Some(&form));
    let entered = ask(consoled.address, &trusted, &request).expect("an answer");
    assert_eq!(entered.status, 303, "{entered:?}");
    let cookie = entered.header("set-cookie");
    assert!(cookie.starts_with("__Host-bartizan-") && cookie.contains("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().expect("a cookie");
    let request = consoled.browser().with("cookie", cookie).written("GET", "/account", None);
    assert_eq!(ask(consoled.address, &trusted, &request).expect("an answer").status, 200);

    let renewed = certificate(&consoled.home);
    consoled.running.signal("HUP");
    let address = consoled.address;
    consoled.running.wait_for("renewed certificate", |_| ask(address, &renewed, &request).is_some());
    assert!(ask(address, &trusted, &request).is_none(), "the old one is out of use");

    let mut plain = TcpStream::connect(address).expect("it listens");
    plain.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "nothing is said in plain text");
}
