//! The console in a real browser: everything that somebody does with it, at a
//! desk and on a telephone.
//!
//! With `BARTIZAN_PICTURES=FOLDER` each page is also kept as a picture, to be
//! looked at.

use super::pages::{append, hostile};
use super::{Consoled, PASSWORD, add_user, configure_with};
use bartizan_tests::Folder;
use bartizan_tests::chromium::{Chromium, Screen};
use std::fmt::Write;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Rows that a live view keeps.
const LIVE_MAX: usize = 200;

/// Writes down what it is asked for.
const NOTE: &str = "#!/bin/sh\necho \"$1 $3\" >> \"$(dirname \"$0\")/../../noted\"\n";

const ACTION: &str = "<command><name>note</name><executable>note</executable><expect>srcip</expect>\
     <timeout_allowed>yes</timeout_allowed></command><active-response><command>note</command>\
     <location>server</location><rules_id>999</rules_id></active-response><console></console>";

/// A manager with alerts, and with a response that can be carried out.
fn attacked(name: &str) -> Consoled {
    let home = Folder::new(name);
    add_user(&home, "ada", "administrator");
    let script = home.write("active-response/bin/note", NOTE);
    fs::set_permissions(script, Permissions::from_mode(0o755)).expect("it is ours");
    configure_with(&home, ACTION);
    let console = Consoled::run_in(home);
    append(&console, &hostile().concat());
    console
}

/// A browser in which somebody has logged in.
fn logged_in(console: &Consoled, screen: Screen) -> Option<Chromium> {
    let browser = Chromium::open(screen)?;
    browser.go(&console.at("/alerts?level=5"));
    browser.write("input[name=name]", "ada");
    browser.write("input[name=password]", "not her password");
    browser.click("main form button");
    browser.wait_for("a refusal", |browser| browser.words("main").contains("wrong"));
    browser.write("input[name=password]", PASSWORD);
    browser.click("main form button");
    browser.wait_for("where she wanted to be", |browser| browser.url().ends_with("/alerts?level=5"));
    // The refusal is a status that the browser notes.
    browser.complaints();
    Some(browser)
}

/// What is wrong with a page that is shown.
fn check(browser: &Chromium, what: &str) {
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{what}: {complaints:?}");
    let beyond = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(browser.run(beyond).as_i64(), Some(0), "{what} is wider than the window");
    assert_eq!(browser.count("h1"), 1, "{what}");
    let nameless = "return [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
        .filter(field => field.labels.length === 0 && !field.ariaLabel).length";
    assert_eq!(browser.run(nameless).as_i64(), Some(0), "{what}: fields without a label");
}

fn keep(browser: &Chromium, name: &str) {
    if let Some(folder) = std::env::var_os("BARTIZAN_PICTURES") {
        browser.picture(&PathBuf::from(folder).join(format!("{name}.png")));
    }
}

fn see_all_pages(name: &str, screen: Screen) {
    let console = attacked(&format!("console-seen-{name}"));
    let Some(browser) = logged_in(&console, screen) else { return };
    browser.wait_for("all alerts", |browser| {
        browser.go(&console.at("/alerts?text=149"));
        browser.count("[data-row]") > 0
    });
    let pages = [
        ("overview", "/"),
        ("alerts", "/alerts"),
        ("alert", "/alerts/2"),
        ("live", "/live"),
        ("graph", "/graph"),
        ("agents", "/agents"),
        ("responses", "/responses"),
        ("firewall", "/firewall"),
        ("rules", "/rules?text=sshd"),
        ("rule", "/rules/5716"),
        ("try", "/rules/try"),
        ("reports", "/reports"),
        ("system", "/system"),
        ("account", "/account"),
    ];
    for (page, path) in pages {
        browser.go(&console.at(path));
        check(&browser, path);
        keep(&browser, &format!("{name}-{page}"));
    }
}

#[test]
fn each_page_fits_a_desk() {
    see_all_pages("desk", Screen::DESK);
}

#[test]
fn each_page_fits_a_telephone_in_the_dark() {
    see_all_pages("telephone", Screen::TELEPHONE);
}

