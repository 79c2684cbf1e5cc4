//! A router under a real scan, in networks of the test's own: nftables drops
//! and logs, ulogd2 writes its lines, an agent merges and sends them, the
//! manager tells of the scan, and DShield hears of each packet once.

#[path = "../respond/town.rs"]
#[expect(dead_code, reason = "what only the tests of responses use")]
mod town;

use bartizan_core::packet;
use bartizan_tests::process::{Running, finish};
use bartizan_tests::smtp_server::{SmtpOptions, SmtpServer};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use town::{Town, Watch, ip, wait_for};

/// The router's address and the scanner's: public ones, here alone.
const ROUTER: &str = "5.5.5.1";
const SCANNER: &str = "5.5.5.10";

/// What the router's packet filter does with packets from outside.
const FILTER: &str = "table inet wall {\n chain input {\n  type filter hook input priority 0; policy accept;\n  \
    iif lo accept\n  meta l4proto ipv6-icmp accept\n  ct state established accept\n  \
    ip saddr 5.5.5.0/24 log prefix \"kernel: WAN DROP \" group 7\n  ip saddr 5.5.5.0/24 drop\n }\n}\n";

/// Programs that the test needs beside those of every network test.
const TOOLS: [&str; 2] = ["nmap", "ulogd"];

/// Where the plug-ins of ulogd2 are.
fn plugins() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    folders.map(|folder| folder.join("ulogd")).find(|folder| folder.join("ulogd_inppkt_NFLOG.so").exists())
}

