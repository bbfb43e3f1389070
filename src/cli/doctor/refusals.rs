//! Logins that were refused in this pass. Several sections may log in as the
//! same account, and clouds and directories lock one after a few wrong tries:
//! so what was refused once is tried nowhere else.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::finding::Finding;
use crate::config::{
    people::{HttpLogin, List},
    types::{self, Auth, CredentialName, HuaweiLogin, Provider},
};

/// An account, whatever its password is.
pub struct Login {
    /// The server; `None` where the name alone says which account it is.
    server: Option<String>,
    who: Who,
}

enum Who {
    Named(String),
    /// What is shown is all that is known of it.
    Token(SecretString),
}

impl PartialEq for Who {
    fn eq(&self, other: &Who) -> bool {
        match (self, other) {
            (Who::Named(one), Who::Named(other)) => one == other,
            (Who::Token(one), Who::Token(other)) => one.expose_secret() == other.expose_secret(),
            _ => false,
        }
    }
}

impl Login {
    pub fn of_cloud(cloud: &types::Cloud) -> Login {
        let here = |who| Login::at(&cloud.auth_url, who);
        match &cloud.provider {
            Provider::OpenStack(auth) => match auth {
                Auth::Password { user, .. } => here(Who::Named(format!("user {user:?}"))),
                Auth::ApplicationCredential { credential, .. } => here(Who::Named(match credential {
                    CredentialName::Id(id) => format!("credential {id}"),
                    CredentialName::Name { name, user } => format!("credential {name} of {user:?}"),
                })),
                Auth::Token { token, .. } => here(Who::Token(token.clone())),
            },
            Provider::Huawei(huawei) => match &huawei.login {
                HuaweiLogin::Password { user, .. } => here(Who::Named(format!("user {user:?}"))),
                // One key is good in all regions, which have addresses of their own.
                HuaweiLogin::AccessKey { access_key, .. } => Login {
                    server: None,
                    who: Who::Named(format!("access key {access_key}")),
                },
                HuaweiLogin::Token { token, .. } => here(Who::Token(token.clone())),
            },
        }
    }

    /// `None` where nobody logs in.
    pub fn of_list(list: &List) -> Option<Login> {
        let (url, login) = match list {
            List::Http(http) => (&http.url, &http.access.login),
            List::Scim(scim) => (&scim.url, &scim.access.login),
            List::Ldap(ldap) => {
                let bind = ldap.bind.as_ref()?;
                // Names of entries are compared without regard to case.
                return Some(Login::at(&ldap.url, Who::Named(bind.dn.to_lowercase())));
            }
            List::Csv(_) | List::Json(_) | List::Keystone(_) => return None,
        };
        match login {
            HttpLogin::None => None,
            HttpLogin::Bearer(token) => Some(Login::at(url, Who::Token(token.clone()))),
            HttpLogin::Basic { user, .. } => Some(Login::at(url, Who::Named(user.clone()))),
        }
    }

    /// Two paths of one server are taken for one: that leaves a check out,
    /// where the other way would try a refused login again.
    fn at(url: &Url, who: Who) -> Login {
        let host = url.host_str().unwrap_or_default();
        let port = url
            .port_or_known_default()
            .map_or_else(String::new, |port| port.to_string());
        Login {
            server: Some(format!("{}://{host}:{port}", url.scheme())),
            who,
        }
    }

    fn is_of(&self, other: &Login) -> bool {
        self.server == other.server && self.who == other.who
    }
}

/// Those that were refused, each with who tried it.
#[derive(Default)]
pub struct Refusals(Vec<(Login, String)>);

impl Refusals {
    /// `by` is whose login it was: `cloud prod`.
    pub fn note(&mut self, login: Login, by: String) {
        self.0.push((login, by));
    }

    /// What is told in place of a try that must not be made.
    pub fn instead_of(&self, login: &Login, check: &str, again: &str) -> Option<Finding> {
        let (_, by) = self.0.iter().find(|(refused, _)| refused.is_of(login))?;
        let why = format!("the same login as {by}, which was refused, and not tried again");
        Some(Finding::not_checked(
            check,
            why,
            format!("mend the login of {by} first, then: {again}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::types::{Domain, Named};

    fn password(url: &str, name: &str, domain: &str) -> Login {
        let named = |name: &str| Named::Name {
            name: name.to_owned(),
            domain: Domain::Name(domain.to_owned()),
        };
        let user = named(name);
        Login::at(&url.parse().unwrap(), Who::Named(format!("user {user:?}")))
    }

    #[test]
    fn a_login_is_known_by_its_server_and_its_account() {
        let mut refusals = Refusals::default();
        refusals.note(
            password("https://a/v3", "revokd", "Default"),
            "cloud prod".to_owned(),
        );
        let told = |login| refusals.instead_of(&login, "login", "revokd doctor");
        let same = told(password("https://a:443/identity", "revokd", "Default")).expect("refused before");
        assert!(same.seen.contains("cloud prod"), "{}", same.seen);
        assert_eq!(told(password("https://b/v3", "revokd", "Default")), None);
        assert_eq!(told(password("https://a/v3", "other", "Default")), None);
        assert_eq!(told(password("https://a/v3", "revokd", "Other")), None);
    }

    #[test]
    fn a_token_is_known_by_itself() {
        let login =
            |token: &str| Login::at(&"https://a".parse().unwrap(), Who::Token(token.to_owned().into()));
        assert!(login("one").is_of(&login("one")));
        assert!(!login("one").is_of(&login("two")));
    }
}
