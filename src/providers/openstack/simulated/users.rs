//! `GET /v3/users`: for administrators, in pages where a limit is asked for.

use axum::response::Response;
use serde_json::{Value, json};
use url::form_urlencoded::{self, Serializer};

use super::{
    Shared,
    answers::{self, Problem},
    dispatch::Incoming,
    keystone::unauthorized,
    tokens::{AUTH_TOKEN, header},
};
use crate::{
    providers::openstack::wire::{Links, User, UserList},
    simulator::{self, Role},
};

const FORBIDDEN: &str = "You are not authorized to perform the requested action: identity:list_users.";

pub(super) fn list(shared: &Shared, incoming: &Incoming) -> Result<Response, Problem> {
    let token = header(&incoming.headers, AUTH_TOKEN).and_then(|text| shared.living_token(text));
    let token = token.ok_or_else(unauthorized)?;
    if !matches!(token.scope, Some((_, Role::Admin))) {
        return Err(Problem::new(403, FORBIDDEN));
    }
    let asked = Asked::of(&incoming.query)?;
    let world = shared.world();
    // By id, as the world holds them.
    let rows = world.users().filter(|user| asked.wants(user));
    let most = asked
        .limit
        .unwrap_or(usize::MAX)
        .min(shared.options.user_page_max);
    let users: Vec<User> = rows.take(most).map(row).collect();
    drop(world);
    // A page that was read full has a successor, even if nothing follows; who
    // asked for no pages is not told that there is more.
    let is_full = asked.limit.is_some() && users.len() == most;
    let next = users.last().filter(|_| is_full).map(|last| {
        let kept = asked
            .kept
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        let query = Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("marker", &last.id)
            .finish();
        format!("{}/users?{query}", shared.auth_url())
    });
    let answer = UserList {
        users,
        truncated: next.is_some().then_some(true),
        links: Links { next },
    };
    let mut body = serde_json::to_value(answer).map_err(|error| Problem::new(500, error.to_string()))?;
    body["links"]["self"] = format!("{}/users?{}", shared.auth_url(), incoming.query).into();
    body["links"]["previous"] = Value::Null;
    Ok(answers::json(200, &body))
}

#[derive(Default)]
struct Asked {
    /// All parameters but the marker.
    kept: Vec<(String, String)>,
    domain: Option<String>,
    enabled: Option<bool>,
    name: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

impl Asked {
    fn of(query: &str) -> Result<Asked, Problem> {
        let mut asked = Asked::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            match key.as_str() {
                "domain_id" => asked.domain = Some(value.clone()),
                "enabled" => asked.enabled = Some(!matches!(value.as_str(), "0" | "false" | "False")),
                "name" => asked.name = Some(value.clone()),
                "limit" => {
                    let limit = value.parse().map_err(|_| Problem::new(400, "Invalid limit"))?;
                    asked.limit = Some(limit);
                }
                "marker" => {
                    asked.marker = Some(value);
                    continue;
                }
                _ => {}
            }
            asked.kept.push((key, value));
        }
        Ok(asked)
    }

    fn wants(&self, user: &simulator::User) -> bool {
        self.domain
            .as_ref()
            .is_none_or(|domain| *domain == user.account.as_str())
            && self.enabled.is_none_or(|enabled| enabled == user.enabled)
            && self.name.as_ref().is_none_or(|name| *name == user.name)
            && self
                .marker
                .as_ref()
                .is_none_or(|marker| user.id.as_str() > marker.as_str())
    }
}

fn row(user: &simulator::User) -> User {
    let texts = user.attributes.iter();
    let mut more: Vec<(String, Value)> = texts
        .map(|(name, text)| (name.clone(), text.clone().into()))
        .collect();
    if !user.email.is_empty() {
        more.push(("email".to_owned(), user.email.clone().into()));
    }
    more.push(("password_expires_at".to_owned(), Value::Null));
    more.push(("options".to_owned(), json!({})));
    User {
        id: user.id.to_string(),
        name: user.name.clone(),
        domain_id: user.account.to_string(),
        enabled: user.enabled,
        more: more.into_iter().collect(),
    }
}