fn is_installed(tool: &str) -> bool {
    Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Has a packet filter drop and log, and its log written to a file.
fn wall(folder: &Path, plugins: &Path, log: &Path) -> Running {
    let filter = folder.join("filter.nft");
    std::fs::write(&filter, FILTER).expect("a file");
    let done = finish(Command::new("nft").arg("-f").arg(&filter), b"");
    assert_eq!(done.code, Some(0), "{}", done.err);
    let names = [
        "inppkt_NFLOG",
        "raw2packet_BASE",
        "filter_IFINDEX",
        "filter_IP2STR",
        "filter_PRINTPKT",
        "output_LOGEMU",
    ];
    let mut conf = format!("[global]\nlogfile=\"{}\"\nloglevel=3\n", folder.join("ulogd.log").display());
    names.iter().for_each(|name| conf += &format!("plugin=\"{}/ulogd_{name}.so\"\n", plugins.display()));
    conf += "stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,emu1:LOGEMU\n";
    conf += &format!("[log1]\ngroup=7\n[emu1]\nfile=\"{}\"\nsync=1\n", log.display());
    let file = folder.join("ulogd.conf");
    std::fs::write(&file, conf).expect("a file");
    let mut running = Running::start(Command::new("ulogd").arg("-c").arg(&file));
    running.wait_for("log of the packet filter", |_| {
        std::fs::read_to_string(folder.join("ulogd.log"))
            .is_ok_and(|text| text.contains("initialization finished"))
    });
    running
}

/// How many packets of the scanner lines tell of, by the port of the target.
fn packets(text: &str) -> BTreeMap<u16, u64> {
    let mut ports = BTreeMap::new();
    for line in text.lines() {
        let Some(packet) = packet::read(line.as_bytes()) else { continue };
        if packet.src.is_some_and(|src| src.to_string() == SCANNER) {
            *ports.entry(packet.dport.unwrap_or_default()).or_default() +=
                u64::from(packet.count.unwrap_or(1));
        }
    }
    ports
}

/// Reports to DShield what is new.
fn report(watch: &Watch, smtp: &SmtpServer) {
    let (port, state) = (smtp.address.port(), watch.manager.home.join("dshield.state"));
    let words = format!(
        "--userid 42 --from me@example.com --mta 127.0.0.1:{port} --timezone UTC --statefile {}",
        state.display()
    );
    let done = watch.run("dshield", &words);
    assert_eq!(done.code, Some(0), "{} {}", done.out, done.err);
}

/// How many packets of the scanner DShield was told of, by the port of the
/// target.
///
/// # Panics
/// If a line is not as it should be, or one mail has two of the same packet.
fn told(smtp: &SmtpServer) -> BTreeMap<u16, u64> {
    let mut ports = BTreeMap::new();
    for mail in smtp.confirmed() {
        let text = String::from_utf8_lossy(&mail.bytes).into_owned();
        let body = text.split_once("\r\n\r\n").expect("a body").1;
        let mut known = BTreeSet::new();
        for line in body.lines() {
            let fields: Vec<_> = line.split('\t').collect();
            let [_, user, count, src, sport, dst, dport, protocol] = fields[..8] else { panic!("{line}") };
            assert_eq!((user, src, dst, protocol), ("42", SCANNER, ROUTER, "TCP"), "{line}");
            assert!(known.insert((sport, dport)), "{line}");
            *ports.entry(dport.parse().expect("a port")).or_default() +=
                count.parse::<u64>().expect("a count");
        }
    }
    ports
}

#[test]
fn a_real_scan_is_an_alert_and_counted_to_the_packet_in_one_record_of_a_hundred_lines() {
    let Some(plugins) = plugins().filter(|_| TOOLS.iter().all(|tool| is_installed(tool))) else {
        eprintln!("there is no {} here: nothing is tested", TOOLS.join(" or no "));
        return;
    };
    let Some(town) = Town::enter() else { return };
    ip(&format!("addr add {ROUTER}/24 dev wire"));
    town.outside(|| ip(&format!("addr add {SCANNER}/24 dev wire")));
    let mut watch = Watch::start("scan", "");
    watch.kill_agent();
    let log = watch.home.join("router.log");
    std::fs::write(&log, "").expect("a log");
    let followed = |name: &str, more: &str| {
        let path = watch.home.join(name).display().to_string();
        format!("<localfile><location>{path}</location><log_format>syslog</log_format>{more}</localfile>")
    };
    let files = followed("auth.log", "") + &followed("router.log", "<merge_packets>10</merge_packets>");
    std::fs::write(watch.home.join("agent.conf"), format!("<ossec_config>{files}</ossec_config>"))
        .expect("a file");
    watch.start_agent();
    watch.is_heard();
    let _ulogd = wall(&watch.home, &plugins, &log);
    let smtp = SmtpServer::start(SmtpOptions::default());

    let read = || std::fs::read_to_string(&log).expect("the router's log");
    let scan = ["-n", "-Pn", "-sS", "--max-retries", "1", "--min-rate", "300", ROUTER];
    thread::scope(|scope| {
        let nmap = scope.spawn(|| town.outside(|| finish(Command::new("nmap").args(scan), b"")));
        // What waits in the agent then is read again.
        wait_for("a part of the scan", || read().lines().count() >= 300);
        watch.kill_agent();
        watch.start_agent();
        let done = nmap.join().expect("nmap ends");
        assert!(done.out.contains("1000 filtered tcp ports"), "{} {}", done.out, done.err);
    });

    let firewall = || watch.manager.log("firewall/firewall.log");
    wait_for("firewall.log with all packets", || {
        // It grows meanwhile.
        report(&watch, &smtp);
        let sent = packets(&read());
        !sent.is_empty() && sent == packets(&firewall())
    });
    for _ in 0..2 {
        report(&watch, &smtp);
        assert_eq!(told(&smtp), packets(&read()), "DShield heard of each packet once");
    }
    let lines = read().lines().count();
    let archive = watch.manager.log("archives/archives.log");
    let records = archive.lines().filter(|line| line.contains("router.log ")).count();
    println!("{lines} lines of the router, {records} records, {} mails", smtp.mails().len());
    assert!(packets(&read()).len() >= 990, "a thousand ports, less what was lost on the way to the log");
    assert!(records * 100 <= lines, "{records} records of {lines} lines");
    let alerts = watch.manager.log("alerts/alerts.json");
    let scans = alerts.lines().filter(|line| line.contains(SCANNER) && line.contains("Port scan"));
    assert!(scans.count() > 0, "{alerts}");
}
