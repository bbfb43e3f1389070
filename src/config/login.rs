//! Who logs in where. Clouds and directories lock an account after a few wrong
//! tries, so several sections that log in as the same one have to be known for
//! it.
//!
//! Nothing here has a `Debug`: what is made of a secret is told as little as
//! the secret itself.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

use super::{
    people::{HttpLogin, List},
    types::{Auth, Cloud, CredentialName, Huawei, HuaweiLogin, Named, Provider},
};

/// An account, whatever its password is.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The server; `None` where the name alone says which account it is.
    server: Option<String>,
    who: Who,
}

/// An account with the secret that is shown for it: two that are equal are
/// taken or refused together.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    pub login: Login,
    secret: Hashed,
}

#[derive(Clone, PartialEq, Eq)]
enum Who {
    User(Named),
    Application(CredentialName),
    AccessKey(String),
    /// In whatever words a server of lists knows its readers by.
    Reader(String),
    /// What is shown is all that is known of it.
    Token(Hashed),
}

/// Secrets as they are compared: how long that takes tells nothing of them.
#[derive(Clone, PartialEq, Eq)]
struct Hashed([u8; 32]);

impl Hashed {
    fn of<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Hashed {
        let mut all = Sha256::new();
        for secret in secrets {
            // Two that are cut otherwise are others.
            all.update(secret.expose_secret().len().to_be_bytes());
            all.update(secret.expose_secret());
        }
        Hashed(all.finalize().into())
    }
}

impl Login {
    pub fn of_cloud(cloud: &Cloud) -> Login {
        Credential::of_cloud(cloud).login
    }

    /// `None` where nobody logs in with a secret of the list's own.
    pub fn of_list(list: &List) -> Option<Login> {
        let (url, login) = match list {
            List::Http(http) => (&http.url, &http.access.login),
            List::Scim(scim) => (&scim.url, &scim.access.login),
            List::Ldap(ldap) => {
                let bind = ldap.bind.as_ref()?;
                // Names of entries are compared without regard to case.
                return Some(Login::at(&ldap.url, Who::Reader(bind.dn.to_lowercase())));
            }
            List::Csv(_) | List::Json(_) | List::Keystone(_) => return None,
        };
        match login {
            HttpLogin::None => None,
            HttpLogin::Bearer(token) => Some(Login::at(url, Who::Token(Hashed::of([token])))),
            HttpLogin::Basic { user, .. } => Some(Login::at(url, Who::Reader(user.clone()))),
        }
    }

    /// Two paths of one server are taken for one: at worst that leaves a try
    /// out, where the other way would try a refused login again.
    fn at(url: &Url, who: Who) -> Login {
        Login::at_host(url, url.host_str().unwrap_or_default(), who)
    }

    /// The identity service of all regions is one, by whichever region's name
    /// it is called: `iam.eu-de.otc.t-systems.com`.
    fn at_any_region(url: &Url, who: Who) -> Login {
        let host = url.host_str().unwrap_or_default();
        let after_region = host
            .strip_prefix("iam.")
            .and_then(|rest| rest.split_once('.'))
            .filter(|(region, domain)| region.contains('-') && domain.contains('.'));
        match after_region {
            Some((_, domain)) => Login::at_host(url, &format!("iam.{domain}"), who),
            None => Login::at_host(url, host, who),
        }
    }

    fn at_host(url: &Url, host: &str, who: Who) -> Login {
        let port = url
            .port_or_known_default()
            .map_or_else(String::new, |port| port.to_string());
        Login {
            server: Some(format!("{}://{host}:{port}", url.scheme())),
            who,
        }
    }

    fn with(self, secret: &SecretString) -> Credential {
        Credential {
            login: self,
            secret: Hashed::of([secret]),
        }
    }
}

impl Credential {
    pub fn of_cloud(cloud: &Cloud) -> Credential {
        match &cloud.provider {
            Provider::OpenStack(auth) => Credential::of_openstack(&cloud.auth_url, auth),
            Provider::Huawei(huawei) => Credential::of_huawei(&cloud.auth_url, huawei),
        }
    }

    fn of_openstack(url: &Url, auth: &Auth) -> Credential {
        match auth {
            Auth::Password { user, password, .. } => Login::at(url, Who::User(user.clone())).with(password),
            Auth::ApplicationCredential { credential, secret } => {
                Login::at(url, Who::Application(credential.clone())).with(secret)
            }
            Auth::Token { token, .. } => Login::at(url, Who::Token(Hashed::of([token]))).with(token),
        }
    }

