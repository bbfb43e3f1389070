//! The login, and whether it is for the project and account that are meant.

use super::{Finding, Section, mend_for};
use crate::{
    config::types::{Auth, Domain, HuaweiLogin, Named, Provider},
    model::{Caller, Failure, FailureClass},
};

pub fn login_failed(section: &Section<'_>, failure: &Failure) -> Finding {
    let mend = match failure.class {
        FailureClass::Unauthenticated | FailureClass::Refused => correct(section, failure),
        _ => mend_for(failure, ""),
    };
    let seen = match failure.class {
        FailureClass::Unauthenticated => {
            format!("refused, and not tried again: {}", failure.detail)
        }
        _ => format!("failed, and not tried again: {}", failure.detail),
    };
    Finding::problem("login", seen, mend)
}

/// What to correct, and how to try it again.
fn correct(section: &Section<'_>, failure: &Failure) -> String {
    let name = section.name;
    let provider = &section.cloud.provider;
    // Only a wrong secret brings an account nearer to its lock.
    let (keys, warning) = match failure.class {
        FailureClass::Unauthenticated if !is_about_the_project(failure) => {
            (login_keys(provider), " (a few wrong tries lock the account)")
        }
        FailureClass::Unauthenticated => (project_keys(provider), ""),
        _ => (misfit(failure), ""),
    };
    match section.is_written {
        true => {
            format!("correct {keys} in [clouds.{name}]; then once: revokd doctor --cloud {name}{warning}")
        }
        false => format!("correct {keys}, and run this again{warning}"),
    }
}

/// These answers speak of what the token was to be for.
fn is_about_the_project(failure: &Failure) -> bool {
    let answered = |status: &str| failure.detail.contains(&format!("the cloud answered {status}"));
    ["403", "404", "409"].into_iter().any(answered)
}

/// The secret was taken, and what the cloud offers does not fit the section.
fn misfit(failure: &Failure) -> &'static str {
    let names = |word: &str| failure.detail.contains(word);
    match () {
        () if names("region") => "`region`: name one of those above",
        () if names("interface") => "`interface`: name one of those above",
        () if names("catalogue") || names("endpoint") => "the `endpoints`",
        () if names("project") => "`project`",
        () => "what is named above",
    }
}

/// What the token is for, against what is configured.
pub fn judged(section: &Section<'_>, caller: &Caller) -> Vec<Finding> {
    let name = section.name;
    let project = with_id(&caller.project_name, caller.project.as_str());
    let account = with_id(&caller.account_name, caller.account.as_str());
    let mut findings = vec![Finding::ok("login", "works")];
    findings.push(match configured_project(&section.cloud.provider) {
        Some(wanted) if !is_meant(&section.cloud.provider, wanted, caller) => Finding::problem(
            "project",
            format!(
                "the login is for project {project} of account {account}, and not for the configured one"
            ),
            format!("correct `project` in [clouds.{name}], or give the user a role there"),
        ),
        _ => Finding::ok("project", format!("{project} of account {account}")),
    });
    findings.push(if caller.user.as_str().is_empty() {
        let seen = "the cloud does not tell whose access key it is, so nothing is done to users: it might be revokd's own";
        let mend = "use a permanent key of an IAM user that may read its own credentials, or `method = \"password\"`";
        Finding::warning("own user", seen, mend)
    } else {
        let user = with_id(&caller.user_name, caller.user.as_str());
        Finding::ok("own user", format!("{user}; its own access is never removed"))
    });
    findings
}

fn with_id(name: &str, id: &str) -> String {
    match (name, id) {
        ("", "") => "(not told)".to_owned(),
        ("", id) => id.to_owned(),
        (name, "") => name.to_owned(),
        (name, id) => format!("{name} ({id})"),
    }
}

/// Whether the login is for the configured project, and on clouds where account
/// and project cannot differ, for the configured account.
fn is_meant(provider: &Provider, wanted: &Named, caller: &Caller) -> bool {
    let Named::Name { name, domain } = wanted else {
        return matches!(wanted, Named::Id(id) if *id == caller.project.as_str());
    };
    let is_told = |told: &str, wanted: &str| told.is_empty() || told == wanted;
    // A user of OpenStack may have roles in projects of other domains.
    let is_account = match (provider, domain) {
        (Provider::OpenStack(_), _) => true,
        (Provider::Huawei(_), Domain::Id(id)) => is_told(caller.account.as_str(), id),
        (Provider::Huawei(_), Domain::Name(name)) => is_told(&caller.account_name, name),
    };
    is_account && is_told(&caller.project_name, name)
}

