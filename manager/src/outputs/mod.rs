//! Verdicts in the layouts that other tools read.
//!
//! | room | what |
//! |---|---|
//! | [`text`] | `alerts.log`, archives and firewall.log as OSSEC writes them |
//! | [`json`] | `alerts.json` and `archives.json` |
//! | [`files`] | the daily files behind them |
//! | [`writer`] | takes verdicts and writes what is due |
//! | [`wazuh`] | one alert as JSON in the layout of Wazuh 4.14 |
//! | [`clock`] | local dates without a system call a line |

pub mod clock;
pub mod files;
pub mod json;
pub mod text;
pub mod wazuh;
pub mod writer;
