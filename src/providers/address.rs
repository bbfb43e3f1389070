//! URLs of services: what a catalogue or a configuration says, made
//! into what can be called, and ids made into path segments.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// Everything else in an id is encoded, so that no id can reach another path.
pub const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The root of one API version: `url` without query and version suffix, and
/// with `version`. A path before the version is kept.
pub fn versioned(url: &Url, version: &str) -> Url {
    below(&unversioned(url), version)
}

/// `url` without query and version suffix. A path before the version is kept.
pub fn unversioned(url: &Url) -> Url {
    let mut root = url.clone();
    root.set_query(None);
    root.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    let (before, last) = path.rsplit_once('/').unwrap_or(("", path));
    let prefix = if is_version(last) {
        before.trim_end_matches('/')
    } else {
        path
    };
    root.set_path(prefix);
    root
}

/// `root` and a fixed path below it.
pub fn below(root: &Url, path: &str) -> Url {
    let mut url = root.clone();
    url.set_path(&format!("{}/{path}", root.path().trim_end_matches('/')));
    url
}

/// An id as one path segment, or `None` where it cannot be one: URLs give
/// `.` and `..` a meaning that no encoding takes away, and an empty segment
/// would address the collection instead of one thing in it.
pub fn segment(id: &str) -> Option<String> {
    match id {
        "" | "." | ".." => None,
        id => Some(utf8_percent_encode(id, SEGMENT).to_string()),
    }
}

/// The query of these pairs, or `None` where there are none. Spaces and plus
/// signs are written so that no server can mistake one for the other.
pub fn query(pairs: &[(&str, String)]) -> Option<String> {
    let encoded = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
    let pairs = pairs
        .iter()
        .map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    (!query.is_empty()).then_some(query)
}

/// The query of a link to the next page of `listing`.
///
/// `list` is the end of the path of the list itself. Links come without the path prefix of the endpoint, so only their query is
/// followed. One that leads elsewhere is refused: it would take the token along.
pub fn next_query(listing: &Url, link: &str, list: &str) -> Result<String, String> {
    let target = listing
        .join(link)
        .map_err(|_| "the link to the next page is no URL".to_owned())?;
    if target.origin() != listing.origin() {
        let elsewhere = target.origin().ascii_serialization();
        return Err(format!("the link to the next page leads to {elsewhere}"));
    }
    if !target.path().ends_with(list) {
        return Err("the link to the next page leads away from the list".to_owned());
    }
    match target.query() {
        Some(query) if !query.is_empty() => Ok(query.to_owned()),
        _ => Err("the link to the next page leads back to the first".to_owned()),
    }
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|number| {
        number.starts_with(|c: char| c.is_ascii_digit())
            && number.chars().all(|c| c.is_ascii_digit() || c == '.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_version_suffix_is_replaced_and_a_prefix_kept() {
        for (given, expected) in [
            ("https://ims.example", "https://ims.example/v2"),
            ("https://ims.example/", "https://ims.example/v2"),
            ("https://ims.example/v2", "https://ims.example/v2"),
            ("https://ims.example/v2/", "https://ims.example/v2"),
            ("https://ims.example/v2.1", "https://ims.example/v2"),
            ("https://cloud.example/image", "https://cloud.example/image/v2"),
            (
                "https://cloud.example/image/v2//",
                "https://cloud.example/image/v2",
            ),
            (
                "https://cloud.example:9292/a/vision/?x=1#y",
                "https://cloud.example:9292/a/vision/v2",
            ),
            ("http://[::1]:9292/v1", "http://[::1]:9292/v2"),
        ] {
            assert_eq!(versioned(&url(given), "v2").as_str(), expected, "{given}");
        }
        let keystone = versioned(&url("https://cloud.example/identity"), "v3");
        assert_eq!(
            below(&keystone, "auth/tokens").as_str(),
            "https://cloud.example/identity/v3/auth/tokens"
        );
    }

    #[test]
    fn an_id_stays_one_segment() {
        let root = url("https://cloud.example/image/v2");
        for (id, expected) in [
            ("6d1f2c3a-0000", "/image/v2/images/6d1f2c3a-0000"),
            ("a/b", "/image/v2/images/a%2Fb"),
            ("../x", "/image/v2/images/..%2Fx"),
            ("a?b#c", "/image/v2/images/a%3Fb%23c"),
            ("100%2F", "/image/v2/images/100%252F"),
            ("a\tb\n", "/image/v2/images/a%09b%0A"),
            ("a\\b", "/image/v2/images/a%5Cb"),
            ("%2e%2e", "/image/v2/images/%252e%252e"),
            ("ä", "/image/v2/images/%C3%A4"),
        ] {
            let path = format!("images/{}", segment(id).unwrap());
            assert_eq!(below(&root, &path).path(), expected, "{id:?}");
        }
        for id in ["", ".", ".."] {
            assert_eq!(segment(id), None, "{id:?}");
        }
    }

    #[test]
    fn only_the_same_list_is_paged_on() {
        let listing = url("https://cloud.example/image/v2/images?limit=2");
        for link in [
            "/v2/images?limit=2&marker=a",
            "/image/v2/images?limit=2&marker=a",
            "https://cloud.example/v2/images?limit=2&marker=a",
            "https://cloud.example:443/image/v2/images?limit=2&marker=a",
        ] {
            assert_eq!(
                next_query(&listing, link, "/v2/images").as_deref(),
                Ok("limit=2&marker=a"),
                "{link}"
            );
        }
        for link in [
            "https://evil.example/v2/images?marker=a",
            "//evil.example/v2/images?marker=a",
            "http://cloud.example/v2/images?marker=a",
            "https://cloud.example:444/v2/images?marker=a",
            "/v2/schemas/images?marker=a",
            "/v2/images",
            "/v2/images?",
            "http://[",
        ] {
            assert!(next_query(&listing, link, "/v2/images").is_err(), "{link}");
        }
    }
}
