//! What packet filters say, counted: who knocks, where, how often, and which
//! lines were not understood.
//!
//! | room | what happens there |
//! |---|---|
//! | [`tally`] | counts of sources, targets, ports, rules |
//! | [`shape`] | lines that are not understood, grouped by what they look like |

pub mod shape;
pub mod tally;

/// What usually listens on a port that is knocked on; empty if
/// that is not usual.
pub fn service(port: u16) -> &'static str {
    match port {
        21 => "ftp",
        22 => "ssh",
        23 | 2323 => "telnet",
        25 | 587 => "smtp",
        53 => "dns",
        80 | 8080 | 8000 | 8888 => "http",
        110 | 995 => "pop3",
        111 => "rpcbind",
        123 => "ntp",
        135 => "msrpc",
        137..=139 | 445 => "smb",
        143 | 993 => "imap",
        161 => "snmp",
        389 | 636 => "ldap",
        443 | 8443 => "https",
        500 | 4500 => "ipsec",
        1194 => "openvpn",
        1433 => "mssql",
        1521 => "oracle",
        1883 => "mqtt",
        1900 => "upnp",
        3306 => "mysql",
        3389 => "rdp",
        5060 | 5061 => "sip",
        5432 => "postgresql",
        5555 => "adb",
        5900..=5903 => "vnc",
        6379 => "redis",
        7547 => "tr-069",
        8291 | 8728 => "routeros",
        9200 => "elasticsearch",
        11211 => "memcached",
        27017 => "mongodb",
        51820 => "wireguard",
        _ => "",
    }
}
