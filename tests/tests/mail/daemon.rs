//! From a line in a log to a mailbox, through everything that may happen on
//! the way: the mail server is away, the manager is killed.

use bartizan_tests::Folder;
use bartizan_tests::process::{Running, command};
use bartizan_tests::smtp_server::{Fault, Received, SmtpOptions, SmtpServer, Stage};
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

/// How often a line is written until one is heard.
const PACE: Duration = Duration::from_millis(500);

struct Home {
    folder: Folder,
    lines: u32,
}

impl Home {
    /// A manager that mails every alert at once, as often as it likes.
    fn new(name: &str, smtp: &SmtpServer) -> Self {
        let folder = Folder::new(name);
        let log = folder.write("auth.log", "");
        let configuration = format!(
            "<ossec_config><global><email_notification>yes</email_notification>\
             <smtp_server>127.0.0.1</smtp_server><smtp_port>{}</smtp_port>\
             <email_from>ids@example.com</email_from><email_to>root@example.com</email_to>\
             <email_maxperhour>9999</email_maxperhour></global>\
             <alerts><email_alert_level>5</email_alert_level></alerts>\
             <notification><grouping>no</grouping></notification>\
             <localfile><location>{}</location><log_format>syslog</log_format></localfile></ossec_config>",
            smtp.address.port(),
            log.display()
        );
        folder.write("bartizan.conf", configuration);
        Self { folder, lines: 0 }
    }

    fn start(&self) -> Running {
        let home = self.folder.path().display().to_string();
        let conf = self.folder.join("bartizan.conf").display().to_string();
        Running::start(&mut command(&["run", "--home", &home, "-c", &conf, "--listen", "127.0.0.1:0"]))
    }

    /// A refused log-in of a user of its own, from an address of its own.
    fn refuse(&mut self) -> String {
        let n = self.lines;
        self.lines += 1;
        let user = format!("user{n}end");
        let mut log = OpenOptions::new().append(true).open(self.folder.join("auth.log")).expect("a log");
        let (a, b) = (n / 250, n % 250);
        let line = format!(
            "Nov 21 09:00:00 gate sshd[7]: Failed password for {user} from 198.18.{a}.{b} port {} ssh2\n",
            20_000 + n
        );
        log.write_all(line.as_bytes()).expect("a line");
        user
    }

    /// Writes lines until one has been mailed: then log and destination are
    /// followed.
    fn warm_up(&mut self, running: &mut Running, smtp: &SmtpServer) {
        let start = Instant::now();
        running.wait_for("first mail", |_| {
            // Not many: each of them is a mail.
            if start.elapsed() >= PACE * self.lines {
                self.refuse();
            }
            !smtp.confirmed().is_empty()
        });
    }
}

/// The users that mails are about, in order, each as often as it was mailed.
fn users(mails: &[Received]) -> Vec<String> {
    let user = |after: &str| after.split(' ').next().unwrap_or_default().to_owned();
    let users = |mail: &Received| {
        let text = String::from_utf8_lossy(&mail.bytes).into_owned();
        text.split("Failed password for ").skip(1).map(user).collect::<Vec<_>>()
    };
    mails.iter().flat_map(users).collect()
}

#[test]
fn every_alert_is_mailed_once_and_in_order_over_outages_and_kills() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let mut home = Home::new("mail-daemon", &smtp);
    let mut running = home.start();
    home.warm_up(&mut running, &smtp);
    // The server is away for a while, and loses a confirmation.
    smtp.fail(Stage::Greeting, Fault::Say("421 4.3.2 not now"), 2);
    smtp.fail(Stage::Message, Fault::Close, 1);
    let mut wanted: Vec<_> = (0..5).map(|_| home.refuse()).collect();
    let has = |smtp: &SmtpServer, wanted: &[String]| {
        let mailed = users(&smtp.confirmed());
        wanted.iter().all(|user| mailed.contains(user))
    };
    running.wait_for("mail after the outage", |_| has(&smtp, &wanted));
    // Killed with alerts on their way, at whatever point that is.
    for _ in 0..3 {
        wanted.extend((0..5).map(|_| home.refuse()));
        let seen = smtp.mails().len();
        running.wait_for("some mail", |_| smtp.mails().len() > seen);
        drop(running);
        running = home.start();
    }
    wanted.extend((0..5).map(|_| home.refuse()));
    running.wait_for("all mail", |_| has(&smtp, &wanted));
    assert_eq!(running.stop().code, Some(0));
    let mails = smtp.confirmed();
    let ids: Vec<_> = mails.iter().map(Received::message_id).collect();
    let mailed: Vec<_> = users(&mails).into_iter().filter(|user| wanted.contains(user)).collect();
    assert_eq!(mailed.iter().collect::<BTreeSet<_>>().len(), wanted.len(), "none is missing");
    // Between a confirmation and its note a kill cannot be told from a loss:
    // what comes again then is the same mail, and can be known by its id.
    let repeated = ids.len() - ids.iter().collect::<BTreeSet<_>>().len();
    assert!(repeated <= 3, "at most one a kill");
    let mut once = mailed.clone();
    once.dedup();
    assert_eq!(once, wanted, "in order, each in one mail");
}
