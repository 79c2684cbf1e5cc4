//! The console of a real process, over real connections: who gets in, who
//! does not, and what it costs.

mod connections;
mod entry;
mod flood;
mod forms;
mod pages;
mod seen;
mod terminal;
mod tls;

use bartizan_tests::Folder;
use bartizan_tests::browser::{Answer, Browser, said_address};
use bartizan_tests::process::{Running, command, finish};
use std::net::SocketAddr;

/// The password of all users of these tests.
const PASSWORD: &str = "correct horse battery";

/// A manager with a console, in a folder of its own.
struct Consoled {
    home: Folder,
    running: Running,
    address: SocketAddr,
}

impl Consoled {
    /// One that has an administrator `ada` and a reader `rea`.
    fn start(name: &str) -> Self {
        let home = Folder::new(name);
        add_user(&home, "ada", "administrator");
        add_user(&home, "rea", "reader");
        Self::start_in(home, "")
    }

    /// One with what `<console>` says besides.
    fn start_in(home: Folder, options: &str) -> Self {
        configure(&home, options);
        Self::run_in(home)
    }

    /// One in a folder that is configured.
    fn run_in(home: Folder) -> Self {
        let path = home.path().display().to_string();
        let arguments = ["run", "--home", &path, "--console", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
        let mut running = Running::start(&mut command(&arguments));
        let mut address = None;
        running.wait_for("console", |running| {
            address = said_address(&running.err());
            address.is_some()
        });
        Self { home, running, address: address.expect("it was waited for") }
    }

    /// The whole address of a path.
    fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// Logs in, and gives the browser with the session.
    fn session(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        let answer = log_in(&browser, name, PASSWORD);
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{answer:?}");
        browser.keep(&answer);
        browser
    }

    fn token(&self, name: &str, role: &str) -> String {
        let added = console(&self.home, &["token", "add", name, "--role", role], "");
        added.trim().to_owned()
    }
}

fn log_in(browser: &Browser, name: &str, password: &str) -> Answer {
    browser.post("/login", &[("name", name), ("password", password)])
}

/// Runs `bartizan console`, which succeeds; gives what it prints.
fn console(home: &Folder, arguments: &[&str], input: &str) -> String {
    let path = home.path().display().to_string();
    let all: Vec<_> = ["console", "--home", &path].iter().chain(arguments).copied().collect();
    let finished = finish(&mut command(&all), input.as_bytes());
    assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.err);
    finished.out
}

fn add_user(home: &Folder, name: &str, role: &str) {
    console(home, &["user", "add", name, "--role", role], &format!("{PASSWORD}\n"));
}

/// A configuration that follows a quiet log, with what `<console>` says.
fn configure(home: &Folder, options: &str) {
    configure_with(home, &format!("<console>{options}</console>"));
}

/// The same with any sections.
fn configure_with(home: &Folder, sections: &str) {
    let log = home.write("quiet.log", "");
    let text = format!(
        "<ossec_config><localfile><location>{}</location><log_format>syslog</log_format></localfile>\
         {sections}</ossec_config>\n",
        log.display()
    );
    home.write("etc/ossec.conf", text);
}
