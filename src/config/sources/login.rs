//! How an HTTP server that holds a list is logged in at: by a token, by a user
//! with a password, or not at all.

use crate::config::{
    ca_file,
    people::{Access, HttpLogin},
    reader::Table,
    secret::{self, Host, PASSWORD, TOKEN},
};

pub fn access(section: &mut Table<'_>, allow_http: bool, host: &Host<'_>) -> Option<Access> {
    let ca_file = match section.take("ca_file") {
        Some(value) => ca_file::read(&value, host).map(Some),
        None => Some(None),
    };
    let login = login(section, host);
    Some(Access {
        login: login?,
        ca_file: ca_file?,
        allow_http,
    })
}

fn login(section: &mut Table<'_>, host: &Host<'_>) -> Option<HttpLogin> {
    let token = secret::read_if_named(section, &TOKEN, host);
    let user = section.take("user");
    let is_given = |key| section.has(key);
    let password_key = ["password_file", "password_env", "password"]
        .into_iter()
        .find(|key| is_given(key));
    let Some(user) = user else {
        let password = secret::read_if_named(section, &PASSWORD, host)?;
        if let (Some(_), Some(key)) = (password, password_key) {
            let message = format!("{} has a `{key}` and no `user`", section.title);
            let hint = "add: user = \"…\"; a token is named by `token_file`";
            section
                .sink
                .problem(section.span.clone(), message, "no user", Some(hint));
            return None;
        }
        return Some(token?.map_or(HttpLogin::None, HttpLogin::Bearer));
    };
    let password = secret::read(section, &PASSWORD, host);
    if token.as_ref().is_none_or(Option::is_some) {
        let hint = "keep one of them";
        user.problem("a token and a user are both given", "one too many", Some(hint));
        return None;
    }
    Some(HttpLogin::Basic {
        user: user.text()?.text.to_owned(),
        password: password?,
    })
}
