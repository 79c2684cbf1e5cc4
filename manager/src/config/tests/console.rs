use super::*;
use std::net::SocketAddr;

#[test]
fn without_a_section_the_console_is_for_this_machine_alone() {
    let (config, ..) = read("");
    assert_eq!(config.console, Console::default());
    assert_eq!(config.console.address(), SocketAddr::from(([127, 0, 0, 1], 1518)));
}

#[test]
fn a_console_for_all_has_an_address_and_two_files_of_the_home_folder() {
    let (config, _, report) = read(
        "<console><address>[::]:8443</address><certificate>etc/c.pem</certificate>\
         <private_key>/etc/k.pem</private_key></console>",
    );
    assert!(problems(&report).is_empty(), "{:?}", problems(&report));
    assert_eq!(config.console.address().to_string(), "[::]:8443");
    assert_eq!(config.console.certificate, Some(PathBuf::from("/nonexistent/etc/c.pem")));
    assert_eq!(config.console.private_key, Some(PathBuf::from("/etc/k.pem")));
}

#[test]
fn what_does_not_go_together_is_an_error() {
    for (inner, problem) in [
        ("<certificate>c</certificate>", "has no <private_key>"),
        ("<private_key>k</private_key>", "has no <certificate>"),
        ("<certificate>c</certificate><private_key>k</private_key><tls>no</tls>", "is not to use it"),
        ("<tls>yes</tls>", "has no certificate"),
        ("<address>localhost:1518</address>", "is no address with a port"),
        ("<adress>127.0.0.1:1518</adress>", "did you mean <address>?"),
    ] {
        let (_, _, report) = read(&format!("<console>{inner}</console>"));
        assert!(report.has_errors() && problems(&report)[0].contains(problem), "{:?}", problems(&report));
    }
}
