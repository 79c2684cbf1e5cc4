//! Mail: `<global>` and `<email_alerts>`.

use super::*;
use crate::config::email::{MailFormat, Security, is_address};

const ON: &str = "<global><email_notification>yes</email_notification><smtp_server>localhost</smtp_server>\
    <email_from>ids@example.com</email_from><email_to>root@example.com</email_to></global>";

fn problem(inner: &str) -> String {
    let (_, _, report) = read(inner);
    assert_eq!(report.iter().count(), 1, "{inner}: {:?}", problems(&report));
    problems(&report).remove(0)
}

#[test]
fn everything_about_mail_is_read() {
    let folder = Folder::new().with("etc/password", "hunter2\n");
    use std::os::unix::fs::PermissionsExt;
    let secret = folder.0.join("etc/password");
    std::fs::set_permissions(secret, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    let text = "<ossec_config><global><email_notification>yes</email_notification><email_to>a@example.com</email_to>\
        <email_from>ids@example.com</email_from><email_reply_to>team@example.com</email_reply_to>\
        <email_idsname>keep</email_idsname><smtp_server>mail.example.com</smtp_server>\
        <helo_server>keep.example.com</helo_server><email_maxperhour>20</email_maxperhour>\
        <auth_smtp>yes</auth_smtp><auth_without_tls>no</auth_without_tls><secure_smtp>starttls</secure_smtp>\
        <smtp_tls_verify>yes</smtp_tls_verify><smtp_tls_ca>etc/ca.pem</smtp_tls_ca><smtp_user>us</smtp_user>\
        <smtp_password file=\"etc/password\"/><smtp_port>2525</smtp_port></global></ossec_config>";
    let (config, sources, report) = read_in(&folder.home(), text);
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    let email = &config.global.email;
    assert_eq!((email.secure_smtp, email.smtp_port, email.max_per_hour), (Security::StartTls, Some(2525), Some(20)));
    assert_eq!(email.smtp_tls_ca.as_deref(), Some(folder.0.join("etc/ca.pem").as_path()));
    assert_eq!(email.smtp_password.as_ref().map(Secret::reveal), Some("hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn granular_mail_is_read() {
    let (config, sources, report) = read(&format!(
        "{ON}<email_alerts><email_to>a@example.com</email_to><level>10</level><rule_id>5712, 5720</rule_id>\
         <group>sshd|pam</group><event_location>web1|(gate)</event_location><format>sms</format><do_not_delay />\
         <do_not_group /></email_alerts>\
         <email_alerts><email_to>b@example.com</email_to><group>^syslog</group><format>full</format>\
         <max_per_hour>3</max_per_hour><quiet_hours level=\"12\">22:00-07:00</quiet_hours></email_alerts>"
    ));
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    let [first, second] = config.email_alerts.as_slice() else { panic!("two of them") };
    assert_eq!((first.to.as_str(), first.format), ("a@example.com", MailFormat::Sms));
    let wanted = &first.selection;
    assert_eq!((wanted.level, wanted.rules.as_slice()), (10, [5712, 5720].as_slice()));
    assert_eq!(wanted.group_pattern.as_deref(), Some("sshd|pam"));
    assert!(wanted.mailed && wanted.at_once && wanted.alone && wanted.location.is_some());
    assert_eq!((second.format, second.terms.max_per_hour), (MailFormat::Full, Some(3)));
    assert!(second.terms.quiet_hours.is_some() && !second.selection.at_once);
}

#[test]
fn mistakes_about_mail_are_explained() {
    let block = |inner: &str| format!("{ON}<email_alerts>{inner}</email_alerts>");
    let to = "<email_to>a@example.com</email_to>";
    let cases = [
        (block("<level>10</level>"), "this <email_alerts> has no <email_to> | name who is told"),
        (block(to), "this <email_alerts> says nothing of which alerts | add a condition"),
        (block(&format!("{to}<level>high</level><do_not_delay/>")), "<level> takes a number"),
        (block(&format!("{to}<do_not_group/><format>pdf</format>")), "<format> takes default, full, sms"),
        (block(&format!("{to}<level>3</level><grup>x</grup>")), "there is no option <grup> in <email_alerts> | did you mean <group>?"),
        (
            block("<email_to>a@example.com, b@example.com</email_to><level>3</level>"),
            "`a@example.com, b@example.com` is not a mail address | write it as me@example.com",
        ),
        (
            "<email_alerts><email_to>a@example.com</email_to><level>3</level></email_alerts>".to_owned(),
            "warning: mail is not switched on: nobody is told | add <email_notification>yes",
        ),
        (
            "<global><email_to>a@b&gt;\r\nRCPT TO:&lt;c@d</email_to></global>".to_owned(),
            "`a@b&gt;\r\nRCPT TO:&lt;c@d` is not a mail address",
        ),
        ("<global><secure_smtp>ssl</secure_smtp></global>".to_owned(), "<secure_smtp> takes no, yes, starttls, tls"),
        ("<global><email_idsname>a\nb</email_idsname></global>".to_owned(), "<email_idsname> takes one line"),
        ("<global><helo_server>a b</helo_server></global>".to_owned(), "`a b` is no name of a machine"),
        (
            "<global><smtp_password file=\"/nonexistent/secret\"/></global>".to_owned(),
            "`/nonexistent/secret`: ",
        ),
    ];
    for (inner, expected) in cases {
        let found = problem(&inner);
        assert!(found.starts_with(expected), "{inner}: {found}");
    }
}

#[test]
fn what_mail_cannot_be_sent_without_is_named() {
    let (_, _, report) = read("<global><email_notification>yes</email_notification><auth_smtp>yes</auth_smtp></global>");
    let found = problems(&report);
    for option in ["smtp_server", "email_from", "email_to", "smtp_user", "smtp_password"] {
        let message = format!("mail cannot be sent without <{option}>");
        assert!(found.iter().any(|problem| problem.starts_with(&message)), "{option}: {found:?}");
    }
    assert_eq!(found.len(), 5);
}

#[test]
fn an_address_is_one_address() {
    for good in ["root@example.com", "root", "a.b+c@x", "o'hara@example.com", "gr\u{fc}\u{df}e@example.com"] {
        assert!(is_address(good), "{good}");
    }
    let long = format!("{}@example.com", "a".repeat(300));
    for bad in ["", "@example.com", "a@", "a b@c", "a@b,c@d", "<a@b>", "a\r\nb@c", "-t@x", "a\"@b", &long] {
        assert!(!is_address(bad), "{bad}");
    }
}

#[test]
fn options_of_maild_are_numbers_like_others() {
    let folder = Folder::new().with(
        "etc/internal_options.conf",
        "maild.groupping=0\nmaild.full_subject=1\nmaild.strict_checking=1\nmaild.grouping=1\n",
    );
    let mut report = Diagnostics::new();
    let internal = Internal::read(&folder.home(), &mut Sources::new(), &mut report);
    assert!(!internal.mail_grouping && internal.full_subject);
    assert_eq!(problems(&report), ["there is no option maild.grouping | did you mean maild.groupping?"]);
}
