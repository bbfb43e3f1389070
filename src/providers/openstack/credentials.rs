//! A configured login as the body of `POST /v3/auth/tokens`.

use secrecy::ExposeSecret;

use super::wire::{
    ApplicationCredentialIdentity, AuthBody, AuthRequest, DomainReference, Identity, PasswordIdentity,
    PasswordUser, Reference, Scope, TokenIdentity,
};
use crate::config::types::{Auth, CredentialName, Domain, Named};

/// The request, asking for a token of the configured project.
pub fn auth_request(auth: &Auth) -> AuthRequest {
    let mut identity = Identity {
        methods: Vec::new(),
        password: None,
        token: None,
        application_credential: None,
    };
    let scope = match auth {
        Auth::Password {
            user,
            password,
            project,
        } => {
            identity.methods.push("password".to_owned());
            let user = PasswordUser {
                user: user.into(),
                password: password.expose_secret().to_owned(),
            };
            identity.password = Some(PasswordIdentity { user });
            Some(project)
        }
        // The credential carries its project; with any scope it is refused.
        Auth::ApplicationCredential { credential, secret } => {
            identity.methods.push("application_credential".to_owned());
            let (id, name, user) = match credential {
                CredentialName::Id(id) => (Some(id.clone()), None, None),
                CredentialName::Name { name, user } => (None, Some(name.clone()), Some(user.into())),
            };
            let secret = secret.expose_secret().to_owned();
            identity.application_credential = Some(ApplicationCredentialIdentity {
                id,
                name,
                secret,
                user,
            });
            None
        }
        Auth::Token { token, project } => {
            identity.methods.push("token".to_owned());
            let id = token.expose_secret().to_owned();
            identity.token = Some(TokenIdentity { id });
            Some(project)
        }
    };
    let scope = scope.map(|project| Scope {
        project: project.into(),
    });
    AuthRequest {
        auth: AuthBody { identity, scope },
    }
}

/// The secret of a login, which no message may show.
pub fn secret(auth: &Auth) -> &str {
    let (Auth::Password { password: secret, .. }
    | Auth::ApplicationCredential { secret, .. }
    | Auth::Token { token: secret, .. }) = auth;
    secret.expose_secret()
}

impl From<&Named> for Reference {
    fn from(named: &Named) -> Reference {
        match named {
            Named::Id(id) => Reference {
                id: Some(id.clone()),
                ..Reference::default()
            },
            Named::Name { name, domain } => {
                let (id, domain_name) = match domain {
                    Domain::Id(id) => (Some(id.clone()), None),
                    Domain::Name(name) => (None, Some(name.clone())),
                };
                Reference {
                    id: None,
                    name: Some(name.clone()),
                    domain: Some(DomainReference {
                        id,
                        name: domain_name,
                    }),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body(auth: &Auth) -> Value {
        serde_json::to_value(auth_request(auth)).unwrap()
    }

    fn named(name: &str, domain: &str) -> Named {
        Named::Name {
            name: name.to_owned(),
            domain: Domain::Name(domain.to_owned()),
        }
    }

    #[test]
    fn a_password_login_names_user_and_project() {
        let auth = Auth::Password {
            user: named("revoker", "account"),
            password: "pw".into(),
            project: Named::Id("p1".to_owned()),
        };
        let user = json!({"name": "revoker", "domain": {"name": "account"}, "password": "pw"});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        assert_eq!(
            body(&auth),
            json!({"auth": {"identity": identity, "scope": {"project": {"id": "p1"}}}})
        );
    }

    #[test]
    fn an_application_credential_sends_no_scope() {
        let by_id = Auth::ApplicationCredential {
            credential: CredentialName::Id("c1".to_owned()),
            secret: "pw".into(),
        };
        let identity = json!({
            "methods": ["application_credential"],
            "application_credential": {"id": "c1", "secret": "pw"},
        });
        assert_eq!(body(&by_id), json!({"auth": {"identity": identity}}));

        let by_name = Auth::ApplicationCredential {
            credential: CredentialName::Name {
                name: "revokd".to_owned(),
                user: named("revoker", "account"),
            },
            secret: "pw".into(),
        };
        let sent = &body(&by_name)["auth"]["identity"]["application_credential"];
        let user = json!({"name": "revoker", "domain": {"name": "account"}});
        assert_eq!(*sent, json!({"name": "revokd", "secret": "pw", "user": user}));
    }

    #[test]
    fn a_token_is_rescoped() {
        let auth = Auth::Token {
            token: "t1".into(),
            project: named("sandbox", "account"),
        };
        let identity = json!({"methods": ["token"], "token": {"id": "t1"}});
        let project = json!({"name": "sandbox", "domain": {"name": "account"}});
        assert_eq!(
            body(&auth),
            json!({"auth": {"identity": identity, "scope": {"project": project}}})
        );
    }
}
