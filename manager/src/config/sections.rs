//! Names of sections and options, so that a known one that is not used can be
//! told from a mistyped one.

/// Sections that are read.
pub(super) const USED: &[&str] = &[
    "global",
    "alerts",
    "rules",
    "ruleset",
    "localfile",
    "remote",
    "command",
    "active-response",
    "notification",
    "email_alerts",
    "integration",
    "syslog_output",
    "reports",
    "database_output",
    "dshield",
    "share",
    "console",
];

/// Sections of OSSEC 4.3 and Wazuh 4.14 that have no effect in this version.
pub(super) const UNUSED: &[&str] = &[
    // OSSEC 4.3.
    "syscheck",
    "rootcheck",
    "client",
    "agentless",
    "auth",
    // Wazuh 4.14.
    "wodle",
    "cluster",
    "sca",
    "vulnerability-detection",
    "vulnerability-detector",
    "indexer",
    "logging",
    "socket",
    "client_buffer",
    "anti_tampering",
    "agent-upgrade",
    "task-manager",
    "fluent-forward",
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
    "rule_test",
    "gcp-pubsub",
    "gcp-bucket",
    "key-polling",
];

/// Options of `<global>` that are known and have no effect.
pub(super) const GLOBAL_UNUSED: [&str; 29] = [
    // OSSEC 4.3.
    "integrity_checking",
    "rootkit_detection",
    "host_information",
    "compress_alerts",
    "picviz_output",
    "picviz_socket",
    "prelude_output",
    "prelude_profile",
    "prelude_log_level",
    "zeromq_output",
    "zeromq_uri",
    "zeromq_server_cert",
    "zeromq_client_cert",
    "md5_allowlist",
    "md5_whitelist",
    // Wazuh 4.14.
    "alerts_log",
    "email_log_source",
    "max_output_size",
    "rotate_interval",
    "rotate_compress",
    "rotate_check_interval",
    "agents_disconnection_time",
    "agents_disconnection_alert_time",
    "agents_disconnection_retry_time",
    "queue_size",
    "limits",
    "eps",
    "update_check",
    "cti-url",
];

/// Options of `<alerts>` that are known and have no effect.
pub(super) const ALERTS_UNUSED: [&str; 1] = ["use_geoip"];

/// Options of `<localfile>` of Wazuh 4.14 that have no effect.
pub(super) const LOCALFILE_UNUSED: [&str; 5] =
    ["ignore_binaries", "label", "target", "out_format", "reconnect_time"];

/// Options of `<remote>` that are known and have no effect.
pub(super) const REMOTE_UNUSED: [&str; 5] = [
    // OSSEC 4.3.
    "crypto_accept",
    // Wazuh 4.14.
    "queue_size",
    "rids_closing_time",
    "connection_overtake_time",
    "agents",
];

/// Options of `<localfile>` that agents use and the manager, for its own
/// files, does not.
pub(super) const LOCALFILE_OF_AGENTS: [&str; 8] =
    ["exclude", "age", "filter", "unit", "identifier", "priority", "timeout", "rate_limit"];

/// Options of `<localfile>` that are checked and that nobody uses.
pub(super) const LOCALFILE_OF_NOBODY: [&str; 2] = ["ignore", "restrict"];
