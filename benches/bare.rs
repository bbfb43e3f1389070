//! The rival of the dispatcher: a client that sends requests and reads the
//! answers, and does nothing else. No limits, no looks, no queue, no records.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use reqwest::{Client, Method, Url, header::HeaderValue};
use serde_json::json;
use tokio::task::JoinSet;

use super::cloud;

#[derive(Clone)]
pub struct Bare {
    client: Client,
    root: Url,
    token: HeaderValue,
}

impl Bare {
    pub async fn login(auth_url: &str) -> anyhow::Result<Bare> {
        // The daemon's own settings, so that both have the same client.
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .timeout(Duration::from_secs(60))
            .build()?;
        let domain = json!({ "name": "Default" });
        let user = json!({ "name": cloud::USER, "domain": domain, "password": cloud::PASSWORD });
        let body = json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": user } },
            "scope": { "project": { "name": cloud::PROJECT, "domain": domain } },
        }});
        let answer = client
            .post(format!("{auth_url}/auth/tokens"))
            .json(&body)
            .send()
            .await?
            .error_for_status()?;
        let token = answer.headers().get("x-subject-token").context("a token")?;
        Ok(Bare {
            root: Url::parse(auth_url)?,
            token: token.clone(),
            client,
        })
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.send(Method::GET, path).await
    }

    /// Sends the requests in this order, `concurrency` at a time.
    pub async fn replay(
        &self,
        requests: Arc<Vec<(Method, String)>>,
        concurrency: usize,
    ) -> anyhow::Result<()> {
        let next = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for _ in 0..concurrency {
            let (bare, requests, next) = (self.clone(), requests.clone(), next.clone());
            workers.spawn(async move {
                while let Some((method, path)) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    bare.send(method.clone(), path).await?;
                }
                Ok::<(), anyhow::Error>(())
            });
        }
        while let Some(ended) = workers.join_next().await {
            ended??;
        }
        Ok(())
    }

    async fn send(&self, method: Method, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = self.client.request(method, self.root.join(path)?);
        let answer = request
            .header("accept", "application/json")
            .header("x-auth-token", self.token.clone())
            .send()
            .await?;
        if !answer.status().is_success() {
            bail!("{path}: {}", answer.status());
        }
        Ok(answer.bytes().await?.to_vec())
    }
}
