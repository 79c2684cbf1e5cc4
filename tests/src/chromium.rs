//! A real browser: Chromium without a window, driven by chromedriver over
//! WebDriver (W3C).

use crate::process::{DEADLINE, Running};
use base64::Engine;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// What an element is called in answers (WebDriver §12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How often something that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// What a page is shown on.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Whether the reader likes it dark.
    pub is_dark: bool,
}

impl Screen {
    /// A desk.
    pub const DESK: Self = Self { width: 1280, height: 900, is_dark: false };

    /// A telephone.
    pub const TELEPHONE: Self = Self { width: 390, height: 844, is_dark: true };
}

/// One window; gone when it is dropped.
#[derive(Debug)]
pub struct Chromium {
    /// Its end ends the browser, too.
    _driver: Running,
    client: ureq::Agent,
    session: String,
}

impl Chromium {
    /// Opens a window; `None`, after saying so, where there is no browser.
    ///
    /// # Panics
    /// If there is one and it does not start.
    pub fn open(screen: Screen) -> Option<Self> {
        let installed = |tool| Command::new(tool).arg("--version").output().is_ok();
        if !installed("chromedriver") || !installed("chromium") {
            eprintln!("chromium and chromium-driver are not installed: no page is looked at");
            return None;
        }
        let mut driver = Running::start(Command::new("chromedriver").arg("--port=0"));
        let port = |said: &str| {
            let port = said.split("started successfully on port ").nth(1)?;
            port.split('.').next()?.parse::<u16>().ok()
        };
        driver.wait_for("the port of chromedriver", |running| port(&running.out()).is_some());
        let port = port(&driver.out()).expect("it was just there");
        let client = ureq::Agent::config_builder().timeout_global(Some(DEADLINE)).proxy(None);
        let mut chromium = Self {
            _driver: driver,
            client: client.http_status_as_error(false).build().new_agent(),
            session: format!("http://127.0.0.1:{port}/session"),
        };
        chromium.begin(screen);
        Some(chromium)
    }

    fn begin(&mut self, Screen { width, height, is_dark }: Screen) {
        let mut arguments = vec![
            "--headless=new".to_owned(),
            // The tests may run as root, and in a machine without shared memory.
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--window-size={width},{height}"),
        ];
        arguments.extend(is_dark.then(|| "--force-dark-mode".to_owned()));
        let options = json!({
            "args": arguments,
            "mobileEmulation": {"deviceMetrics": {"width": width, "height": height, "pixelRatio": 1.0, "touch": false}},
        });
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "acceptInsecureCerts": true, "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}});
        let begun = self.post("", &wanted);
        let id = begun["sessionId"].as_str().expect("a session");
        self.session = format!("{}/{id}", self.session);
    }

    /// Shows an address.
    pub fn go(&self, url: &str) {
        self.post("/url", &json!({"url": url}));
    }

    /// The address that is shown.
    pub fn url(&self) -> String {
        text(self.get("/url"))
    }

    /// Clicks what a CSS selector names.
    pub fn click(&self, css: &str) {
        self.post(&format!("/element/{}/click", self.element(css)), &json!({}));
    }

    /// Types into what a CSS selector names.
    pub fn write(&self, css: &str, letters: &str) {
        self.post(&format!("/element/{}/value", self.element(css)), &json!({"text": letters}));
    }

    /// The words that are seen in what a CSS selector names; none if there is
    /// nothing of that. In one step: the page may be about to change.
    pub fn words(&self, css: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
        text(self.post("/execute/sync", &json!({"script": script, "args": [css]})))
    }

    /// How many things a CSS selector names.
    pub fn count(&self, css: &str) -> usize {
        let found = self.post("/elements", &json!({"using": "css selector", "value": css}));
        found.as_array().map_or(0, Vec::len)
    }

    /// What a piece of JavaScript returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until something holds.
    ///
    /// # Panics
    /// If it does not in time.
    pub fn wait_for(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let until = Instant::now() + DEADLINE;
        while !holds(self) {
            assert!(
                Instant::now() < until,
                "{what} does not come; {} says {}",
                self.url(),
                self.words("body")
            );
            thread::sleep(LOOK);
        }
    }

    /// What the page complained of: errors of scripts, what its policy forbade.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({"type": "browser"}));
        let entries = log.as_array().cloned().unwrap_or_default();
        let is_bad = |entry: &&Value| entry["level"] == "SEVERE";
        entries.iter().filter(is_bad).map(|entry| text(entry["message"].clone())).collect()
    }

    /// Writes what is seen to a PNG.
    pub fn picture(&self, to: &Path) {
        let encoded = text(self.get("/screenshot"));
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64");
        std::fs::write(to, bytes).expect("the picture can be written");
    }

    /// The number of the first thing that a selector names.
    fn element(&self, css: &str) -> String {
        let found = self.post("/element", &json!({"using": "css selector", "value": css}));
        text(found[ELEMENT].clone())
    }

    fn get(&self, path: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", self.session)).call();
        value(path, answer.expect("chromedriver answers"))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.session));
        let request = request.header("Content-Type", "application/json");
        value(path, request.send(body.to_string()).expect("chromedriver answers"))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Chromium ends with its session, not with its driver.
        let _ = self.client.delete(&self.session).call();
    }
}

fn value(path: &str, mut answer: ureq::http::Response<ureq::Body>) -> Value {
    let body = answer.body_mut().with_config().limit(64 << 20).read_to_string().expect("an answer");
    let mut answer: Value = serde_json::from_str(&body).expect("JSON");
    let value = answer["value"].take();
    assert!(value["error"].is_null(), "{path}: {}", value["message"]);
    value
}

fn text(value: Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
