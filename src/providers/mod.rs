//! Clouds: one folder each, behind two small traits.
//!
//! Reading and writing are separate handles: what only decides is given a
//! [`Reader`] and cannot remove anything.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::model::{
    Batch, Caller, Failure, Id, Inventory, JobId, JobStatus, Kind, Needs, Outcome, Reach, User,
};

mod address;
pub mod calls;
mod catalogue;
#[cfg(test)]
mod conformance;
mod http;
pub mod huawei;
mod interner;
pub mod lane;
mod limiter;
pub mod openstack;
mod pace;
mod patience;
pub mod refusals;
mod registry;
#[cfg(test)]
mod scripted;
mod session;
mod simulated;
mod token;
mod users;

pub use http::{BadCertificate, ConnectError, Glimpse, Unseen, glimpse};
pub use registry::connect;

/// Tells the time to what has to wait or to expire.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Reads one cloud, as one account. Implementations bound every page, body and
/// wait, log in on first use, renew a token at most once per expiry, and never
/// try a refused login again by themselves.
pub trait Reader: Send + Sync {
    /// Who the daemon is there.
    fn caller(&self) -> BoxFuture<'_, Result<Caller, Failure>>;

    /// What the caller's project and account own, as far as `needs` asks. A failure of one part is a gap of the inventory; an `Err` means
    /// that nothing could be seen.
    fn collect<'a>(
        &'a self,
        needs: Needs,
        now: Timestamp,
        progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> BoxFuture<'a, Result<Inventory, Failure>>;

    /// One resource looked at again, with the list that grants of the kind
    /// stand in: the inventory holds it, or holds nothing and has no gaps, which
    /// means that it is confirmed gone. What cannot be told (invisible, not
    /// answered) is an `Err` or a gap. Of the holders of permissions only
    /// `subjects` are asked about, and so it is with an image's members where
    /// the cloud shows no list of them.
    fn look<'a>(
        &'a self,
        kind: Kind,
        resource: &'a Id,
        subjects: &'a [Id],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Inventory, Failure>>;

    /// All users of the caller's account by id, or an `Err`: never a part of
    /// them. Without `needs_details` they are as the list has them; with it
    /// everything is asked for that the service tells of each, `last_seen` and
    /// attributes that the list leaves out, which may take calls for each.
    fn users(&self, needs_details: bool, now: Timestamp) -> BoxFuture<'_, Result<Vec<User>, Failure>>;

    /// The cheapest call that shows whether the cloud answers again.
    fn probe(&self) -> BoxFuture<'_, Result<(), Failure>>;
}

/// Removes targets from one cloud.
pub trait Revoker: Send + Sync {
    /// How many targets of the kind one call may take.
    fn reach(&self, kind: Kind) -> Reach;

    /// Makes the one call for a batch within [`Revoker::reach`], once.
    fn revoke<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Outcome>;

    /// How a job stands that an earlier call began.
    fn job<'a>(&'a self, job: &'a JobId) -> BoxFuture<'a, Result<JobStatus, Failure>>;
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
    pub repositories: u64,
    /// Permission and share lists of namespaces and repositories.
    pub access_lists: u64,
    /// Known once the repositories are listed.
    pub access_lists_expected: Option<u64>,
}
