//! One answer of a web server, whole and surely a document: what lists over
//! HTTP rest on. A login page, a redirect to one, half a body or any status but
//! 200 is a failure, because each of them would read as "nobody is there".

use std::time::Duration;

use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, IF_NONE_MATCH},
};
use url::Url;

use self::{login::Login, words::Words};
use super::ReadFailure;
use crate::{
    config::people::Access,
    connection::{self, BodyError, ConnectError, Connection},
};

mod login;
#[cfg(test)]
pub mod scripted;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
mod words;

/// Of the time for a whole read, no more goes into waiting for a connection.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// One server, and how to log in there.
pub struct Web {
    client: Client,
    login: Login,
    timeout: Duration,
}

/// What is asked for.
pub struct Asked<'a> {
    pub url: Url,
    /// Media types that are understood.
    pub accept: &'static str,
    /// The tag of the answer that is known already.
    pub known: Option<&'a HeaderValue>,
    pub max_body_bytes: usize,
}

/// What came, always with a status that vouches for it.
pub enum Answer {
    Whole {
        headers: HeaderMap,
        body: Vec<u8>,
    },
    /// What is known already still holds.
    NotModified {
        headers: HeaderMap,
    },
}

impl Web {
    /// `timeout` is that of one answer.
    ///
    /// # Errors
    /// Whatever keeps a client from being made, and an address that would carry
    /// the login unencrypted.
    pub fn new(url: &Url, access: &Access, timeout: Duration) -> Result<Web, ConnectError> {
        if !connection::is_allowed(url, access.allow_http) {
            return Err(ConnectError::PlainHttp {
                url: Box::new(url.clone()),
            });
        }
        let client = connection::build_client(&Connection {
            url,
            ca_file: access.ca_file.as_deref(),
            connect_timeout: timeout.min(LONGEST_CONNECT),
            request_timeout: timeout,
            idle_connections: 1,
        })?;
        Ok(Web {
            login: Login::new(&client, url, &access.login),
            client,
            timeout,
        })
    }

    /// One request, tried once.
    pub async fn get(&self, asked: Asked<'_>) -> Result<Answer, ReadFailure> {
        let words = Words::new(&asked.url, self.login.secrets(), self.timeout);
        let login = self.login.header().map_err(|why| words.failure(why))?;
        let mut request = self.client.get(asked.url.clone()).header(ACCEPT, asked.accept);
        if let Some(login) = login {
            request = request.header(AUTHORIZATION, login);
        }
        if let Some(tag) = asked.known {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let response = request.send().await.map_err(|error| words.transport(error))?;
        match response.status() {
            StatusCode::OK => whole(response, asked.max_body_bytes, &words).await,
            StatusCode::NOT_MODIFIED if asked.known.is_some() => Ok(Answer::NotModified {
                headers: response.headers().clone(),
            }),
            status => {
                let headers = response.headers().clone();
                let body = connection::read_start(response).await;
                Err(words.refusal(status, &headers, &asked.url, &body))
            }
        }
    }

    /// A failure of reading `url` for a reason that only its reader sees;
    /// `why` may hold words of the server.
    pub fn failure(&self, url: &Url, why: &str) -> ReadFailure {
        Words::new(url, self.login.secrets(), self.timeout).failure(why)
    }

    /// A failure told in the server's own words, where `body` has any.
    pub fn failure_of(&self, url: &Url, why: &str, body: &[u8]) -> ReadFailure {
        Words::new(url, self.login.secrets(), self.timeout).failure_of(why, body)
    }
}

async fn whole(mut response: Response, max_bytes: usize, words: &Words<'_>) -> Result<Answer, ReadFailure> {
    let headers = std::mem::take(response.headers_mut());
    if is_web_page(&headers) {
        let body = connection::read_start(response).await;
        let why = "answered with a web page where a list was expected: is it a login page?";
        return Err(words.failure_of(why, &body));
    }
    match connection::read_whole(response, &headers, max_bytes).await {
        Ok(body) => Ok(Answer::Whole { headers, body }),
        Err(BodyError::TooLarge) => {
            Err(words.failure(&format!("an answer of more than {max_bytes} bytes is refused")))
        }
        Err(BodyError::Transport(error)) => Err(words.transport(error)),
    }
}

fn is_web_page(headers: &HeaderMap) -> bool {
    let told = headers.get(CONTENT_TYPE).and_then(|told| told.to_str().ok());
    let media_type = told.and_then(|told| told.split(';').next()).unwrap_or_default();
    ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|page| media_type.trim().eq_ignore_ascii_case(page))
}
