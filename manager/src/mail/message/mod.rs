//! What a mail looks like: header and body, whatever stands in a log.
//!
//! Every byte that is sent is 7-bit ASCII (but for addresses that are not),
//! in lines that are short enough, so that a mail passes every server as it
//! is. A log may hold anything: what is not text is shown as `\xNN`, so
//! nothing is lost and nothing is obeyed by whoever shows it.
//!
//! | room | what happens there |
//! |---|---|
//! | `letter` | what is said: subject, text, HTML |
//! | `notification` | an alert, in OSSEC's layout |
//! | `digest` | what was held back, as a table |
//! | `readable` | bytes of a log as text |

mod digest;
mod letter;
mod notification;
mod readable;

use super::Account;
use crate::config::email::MailFormat;
use crate::outbox::{Content, Page};
use jiff::Zoned;
use letter::Letter;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;

/// Bytes of a line without its end (RFC 5322 §2.1.1).
const LINE_MAX: usize = 998;

/// A mail with this content for one address. `id` makes its `Message-ID`.
pub fn compose(account: &Account, to: &str, format: MailFormat, id: &str, content: &Content) -> Vec<u8> {
    let letter = Letter::new(account, format, content);
    let address = |name: Option<&'static str>, address: &str| Address::new_address(name, address.to_owned());
    let ours = |of: &str| address(Some("OSSEC HIDS"), of);
    let date = jiff::fmt::rfc2822::to_string(&Zoned::now()).unwrap_or_default();
    let mut mail = MessageBuilder::new().to(address(None, to)).from(ours(&account.from));
    if let Some(reply_to) = &account.reply_to {
        mail = mail.reply_to(ours(reply_to));
    }
    mail = mail
        .header("Date", Raw::new(date))
        .header("X-IDS-OSSEC", unstructured(&account.ids_name))
        .header("Subject", unstructured(&letter.subject))
        .message_id(format!("{id}@{}", domain(&account.ids_name)))
        .header("Auto-Submitted", Raw::new("auto-generated"));
    let text = text_part(&letter.text);
    let body = match letter.html {
        Some(page) => MimePart::new("multipart/alternative", vec![text, page_part(page)]),
        None => text,
    };
    let mut bytes = Vec::new();
    mail.body(body).serialize(&mut bytes);
    bytes
}

/// A text as it is, where every server and every reader can take it so: tools
/// that read OSSEC's mails see what they know.
fn text_part(text: &str) -> MimePart<'static> {
    let text = text.replace('\n', "\r\n");
    let is_short = |line: &str| line.len() <= LINE_MAX;
    match text.is_ascii() && text.split("\r\n").all(is_short) {
        true => MimePart::new("text/plain", text).transfer_encoding("7bit"),
        false => MimePart::new("text/plain", text),
    }
}

/// A page, with its picture inside the mail.
fn page_part(Page { markup, picture }: Page) -> MimePart<'static> {
    let markup = MimePart::new("text/html", markup);
    match picture {
        Some(picture) => {
            let picture = MimePart::new("image/png", picture).inline().cid(Page::PICTURE);
            MimePart::new("multipart/related", vec![markup, picture])
        }
        None => markup,
    }
}

/// The value of a header that is a text. It is one line already.
fn unstructured(text: &str) -> HeaderType<'static> {
    // What looks like an encoded word would be shown as something else.
    let text = text.replace("=?", "= ?");
    if text.is_ascii() { Raw::new(text).into() } else { Text::new(text).into() }
}

/// A name as the right side of a `Message-ID`.
pub(crate) fn domain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '.' };
    let domain: String = name.chars().map(plain).take(64).collect();
    match domain.split('.').filter(|label| !label.is_empty()).collect::<Vec<_>>().join(".") {
        domain if domain.is_empty() => "localhost".to_owned(),
        domain => domain,
    }
}

#[cfg(test)]
mod tests;
