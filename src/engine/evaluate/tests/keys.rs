//! Each key of the registry's kinds, met and not met.

use crate::engine::people::Lists;
use jiff::SignedDuration;

use super::{NOW, days, patterns};
use crate::{
    engine::{
        evaluate::{Evaluation, evaluate},
        policy::{ImageMatch, Match, UserMatch},
        sample::{self, at},
    },
    model::{AccountShare, Holder, Inventory, Kind, Level, Permission, Reading, UserState},
};

fn judge(kind: Kind, matcher: Match, inventory: &Inventory) -> Evaluation {
    let policy = sample::policy(kind, matcher);
    evaluate(&policy, inventory, &Default::default(), &Lists::none(), at(NOW))
}

/// `RESOURCE SUBJECT` of each decision.
fn decided(evaluation: &Evaluation) -> Vec<String> {
    let each = evaluation.revocations.iter().map(|revocation| {
        let target = &revocation.target;
        format!("{} {}", target.resource, target.subject.clone().expect("a grant"))
    });
    each.collect()
}

/// What each key observed, in order.
fn observed(evaluation: &Evaluation) -> Vec<(String, String)> {
    let compared = evaluation.revocations.iter().flat_map(|r| &r.evidence.compared);
    compared.map(|c| (c.key.clone(), c.observed.clone())).collect()
}

fn in_state(user: &str, state: UserState) -> Permission {
    Permission {
        holder: Some(Holder {
            state,
            account_owner: false,
            name: String::new(),
        }),
        ..sample::permission(user, Level::Write)
    }
}

fn two_namespaces() -> Inventory {
    let people = || {
        vec![
            in_state("ann", UserState::Enabled),
            in_state("bob", UserState::Disabled),
            Permission {
                level: Level::Manage,
                ..in_state("cyd", UserState::Deleted)
            },
        ]
    };
    sample::registry(
        vec![
            sample::namespace("team-a", people()),
            sample::namespace("team-b", vec![]),
        ],
        vec![
            sample::repository("team-a/web/api", people()),
            sample::repository("team-b/api", people()),
        ],
    )
}

#[test]
fn permissions_are_told_apart_by_level_namespace_repository_and_user() {
    let inventory = two_namespaces();
    let user = |user: UserMatch| Match {
        user,
        ..Match::default()
    };
    let of_a = "team-a/web/api ann,team-a/web/api bob,team-a/web/api cyd";
    for (matcher, expected) in [
        (
            Match {
                level: Some(vec![Level::Manage]),
                ..Match::default()
            },
            "team-a/web/api cyd,team-b/api cyd",
        ),
        (
            Match {
                namespace: patterns(&["*-a"]),
                ..Match::default()
            },
            of_a,
        ),
        (
            Match {
                repository: patterns(&["web/*"]),
                ..Match::default()
            },
            of_a,
        ),
        (
            Match {
                repository: patterns(&["api"]),
                subject: patterns(&["ann"]),
                ..Match::default()
            },
            "team-b/api ann",
        ),
        (
            user(UserMatch {
                id: patterns(&["b?b"]),
                ..UserMatch::default()
            }),
            "team-a/web/api bob,team-b/api bob",
        ),
        (
            user(UserMatch {
                name: patterns(&["name-of-bob"]),
                state: Some(vec![UserState::Disabled, UserState::Deleted]),
                ..UserMatch::default()
            }),
            "team-a/web/api bob,team-b/api bob",
        ),
        (
            user(UserMatch {
                state: Some(vec![UserState::Deleted]),
                ..UserMatch::default()
            }),
            "team-a/web/api cyd,team-b/api cyd",
        ),
    ] {
        let evaluation = judge(Kind::RepositoryPermission, matcher, &inventory);
        assert_eq!(decided(&evaluation).join(","), expected);
        assert_eq!(evaluation.seen, 6);
    }
}

#[test]
fn a_namespace_permission_is_decided_with_all_that_was_compared() {
    let matcher = Match {
        level: Some(vec![Level::Write]),
        subject: patterns(&["bob"]),
        namespace: patterns(&["team-a"]),
        user: UserMatch {
            id: patterns(&["bob"]),
            name: patterns(&["*bob"]),
            state: Some(vec![UserState::Disabled]),
        },
        ..Match::default()
    };
    let evaluation = judge(Kind::NamespacePermission, matcher, &two_namespaces());
    assert_eq!(decided(&evaluation), ["team-a bob"]);
    let pairs = [
        ("subject", "bob"),
        ("level", "write"),
        ("user.id", "bob"),
        ("user.name", "name-of-bob"),
        ("user.state", "disabled"),
        ("namespace", "team-a"),
    ];
    assert_eq!(observed(&evaluation), pairs.map(|(k, v)| (k.into(), v.into())));
    let evidence = &evaluation.revocations[0].evidence;
    assert_eq!(
        (evidence.resource_name.as_str(), evidence.subject_name.as_str()),
        ("team-a", "name-of-bob")
    );
    assert_eq!(
        (evidence.owner.as_str(), evidence.endpoint.as_str()),
        ("account", "http://registry.test")
    );
    assert_eq!(
        (evidence.granted_at, evidence.grant_version.as_str()),
        (None, "write")
    );
}

#[test]
fn what_no_cloud_tells_the_age_of_is_never_old() {
    let inventory = two_namespaces();
    for kind in [Kind::RepositoryPermission, Kind::NamespacePermission] {
        let granted = Match {
            granted_before: days(0),
            ..Match::default()
        };
        assert_eq!(decided(&judge(kind, granted, &inventory)), [""; 0], "{kind}");
    }
    let created = Match {
        created_before: days(0),
        ..Match::default()
    };
    assert_eq!(
        decided(&judge(Kind::NamespacePermission, created, &inventory)),
        [""; 0]
    );
}

