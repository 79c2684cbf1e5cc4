//! In and out.
//!
//! One password is looked at at a time: each takes memory and time on purpose.
//! A few may wait; more are sent away. Whether a name exists is not told, in
//! words or in time.

use super::failure::Failure;
use super::guard::{self, Peer};
use super::route::{Needs, Route};
use super::viewer::{By, Viewer};
use super::{Console, password, shell};
use crate::diagnose::harmless_text;
use crate::news;
use axum::Extension;
use axum::extract::{Form, Query, State};
use axum::http::header::HeaderValue;
use axum::response::{IntoResponse, Response};
use maud::html;
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The page.
const PATH: &str = "/login";

/// Who may wait to have a password looked at.
const WAITING_MAX: usize = 16;

/// Bytes of an address to go on to.
const TO_MAX: usize = 4096;

/// The counter at which passwords are looked at.
#[derive(Debug)]
pub(super) struct Counter {
    one: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for Counter {
    fn default() -> Self {
        Self { one: Arc::new(Semaphore::new(1)), waiting: Semaphore::new(WAITING_MAX) }
    }
}

impl Counter {
    /// Does something with a password when it is its turn. Who goes away
    /// before does not let another one in too early.
    async fn turn<T: Send + 'static>(&self, act: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let _waiting = self.waiting.try_acquire().map_err(|_| Failure::Busy(1))?;
        let one = Arc::clone(&self.one).acquire_owned().await?;
        let done = tokio::task::spawn_blocking(move || {
            let _one = one;
            act()
        });
        Ok(done.await?)
    }
}

/// The digest of a new password.
pub(super) async fn digest(console: &Console, new: String) -> Result<String, Failure> {
    Ok(console.counter.turn(move || password::digest(&new)).await??)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(PATH, "The page to log in", ask).for_whom(Needs::Nobody),
        Route::post(PATH, "Logs in", enter).for_whom(Needs::Nobody),
        Route::post("/logout", "Logs out", leave).for_whom(Needs::Reader),
    ]
}

/// The page, with where to go from it.
pub(super) fn path_to(to: &str) -> String {
    if to == "/" || to.len() > TO_MAX {
        return PATH.to_owned();
    }
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let written =
        to.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    format!("{PATH}?to={}", written.collect::<String>())
}

/// Where to go: a path of ours, or the first page.
pub(super) fn ours(to: &str) -> &str {
    let is_path = to.starts_with('/') && !to.starts_with("//") && to.len() <= TO_MAX;
    if is_path && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') { to } else { "/" }
}

#[derive(Deserialize)]
struct Going {
    #[serde(default)]
    to: String,
}

#[derive(Deserialize)]
struct Shown {
    name: String,
    password: String,
    #[serde(default)]
    to: String,
}

async fn ask(State(console): State<Arc<Console>>, Query(going): Query<Going>) -> Result<Response, Failure> {
    let has_users = console.accounts(|accounts, _| Ok(accounts.has_users()?)).await?;
    if has_users {
        return Ok(form("", ours(&going.to), None));
    }
    Ok(shell::bare(
        "Nobody can log in yet",
        html! {
            p { "There is no user. Open the address that " code { "bartizan run" } " printed, or "
                code { "/first?key=" } " with what stands in the file " code { "console-key" } " in its home folder." }
            p { "Or, on the machine itself: " code { "bartizan console user add NAME --role administrator" } }
        },
    ))
}

async fn enter(
    State(console): State<Arc<Console>>,
    Extension(Peer(peer)): Extension<Peer>,
    Form(shown): Form<Shown>,
) -> Result<Response, Failure> {
    let (address, Shown { name, password, to }) = (peer.ip(), shown);
    let Some(digest) = check(&console, address, &name, password).await? else {
        let page = form(&name, ours(&to), Some("Name or password is wrong."));
        return Ok((axum::http::StatusCode::UNAUTHORIZED, page).into_response());
    };
    news::tell(format_args!("console: {name} has logged in from {address}"));
    Ok(guard::redirect(ours(&to), Some(console.begin_session(&name, &digest)?)))
}

/// The digest of the password, if it is the right one.
pub(super) async fn check(
    console: &Arc<Console>,
    address: IpAddr,
    name: &str,
    password: String,
) -> Result<Option<String>, Failure> {
    let (asked, name) = (Arc::clone(console), name.to_owned());
    console.counter.turn(move || look(&asked, address, &name, &password)).await?
}

fn look(console: &Console, address: IpAddr, name: &str, password: &str) -> Result<Option<String>, Failure> {
    let wait = console.attempts().wait(address, name, console.clock());
    if wait > 0 {
        return Err(Failure::Busy(wait));
    }
    let known = console.accounts_now().user(name)?.map(|(_, digest)| digest);
    if password::is(password, known.as_deref()) {
        console.attempts().succeeded(address, name);
        return Ok(known);
    }
    console.attempts().failed(address, name, console.clock());
    let name: String = harmless_text(name).chars().take(128).collect();
    news::tell(format_args!("console: password of `{name}` from {address} refused"));
    Ok(None)
}

async fn leave(State(console): State<Arc<Console>>, viewer: Viewer) -> Result<Response, Failure> {
    if let By::Session { key, .. } = &viewer.by {
        console.sessions().end(key);
        console.did(&viewer, format_args!("has logged out"));
    }
    let gone = HeaderValue::try_from(console.front.set_cookie(""))?;
    Ok(guard::redirect(PATH, Some(gone)))
}

fn form(name: &str, to: &str, problem: Option<&str>) -> Response {
    shell::bare(
        "Log in",
        html! {
            @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
            form.narrow method="post" action=(PATH) {
                @if to != "/" { input type="hidden" name="to" value=(to); }
                label { "Name" input name="name" value=(name) required maxlength="128" autocomplete="username" autofocus; }
                label { "Password" input type="password" name="password" required autocomplete="current-password"; }
                button { "Log in" }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere_after_logging_in() {
        for (to, goes) in [
            ("/alerts?level=7&since=1d", "/alerts?level=7&since=1d"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nSet-Cookie: x=y", "/"),
            ("", "/"),
        ] {
            assert_eq!(ours(to), goes, "{to}");
        }
        assert_eq!(path_to("/alerts?level=7"), "/login?to=/alerts%3Flevel%3D7");
        assert_eq!(path_to("/"), PATH);
    }
}
