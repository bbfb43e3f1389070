use jiff::Timestamp;

use super::*;
use crate::{model::Kind, simulator::Direction};

const NAMESPACE: Place<'_> = Place::Namespace("team-a");
const REPOSITORY: Place<'_> = Place::Repository("team-a", "web/api");

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// An account with a manager of `team-a`, which holds `web/api`, and users
/// without a permission.
struct Scene {
    world: World,
    account: Id,
    manager: RegistryActor,
}

impl Scene {
    fn new() -> Scene {
        let mut world = World::new();
        let account = world.add_account("acct");
        let manager = world.add_user_in(&account, "manager", "-");
        world.add_namespace(&account, "team-a");
        world.add_repository("team-a", "web/api", at(10));
        world.grant_namespace("team-a", &manager, Level::Manage);
        let manager = world.registry_actor(manager.as_str()).unwrap();
        Scene {
            world,
            account,
            manager,
        }
    }

    fn user(&mut self, name: &str) -> RegistryActor {
        let user = self.world.add_user_in(&self.account, name, "-");
        self.world.registry_actor(user.as_str()).unwrap()
    }

    fn readers(&mut self, count: usize) -> Vec<Id> {
        let names = (0..count).map(|number| format!("reader-{number}"));
        let users: Vec<Id> = names.map(|name| self.user(&name).user).collect();
        for user in &users {
            self.world
                .grant_repository("team-a", "web/api", user, Level::Read);
        }
        users
    }

    fn holders(&self) -> Vec<Id> {
        let rows = self.world.permissions_of("team-a/web/api").into_iter();
        rows.map(|(user, _)| user).collect()
    }
}

fn row(user: &RegistryActor, level: Level) -> PermissionRow {
    PermissionRow {
        user: user.user.clone(),
        user_name: user.user_name.clone(),
        level,
    }
}

#[test]
fn a_place_is_told_from_its_first_slash() {
    assert_eq!(Place::of("team-a"), NAMESPACE);
    assert_eq!(Place::of("team-a/web/api"), REPOSITORY);
    assert_eq!(REPOSITORY.resource(), Id::from("team-a/web/api"));
}

#[test]
fn a_removal_takes_the_permission_here_and_no_other() {
    let mut scene = Scene::new();
    let users = scene.readers(2);
    scene.world.grant_namespace("team-a", &users[0], Level::Write);
    let manager = scene.manager.clone();
    scene
        .world
        .remove_permissions(&manager, REPOSITORY, &users[..1], at(20))
        .unwrap();
    assert_eq!(scene.holders(), users[1..]);
    let left = scene.world.permissions_of("team-a");
    assert_eq!(
        left,
        [
            (manager.user.clone(), Level::Manage),
            (users[0].clone(), Level::Write)
        ]
    );
    let removals: Vec<_> = scene
        .world
        .removals()
        .iter()
        .map(|removal| removal.of())
        .collect();
    let expected = (
        Kind::RepositoryPermission,
        Id::from("team-a/web/api"),
        Some(users[0].clone()),
    );
    assert_eq!(removals, [expected]);
    scene
        .world
        .remove_permissions(&manager, NAMESPACE, &users[..1], at(21))
        .unwrap();
    assert_eq!(scene.world.removals()[1].kind, Kind::NamespacePermission);
    assert_eq!(scene.world.removals()[1].by, manager.user);
}

#[test]
fn users_without_a_permission_end_prevent_or_leave_alone_the_removal_of_others() {
    let left = |habit| {
        let mut scene = Scene::new();
        let mut users = scene.readers(2);
        let stranger = scene.user("stranger").user;
        users.insert(1, stranger);
        scene.world.registry_habits.ungranted_users = habit;
        let manager = scene.manager.clone();
        let removed = scene
            .world
            .remove_permissions(&manager, REPOSITORY, &users, at(20));
        assert_eq!(scene.world.removals().len(), 2 - scene.holders().len());
        (removed.is_ok(), scene.holders().len())
    };
    assert_eq!(left(UngrantedUsers::EndIt), (false, 1));
    assert_eq!(left(UngrantedUsers::PreventIt), (false, 2));
    assert_eq!(left(UngrantedUsers::Ignored), (true, 0));
}

#[test]
fn nobody_granted_is_refused_whatever_the_habit() {
    use UngrantedUsers::{EndIt, Ignored, PreventIt};
    for habit in [EndIt, PreventIt, Ignored] {
        let mut scene = Scene::new();
        let stranger = scene.user("stranger").user;
        scene.world.registry_habits.ungranted_users = habit;
        let manager = scene.manager.clone();
        let removed = scene
            .world
            .remove_permissions(&manager, REPOSITORY, &[stranger], at(20));
        assert_eq!(removed, Err(RegistryRefusal::PermissionNotFound));
    }
}

#[test]
fn a_manager_can_lock_itself_out() {
    let mut scene = Scene::new();
    let manager = scene.manager.clone();
    let own = [manager.user.clone()];
    scene
        .world
        .remove_permissions(&manager, NAMESPACE, &own, at(20))
        .unwrap();
    let again = scene.world.remove_permissions(&manager, NAMESPACE, &own, at(21));
    assert_eq!(again, Err(RegistryRefusal::NotAllowed));
    assert!(scene.world.list_namespaces(&manager).is_empty());
}

