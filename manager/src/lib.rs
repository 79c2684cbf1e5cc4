//! # Bartizan's manager
//!
//! Reads logs, applies rules, raises alerts. The rooms, in the order in which
//! rules and then logs meet them:
//!
//! | room | what happens there |
//! |---|---|
//! | [`diagnose`] | problems with their place, text, caret and help |
//! | [`xml`] | OSSEC's XML with positions |
//! | [`config`] | `ossec.conf` |
//! | [`pattern`] | the three pattern languages, and the fast matcher |
//! | [`compile`] | decoders, rules and lists to an image |
//! | [`ruleset`] | where rules come from: built in, or configured |
//! | [`sources`] | where events come from |
//! | [`agents`] | who reports from elsewhere, and how far it was heard |
//! | [`places`] | where in the world addresses are |
//! | [`engine`] | one event from text to verdict; many, on many threads |
//! | [`respond`] | what is done about it |
//! | [`alert`] | one alert, as everything behind the judging sees it |
//! | [`outputs`] | alerts, archives, in the layouts that tools read |
//! | [`store`] | every alert, to be found again |
//! | [`report`] | what happened in a time, in one text |
//! | [`graph`] | who did what to whom, as a picture |
//! | [`outbox`] | what is sent to others, and what of it is done |
//! | [`firewall`] | what packet filters say, counted |
//! | [`sharing`] | what of that others are told: DShield and its like |
//! | [`database_output`] | alerts into PostgreSQL, MySQL, MariaDB |
//! | [`mail`] | mail for people, each with an address a destination |
//! | [`integrations`] | other services, syslog servers and scripts, each as a destination |
//! | [`tls`] | whom to trust among servers |
//! | [`ledger`] | what is on disk and may be acknowledged |
//! | [`database`] | SQLite files, opened and brought up to date |
//! | [`workshop`] | what people who write rules ask of them |
//! | [`console`] | the same for a browser, and for programs as JSON |
//! | [`commands`] | the commands |
//! | [`mitre`] | what MITRE calls what attackers do |
//! | [`plural`] | words behind numbers |
//! | [`moment`] | times as people give and read them |
//! | [`news`] | what the program says of itself |

pub mod agents;
pub mod alert;
pub mod commands;
pub mod compile;
pub mod config;
pub mod console;
pub mod database;
pub mod database_output;
pub mod diagnose;
pub mod engine;
pub mod firewall;
pub mod graph;
pub mod integrations;
pub mod ledger;
pub mod mail;
pub mod mitre;
pub mod moment;
pub mod news;
pub mod outbox;
pub mod outputs;
pub mod pattern;
pub mod places;
pub mod plural;
pub mod report;
pub mod respond;
pub mod ruleset;
pub mod sharing;
pub mod sources;
pub mod store;
pub mod tls;
pub mod workshop;
pub mod xml;
