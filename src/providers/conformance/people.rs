//! All users of the account, or none.

use std::collections::BTreeMap;

use super::stage::{Make, PAGE_SIZE, People, Stage};
use crate::{
    model::{FailureClass, Id, User, UserState},
    simulator::{CallKind, Effect, Fault, Role, World},
};

of_every_make! {
    users_are_listed_whole_over_several_answers,
    what_is_told_of_a_user_is_kept,
    an_answer_that_fails_leaves_no_list,
    an_answer_that_fails_for_a_moment_is_asked_for_again,
    a_list_that_is_cut_is_none,
    a_list_without_the_daemon_is_none,
    who_may_not_list_users_is_told_what_is_missing,
}

/// More users than several pages hold, some of them disabled, and a stranger
/// in another account.
fn fill(world: &mut World, people: &People) {
    let roles = &mut world.user_mut(people.user.as_str()).unwrap().roles;
    // What lists users on clouds where one token does everything.
    roles.insert(people.project.clone(), Role::Admin);
    for n in 0..3 * PAGE_SIZE {
        let id = world.add_user_in(&people.account, &format!("developer-{n}"), "unused");
        let user = world.user_mut(id.as_str()).unwrap();
        user.enabled = n % 2 == 0;
        user.email = format!("developer-{n}@example.com");
        let description = format!("developer number {n}");
        user.attributes.insert("description".to_owned(), description);
    }
    let elsewhere = world.add_account("elsewhere");
    world.add_user_in(&elsewhere, "stranger", "unused");
}

async fn stage(make: Make) -> Stage {
    Stage::new(make, fill).await
}

fn states(users: Vec<User>) -> BTreeMap<Id, UserState> {
    let count = users.len();
    let states: BTreeMap<_, _> = users.into_iter().map(|user| (user.id, user.state)).collect();
    assert_eq!(states.len(), count, "each once");
    states
}

async fn users_are_listed_whole_over_several_answers(make: Make) {
    for needs_details in [false, true] {
        let stage = stage(make).await;
        let seen = states(stage.users(needs_details).await.unwrap());
        let expected: BTreeMap<Id, UserState> = {
            let world = stage.world();
            let own = world.users().filter(|user| user.account == stage.people.account);
            own.map(|user| match user.enabled {
                true => (user.id.clone(), UserState::Enabled),
                false => (user.id.clone(), UserState::Disabled),
            })
            .collect()
        };
        assert_eq!(seen, expected);
        assert!(seen.values().any(|state| *state == UserState::Disabled));
        assert!(stage.requests().count(CallKind::ListUsers) > 1);
    }
}

async fn what_is_told_of_a_user_is_kept(make: Make) {
    let stage = stage(make).await;
    for needs_details in [false, true] {
        let users = stage.users(needs_details).await.unwrap();
        let user = users.iter().find(|user| user.name == "developer-3").unwrap();
        assert_eq!(user.email.as_deref(), Some("developer-3@example.com"));
        assert_eq!(user.attributes["description"], "developer number 3");
        assert_eq!(
            user.last_seen, None,
            "who never signed in is not idle for certain"
        );
    }
}

async fn an_answer_that_fails_leaves_no_list(make: Make) {
    for effect in [Effect::Status(500), Effect::CutWithin(300)] {
        let stage = stage(make).await;
        stage.befall(Fault::on(CallKind::ListUsers, effect.clone()).skip(1));
        assert!(stage.users(false).await.is_err(), "{effect:?}");
        assert!(stage.requests().count(CallKind::ListUsers) > 1);
    }
}

async fn an_answer_that_fails_for_a_moment_is_asked_for_again(make: Make) {
    let stage = stage(make).await;
    stage.befall(Fault::on(CallKind::ListUsers, Effect::Status(503)).skip(1).once());
    assert_eq!(stage.users(false).await.unwrap().len(), 3 * PAGE_SIZE + 1);
}

/// Answers instead of every list of users.
fn answered(text: String) -> Fault {
    let content_type = "application/json".to_owned();
    Fault::on(
        CallKind::ListUsers,
        Effect::Body {
            status: 200,
            content_type,
            text,
        },
    )
}

fn row(id: &Id, account: &Id) -> String {
    format!(r#"{{"id": "{id}", "name": "x", "domain_id": "{account}", "enabled": true}}"#)
}

async fn a_list_that_is_cut_is_none(make: Make) {
    let stage = stage(make).await;
    let People { user, account, .. } = &stage.people;
    let own = row(user, account);
    stage.befall(
        answered(format!(
            r#"{{"users": [{own}], "truncated": true, "links": {{"next": null}}}}"#
        ))
        .once(),
    );
    let failure = stage.users(false).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Malformed, "{failure}");

    stage.befall(answered("<html>log in</html>".to_owned()).once());
    assert!(stage.users(false).await.is_err());
}

async fn a_list_without_the_daemon_is_none(make: Make) {
    let stage = stage(make).await;
    let stranger = row(&"stranger".into(), &stage.people.account);
    for text in [
        r#"{"users": []}"#.to_owned(),
        format!(r#"{{"users": [{stranger}]}}"#),
    ] {
        stage.befall(answered(text));
        let failure = stage.users(false).await.unwrap_err();
        assert!(failure.detail.contains("own user"), "{failure}");
    }
}

async fn who_may_not_list_users_is_told_what_is_missing(make: Make) {
    let stage = Stage::new(make, |world, people| {
        fill(world, people);
        let roles = &mut world.user_mut(people.user.as_str()).unwrap().roles;
        roles.remove(&people.account);
        roles.insert(people.project.clone(), Role::Member);
    })
    .await;
    let failure = stage.users(false).await.unwrap_err();
    assert!(failure.detail.contains("listing users takes"), "{failure}");
}
