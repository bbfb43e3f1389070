//! Logging in at IAM: one token for the project, which IMS and SWR take, and
//! one for the account, which IAM itself takes.

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    endpoints::Roots,
    wire::iam::{AuthBody, AuthRequest, Identity, Scope, TokenBody, TokenResponse},
};
use crate::{
    config::types::{Cloud, Flavour, Named},
    model::{Caller, Failure, FailureClass, Id},
    providers::{
        address::{below, versioned},
        calls::Operation,
        http::{Http, Request},
        openstack::wire::{DomainReference, NamedReference, PasswordIdentity, PasswordUser, TokenIdentity},
        session::Login,
        token::{LoginFailure, Token, granted, stale_at},
    },
};

/// As the documents of IAM write it.
pub const IAM_CONTENT_TYPE: &str = "application/json;charset=utf8";

/// With what to log in. No `Debug`: it holds secrets.
pub enum LoginMethod {
    Password {
        user: Named,
        password: SecretString,
    },
    /// A token made elsewhere.
    Token(SecretString),
}

/// What all logins at one cloud have in common.
pub struct Logins {
    pub http: Arc<Http>,
    pub config: Cloud,
    pub flavour: Flavour,
    pub method: LoginMethod,
    pub project: Named,
}

/// For a token that IMS and SWR take.
pub struct ProjectLogin(pub Arc<Logins>);

/// For a token that IAM takes.
pub struct AccountLogin {
    pub logins: Arc<Logins>,
    pub account: Id,
    pub roots: Roots,
}

/// What a token for the project gives access to.
pub struct ProjectAccess {
    pub caller: Caller,
    pub roots: Roots,
}

impl AsRef<Roots> for ProjectAccess {
    fn as_ref(&self) -> &Roots {
        &self.roots
    }
}

impl Login for ProjectLogin {
    type Access = ProjectAccess;

    async fn log_in(&self, now: Timestamp) -> Result<Token<ProjectAccess>, LoginFailure> {
        let logins = &self.0;
        let scope = Scope {
            project: Some((&logins.project).into()),
            domain: None,
        };
        let (secret, body) = logins.log_in(scope, true, now).await?;
        let stale_at = logins.stale_at(&body, now);
        let project = body.project.as_ref().map(|project| project.name.as_str());
        let roots = Roots::find(&logins.config, logins.flavour, &body.catalog, project);
        let caller = caller(body, &roots).map_err(misconfigured)?;
        Ok(Token::new(secret, ProjectAccess { caller, roots }, stale_at))
    }

    fn can_renew(&self) -> bool {
        self.0.can_renew()
    }
}

impl Login for AccountLogin {
    type Access = Roots;

    async fn log_in(&self, now: Timestamp) -> Result<Token<Roots>, LoginFailure> {
        let scope = Scope {
            project: None,
            domain: Some(DomainReference {
                id: Some(self.account.to_string()),
                name: None,
            }),
        };
        let (secret, body) = self.logins.log_in(scope, false, now).await?;
        let stale_at = self.logins.stale_at(&body, now);
        if body.project.is_some() {
            return Err(misconfigured(
                "a token for the account was asked for, and one for a project came",
            ));
        }
        Ok(Token::new(secret, self.roots.clone(), stale_at))
    }

    fn can_renew(&self) -> bool {
        self.logins.can_renew()
    }
}

impl Logins {
    fn can_renew(&self) -> bool {
        matches!(self.method, LoginMethod::Password { .. })
    }

    async fn log_in(
        &self,
        scope: Scope,
        with_catalogue: bool,
        now: Timestamp,
    ) -> Result<(SecretString, TokenBody), LoginFailure> {
        let body = AuthRequest {
            auth: AuthBody {
                identity: self.identity(),
                scope: Some(scope),
            },
        };
        let mut url = below(&versioned(&self.config.auth_url, "v3"), "auth/tokens");
        // The catalogue of a large account makes an answer of many kilobytes.
        url.set_query((!with_catalogue).then_some("nocatalog=true"));
        let request = Request {
            operation: Operation::Login,
            method: Method::POST,
            url,
            token: None,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(IAM_CONTENT_TYPE))]),
            json: Some(serde_json::to_vec(&body).expect("an auth request is plain data")),
            secrets: &[self.secret()],
        };
        let answer = self.http.send(request).await.map_err(LoginFailure::Passing)?;
        let secret = granted(&answer, now)?;
        let body: TokenResponse = answer.json(answer.status).map_err(LoginFailure::Passing)?;
        Ok((secret, body.token))
    }

    fn identity(&self) -> Identity {
        match &self.method {
            LoginMethod::Password { user, password } => Identity {
                methods: vec!["password".to_owned()],
                password: Some(PasswordIdentity {
                    user: PasswordUser {
                        user: user.into(),
                        password: password.expose_secret().to_owned(),
                    },
                }),
                token: None,
            },
            LoginMethod::Token(token) => Identity {
                methods: vec!["token".to_owned()],
                password: None,
                token: Some(TokenIdentity {
                    id: token.expose_secret().to_owned(),
                }),
            },
        }
    }

    fn secret(&self) -> &str {
        let (LoginMethod::Password { password: secret, .. } | LoginMethod::Token(secret)) = &self.method;
        secret.expose_secret()
    }

    /// An end that cannot be read is left to the cloud's 401.
    fn stale_at(&self, token: &TokenBody, now: Timestamp) -> Option<Timestamp> {
        let expires_at = token.expires_at.parse().ok().filter(|_| self.can_renew())?;
        stale_at(expires_at, now)
    }
}

fn misconfigured(why: &str) -> LoginFailure {
    LoginFailure::Refused(Failure::new(FailureClass::Refused, format!("logging in: {why}")))
}

fn caller(token: TokenBody, roots: &Roots) -> Result<Caller, &'static str> {
    let project = token
        .project
        .ok_or("the token is not for a project; set the project to work in")?;
    let known = |of: Option<DomainReference>| {
        of.filter(|domain| domain.id.as_deref().is_some_and(|id| !id.is_empty()))
    };
    let (of_user, of_project) = (known(token.user.domain), known(project.domain));
    if let (Some(of_user), Some(of_project)) = (&of_user, &of_project)
        && of_user.id != of_project.id
    {
        // Whose users and repositories these are would not be one question.
        return Err("the user and the project belong to different accounts");
    }
    let account = of_user.or(of_project);
    let account = account.ok_or("the token does not tell which account the user belongs to")?;
    let NamedReference { id, name, .. } = token.user;
    Ok(Caller {
        user: id.into(),
        user_name: name,
        project: project.id.into(),
        project_name: project.name,
        account: account.id.unwrap_or_default().into(),
        account_name: account.name.unwrap_or_default(),
        endpoints: roots.endpoints(),
    })
}
