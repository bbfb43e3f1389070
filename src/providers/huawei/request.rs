//! One request on the wire, and the meaning of its answer.

use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::Url;

use super::{
    api::{Ask, Refusal, Service},
    login::IAM_CONTENT_TYPE,
    problem::{Problem, problem},
};
use crate::{
    model::{Failure, FailureClass},
    providers::{
        address::{below, query},
        http::{Answer, Http, Request},
    },
};

/// As the documents of IMS write it.
const IMS_CONTENT_TYPE: &str = "application/json;charset=UTF-8";

/// Sends single requests.
pub struct Wire {
    pub http: Arc<Http>,
    pub registry_content_type: HeaderValue,
}

/// An [`Ask`] as it goes out, but for what proves who asks.
pub struct Prepared {
    pub url: Url,
    pub headers: HeaderMap,
}

impl Wire {
    /// # Errors
    /// Where it is not known where the service is.
    pub fn prepare(&self, ask: &Ask<'_>, root: Result<&Url, &str>) -> Result<Prepared, Failure> {
        let root = root.map_err(|why| {
            let step = ask.operation.step();
            Failure::new(FailureClass::Refused, format!("{step}: {why}"))
        })?;
        let mut url = below(root, ask.path.trim_start_matches('/'));
        url.set_query(query(&ask.query).as_deref());
        let content_type = match ask.service {
            Service::Identity => HeaderValue::from_static(IAM_CONTENT_TYPE),
            Service::Images => HeaderValue::from_static(IMS_CONTENT_TYPE),
            Service::Registry => self.registry_content_type.clone(),
        };
        // The registry wants it on calls without a body as well.
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type)]);
        Ok(Prepared { url, headers })
    }

    /// Sends it, once.
    pub async fn send(
        &self,
        ask: &Ask<'_>,
        prepared: Prepared,
        token: Option<&str>,
        secrets: &[&str],
    ) -> Result<Result<Answer, (Answer, Problem)>, Failure> {
        let request = Request {
            operation: ask.operation,
            method: ask.method.clone(),
            url: prepared.url,
            token,
            headers: prepared.headers,
            json: ask.json.clone(),
            secrets,
        };
        let answer = self.http.send(request).await?;
        if answer.status.is_success() {
            return Ok(Ok(answer));
        }
        let problem = problem(ask.service, &answer);
        // Throttling has many words here, of which the connection knows one.
        if let Problem::Other(Refusal::Failed(failure)) = &problem
            && failure.class == FailureClass::Throttled
            && let Some(wait) = failure.retry_after
        {
            self.http.freeze(wait);
        }
        Ok(Err((answer, problem)))
    }
}
