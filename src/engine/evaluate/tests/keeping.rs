//! What must stay although it matches, and what is not judged at all.

use super::{NOW, patterns};
use crate::engine::people::Lists;
use crate::{
    engine::{
        condition::Condition,
        evaluate::{Evaluation, evaluate},
        policy::{Exemption, Match, Protection, UserMatch},
        sample::{self, at},
    },
    model::{Holder, Inventory, Kind, Level, Permission, Reading, UserState},
};

const OF_USERS: [Kind; 2] = [Kind::RepositoryPermission, Kind::NamespacePermission];

fn holding(permissions: &[Permission]) -> Inventory {
    sample::registry(
        vec![sample::namespace("team", permissions.to_vec())],
        vec![sample::repository("team/api", permissions.to_vec())],
    )
}

fn judge(kind: Kind, matcher: Match, inventory: &Inventory, protection: &Protection) -> Evaluation {
    evaluate(
        &sample::policy(kind, matcher),
        inventory,
        protection,
        &Lists::none(),
        at(NOW),
    )
}

/// Why the only target of an inventory stays.
fn spared(kind: Kind, inventory: &Inventory, protection: &Protection) -> String {
    let evaluation = judge(kind, Match::default(), inventory, protection);
    assert_eq!(evaluation.revocations, [], "{kind}");
    assert_eq!(evaluation.spared.len(), 1, "{kind}");
    evaluation.spared[0].reason.clone()
}

#[test]
fn the_daemons_own_user_stays_by_id_and_by_name() {
    let by_id = sample::permission("revoker", Level::Read);
    let by_name = Permission {
        user_name: "revoker".into(),
        ..sample::permission("another-id", Level::Read)
    };
    for kind in OF_USERS {
        for own in [&by_id, &by_name] {
            let reason = spared(kind, &holding(std::slice::from_ref(own)), &Protection::default());
            assert_eq!(reason, "the daemon's own user");
        }
    }
}

#[test]
fn a_daemon_that_does_not_know_its_own_user_touches_no_users() {
    let mut inventory = holding(&[sample::permission("ann", Level::Read)]);
    inventory.caller.user = "".into();
    for kind in OF_USERS {
        let reason = spared(kind, &inventory, &Protection::default());
        assert!(reason.contains("does not know its own user"), "{reason}");
    }
}

#[test]
fn the_owner_of_the_account_stays() {
    let owner = Permission {
        holder: Some(Holder {
            state: UserState::Disabled,
            account_owner: true,
            name: String::new(),
        }),
        ..sample::permission("root", Level::Manage)
    };
    for kind in OF_USERS {
        let reason = spared(
            kind,
            &holding(std::slice::from_ref(&owner)),
            &Protection::default(),
        );
        assert_eq!(reason, "the owner of the account");
    }
}

#[test]
fn the_daemons_own_account_stays_by_id_and_by_name() {
    let mut inventory = holding(&[]);
    inventory.caller.account_name = "OTC-0001".into();
    for own in ["account", "OTC-0001"] {
        inventory.repositories[0].shares = Reading::Read(vec![sample::account_share(own)]);
        let reason = spared(Kind::RepositoryShare, &inventory, &Protection::default());
        assert_eq!(reason, "the daemon's own account");
    }
}

#[test]
fn a_namespace_that_the_daemon_does_not_manage_keeps_all_that_is_in_it() {
    let mut inventory = holding(&[sample::permission("ann", Level::Read)]);
    inventory.repositories[0].shares = Reading::Read(vec![sample::account_share("partner")]);
    for (level, written) in [(Level::Read, "read"), (Level::Write, "write")] {
        inventory.namespaces[0].own_level = level;
        for kind in [OF_USERS[0], OF_USERS[1], Kind::RepositoryShare] {
            let reason = spared(kind, &inventory, &Protection::default());
            assert_eq!(reason, format!("the daemon only has {written} on namespace team"));
        }
    }
}

