//! Policies of several kinds, and what no policy of any kind may decide on.

use crate::engine::people::Lists;
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{NOW, patterns};
use crate::{
    engine::{
        evaluate::{Evaluation, evaluate},
        policy::{Match, Policy, Protection, UserMatch},
        sample::{self, at},
    },
    model::{
        Holder, Id, Image, Inventory, Kind, Level, Namespace, Permission, Reading, Repository, Sharing,
        Target, UserState,
    },
};

/// Subjects of every sort share these names, the daemon's own among them.
const SUBJECTS: [&str; 7] = ["revoker", "own", "account", "root", "kept", "ann", "bob"];
/// Resources too.
const NAMESPACES: [&str; 3] = ["team", "kept", "other"];

fn any_holder() -> impl Strategy<Value = Option<Holder>> {
    let state = prop::sample::select(UserState::ALL.to_vec());
    prop::option::weighted(0.8, (state, prop::bool::weighted(0.2))).prop_map(|holder| {
        let (state, account_owner) = holder?;
        Some(Holder {
            state,
            account_owner,
            name: String::new(),
        })
    })
}

fn any_permissions() -> impl Strategy<Value = Reading<Vec<Permission>>> {
    let subjects = prop::sample::subsequence(SUBJECTS.to_vec(), 0..=SUBJECTS.len());
    let each = (prop::sample::select(Level::ALL.to_vec()), any_holder());
    let rows = (subjects, prop::collection::vec(each, SUBJECTS.len()));
    let rows = rows.prop_map(|(subjects, each)| {
        let rows = subjects.into_iter().zip(each);
        let row = |(user, (level, holder))| Permission {
            holder,
            ..sample::permission(user, level)
        };
        Reading::Read(rows.map(row).collect())
    });
    prop_oneof![8 => rows, 1 => Just(Reading::Unreadable), 1 => Just(Reading::NotRead)]
}

fn any_namespaces() -> impl Strategy<Value = Vec<Namespace>> {
    let each = (prop::sample::select(Level::ALL.to_vec()), any_permissions());
    prop::collection::vec(each, 0..=NAMESPACES.len()).prop_map(|all| {
        let named = NAMESPACES.into_iter().zip(all);
        let namespace = |(name, (own_level, permissions))| Namespace {
            own_level,
            permissions,
            ..sample::namespace(name, vec![])
        };
        named.map(namespace).collect()
    })
}

fn any_repositories() -> impl Strategy<Value = Vec<Repository>> {
    let shares = prop::sample::subsequence(SUBJECTS.to_vec(), 0..4);
    let each = (any_permissions(), shares, any::<bool>());
    prop::collection::vec(each, 0..=NAMESPACES.len()).prop_map(|all| {
        let named = NAMESPACES.into_iter().zip(all);
        let repository =
            |(namespace, (permissions, shares, public)): (&str, (_, Vec<&str>, bool))| Repository {
                permissions,
                public,
                shares: Reading::Read(shares.into_iter().map(sample::account_share).collect()),
                ..sample::repository(&format!("{namespace}/api"), vec![])
            };
        named.map(repository).collect()
    })
}

fn any_images() -> impl Strategy<Value = Vec<Image>> {
    let subjects = prop::sample::subsequence(SUBJECTS.to_vec(), 0..4);
    prop::collection::vec(subjects, 0..=NAMESPACES.len()).prop_map(|all| {
        let named = NAMESPACES.into_iter().zip(all);
        let member = |project: &str| sample::member(project, "2026-01-01T00:00:00Z");
        let image = |(id, subjects): (&str, Vec<&str>)| Image {
            sharing: Sharing::Members(subjects.into_iter().map(member).collect()),
            ..sample::image(id)
        };
        named.map(image).collect()
    })
}

fn any_inventory() -> impl Strategy<Value = Inventory> {
    (any_namespaces(), any_repositories(), any_images()).prop_map(|(namespaces, repositories, images)| {
        Inventory {
            images,
            ..sample::registry(namespaces, repositories)
        }
    })
}

fn any_match() -> impl Strategy<Value = Match> {
    let level = prop::option::of(prop::sample::subsequence(Level::ALL.to_vec(), 0..=3));
    let state = prop::option::of(prop::sample::subsequence(UserState::ALL.to_vec(), 0..=3));
    let subject = prop::option::of(prop::sample::subsequence(SUBJECTS.to_vec(), 1..=SUBJECTS.len()));
    (level, state, subject, prop::option::weighted(0.2, any::<bool>())).prop_map(
        |(level, state, subject, deadline_passed)| Match {
            level,
            subject: subject.and_then(|words| patterns(&words)),
            user: UserMatch {
                state,
                ..UserMatch::default()
            },
            deadline_passed,
            ..Match::default()
        },
    )
}

fn protection() -> Protection {
    let kept = || patterns(&["kept"]);
    Protection {
        users: kept(),
        projects: kept(),
        accounts: kept(),
        images: kept(),
        namespaces: kept(),
        repositories: patterns(&["other/api"]),
    }
}

