//! What a match means, held against an oracle without the shortcuts.

mod keeping;
mod keys;
mod kinds;
mod remaining;

use crate::engine::people::Lists;
use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::{
    engine::{
        patterns::Patterns,
        policy::{Age, Exemption, Expiry, ImageMatch, Match},
        sample::{self, at},
    },
    model::{Caller, Gap, Id, Member, MemberStatus, Scope, Sharing, Visibility},
};

const NOW: &str = "2026-06-01T00:00:00Z";

fn patterns(words: &[&str]) -> Option<Patterns> {
    Some(Patterns::compile(words.iter().map(ToString::to_string).collect()).expect("good patterns"))
}

fn days(days: i64) -> Option<Age> {
    Some(Age {
        least: SignedDuration::from_hours(24 * days),
        written: format!("{days}d"),
    })
}

fn shared(id: &str, members: Vec<Member>) -> Image {
    Image {
        sharing: Sharing::Members(members),
        ..sample::image(id)
    }
}

fn judge(policy: &Policy, images: Vec<Image>) -> Evaluation {
    evaluate(
        policy,
        &sample::inventory(images),
        &Protection::default(),
        &Lists::none(),
        at(NOW),
    )
}

fn subjects(evaluation: &Evaluation) -> Vec<String> {
    evaluation
        .revocations
        .iter()
        .map(|r| r.target.subject.clone().expect("a share").to_string())
        .collect()
}

#[test]
fn a_share_is_due_at_the_very_moment_its_age_is_reached_and_not_before() {
    let policy = sample::policy(
        Kind::ImageShare,
        Match {
            granted_before: days(30),
            ..Match::default()
        },
    );
    let members = vec![
        sample::member("exactly", "2026-05-02T00:00:00Z"),
        sample::member("a-moment-young", "2026-05-02T00:00:01Z"),
        sample::member("old", "2026-01-01T00:00:00Z"),
    ];
    let evaluation = judge(&policy, vec![shared("i", members)]);
    assert_eq!(subjects(&evaluation), ["exactly", "old"]);
    assert_eq!(evaluation.seen, 3);
    assert_eq!(evaluation.revocations[0].due_since, at(NOW));
    assert_eq!(evaluation.revocations[1].due_since, at("2026-01-31T00:00:00Z"));
}

#[test]
fn the_daemons_own_project_and_images_of_others_are_never_touched() {
    let policy = sample::policy(
        Kind::ImageShare,
        Match {
            granted_before: days(1),
            ..Match::default()
        },
    );
    let member = |project| sample::member(project, "2026-01-01T00:00:00Z");
    let mut foreign = shared("foreign", vec![member("a"), member("own")]);
    foreign.owner = Id::from("somebody");
    let evaluation = judge(
        &policy,
        vec![shared("i", vec![member("own"), member("a")]), foreign],
    );
    assert_eq!(subjects(&evaluation), ["a"]);
    assert_eq!(evaluation.seen, 2);
    assert_eq!(evaluation.spared[0].reason, "the daemon's own project");
}

#[test]
fn protection_and_exemptions_keep_and_say_so_until_they_end() {
    let mut policy = sample::policy(
        Kind::ImageShare,
        Match {
            granted_before: days(1),
            ..Match::default()
        },
    );
    let exemption = |subject: &str, ends: &str| Exemption {
        subject: patterns(&[subject]),
        resource: None,
        image_name: None,
        ends: at(ends),
        until: "then".into(),
        reason: "contract".into(),
    };
    policy.exemptions = vec![exemption("a", "2026-06-01T00:00:01Z"), exemption("b", NOW)];
    let protection = Protection {
        projects: patterns(&["c*"]),
        ..Protection::default()
    };
    let members = ["a", "b", "cc", "d"].map(|project| sample::member(project, "2026-01-01T00:00:00Z"));
    let inventory = sample::inventory(vec![shared("i", members.to_vec())]);
    let evaluation = evaluate(&policy, &inventory, &protection, &Lists::none(), at(NOW));
    assert_eq!(subjects(&evaluation), ["b", "d"]);
    assert_eq!(evaluation.spared.len(), 2);
}

