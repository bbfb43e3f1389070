//! One login: a request to Keystone, and the token with what came along.

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::{Method, header::HeaderMap};
use url::Url;

use super::{
    credentials::{auth_request, secret},
    wire::{CatalogService, TokenBody, TokenResponse},
};
use crate::{
    config::types::{Auth, Cloud},
    model::{Caller, Endpoints, Failure, FailureClass},
    providers::{
        address::{below, versioned},
        calls::Operation,
        catalogue::endpoint,
        http::{Http, Request, is_allowed, origin},
        session::Login,
        token::{LoginFailure, Token, granted, stale_at},
    },
};

/// How to log in at one Keystone.
pub struct Keystone {
    pub http: Arc<Http>,
    pub config: Cloud,
    pub auth: Auth,
}

/// What a token gives access to.
pub struct Access {
    pub caller: Caller,
    pub identity_root: Url,
    pub image_root: Url,
}

impl Login for Keystone {
    type Access = Access;

    async fn log_in(&self, now: Timestamp) -> Result<Token<Access>, LoginFailure> {
        let Keystone { http, config, auth } = self;
        let json = serde_json::to_vec(&auth_request(auth)).expect("an auth request is plain data");
        let identity_root = versioned(&config.auth_url, "v3");
        let request = Request {
            operation: Operation::Login,
            method: Method::POST,
            url: below(&identity_root, "auth/tokens"),
            token: None,
            headers: HeaderMap::new(),
            json: Some(json),
            secrets: &[secret(auth)],
        };
        let answer = http.send(request).await.map_err(LoginFailure::Passing)?;
        let secret = granted(&answer, now)?;
        let body: TokenResponse = answer.json(answer.status).map_err(LoginFailure::Passing)?;

        let image_root = match &config.endpoints.image {
            Some(url) => Ok(versioned(url, "v2")),
            None => image_root(&body.token.catalog, config),
        };
        let image_root = image_root.and_then(|url| allowed(url, config.allow_http));
        let image_root = image_root.map_err(misconfigured)?;
        let stale_at = match self.can_renew() {
            true => stale_at(body.token.expires_at, now),
            false => None,
        };
        let access = Access {
            caller: caller(body.token, &image_root).map_err(misconfigured)?,
            identity_root,
            image_root,
        };
        Ok(Token::new(secret, access, stale_at))
    }

    fn can_renew(&self) -> bool {
        !matches!(self.auth, Auth::Token { .. })
    }
}

/// The root of the Image API v2 out of the catalogue.
fn image_root(catalog: &[CatalogService], config: &Cloud) -> Result<Url, String> {
    let found = endpoint(catalog, &["image"], config.region.as_deref(), &config.interface)?;
    let found = found.ok_or("the catalogue has no image service; set its endpoint in the configuration")?;
    Ok(versioned(&found, "v2"))
}

fn misconfigured(why: String) -> LoginFailure {
    LoginFailure::Refused(Failure::new(FailureClass::Refused, format!("logging in: {why}")))
}

fn allowed(url: Url, allow_http: bool) -> Result<Url, String> {
    if is_allowed(&url, allow_http) {
        return Ok(url);
    }
    let origin = origin(&url);
    Err(format!(
        "the catalogue's image endpoint {origin} would carry the token unencrypted; \
         set an https endpoint for it, or `allow_http = true`"
    ))
}

fn caller(token: TokenBody, image_root: &Url) -> Result<Caller, String> {
    let project = token
        .project
        .ok_or("the token is not scoped to a project; set the project to work in")?;
    let (account, account_name) = match token.user.domain {
        Some(domain) => (domain.id.unwrap_or_default(), domain.name.unwrap_or_default()),
        None => Default::default(),
    };
    Ok(Caller {
        user: token.user.id.into(),
        user_name: token.user.name,
        project: project.id.into(),
        project_name: project.name,
        account: account.into(),
        account_name,
        endpoints: Endpoints {
            images: Some(image_root.to_string()),
            registry: None,
        },
    })
}
