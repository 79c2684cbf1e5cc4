//! The table of all addresses: router, guard, tests and the description of the
//! interface for programs come from it, so that none of them can forget one.

use super::{Console, guard};
use axum::Router;
use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use std::sync::Arc;

/// Who may come to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody: what is needed to log in.
    Nobody,
    /// Whoever has a session or a token.
    Reader,
    /// Whoever may change things.
    Administrator,
}

/// One address with one method.
#[derive(Clone, Debug)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path, with `{names}` for its variable parts.
    pub path: &'static str,
    /// Who may come.
    pub needs: Needs,
    /// What is there, in one line, for the description of the interface.
    pub about: &'static str,
    does: MethodRouter<Arc<Console>>,
}

impl Route {
    /// Something to look at: `GET`, for readers.
    pub fn get<T: 'static>(
        path: &'static str,
        about: &'static str,
        handler: impl Handler<T, Arc<Console>>,
    ) -> Self {
        Self { method: "GET", path, needs: Needs::Reader, about, does: routing::get(handler) }
    }

    /// Something to do: `POST`, for administrators. What was done, and by
    /// whom, is told by [`Console::did`].
    pub fn post<T: 'static>(
        path: &'static str,
        about: &'static str,
        handler: impl Handler<T, Arc<Console>>,
    ) -> Self {
        Self { method: "POST", path, needs: Needs::Administrator, about, does: routing::post(handler) }
    }

    /// The same for others.
    pub fn for_whom(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }
}

/// All addresses.
pub fn table() -> Vec<Route> {
    let mut all = Vec::new();
    all.extend(super::login::routes());
    all.extend(super::first::routes());
    all.extend(super::account::routes());
    all.extend(super::assets::routes());
    all.extend(super::metrics::routes());
    all.extend(super::pages::routes());
    all.extend(super::api::routes());
    all
}

/// The router of all addresses, each behind its guard.
pub(super) fn router(console: Arc<Console>) -> Router {
    let add = |router: Router<Arc<Console>>, route: Route| {
        router.route(route.path, guard::guarded(route.does, route.needs, &console))
    };
    let router = table().into_iter().fold(Router::new(), add);
    guard::everywhere(router, &console).with_state(console)
}
