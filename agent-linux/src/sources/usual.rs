//! What this machine has to watch if nothing is configured: the logs that
//! Linux systems usually have.
//!
//! The same event often stands in two places, and reading both would double
//! every alert. So: files first, since a syslog daemon writes into them what it
//! has from the journal, the kernel and the socket, and of files that hold the
//! same the general one; without such files the journal; without a journal OpenWrt's ring buffer; and the kernel's own ring
//! only if none of these brings it.

use crate::config::{Config, File, Journal, LogFormat, Stream};
use crate::files::Priority;
use bartizan_core::assemble::{Format, Wait};
use std::path::Path;

/// What a syslog daemon writes everything into but what is private; Debian has
/// the first, others the second, and who has both has most in both.
const GENERAL: [&str; 2] = ["syslog", "messages"];

/// What stands in neither.
const PRIVATE: [&str; 3] = ["auth.log", "secure", "maillog"];

/// Parts of the general file: read where there is none.
const PARTS: [&str; 4] = ["kern.log", "daemon.log", "user.log", "mail.log"];

/// Logs of other programs. Of a name with wildcards the folder counts: files
/// may come.
const OTHERS: [&str; 16] = [
    "firewall.log",
    "firewall",
    "ufw.log",
    "iptables.log",
    "ulog/syslogemu.log",
    "nginx/*access*.log",
    "nginx/*error*.log",
    "apache2/*access*.log",
    "apache2/*error*.log",
    "httpd/*access_log",
    "httpd/*error_log",
    "httpd/*access*.log",
    "lighttpd/*.log",
    "snort/alert",
    "suricata/fast.log",
    "vsftpd.log",
];

/// Milliseconds that lines of one audit event are waited for.
const AUDIT_MS: u32 = 2_000;

/// Folders where programs are.
const PROGRAMS: [&str; 6] = ["sbin", "bin", "usr/sbin", "usr/bin", "usr/local/sbin", "usr/local/bin"];

/// What this machine has to watch.
pub fn usual() -> Config {
    below(Path::new("/"))
}

/// What the file system at `root` has to watch.
fn below(root: &Path) -> Config {
    let logs = root.join("var/log");
    let mut config = Config::default();
    let written = |name: &&str| is_written(&logs.join(name));
    let general = GENERAL.into_iter().find(written);
    let parts = PARTS.into_iter().filter(|name| general.is_none() && written(name));
    let daemon = general.into_iter().chain(PRIVATE.into_iter().filter(written)).chain(parts);
    config.files.extend(daemon.map(|name| file(&logs, name, LogFormat::LINES)));
    let by_daemon = !config.files.is_empty();
    let others = OTHERS.iter().filter(|name| is_there(&logs, name));
    config.files.extend(others.map(|name| file(&logs, name, LogFormat::LINES)));
    if logs.join("audit/audit.log").is_file() {
        let wait = Wait::Timeout(AUDIT_MS);
        config.files.push(file(&logs, "audit/audit.log", LogFormat::Plain(Format::LinuxAuditd { wait })));
    }
    if by_daemon {
        return config;
    }
    if has_program(root, "journalctl") {
        config.journal.push(Journal::default());
    } else if has_program(root, "logread") {
        config.streams.push(Stream {
            line: "exec logread -f".to_string(),
            label: "logread".to_string(),
            format: LogFormat::LINES,
            rate_limit: None,
        });
    } else {
        config.kernel = root.join("dev/kmsg").exists();
    }
    config
}

fn file(logs: &Path, name: &str, format: LogFormat) -> File {
    File {
        location: logs.join(name).to_string_lossy().into_owned(),
        format,
        from_start: false,
        exclude: Vec::new(),
        age_s: None,
        rate_limit: None,
        priority: Priority::Normal,
    }
}

/// Whether there is a file in which something stands: an empty one may be left
/// from a daemon of the past.
fn is_written(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.len() > 0)
}

fn is_there(logs: &Path, name: &str) -> bool {
    match name.split_once('/') {
        Some((folder, rest)) if rest.as_bytes().contains(&b'*') => logs.join(folder).is_dir(),
        _ => logs.join(name).is_file(),
    }
}

fn has_program(root: &Path, name: &str) -> bool {
    PROGRAMS.iter().any(|folder| root.join(folder).join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is watched below a root with these files, each with one line.
    fn watched(names: &[&str]) -> (Vec<String>, Config) {
        let root = tempfile::tempdir().expect("a folder");
        for name in names {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("has one")).expect("created");
            std::fs::write(path, "x\n").expect("written");
        }
        let config = below(root.path());
        let log = |file: &File| file.location.rsplit_once("/var/log/").expect("a log").1.to_string();
        (config.files.iter().map(log).collect(), config)
    }

    #[test]
    fn files_of_a_daemon_come_before_journal_and_kernel() {
        let (files, config) = watched(&[
            "var/log/syslog",
            "var/log/messages",
            "var/log/kern.log",
            "var/log/auth.log",
            "var/log/nginx/a-access.log",
            "var/log/audit/audit.log",
            "usr/bin/journalctl",
            "dev/kmsg",
        ]);
        let wanted = ["syslog", "auth.log", "nginx/*access*.log", "nginx/*error*.log", "audit/audit.log"];
        assert_eq!(files, wanted);
        assert!(config.journal.is_empty() && !config.kernel && config.streams.is_empty());
        assert!(matches!(config.files[4].format.format(), Format::LinuxAuditd { .. }));
    }

    #[test]
    fn parts_of_the_general_file_are_read_where_there_is_none() {
        let (files, _) = watched(&["var/log/kern.log", "var/log/secure", "var/log/daemon.log"]);
        assert_eq!(files, ["secure", "kern.log", "daemon.log"]);
    }

    #[test]
    fn without_files_the_journal_or_the_ring_buffer_or_the_kernel_is_read() {
        let (files, config) =
            watched(&["usr/bin/journalctl", "sbin/logread", "dev/kmsg", "var/log/httpd/access_log"]);
        assert_eq!(files, ["httpd/*access_log", "httpd/*error_log", "httpd/*access*.log"]);
        assert_eq!((config.journal.len(), config.streams.len(), config.kernel), (1, 0, false));
        let (_, config) = watched(&["sbin/logread", "dev/kmsg"]);
        assert_eq!((config.journal.len(), config.streams.len(), config.kernel), (0, 1, false));
        let (_, config) = watched(&["dev/kmsg"]);
        assert!(config.kernel && config.journal.is_empty());
        assert!(watched(&[]).1.watches_nothing());
    }
}
