//! Mail to a server that others have written: Exim, from Debian's packages,
//! as a process of the test's own with its own folder.

use super::{account, parcel, server};
use bartizan::alert::{Alert, Entry, Rule};
use bartizan::config::email::{MailFormat, Security};
use bartizan::mail::Recipient;
use bartizan::mail::smtp::Server;
use bartizan::outbox::{Content, Destination, Failure, Parcel};
use bartizan_tests::Folder;
use bartizan_tests::process::Running;
use bartizan_tests::smtp_server::{SmtpOptions, SmtpServer};
use mail_parser::MessageParser;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A server that takes mail for one domain and puts it into a folder.
struct Exim {
    folder: Folder,
    running: Running,
    port: u16,
}

/// Why there is no Exim here; none if there is.
fn lacks() -> Option<&'static str> {
    if !Path::new("/usr/sbin/exim4").is_file() {
        return Some("exim4 is not installed (exim4-daemon-light)");
    }
    (!nix::unistd::geteuid().is_root()).then_some("only root may start Exim with a configuration of its own")
}

impl Exim {
    fn start(name: &str) -> Option<Self> {
        if let Some(lacks) = lacks() {
            eprintln!("{lacks}: mail is not sent to Exim");
            return None;
        }
        let folder = Folder::new(name);
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port").port();
        let conf = folder.write("exim.conf", configuration(folder.path(), port));
        for name in ["spool", "log", "mail"] {
            let path = folder.join(name);
            std::fs::create_dir_all(&path).expect("a folder");
            std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).expect("root may");
        }
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("it is ours");
        let mut exim = Command::new("/usr/sbin/exim4");
        let running = Running::start(exim.arg("-C").arg(&conf).args(["-bdf", "-q1h"]));
        let mut exim = Self { folder, running, port };
        exim.running.wait_for("port for mail", |_| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(exim)
    }

    fn server(&self) -> Server {
        let like = SmtpServer::start(SmtpOptions::default());
        Server { port: self.port, ..server(&like) }
    }

    /// Waits for mails that were delivered, in the order of their names.
    fn delivered(&mut self, count: usize) -> Vec<Vec<u8>> {
        let new = self.folder.join("mail/new");
        let names = || {
            let entries = std::fs::read_dir(&new).into_iter().flatten().flatten();
            let mut names: Vec<_> = entries.map(|entry| entry.path()).collect();
            names.sort();
            names
        };
        self.running.wait_for("mail", |_| names().len() >= count);
        names().iter().map(|name| std::fs::read(name).expect("a mail")).collect()
    }
}

/// The number of the user `nobody` and its group.
const NOBODY: u32 = 65_534;

fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "exim_user = {NOBODY}\nexim_group = {NOBODY}\n\
         spool_directory = {folder}/spool\nlog_file_path = {folder}/log/%slog\npid_file_path = {folder}/spool/pid\n\
         primary_hostname = test.example\nlocal_interfaces = 127.0.0.1\ndaemon_smtp_ports = {port}\n\
         keep_environment =\nhost_lookup =\nacl_smtp_rcpt = recipient\nacl_smtp_data = data\n\
         begin acl\nrecipient:\n  accept domains = test.example\n  deny message = relay not permitted\n\
         data:\n  accept\n\
         begin routers\nall:\n  driver = accept\n  domains = test.example\n  transport = box\n\
         begin transports\nbox:\n  driver = appendfile\n  directory = {folder}/mail\n  maildir_format\n  \
         user = {NOBODY}\n  group = {NOBODY}\n"
    )
}

#[test]
fn exim_takes_alerts_and_delivers_them_as_they_were() {
    let Some(mut exim) = Exim::start("mail-exim") else { return };
    let plain = "Nov 21 09:48:22 web1 sshd[4]: Failed password for root\n.\n..\nFrom here";
    let long = "Gr\u{fc}\u{df}e ".repeat(800);
    for (at, log) in [plain, &long, "a\r\n.\r\nQUIT\r\n\x1b[2J"].iter().enumerate() {
        let rule = Rule { id: 5716, level: 10, description: Some(b"a description"), ..Rule::default() };
        let alert = Alert { rule: Some(rule), log: log.as_bytes(), hostname: b"web1", ..Alert::default() };
        let content = Content { alerts: vec![Entry::new(&alert)], ..Content::default() };
        // By what it offers: TLS with a certificate of its own.
        let mut recipient = Recipient::new(account(exim.server()), "root@test.example", MailFormat::Full);
        let id = format!("exim-{at}");
        let parcel = Parcel { payload: recipient.render(&id, &content), id };
        assert_eq!(recipient.deliver(&parcel), Ok(()));
    }
    let mails = exim.delivered(3);
    let texts: Vec<_> =
        mails.iter().map(|mail| MessageParser::default().parse(mail).expect("a mail")).collect();
    for (at, log) in [plain, &long, "a\\r\n.\\r\nQUIT\\r\n\\x1b[2J"].iter().enumerate() {
        let id = format!("exim-{at}@keep");
        let mail = texts.iter().find(|mail| mail.message_id() == Some(&id)).expect("it has arrived");
        let text = mail.body_text(0).expect("a text").replace("\r\n", "\n");
        assert!(text.contains(log), "{text}");
        assert_eq!(mail.subject(), Some("OSSEC Alert - web1 - Level 10 - a description"));
    }
}

#[test]
fn exim_says_no_and_that_is_understood() {
    let Some(exim) = Exim::start("mail-exim-no") else { return };
    let mut elsewhere = Recipient::new(account(exim.server()), "root@other.example", MailFormat::Full);
    let failed = elsewhere.deliver(&parcel(&elsewhere, "p")).expect_err("it does not relay");
    assert!(matches!(&failed, Failure::Permanent(why) if why.contains("relay not permitted")), "{failed:?}");
    // Its certificate is its own: nobody trusts it who checks.
    let careful = Server { security: Security::StartTls, ..exim.server() };
    let mut careful = Recipient::new(account(careful), "root@test.example", MailFormat::Full);
    let failed = careful.deliver(&parcel(&careful, "p")).expect_err("it is not trusted");
    assert!(matches!(&failed, Failure::Temporary(why, _) if why.contains("ertificate")), "{failed:?}");
}
