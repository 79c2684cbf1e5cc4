//! What this machine has to watch when nothing is configured.
//!
//! Looks for the logs that Linux systems usually have and says of each whether
//! it was found, is empty, or cannot be read and what to do about it; and
//! whether there is a journal and a kernel log.
//!
//! The same event often stands in two places: a syslog daemon writes what it
//! reads from the journal to `auth.log` and `syslog`, or `secure` and
//! `messages`. Reading both would double every alert, so there is a rule:
//! **files first.** If one of these files can be read and was written within
//! the last day, the syslog daemon is at work and the journal is left alone.
//! Otherwise the journal is read and these files are not: they are old, and
//! what is in them is in the journal too. The kernel log is read only if
//! neither brings it.

use super::access;
use super::glob;
use bartizan_core::follow::wildcard::is_pattern;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How fresh a syslog file must be to count as written by a daemon at work.
const FRESH: Duration = Duration::from_secs(24 * 3600);

/// Files that a syslog daemon fills from the journal.
const SYSLOG_FILES: [&str; 10] = [
    "auth.log",
    "secure",
    "syslog",
    "messages",
    "kern.log",
    "daemon.log",
    "user.log",
    "mail.log",
    "maillog",
    "cron.log",
];

/// Of those, the ones that tell whether a daemon is at work.
const SYSLOG_SIGNS: [&str; 4] = ["auth.log", "secure", "syslog", "messages"];

/// Other logs below `/var/log`, and what writes them.
const OTHER_FILES: [(&str, &str); 42] = [
    ("audit/audit.log", "Linux audit"),
    ("ufw.log", "firewall"),
    ("firewalld", "firewall"),
    ("iptables.log", "firewall"),
    ("ulog/syslogemu.log", "firewall"),
    ("apache2/*access*.log", "Apache"),
    ("apache2/*error*.log", "Apache"),
    ("httpd/*access_log", "Apache"),
    ("httpd/*error_log", "Apache"),
    ("nginx/*access*.log", "nginx"),
    ("nginx/*error*.log", "nginx"),
    ("lighttpd/access.log", "lighttpd"),
    ("lighttpd/error.log", "lighttpd"),
    ("caddy/*.log", "Caddy"),
    ("haproxy.log", "HAProxy"),
    ("squid/access.log", "Squid"),
    ("squid3/access.log", "Squid"),
    ("php*-fpm.log", "PHP"),
    ("tomcat*/catalina.out", "Tomcat"),
    ("vsftpd.log", "FTP"),
    ("proftpd/proftpd.log", "FTP"),
    ("xferlog", "FTP"),
    ("samba/log.*", "Samba"),
    ("exim4/mainlog", "Exim"),
    ("exim4/rejectlog", "Exim"),
    ("exim/main.log", "Exim"),
    ("dovecot.log", "Dovecot"),
    ("mysql/error.log", "MySQL"),
    ("mysqld.log", "MySQL"),
    ("mariadb/mariadb.log", "MariaDB"),
    ("postgresql/*.log", "PostgreSQL"),
    ("named/*.log", "BIND"),
    ("openvpn.log", "OpenVPN"),
    ("openvpn/*.log", "OpenVPN"),
    ("dpkg.log", "packages"),
    ("yum.log", "packages"),
    ("dnf.log", "packages"),
    ("dnf.rpm.log", "packages"),
    ("pacman.log", "packages"),
    ("apk.log", "packages"),
    ("snort/alert", "Snort"),
    ("suricata/fast.log", "Suricata"),
];

/// Whether a log can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is there and has lines.
    Found,
    /// It is there and has none yet.
    Empty,
    /// It is there and cannot be read: why, and what to do.
    Unreadable(String),
    /// It is not there.
    Absent,
}

/// A log that this machine may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Path or pattern to follow.
    pub pattern: String,
    /// What writes it.
    pub writer: &'static str,
    /// Whether it can be read; of a pattern: whether one of its files can.
    pub status: Status,
    /// The files that match now.
    pub paths: Vec<PathBuf>,
    /// A syslog daemon fills it with what is in the journal too.
    pub is_syslog: bool,
}

/// What was found, and what to do with it.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The logs that were looked for, absent ones included.
    pub candidates: Vec<Candidate>,
    /// Whether there is a journal to read.
    pub has_journal: bool,
    /// Whether the kernel log can be read: why not, and what to do.
    pub kernel: Status,
    /// Whether a syslog daemon is at work: then the journal is left alone.
    pub files_first: bool,
}

/// Looks for what this machine has to watch.
pub fn survey() -> Survey {
    survey_below(Path::new("/"), SystemTime::now())
}

