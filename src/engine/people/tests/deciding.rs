use super::*;
use crate::model::{Gap, Scope};

fn gone(key: &str) -> Entry {
    Entry {
        standing: Standing::Gone,
        ..entry(key)
    }
}

fn here(key: &str) -> Entry {
    Entry {
        standing: Standing::Here,
        ..entry(key)
    }
}

fn gap(scope: Scope) -> Gap {
    Gap {
        cloud: "c".into(),
        scope,
        reason: "500".into(),
    }
}

#[test]
fn who_is_on_a_plain_list_goes_by_the_one_and_stays_by_the_other() {
    let inventory = registry(vec![held_by("1", "Ann"), held_by("2", "bob")]);
    let (leavers, roster) = go(roll(vec![entry(" ann ")]), &inventory);
    assert_eq!((leavers, roster), (vec!["1".into()], vec!["2".into()]));
}

#[test]
fn a_directory_of_everybody_is_safe_both_ways() {
    let inventory = registry(vec![
        held_by("1", "ann"),
        held_by("2", "bob"),
        held_by("3", "eve"),
    ]);
    let (leavers, roster) = go(roll(vec![here("ann"), gone("bob")]), &inventory);
    assert_eq!(leavers, ["2"], "the one who is active never goes");
    assert_eq!(roster, ["2", "3"], "inactive is as good as missing");
}

#[test]
fn an_entry_for_two_users_decides_on_neither() {
    let inventory = registry(vec![
        held_by("1", "ann"),
        held_by("2", "ANN"),
        held_by("3", "eve"),
    ]);
    let lists = lists(roll(vec![entry("ann")]));
    let evaluation = judge(&policy(&["list"], &[]), &inventory, &lists);
    assert!(evaluation.revocations.is_empty());
    let (source, why) = &evaluation.disputed[0];
    assert_eq!(source.as_str(), "list");
    assert!(why.contains("several users: 1, 2"), "{why}");
    let roster = judge(&policy(&[], &["list"]), &inventory, &lists);
    assert_eq!(subjects(&roster), ["3"], "nor are they missing");
}

#[test]
fn entries_that_disagree_decide_on_nobody() {
    let inventory = registry(vec![held_by("1", "ann")]);
    let (leavers, roster) = go(roll(vec![gone("ann"), here("ann")]), &inventory);
    assert!(leavers.is_empty() && roster.is_empty());
    let (leavers, roster) = go(roll(vec![gone("ann"), gone("Ann")]), &inventory);
    assert_eq!((leavers.len(), roster.len()), (1, 1), "the same said twice");
    let unreadable = Entry {
        problem: Some("the leaving date `31.03.2026` is none".into()),
        ..gone("ann")
    };
    let (leavers, roster) = go(roll(vec![gone("ann"), unreadable]), &inventory);
    assert!(leavers.is_empty() && roster.is_empty());
}

#[test]
fn one_entry_with_keys_of_two_people_decides_on_neither() {
    let inventory = registry(vec![held_by("1", "ann"), held_by("2", "bob")]);
    let both = Entry {
        keys: vec!["ann".into(), "bob".into()],
        ..entry("both")
    };
    let (leavers, roster) = go(roll(vec![both]), &inventory);
    assert!(leavers.is_empty() && roster.is_empty());
}

#[test]
fn a_name_of_the_past_proves_nothing() {
    // A list of permissions keeps the name under which access was given.
    let renamed = Permission {
        user_name: "ann".into(),
        ..held_by("1", "ann-lee")
    };
    let (leavers, roster) = go(roll(vec![entry("ann")]), &registry(vec![renamed.clone()]));
    assert!(leavers.is_empty() && roster.is_empty());
    // Somebody new has the name now: the entry may mean either.
    let inventory = registry(vec![renamed, held_by("2", "ann")]);
    let (leavers, roster) = go(roll(vec![entry("ann")]), &inventory);
    assert!(leavers.is_empty() && roster.is_empty());
}

#[test]
fn whose_address_is_not_told_is_neither_on_a_list_nor_missing_from_it() {
    let mut inventory = registry(vec![held_by("1", "ann"), held_by("2", "bob")]);
    inventory.users = vec![user("1", "ann", Some("Ann@Example.org")), user("2", "bob", None)];
    let by_address = |entries| Roll {
        to: UserKey::Email,
        ..roll(entries)
    };
    let (leavers, roster) = go(by_address(vec![entry("ann@example.org")]), &inventory);
    assert_eq!(leavers, ["1"]);
    assert!(roster.is_empty(), "bob may be anybody on it: {roster:?}");
    let (_, roster) = go(by_address(vec![entry("eve@example.org")]), &inventory);
    assert_eq!(roster, ["1"]);
    let lists = lists(by_address(vec![entry("eve@example.org")]));
    let evaluation = judge(&policy(&[], &["list"]), &inventory, &lists);
    let why = &evaluation.unreadable[0].problem;
    assert!(why.contains("does not tell user.email of user 2"), "{why}");
    assert!(
        judge(&policy(&["list"], &[]), &inventory, &lists)
            .unreadable
            .is_empty(),
        "who is not known to be on a list of leavers is no news"
    );
}

