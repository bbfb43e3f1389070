//! The login, and whether it is for the project and account that are meant.

use super::{Finding, Section, mend_for};
use crate::{
    config::types::{Auth, Domain, HuaweiLogin, Named, Provider},
    model::{Caller, Failure, FailureClass},
};

pub fn login_failed(section: &Section<'_>, failure: &Failure) -> Finding {
    let name = section.name;
    let keys = secret_keys(&section.cloud.provider);
    let mend = match failure.class {
        FailureClass::Unauthenticated | FailureClass::Refused => format!(
            "correct {keys} in [clouds.{name}.auth] and what it names, then once: revokd doctor --cloud {name} \
             (a few wrong tries lock the account)"
        ),
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

/// The keys that the secret comes by.
fn secret_keys(provider: &Provider) -> &'static str {
    match provider {
        Provider::OpenStack(Auth::Password { .. }) => "`user` and `password_file`",
        Provider::OpenStack(Auth::ApplicationCredential { .. }) => "`id` and `secret_file`",
        Provider::OpenStack(Auth::Token { .. }) => "`token_file`",
        Provider::Huawei(huawei) => match &huawei.login {
            HuaweiLogin::Password { .. } => "`user` and `password_file`",
            HuaweiLogin::AccessKey { .. } => "`access_key` and `secret_key_file`",
            HuaweiLogin::Token { .. } => "`token_file`",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Endpoints;

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
}
