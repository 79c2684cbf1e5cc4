//! The page of whoever is logged in: who that is, and another password.

use super::failure::Failure;
use super::guard;
use super::guard::Peer;
use super::login;
use super::route::{Needs, Route};
use super::viewer::{By, Viewer};
use super::{Console, password, shell};
use axum::Extension;
use axum::extract::{Form, State};
use axum::response::Response;
use maud::html;
use serde::Deserialize;
use std::sync::Arc;

/// The page.
pub(super) const PATH: &str = "/account";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(PATH, "Who is logged in", show),
        Route::post("/account/password", "Gives whoever is logged in another password", change)
            .for_whom(Needs::Reader),
    ]
}

#[derive(Deserialize)]
struct Changed {
    old: String,
    password: String,
    again: String,
}

async fn show(viewer: Viewer) -> Response {
    page(&viewer, None)
}

async fn change(
    State(console): State<Arc<Console>>,
    Extension(Peer(peer)): Extension<Peer>,
    viewer: Viewer,
    Form(changed): Form<Changed>,
) -> Result<Response, Failure> {
    if viewer.by == By::Token {
        return Err(Failure::Forbidden("A token has no password."));
    }
    let problem = password::problem(&changed.password);
    let differs = (changed.password != changed.again).then(|| "the two passwords differ".to_owned());
    if let Some(problem) = problem.or(differs) {
        return Ok(page(&viewer, Some(&problem)));
    }
    if login::check(&console, peer.ip(), &viewer.name, changed.old).await?.is_none() {
        return Ok(page(&viewer, Some("the password until now is another one")));
    }
    let digest = login::digest(&console, changed.password).await?;
    let (name, kept) = (viewer.name.clone(), digest.clone());
    console.accounts(move |accounts, _| Ok(accounts.set_password(&name, &kept)?)).await?;
    console.did(&viewer, format_args!("has a new password"));
    // All sessions of the user have ended with it, this one too.
    let cookie = console.begin_session(&viewer.name, &digest)?;
    Ok(guard::redirect(PATH, Some(cookie)))
}

fn page(viewer: &Viewer, problem: Option<&str>) -> Response {
    shell::page(
        viewer,
        "Your account",
        PATH,
        html! {
            p { "You are " b { bdi { (viewer.name) } } ", " (viewer.role.word()) "." }
            @if let By::Session { .. } = viewer.by {
                h2 { "Another password" }
                p.quiet { "Sessions elsewhere end with it." }
                @if let Some(problem) = problem { p.problem role="alert" { "Not changed: " (problem) "." } }
                form.narrow method="post" action="/account/password" {
                    (viewer.form_field())
                    label { "Password until now"
                        input type="password" name="old" required autocomplete="current-password"; }
                    label { "New password, at least " (password::LENGTH_MIN) " characters"
                        input type="password" name="password" required minlength=(password::LENGTH_MIN) autocomplete="new-password"; }
                    label { "The new password again"
                        input type="password" name="again" required autocomplete="new-password"; }
                    button { "Change" }
                }
            }
        },
    )
}
