//! Who a list is read as, and everything that a server could echo of it.

use reqwest::{
    Client,
    header::{AUTHORIZATION, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::people::HttpLogin;

/// A shorter value of a query is no secret, and to blot it out would only make
/// messages unreadable.
const SHORTEST_SECRET_CHARS: usize = 4;

/// A login in the form in which it is sent.
pub struct Login {
    /// The value of `Authorization`, marked so that nothing prints it.
    header: Result<Option<HeaderValue>, &'static str>,
    secrets: Vec<SecretString>,
}

impl Login {
    /// What stands in the query of `url` counts as secret too: some servers
    /// want a key there.
    pub fn new(client: &Client, url: &Url, login: &HttpLogin) -> Login {
        let header = header(client, url, login);
        let mut secrets: Vec<String> = url.password().map(str::to_owned).into_iter().collect();
        for pair in url.query().unwrap_or_default().split('&') {
            secrets.extend(pair.split_once('=').map(|(_, value)| value.to_owned()));
        }
        secrets.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
        secrets.retain(|secret| secret.chars().count() >= SHORTEST_SECRET_CHARS);
        match login {
            HttpLogin::None => {}
            HttpLogin::Bearer(secret) | HttpLogin::Basic { password: secret, .. } => {
                secrets.push(secret.expose_secret().to_owned());
            }
        }
        let sent = header
            .as_ref()
            .ok()
            .and_then(|header| header.as_ref()?.to_str().ok());
        let encoded = sent.and_then(|sent| sent.split_once(' '));
        secrets.extend(encoded.map(|(_, encoded)| encoded.to_owned()));
        // The longer first: one that holds another is to go as a whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Login {
            header,
            secrets: secrets.into_iter().map(SecretString::from).collect(),
        }
    }

    /// The value of `Authorization`, or why there can be none.
    pub fn header(&self) -> Result<Option<HeaderValue>, &'static str> {
        self.header.clone()
    }

    pub fn secrets(&self) -> Vec<&str> {
        self.secrets.iter().map(|secret| secret.expose_secret()).collect()
    }
}

fn header(client: &Client, url: &Url, login: &HttpLogin) -> Result<Option<HeaderValue>, &'static str> {
    let request = client.get(url.clone());
    let request = match login {
        HttpLogin::None => return Ok(None),
        HttpLogin::Bearer(token) => request.bearer_auth(token.expose_secret()),
        HttpLogin::Basic { user, password } => request.basic_auth(user, Some(password.expose_secret())),
    };
    let request = request
        .build()
        .map_err(|_| "the token holds a character that no header can carry")?;
    Ok(request.headers().get(AUTHORIZATION).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(login: HttpLogin) -> Login {
        crate::connection::prepare_tls();
        let url = Url::parse("https://hr.example/list").unwrap();
        Login::new(&Client::new(), &url, &login)
    }

    #[test]
    fn a_token_with_a_line_break_is_no_header() {
        assert!(login(HttpLogin::Bearer("a\nb".into())).header().is_err());
    }

    #[test]
    fn a_login_is_marked_so_that_nothing_prints_it() {
        let basic = HttpLogin::Basic {
            user: "hr".into(),
            password: "s3cret".into(),
        };
        for (kind, sent) in [
            (HttpLogin::Bearer("tok-123".into()), "Bearer tok-123"),
            (basic, "Basic aHI6czNjcmV0"),
        ] {
            let header = login(kind).header().unwrap().unwrap();
            assert_eq!(header, sent);
            assert_eq!(format!("{header:?}"), "Sensitive");
        }
    }
}
