//! What is explained of a user.

use super::*;

use crate::{
    engine::sample,
    model::{Gap, Holder, Scope, UserState},
};

fn explain(word: &str, inventory: &Inventory) -> Explanation {
    let meant = who(
        word,
        &[Users::of(inventory, &[])],
        &[],
        sample::at("2026-06-01T00:00:00Z"),
    );
    super::explain(&meant, inventory)
}

fn inventory() -> Inventory {
    let ann = |level| sample::permission("ann", level);
    let mut open = sample::repository("team/web/api", vec![ann(Level::Read)]);
    open.public = true;
    open.shares = Reading::Read(vec![sample::account_share("partner")]);
    sample::registry(
        vec![sample::namespace(
            "team",
            vec![ann(Level::Manage), sample::permission("bob", Level::Read)],
        )],
        vec![
            open,
            sample::repository("team/db", vec![]),
            sample::repository("other/db", vec![]),
        ],
    )
}

#[test]
fn a_user_is_found_by_id_and_by_name_with_every_way_in() {
    for word in ["ann", "name-of-ann"] {
        let explanation = explain(word, &inventory());
        let [person] = explanation.people.as_slice() else {
            panic!("{:?}", explanation.people)
        };
        assert_eq!(
            (person.id.as_str(), person.state, person.account_owner),
            ("ann", Some(UserState::Enabled), Some(false))
        );
        let [namespace] = person.namespaces.as_slice() else {
            panic!("{person:?}")
        };
        assert_eq!(
            (
                namespace.namespace.as_str(),
                namespace.level,
                namespace.repositories
            ),
            ("team", Level::Manage, 2)
        );
        let [repository] = person.repositories.as_slice() else {
            panic!("{person:?}")
        };
        assert_eq!(
            (repository.repository.as_str(), repository.level),
            ("team/web/api", Level::Read)
        );
        assert_eq!(explanation.public, [Id::from("team/web/api")]);
        let share = &explanation.shared[0];
        assert_eq!((share.account.as_str(), share.over), ("partner", true));
        assert_eq!(explanation.unknown, [UNKNOWABLE]);
    }
}

#[test]
fn an_unknown_user_holds_nothing_and_still_pulls_what_is_public() {
    let explanation = explain("nobody", &inventory());
    assert_eq!((explanation.people.len(), explanation.public.len()), (0, 1));
}

#[test]
fn two_users_of_one_name_are_two_people() {
    let mut inventory = inventory();
    let mut again = sample::permission("ann-2", Level::Read);
    again.user_name = "name-of-ann".into();
    again.holder = None;
    inventory.repositories[1].permissions = Reading::Read(vec![again]);
    let people = explain("name-of-ann", &inventory).people;
    let known: Vec<_> = people.iter().map(|p| (p.id.as_str(), p.account_owner)).collect();
    assert_eq!(known, [("ann", Some(false)), ("ann-2", None)]);
}

#[test]
fn the_owner_of_the_account_is_told() {
    let mut inventory = inventory();
    let owner = Permission {
        holder: Some(Holder {
            state: UserState::Disabled,
            account_owner: true,
            name: String::new(),
        }),
        ..sample::permission("root", Level::Read)
    };
    inventory.namespaces[0].permissions = Reading::Read(vec![owner]);
    let people = explain("root", &inventory).people;
    assert_eq!(
        (people[0].state, people[0].account_owner),
        (Some(UserState::Disabled), Some(true))
    );
}

#[test]
fn what_was_not_read_is_unknown_and_gaps_about_images_are_no_matter() {
    let mut inventory = inventory();
    inventory.repositories[0].permissions = Reading::Unreadable;
    inventory.repositories[1].shares = Reading::NotRead;
    let gap = |scope| Gap {
        cloud: "c".into(),
        scope,
        reason: "500".into(),
    };
    inventory.gaps = vec![
        gap(Scope::RepositoryPermissions(Id::from("team/web/api"))),
        gap(Scope::Images),
    ];
    let unknown = explain("ann", &inventory).unknown;
    let expected = [
        UNKNOWABLE,
        "repository permissions of team/web/api on c: 500",
        "lists of permissions on repositories that were not read: 1",
        "lists of accounts that repositories are shared with that were not read: 1",
    ];
    assert_eq!(unknown, expected);
}
