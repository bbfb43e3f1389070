//! A JSON document from a web server. What did not change since is not sent
//! again, where the server gives its documents a tag.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header::{ETAG, HeaderMap, HeaderValue, LAST_MODIFIED, LINK};
use url::Url;

use super::{
    ReadFailure, Source,
    document::{Parsed, one_page_of_several, read_document},
    version::of_bytes,
    web::{Answer, Asked, Web},
};
use crate::{
    config::people::{self, Document, Http},
    connection::{ConnectError, shortened},
    model::{Roll, SourceName, UserKey},
};

const MAX_BODY_BYTES: usize = 64 << 20;

pub struct HttpDocument {
    source: SourceName,
    to: UserKey,
    url: Url,
    document: Arc<Document>,
    web: Web,
    kept: Mutex<Option<Kept>>,
}

/// The last list that came with a tag.
#[derive(Clone)]
struct Kept {
    tag: HeaderValue,
    roll: Roll,
    /// When the list itself says it was made, and when its server does. One of
    /// which neither is told is as young as the answer that last confirmed it.
    made: Option<Timestamp>,
    last_modified: Option<Timestamp>,
}

impl HttpDocument {
    pub fn new(source: &people::Source, http: Http) -> Result<HttpDocument, ConnectError> {
        Ok(HttpDocument {
            source: source.name.clone(),
            to: source.to.clone(),
            web: Web::new(&http.url, &http.access, source.timeout)?,
            url: http.url,
            document: Arc::new(http.document),
            kept: Mutex::default(),
        })
    }

    async fn read_now(&self, now: Timestamp) -> Result<Roll, ReadFailure> {
        let kept = self.kept().clone();
        let asked = Asked {
            url: self.url.clone(),
            accept: "application/json",
            known: kept.as_ref().map(|kept| &kept.tag),
            max_body_bytes: MAX_BODY_BYTES,
        };
        match (self.web.get(asked).await?, kept) {
            (Answer::NotModified { headers }, Some(kept)) => self.confirmed(kept, &headers, now),
            (Answer::NotModified { .. }, None) => {
                Err(self.failure("answered 304 although nothing is known of the list yet"))
            }
            (Answer::Whole { headers, body }, _) => self.parsed(&headers, body, now).await,
        }
    }

    fn confirmed(&self, mut kept: Kept, headers: &HeaderMap, now: Timestamp) -> Result<Roll, ReadFailure> {
        if tag(headers).is_some_and(|tag| opaque(&tag) != opaque(&kept.tag)) {
            *self.kept() = None;
            return Err(self.failure("answered 304, but for another list than the one that is known"));
        }
        kept.roll.read_at = now;
        // The same list may have been made anew, as on a weekend on which nobody
        // came and nobody left.
        let last_modified = last_modified(headers).or(kept.last_modified);
        kept.roll.as_of = kept.made.or(last_modified).unwrap_or(now);
        Ok(kept.roll)
    }

    async fn parsed(&self, headers: &HeaderMap, body: Vec<u8>, now: Timestamp) -> Result<Roll, ReadFailure> {
        let tag = tag(headers);
        let told = tag.as_ref().and_then(|tag| tag.to_str().ok()).map(shortened);
        let version = told.unwrap_or_else(|| of_bytes(&body));
        let document = Arc::clone(&self.document);
        // A large document takes a while; others are not to wait for it.
        let parsing = tokio::task::spawn_blocking(move || read_document(&body, &document));
        let parsed: Result<Parsed, String> = parsing.await.unwrap_or_else(|error| Err(error.to_string()));
        let parsed = parsed.map_err(|why| self.failure(&why))?;
        if is_followed_by_another(headers) {
            return Err(self.failure(&one_page_of_several("header Link, rel=next")));
        }

        let (made, last_modified) = (parsed.made, last_modified(headers));
        let roll = Roll {
            source: self.source.clone(),
            version,
            read_at: now,
            as_of: made.or(last_modified).unwrap_or(now),
            to: self.to.clone(),
            entries: parsed.entries,
            deleted_on: None,
        };
        *self.kept() = tag.map(|tag| Kept {
            tag,
            roll: roll.clone(),
            made,
            last_modified,
        });
        Ok(roll)
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failure(&self, why: &str) -> ReadFailure {
        self.web.failure(&self.url, why)
    }
}

/// RFC 8288: how a server says that an answer is a page of several.
fn is_followed_by_another(headers: &HeaderMap) -> bool {
    let links = headers.get_all(LINK).iter().filter_map(|link| link.to_str().ok());
    let parameters = links
        .flat_map(|links| links.split([',', ';']))
        .map(str::to_ascii_lowercase);
    let mut relations =
        parameters.filter_map(|parameter| Some(parameter.trim().strip_prefix("rel=")?.to_owned()));
    relations.any(|words| {
        words
            .trim_matches('"')
            .split_whitespace()
            .any(|word| word == "next")
    })
}

impl Source for HttpDocument {
    fn read(&self, now: Timestamp) -> BoxFuture<'_, Result<Roll, ReadFailure>> {
        Box::pin(self.read_now(now))
    }

    fn glance(&self) -> Option<String> {
        None
    }
}

/// A tag as the standard writes it; what is written otherwise is none.
fn tag(headers: &HeaderMap) -> Option<HeaderValue> {
    let tag = headers.get(ETAG)?;
    let opaque = opaque(tag);
    let is_quoted = opaque.len() > 2 && opaque.starts_with(b"\"") && opaque.ends_with(b"\"");
    is_quoted.then(|| tag.clone())
}

/// Servers that compress make a strong tag weak, which changes nothing here.
fn opaque(tag: &HeaderValue) -> &[u8] {
    let bytes = tag.as_bytes();
    bytes.strip_prefix(b"W/").unwrap_or(bytes)
}

fn last_modified(headers: &HeaderMap) -> Option<Timestamp> {
    let told = headers.get(LAST_MODIFIED)?.to_str().ok()?;
    rfc2822::DateTimeParser::new().parse_timestamp(told).ok()
}

#[cfg(test)]
mod tests;