#[test]
fn two_users_of_one_address_are_told_apart_by_nobody() {
    let mut inventory = registry(vec![held_by("1", "ann")]);
    inventory.users = vec![
        user("1", "ann", Some("team@example.org")),
        // Holds nothing here, and may be the one who left.
        user("2", "bob", Some("team@example.org")),
    ];
    let list = Roll {
        to: UserKey::Email,
        ..roll(vec![entry("team@example.org")])
    };
    let (leavers, roster) = go(list, &inventory);
    assert!(leavers.is_empty() && roster.is_empty());
}

#[test]
fn while_not_everybody_is_seen_an_address_may_be_somebody_elses() {
    let mut inventory = registry(vec![held_by("1", "ann")]);
    inventory.users = vec![user("1", "ann", Some("team@example.org"))];
    inventory.gaps = vec![gap(Scope::Users)];
    let by_address = |entry: Entry| Roll {
        to: UserKey::Email,
        ..roll(vec![entry])
    };
    let (leavers, roster) = go(by_address(gone("team@example.org")), &inventory);
    assert!(leavers.is_empty() && roster.is_empty());
    let (_, roster) = go(by_address(here("team@example.org")), &inventory);
    assert!(roster.is_empty());
    // A name is one user's alone, whoever else there is.
    assert_eq!(go(roll(vec![gone("ann")]), &inventory).0, ["1"]);
}

#[test]
fn an_address_that_was_not_told_this_time_takes_no_reason_away() {
    let mut inventory = registry(vec![held_by("1", "ann"), held_by("2", "bob")]);
    inventory.gaps = vec![gap(Scope::User("1".into()))];
    let list = Roll {
        to: UserKey::Email,
        ..roll(vec![gone("ann@example.org")])
    };
    let evaluation = judge(&policy(&["list"], &[]), &inventory, &lists(list));
    let unreadable: Vec<_> = evaluation.unreadable.iter().collect();
    assert_eq!(unreadable.len(), 1, "of bob it is known that nothing is told");
    assert!(unreadable[0].problem.contains("500"), "{}", unreadable[0].problem);
}

#[test]
fn whose_value_is_blank_to_the_eye_is_missing_from_no_list() {
    let inventory = registry(vec![held_by("1", "\u{200b}")]);
    assert!(go(roll(vec![entry("ann")]), &inventory).1.is_empty());
}

#[test]
fn a_deleted_user_of_the_same_cloud_counts_as_gone_where_the_source_says_so() {
    let mut inventory = registry(vec![held_by("1", "ann")]);
    let gone = |name: &str| Permission {
        holder: Some(Holder {
            state: UserState::Deleted,
            account_owner: false,
            name: String::new(),
        }),
        ..held_by("9", name)
    };
    inventory.repositories[0].permissions =
        crate::model::Reading::Read(vec![held_by("1", "ann"), gone("left")]);
    let by_id = |deleted_on: Option<&str>| Roll {
        to: UserKey::Id,
        deleted_on: deleted_on.map(Into::into),
        ..roll(vec![here("1")])
    };
    assert_eq!(go(by_id(Some("c")), &inventory).0, ["9"]);
    assert!(go(by_id(Some("another")), &inventory).0.is_empty());
    assert!(go(by_id(None), &inventory).0.is_empty());
}

#[test]
fn what_a_leaver_owned_goes_and_what_somebody_else_still_owns_stays() {
    let owner = |mut entry: Entry, project: &str| {
        entry.projects = vec![project.into()];
        entry
    };
    let mut image = sample::image("i");
    let members = ["p1", "p2", "p3"].map(|project| sample::member(project, "2026-01-01T00:00:00Z"));
    image.sharing = crate::model::Sharing::Members(members.to_vec());
    let mut policy = policy(&["list"], &[]);
    policy.kinds = vec![Kind::ImageShare];
    let entries = vec![
        owner(gone("ann"), "p1"),
        owner(gone("bob"), "p2"),
        owner(here("eve"), "p2"),
    ];
    let evaluation = judge(&policy, &sample::inventory(vec![image]), &lists(roll(entries)));
    assert_eq!(subjects(&evaluation), ["p1"]);
    assert_eq!(evaluation.unreadable.len(), 1, "p2 is still somebody's");
}

#[test]
fn the_evidence_names_the_list_its_version_and_the_place() {
    let inventory = registry(vec![held_by("1", "ann")]);
    let left = Entry {
        leaves: Some(Moment::Day(jiff::civil::date(2026, 5, 30))),
        ..here("ann")
    };
    let evaluation = judge(&policy(&["list"], &[]), &inventory, &lists(roll(vec![left])));
    let revocation = &evaluation.revocations[0];
    let listed = &revocation.evidence.listed_in[0];
    assert_eq!((listed.source.as_str(), listed.version.as_str()), ("list", "v1"));
    assert_eq!(listed.place.as_deref(), Some("entry of ann"));
    assert_eq!(
        listed.since,
        at("2026-05-31T00:00:00Z"),
        "the end of the leaving day"
    );
    assert_eq!(revocation.due_since, listed.since);
    let compared = &revocation.evidence.compared[0];
    assert_eq!(
        (compared.key.as_str(), compared.required.as_str()),
        ("subject_in", "list")
    );
}

