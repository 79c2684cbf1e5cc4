//! A certificate of a test's own, for servers on this machine.

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::sync::Arc;

/// Who a server of a test is: `localhost`, `127.0.0.1`.
#[derive(Debug)]
pub struct Identity {
    pem: String,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// A new certificate, signed by itself.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn new() -> Self {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate can be made");
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("the key is that of the certificate");
        Self { pem: made.cert.pem(), config: Arc::new(config) }
    }

    /// What clients have to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// How the server speaks TLS.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}