#[test]
fn who_writes_in_a_namespace_changes_permissions_of_its_repositories_alone() {
    let mut scene = Scene::new();
    let (writer, reader) = (scene.user("writer"), scene.user("reader"));
    scene.world.grant_namespace("team-a", &writer.user, Level::Write);
    let new = || vec![row(&reader, Level::Read)];
    let granted = scene.world.grant_permissions(&writer, NAMESPACE, new());
    assert_eq!(granted, Err(RegistryRefusal::NotAllowed));
    scene.world.grant_permissions(&writer, REPOSITORY, new()).unwrap();
    let granted = scene.world.grant_permissions(&reader, REPOSITORY, new());
    assert_eq!(granted, Err(RegistryRefusal::NotAllowed));
    assert!(scene.world.read_access(&reader, REPOSITORY).is_ok());
    let read = scene.world.read_access(&reader, NAMESPACE);
    assert_eq!(read, Err(RegistryRefusal::NotAllowed));
}

#[test]
fn grants_are_new_and_changes_are_of_what_is_there() {
    let mut scene = Scene::new();
    let (manager, bot, other) = (scene.manager.clone(), scene.user("bot"), scene.user("other"));
    let world = &mut scene.world;
    let both = || vec![row(&bot, Level::Write), row(&other, Level::Read)];
    let changed = world.change_permissions(&manager, REPOSITORY, both());
    assert_eq!(changed, Err(RegistryRefusal::PermissionNotFound));
    world
        .grant_permissions(&manager, REPOSITORY, vec![row(&bot, Level::Manage)])
        .unwrap();
    let granted = world.grant_permissions(&manager, REPOSITORY, both());
    assert_eq!(granted, Err(RegistryRefusal::AlreadyThere));
    world
        .change_permissions(&manager, REPOSITORY, vec![row(&bot, Level::Read)])
        .unwrap();
    assert_eq!(world.permissions_of("team-a/web/api"), [(bot.user, Level::Read)]);
    assert!(world.removals().is_empty(), "lowering is no removal");
}

#[test]
fn another_account_is_told_so_and_nothing_more() {
    let mut scene = Scene::new();
    let elsewhere = scene.world.add_account("elsewhere");
    let foreign = scene.world.add_user_in(&elsewhere, "foreign", "-");
    scene.world.make_registry_administrator(&foreign);
    let foreign = scene.world.registry_actor(foreign.as_str()).unwrap();
    let read = scene.world.read_access(&foreign, REPOSITORY);
    assert_eq!(read, Err(RegistryRefusal::AnotherAccounts));
    let missing = scene.world.read_access(&foreign, Place::Namespace("none"));
    assert_eq!(missing, Err(RegistryRefusal::NamespaceNotFound));
    let made = scene.world.create_namespace(&foreign, "team-a");
    assert_eq!(made, Err(RegistryRefusal::AlreadyThere));
    assert!(scene.world.list_namespaces(&foreign).is_empty());
}

#[test]
fn administrators_and_the_account_owner_manage_everything_and_stand_in_no_list() {
    let mut scene = Scene::new();
    let (admin, owner) = (scene.user("admin"), scene.user("owner"));
    scene.world.make_registry_administrator(&admin.user);
    scene.world.user_mut(owner.user.as_str()).unwrap().account_owner = true;
    for actor in [admin, owner] {
        let access = scene.world.read_access(&actor, REPOSITORY).unwrap();
        assert_eq!((access.own_level, access.rows.len()), (Level::Manage, 0));
    }
}

#[test]
fn the_row_of_a_user_who_is_gone_stays_or_goes_by_habit() {
    let mut scene = Scene::new();
    let users = scene.readers(1);
    scene.world.remove_user(users[0].as_str());
    let rows = |scene: &Scene| {
        scene
            .world
            .read_access(&scene.manager, REPOSITORY)
            .unwrap()
            .rows
            .len()
    };
    assert_eq!(rows(&scene), 1);
    scene.world.registry_habits.rows_of_deleted_users_stay = false;
    assert_eq!(rows(&scene), 0);
}

#[test]
fn a_share_is_good_for_the_day_it_ends_on() {
    let mut scene = Scene::new();
    let deadline: Timestamp = "2026-03-01T16:00:00Z".parse().unwrap();
    let partner = Id::from("partner");
    scene
        .world
        .share_repository("team-a", "web/api", &partner, Some(deadline), at(20));
    let valid = |now: &str| {
        let shares = scene
            .world
            .list_shares(&scene.manager, "team-a", "web/api")
            .unwrap();
        shares[0].is_valid(now.parse().unwrap())
    };
    assert!(valid("2026-03-01T23:59:59Z"));
    assert!(!valid("2026-03-02T00:00:00Z"));
}