#[test]
fn a_protected_image_keeps_its_shares_and_itself() {
    let protection = Protection {
        images: patterns(&["i"]),
        ..Protection::default()
    };
    for kind in [Kind::Image, Kind::ImageShare] {
        let policy = sample::policy(
            kind,
            Match {
                created_before: days(1),
                ..Match::default()
            },
        );
        let image = shared("i", vec![sample::member("a", "2026-01-01T00:00:00Z")]);
        let evaluation = evaluate(
            &policy,
            &sample::inventory(vec![image]),
            &protection,
            &Lists::none(),
            at(NOW),
        );
        assert_eq!(
            (evaluation.revocations.len(), evaluation.spared.len()),
            (0, 1),
            "{kind}"
        );
    }
}

#[test]
fn an_expiry_that_is_no_date_keeps_the_image_and_is_reported() {
    let expires = Some(Expiry::Tag("expires".into()));
    let policy = sample::policy(
        Kind::Image,
        Match {
            expires,
            ..Match::default()
        },
    );
    let tagged = |id: &str, tag: &str| Image {
        tags: vec![tag.to_owned()],
        ..sample::image(id)
    };
    let images = vec![
        tagged("past", "expires=2026-05-30"),
        tagged("its-last-day", "expires=2026-06-01"),
        tagged("odd", "expires=soon"),
        sample::image("none"),
    ];
    let evaluation = judge(&policy, images);
    let gone: Vec<&str> = evaluation
        .revocations
        .iter()
        .map(|r| r.target.resource.as_str())
        .collect();
    assert_eq!(gone, ["past"]);
    assert_eq!(evaluation.revocations[0].due_since, at("2026-05-31T00:00:00Z"));
    assert_eq!(evaluation.unreadable.len(), 1);
    assert!(evaluation.unreadable[0].problem.contains("soon"));
}

#[test]
fn an_image_without_a_size_meets_no_bound_on_it() {
    let image = ImageMatch {
        min_size: Some(0),
        ..ImageMatch::default()
    };
    let policy = sample::policy(
        Kind::Image,
        Match {
            image,
            ..Match::default()
        },
    );
    let empty = Image {
        size: None,
        ..sample::image("i")
    };
    assert_eq!(judge(&policy, vec![empty]).revocations, []);
}

#[test]
fn a_gap_takes_nothing_away_from_what_was_seen_and_adds_nothing() {
    let policy = sample::policy(
        Kind::ImageShare,
        Match {
            granted_before: days(1),
            ..Match::default()
        },
    );
    let unread = Image {
        sharing: Sharing::Unreadable,
        ..sample::image("unread")
    };
    let read = shared("i", vec![sample::member("a", "2026-01-01T00:00:00Z")]);
    let mut inventory = sample::inventory(vec![unread, read]);
    inventory.gaps = vec![Gap {
        cloud: "c".into(),
        scope: Scope::Members(Id::from("unread")),
        reason: "500".into(),
    }];
    let evaluation = evaluate(
        &policy,
        &inventory,
        &Protection::default(),
        &Lists::none(),
        at(NOW),
    );
    assert_eq!(
        (subjects(&evaluation), evaluation.seen),
        (vec!["a".to_owned()], 1)
    );
}

/// What the documents say a match means, one pair at a time, without any of
/// the shortcuts of the code under test.
fn oracle(keys: &Match, caller: &Caller, image: &Image, member: &Member, now: Timestamp) -> bool {
    let old = |age: &Option<Age>, moment: Timestamp| match age {
        Some(age) => now.duration_since(moment) >= age.least,
        None => true,
    };
    image.owner == caller.project
        && member.project != caller.project
        && old(&keys.granted_before, member.created_at)
        && old(&keys.created_before, image.created_at)
        && old(&keys.updated_before, image.updated_at)
        && keys
            .status
            .as_ref()
            .is_none_or(|all| all.contains(&member.status))
        && keys.subject.as_ref().is_none_or(|all| {
            all.to_string()
                .split('|')
                .any(|one| one == member.project.as_str())
        })
        && keys
            .image
            .visibility
            .as_ref()
            .is_none_or(|all| all.contains(&image.visibility))
        && keys
            .image
            .protected
            .is_none_or(|wanted| wanted == image.protected)
        && keys.image.hidden.is_none_or(|wanted| wanted == image.hidden)
        && keys
            .image
            .min_size
            .is_none_or(|min| image.size.is_some_and(|size| size >= min))
        && keys
            .image
            .max_size
            .is_none_or(|max| image.size.is_some_and(|size| size <= max))
}

