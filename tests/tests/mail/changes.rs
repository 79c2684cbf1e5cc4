//! A command whose output is watched, from the configuration to a mailbox.

use bartizan_tests::Folder;
use bartizan_tests::process::{Running, command};
use bartizan_tests::smtp_server::{SmtpOptions, SmtpServer};
use mail_parser::MessageParser;

#[test]
fn what_has_changed_in_the_output_of_a_command_is_mailed() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let folder = Folder::new("mail-changes");
    let ports = folder.write("ports", "tcp 22\ntcp 25\ntcp 80\ntcp 443\n");
    let configuration = format!(
        "<ossec_config><global><email_notification>yes</email_notification>\
         <smtp_server>127.0.0.1</smtp_server><smtp_port>{}</smtp_port>\
         <email_from>ids@example.com</email_from><email_to>root@example.com</email_to></global>\
         <notification><grouping>no</grouping></notification>\
         <localfile><log_format>full_command</log_format><command>cat {}</command>\
         <alias>listening</alias><frequency>1</frequency></localfile></ossec_config>",
        smtp.address.port(),
        ports.display()
    );
    let conf = folder.write("bartizan.conf", configuration).display().to_string();
    let home = folder.path().display().to_string();
    let mut running =
        Running::start(&mut command(&["run", "--home", &home, "-c", &conf, "--listen", "127.0.0.1:0"]));
    let seen = || std::fs::read_dir(folder.join("queue/diff")).is_ok_and(|mut found| found.next().is_some());
    running.wait_for("a first output", |_| seen());
    folder.write("ports", "tcp 22\ntcp 25\ntcp 80\ntcp 443\ntcp 31337 <b>\r\nBcc: thief@example.net\n");
    let mail = smtp.wait_for(1).remove(0);
    let read = MessageParser::default().parse(&mail.bytes).expect("a mail");
    assert!(read.bcc().is_none() && mail.to == ["root@example.com"]);
    let text = read.body_text(0).expect("a text").replace("\r\n", "\n");
    let new = "ossec: output: 'listening':\ntcp 22\ntcp 25\ntcp 80\ntcp 443\ntcp 31337 <b>\nBcc: thief";
    assert!(text.contains(new), "the new output: {text}");
    let old = "Previous output:\nossec: output: 'listening':\ntcp 22\ntcp 25\ntcp 80\ntcp 443\n";
    assert!(text.contains(old), "the old one: {text}");
    let changed = "What has changed:\n\n@@ -4,2 +4,4 @@\n tcp 80\n tcp 443\n+tcp 31337 <b>";
    assert!(text.contains(changed) && text.contains("\n+Bcc: thief@example.net\n"), "the difference: {text}");
    assert_eq!(running.stop().code, Some(0));
    assert_eq!(smtp.confirmed().len(), 1, "the first output is no change");
}
