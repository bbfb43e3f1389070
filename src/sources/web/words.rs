//! What is told of a read that failed: where, what happened, what may help, and
//! nothing that is secret.

use std::{error::Error, io, time::Duration};

use reqwest::{
    StatusCode,
    header::{HeaderMap, LOCATION},
};
use rustls::CertificateError;
use url::Url;

use crate::{
    connection::{origin, scrubbed, server_words, shortened},
    sources::ReadFailure,
};

/// The words of one request.
pub struct Words<'a> {
    /// Without the query, which may hold a key.
    place: String,
    secrets: Vec<&'a str>,
    timeout: Duration,
}

impl<'a> Words<'a> {
    pub fn new(url: &Url, secrets: Vec<&'a str>, timeout: Duration) -> Words<'a> {
        Words {
            place: format!("{}{}", origin(url), url.path()),
            secrets,
            timeout,
        }
    }

    pub fn failure(&self, why: &str) -> ReadFailure {
        ReadFailure::Failed(self.sentence(why))
    }

    pub fn failure_of(&self, why: &str, body: &[u8]) -> ReadFailure {
        self.failure(&self.with_words_of(why, body))
    }

    fn sentence(&self, why: &str) -> String {
        format!("reading {}: {}", self.place, scrubbed(why, &self.secrets))
    }

    fn with_words_of(&self, why: &str, body: &[u8]) -> String {
        match server_words(body, &self.secrets) {
            Some(words) => format!("{why} ({words})"),
            None => why.to_owned(),
        }
    }

    /// A status that vouches for no list.
    pub fn refusal(&self, status: StatusCode, headers: &HeaderMap, asked: &Url, body: &[u8]) -> ReadFailure {
        let mut why = format!("answered {status}");
        if status.is_redirection() {
            why.push_str(&led_to(headers, asked));
        }
        let hint = match status.as_u16() {
            204 | 206 => ", which is not the whole list",
            401 => "; the login is refused, see that its token or password still holds",
            403 => "; the login is good, but may not read the list",
            _ => "",
        };
        why.push_str(hint);
        match status {
            StatusCode::UNAUTHORIZED => {
                ReadFailure::LoginRefused(self.sentence(&self.with_words_of(&why, body)))
            }
            _ => self.failure_of(&why, body),
        }
    }

    pub fn transport(&self, error: reqwest::Error) -> ReadFailure {
        let error = error.without_url();
        if let Some(flaw) = certificate_flaw(&error) {
            return self.failure(&bad_certificate(&flaw));
        }
        let cause = shortened(&innermost_cause(&error));
        let why = if error.is_timeout() {
            format!(
                "no whole answer within {}",
                humantime::format_duration(self.timeout)
            )
        } else if error.is_connect() {
            format!("cannot connect ({cause})")
        } else {
            format!("no whole answer, so there is no list ({cause})")
        };
        self.failure(&why)
    }
}

/// By origin only: what such an address says beyond that is often a ticket.
fn led_to(headers: &HeaderMap, asked: &Url) -> String {
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
    match location.and_then(|location| asked.join(location).ok()) {
        Some(target) => format!(" and leads to {}: a login page?", origin(&target)),
        None => " and leads nowhere that can be read".to_owned(),
    }
}

fn bad_certificate(flaw: &rustls::Error) -> String {
    let hint = match flaw {
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
            | CertificateError::NotValidForName
            | CertificateError::NotValidForNameContext { .. }
            | CertificateError::Revoked,
        ) => "it is for the server's side to mend",
        _ => "where a CA of your own signed it, name that CA's certificate as `ca_file`",
    };
    format!("cannot connect, the server's certificate is wrong ({flaw}); {hint}")
}

/// What TLS found wrong with the server's certificate, wherever in the chain of
/// causes it is wrapped.
fn certificate_flaw(error: &reqwest::Error) -> Option<rustls::Error> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(flaw @ rustls::Error::InvalidCertificate(_)) = cause.downcast_ref() {
            return Some(flaw.clone());
        }
        // An `io::Error` passes over what it wraps when it is asked for its source.
        let wrapped = cause.downcast_ref().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
    }
    None
}

/// The only cause that says something; those around it repeat that it failed.
fn innermost_cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
