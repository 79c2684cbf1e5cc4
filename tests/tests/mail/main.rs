//! Mail over real connections: to a server of our own that fails when it is
//! told to, and to one that others have written.

mod arrival;
mod changes;
mod command;
mod daemon;
mod exim;
mod faults;
mod reports;
mod secrecy;

use bartizan::config::Secret;
use bartizan::config::email::{MailFormat, Security};
use bartizan::mail::smtp::{Login, Server, Timing};
use bartizan::mail::{Account, Recipient, Route};
use bartizan::outbox::{Content, Destination, Notice, Parcel};
use bartizan_tests::smtp_server::SmtpServer;
use std::sync::Arc;
use std::time::Duration;

/// How to talk to a server of ours.
fn server(smtp: &SmtpServer) -> Server {
    Server {
        host: "127.0.0.1".to_owned(),
        port: smtp.address.port(),
        security: Security::Offered,
        verify: true,
        ca: None,
        helo: "client.example".to_owned(),
        login: None,
        timing: Timing::default(),
    }
}

fn login() -> Login {
    Login { user: "us".to_owned(), password: Secret::new("hunter2"), without_tls: false }
}

fn account(server: Server) -> Arc<Account> {
    Arc::new(Account {
        from: "ids@example.com".to_owned(),
        reply_to: None,
        ids_name: "keep".to_owned(),
        full_subject: false,
        route: Route::Server(server),
    })
}

fn recipient(server: Server) -> Recipient {
    Recipient::new(account(server), "root@example.com", MailFormat::Full)
}

/// A parcel with a short mail in it.
fn parcel(recipient: &Recipient, id: &str) -> Parcel {
    let notice = Notice { title: format!("mail {id}"), text: "a text".to_owned(), html: None };
    let content = Content { notice: Some(notice), ..Content::default() };
    Parcel { id: id.to_owned(), payload: recipient.render(id, &content) }
}

/// Limits that a test can wait for.
fn impatient() -> Timing {
    let all = Duration::from_millis(500);
    Timing { connect: all, step: all, whole: 2 * all }
}