#[test]
fn somebody_looks_filters_and_acts() {
    let console = attacked("console-acts");
    let Some(browser) = logged_in(&console, Screen::DESK) else { return };
    // A filter is in the address bar, and what is clicked narrows it.
    browser.wait_for("alerts", |browser| {
        browser.go(&console.at("/alerts"));
        browser.count("a[rel=next]") == 1
    });
    browser.write("input[name=text]", "192.0.2.7");
    browser.click("form.filter button");
    browser.wait_for("the one alert", |browser| browser.count("[data-row]") == 1);
    assert!(browser.url().contains("text=192.0.2.7"), "{}", browser.url());
    browser.click("[data-row] a");
    browser.wait_for("the alert", |browser| browser.url().contains("/alerts/"));
    assert!(browser.words("main").contains("<script>alert(1)</script>"), "{}", browser.words("main"));
    graph(&console, &browser);
    live(&console, &browser);
    responses(&console, &browser);
    browser.click("header form button");
    browser.wait_for("the way out", |browser| browser.url().contains("/login"));
    browser.go(&console.at("/alerts"));
    assert!(browser.url().contains("/login"), "{}", browser.url());
    assert_eq!(browser.complaints(), [""; 0]);
}

/// A box of the graph leads to its alerts; + makes it larger.
fn graph(console: &Consoled, browser: &Chromium) {
    browser.go(&console.at("/graph"));
    let press = |key: &str| {
        let event = format!("new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}})");
        browser.run(&format!("document.body.dispatchEvent({event})"));
    };
    let wide = || browser.run("return document.querySelector('#graph svg').viewBox.baseVal.width").as_f64();
    let before = wide();
    press("+");
    assert!(wide() < before, "{before:?} {:?}", wide());
    press("0");
    assert_eq!(wide(), before);
    browser.click("#graph a");
    browser.wait_for("alerts of the box", |browser| browser.url().contains("/alerts?"));
    assert!(browser.count("[data-row]") > 0);
}

/// Alerts come by themselves, and many do not fill the page.
fn live(console: &Consoled, browser: &Chromium) {
    browser.go(&console.at("/live"));
    browser.wait_for("the stream", |browser| browser.words("#told").contains("Waits"));
    let failed = |user: &str, n: usize| {
        format!(
            "Nov 22 03:00:00 gate sshd[4]: Failed password for {user} from 198.51.100.{} port 4 ssh2\n",
            n % 250
        )
    };
    append(console, &failed("livia", 1));
    browser.wait_for("the alert", |browser| browser.words("#live").contains("livia"));
    let mut many = String::new();
    (0..5000).for_each(|n| many.write_str(&failed("many", n)).expect("memory"));
    append(console, &many);
    append(console, &failed("octavia", 2));
    browser.wait_for("the last alert", |browser| browser.words("#live").contains("octavia"));
    let rows = browser.count("#live [data-row]");
    assert!((1..=LIVE_MAX).contains(&rows), "{rows}");
    check(browser, "/live");
}

/// Waits until a question has its answer: to go elsewhere sooner may take it back.
fn answered(browser: &Chromium) {
    browser.wait_for("the answer", |browser| !browser.words("main").contains("Are you sure?"));
}

/// A response is carried out by hand after a question, and undone.
fn responses(console: &Consoled, browser: &Chromium) {
    let noted = || fs::read_to_string(console.home.join("noted")).unwrap_or_default();
    browser.go(&console.at("/responses"));
    browser.click("details summary");
    browser.write("input[name=response]", "note");
    browser.write("input[name=agent]", "server");
    browser.write("form[action='/responses/run'] input[name=ip]", "192.0.2.77");
    browser.write("input[name=for_s]", "600");
    browser.click("form[action='/responses/run'] button");
    browser.wait_for("the question", |browser| browser.words("main").contains("Are you sure?"));
    check(browser, "the question");
    assert_eq!(noted(), "");
    browser.click("form[action='/responses/run'] button");
    answered(browser);
    browser.wait_for("what is in force", |browser| {
        browser.go(&console.at("/responses"));
        browser.words("main").contains("192.0.2.77")
    });
    browser.wait_for("the script", |_| !noted().is_empty());
    assert_eq!(noted(), "add 192.0.2.77\n");
    keep(browser, "desk-blocked");
    browser.wait_for("the button to undo", |browser| browser.count("form[action='/responses/undo']") > 0);
    browser.click("form[action='/responses/undo'] button");
    browser.wait_for("the question", |browser| browser.words("main").contains("Are you sure?"));
    browser.click("form[action='/responses/undo'] button");
    answered(browser);
    browser.wait_for("the end of it", |_| noted() == "add 192.0.2.77\ndelete 192.0.2.77\n");
    browser.wait_for("nothing in force", |browser| {
        browser.go(&console.at("/responses"));
        browser.words("main").contains("Nothing is blocked")
    });
}