fn any_age() -> impl Strategy<Value = Option<Age>> {
    prop::option::of(0i64..6).prop_map(|least| least.and_then(days))
}

fn any_keys() -> impl Strategy<Value = Match> {
    let visibility = prop::option::of(prop::sample::subsequence(Visibility::ALL.to_vec(), 0..4));
    let image = (
        visibility,
        any::<Option<bool>>(),
        any::<Option<bool>>(),
        prop::option::of(0u64..4),
        prop::option::of(0u64..4),
    )
        .prop_map(|(visibility, protected, hidden, min_size, max_size)| ImageMatch {
            visibility,
            protected,
            hidden,
            min_size,
            max_size,
            ..ImageMatch::default()
        });
    let status = prop::option::of(prop::sample::subsequence(MemberStatus::ALL.to_vec(), 0..3));
    let subject = prop::option::of(prop::sample::subsequence(vec!["own", "a", "b", "c"], 1..3));
    (any_age(), any_age(), any_age(), status, subject, image).prop_map(
        |(granted_before, created_before, updated_before, status, subject, image)| Match {
            granted_before,
            created_before,
            updated_before,
            status,
            subject: subject.and_then(|words| patterns(&words)),
            image,
            ..Match::default()
        },
    )
}

fn any_moment() -> impl Strategy<Value = Timestamp> {
    (0i64..7 * 24).prop_map(|hours| at(NOW) - SignedDuration::from_hours(hours))
}

fn any_member() -> impl Strategy<Value = Member> {
    let project = prop::sample::select(vec!["own", "a", "b", "c"]);
    (
        project,
        prop::sample::select(MemberStatus::ALL.to_vec()),
        any_moment(),
    )
        .prop_map(|(project, status, moment)| Member {
            project: Id::from(project),
            status,
            created_at: moment,
            updated_at: moment,
        })
}

fn any_image() -> impl Strategy<Value = Image> {
    let flags = (
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.9),
        prop::option::of(0u64..4),
    );
    let visibility = prop::sample::select(Visibility::ALL.to_vec());
    let members = prop::collection::vec(any_member(), 0..5);
    (flags, visibility, any_moment(), any_moment(), members).prop_map(
        |((protected, hidden, own, size), visibility, created_at, updated_at, members)| Image {
            protected,
            hidden,
            owner: Id::from(if own { "own" } else { "other" }),
            size,
            visibility,
            created_at,
            updated_at,
            sharing: Sharing::Members(members),
            ..sample::image("i")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn exactly_the_pairs_that_hold_every_written_key_are_decided(
        keys in any_keys(), images in prop::collection::vec(any_image(), 0..5),
    ) {
        let inventory = sample::inventory(images);
        let policy = sample::policy(Kind::ImageShare, keys.clone());
        let evaluation = evaluate(&policy, &inventory, &Protection::default(), &Lists::none(), at(NOW));
        let mut expected = 0;
        for image in &inventory.images {
            let Sharing::Members(members) = &image.sharing else { continue };
            expected += members.iter().filter(|m| oracle(&keys, &inventory.caller, image, m, at(NOW))).count();
        }
        prop_assert_eq!(evaluation.revocations.len(), expected);
        for revocation in &evaluation.revocations {
            let subject = revocation.target.subject.as_ref().expect("a share has a subject");
            let borne_out = inventory.images.iter().any(|image| match &image.sharing {
                Sharing::Members(members) => members.iter().any(|member| {
                    member.project == *subject && oracle(&keys, &inventory.caller, image, member, at(NOW))
                }),
                _ => false,
            });
            prop_assert!(borne_out);
        }
    }
}
