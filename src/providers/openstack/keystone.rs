//! One login: a request to Keystone, and the token with what came along.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    address::{below, versioned},
    catalogue::image_root,
    credentials::{auth_request, secret},
    wire::{TokenBody, TokenResponse},
};
use crate::{
    config::types::{Auth, Cloud},
    model::{Caller, Endpoints, Failure, FailureClass},
    providers::{
        calls::Operation,
        http::{Answer, Http, Request, is_allowed, origin},
    },
};

/// A token is left this long before it expires, so that none expires on its way.
const LONGEST_MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// More than clocks that are kept by NTP ever differ.
const LARGEST_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A token and what it gives access to. No `Debug`: it is a secret.
pub struct Token {
    secret: SecretString,
    pub caller: Caller,
    pub image_root: Url,
    /// From then on another one is fetched first; `None` for a token that
    /// nothing can replace, or whose end cannot be told by this clock.
    stale_at: Option<Timestamp>,
    worked: AtomicBool,
}

impl Token {
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.stale_at.is_some_and(|moment| now >= moment)
    }

    /// Notes that the image service has taken it.
    pub fn has_worked(&self) {
        self.worked.store(true, Ordering::Relaxed);
    }

    pub fn ever_worked(&self) -> bool {
        self.worked.load(Ordering::Relaxed)
    }
}

/// How a login went wrong.
pub enum LoginFailure {
    /// The cloud, or its catalogue, says no: asking again says it again, and
    /// may lock the account.
    Refused(Failure),
    /// Worth another try by whoever comes next.
    Passing(Failure),
}

/// Logs in, once.
pub async fn login(http: &Http, config: &Cloud, auth: &Auth, now: Timestamp) -> Result<Token, LoginFailure> {
    let json = serde_json::to_vec(&auth_request(auth)).expect("an auth request is plain data");
    let request = Request {
        operation: Operation::Login,
        method: Method::POST,
        url: below(&versioned(&config.auth_url, "v3"), "auth/tokens"),
        token: None,
        json: Some(json),
        secrets: &[secret(auth)],
    };
    let answer = http.send(request).await.map_err(LoginFailure::Passing)?;
    if !answer.status.is_success() {
        return Err(refusal(&answer));
    }
    refuse_skew(&answer, now).map_err(LoginFailure::Passing)?;
    let value = answer
        .headers
        .get("x-subject-token")
        .and_then(|value| value.to_str().ok());
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| answer.malformed("no token in the answer"));
    let secret = SecretString::from(value.map_err(LoginFailure::Passing)?);
    let body: TokenResponse = answer.json(answer.status).map_err(LoginFailure::Passing)?;

    let image_root = match &config.endpoints.image {
        Some(url) => Ok(versioned(url, "v2")),
        None => image_root(&body.token.catalog, config.region.as_deref(), &config.interface),
    };
    let image_root = image_root.and_then(|url| allowed(url, config.allow_http));
    let image_root = image_root.map_err(misconfigured)?;
    Ok(Token {
        secret,
        stale_at: stale_at(auth, body.token.expires_at, now),
        caller: caller(body.token, &image_root).map_err(misconfigured)?,
        image_root,
        worked: AtomicBool::new(false),
    })
}

/// Ages are judged by this machine's clock. One that is far ahead makes young
/// shares old, so nothing is done until the clocks agree.
fn refuse_skew(answer: &Answer, now: Timestamp) -> Result<(), Failure> {
    let date = answer.headers.get("date").and_then(|value| value.to_str().ok());
    let date = date.and_then(|text| rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
    match date.map(|date| now.duration_since(date)) {
        Some(skew) if skew.abs() > LARGEST_SKEW => Err(Failure::new(
            FailureClass::Unavailable,
            format!(
                "logging in: this machine's clock differs from the cloud's by {skew:#}; set one of them right"
            ),
        )),
        _ => Ok(()),
    }
}

fn refusal(answer: &Answer) -> LoginFailure {
    let mut failure = answer.failure();
    match failure.class {
        FailureClass::Unauthenticated | FailureClass::Refused | FailureClass::Conflict => {
            failure.class = FailureClass::Unauthenticated;
            LoginFailure::Refused(failure)
        }
        _ => LoginFailure::Passing(failure),
    }
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

fn stale_at(auth: &Auth, expires_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let life = expires_at.duration_since(now);
    // Expired on arrival means that the clocks disagree: logging in before
    // every call would not help, so the cloud's 401 decides instead.
    if matches!(auth, Auth::Token { .. }) || life <= SignedDuration::ZERO {
        return None;
    }
    Some(expires_at - LONGEST_MARGIN.min(life / 10))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::types::{CredentialName, Named};

    #[test]
    fn a_token_is_left_shortly_before_its_end() {
        let credential = Auth::ApplicationCredential {
            credential: CredentialName::Id("c".to_owned()),
            secret: "s".into(),
        };
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let stale = |auth: &Auth, seconds| {
            let end = now + SignedDuration::from_secs(seconds);
            stale_at(auth, end, now).map(|moment| moment.duration_since(now).as_secs())
        };
        assert_eq!(stale(&credential, 3600), Some(3540));
        assert_eq!(stale(&credential, 100), Some(90));
        assert_eq!(stale(&credential, 0), None);
        assert_eq!(stale(&credential, -3600), None);
        let token = Auth::Token {
            token: "t".into(),
            project: Named::Id("p".to_owned()),
        };
        assert_eq!(stale(&token, 3600), None);
    }
}
