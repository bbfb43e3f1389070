//! One request without a credential, for what a server shows before anybody
//! logs in: whether it can be reached, its certificate, and its clock.

use std::{error::Error, io};

use reqwest::{Client, header::DATE, tls::TlsInfo};
use rustls::CertificateError;

use super::client::{self, ConnectError, Connection};

/// A server that answered. What it answered does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glimpse {
    /// As it stands in the answer.
    pub date: Option<String>,
    /// The server's own, in DER form; `None` without TLS.
    pub certificate: Option<Vec<u8>>,
}

/// Why nothing was seen of it.
#[derive(Debug, thiserror::Error)]
pub enum Unseen {
    #[error(transparent)]
    NoClient(ConnectError),
    #[error("its certificate is refused: {words}")]
    Certificate { cause: BadCertificate, words: String },
    /// The handshake failed for another reason than the certificate.
    #[error("no TLS connection: {0}")]
    Tls(String),
    #[error("no answer in time")]
    Timeout,
    #[error("{0}")]
    Transport(String),
}

/// What is wrong with a certificate, as far as each is mended in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCertificate {
    UnknownIssuer,
    Expired,
    NotYetValid,
    WrongName,
    Other,
}

/// Asks for the address itself, once.
pub async fn glimpse(to: &Connection<'_>) -> Result<Glimpse, Unseen> {
    let builder = Client::builder().tls_info(true);
    let client = client::build(to, builder).map_err(Unseen::NoClient)?;
    let response = client
        .get(to.url.clone())
        .send()
        .await
        .map_err(|error| unseen(&error))?;
    let date = response.headers().get(DATE).and_then(|value| value.to_str().ok());
    let tls = response.extensions().get::<TlsInfo>();
    Ok(Glimpse {
        date: date.map(str::to_owned),
        certificate: tls.and_then(TlsInfo::peer_certificate).map(<[u8]>::to_vec),
    })
}

fn unseen(error: &reqwest::Error) -> Unseen {
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(problem)) => Unseen::Certificate {
            cause: cause_of(problem),
            words: problem.to_string(),
        },
        Some(other) => Unseen::Tls(other.to_string()),
        None if error.is_timeout() => Unseen::Timeout,
        None => Unseen::Transport(innermost(error)),
    }
}

/// What TLS itself says is hidden within errors of input and output, which do
/// not name it as their source.
fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn innermost(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn cause_of(problem: &CertificateError) -> BadCertificate {
    match problem {
        CertificateError::UnknownIssuer => BadCertificate::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => BadCertificate::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            BadCertificate::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            BadCertificate::WrongName
        }
        _ => BadCertificate::Other,
    }
}
