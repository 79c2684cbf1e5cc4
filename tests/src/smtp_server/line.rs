//! A connection, in the open or not.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// A connection, in the open or not.
pub(super) enum Line {
    Open(TcpStream),
    Secret(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Line {
    pub(super) fn secure(self, tls: &Arc<ServerConfig>) -> io::Result<Self> {
        let Self::Open(stream) = self else { return Ok(self) };
        let session = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
        Ok(Self::Secret(Box::new(StreamOwned::new(session, stream))))
    }

    pub(super) fn socket(&self) -> &TcpStream {
        match self {
            Self::Open(stream) => stream,
            Self::Secret(stream) => &stream.sock,
        }
    }
}

impl Read for Line {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Open(stream) => stream.read(bytes),
            Self::Secret(stream) => stream.read(bytes),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(stream) => stream.write(bytes),
            Self::Secret(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(stream) => stream.flush(),
            Self::Secret(stream) => stream.flush(),
        }
    }
}
