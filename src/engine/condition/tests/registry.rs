//! Conditions over grants of the registry, and over several kinds at once.

use super::*;
use crate::{
    engine::sample,
    model::{AccountShare, Kind, Level},
};

const OF_REPOSITORIES: [Kind; 2] = [Kind::RepositoryPermission, Kind::RepositoryShare];

fn holds(text: &str, kind: Kind, share: &AccountShare) -> bool {
    let condition = Condition::parse(text, &[kind]).unwrap_or_else(|error| panic!("{text}: {error}"));
    let permission = sample::permission("ann", Level::Write);
    let namespace = sample::namespace("team", vec![]);
    let repository = sample::repository("team/web/api", vec![]);
    let candidate = match kind {
        Kind::NamespacePermission => Candidate::NamespacePermission(&namespace, &permission),
        Kind::RepositoryPermission => Candidate::RepositoryPermission(&repository, &permission),
        _ => Candidate::RepositoryShare(&repository, share),
    };
    let result = condition.holds(candidate, sample::at("2026-06-01T00:00:00Z"));
    result.unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str, kinds: &[Kind]) -> ConditionError {
    Condition::parse(text, kinds).expect_err(text)
}

#[test]
fn every_variable_of_the_registry_can_be_used() {
    let user = r#"grant.subject.id == "ann" && grant.subject.name == "name-of-ann" && grant.level != "manage"
        && grant.namespace == "team" && now > timestamp("2026-01-01T00:00:00Z")"#;
    let repository = r#"repository.id == "team/web/api" && repository.namespace == "team" && !repository.public
        && repository.name.startsWith("web/") && repository.created_at < repository.updated_at"#;
    let share = r#"grant.subject.id == "partner" && grant.namespace == "team"
        && grant.deadline != null && grant.deadline < now
        && (grant.created_at == null || now - grant.created_at > days(300))
        && grant.updated_at != null && grant.updated_at.getFullYear() == 2025"#;
    let partner = sample::account_share("partner");
    for (text, kind) in [
        (user, Kind::RepositoryPermission),
        (user, Kind::NamespacePermission),
        (repository, Kind::RepositoryPermission),
        (repository, Kind::RepositoryShare),
        (share, Kind::RepositoryShare),
    ] {
        assert!(holds(text, kind, &partner), "{kind}: {text}");
    }
}

#[test]
fn a_time_that_is_not_known_is_null() {
    let unknown = AccountShare {
        deadline: None,
        created_at: None,
        updated_at: None,
        ..sample::account_share("partner")
    };
    let all = "grant.deadline == null && grant.created_at == null && null == grant.updated_at";
    assert!(holds(all, Kind::RepositoryShare, &unknown));
    let asked = "grant.deadline != null && grant.deadline < now";
    assert!(!holds(asked, Kind::RepositoryShare, &unknown));
}

#[test]
fn a_time_that_may_be_null_is_not_used_unasked() {
    for text in [
        "grant.deadline < now",
        "now - grant.created_at > days(3)",
        "grant.deadline != null && grant.updated_at < now",
        "grant.deadline == null && grant.deadline < now",
    ] {
        let error = refused(text, &[Kind::RepositoryShare]);
        assert!(error.message.contains("may be null"), "{text}: {error}");
        assert!(
            error.hint.is_some_and(|hint| hint.contains("ask first")),
            "{text}"
        );
    }
    let error = refused("grant.deadline.getHours() == 1", &[Kind::RepositoryShare]);
    assert_eq!(error.message, "`getHours` does not take a point in time or null");
}

#[test]
fn a_name_must_mean_something_for_every_kind() {
    for (text, kinds, message) in [
        (
            "image.name == 'x'",
            &[Kind::RepositoryPermission][..],
            "`image` is unknown here: targets of kind `repository-permission` have no image",
        ),
        (
            "repository.public",
            &[Kind::RepositoryPermission, Kind::NamespacePermission],
            "`repository` is unknown here: targets of kind `namespace-permission` have no repository",
        ),
        (
            "grant.level == 'read'",
            &OF_REPOSITORIES,
            "targets of kind `repository-share` have no `grant.level`",
        ),
        (
            "grant.subject.name == 'x'",
            &OF_REPOSITORIES,
            "targets of kind `repository-share` have no `grant.subject.name`",
        ),
        (
            "grant.subject.id == 'x'",
            &[Kind::ImageShare, Kind::Image],
            "`grant` is unknown here: targets of kind `image` have no grant",
        ),
        (
            "grant.status == 'x'",
            &[Kind::NamespacePermission],
            "`grant` has no field `status`",
        ),
        (
            "grant.created_at == null",
            &[Kind::NamespacePermission],
            "`grant` has no field `created_at`",
        ),
    ] {
        assert_eq!(refused(text, kinds).message, message);
    }
    assert!(Condition::parse("repository.public && grant.namespace != 'x'", &OF_REPOSITORIES).is_ok());
    assert!(Condition::parse("grant.subject.id != 'x'", &Kind::ALL[..4]).is_ok());
}

#[test]
fn a_time_that_only_one_kind_may_lack_is_asked_about_for_all() {
    let kinds = [Kind::ImageShare, Kind::RepositoryShare];
    let unasked = "now - grant.created_at > days(3)";
    assert!(Condition::parse(unasked, &kinds[..1]).is_ok());
    assert!(refused(unasked, &kinds).message.contains("may be null"));
    let asked = format!("grant.created_at != null && {unasked}");
    assert!(Condition::parse(&asked, &kinds).is_ok());
}

#[test]
fn the_word_that_cel_keeps_to_itself_is_explained() {
    let error = refused("namespace == 'x'", &[Kind::NamespacePermission]);
    assert!(
        error.hint.is_some_and(|hint| hint.contains("grant.namespace")),
        "{}",
        error.message
    );
}