fn of_kinds(kinds: &[Kind], matcher: &Match, inventory: &Inventory) -> Evaluation {
    let policy = Policy {
        kinds: kinds.to_vec(),
        ..sample::policy(kinds[0], matcher.clone())
    };
    evaluate(&policy, inventory, &protection(), &Lists::none(), at(NOW))
}

fn decided(evaluation: &Evaluation) -> BTreeSet<Target> {
    let targets = evaluation.revocations.iter().map(|each| each.target.clone());
    targets.collect()
}

/// The permissions of one namespace or repository.
fn permissions<'a>(inventory: &'a Inventory, kind: Kind, resource: &Id) -> &'a Reading<Vec<Permission>> {
    let of_namespace = inventory.namespaces.iter().find(|n| n.name == *resource);
    let of_repository = inventory.repositories.iter().find(|r| r.id == *resource);
    match kind {
        Kind::NamespacePermission => &of_namespace.expect("it is there").permissions,
        _ => &of_repository.expect("it is there").permissions,
    }
}

/// What the documents say of one permission, one at a time.
fn may_go(keys: &Match, inventory: &Inventory, namespace: &str, resource: &str, has: &Permission) -> bool {
    let Some(holder) = &has.holder else { return false };
    let own_level = inventory.namespaces.iter().find(|n| n.name.as_str() == namespace);
    let subjects = keys.subject.as_ref().map(ToString::to_string);
    keys.deadline_passed.is_none()
        && keys.level.as_ref().is_none_or(|all| all.contains(&has.level))
        && keys
            .user
            .state
            .as_ref()
            .is_none_or(|all| all.contains(&holder.state))
        && subjects.is_none_or(|all| all.split('|').any(|one| one == has.user.as_str()))
        && !holder.account_owner
        && !["revoker", "kept"].contains(&has.user.as_str())
        && namespace != "kept"
        && resource != "other/api"
        && own_level.is_none_or(|seen| seen.own_level == Level::Manage)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn nothing_that_must_stay_is_ever_decided_on(inventory in any_inventory(), keys in any_match()) {
        for target in decided(&of_kinds(Kind::ALL, &keys, &inventory)) {
            let resource = target.resource.as_str();
            prop_assert!(!resource.starts_with("kept") && resource != "other/api", "{}", target);
            let Some(subject) = &target.subject else { continue };
            prop_assert_ne!(subject.as_str(), "kept");
            match target.kind {
                Kind::ImageShare => prop_assert_ne!(subject.as_str(), "own"),
                Kind::RepositoryShare => prop_assert_ne!(subject.as_str(), "account"),
                kind => {
                    prop_assert_ne!(subject.as_str(), "revoker");
                    let Reading::Read(all) = permissions(&inventory, kind, &target.resource) else {
                        panic!("decided on what was not read")
                    };
                    let has = all.iter().find(|has| has.user == *subject).expect("it is there");
                    prop_assert!(has.holder.as_ref().is_some_and(|holder| !holder.account_owner));
                }
            }
        }
    }

    #[test]
    fn several_kinds_are_the_union_of_each_alone(
        inventory in any_inventory(), keys in any_match(),
        kinds in prop::sample::subsequence(Kind::ALL.to_vec(), 1..=Kind::ALL.len()),
    ) {
        let together = of_kinds(&kinds, &keys, &inventory);
        let mut apart = Evaluation::default();
        for kind in &kinds {
            apart.join(of_kinds(&[*kind], &keys, &inventory));
        }
        prop_assert_eq!(together.revocations.len(), apart.revocations.len());
        prop_assert_eq!(decided(&together), decided(&apart));
        prop_assert_eq!(
            (together.seen, together.spared, together.unreadable),
            (apart.seen, apart.spared, apart.unreadable)
        );
    }

    #[test]
    fn exactly_the_permissions_that_hold_every_written_key_are_decided(
        inventory in any_inventory(), keys in any_match(),
    ) {
        let mut expected = BTreeSet::new();
        let mut expect = |kind, namespace: &str, resource: &Id, list: &Reading<Vec<Permission>>| {
            let Reading::Read(all) = list else { return };
            for has in all.iter().filter(|has| may_go(&keys, &inventory, namespace, resource.as_str(), has)) {
                expected.insert(Target::grant("c".into(), kind, resource.clone(), has.user.clone()));
            }
        };
        for seen in &inventory.namespaces {
            expect(Kind::NamespacePermission, seen.name.as_str(), &seen.name, &seen.permissions);
        }
        for seen in &inventory.repositories {
            expect(Kind::RepositoryPermission, seen.namespace.as_str(), &seen.id, &seen.permissions);
        }
        let kinds = [Kind::RepositoryPermission, Kind::NamespacePermission];
        prop_assert_eq!(decided(&of_kinds(&kinds, &keys, &inventory)), expected);
    }
}
