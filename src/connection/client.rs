//! How connections are made, and which addresses are safe to talk to.

use std::{
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{Certificate, Client, ClientBuilder, redirect::Policy};
use rustls::crypto::{CryptoProvider, ring};
use url::{Host, Url};

/// Below the idle time of common load balancers: a connection that they close
/// while it is being used again leaves the outcome of a call unknown.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Tokens of some clouds are several kilobytes long and arrive in a header.
const MAX_HEADERS_BYTES: u32 = 64 << 10;

/// Why no client could be made; all of them are for an operator to mend.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("cannot read the CA file {}", path.display())]
    ReadCaFile { path: PathBuf, source: io::Error },
    #[error("the CA file {} holds no usable certificate in PEM form", path.display())]
    NoCertificate { path: PathBuf },
    #[error("the CA file {} holds a certificate that cannot be used", path.display())]
    BadCertificate { path: PathBuf, source: reqwest::Error },
    #[error(
        "{} would carry secrets unencrypted; use https, or set `allow_http = true`",
        origin(url)
    )]
    PlainHttp { url: Box<Url> },
    #[error("the content type of the registry cannot be a header")]
    ContentType,
    #[error("cannot set up the HTTP client")]
    Client { source: reqwest::Error },
}

/// What a client is to connect to, and how long it may take.
pub struct Connection<'a> {
    /// Where it leads first.
    pub url: &'a Url,
    /// PEM, added to the system's roots.
    pub ca_file: Option<&'a Path>,
    pub connect_timeout: Duration,
    pub request_timeout: Duration,
    /// Connections kept for the next request.
    pub idle_connections: usize,
}

/// Makes TLS work in this process. Somebody else may have installed a provider
/// first; any one will do.
pub fn prepare_tls() {
    if CryptoProvider::get_default().is_none() {
        drop(ring::default_provider().install_default());
    }
}

/// A client that follows no redirects and waits for nothing without end.
///
/// Proxies are taken from the environment, except for a server on loopback,
/// which no proxy can reach.
pub fn build_client(to: &Connection<'_>) -> Result<Client, ConnectError> {
    build(to, Client::builder())
}

/// What every client of this program has, on top of what `builder` says.
pub(super) fn build(to: &Connection<'_>, builder: ClientBuilder) -> Result<Client, ConnectError> {
    prepare_tls();
    let mut builder = builder
        .user_agent(concat!("revokd/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(to.connect_timeout)
        .read_timeout(to.request_timeout)
        .timeout(to.request_timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(to.idle_connections)
        .http2_max_header_list_size(MAX_HEADERS_BYTES);
    if is_loopback(to.url) {
        builder = builder.no_proxy();
    }
    let Some(path) = to.ca_file else {
        return builder.build().map_err(|source| ConnectError::Client { source });
    };
    builder = builder.tls_certs_merge(certificates(path)?);
    builder.build().map_err(|source| ConnectError::BadCertificate {
        path: path.to_owned(),
        source,
    })
}

/// Whether secrets may be sent there: over TLS, or without leaving the machine.
pub fn is_allowed(url: &Url, allow_http: bool) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => allow_http || is_loopback(url),
        _ => false,
    }
}

/// Scheme, host and port, for messages: anything else in a URL may be secret.
pub fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, ConnectError> {
    let pem = fs::read(path).map_err(|source| ConnectError::ReadCaFile {
        path: path.to_owned(),
        source,
    })?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(ConnectError::NoCertificate {
            path: path.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_unless_allowed() {
        for (url, plain, allowed) in [
            ("https://cloud.example", true, true),
            ("http://cloud.example", false, true),
            ("http://127.0.0.1:5000", true, true),
            ("http://127.8.8.8", true, true),
            ("http://[::1]:5000", true, true),
            ("http://[::ffff:127.0.0.1]", true, true),
            ("http://localhost:1", true, true),
            ("http://localhost.example", false, true),
            ("http://10.0.0.1", false, true),
            ("ftp://127.0.0.1", false, false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(
                (is_allowed(&url, false), is_allowed(&url, true)),
                (plain, allowed),
                "{url}"
            );
        }
    }

    #[test]
    fn a_message_names_an_address_without_its_secrets() {
        let url = Url::parse("http://user:pw@cloud.example:5000/v3?key=1").unwrap();
        let message = ConnectError::PlainHttp { url: Box::new(url) }.to_string();
        assert!(
            message.starts_with("http://cloud.example:5000 would carry"),
            "{message}"
        );
    }
}