#[test]
fn a_share_is_ended_once_by_one_who_manages() {
    let mut scene = Scene::new();
    let (manager, writer) = (scene.manager.clone(), scene.user("writer"));
    scene.world.grant_namespace("team-a", &writer.user, Level::Write);
    let partner = Id::from("partner");
    scene
        .world
        .share_repository("team-a", "web/api", &partner, None, at(20));
    let repository = ("team-a", "web/api");
    let ended = scene.world.end_share(&writer, repository, "partner", at(30));
    assert_eq!(ended, Err(RegistryRefusal::NotAllowed));
    scene
        .world
        .end_share(&manager, repository, "partner", at(30))
        .unwrap();
    let again = scene.world.end_share(&manager, repository, "partner", at(31));
    assert_eq!(again, Err(RegistryRefusal::ShareNotFound));
    assert!(scene.world.shares_of("team-a/web/api").is_empty());
    let removals: Vec<_> = scene
        .world
        .removals()
        .iter()
        .map(|removal| removal.of())
        .collect();
    assert_eq!(
        removals,
        [(Kind::RepositoryShare, Id::from("team-a/web/api"), Some(partner))]
    );
}

#[test]
fn deleting_a_repository_is_noted_as_the_loss_of_all_who_could_reach_it() {
    let mut scene = Scene::new();
    let manager = scene.manager.clone();
    scene.readers(2);
    scene
        .world
        .share_repository("team-a", "web/api", &Id::from("partner"), None, at(20));
    let tag = TagRecord {
        name: "v1".to_string(),
        size: 1,
        created_at: at(20),
        updated_at: at(20),
    };
    scene
        .world
        .repository_mut("team-a", "web/api")
        .unwrap()
        .tags
        .push(tag);
    let deleted = scene
        .world
        .delete_repository(&manager, "team-a", "web/api", at(30));
    assert_eq!(deleted, Err(RegistryRefusal::NotEmpty));
    let deleted = scene.world.delete_namespace(&manager, "team-a", at(30));
    assert_eq!(deleted, Err(RegistryRefusal::NotEmpty));
    scene
        .world
        .repository_mut("team-a", "web/api")
        .unwrap()
        .tags
        .clear();
    scene
        .world
        .delete_repository(&manager, "team-a", "web/api", at(30))
        .unwrap();
    assert_eq!(scene.world.removals().len(), 3);
    scene.world.delete_namespace(&manager, "team-a", at(31)).unwrap();
    assert_eq!(scene.world.removals().len(), 4);
}

#[test]
fn lists_hold_what_the_user_may_read_in_the_order_asked_for() {
    let mut scene = Scene::new();
    let (manager, reader) = (scene.manager.clone(), scene.user("reader"));
    scene.world.add_repository("team-a", "cli", at(30));
    scene.world.add_namespace(&scene.account.clone(), "team-ab");
    scene.world.add_repository("team-ab", "secret", at(40));
    scene
        .world
        .grant_repository("team-a", "cli", &reader.user, Level::Read);
    let names = |actor: &RegistryActor, query: RepositoryQuery| -> Vec<String> {
        let rows = scene.world.list_repositories(actor, &query).into_iter();
        rows.map(|(_, repository)| repository.name().to_string())
            .collect()
    };
    assert_eq!(names(&reader, RepositoryQuery::default()), ["cli"]);
    assert_eq!(names(&manager, RepositoryQuery::default()), ["cli", "web/api"]);
    let oldest_first = RepositoryQuery {
        order: Some((RepositoryOrder::UpdatedAt, Direction::Ascending)),
        ..RepositoryQuery::default()
    };
    assert_eq!(names(&manager, oldest_first), ["web/api", "cli"]);
    let (_, level) = scene.world.list_namespaces(&reader)[0];
    assert_eq!(level, None, "only a repository of it may be read");
}

#[test]
fn a_fuzzy_query_finds_more_than_was_meant() {
    let mut scene = Scene::new();
    scene.world.add_namespace(&scene.account.clone(), "team-ab");
    scene.world.add_repository("team-ab", "api", at(40));
    scene
        .world
        .grant_namespace("team-ab", &scene.manager.user.clone(), Level::Read);
    let found = |fuzzy| {
        let query = RepositoryQuery {
            namespace: Some("team-a".to_string()),
            name: Some("api".to_string()),
            fuzzy,
            ..RepositoryQuery::default()
        };
        scene.world.list_repositories(&scene.manager, &query).len()
    };
    assert_eq!((found(false), found(true)), (0, 2));
}

#[test]
fn shared_repositories_are_listed_from_both_ends() {
    let mut scene = Scene::new();
    let partner = scene.world.add_account("partner");
    let guest = scene.world.add_user_in(&partner, "guest", "-");
    let guest = scene.world.registry_actor(guest.as_str()).unwrap();
    scene.world.add_repository("team-a", "unshared", at(20));
    scene
        .world
        .share_repository("team-a", "web/api", &Id::from("partner"), Some(at(30)), at(20));
    let all = RepositoryQuery::default();
    assert_eq!(scene.world.list_shared_out(&scene.manager, &all).len(), 1);
    assert!(scene.world.list_shared_in(&scene.manager, &all).is_empty());
    assert_eq!(scene.world.list_shared_in(&guest, &all).len(), 1);
    assert!(scene.world.list_shared_out(&guest, &all).is_empty());
}
