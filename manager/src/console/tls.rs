//! Certificate and key of the console: two PEM files, read at the start and
//! when rules are read again, so that a renewed certificate needs no restart.

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt::Display;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) private_key: PathBuf,
}

impl Files {
    /// How the console speaks TLS.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub(super) fn read(&self) -> Result<Arc<ServerConfig>, String> {
        let chain = chain(&self.certificate)?;
        let key = key(&self.private_key)?;
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| about(&self.private_key, error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn about(path: &Path, error: impl Display) -> String {
    format!("{}: {error}", path.display())
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(path).map_err(|error| about(path, error))?;
    let all = all.collect::<Result<Vec<_>, _>>().map_err(|error| about(path, error))?;
    if all.is_empty() { Err(about(path, "there is no certificate in it")) } else { Ok(all) }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let mode = fs::metadata(path).map_err(|error| about(path, error))?.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(about(path, format_args!("everybody may read it ({mode:o}): run `chmod 640` on it")));
    }
    PrivateKeyDer::from_pem_file(path).map_err(|error| about(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_everybody_may_read_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        fs::write(&path, "no key").expect("a file");
        let with = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
            key(&path).expect_err("it is no key")
        };
        assert!(with(0o644).contains("everybody may read it (644)"));
        assert!(!with(0o640).contains("everybody"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let files =
            Files { certificate: "/nonexistent/c.pem".into(), private_key: "/nonexistent/k.pem".into() };
        assert!(files.read().expect_err("there is nothing").contains("/nonexistent/c.pem"));
    }
}
