//! The frame of every page: navigation, who is logged in, the way out.

use super::account;
use super::assets::{Asset, CSS, KEYS};
use super::viewer::Viewer;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

/// Where the navigation leads: path, name, and the key behind `g`.
pub const PLACES: [(&str, &str, &str); 10] = [
    ("/", "Overview", "o"),
    ("/alerts", "Alerts", "a"),
    ("/live", "Live", "l"),
    ("/graph", "Graph", "g"),
    ("/agents", "Agents", "n"),
    ("/responses", "Responses", "r"),
    ("/firewall", "Firewall", "f"),
    ("/rules", "Rules", "u"),
    ("/reports", "Reports", "p"),
    ("/system", "System", "s"),
];

/// A whole page. `current` is the path of its place in the navigation; `body`
/// stands in `<main>` below a heading with the title.
pub fn page(viewer: &Viewer, title: &str, current: &str, body: Markup) -> Response {
    page_with(viewer, title, current, &[], body)
}

/// The same with scripts of its own.
pub fn page_with(viewer: &Viewer, title: &str, current: &str, scripts: &[&Asset], body: Markup) -> Response {
    let scripts: Vec<&Asset> = scripts.iter().copied().chain([&*KEYS]).collect();
    whole(
        title,
        &scripts,
        html! {
            header {
                a.brand href="/" { "Bartizan" }
                nav aria-label="Pages" {
                    @for (path, name, key) in PLACES {
                        a href=(path) data-key=(key) aria-current=[(path == current).then_some("page")] { (name) }
                    }
                }
                form method="post" action="/logout" {
                    (viewer.form_field())
                    a href=(account::PATH) title=(viewer.role.word()) { bdi { (viewer.name) } }
                    button { "Log out" }
                }
            }
            main #main tabindex="-1" {
                h1 { (title) }
                (body)
            }
            dialog #keys aria-labelledby="keys-title" {
                h2 #keys-title { "Keys" }
                dl {
                    dt { kbd { "j" } " " kbd { "k" } } dd { "next and previous row" }
                    dt { kbd { "Enter" } } dd { "open the row" }
                    dt { kbd { "/" } } dd { "search" }
                    @for (_, name, key) in PLACES {
                        dt { kbd { "g" } " " kbd { (key) } } dd { (name) }
                    }
                    dt { kbd { "?" } } dd { "this list" }
                }
                form method="dialog" { button { "Close" } }
            }
        },
    )
}

/// A page for somebody who is not logged in.
pub(super) fn bare(title: &str, body: Markup) -> Response {
    whole(
        title,
        &[],
        html! {
            main.bare #main {
                h1 { (title) }
                (body)
            }
        },
    )
}

fn whole(title: &str, scripts: &[&Asset], body: Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Bartizan" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(CSS.path);
                @for script in scripts { script type="module" src=(script.path) {} }
            }
            body {
                a.skip href="#main" { "To the content" }
                (body)
            }
        }
    };
    Html(page.into_string()).into_response()
}
