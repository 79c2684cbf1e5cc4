//! `client.keys` of OSSEC 4.3, in and out.
