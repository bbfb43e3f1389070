//! Lists of people from elsewhere: one file each, behind one small trait.
//!
//! A read gives the whole list or fails: nothing here can pass a part of a
//! list for the list.

mod csv;
mod document;
mod entry;
mod file;
mod http;
mod json;
mod keystone;
mod ldap;
mod scim;
mod strict_json;
mod text;
mod version;
mod web;

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use self::{
    csv::CsvFile,
    http::HttpDocument,
    json::JsonFile,
    keystone::CloudUsers,
    ldap::Directory,
    scim::{ScimError, ScimUsers},
};
use crate::{
    config::people::{self, List},
    model::{CloudName, Roll},
    providers::Reader,
};

/// Of one list; more than any that revokd is made for holds.
const MOST_ENTRIES: usize = 1_000_000;

/// Makes a source ready to be read; nothing is read yet. `reader_of` gives the
/// reader of a cloud, for the sources that are a cloud's own users.
///
/// # Errors
/// What keeps it from being read at all.
pub fn connect(
    config: &people::Source,
    reader_of: &dyn Fn(&CloudName) -> Option<Arc<dyn Reader>>,
) -> Result<Arc<dyn Source>, ConnectError> {
    match &config.list {
        List::Csv(csv) => Ok(Arc::new(CsvFile::new(config, csv.clone()))),
        List::Json(json) => Ok(Arc::new(JsonFile::new(config, json.clone()))),
        List::Keystone(keystone) => match reader_of(&keystone.cloud) {
            None => Err(ConnectError::NoCloud(keystone.cloud.clone())),
            Some(reader) => Ok(Arc::new(CloudUsers::new(config, keystone.clone(), reader))),
        },
        List::Http(http) => Ok(Arc::new(HttpDocument::new(config, http.clone())?)),
        List::Scim(scim) => Ok(Arc::new(ScimUsers::new(config, scim.clone())?)),
        List::Ldap(ldap) => Ok(Arc::new(Directory::new(config, ldap.clone()))),
    }
}

/// Why a source could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("the cloud `{0}` is not configured")]
    NoCloud(CloudName),
    #[error(transparent)]
    Connection(#[from] crate::connection::ConnectError),
    #[error(transparent)]
    Scim(#[from] ScimError),
}

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
pub enum ReadFailure {
    #[error("{0}")]
    Failed(String),
    /// The server does not take the login: another try may lock the account.
    #[error("{0}")]
    LoginRefused(String),
}

impl ReadFailure {
    /// The same failure in other words.
    fn reworded(self, words: impl FnOnce(&str) -> String) -> ReadFailure {
        match self {
            ReadFailure::Failed(why) => ReadFailure::Failed(words(&why)),
            ReadFailure::LoginRefused(why) => ReadFailure::LoginRefused(words(&why)),
        }
    }
}

impl From<String> for ReadFailure {
    fn from(why: String) -> ReadFailure {
        ReadFailure::Failed(why)
    }
}
