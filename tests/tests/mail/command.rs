//! `bartizan mail test`: every step is shown, no secret is, and what to do if
//! it does not work.

use bartizan_tests::Folder;
use bartizan_tests::process::{Finished, command, finish};
use bartizan_tests::smtp_server::{Fault, SmtpOptions, SmtpServer, Stage};
use std::os::unix::fs::PermissionsExt;

/// Runs the command with these options in `<global>`.
fn test(folder: &Folder, options: &str) -> Finished {
    let configuration = format!(
        "<ossec_config><global><email_notification>yes</email_notification>\
         <email_to>root@example.com</email_to><email_from>ids@example.com</email_from>\
         {options}</global></ossec_config>"
    );
    let conf = folder.write("bartizan.conf", configuration).display().to_string();
    let home = folder.path().display().to_string();
    finish(&mut command(&["mail", "test", "you@example.com", "-c", &conf, "--home", &home]), b"")
}

fn at(smtp: &SmtpServer) -> String {
    format!("<smtp_server>127.0.0.1</smtp_server><smtp_port>{}</smtp_port>", smtp.address.port())
}

#[test]
fn each_step_is_shown_and_the_password_is_not() {
    let folder = Folder::new("mail-command");
    let login = Some(("us", "hunter2"));
    let smtp = SmtpServer::start(SmtpOptions { starttls: true, login, ..SmtpOptions::default() });
    folder.write("ca.pem", &smtp.certificate);
    let password = folder.write("password", "hunter2\n");
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    let options = format!(
        "{}<secure_smtp>starttls</secure_smtp><smtp_tls_ca>{}</smtp_tls_ca><auth_smtp>yes</auth_smtp>\
         <smtp_user>us</smtp_user><smtp_password file=\"{}\"/>",
        at(&smtp),
        folder.join("ca.pem").display(),
        password.display(),
    );
    let done = test(&folder, &options);
    assert_eq!(done.code, Some(0), "{done:?}");
    for shown in [
        "connecting to",
        "> EHLO",
        "> STARTTLS",
        "certificate is good",
        "> AUTH PLAIN …",
        "< 250 2.0.0 taken",
    ] {
        assert!(done.out.contains(shown), "{shown}: {}", done.out);
    }
    assert!(!done.out.contains("hunter2") && !done.out.contains("aHVudGVyMg"), "{}", done.out);
    let mail = smtp.wait_for(1).remove(0);
    assert_eq!((mail.to.as_slice(), mail.secret), (["you@example.com".to_owned()].as_slice(), true));
}

#[test]
fn what_went_wrong_is_said_with_what_to_do() {
    let folder = Folder::new("mail-command-wrong");
    let smtp = SmtpServer::start(SmtpOptions::default());
    smtp.fail(Stage::Recipient, Fault::Say("554 5.7.1 Relay access denied"), 1);
    let done = test(&folder, &at(&smtp));
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("Relay access denied") && done.err.contains("<auth_smtp>"), "{}", done.err);
    let missing = test(&folder, "");
    assert!(missing.code == Some(1) && missing.err.contains("<smtp_server>"), "{missing:?}");
    let none =
        finish(&mut command(&["mail", "test", "a@b", "--home", &folder.path().display().to_string()]), b"");
    assert!(none.code == Some(2) && none.err.contains("<smtp_server>"), "{none:?}");
    let wrong = finish(&mut command(&["mail", "test", "a\nb"]), b"");
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}
