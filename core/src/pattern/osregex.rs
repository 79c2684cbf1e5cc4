//! The machine of Wazuh's own expressions (`osregex`).