#[test]
fn whatever_is_protected_stays() {
    let mut inventory = holding(&[sample::permission("ann", Level::Read)]);
    inventory.repositories[0].shares = Reading::Read(vec![sample::account_share("partner")]);
    let nothing = Protection::default;
    let users = |word: &str| Protection {
        users: patterns(&[word]),
        ..nothing()
    };
    let namespaces = || Protection {
        namespaces: patterns(&["te*"]),
        ..nothing()
    };
    let repositories = || Protection {
        repositories: patterns(&["team/api"]),
        ..nothing()
    };
    let accounts = Protection {
        accounts: patterns(&["partner"]),
        ..nothing()
    };
    for (kind, protection) in [
        (Kind::RepositoryPermission, users("ann")),
        (Kind::NamespacePermission, users("name-of-ann")),
        (Kind::RepositoryPermission, namespaces()),
        (Kind::NamespacePermission, namespaces()),
        (Kind::RepositoryShare, namespaces()),
        (Kind::RepositoryPermission, repositories()),
        (Kind::RepositoryShare, repositories()),
        (Kind::RepositoryShare, accounts),
    ] {
        let reason = spared(kind, &inventory, &protection);
        assert_eq!(reason, "protected by the configuration");
    }
    let evaluation = judge(
        Kind::NamespacePermission,
        Match::default(),
        &inventory,
        &repositories(),
    );
    assert_eq!(
        evaluation.revocations.len(),
        1,
        "a namespace is not one of its repositories"
    );
}

#[test]
fn only_what_matches_is_spared() {
    let inventory = holding(&[sample::permission("revoker", Level::Read)]);
    let others = Match {
        level: Some(vec![Level::Manage]),
        ..Match::default()
    };
    let evaluation = judge(OF_USERS[0], others, &inventory, &Protection::default());
    assert_eq!((evaluation.seen, evaluation.spared.len()), (1, 0));
}

#[test]
fn an_exemption_names_a_user_by_id_or_name_and_a_place() {
    let people = ["ann", "bob", "cyd"].map(|user| sample::permission(user, Level::Read));
    let inventory = holding(&people);
    let exemption = |subject: Option<&str>, resource: Option<&str>, image_name: Option<&str>| Exemption {
        subject: subject.and_then(|word| patterns(&[word])),
        resource: resource.and_then(|word| patterns(&[word])),
        image_name: image_name.and_then(|word| patterns(&[word])),
        ends: at("2027-01-01T00:00:00Z"),
        until: "2026-12-31".into(),
        reason: "contract".into(),
    };
    let mut policy = sample::policy(Kind::RepositoryPermission, Match::default());
    policy.exemptions = vec![
        exemption(Some("ann"), Some("team/api"), None),
        exemption(Some("name-of-bob"), None, None),
        exemption(Some("cyd"), Some("team/other"), None),
        exemption(Some("cyd"), None, Some("*")),
    ];
    let evaluation = evaluate(
        &policy,
        &inventory,
        &Protection::default(),
        &Lists::none(),
        at(NOW),
    );
    let stay: Vec<&str> = evaluation.spared.iter().map(|s| s.reason.as_str()).collect();
    assert_eq!(stay, ["exempt until 2026-12-31: contract"; 2]);
    let subject = evaluation.revocations[0].target.subject.clone();
    assert_eq!(subject.expect("a user").as_str(), "cyd");
}

#[test]
fn somebody_unknown_is_never_decided_on_and_named() {
    let inventory = holding(&[Permission {
        holder: None,
        ..sample::permission("ann", Level::Read)
    }]);
    let gone = UserMatch {
        state: Some(vec![UserState::Deleted]),
        ..UserMatch::default()
    };
    let by_state = Match {
        user: gone,
        ..Match::default()
    };
    for kind in OF_USERS {
        for matcher in [Match::default(), by_state.clone()] {
            let evaluation = judge(kind, matcher, &inventory, &Protection::default());
            assert_eq!((evaluation.revocations.len(), evaluation.spared.len()), (0, 0));
            let problem = &evaluation.unreadable[0].problem;
            assert_eq!(
                problem,
                "the identity service did not tell who user ann (name-of-ann) is"
            );
        }
        let elsewhere = Match {
            when: Some(Condition::parse("grant.namespace == 'other'", &[kind]).expect("good")),
            ..by_state.clone()
        };
        let evaluation = judge(kind, elsewhere, &inventory, &Protection::default());
        assert_eq!(evaluation.unreadable, [], "not the policy's business");
    }
}

/// Whoever grants a permission writes a name beside the id.
#[test]
fn who_is_kept_by_name_is_kept_whatever_name_the_list_writes() {
    let renamed = |name: &str| Permission {
        holder: Some(Holder {
            state: UserState::Enabled,
            account_owner: false,
            name: name.to_owned(),
        }),
        ..sample::permission("ann", Level::Read)
    };
    let protection = Protection {
        users: patterns(&["oncall"]),
        ..Protection::default()
    };
    for kind in OF_USERS {
        let own = spared(kind, &holding(&[renamed("revoker")]), &protection);
        assert_eq!(own, "the daemon's own user");
        let kept = spared(kind, &holding(&[renamed("oncall")]), &protection);
        assert_eq!(kept, "protected by the configuration");
    }
}
