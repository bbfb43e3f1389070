//! What was asked of the simulated cloud, and how much of it at once.
//!
//! Tests count here: pages, logins, calls in flight.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::Id;

/// What a request is about, as far as faults and counters care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallKind {
    Login,
    ListUsers,
    ShowUser,
    /// Any other call to the identity service.
    OtherIdentity,
    ListImages,
    ShowImage,
    ListMembers,
    RemoveMember,
    /// One call for every pair of several images and projects.
    RemoveMembers,
    ShowJob,
    DeleteImage,
    ListNamespaces,
    ListRepositories,
    ListSharedRepositories,
    /// The users of one namespace or repository.
    ListPermissions,
    RemovePermissions,
    /// The accounts that one repository is shared with.
    ListAccountShares,
    RemoveAccountShare,
    /// Any other call that is not about identity.
    OtherData,
}

impl CallKind {
    pub fn is_data(self) -> bool {
        !matches!(
            self,
            CallKind::Login | CallKind::ListUsers | CallKind::ShowUser | CallKind::OtherIdentity
        )
    }
}

/// A request, as faults match it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub kind: CallKind,
    pub method: String,
    /// Images, namespaces (`NAME`), repositories (`NAMESPACE/NAME`).
    pub resources: Vec<Id>,
    /// Projects, users, accounts by name.
    pub subjects: Vec<Id>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest {
    pub call: Call,
    /// Path and query, as they came.
    pub path: String,
    /// `None` where no whole answer was sent: the connection was cut, or the
    /// client left first.
    pub status: Option<u16>,
}

/// A shared handle on the log of finished requests.
#[derive(Clone, Default)]
pub struct Requests(Arc<Mutex<Log>>);

#[derive(Default)]
struct Log {
    finished: Vec<LoggedRequest>,
    in_flight: usize,
    most_in_flight: usize,
}

impl Requests {
    /// Counts the request as in flight until the guard is dropped.
    pub fn begin(&self, call: Call, path: String) -> InFlight {
        let mut log = self.lock();
        log.in_flight += 1;
        log.most_in_flight = log.most_in_flight.max(log.in_flight);
        InFlight {
            requests: self.clone(),
            request: Some(LoggedRequest {
                call,
                path,
                status: None,
            }),
        }
    }

    /// In the order in which they finished.
    pub fn all(&self) -> Vec<LoggedRequest> {
        self.lock().finished.clone()
    }

    pub fn count(&self, kind: CallKind) -> usize {
        self.lock()
            .finished
            .iter()
            .filter(|request| request.call.kind == kind)
            .count()
    }

    pub fn in_flight(&self) -> usize {
        self.lock().in_flight
    }

    /// The most requests that were ever in flight at once.
    pub fn most_in_flight(&self) -> usize {
        self.lock().most_in_flight
    }

    /// Forgets the finished requests; what is in flight becomes the new peak.
    pub fn clear(&self) {
        let mut log = self.lock();
        log.finished.clear();
        log.most_in_flight = log.in_flight;
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request in flight; dropped unanswered, it is logged without a status.
pub struct InFlight {
    requests: Requests,
    request: Option<LoggedRequest>,
}

impl InFlight {
    pub fn answered(mut self, status: u16) {
        if let Some(request) = &mut self.request {
            request.status = Some(status);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut log = self.requests.lock();
        log.in_flight -= 1;
        log.finished.extend(self.request.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(kind: CallKind) -> Call {
        Call {
            kind,
            method: "GET".to_string(),
            resources: Vec::new(),
            subjects: Vec::new(),
        }
    }

    #[test]
    fn the_peak_of_requests_in_flight_is_kept() {
        let requests = Requests::default();
        let first = requests.begin(call(CallKind::ListImages), "/a".to_string());
        let second = requests.begin(call(CallKind::ListImages), "/b".to_string());
        first.answered(200);
        second.answered(200);
        drop(requests.begin(call(CallKind::Login), "/c".to_string()));
        assert_eq!(requests.most_in_flight(), 2);
        assert_eq!(requests.in_flight(), 0);
        assert_eq!(requests.count(CallKind::ListImages), 2);
    }

    #[test]
    fn a_request_that_was_dropped_has_no_status() {
        let requests = Requests::default();
        drop(requests.begin(call(CallKind::Login), "/x".to_string()));
        assert_eq!(requests.all()[0].status, None);
    }
}
