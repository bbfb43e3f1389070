//! A directory that speaks SCIM 2.0 (RFC 7643, RFC 7644): all of its users,
//! page by page, or those that a filter leaves.

use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use self::{
    attributes::BadPath,
    paging::{Ask, Next, Paging},
    user::{Known, UserFields},
    wire::{NoPage, Page},
};
use super::{
    ReadFailure, Source, version,
    web::{Answer, Asked, Web},
};
use crate::{
    config::people::{self, Scim},
    connection,
    model::{Roll, SourceName, UserKey},
};

mod attributes;
mod paging;
#[cfg(test)]
mod tests;
mod user;
mod wire;

const MAX_BODY_BYTES: usize = 32 << 20;

/// A list whose users changed while it was read is begun once more: one change
/// is chance, two say that it cannot be read whole by counting.
const MOST_PASSES: u32 = 2;

/// Not form encoding, whose `+` some servers take for itself.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub struct ScimUsers {
    source: SourceName,
    to: UserKey,
    timeout: Duration,
    /// Of the users, without what each page adds to it.
    url: Url,
    filter: Option<String>,
    page_size: u32,
    fields: UserFields,
    web: Web,
}

/// Why a directory cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ScimError {
    #[error(transparent)]
    Connection(#[from] connection::ConnectError),
    #[error(transparent)]
    Path(#[from] BadPath),
}

impl ScimUsers {
    pub fn new(source: &people::Source, scim: Scim) -> Result<ScimUsers, ScimError> {
        Ok(ScimUsers {
            source: source.name.clone(),
            to: source.to.clone(),
            timeout: source.timeout,
            fields: UserFields::compile(&scim.fields)?,
            web: Web::new(&scim.url, &scim.access, source.timeout)?,
            url: users_below(&scim.url),
            filter: scim.filter,
            page_size: scim.page_size,
        })
    }

    async fn read_now(&self, now: Timestamp) -> Result<Roll, ReadFailure> {
        let reading = tokio::time::timeout(self.timeout, self.all_users());
        let mut users = reading.await.unwrap_or_else(|_| Err(self.too_slow()))?;
        users.sort_by(|one, other| one.fingerprint.cmp(&other.fingerprint));
        let fingerprints: Vec<&str> = users.iter().map(|user| user.fingerprint.as_str()).collect();
        Ok(Roll {
            source: self.source.clone(),
            version: version::of_bytes(fingerprints.join("\n").as_bytes()),
            read_at: now,
            as_of: now,
            to: self.to.clone(),
            entries: users.into_iter().map(|user| user.entry).collect(),
            deleted_on: None,
        })
    }

    async fn all_users(&self) -> Result<Vec<Known>, ReadFailure> {
        for _ in 0..MOST_PASSES {
            if let Some(users) = self.pass().await? {
                return Ok(users);
            }
        }
        Err(self.failure("the number of users changed while they were read, twice"))
    }

    /// All pages once, or `None` where the users changed meanwhile.
    async fn pass(&self) -> Result<Option<Vec<Known>>, ReadFailure> {
        let mut paging = Paging::default();
        let mut users = Vec::new();
        let mut ask = Paging::first();
        loop {
            let page = self.page(&ask).await?;
            let next = paging.take(&page.head()).map_err(|why| self.failure(&why))?;
            users.extend(page.users.iter().map(|user| self.fields.read(user)));
            match next {
                Next::Page(next) => ask = next,
                Next::End => return Ok(Some(users)),
                Next::Changed => return Ok(None),
            }
        }
    }

    async fn page(&self, ask: &Ask) -> Result<Page, ReadFailure> {
        let asked = Asked {
            url: self.address(ask),
            accept: "application/scim+json, application/json",
            known: None,
            max_body_bytes: MAX_BODY_BYTES,
        };
        let Answer::Whole { body, .. } = self.web.get(asked).await? else {
            return Err(self.failure("answered 304 although nothing is known of the list"));
        };
        Page::parse(&body).map_err(|no_page| match no_page {
            NoPage::Refusal => {
                let why = "answered 200 with an error of SCIM";
                self.web.failure_of(&self.url, why, &body)
            }
            NoPage::Misread(why) => self.failure(&why),
        })
    }

    fn address(&self, ask: &Ask) -> Url {
        let mut query: Vec<String> = self.url.query().map(str::to_owned).into_iter().collect();
        let mut add = |name: &str, value: &str| {
            query.push(format!("{name}={}", utf8_percent_encode(value, QUERY_VALUE)));
        };
        match ask {
            Ask::From(index) => add("startIndex", &index.to_string()),
            Ask::Cursor(cursor) => add("cursor", cursor),
        }
        add("count", &self.page_size.to_string());
        if let Some(filter) = &self.filter {
            add("filter", filter);
        }
        let mut url = self.url.clone();
        url.set_query(Some(&query.join("&")));
        url
    }

    fn too_slow(&self) -> ReadFailure {
        let time = humantime::format_duration(self.timeout);
        self.failure(&format!("not all users came within {time}"))
    }

    fn failure(&self, why: &str) -> ReadFailure {
        self.web.failure(&self.url, why)
    }
}

impl Source for ScimUsers {
    fn read(&self, now: Timestamp) -> BoxFuture<'_, Result<Roll, ReadFailure>> {
        Box::pin(self.read_now(now))
    }

    fn glance(&self) -> Option<String> {
        None
    }
}

fn users_below(base: &Url) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push("Users");
    }
    url
}
