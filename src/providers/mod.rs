//! Clouds: one folder each, behind two small traits.
//!
//! Reading and writing are separate handles: what only decides is given a
//! [`Reader`] and cannot remove anything.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::model::{Caller, Failure, Id, Inventory, Kind, Needs, Outcome, Target};

pub mod calls;
mod http;
mod limiter;
pub mod openstack;
mod registry;

pub use http::ConnectError;
pub use registry::connect;

/// Tells the time to what has to wait or to expire.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Reads one cloud, as one account. Implementations bound every page, body and
/// wait, log in on first use, renew a token at most once per expiry, and never
/// try a refused login again by themselves.
pub trait Reader: Send + Sync {
    /// Who the daemon is there.
    fn caller(&self) -> BoxFuture<'_, Result<Caller, Failure>>;

    /// All the images that the caller's project owns, with member lists where
    /// asked. A failure of one part is a gap of the inventory; an `Err` means
    /// that nothing could be seen.
    fn collect<'a>(
        &'a self,
        needs: Needs,
        now: Timestamp,
        progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> BoxFuture<'a, Result<Inventory, Failure>>;

    /// One resource looked at again: the inventory holds it, or holds nothing
    /// and has no gaps, which means that it is confirmed gone. What cannot be
    /// told (invisible, not answered) is an `Err` or a gap.
    fn look<'a>(
        &'a self,
        kind: Kind,
        resource: &'a Id,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Inventory, Failure>>;

    /// The cheapest call that shows whether the cloud answers again.
    fn probe(&self) -> BoxFuture<'_, Result<(), Failure>>;
}

/// Removes targets from one cloud.
pub trait Revoker: Send + Sync {
    /// Makes the call for one target, once.
    fn revoke<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Outcome>;
}

/// The two handles of one cloud.
#[derive(Clone)]
pub struct Cloud {
    pub reader: Arc<dyn Reader>,
    pub revoker: Arc<dyn Revoker>,
}

/// How far a collection has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub images: u64,
    pub member_lists: u64,
    /// Known once the images are listed.
    pub member_lists_expected: Option<u64>,
}
