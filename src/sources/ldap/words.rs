//! What a directory answers, in words that say what to do about it.

use std::error::Error;

use ldap3::{LdapError, LdapResult};
use rustls::CertificateError;

use crate::connection::server_words;

/// Everything but success and nothing else is an error: a part must never pass
/// for the whole.
pub fn success(step: &str, result: &LdapResult, secrets: &[&str]) -> Result<(), String> {
    if result.rc == 0 && result.refs.is_empty() {
        return Ok(());
    }
    let mut message = format!("{step} ended with {}", meaning(result.rc));
    if let Some(words) = server_words(result.text.as_bytes(), secrets) {
        message += &format!(": {words}");
    }
    if !result.refs.is_empty() {
        message += &format!("; it refers to {}", referrals(&result.refs));
    }
    if let Some(hint) = hint(result.rc) {
        message += &format!("; {hint}");
    }
    Err(message)
}

/// Addresses of other servers, in as many words as fit a message.
pub fn referrals(addresses: &[String]) -> String {
    server_words(addresses.join(", ").as_bytes(), &[]).unwrap_or_else(|| "nowhere".to_owned())
}

/// Why there is no connection.
pub fn of_no_connection(error: &LdapError) -> String {
    if let LdapError::LdapResult { result } = error {
        let refused = success("StartTLS", result, &[]);
        return refused.err().unwrap_or_else(|| "StartTLS failed".to_owned());
    }
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(why)) => {
            let hint = match why {
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "`url` has to name the directory as its certificate does"
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "the directory needs a new one"
                }
                _ => "if the directory has a CA of its own, `ca_file` has to hold it",
            };
            format!("the certificate of the directory is not accepted: {why}; {hint}")
        }
        Some(why) => format!("TLS failed: {why}"),
        None => format!("cannot connect: {}", of_error(error)),
    }
}

/// The innermost cause, which says it best.
pub fn of_error(error: &LdapError) -> String {
    match error {
        LdapError::EndOfStream | LdapError::ResultRecv { .. } | LdapError::OpSend { .. } => {
            "the directory closed the connection".to_owned()
        }
        LdapError::Io { source } => source.to_string(),
        LdapError::FilterParsing => "the `filter` is not an LDAP filter".to_owned(),
        other => other.to_string(),
    }
}

fn tls_error(error: &LdapError) -> Option<&rustls::Error> {
    match error {
        LdapError::Rustls { source } => Some(source),
        LdapError::Io { source } => {
            let inner: &(dyn Error + 'static) = source.get_ref()?;
            inner.downcast_ref()
        }
        _ => None,
    }
}

/// Codes of RFC 4511 that reads meet, as the RFC spells them.
fn meaning(code: u32) -> String {
    let name = match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        9 => "partialResults",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        32 => "noSuchObject",
        34 => "invalidDNSyntax",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        _ => return format!("result {code}"),
    };
    format!("{name} ({code})")
}

fn hint(code: u32) -> Option<&'static str> {
    Some(match code {
        3 | 4 | 11 => {
            "the directory tells only a part; raise its limit for this reader, or narrow `base` or `filter`"
        }
        8 | 13 => "use ldaps:// or `start_tls = true`",
        9 | 10 => "a part is kept elsewhere; name a `base` that this server holds whole",
        32 => "`base` does not exist there, or the reader may not see it",
        34 => "`base` or the DN of the bind is not a DN",
        48 | 49 => "check the DN and the password of the bind",
        50 => "the reader needs the right to search below `base`",
        _ => return None,
    })
}