    fn of_huawei(url: &Url, huawei: &Huawei) -> Credential {
        match &huawei.login {
            HuaweiLogin::Password { user, password, .. } => {
                Login::at_any_region(url, Who::User(user.clone())).with(password)
            }
            // One key is good in all regions, which have addresses of their own.
            HuaweiLogin::AccessKey {
                access_key,
                secret_key,
                security_token,
                ..
            } => Credential {
                login: Login {
                    server: None,
                    who: Who::AccessKey(access_key.clone()),
                },
                secret: Hashed::of(std::iter::once(secret_key).chain(security_token)),
            },
            HuaweiLogin::Token { token, .. } => {
                Login::at_any_region(url, Who::Token(Hashed::of([token]))).with(token)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::types::Domain;

    fn named(name: &str, domain: &str) -> Named {
        Named::Name {
            name: name.to_owned(),
            domain: Domain::Name(domain.to_owned()),
        }
    }

    fn openstack(url: &str, user: Named, password: &str, project: &str) -> Credential {
        let auth = Auth::Password {
            user,
            password: password.into(),
            project: Named::Id(project.to_owned()),
        };
        Credential::of_openstack(&url.parse().unwrap(), &auth)
    }

    fn huawei(url: &str, login: HuaweiLogin) -> Credential {
        let huawei = Huawei {
            flavour: crate::config::types::Flavour::HuaweiCloud,
            login,
            enterprise_project: None,
            registry_content_type: "application/json".to_owned(),
        };
        Credential::of_huawei(&url.parse().unwrap(), &huawei)
    }

    #[test]
    fn a_login_is_known_by_its_server_and_its_account_whatever_it_is_for() {
        let here = || openstack("https://a/v3", named("revokd", "Default"), "pw", "p1");
        let same = openstack("https://A:443/identity", named("revokd", "Default"), "pw", "p2");
        assert!(here() == same);
        for (url, user, domain) in [
            ("https://b/v3", "revokd", "Default"),
            ("https://a:5000/v3", "revokd", "Default"),
            ("https://a/v3", "other", "Default"),
            ("https://a/v3", "revokd", "Other"),
        ] {
            let other = openstack(url, named(user, domain), "pw", "p1");
            assert!(other.login != here().login, "{url} {user} {domain}");
            assert!(other != here(), "{url} {user} {domain}");
        }
    }

    #[test]
    fn another_secret_is_another_credential_of_the_same_account() {
        let with = |secret| openstack("https://a/v3", named("revokd", "Default"), secret, "p1");
        assert!(with("one").login == with("two").login);
        assert!(with("one") != with("two"));
    }

    #[test]
    fn a_token_is_known_by_itself() {
        let login = |token: &str| {
            let auth = Auth::Token {
                token: token.into(),
                project: Named::Id("p".to_owned()),
            };
            Credential::of_openstack(&"https://a".parse().unwrap(), &auth).login
        };
        assert!(login("one") == login("one"));
        assert!(login("one") != login("two"));
    }

    #[test]
    fn the_identity_service_of_several_regions_is_one() {
        let user = |url| {
            huawei(
                url,
                HuaweiLogin::Password {
                    user: named("revokd", "acct"),
                    password: "pw".into(),
                    project: Named::Id("p".to_owned()),
                },
            )
        };
        assert!(user("https://iam.eu-de.otc.example.com/v3") == user("https://iam.eu-nl.otc.example.com/v3"));
        assert!(user("https://iam.cn-north-4.cloud.example/v3") == user("https://iam.cloud.example/v3"));
        assert!(user("https://iam.cloud.example/v3") != user("https://iam.other.example/v3"));
        assert!(user("https://iam.a-b.example/v3") != user("https://iam.c-d.example/v3"));
    }

    #[test]
    fn an_access_key_is_one_credential_in_all_regions() {
        let key = |url, secret: &str, token: Option<&str>| {
            huawei(
                url,
                HuaweiLogin::AccessKey {
                    access_key: "AK".to_owned(),
                    secret_key: secret.into(),
                    security_token: token.map(Into::into),
                    project: Named::Id("p".to_owned()),
                },
            )
        };
        let here = || key("https://a/v3", "sk", None);
        assert!(here() == key("https://b/v3", "sk", None));
        assert!(here() != key("https://a/v3", "other", None));
        assert!(here() != key("https://a/v3", "sk", Some("temporary")));
        assert!(key("https://a/v3", "ab", Some("c")) != key("https://a/v3", "a", Some("bc")));
    }
}
