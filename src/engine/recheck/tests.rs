//! What the second look says of images and their shares.

mod registry;

use super::*;
use crate::engine::people::Lists;
use crate::{
    engine::{
        policy::{Age, Match},
        sample::{self, at},
    },
    model::{Gap, Id, Image, Scope, Sharing, Visibility},
};

const VALID: SignedDuration = SignedDuration::from_hours(24);

fn lapses() -> Policy {
    let granted_before = Some(Age {
        least: SignedDuration::from_hours(24),
        written: "1d".into(),
    });
    sample::policy(
        Kind::ImageShare,
        Match {
            granted_before,
            ..Match::default()
        },
    )
}

fn task() -> Task {
    sample::task(sample::revocation("i", "a"))
}

fn view(sharing: Sharing) -> Inventory {
    sample::inventory(vec![Image {
        sharing,
        ..sample::image("i")
    }])
}

fn as_decided() -> Inventory {
    view(Sharing::Members(vec![sample::member(
        "a",
        "2026-01-01T00:00:00Z",
    )]))
}

fn check(task: &Task, policy: Option<&Policy>, view: &Inventory) -> Recheck {
    recheck(
        task,
        policy,
        view,
        &Protection::default(),
        &Lists::none(),
        VALID,
        at("2026-06-01T01:00:00Z"),
    )
}

fn cancelled(recheck: Recheck) -> String {
    match recheck {
        Recheck::Cancel(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_still_as_decided_goes_on() {
    assert_eq!(check(&task(), Some(&lapses()), &as_decided()), Recheck::Proceed);
}

#[test]
fn a_share_that_a_read_list_lacks_is_gone_and_so_is_one_of_a_deleted_image() {
    assert_eq!(
        check(&task(), Some(&lapses()), &view(Sharing::Members(vec![]))),
        Recheck::Gone
    );
    assert_eq!(
        check(&task(), Some(&lapses()), &sample::inventory(vec![])),
        Recheck::Gone
    );
}

#[test]
fn a_view_with_a_gap_never_says_gone() {
    let mut blind = sample::inventory(vec![]);
    blind.gaps = vec![Gap {
        cloud: "c".into(),
        scope: Scope::Images,
        reason: "500".into(),
    }];
    assert!(matches!(
        check(&task(), Some(&lapses()), &blind),
        Recheck::Unknown(_)
    ));
    for sharing in [Sharing::NotRead, Sharing::Unreadable] {
        assert!(matches!(
            check(&task(), Some(&lapses()), &view(sharing)),
            Recheck::Unknown(_)
        ));
    }
}

#[test]
fn an_image_that_is_no_longer_shared_is_not_called_and_not_called_gone() {
    let mut private = view(Sharing::NotShared);
    private.images[0].visibility = Visibility::Private;
    let Recheck::Dead(reason) = check(&task(), Some(&lapses()), &private) else {
        panic!("not dead")
    };
    assert!(reason.contains("private"), "{reason}");
}

#[test]
fn seen_as_another_project_nothing_is_gone() {
    let mut other = sample::inventory(vec![]);
    other.caller.project = Id::from("other");
    assert!(matches!(
        check(&task(), Some(&lapses()), &other),
        Recheck::Dead(_)
    ));
}

#[test]
fn a_share_granted_again_stays_even_if_it_matches_again() {
    let again = view(Sharing::Members(vec![sample::member(
        "a",
        "2026-03-01T00:00:00Z",
    )]));
    assert!(cancelled(check(&task(), Some(&lapses()), &again)).contains("granted again"));
}

#[test]
fn a_policy_that_changed_left_or_was_disabled_takes_nothing_more() {
    let mut changed = lapses();
    changed.digest = "other".into();
    let mut disabled = lapses();
    disabled.enabled = false;
    for policy in [None, Some(&changed), Some(&disabled)] {
        cancelled(check(&task(), policy, &as_decided()));
    }
}

#[test]
fn a_policy_that_only_observes_removes_nothing_whatever_is_queued_under_it() {
    let mut observes = lapses();
    observes.mode = Mode::Observe;
    let reason = cancelled(check(&task(), Some(&observes), &as_decided()));
    assert!(reason.contains("only observes"), "{reason}");
}

#[test]
fn what_the_policy_would_no_longer_decide_is_cancelled_with_the_reason() {
    let protection = Protection {
        projects: crate::engine::patterns::Patterns::compile(vec!["a".into()]).ok(),
        ..Protection::default()
    };
    let now = at("2026-06-01T01:00:00Z");
    let result = recheck(
        &task(),
        Some(&lapses()),
        &as_decided(),
        &protection,
        &Lists::none(),
        VALID,
        now,
    );
    assert!(cancelled(result).contains("protected"));
}

#[test]
fn a_decision_that_grew_stale_is_left_to_the_next_run() {
    let mut old = task();
    old.allowed_from = at("2026-05-31T00:59:59Z");
    assert!(cancelled(check(&old, Some(&lapses()), &as_decided())).contains("decides afresh"));
}

#[test]
fn an_image_under_deletion_is_waited_for_and_not_deleted_twice() {
    let target = Target::image("c".into(), Id::from("i"));
    let task = sample::task(Revocation {
        target,
        ..sample::revocation("i", "a")
    });
    let policy = sample::policy(Kind::Image, Match::default());
    let mut view = view(Sharing::NotRead);
    view.images[0].status = "pending_delete".into();
    assert!(matches!(check(&task, Some(&policy), &view), Recheck::Wait(_)));
}
