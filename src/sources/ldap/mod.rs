//! A directory, read by one search from its beginning to its end.
//!
//! A directory has many ways of telling a part: limits of size and time,
//! referrals, pages that break off. Each of them is an error here, so that
//! nobody is taken for gone because the directory stopped early.

mod attributes;
mod connect;
mod moments;
mod person;
mod search;
mod states;
mod words;

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::{
    FutureExt, TryFutureExt,
    future::{BoxFuture, Either, select},
};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use self::connect::Bind;
use super::{ReadFailure, Source, version};
use crate::{
    config::people,
    model::{Entry, Roll, SourceName, UserKey},
};

/// A source of type `ldap`.
pub struct Directory {
    name: SourceName,
    to: UserKey,
    settings: people::Ldap,
    /// Of one whole read.
    timeout: Duration,
}

impl Directory {
    pub fn new(source: &people::Source, settings: people::Ldap) -> Directory {
        Directory {
            name: source.name.clone(),
            to: source.to.clone(),
            settings,
            timeout: source.timeout,
        }
    }

    /// Nothing of a read outlives it: the connection is driven from within, so
    /// that whoever stops waiting drops it.
    async fn entries(&self) -> Result<Vec<Entry>, ReadFailure> {
        let end = Instant::now() + self.timeout;
        let connecting = connect::connect(&self.settings);
        let (connection, mut session) = self.within(end, "connecting", connecting).await?;
        let work = async move {
            let binding = connect::bind(&mut session, self.settings.bind.as_ref());
            if let Bind::Refused(why) = self.within(end, "the bind", binding).await? {
                return Err(ReadFailure::LoginRefused(why));
            }
            let reading = search::people(&mut session, &self.settings);
            let entries = self.within(end, "the search", reading).await?;
            // The list is whole; how the directory takes the leave is nothing to it.
            let leaving = session.unbind().map_err(|error| words::of_error(&error));
            drop(self.within(end, "the leave", leaving).await);
            Ok(entries)
        };
        match select(Box::pin(work), Box::pin(connection.drive())).await {
            Either::Left((entries, _)) => entries,
            // What had arrived before the connection ended still counts.
            Either::Right((driven, work)) => work.await.map_err(|failure: ReadFailure| match driven {
                Err(error) => failure.reworded(|why| format!("{why} ({})", words::of_error(&error))),
                Ok(()) => failure,
            }),
        }
    }

    async fn within<T>(
        &self,
        end: Instant,
        step: &str,
        work: impl Future<Output = Result<T, String>>,
    ) -> Result<T, String> {
        timeout_at(end, work).await.unwrap_or_else(|_| {
            let timeout = humantime::format_duration(self.timeout);
            Err(format!(
                "{step} was not over when the `timeout` of the source, {timeout}, was"
            ))
        })
    }
}

impl Source for Directory {
    fn read(&self, now: Timestamp) -> BoxFuture<'_, Result<Roll, ReadFailure>> {
        Box::pin(async move {
            // The library that speaks LDAP panics on some messages that are none,
            // and what a server says must end this read alone.
            let read = AssertUnwindSafe(self.entries()).catch_unwind().await;
            let read = read.unwrap_or_else(|_| Err("the answer is not LDAP".to_owned().into()));
            let address = connect::address(&self.settings.url);
            let mut entries = read.map_err(|failure| failure.reworded(|why| format!("{address}: {why}")))?;
            entries.sort_by(|one, other| one.place.cmp(&other.place));
            // An entry that moves between pages while they are read comes twice.
            entries.dedup();
            Ok(Roll {
                source: self.name.clone(),
                version: version::of_entries(&entries),
                read_at: now,
                as_of: now,
                to: self.to.clone(),
                entries,
                deleted_on: None,
            })
        })
    }

    /// A directory has nothing that changes with every change below a base.
    fn glance(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests;
