//! One call to a service of the cloud, with the shared token and one renewal
//! after a 401.

use std::sync::Arc;

use reqwest::{Method, StatusCode, header::HeaderMap};
use url::Url;

use super::keystone::{Access, Keystone};
use crate::{
    model::{Caller, Failure},
    providers::{
        address::below,
        calls::Operation,
        http::{Answer, Http, Request},
        session::Session,
        token::Token,
    },
};

/// Which service is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Keystone, `/v3`.
    Identity,
    /// Glance, `/v2`.
    Images,
}

/// The session with one cloud that all its calls share.
pub struct Api {
    http: Arc<Http>,
    session: Session<Keystone>,
}

impl Api {
    pub fn new(http: Arc<Http>, session: Session<Keystone>) -> Api {
        Api { http, session }
    }

    pub async fn caller(&self) -> Result<Caller, Failure> {
        Ok(self.session.token().await?.access.caller.clone())
    }

    /// One request. Repeated only after a 401, which has no effect, and only
    /// with another token; a second 401 is final.
    pub async fn call(
        &self,
        operation: Operation,
        service: Service,
        method: Method,
        path: &str,
        query: Option<&str>,
    ) -> Result<(Answer, Url), Failure> {
        let ask = Ask {
            operation,
            service,
            method,
            path,
            query,
        };
        let token = self.session.token().await?;
        let (answer, url) = self.send(&ask, &token).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok((answer, url));
        }
        let token = self.session.renew(&token, answer.failure()).await?;
        let (answer, url) = self.send(&ask, &token).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok((answer, url));
        }
        let failure = answer.failure();
        self.session.distrust(&token, &failure).await;
        Err(failure)
    }

    async fn send(&self, ask: &Ask<'_>, token: &Token<Access>) -> Result<(Answer, Url), Failure> {
        let root = match ask.service {
            Service::Identity => &token.access.identity_root,
            Service::Images => &token.access.image_root,
        };
        let mut url = below(root, ask.path);
        url.set_query(ask.query);
        let request = Request {
            operation: ask.operation,
            method: ask.method.clone(),
            url: url.clone(),
            token: Some(token.expose()),
            headers: HeaderMap::new(),
            json: None,
            secrets: &[],
        };
        let answer = self.http.send(request).await?;
        if answer.status != StatusCode::UNAUTHORIZED && !answer.status.is_server_error() {
            token.has_worked();
        }
        Ok((answer, url))
    }
}

struct Ask<'a> {
    operation: Operation,
    service: Service,
    method: Method,
    path: &'a str,
    query: Option<&'a str>,
}
