//! Names of sections and options that have no effect, so that a known one can
//! be told from a mistyped one.

/// Sections that are read.
pub(super) const USED: [&str; 5] = ["client", "localfile", "syslog_listener", "remote", "active-response"];

/// Sections of a manager, which a file may share with an agent (OSSEC 4.3 and
/// Wazuh 4.14).
pub(super) const MANAGER: [&str; 22] = [
    "global",
    "alerts",
    "rules",
    "ruleset",
    "command",
    "email_alerts",
    "reports",
    "syslog_output",
    "database_output",
    "agentless",
    "auth",
    "integration",
    "cluster",
    "vulnerability-detection",
    "vulnerability-detector",
    "indexer",
    "task-manager",
    "fluent-forward",
    "rule_test",
    "key-polling",
    "dshield",
    "logging",
];

/// Sections of OSSEC's and Wazuh's agents that have no effect.
pub(super) const UNUSED: [&str; 22] = [
    "syscheck",
    "rootcheck",
    "wodle",
    "sca",
    "socket",
    "client_buffer",
    "anti_tampering",
    "agent-upgrade",
    "labels",
    "github",
    "office365",
    "ms-graph",
    "azure-logs",
    "aws-s3",
    "docker-listener",
    "osquery",
    "syscollector",
    "open-scap",
    "cis-cat",
    "command-monitor",
    "gcp-pubsub",
    "gcp-bucket",
];

/// Options of `<client>` that have no effect.
pub(super) const CLIENT_UNUSED: [&str; 8] = [
    "local_ip",
    "time-reconnect",
    "crypto_method",
    "ip_update_interval",
    "auto_restart",
    "force_reconnect_interval",
    "enrollment",
    "disabled",
];

/// Options of `<server>` in `<client>` that have no effect (Wazuh 4.14).
pub(super) const SERVER_UNUSED: [&str; 5] =
    ["protocol", "max_retries", "retry_interval", "network_interface", "interface_index"];

/// Options of `<localfile>` that have no effect.
pub(super) const LOCALFILE_UNUSED: [&str; 8] =
    ["ignore_binaries", "ignore", "restrict", "label", "target", "out_format", "reconnect_time", "query"];

/// Options of `<remote>` that have no effect on a listener for syslog.
pub(super) const LISTENER_UNUSED: [&str; 4] = ["ipv6", "queue_size", "rids_closing_time", "crypto_accept"];
