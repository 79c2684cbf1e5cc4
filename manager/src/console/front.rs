//! Where the console is reached: what follows from that for names and cookies.

use std::net::SocketAddr;

/// Where the console is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Front {
    address: SocketAddr,
    has_tls: bool,
    is_behind_proxy: bool,
    cookie: String,
}

impl Front {
    pub(super) fn new(address: SocketAddr, has_tls: bool, is_behind_proxy: bool) -> Self {
        // Cookies know no ports: two consoles of one machine must not share one.
        let prefix = if has_tls { "__Host-" } else { "" };
        let cookie = format!("{prefix}bartizan-{}", address.port());
        Self { address, has_tls, is_behind_proxy, cookie }
    }

    /// Whether nobody but this machine can connect, not even by a proxy.
    pub(super) fn is_for_this_machine(&self) -> bool {
        self.address.ip().to_canonical().is_loopback() && !self.is_behind_proxy
    }

    /// The name of the cookie.
    pub(super) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The header that gives a browser its cookie; an empty one is taken away.
    pub(super) fn set_cookie(&self, value: &str) -> String {
        let secure = if self.has_tls { "; Secure" } else { "" };
        let age = if value.is_empty() { "; Max-Age=0" } else { "" };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}", self.cookie)
    }

    /// The address of a path, for people.
    pub(super) fn url(&self, path: &str) -> String {
        let scheme = if self.has_tls { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_out_of_reach_of_scripts_of_other_sites_and_of_plain_text() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1518));
        let plain = Front::new(address, false, false).set_cookie("secret");
        assert_eq!(plain, "bartizan-1518=secret; Path=/; HttpOnly; SameSite=Strict");
        let tls = Front::new(address, true, false).set_cookie("");
        assert_eq!(tls, "__Host-bartizan-1518=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0");
    }
}
