//! The second look at permissions and at shares with accounts.

use super::{VALID, cancelled};
use crate::engine::people::Lists;
use crate::{
    engine::{
        evaluate::evaluate,
        patterns::Patterns,
        policy::{Match, Policy, Protection},
        recheck::{Presence, Recheck, presence, recheck},
        sample::{self, at},
    },
    model::{AccountShare, Gap, Id, Inventory, Kind, Level, Permission, Reading, Scope, Target, Task},
};

const OF_REGISTRY: [Kind; 3] = [
    Kind::RepositoryPermission,
    Kind::NamespacePermission,
    Kind::RepositoryShare,
];

/// One target of each kind, all on `team` or in it.
fn view() -> Inventory {
    let mut repository = sample::repository("team/api", vec![sample::permission("ann", Level::Write)]);
    repository.shares = Reading::Read(vec![sample::account_share("partner")]);
    let namespace = sample::namespace("team", vec![sample::permission("ann", Level::Write)]);
    sample::registry(vec![namespace], vec![repository])
}

fn everything(kind: Kind) -> Policy {
    sample::policy(kind, Match::default())
}

/// The task that a run would have made of the view as it is.
fn task(kind: Kind) -> Task {
    let now = at("2026-06-01T00:00:00Z");
    let evaluation = evaluate(
        &everything(kind),
        &view(),
        &Protection::default(),
        &Lists::none(),
        now,
    );
    let [revocation] = evaluation.revocations.as_slice() else {
        panic!("{evaluation:?}")
    };
    sample::task(revocation.clone())
}

fn check(kind: Kind, view: &Inventory) -> Recheck {
    let now = at("2026-06-01T01:00:00Z");
    let policy = everything(kind);
    recheck(
        &task(kind),
        Some(&policy),
        view,
        &Protection::default(),
        &Lists::none(),
        VALID,
        now,
    )
}

fn gap(scope: Scope) -> Gap {
    Gap {
        cloud: "c".into(),
        scope,
        reason: "500".into(),
    }
}

/// The view with the list of a kind replaced.
fn with(kind: Kind, permissions: Reading<Vec<Permission>>, shares: Reading<Vec<AccountShare>>) -> Inventory {
    let mut view = view();
    match kind {
        Kind::RepositoryPermission => view.repositories[0].permissions = permissions,
        Kind::NamespacePermission => view.namespaces[0].permissions = permissions,
        _ => view.repositories[0].shares = shares,
    }
    view
}

fn emptied(kind: Kind) -> Inventory {
    with(kind, Reading::Read(vec![]), Reading::Read(vec![]))
}

fn list_of(kind: Kind, target: &Target) -> Scope {
    let resource = target.resource.clone();
    match kind {
        Kind::RepositoryPermission => Scope::RepositoryPermissions(resource),
        Kind::NamespacePermission => Scope::NamespacePermissions(resource),
        _ => Scope::RepositoryShares(resource),
    }
}

#[test]
fn what_is_still_as_decided_goes_on() {
    for kind in OF_REGISTRY {
        assert_eq!(check(kind, &view()), Recheck::Proceed, "{kind}");
    }
}

#[test]
fn what_a_read_list_lacks_is_gone_and_so_is_all_of_a_deleted_resource() {
    for kind in OF_REGISTRY {
        assert_eq!(check(kind, &emptied(kind)), Recheck::Gone, "{kind}");
        let nothing = sample::registry(vec![], vec![]);
        assert_eq!(check(kind, &nothing), Recheck::Gone, "{kind}");
    }
}

#[test]
fn what_is_not_read_or_not_whole_never_says_gone() {
    for kind in OF_REGISTRY {
        let target = task(kind).revocation.target;
        let mut cut = emptied(kind);
        cut.gaps = vec![gap(list_of(kind, &target))];
        let mut blind = sample::registry(vec![], vec![]);
        blind.gaps = vec![gap(Scope::Namespaces)];
        for dark in [
            with(kind, Reading::NotRead, Reading::NotRead),
            with(kind, Reading::Unreadable, Reading::Unreadable),
            cut,
            blind,
        ] {
            assert!(matches!(check(kind, &dark), Recheck::Unknown(_)), "{kind}");
            assert!(matches!(presence(&target, &dark), Presence::Unknown(_)), "{kind}");
        }
    }
}

#[test]
fn an_unknown_user_elsewhere_does_not_hide_that_a_permission_is_gone() {
    let mut view = emptied(Kind::RepositoryPermission);
    view.gaps = vec![gap(Scope::User(Id::from("bob")))];
    let target = task(Kind::RepositoryPermission).revocation.target;
    assert_eq!(presence(&target, &view), Presence::Absent);
}

#[test]
fn another_level_and_another_deadline_are_other_grants() {
    let permission = || Reading::Read(vec![sample::permission("ann", Level::Read)]);
    let prolonged = || {
        Reading::Read(vec![AccountShare {
            deadline: Some(at("2027-01-01T00:00:00Z")),
            ..sample::account_share("partner")
        }])
    };
    for kind in OF_REGISTRY {
        let changed = with(kind, permission(), prolonged());
        let reason = cancelled(check(kind, &changed));
        assert!(reason.contains("not the grant decided on"), "{reason}");
    }
}

#[test]
fn another_account_or_another_registry_under_the_same_name_settles_nothing() {
    for kind in OF_REGISTRY {
        let mut other = emptied(kind);
        other.caller.account = Id::from("other");
        let Recheck::Dead(reason) = check(kind, &other) else {
            panic!("{kind}: not dead")
        };
        assert_eq!(
            reason,
            "belongs to account account, but the daemon is now logged in to account other"
        );
        let mut moved = emptied(kind);
        moved.caller.endpoints.registry = None;
        assert!(matches!(check(kind, &moved), Recheck::Dead(_)), "{kind}");
    }
    let mut elsewhere = view();
    elsewhere.caller.project = Id::from("another-project");
    let kind = Kind::NamespacePermission;
    assert_eq!(
        check(kind, &elsewhere),
        Recheck::Proceed,
        "the registry belongs to the account"
    );
}

#[test]
fn what_must_stay_by_now_is_cancelled_with_the_reason() {
    let kind = Kind::RepositoryPermission;
    let mut powerless = view();
    powerless.namespaces[0].own_level = Level::Write;
    assert!(cancelled(check(kind, &powerless)).contains("only has write on namespace team"));
    let protection = Protection {
        namespaces: Patterns::compile(vec!["team".into()]).ok(),
        ..Protection::default()
    };
    let now = at("2026-06-01T01:00:00Z");
    let policy = everything(kind);
    let result = recheck(
        &task(kind),
        Some(&policy),
        &view(),
        &protection,
        &Lists::none(),
        VALID,
        now,
    );
    assert!(cancelled(result).contains("protected"));
}

#[test]
fn a_look_at_a_repository_alone_is_enough() {
    let mut view = view();
    view.namespaces.clear();
    assert_eq!(check(Kind::RepositoryPermission, &view), Recheck::Proceed);
}

#[test]
fn somebody_whom_nobody_could_name_this_time_is_looked_at_again() {
    let kind = Kind::NamespacePermission;
    let unknown = Permission {
        holder: None,
        ..sample::permission("ann", Level::Write)
    };
    let mut view = with(kind, Reading::Read(vec![unknown]), Reading::NotRead);
    assert!(cancelled(check(kind, &view)).contains("did not tell who user ann"));
    view.gaps = vec![gap(Scope::User(Id::from("ann")))];
    assert!(matches!(check(kind, &view), Recheck::Unknown(_)));
}
