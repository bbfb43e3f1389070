//! The way to a directory: TCP, TLS, and the bind.

use std::{fs, path::Path, sync::Arc};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use secrecy::ExposeSecret;
use url::Url;

use super::words;
use crate::{
    config::people::{self, LdapBind},
    connection::prepare_tls,
};

/// Opens the connection, with TLS where it is asked for. No proxy is ever
/// used: LDAP has none.
pub async fn connect(to: &people::Ldap) -> Result<(LdapConnAsync, Ldap), String> {
    if to.url.host_str().is_none_or(str::is_empty) {
        return Err("the `url` names no host".to_owned());
    }
    let mut settings = LdapConnSettings::new().set_starttls(to.start_tls);
    if to.start_tls || to.url.scheme() == "ldaps" {
        settings = settings.set_config(Arc::new(tls(to.ca_file.as_deref())?));
    }
    let opening = LdapConnAsync::from_url_with_settings(settings, &to.url).await;
    opening.map_err(|error| words::of_no_connection(&error))
}

/// RFC 4511, appendix A; also what locked and expired accounts get.
const INVALID_CREDENTIALS: u32 = 49;

/// How the directory took the login.
pub enum Bind {
    Done,
    Refused(String),
}

/// Says who is asking, once: directories lock accounts on repeated refusals.
pub async fn bind(session: &mut Ldap, login: Option<&LdapBind>) -> Result<Bind, String> {
    // Without a bind a session is anonymous from its beginning.
    let Some(LdapBind { dn, password }) = login else {
        return Ok(Bind::Done);
    };
    let password = password.expose_secret();
    // A directory takes either for an anonymous bind, lets it succeed, and
    // shows whatever it shows to anybody.
    if dn.is_empty() || password.is_empty() {
        return Err("the bind has no DN or an empty password, which would be an anonymous one".to_owned());
    }
    let result = session.simple_bind(dn, password).await;
    let result = result.map_err(|error| format!("the bind got no answer: {}", words::of_error(&error)))?;
    match words::success("the bind", &result, &[password]) {
        Err(why) if result.rc == INVALID_CREDENTIALS => Ok(Bind::Refused(why)),
        ended => ended.map(|()| Bind::Done),
    }
}

/// Scheme, host and port, for messages.
pub fn address(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// Read anew for each connection, so that a CA that is replaced needs no restart.
fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, String> {
    prepare_tls();
    let mut roots = RootCertStore::empty();
    // A system without roots of its own may do with the CA file alone.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        let shown = path.display();
        let pem = fs::read(path).map_err(|error| format!("cannot read the `ca_file` {shown}: {error}"))?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let certificates = certificates.unwrap_or_default();
        if certificates.is_empty() {
            return Err(format!(
                "the `ca_file` {shown} holds no usable certificate in PEM form"
            ));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|error| {
                format!("the `ca_file` {shown} holds a certificate that cannot be used: {error}")
            })?;
        }
    }
    Ok(ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth())
}
