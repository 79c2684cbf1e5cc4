//! `<remote>`.

use super::*;
use crate::agents::PORT;
use std::net::IpAddr;

fn problem(options: &str) -> String {
    let (config, _, report) = read(&format!("<remote>{options}</remote>"));
    assert_eq!(report.iter().count(), 1, "{options}: {:?}", problems(&report));
    assert!(config.remotes.is_empty(), "{options}");
    problems(&report).remove(0)
}

#[test]
fn ports_for_others_are_read() {
    let (config, sources, report) = read(
        "<remote><connection>syslog</connection><allowed-ips>192.0.2.0/24</allowed-ips><allowed-ips>::1</allowed-ips>\
         <denied-ips>192.0.2.9</denied-ips><protocol>udp,tcp</protocol><port>5514</port><local_ip>127.0.0.1</local_ip>\
         </remote><remote><connection>secure</connection></remote>\
         <remote><connection>bartizan</connection><ipv6>yes</ipv6></remote>",
    );
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    let [syslog, secure, own] = config.remotes.as_slice() else { panic!("three of them") };
    assert_eq!(
        (syslog.connection, syslog.port, syslog.udp, syslog.tcp),
        (Connection::Syslog, 5514, true, true)
    );
    assert_eq!((syslog.allowed.len(), syslog.denied.len()), (2, 1));
    assert_eq!(syslog.local_ip, Some(IpAddr::from([127, 0, 0, 1])));
    assert_eq!(
        (secure.connection, secure.port, secure.udp, secure.tcp),
        (Connection::Secure, 1514, true, false)
    );
    assert_eq!((own.connection, own.port, own.udp, own.tcp), (Connection::Bartizan, PORT, false, true));
    assert!(own.ipv6 && !syslog.ipv6);
}

#[test]
fn mistakes_in_a_remote_are_explained() {
    let syslog = |rest: &str| format!("<connection>syslog</connection>{rest}");
    let cases = [
        (String::new(), "this <remote> has no <connection> | add <connection>syslog"),
        (
            "<connection>sylog</connection>".to_owned(),
            "there is no connection `sylog` | did you mean `syslog`?",
        ),
        (syslog(""), "this <remote> has no <allowed-ips> | name who may send"),
        (syslog("<allowed-ips>10.0.0.300</allowed-ips>"), "`10.0.0.300` is no address"),
        (syslog("<allowed-ips>any</allowed-ips><port>0</port>"), "<port> takes a number from 1 to 65535"),
        (syslog("<allowed-ips>any</allowed-ips><protocol>sctp</protocol>"), "there is no protocol `sctp`"),
        (syslog("<allowed-ips>any</allowed-ips><local_ip>eth0</local_ip>"), "`eth0` is no address"),
        (
            "<connection>bartizan</connection><protocol>udp</protocol>".to_owned(),
            "Bartizan's agents connect by TCP only",
        ),
    ];
    for (options, expected) in cases {
        let found = problem(&options);
        assert!(found.starts_with(expected), "{options}: {found}");
    }
    let known =
        "<remote><connection>secure</connection><crypto_accept>aes</crypto_accept><prt>1</prt></remote>";
    let found = problems(&read(known).2);
    assert!(found[0].starts_with("warning: the option <crypto_accept> in <remote> is not used"), "{found:?}");
    assert_eq!(found[1], "there is no option <prt> in <remote> | did you mean <port>?");
}

#[test]
fn ports_are_bounded() {
    let one = "<remote><connection>secure</connection></remote>";
    let (config, _, report) = read(&one.repeat(1000));
    assert_eq!(config.remotes.len(), 64);
    assert!(report.errors() > 0);
}
