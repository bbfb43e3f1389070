//! Values for the unit tests of the engine.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    policy::{Limits, Match, Missed, Policy},
    schedule::Schedule,
};
use crate::model::{
    AccountShare, Caller, Endpoints, Evidence, Holder, Id, Image, Inventory, Kind, Level, Member,
    MemberStatus, Mode, Namespace, Permission, Priority, Reading, Repository, Revocation, Sharing, Target,
    Task, TaskState, UserState, Visibility,
};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(crate) fn image(id: &str) -> Image {
    Image {
        id: Id::from(id),
        name: format!("name-of-{id}"),
        owner: Id::from("own"),
        status: "active".into(),
        visibility: Visibility::Shared,
        protected: false,
        hidden: false,
        size: Some(1 << 30),
        tags: vec![],
        properties: Default::default(),
        created_at: at("2026-01-01T00:00:00Z"),
        updated_at: at("2026-01-02T00:00:00Z"),
        sharing: Sharing::Members(vec![]),
    }
}

pub(crate) fn member(project: &str, granted_at: &str) -> Member {
    Member {
        project: Id::from(project),
        status: MemberStatus::Accepted,
        created_at: at(granted_at),
        updated_at: at(granted_at),
    }
}

/// One that the daemon manages.
pub(crate) fn namespace(name: &str, permissions: Vec<Permission>) -> Namespace {
    Namespace {
        name: Id::from(name),
        own_level: Level::Manage,
        permissions: Reading::Read(permissions),
    }
}

/// Of the name `NAMESPACE/NAME`; shared with nobody.
pub(crate) fn repository(id: &str, permissions: Vec<Permission>) -> Repository {
    let (namespace, name) = id.split_once('/').expect("a slash");
    Repository {
        id: Id::from(id),
        namespace: Id::from(namespace),
        name: name.to_owned(),
        public: false,
        created_at: at("2026-01-01T00:00:00Z"),
        updated_at: at("2026-01-02T00:00:00Z"),
        permissions: Reading::Read(permissions),
        shares: Reading::Read(vec![]),
    }
}

/// Of an enabled user who is called `name-of-USER`.
pub(crate) fn permission(user: &str, level: Level) -> Permission {
    Permission {
        user: Id::from(user),
        user_name: format!("name-of-{user}"),
        level,
        holder: Some(Holder {
            state: UserState::Enabled,
            account_owner: false,
            name: String::new(),
        }),
    }
}

/// A year old, with a deadline that is over at the time of the samples.
pub(crate) fn account_share(account: &str) -> AccountShare {
    AccountShare {
        account: Id::from(account),
        deadline: Some(at("2026-05-01T00:00:00Z")),
        expired: false,
        created_at: Some(at("2025-06-01T00:00:00Z")),
        updated_at: Some(at("2025-06-02T00:00:00Z")),
    }
}

pub(crate) fn registry(namespaces: Vec<Namespace>, repositories: Vec<Repository>) -> Inventory {
    Inventory {
        namespaces,
        repositories,
        ..inventory(vec![])
    }
}

pub(crate) fn inventory(images: Vec<Image>) -> Inventory {
    Inventory {
        cloud: "c".into(),
        caller: Caller {
            user: Id::from("revoker"),
            user_name: "revoker".into(),
            project: Id::from("own"),
            project_name: "own".into(),
            account: Id::from("account"),
            account_name: "account".into(),
            endpoints: Endpoints {
                images: Some("http://image.test/v2".into()),
                registry: Some("http://registry.test".into()),
            },
        },
        observed_at: at("2026-06-01T00:00:00Z"),
        images,
        namespaces: vec![],
        repositories: vec![],
        users: vec![],
        gaps: vec![],
    }
}

pub(crate) fn policy(kind: Kind, matcher: Match) -> Policy {
    Policy {
        name: "p".into(),
        description: String::new(),
        digest: "d".into(),
        enabled: true,
        schedule: Schedule::parse("0 * * * *", TimeZone::UTC).expect("a good line"),
        missed: Missed::RunOnce,
        clouds: vec!["c".into()],
        kinds: vec![kind],
        mode: Mode::Enforce,
        priority: Priority::Normal,
        matcher,
        limits: Limits::default(),
        exemptions: vec![],
    }
}

pub(crate) fn revocation(image: &str, project: &str) -> Revocation {
    Revocation {
        target: Target::image_share("c".into(), Id::from(image), Id::from(project)),
        due_since: at("2026-05-01T00:00:00Z"),
        evidence: Evidence {
            policy: "p".into(),
            policy_digest: "d".into(),
            observed_at: at("2026-06-01T00:00:00Z"),
            resource_name: format!("name-of-{image}"),
            subject_name: String::new(),
            owner: Id::from("own"),
            endpoint: "http://image.test/v2".into(),
            granted_at: Some(at("2026-01-01T00:00:00Z")),
            grant_version: "2026-01-01T00:00:00Z".into(),
            compared: vec![],
            still_reachable: vec![],
            listed_in: vec![],
        },
    }
}

pub(crate) fn task(revocation: Revocation) -> Task {
    Task {
        id: 1,
        run: 1,
        revocation,
        priority: Priority::Normal,
        state: TaskState::Claimed,
        hold: None,
        not_before: at("2026-06-01T00:00:00Z"),
        decided_at: at("2026-06-01T00:00:00Z"),
        allowed_from: at("2026-06-01T00:00:00Z"),
        job: None,
        attempts: 1,
        note: String::new(),
        finished_at: None,
    }
}
