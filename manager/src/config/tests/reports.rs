//! What `<reports>` may say, and what is said of mistakes.

use super::*;
use crate::report::period::Frequency;
use crate::report::{Condition, Relation, Subject};

const MAIL: &str = "<email_to>a@example.org</email_to>";

/// A configuration in which mail is switched on.
fn read(inner: &str) -> (Config, Sources, Diagnostics) {
    super::read(&format!(
        "<global><email_notification>yes</email_notification><smtp_server>localhost</smtp_server>\
         <email_from>ids@example.org</email_from><email_to>root@example.org</email_to></global>{inner}"
    ))
}

#[test]
fn a_report_without_mail_is_warned_of() {
    let (config, _, report) = super::read(&format!("<reports>{MAIL}</reports>"));
    assert!(config.mailed_reports().is_empty());
    let problem = "warning: reports are not made: mail is switched off | write \
                   <email_notification>yes</email_notification> in <global>";
    assert_eq!(problems(&report), [problem]);
}

#[test]
fn a_report_of_ossec_is_read() {
    let text = "<reports>\n<category>authentication_failed</category>\n<user type=\"relation\">srcip</user>\n\
        <title>Logins</title>\n<email_to>a@example.org</email_to><email_to>b@example.org</email_to>\n\
        <email_to>a@example.org</email_to><type>email</type><level>5</level><rule>5710, 5716</rule>\n\
        <location>^web|/var/log</location><showlogs>yes</showlogs></reports>";
    let (config, sources, report) = read(text);
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    let report = &config.reports[0];
    assert_eq!((report.title(), report.frequency, report.send_empty), ("Logins", Frequency::Daily, false));
    assert_eq!(report.email_to, ["a@example.org", "b@example.org"]);
    assert!(report.query.show_logs);
    assert_eq!(report.query.relations, [Relation { of: Subject::User, to: Subject::SrcIp }]);
    let conditions = [
        Condition::Group("authentication_failed".to_owned()),
        Condition::Level(5),
        Condition::Rule(vec![5710, 5716]),
        Condition::Location("^web|/var/log".to_owned()),
    ];
    assert_eq!(report.query.conditions, conditions);
}

#[test]
fn our_own_options_are_read_and_a_name_is_given() {
    let (config, _, report) =
        read(&format!("<reports>{MAIL}<frequency>weekly</frequency><send_empty>yes</send_empty></reports>"));
    assert!(report.is_empty());
    let report = &config.reports[0];
    assert_eq!(
        (report.title(), report.frequency, report.send_empty),
        ("Weekly report", Frequency::Weekly, true)
    );
}

#[test]
fn a_mistake_in_a_report_is_said_and_the_report_left_out() {
    let two = format!("<reports>{MAIL}</reports><reports>{MAIL}</reports>");
    let cases = [
        ("<reports/>", "nobody gets this report | add <email_to>address</email_to>"),
        (
            "<reports><email_to>a@b.c, d@e.f</email_to></reports>",
            "`a@b.c, d@e.f` is not a mail address | write it as me@example.com, without a name, blanks or brackets",
        ),
        (
            "<reports><email_to>a@b.c\r\nBcc: d@e.f</email_to></reports>",
            "`a@b.c\r\nBcc: d@e.f` is not a mail address | write it as me@example.com, without a name, blanks or brackets",
        ),
        (
            "<reports><srcip type=\"relation\">usr</srcip></reports>",
            "there is no field `usr` | did you mean `user`?",
        ),
        (
            "<reports><srcip type=\"filter\">10.</srcip></reports>",
            "`filter` is no type of a report's field | write type=\"relation\", or no type",
        ),
        ("<reports><level>high</level></reports>", "<level>: a level is a number from 0 to 16 | "),
        (
            "<reports><frequency>yearly</frequency></reports>",
            "there is no frequency `yearly` | write one of hourly, daily, weekly, monthly",
        ),
        (
            "<reports><type>web</type></reports>",
            "there is no type `web` of reports | write <type>email</type>, or leave it out",
        ),
        (
            "<reports><titel>x</titel></reports>",
            "there is no option <titel> in <reports> | did you mean <title>?",
        ),
        (
            two.as_str(),
            "there is a report `Daily report` already | line 1 has it; give this one another <title>",
        ),
    ];
    for (text, problem) in cases {
        let (config, _, report) = read(text);
        assert_eq!(problems(&report), [problem], "{text}");
        assert!(config.reports.len() < 2);
    }
}
