//! Addresses of lists: whoever can read or change the line decides who is gone,
//! so it is encrypted unless it stays on this machine.

use std::net::IpAddr;

use url::{Host as UrlHost, Url};

use crate::config::{problem::Problem, value::Text};

/// Names of query parameters that hold a secret as a rule.
const SECRET_PARAMETERS: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "key",
    "apikey",
    "signature",
    "sig",
    "auth",
    "credential",
];

/// The address of one document; it may have a query.
pub fn of_document(text: &Text<'_>, allow_http: bool) -> Option<Url> {
    let url = over_http(text, allow_http)?;
    warn_of_secrets(text, &url);
    Some(url)
}

/// The base of a SCIM service.
pub fn of_scim(text: &Text<'_>, allow_http: bool) -> Option<Url> {
    let url = over_http(text, allow_http)?;
    let path = url.path().trim_end_matches('/').to_ascii_lowercase();
    if url.query().is_some() {
        return refuse(
            text,
            "has a query",
            "name the base alone; who is asked for is said by `filter`",
        );
    }
    if path.ends_with("/users") {
        return refuse(
            text,
            "ends with /Users",
            "name the base: what stands before /Users",
        );
    }
    Some(url)
}

/// A directory; `encrypted` where the connection begins with TLS, and
/// `allow_plain` where it need not be.
pub fn of_ldap(text: &Text<'_>, start_tls: bool, allow_plain: bool) -> Option<Url> {
    let url = parse(text, "ldaps://HOST")?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return refuse(
            text,
            "says more than where the server is",
            "what is read is said by `base` and `filter`",
        );
    }
    match url.scheme() {
        "ldaps" if start_tls => refuse(
            text,
            "is encrypted from the beginning",
            "leave `start_tls` out, or write ldap://",
        ),
        "ldaps" => Some(url),
        "ldap" if start_tls || allow_plain || is_loopback(&url) => Some(url),
        "ldap" => refuse(
            text,
            "is not encrypted",
            "use ldaps://, or add: start_tls = true; if it must be: allow_plain = true",
        ),
        _ => refuse(text, "is neither ldaps nor ldap", "write: ldaps://HOST"),
    }
}

fn over_http(text: &Text<'_>, allow_http: bool) -> Option<Url> {
    let url = parse(text, "https://HOST/PATH")?;
    if url.fragment().is_some() {
        return refuse(text, "has a fragment", "leave out what begins with `#`");
    }
    match url.scheme() {
        "https" => Some(url),
        "http" if allow_http || is_loopback(&url) => Some(url),
        "http" => refuse(
            text,
            "is not encrypted",
            "use https; if it must be, add: allow_http = true",
        ),
        _ => refuse(text, "is neither https nor http", "write: https://HOST/PATH"),
    }
}

fn parse(text: &Text<'_>, example: &str) -> Option<Url> {
    let hint = format!("write: {example}");
    let Ok(url) = Url::parse(text.text) else {
        text.problem("this is no address", "no address", Some(&hint));
        return None;
    };
    if url.host_str().is_none_or(str::is_empty) {
        return refuse(text, "names no host", &hint);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(
            text,
            "holds credentials",
            "they belong into keys of the source and a secret file",
        );
    }
    Some(url)
}

fn refuse(text: &Text<'_>, message: &str, hint: &str) -> Option<Url> {
    text.problem(format!("this address {message}"), "here", Some(hint));
    None
}

/// Hosts of addresses other than HTTP's are kept as they are written.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(UrlHost::Domain(name)) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Some(UrlHost::Ipv4(address)) => address.is_loopback(),
        Some(UrlHost::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What stands in an address ends up in the logs of servers and proxies.
fn warn_of_secrets(text: &Text<'_>, url: &Url) {
    let looks_secret = |name: &str| {
        let name = name.to_lowercase().replace(['-', '_'], "");
        SECRET_PARAMETERS.iter().any(|word| name.contains(word))
    };
    for (name, _) in url.query_pairs().filter(|(name, _)| looks_secret(name)) {
        let place = text.sink.file.place(text.span.clone());
        let warning = Problem::at(place, format!("`{name}` in this address looks like a secret"));
        let hint = "servers write addresses into their logs; use `token_file` if the server takes a token";
        text.sink.warn(warning.label("a secret?").hint(hint));
    }
}