#[test]
fn keys_about_something_else_are_never_met() {
    let inventory = two_namespaces();
    let of_images = ImageMatch {
        hidden: Some(false),
        ..ImageMatch::default()
    };
    for matcher in [
        Match {
            deadline_passed: Some(false),
            ..Match::default()
        },
        Match {
            account: patterns(&["*"]),
            ..Match::default()
        },
        Match {
            image: of_images,
            ..Match::default()
        },
        Match {
            status: Some(vec![]),
            ..Match::default()
        },
        Match {
            expires: Some(crate::engine::policy::Expiry::Tag("expires".into())),
            ..Match::default()
        },
    ] {
        let evaluation = judge(Kind::RepositoryPermission, matcher, &inventory);
        assert_eq!(decided(&evaluation), [""; 0]);
    }
}

#[test]
fn a_repository_has_an_age_and_belongs_to_the_account() {
    let mut inventory = two_namespaces();
    inventory.repositories[0].created_at = at(NOW) - SignedDuration::from_hours(47);
    let matcher = Match {
        created_before: days(2),
        updated_before: days(1),
        owner: patterns(&["account"]),
        subject: patterns(&["ann"]),
        ..Match::default()
    };
    let evaluation = judge(Kind::RepositoryPermission, matcher, &inventory);
    assert_eq!(decided(&evaluation), ["team-b/api ann"]);
    assert_eq!(evaluation.revocations[0].due_since, at("2026-01-03T00:00:00Z"));
}

fn shares() -> Inventory {
    let share = |account: &str, deadline: Option<&str>, expired| AccountShare {
        deadline: deadline.map(at),
        expired,
        ..sample::account_share(account)
    };
    let mut repository = sample::repository("team-a/api", vec![]);
    repository.shares = Reading::Read(vec![
        share("over", Some("2026-05-20T00:00:00Z"), false),
        share("says-the-cloud", Some("2026-05-31T12:00:00Z"), true),
        share("last-day", Some("2026-05-31T12:00:00Z"), false),
        share("for-ever", None, false),
        AccountShare {
            created_at: None,
            ..share("later", Some("2027-01-01T00:00:00Z"), false)
        },
    ]);
    sample::registry(vec![], vec![repository])
}

#[test]
fn a_share_is_due_from_its_deadline_on_once_there_is_no_doubt() {
    let matcher = Match {
        deadline_passed: Some(true),
        account: patterns(&["*"]),
        ..Match::default()
    };
    let evaluation = judge(Kind::RepositoryShare, matcher, &shares());
    assert_eq!(
        decided(&evaluation),
        ["team-a/api over", "team-a/api says-the-cloud"]
    );
    assert_eq!(evaluation.revocations[0].due_since, at("2026-05-20T00:00:00Z"));
    assert_eq!(evaluation.seen, 5);
    let pairs = [("account", "over"), ("deadline_passed", "2026-05-20T00:00:00Z")];
    assert_eq!(
        observed(&evaluation)[..2],
        pairs.map(|(k, v)| (k.into(), v.into()))
    );
}

#[test]
fn shares_that_are_not_over_can_be_named_too() {
    let matcher = Match {
        deadline_passed: Some(false),
        ..Match::default()
    };
    let evaluation = judge(Kind::RepositoryShare, matcher, &shares());
    let expected = ["team-a/api last-day", "team-a/api for-ever", "team-a/api later"];
    assert_eq!(decided(&evaluation), expected);
    assert_eq!(evaluation.revocations[0].due_since, at(NOW), "no term of time");
}

#[test]
fn a_share_without_a_known_beginning_is_never_old() {
    let matcher = Match {
        granted_before: days(30),
        account: patterns(&["later", "for-ever"]),
        ..Match::default()
    };
    let evaluation = judge(Kind::RepositoryShare, matcher, &shares());
    assert_eq!(decided(&evaluation), ["team-a/api for-ever"]);
    assert_eq!(evaluation.revocations[0].due_since, at("2025-07-01T00:00:00Z"));
}

#[test]
fn a_prolonged_share_is_another_grant_and_one_made_young_is_not() {
    let version = |share: AccountShare| {
        let mut inventory = shares();
        inventory.repositories[0].shares = Reading::Read(vec![share]);
        let evaluation = judge(Kind::RepositoryShare, Match::default(), &inventory);
        evaluation.revocations[0].evidence.grant_version.clone()
    };
    let share = sample::account_share("a");
    let before = version(share.clone());
    let moment = Some(at("2026-05-30T00:00:00Z"));
    let changed = [
        AccountShare {
            deadline: moment,
            ..share.clone()
        },
        AccountShare {
            deadline: None,
            ..share.clone()
        },
        AccountShare {
            updated_at: moment,
            ..share.clone()
        },
    ];
    for other in changed {
        assert_ne!(version(other), before);
    }
    let younger = AccountShare {
        created_at: moment,
        ..share
    };
    assert_eq!(version(younger), before);
}

#[test]
fn lists_that_were_not_read_give_nothing_to_judge() {
    for unread in [Reading::NotRead, Reading::Unreadable] {
        let mut inventory = two_namespaces();
        inventory.repositories.truncate(1);
        inventory.repositories[0].permissions = unread;
        let evaluation = judge(Kind::RepositoryPermission, Match::default(), &inventory);
        assert_eq!(evaluation, Evaluation::default());
    }
}