/// The same for a file system whose root is `root`, at the time `now`.
pub fn survey_below(root: &Path, now: SystemTime) -> Survey {
    let logs = root.join("var/log");
    let named = SYSLOG_FILES.iter().map(|name| candidate(&logs, name, "syslog", true));
    let others = OTHER_FILES.iter().map(|(name, writer)| candidate(&logs, name, writer, false));
    let candidates = named.chain(others).collect();
    let files_first = SYSLOG_SIGNS.iter().any(|name| is_written(&logs.join(name), now));
    Survey {
        candidates,
        has_journal: has_journal(root),
        kernel: kernel_status(&root.join("dev/kmsg")),
        files_first,
    }
}

impl Survey {
    /// Paths and patterns to follow. Patterns are named although nothing
    /// matches them yet if their folder is there: a file may come.
    pub fn files(&self) -> Vec<String> {
        let leave_syslog = self.reads_journal();
        self.candidates
            .iter()
            .filter(|c| !(c.is_syslog && leave_syslog))
            .filter(|c| c.status != Status::Absent || has_folder_of_its_own(&c.pattern))
            .map(|c| c.pattern.clone())
            .collect()
    }

    /// Whether the journal is read: there is one, and no syslog daemon at work.
    pub fn reads_journal(&self) -> bool {
        self.has_journal && !self.files_first
    }

    /// Whether the kernel log is read: nothing else brings it.
    pub fn reads_kernel(&self) -> bool {
        self.kernel == Status::Found && !self.files_first && !self.has_journal
    }

    /// What is watched and what is not, a line each, for the user.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let leave_syslog = self.reads_journal();
        for c in &self.candidates {
            let left = c.is_syslog && leave_syslog;
            lines.extend(match &c.status {
                Status::Absent => None,
                _ if left => Some(format!("{}: left out, the journal has it", c.pattern)),
                Status::Found => Some(format!("{}: found ({})", c.pattern, c.writer)),
                Status::Empty => Some(format!("{}: found, still empty ({})", c.pattern, c.writer)),
                Status::Unreadable(why) => Some(format!("{}: cannot be read: {why}", c.pattern)),
            });
        }
        lines.push(match (self.has_journal, self.files_first) {
            (true, false) => "journal: found".to_owned(),
            (true, true) => "journal: left out, a syslog daemon writes it to files".to_owned(),
            (false, _) => "journal: none".to_owned(),
        });
        if !self.files_first && !self.has_journal {
            lines.push(match &self.kernel {
                Status::Unreadable(why) => format!("kernel log: cannot be read: {why}"),
                Status::Absent => "kernel log: none".to_owned(),
                _ => "kernel log: found".to_owned(),
            });
        }
        lines
    }

    /// Whether there is nothing at all to watch.
    pub fn is_empty(&self) -> bool {
        let readable = |c: &Candidate| matches!(c.status, Status::Found | Status::Empty);
        !self.reads_journal() && !self.reads_kernel() && !self.candidates.iter().any(readable)
    }
}

fn candidate(logs: &Path, name: &str, writer: &'static str, is_syslog: bool) -> Candidate {
    let pattern = logs.join(name).display().to_string();
    let paths: Vec<PathBuf> = glob::expand(&pattern).into_iter().filter(|path| !path.is_dir()).collect();
    // The best of all files: one that can be read is worth following.
    let status = paths
        .iter()
        .map(|path| status_of(path))
        .min_by_key(|status| match status {
            Status::Found => 0,
            Status::Empty => 1,
            Status::Unreadable(_) => 2,
            Status::Absent => 3,
        })
        .unwrap_or_else(|| status_without_match(&pattern));
    Candidate { pattern, writer, status, paths, is_syslog }
}

fn status_of(path: &Path) -> Status {
    let opened = path.metadata().and_then(|meta| {
        if !meta.is_file() {
            return Err(std::io::Error::other("it is not a regular file"));
        }
        File::open(path).map(|_| meta.len())
    });
    match opened {
        Ok(0) => Status::Empty,
        Ok(_) => Status::Found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Status::Absent,
        Err(error) => Status::Unreadable(access::explain(path, &error)),
    }
}

/// Nothing matches: because nothing is there, or because the folder is closed
/// to this user.
fn status_without_match(pattern: &str) -> Status {
    let Some(folder) = Path::new(pattern).parent() else { return Status::Absent };
    match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Status::Unreadable(access::explain(folder, &error))
        }
        _ => Status::Absent,
    }
}

/// `nginx/*.log` where the folder `nginx` is there: its program is installed.
fn has_folder_of_its_own(pattern: &str) -> bool {
    let folder = Path::new(pattern).parent();
    is_pattern(pattern.as_bytes()) && folder.is_some_and(|f| !f.ends_with("var/log") && f.is_dir())
}

