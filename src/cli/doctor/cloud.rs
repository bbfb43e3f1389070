//! One cloud: its address, its certificate, the login, what the login is for,
//! and what of it can be read. Nothing is changed there, and the login is tried
//! once: clouds lock accounts.

mod reach;
mod rights;
mod scope;

use super::finding::Finding;
use crate::{
    config::types,
    daemon::clock::SharedClock,
    model::{Caller, CloudName, Failure, FailureClass, Kind, Service},
    providers::Reader,
};

/// What revokd is to do on a cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub kinds: Vec<Kind>,
    /// Whether the users of the account have to be listed, as lists of people
    /// need it.
    pub users: bool,
}

impl Wanted {
    /// All that revokd can do there, where no policy says what is wanted.
    pub fn everything(cloud: &types::Cloud) -> Wanted {
        Wanted {
            kinds: cloud.provider.kinds().to_vec(),
            users: false,
        }
    }
}

/// A cloud that was looked at.
pub struct Examined {
    pub findings: Vec<Finding>,
    /// Who revokd is there; `None` where the login failed, and nobody may try
    /// it again.
    pub caller: Option<Caller>,
    /// Whether the cloud refused the login.
    pub is_refused: bool,
}

impl Examined {
    /// Where nobody is logged in.
    fn without_login(findings: Vec<Finding>, is_refused: bool) -> Examined {
        Examined {
            findings,
            caller: None,
            is_refused,
        }
    }
}

/// No client could be made, so nothing was sent.
pub fn unprepared(name: &CloudName, error: &anyhow::Error) -> Finding {
    let mend = format!("correct [clouds.{name}], then: revokd check");
    Finding::problem("connection", format!("{error:#}"), mend)
}

/// A cloud as configured.
pub struct Section<'a> {
    pub name: &'a CloudName,
    pub cloud: &'a types::Cloud,
    /// Whether it stands in a configuration, so that a command can be told to
    /// look at it again.
    pub is_written: bool,
}

/// Looks at a cloud through a reader that others use as well, so that its login
/// is theirs too.
pub async fn examine(
    section: &Section<'_>,
    reader: &dyn Reader,
    wanted: &Wanted,
    clock: &SharedClock,
) -> Examined {
    let cloud = section.cloud;
    let mut findings = Vec::new();
    let reached = reach::reach(section, "address", &cloud.auth_url, clock, &mut findings).await;
    if !reached {
        let mend = "mend the address first";
        findings.push(Finding::not_checked("login", "the cloud cannot be reached", mend));
        return Examined::without_login(findings, false);
    }
    let caller = match reader.caller().await {
        Ok(caller) => caller,
        Err(failure) => {
            findings.push(scope::login_failed(section, &failure));
            let mend = "mend the login first";
            findings.push(Finding::not_checked("rights", "nobody is logged in", mend));
            let is_refused = matches!(
                failure.class,
                FailureClass::Unauthenticated | FailureClass::Refused
            );
            return Examined::without_login(findings, is_refused);
        }
    };
    findings.extend(scope::judged(section, &caller));
    for service in [Service::Images, Service::Registry] {
        if wanted.kinds.iter().any(|kind| kind.service() == service) {
            reach::service(section, service, &caller, clock, &mut findings).await;
        }
    }
    findings.extend(rights::read(section, reader, &caller, wanted, clock).await);
    Examined {
        findings,
        caller: Some(caller),
        is_refused: false,
    }
}

/// How to mend what failed, where `right` is what would be missing.
fn mend_for(failure: &Failure, right: &str) -> String {
    match failure.class {
        FailureClass::Refused | FailureClass::Unauthenticated => right.to_owned(),
        FailureClass::Unreachable | FailureClass::Interrupted => {
            "see that a firewall or proxy between here and there lets whole answers through".to_owned()
        }
        FailureClass::Throttled => {
            "wait; `requests_per_second` in the cloud's `limits` keeps revokd below the throttle".to_owned()
        }
        FailureClass::Unavailable | FailureClass::Conflict => {
            "wait and try again; if it stays so, ask who runs the cloud".to_owned()
        }
        FailureClass::Malformed => {
            "see that the endpoint is the service itself, and not a page in front of it".to_owned()
        }
    }
}
