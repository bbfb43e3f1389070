//! Addresses of services: a secret or a grant never goes over a line that
//! others can read, unless the cloud's section says that it may.

use url::{Host as UrlHost, Url};

use super::value::Text;

/// An address that may be used; `None` after its problem was told.
pub fn read(text: &Text<'_>, allow_http: bool) -> Option<Url> {
    let Ok(url) = Url::parse(text.text) else {
        text.problem(
            "this is no address",
            "no address",
            Some("write: https://HOST/PATH"),
        );
        return None;
    };
    match unsafe_address(&url, allow_http) {
        None => Some(url),
        Some((message, hint)) => {
            text.problem(format!("this address {message}"), "here", Some(hint));
            None
        }
    }
}

/// Why an address must not be used, and what to do about it.
pub fn unsafe_address(url: &Url, allow_http: bool) -> Option<(&'static str, &'static str)> {
    let loopback = match url.host() {
        Some(UrlHost::Domain(name)) => name == "localhost",
        Some(UrlHost::Ipv4(address)) => address.is_loopback(),
        Some(UrlHost::Ipv6(address)) => address.is_loopback(),
        None => return Some(("names no host", "write: https://HOST/PATH")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Some((
            "holds credentials",
            "they belong into the cloud's auth section and a secret file",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some(("has a query or a fragment", "write: https://HOST/PATH"));
    }
    match url.scheme() {
        "https" => None,
        "http" if loopback || allow_http => None,
        "http" => Some((
            "is not encrypted",
            "use https; if it must be, add to the cloud: allow_http = true",
        )),
        _ => Some(("is neither https nor http", "write: https://HOST/PATH")),
    }
}
