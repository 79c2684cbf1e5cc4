//! The first user.
//!
//! Until there is one, a random key in a file that only the owner of the home
//! folder can read, `console-key`, lets whoever shows it name the first
//! administrator. It works once; then the file is removed.

use super::failure::Failure;
use super::guard;
use super::login;
use super::route::{Needs, Route};
use super::{Console, password, secret, shell};
use crate::news;
use axum::extract::{Form, Query, State};
use axum::response::Response;
use maud::html;
use serde::Deserialize;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The page.
const PATH: &str = "/first";

/// The file with the key, in the home folder.
pub(super) fn key_file(home: &Path) -> PathBuf {
    home.join("console-key")
}

/// The key as it is in its file, made if there is none; nobody else can read
/// it.
pub(super) fn open_key(home: &Path) -> io::Result<String> {
    let path = key_file(home);
    if let Ok(key) = fs::read_to_string(&path)
        && key.trim().len() >= 43
    {
        return Ok(key.trim().to_owned());
    }
    let key = secret::random()?;
    let _ = fs::remove_file(&path);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    writeln!(file, "{key}")?;
    Ok(key)
}

/// There is a user: the key is void.
pub(super) fn remove_key(home: &Path) {
    let _ = fs::remove_file(key_file(home));
}

/// The path of the page with a key.
pub(super) fn path_with(key: &str) -> String {
    format!("{PATH}?key={key}")
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(PATH, "The page on which the first user is named", ask).for_whom(Needs::Nobody),
        Route::post(PATH, "Names the first user", name).for_whom(Needs::Nobody),
    ]
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    key: String,
}

#[derive(Deserialize)]
struct Named {
    key: String,
    name: String,
    password: String,
    again: String,
}

async fn ask(State(console): State<Arc<Console>>, Query(shown): Query<Shown>) -> Result<Response, Failure> {
    check(&console, &shown.key).await?;
    Ok(form(&shown.key, "", None))
}

async fn name(State(console): State<Arc<Console>>, Form(named): Form<Named>) -> Result<Response, Failure> {
    check(&console, &named.key).await?;
    let problem = password::problem(&named.password);
    let differs = (named.password != named.again).then(|| "the two passwords differ".to_owned());
    if let Some(problem) = problem.or(differs) {
        return Ok(form(&named.key, &named.name, Some(&problem)));
    }
    let digest = login::digest(&console, named.password).await?;
    let (name, kept) = (named.name.clone(), digest.clone());
    let added = console.accounts(move |accounts, now| Ok(accounts.add_first(&name, &kept, now))).await?;
    if let Err(error) = added {
        return Ok(form(&named.key, &named.name, Some(&error.to_string())));
    }
    console.first_is_named();
    news::tell(format_args!("console: {} is the first user, an administrator", named.name));
    let cookie = console.begin_session(&named.name, &digest)?;
    Ok(guard::redirect("/", Some(cookie)))
}

/// Whether somebody has the key, and it still opens something.
async fn check(console: &Arc<Console>, key: &str) -> Result<(), Failure> {
    let has_users = console.accounts(|accounts, _| Ok(accounts.has_users()?)).await?;
    if has_users {
        console.first_is_named();
    }
    match console.has_first_key(key) {
        true => Ok(()),
        false if has_users => Err(Failure::Forbidden("There is a user already: log in.")),
        false => Err(Failure::Forbidden("This is not the key. It stands in console-key in the home folder.")),
    }
}

fn form(key: &str, name: &str, problem: Option<&str>) -> Response {
    shell::bare(
        "The first user",
        html! {
            p { "Nobody can log in yet. Name the first administrator." }
            @if let Some(problem) = problem { p.problem role="alert" { "Not yet: " (problem) "." } }
            form.narrow method="post" action=(PATH) {
                input type="hidden" name="key" value=(key);
                label { "Name" input name="name" value=(name) required minlength="2" maxlength="128" pattern="[A-Za-z0-9._\\-]+" autocomplete="username" autofocus; }
                label { "Password, at least " (password::LENGTH_MIN) " characters"
                    input type="password" name="password" required minlength=(password::LENGTH_MIN) autocomplete="new-password"; }
                label { "The password again"
                    input type="password" name="again" required autocomplete="new-password"; }
                button { "Begin" }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_stays_the_same_over_restarts_and_nobody_else_can_read_it() {
        let home = tempfile::tempdir().expect("a folder");
        let key = open_key(home.path()).expect("a key");
        assert_eq!(open_key(home.path()).expect("the same"), key);
        let mode = key_file(home.path()).metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        remove_key(home.path());
        assert_ne!(open_key(home.path()).expect("another"), key);
    }
}