/// `None` where the credential itself is for one project.
fn configured_project(provider: &Provider) -> Option<&Named> {
    match provider {
        Provider::OpenStack(Auth::Password { project, .. } | Auth::Token { project, .. }) => Some(project),
        Provider::OpenStack(Auth::ApplicationCredential { .. }) => None,
        Provider::Huawei(huawei) => match &huawei.login {
            HuaweiLogin::Password { project, .. }
            | HuaweiLogin::AccessKey { project, .. }
            | HuaweiLogin::Token { project, .. } => Some(project),
        },
    }
}

/// What a cloud may refuse with one and the same answer.
fn login_keys(provider: &Provider) -> &'static str {
    match provider {
        // Keystone does not tell a wrong project from a wrong password.
        Provider::OpenStack(Auth::Password { .. }) => {
            "`user`, its `user_domain`, `password_file` and what it holds, or `project` and `project_domain`"
        }
        Provider::OpenStack(Auth::ApplicationCredential { .. }) => "`id`, or `secret_file` and what it holds",
        Provider::OpenStack(Auth::Token { .. }) => "`token_file` and what it holds, or `project`",
        Provider::Huawei(huawei) => match &huawei.login {
            HuaweiLogin::Password { .. } => "`user`, `domain`, or `password_file` and what it holds",
            HuaweiLogin::AccessKey { .. } => "`access_key`, or `secret_key_file` and what it holds",
            HuaweiLogin::Token { .. } => "`token_file` and what it holds",
        },
    }
}

fn project_keys(provider: &Provider) -> &'static str {
    match provider {
        Provider::OpenStack(_) => "`project`, `project_domain`, or the roles of the user there",
        Provider::Huawei(_) => "`project`, `domain`, or the rights of the user there",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::types::Cloud, model::Endpoints};

    fn caller() -> Caller {
        Caller {
            user: "u".into(),
            user_name: "revokd".to_owned(),
            project: "p".into(),
            project_name: "images".to_owned(),
            account: "a".into(),
            account_name: "Default".to_owned(),
            endpoints: Endpoints::default(),
        }
    }

    fn token(project: Named) -> Provider {
        let token = "secret".to_owned().into();
        Provider::OpenStack(Auth::Token { token, project })
    }

    #[test]
    fn the_project_of_the_login_is_held_against_the_configured_one() {
        let meant = |project: Named| is_meant(&token(project.clone()), &project, &caller());
        let named = |name: &str| Named::Name {
            name: name.to_owned(),
            domain: Domain::Name("elsewhere".to_owned()),
        };
        assert!(meant(Named::Id("p".to_owned())));
        assert!(!meant(Named::Id("q".to_owned())));
        assert!(meant(named("images")), "its domain may differ from the user's");
        assert!(!meant(named("other")));
    }

    #[test]
    fn what_has_no_name_is_called_by_its_id() {
        assert_eq!(with_id("images", "p"), "images (p)");
        assert_eq!(with_id("", "p"), "p");
        assert_eq!(with_id("", ""), "(not told)");
    }

    fn mend(is_written: bool, class: FailureClass, detail: &str) -> String {
        let section = Section {
            name: &"prod".into(),
            cloud: &cloud(),
            is_written,
        };
        let finding = login_failed(&section, &Failure::new(class, detail));
        finding.mend.expect("a problem is mended")
    }

    fn cloud() -> Cloud {
        let named = |name: &str| Named::Name {
            name: name.to_owned(),
            domain: Domain::Name("Default".to_owned()),
        };
        Cloud {
            provider: Provider::OpenStack(Auth::Password {
                user: named("revokd"),
                password: "secret".to_owned().into(),
                project: named("images"),
            }),
            auth_url: "https://keystone.example/v3".parse().unwrap(),
            region: None,
            interface: "public".to_owned(),
            endpoints: Default::default(),
            allow_http: false,
            ca_file: None,
            limits: Default::default(),
        }
    }

    #[test]
    fn a_refused_login_may_be_the_project_as_well_as_the_password() {
        let told = mend(
            true,
            FailureClass::Unauthenticated,
            "logging in: the cloud answered 401 Unauthorized",
        );
        for word in [
            "`user_domain`",
            "`password_file`",
            "`project_domain`",
            "lock the account",
            "--cloud prod",
        ] {
            assert!(told.contains(word), "{word}: {told}");
        }
    }

    #[test]
    fn a_region_that_is_not_there_has_nothing_to_do_with_the_password() {
        for detail in [
            "logging in: the image service is not in region \"x\", only in \"a\"",
            "logging in: the image service is in several regions, set one of \"a\", \"b\"",
        ] {
            let told = mend(true, FailureClass::Refused, detail);
            assert!(told.contains("`region`") && !told.contains("password"), "{told}");
        }
    }

    #[test]
    fn what_stands_in_no_configuration_cannot_be_looked_at_again() {
        let told = mend(
            false,
            FailureClass::Unauthenticated,
            "logging in: the cloud answered 401 Unauthorized",
        );
        assert!(
            !told.contains("revokd doctor") && !told.contains("[clouds."),
            "{told}"
        );
    }
}