#[test]
fn of_several_lists_one_of_leavers_is_enough_and_no_roster_may_be_missing() {
    let inventory = registry(vec![held_by("1", "ann"), held_by("2", "bob")]);
    let named = |source: &str, entries| Roll {
        source: source.into(),
        ..roll(entries)
    };
    let proven = |roll: Roll| {
        let name = roll.source.clone();
        (name, prove(Arc::new(roll), &whole(), None, at(NOW)))
    };
    let both = Lists::of([
        proven(named("hr", vec![entry("ann")])),
        proven(named("contractors", vec![entry("bob")])),
    ]);
    let in_either = judge(&policy(&["hr", "contractors"], &[]), &inventory, &both);
    assert_eq!(subjects(&in_either), ["1", "2"]);
    let in_none = judge(&policy(&[], &["hr", "contractors"]), &inventory, &both);
    assert!(in_none.revocations.is_empty());
    let one_down = Lists::of([
        proven(named("hr", vec![entry("ann")])),
        ("contractors".into(), Err("down".into())),
    ]);
    let evaluation = judge(&policy(&[], &["hr", "contractors"]), &inventory, &one_down);
    assert!(
        evaluation.revocations.is_empty(),
        "bob may be on the one that is down"
    );
}

#[test]
fn the_daemons_own_user_stays_whatever_a_list_says() {
    let inventory = registry(vec![held_by("revoker", "revoker"), held_by("1", "ann")]);
    let lists = lists(roll(vec![gone("Revoker"), gone("ann")]));
    let evaluation = judge(&policy(&["list"], &[]), &inventory, &lists);
    assert_eq!(subjects(&evaluation), ["1"]);
    assert_eq!(evaluation.spared[0].reason, "the daemon's own user");
}

#[test]
fn a_spelling_that_only_looks_alike_decides_on_nobody() {
    let mut inventory = registry(vec![held_by("1", "ines")]);
    inventory.users = vec![user("1", "ines", Some("ines.strasse@example.org"))];
    let list = Roll {
        to: UserKey::Email,
        ..roll(vec![entry("ines.stra\u{df}e@example.org")])
    };
    let (leavers, roster) = go(list, &inventory);
    assert!(leavers.is_empty() && roster.is_empty());
}

#[test]
fn who_must_stay_is_told_so_although_no_list_can_tell() {
    let inventory = registry(vec![held_by("revoker", "revoker"), held_by("1", "ann")]);
    let list = Roll {
        to: UserKey::Email,
        ..roll(vec![entry("eve@example.org")])
    };
    let evaluation = judge(&policy(&[], &["list"]), &inventory, &lists(list));
    assert_eq!(evaluation.spared[0].reason, "the daemon's own user");
    assert_eq!(evaluation.unreadable.len(), 1, "ann has no address");
}

#[test]
fn a_roster_that_nobody_is_on_is_known_for_it() {
    let inventory = registry(vec![held_by("1", "ann")]);
    let recognised = |name| {
        let evaluation = judge(
            &policy(&[], &["list"]),
            &inventory,
            &lists(roll(vec![entry(name)])),
        );
        evaluation.recognised.len()
    };
    assert_eq!((recognised("ann"), recognised("E4711")), (1, 0));
}

#[test]
fn whom_people_protect_by_address_or_in_other_letters_stays() {
    let mut inventory = registry(vec![held_by("1", "ann.lee"), held_by("2", "bob")]);
    inventory.users = vec![
        user("1", "ann.lee", Some("Ann@Example.org")),
        user("2", "bob", None),
    ];
    let lists = lists(roll(vec![entry("ann.lee"), entry("bob")]));
    for written in ["ann@example.org", "*@EXAMPLE.org", "Ann.Lee"] {
        let patterns = crate::engine::patterns::Patterns::compile(vec![written.into()]).unwrap();
        let protection = Protection {
            users: Some(patterns.clone()),
            ..Protection::default()
        };
        let protected = evaluate(&policy(&["list"], &[]), &inventory, &protection, &lists, at(NOW));
        assert_eq!(subjects(&protected), ["2"], "{written}");
        let mut exempt = policy(&["list"], &[]);
        exempt.exemptions = vec![crate::engine::policy::Exemption {
            subject: Some(patterns),
            resource: None,
            image_name: None,
            ends: at("2027-01-01T00:00:00Z"),
            until: "2026-12-31".into(),
            reason: "contract".into(),
        }];
        assert_eq!(subjects(&judge(&exempt, &inventory, &lists)), ["2"], "{written}");
    }
}
