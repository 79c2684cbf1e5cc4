//! Who may pass, and what every answer carries.
//!
//! No handler does any of this by itself: each address of the table is behind
//! [`guarded`] with what it needs, and all of them behind [`everywhere`].
//!
//! * A program shows a token (`Authorization: Bearer …`), a browser the cookie
//!   of its session.
//! * What changes something must come from a page of ours: the browser says so
//!   (`Sec-Fetch-Site`, `Origin`), and the form carries the session's own word.
//!   A token is sent by no browser on its own, and needs neither.
//! * At an address of this machine alone, only its own names are answered to:
//!   else a page elsewhere could point a name of its own here (DNS rebinding).

use super::failure::Failure;
use super::route::Needs;
use super::secret;
use super::shell;
use super::viewer::{By, Role, Viewer};
use super::{Console, Front};
use axum::Router;
use axum::body::{self, Body};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::MethodRouter;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// The field of a form that carries the session's word, and the header that
/// may carry it instead.
pub(super) const FORM_FIELD: &str = "form";
const FORM_HEADER: &str = "x-form";

/// Bytes of what is sent to us, and how long it may take.
pub(super) const BODY_MAX: usize = 64 << 10;
const BODY_TIME: Duration = Duration::from_secs(10);

/// What a page may do: nothing is loaded from elsewhere, nothing that stands
/// in a page is run, and no page of others shows ours. An answer may come with
/// a policy of its own, which holds instead.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What every answer carries. The referrer stays among our pages; without any,
/// browsers would not tell the origin of our own forms.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// What answers at an address, behind what it needs.
pub(super) fn guarded(
    does: MethodRouter<Arc<Console>>,
    needs: Needs,
    console: &Arc<Console>,
) -> MethodRouter<Arc<Console>> {
    let gate = (Arc::clone(console), needs);
    does.layer(middleware::from_fn_with_state(gate, pass))
}

/// What holds for every answer, also where there is nothing.
pub(super) fn everywhere(router: Router<Arc<Console>>, console: &Arc<Console>) -> Router<Arc<Console>> {
    let nothing = || async { Failure::NotFound };
    router.fallback(nothing).layer(middleware::from_fn_with_state(Arc::clone(console), answer))
}