fn is_written(path: &Path, now: SystemTime) -> bool {
    let changed = File::open(path).and_then(|f| f.metadata()).and_then(|meta| meta.modified());
    // A time in the future is fresh too.
    changed.is_ok_and(|at| now.duration_since(at).map_or(true, |age| age < FRESH))
}

/// A journal is there if one of its folders holds journal files.
fn has_journal(root: &Path) -> bool {
    ["var/log/journal", "run/log/journal"].iter().any(|folder| {
        let pattern = root.join(folder).join("*/*.journal").display().to_string();
        !glob::expand(&pattern).is_empty()
    })
}

fn kernel_status(path: &Path) -> Status {
    match File::open(path) {
        Ok(_) => Status::Found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Status::Absent,
        Err(error) => Status::Unreadable(access::explain(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    /// A root with these files, each with one line.
    fn root(names: &[&str]) -> TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for name in names {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("has one")).expect("created");
            std::fs::write(path, "x\n").expect("written");
        }
        root
    }

    /// Names of the files to follow, below `/var/log`.
    fn followed(survey: &Survey) -> Vec<&str> {
        survey
            .files()
            .iter()
            .map(|f| {
                let name = f.split("/var/log/").nth(1).expect("below /var/log");
                let known = SYSLOG_FILES.iter().chain(OTHER_FILES.iter().map(|(n, _)| n));
                known.copied().find(|k| *k == name).expect("a name that was looked for")
            })
            .collect()
    }

    #[test]
    fn syslog_files_that_are_written_come_before_the_journal() {
        let root = root(&[
            "var/log/auth.log",
            "var/log/syslog",
            "var/log/nginx/site-access.log",
            "var/log/journal/0123/system.journal",
            "dev/kmsg",
        ]);
        let survey = survey_below(root.path(), SystemTime::now());
        assert!(survey.files_first && survey.has_journal && !survey.reads_journal());
        assert!(!survey.reads_kernel());
        let want = ["auth.log", "syslog", "nginx/*access*.log", "nginx/*error*.log"];
        assert_eq!(followed(&survey), want);
        assert!(survey.lines().iter().any(|l| l.starts_with("journal: left out")));
    }

    #[test]
    fn the_journal_comes_before_syslog_files_that_are_old() {
        let root = root(&[
            "var/log/auth.log",
            "var/log/kern.log",
            "var/log/dpkg.log",
            "run/log/journal/0123/system.journal",
        ]);
        let survey = survey_below(root.path(), SystemTime::now() + 2 * DAY);
        assert!(survey.reads_journal() && !survey.reads_kernel());
        assert_eq!(followed(&survey), ["dpkg.log"]);
        let lines = survey.lines();
        assert!(lines.iter().any(|l| l.ends_with("auth.log: left out, the journal has it")));
        assert!(lines.contains(&"journal: found".to_owned()));
    }

    #[test]
    fn old_syslog_files_and_the_kernel_log_are_read_where_there_is_no_journal() {
        let root = root(&["var/log/messages", "dev/kmsg"]);
        let survey = survey_below(root.path(), SystemTime::now() + 2 * DAY);
        assert!(!survey.reads_journal() && survey.reads_kernel() && !survey.is_empty());
        assert_eq!(followed(&survey), ["messages"]);
        assert!(survey.lines().contains(&"kernel log: found".to_owned()));
    }

    #[test]
    fn an_empty_machine_says_so() {
        let survey = survey_below(root(&[]).path(), SystemTime::now());
        assert!(survey.is_empty() && survey.files().is_empty());
        assert_eq!(survey.lines(), ["journal: none", "kernel log: none"]);
    }

    #[test]
    fn every_log_has_its_status() {
        let root = root(&["var/log/auth.log", "var/log/syslog", "var/log/apache2/access.log"]);
        std::fs::write(root.path().join("var/log/syslog"), "").expect("emptied");
        std::fs::create_dir(root.path().join("var/log/samba")).expect("created");
        std::fs::create_dir(root.path().join("var/log/messages")).expect("created");
        let survey = survey_below(root.path(), SystemTime::now());
        let status = |name: &str| {
            let found = survey.candidates.iter().find(|c| c.pattern.ends_with(name));
            found.expect("looked for").status.clone()
        };
        assert_eq!(status("/auth.log"), Status::Found);
        assert_eq!(status("/syslog"), Status::Empty);
        assert_eq!(status("apache2/*access*.log"), Status::Found);
        assert_eq!(status("samba/log.*"), Status::Absent);
        assert_eq!(status("/messages"), Status::Absent);
        assert_eq!(status("/secure"), Status::Absent);
        let closed = root.path().join("var/log/auth.log");
        std::fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o000)).expect("set");
        match status_of(&closed) {
            Status::Unreadable(why) => assert!(why.contains("run as root"), "{why}"),
            // Root reads everything.
            other => assert_eq!(other, Status::Found),
        }
    }
}
