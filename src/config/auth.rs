//! `[clouds.NAME.auth]`: how to log in.

use super::{
    reader::Table,
    secret::{Host, PASSWORD, SECRET, TOKEN, read as read_secret},
    types::{Auth, CredentialName, Domain, Named},
    value::Text,
};

#[derive(Clone, Copy)]
enum Method {
    Password,
    ApplicationCredential,
    Token,
}

const METHODS: &[(&str, Method)] = &[
    ("password", Method::Password),
    ("application-credential", Method::ApplicationCredential),
    ("token", Method::Token),
];

/// Reads the section; the project stands beside it, in the cloud's section.
pub fn read(mut section: Table<'_>, cloud: &mut Table<'_>, host: &Host<'_>) -> Option<Auth> {
    let hint = "write: method = \"password\", \"application-credential\" or \"token\"";
    let method = section
        .require("method", hint)
        .and_then(|value| method(&value.text()?, hint));
    let Some(method) = method else {
        // What else is needed depends on the method, so nothing is said about it.
        pass_over(cloud);
        return None;
    };
    let auth = match method {
        Method::Password => {
            let password = read_secret(&mut section, &PASSWORD, host);
            let user = named(&mut section, &USER);
            let project = named(cloud, &PROJECT);
            password
                .zip(user)
                .zip(project)
                .map(|((password, user), project)| Auth::Password {
                    user,
                    password,
                    project,
                })
        }
        Method::ApplicationCredential => {
            let message = "an application credential belongs to one project already";
            for key in [PROJECT.name, PROJECT.id, PROJECT.domain, PROJECT.domain_id] {
                cloud.refuse(key, message, Some("leave it out"));
            }
            let secret = read_secret(&mut section, &SECRET, host);
            let credential = credential(&mut section);
            secret
                .zip(credential)
                .map(|(secret, credential)| Auth::ApplicationCredential { credential, secret })
        }
        Method::Token => {
            let token = read_secret(&mut section, &TOKEN, host);
            let project = named(cloud, &PROJECT);
            token
                .zip(project)
                .map(|(token, project)| Auth::Token { token, project })
        }
    };
    section.finish();
    auth
}

fn method(text: &Text<'_>, hint: &str) -> Option<Method> {
    if text.text == "ak-sk" {
        text.problem(
            "access keys with a secret key are Huawei Cloud's; OpenStack takes none",
            "not here",
            Some(hint),
        );
        return None;
    }
    text.word("method", METHODS)
}

/// Takes the keys of a cloud's project, of which it is not known whether they
/// are wanted.
pub fn pass_over(cloud: &mut Table<'_>) {
    for key in [PROJECT.name, PROJECT.id, PROJECT.domain, PROJECT.domain_id] {
        cloud.take(key);
    }
}

/// The keys that name a user or a project.
struct Keys {
    name: &'static str,
    id: &'static str,
    domain: &'static str,
    domain_id: &'static str,
}

const USER: Keys = Keys {
    name: "user",
    id: "user_id",
    domain: "user_domain",
    domain_id: "user_domain_id",
};
const PROJECT: Keys = Keys {
    name: "project",
    id: "project_id",
    domain: "project_domain",
    domain_id: "project_domain_id",
};

fn credential(section: &mut Table<'_>) -> Option<CredentialName> {
    let id = section.take("id");
    let name = section.take("name");
    match (id, name) {
        (Some(id), None) => Some(CredentialName::Id(id.text()?.text.to_owned())),
        (None, Some(name)) => {
            let name = name.text()?.text.to_owned();
            Some(CredentialName::Name {
                name,
                user: named(section, &USER)?,
            })
        }
        (Some(_), Some(name)) => {
            name.problem(
                "`id` and `name` are both given",
                "one too many",
                Some("keep one of them"),
            );
            None
        }
        (None, None) => {
            let message = format!("{} lacks `id` or `name`", section.title);
            let hint = "name the credential: id = \"…\", or name = \"…\" with user = \"…\"";
            section
                .sink
                .problem(section.span.clone(), message, "no credential", Some(hint));
            None
        }
    }
}

/// By id, or by name within a domain.
fn named(section: &mut Table<'_>, keys: &Keys) -> Option<Named> {
    let id = section.take(keys.id);
    let name = section.take(keys.name);
    match (id, name) {
        (Some(id), None) => {
            let message = format!("`{}` is unique by itself and takes no domain", keys.id);
            section.refuse(keys.domain, &message, Some("leave it out"));
            section.refuse(keys.domain_id, &message, Some("leave it out"));
            Some(Named::Id(id.text()?.text.to_owned()))
        }
        (None, Some(name)) => {
            let domain = domain(section, keys)?;
            Some(Named::Name {
                name: name.text()?.text.to_owned(),
                domain,
            })
        }
        (Some(_), Some(name)) => {
            let message = format!("`{}` and `{}` are both given", keys.id, keys.name);
            name.problem(message, "one too many", Some("keep one of them"));
            None
        }
        (None, None) => {
            let message = format!("{} lacks `{}` or `{}`", section.title, keys.name, keys.id);
            let label = format!("no {}", keys.name);
            section.sink.problem(section.span.clone(), message, &label, None);
            None
        }
    }
}

fn domain(section: &mut Table<'_>, keys: &Keys) -> Option<Domain> {
    match (section.take(keys.domain), section.take(keys.domain_id)) {
        (None, None) => Some(Domain::Name("Default".to_owned())),
        (Some(name), None) => Some(Domain::Name(name.text()?.text.to_owned())),
        (None, Some(id)) => Some(Domain::Id(id.text()?.text.to_owned())),
        (Some(_), Some(id)) => {
            let message = format!("`{}` and `{}` are both given", keys.domain, keys.domain_id);
            id.problem(message, "one too many", Some("keep one of them"));
            None
        }
    }
}
