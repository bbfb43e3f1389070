//! Lists of people from elsewhere: one file each, behind one small trait.
//!
//! A read gives the whole list or fails: nothing here can pass a part of a
//! list for the list.

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::model::Roll;

/// One source as configured. Implementations bound every page, body and wait,
/// and try a refused login once a read.
pub trait Source: Send + Sync {
    /// Reads the list from its beginning to its end.
    fn read(&self, now: Timestamp) -> BoxFuture<'_, Result<Roll, ReadFailure>>;

    /// Something cheap that changes when the list may have changed; `None`
    /// where that cannot be told without reading it.
    fn glance(&self) -> Option<String>;
}

/// Why a list could not be read whole: a sentence that says what, where, and
/// what to do, and shows no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadFailure(pub String);
