//! Faults: what goes wrong, for which calls, how often.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::requests::{Call, CallKind};
use crate::model::Id;

/// What happens to a call that a fault matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Answers with this status instead of doing anything.
    Status(u16),
    /// The same, with a `Retry-After` header.
    StatusRetryAfter(u16, RetryAfter),
    /// Waits, in real time, then goes on to the next fault or the call itself.
    Latency(Duration),
    /// Closes the connection: nothing was done, nothing is answered.
    CutBefore,
    /// Does what was asked, then closes the connection without an answer.
    CutAfter,
    /// The same, after this many bytes of the answer, its head included.
    CutWithin(usize),
    /// The token of the call is dead from now on.
    TokenDies,
    /// Answers with this instead of doing anything.
    Body {
        status: u16,
        content_type: String,
        text: String,
    },
    /// Answers with this status and code, in the form of the service that was
    /// asked, instead of doing anything.
    Code { status: u16, code: String },
    /// 307 to this address.
    RedirectTo(String),
    /// Does what was asked; a job that this begins does nothing, and fails.
    JobFails,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    Seconds(u64),
    /// Sent as an HTTP date.
    At(Timestamp),
}

/// One rule: which calls, after how many of them, how often, and what happens.
#[derive(Clone, Debug)]
pub struct Fault {
    reach: Reach,
    method: Option<String>,
    resource: Option<Id>,
    subject: Option<Id>,
    skip: u64,
    times: Option<u64>,
    effect: Effect,
}

#[derive(Clone, Copy, Debug)]
enum Reach {
    Kind(CallKind),
    AnyData,
    Anything,
}

impl Fault {
    /// Befalls every call of the kind, for ever, until narrowed.
    pub fn on(kind: CallKind, effect: Effect) -> Fault {
        Fault::new(Reach::Kind(kind), effect)
    }

    /// Befalls every call but those to the identity service.
    pub fn on_any_data(effect: Effect) -> Fault {
        Fault::new(Reach::AnyData, effect)
    }

    pub fn on_anything(effect: Effect) -> Fault {
        Fault::new(Reach::Anything, effect)
    }

    pub fn method(mut self, method: &str) -> Fault {
        self.method = Some(method.to_string());
        self
    }

    /// Only calls that name the resource, if among others.
    pub fn resource(mut self, resource: &Id) -> Fault {
        self.resource = Some(resource.clone());
        self
    }

    /// Only calls that name the subject, if among others.
    pub fn subject(mut self, subject: &Id) -> Fault {
        self.subject = Some(subject.clone());
        self
    }

    /// Lets the first `calls` that match pass unharmed.
    pub fn skip(mut self, calls: u64) -> Fault {
        self.skip = calls;
        self
    }

    pub fn times(mut self, times: u64) -> Fault {
        self.times = Some(times);
        self
    }

    pub fn once(self) -> Fault {
        self.times(1)
    }

    fn new(reach: Reach, effect: Effect) -> Fault {
        Fault {
            reach,
            method: None,
            resource: None,
            subject: None,
            skip: 0,
            times: None,
            effect,
        }
    }

    fn matches(&self, call: &Call) -> bool {
        let reached = match self.reach {
            Reach::Kind(kind) => kind == call.kind,
            Reach::AnyData => call.kind.is_data(),
            Reach::Anything => true,
        };
        reached
            && self.method.as_ref().is_none_or(|method| *method == call.method)
            && self
                .resource
                .as_ref()
                .is_none_or(|resource| call.resources.contains(resource))
            && self
                .subject
                .as_ref()
                .is_none_or(|subject| call.subjects.contains(subject))
    }

    /// Whether this fault befalls the call; counts the call if it matches.
    fn befalls(&mut self, call: &Call) -> bool {
        if self.times == Some(0) || !self.matches(call) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if let Some(times) = &mut self.times {
            *times -= 1;
        }
        true
    }
}

/// A shared handle on the faults of one simulated cloud; they can be added
/// while it serves.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    pub fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Waits add up over all the faults that match; the first other effect
    /// stands last and ends the search.
    pub fn befalling(&self, call: &Call) -> Vec<Effect> {
        let mut effects = Vec::new();
        for fault in self.lock().iter_mut() {
            if fault.befalls(call) {
                effects.push(fault.effect.clone());
                if !matches!(fault.effect, Effect::Latency(_)) {
                    break;
                }
            }
        }
        effects
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removal(image: &str, member: &str) -> Call {
        Call {
            kind: CallKind::RemoveMember,
            method: "DELETE".to_string(),
            resources: vec![Id::from(image)],
            subjects: vec![Id::from(member)],
        }
    }

    #[test]
    fn a_fault_skips_then_strikes_then_is_spent() {
        let faults = Faults::default();
        faults.add(
            Fault::on(CallKind::RemoveMember, Effect::Status(503))
                .skip(1)
                .times(2),
        );
        let call = removal("i", "m");
        let struck: Vec<bool> = (0..5).map(|_| !faults.befalling(&call).is_empty()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
    }

    #[test]
    fn a_fault_on_one_pair_leaves_the_others_alone() {
        let faults = Faults::default();
        let fault = Fault::on_any_data(Effect::CutBefore);
        faults.add(
            fault
                .resource(&Id::from("i"))
                .subject(&Id::from("m"))
                .method("DELETE"),
        );
        assert!(faults.befalling(&removal("i", "other")).is_empty());
        assert!(faults.befalling(&removal("other", "m")).is_empty());
        assert_eq!(faults.befalling(&removal("i", "m")), [Effect::CutBefore]);
    }

    #[test]
    fn a_call_for_several_is_befallen_by_a_fault_on_one_of_them() {
        let faults = Faults::default();
        let fault = Fault::on(CallKind::RemoveMembers, Effect::Status(400));
        faults.add(fault.resource(&Id::from("bad")));
        let batch = |images: &[&str]| Call {
            kind: CallKind::RemoveMembers,
            resources: images.iter().map(|image| Id::from(*image)).collect(),
            ..removal("i", "m")
        };
        assert!(faults.befalling(&batch(&["good", "fine"])).is_empty());
        assert_eq!(faults.befalling(&batch(&["good", "bad"])), [Effect::Status(400)]);
    }

    #[test]
    fn waits_add_up_before_the_one_that_ends_the_call() {
        let faults = Faults::default();
        let wait = Effect::Latency(Duration::from_millis(1));
        faults.add(Fault::on_anything(wait.clone()));
        faults.add(Fault::on_anything(Effect::Status(500)));
        faults.add(Fault::on_anything(Effect::Status(501)));
        assert_eq!(faults.befalling(&removal("i", "m")), [wait, Effect::Status(500)]);
    }

    #[test]
    fn a_login_is_not_data() {
        let faults = Faults::default();
        faults.add(Fault::on_any_data(Effect::Status(500)));
        let login = Call {
            kind: CallKind::Login,
            ..removal("i", "m")
        };
        assert!(faults.befalling(&login).is_empty());
    }
}