async fn pass(
    State((console, needs)): State<(Arc<Console>, Needs)>,
    request: Request,
    next: Next,
) -> Response {
    match admit(&console, needs, request).await {
        Ok(request) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// The request of somebody who may pass, with the viewer in it.
async fn admit(console: &Arc<Console>, needs: Needs, mut request: Request) -> Result<Request, Failure> {
    let viewer = match needs {
        Needs::Nobody => None,
        Needs::Reader | Needs::Administrator => {
            Some(viewer(console, request.headers()).await?.ok_or(Failure::Unknown)?)
        }
    };
    if needs == Needs::Administrator && viewer.as_ref().is_none_or(|viewer| !viewer.may_act()) {
        return Err(Failure::Forbidden("Only administrators do this."));
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        request = changing(request, viewer.as_ref()).await?;
    }
    if let Some(viewer) = viewer {
        request.extensions_mut().insert(viewer);
    }
    Ok(request)
}

/// A request that changes something, read whole and known to be meant.
async fn changing(request: Request, viewer: Option<&Viewer>) -> Result<Request, Failure> {
    let by = viewer.map(|viewer| &viewer.by);
    if by != Some(&By::Token) && !is_of_our_page(request.headers()) {
        return Err(Failure::Forbidden("This did not come from a page of this console."));
    }
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(BODY_TIME, body::to_bytes(body, BODY_MAX)).await;
    let read = read.map_err(|_| Failure::Bad("This took too long.".to_owned()))?;
    let bytes =
        read.map_err(|_| Failure::Bad(format!("More than {} KiB cannot be sent.", BODY_MAX >> 10)))?;
    if let Some(By::Session { form, .. }) = by {
        let header = parts.headers.get(FORM_HEADER).and_then(|value| value.to_str().ok());
        let in_form = || field(&parts.headers, &bytes);
        let carried = header.map(str::to_owned).or_else(in_form).unwrap_or_default();
        if !secret::is_same(&carried, form) {
            return Err(Failure::Forbidden("This form is not of your session: load the page again."));
        }
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// The session's word in a form.
pub(super) fn field(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    // It has no character that a form would write otherwise.
    let fields = body.split(|byte| *byte == b'&');
    let value =
        fields.filter_map(|field| field.strip_prefix(FORM_FIELD.as_bytes())?.strip_prefix(b"=")).next();
    value.and_then(|value| String::from_utf8(value.to_vec()).ok())
}

/// Whether a browser says that a request was made by a page of ours. What is
/// no browser says nothing, and carries no cookie it did not mean to.
pub(super) fn is_of_our_page(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text(&HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let Some(origin) = text(&header::ORIGIN) else { return true };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some() && authority == text(&header::HOST)
}

/// Who asks, if it is anybody.
async fn viewer(console: &Arc<Console>, headers: &HeaderMap) -> Result<Option<Viewer>, Failure> {
    if let Some(shown) = headers.get(header::AUTHORIZATION) {
        let token = shown.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).map(secret::key);
        return match token {
            Some(key) => console.accounts(move |accounts, now| of_token(accounts.token(&key, now)?)).await,
            None => Ok(None),
        };
    }
    let cookie = cookie(headers, console.front.cookie());
    let Some(key) = cookie.map(secret::key) else { return Ok(None) };
    let Some(session) = console.sessions().used(&key, console.clock()) else { return Ok(None) };
    console.of_session(key, session).await
}

fn of_token(found: Option<(String, Role)>) -> Result<Option<Viewer>, Failure> {
    Ok(found.map(|(name, role)| Viewer { name, role, by: By::Token }))
}

/// A cookie's value.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Looks at the name that is asked for, has the request answered, and puts
/// onto the answer what all carry.
async fn answer(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = match is_our_name(&console.front, request.headers()) {
        true => next.run(request).await,
        false => Failure::Bad("This console does not answer to that name.".to_owned()).into_response(),
    };
    let mut response = match response.extensions().get::<Failure>() {
        Some(failure) => shown(failure.clone(), &method, &uri, response),
        None => response,
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether the name in `Host` is one that this console has. Only where nobody
/// but this machine can connect can it be known.
pub(super) fn is_our_name(front: &Front, headers: &HeaderMap) -> bool {
    if !front.is_for_this_machine() {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A failure as the address wants it: JSON for programs, a page for people,
/// and for those who are not logged in the way there.
fn shown(failure: Failure, method: &Method, uri: &Uri, response: Response) -> Response {
    let is_for_programs = ["/api/", "/metrics"].iter().any(|start| uri.path().starts_with(start));
    if is_for_programs {
        let words = serde_json::json!({ "error": failure.words() });
        let mut shown = (response.status(), axum::Json(words)).into_response();
        if failure == Failure::Unknown {
            let bearer = HeaderValue::from_static("Bearer");
            shown.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        return keep_retry(shown, &response);
    }
    if failure == Failure::Unknown && method == Method::GET {
        let to = uri.path_and_query().map_or("/", |to| to.as_str());
        return Redirect::to(&super::login::path_to(to)).into_response();
    }
    let title = response.status().canonical_reason().unwrap_or("Error");
    let page = shell::bare(
        title,
        maud::html! {
            p { (failure.words()) }
            p { a href="/" { "To the overview" } }
        },
    );
    keep_retry((response.status(), page).into_response(), &response)
}

fn keep_retry(mut shown: Response, response: &Response) -> Response {
    if let Some(after) = response.headers().get(header::RETRY_AFTER) {
        shown.headers_mut().insert(header::RETRY_AFTER, after.clone());
    }
    shown
}

/// That something is over there now, and a cookie with it.
pub(super) fn redirect(to: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests;
