//! `[clouds.NAME.auth]` where the provider is `huawei`: a user, a token or an
//! access key, of one account (`domain`) and for one project of it.

use secrecy::ExposeSecret;

use super::{
    reader::Table,
    secret::{self, ACCESS_KEY, Host, PASSWORD, SECRET_KEY, SECURITY_TOKEN, TOKEN},
    types::{Domain, HuaweiLogin, Named},
};

#[derive(Clone, Copy)]
enum Method {
    Password,
    AccessKey,
    Token,
}

const METHODS: &[(&str, Method)] = &[
    ("password", Method::Password),
    ("ak-sk", Method::AccessKey),
    ("token", Method::Token),
];
const METHODS_HINT: &str = "write: method = \"password\", \"ak-sk\" or \"token\"";

/// Reads the section; account and project stand beside it, in the cloud's.
pub fn read(mut section: Table<'_>, cloud: &mut Table<'_>, host: &Host<'_>) -> Option<HuaweiLogin> {
    let Some(method) = method(&mut section) else {
        // What else is needed depends on the method, so nothing is said about it.
        pass_over(cloud);
        return None;
    };
    for key in ["user_domain", "user_domain_id"] {
        let message = format!("`{key}` is a key of provider `openstack`");
        let hint = "here the user is of the account that `domain` names, in the cloud's own section";
        section.refuse(key, &message, Some(hint));
    }
    let project = one_of(cloud, "project", "project_id");
    let login = match method {
        Method::Password => {
            let password = secret::read(&mut section, &PASSWORD, host);
            let user = one_of(&mut section, "user", "user_id");
            let named = of_account(cloud, [user, project]);
            password
                .zip(named)
                .map(|(password, [user, project])| HuaweiLogin::Password {
                    user,
                    password,
                    project,
                })
        }
        Method::AccessKey => {
            let access_key = access_key(&mut section, host);
            let secret_key = secret::read(&mut section, &SECRET_KEY, host);
            let security_token = secret::read_if_named(&mut section, &SECURITY_TOKEN, host);
            let project = of_account(cloud, [project]);
            let keys = access_key.zip(secret_key).zip(security_token).zip(project);
            keys.map(
                |(((access_key, secret_key), security_token), [project])| HuaweiLogin::AccessKey {
                    access_key,
                    secret_key,
                    security_token,
                    project,
                },
            )
        }
        Method::Token => {
            let token = secret::read(&mut section, &TOKEN, host);
            let project = of_account(cloud, [project]);
            token
                .zip(project)
                .map(|(token, [project])| HuaweiLogin::Token { token, project })
        }
    };
    section.finish();
    login
}

/// Takes the keys of a cloud's section, of which it is not known whether they
/// are wanted.
pub fn pass_over(cloud: &mut Table<'_>) {
    for key in ["domain", "domain_id", "project", "project_id"] {
        cloud.take(key);
    }
}

fn method(section: &mut Table<'_>) -> Option<Method> {
    let text = section.require("method", METHODS_HINT)?.text()?;
    if text.text == "application-credential" {
        text.problem(
            "application credentials are OpenStack's; Huawei Cloud has none",
            "not here",
            Some(METHODS_HINT),
        );
        return None;
    }
    text.word("method", METHODS)
}

/// A user or a project as written.
enum Who {
    Id(String),
    Name(String),
}

fn one_of(section: &mut Table<'_>, name_key: &'static str, id_key: &'static str) -> Option<Who> {
    match (section.take(name_key), section.take(id_key)) {
        (Some(name), None) => Some(Who::Name(name.text()?.text.to_owned())),
        (None, Some(id)) => Some(Who::Id(id.text()?.text.to_owned())),
        (Some(_), Some(id)) => {
            let message = format!("`{name_key}` and `{id_key}` are both given");
            id.problem(message, "one too many", Some("keep one of them"));
            None
        }
        (None, None) => {
            let message = format!("{} lacks `{name_key}` or `{id_key}`", section.title);
            let label = format!("no {name_key}");
            section.sink.problem(section.span.clone(), message, &label, None);
            None
        }
    }
}

/// Names are unique within an account only; ids need none.
fn of_account<const N: usize>(cloud: &mut Table<'_>, written: [Option<Who>; N]) -> Option<[Named; N]> {
    let all_read = written.iter().all(Option::is_some);
    let by_name = |who: &Who| matches!(who, Who::Name(_));
    let account = if written.iter().flatten().any(by_name) {
        Some(account(cloud)?)
    } else {
        for key in ["domain", "domain_id"] {
            if all_read {
                let message = format!("`{key}` does nothing beside ids, which are unique by themselves");
                cloud.refuse(key, &message, Some("leave it out"));
            } else {
                cloud.take(key);
            }
        }
        None
    };
    let named = written.map(|who| match who? {
        Who::Id(id) => Some(Named::Id(id)),
        Who::Name(name) => Some(Named::Name {
            name,
            domain: account.clone()?,
        }),
    });
    let complete: Vec<Named> = named.into_iter().collect::<Option<_>>()?;
    complete.try_into().ok()
}

fn account(cloud: &mut Table<'_>) -> Option<Domain> {
    match (cloud.take("domain"), cloud.take("domain_id")) {
        (Some(name), None) => Some(Domain::Name(name.text()?.text.to_owned())),
        (None, Some(id)) => Some(Domain::Id(id.text()?.text.to_owned())),
        (Some(_), Some(id)) => {
            id.problem(
                "`domain` and `domain_id` are both given",
                "one too many",
                Some("keep one of them"),
            );
            None
        }
        (None, None) => {
            let message = format!("{} lacks `domain` or `domain_id`", cloud.title);
            let hint = "name the account: domain = \"OTC-EU-DE-00000000001000000001\"";
            cloud
                .sink
                .problem(cloud.span.clone(), message, "no account", Some(hint));
            None
        }
    }
}

/// No secret by itself, so it may stand in the file; it often lies beside one.
fn access_key(section: &mut Table<'_>, host: &Host<'_>) -> Option<String> {
    let written = section.take(ACCESS_KEY.literal);
    if section.has(ACCESS_KEY.file) || section.has(ACCESS_KEY.environment) {
        let elsewhere = secret::read_named(section, &ACCESS_KEY, host);
        if let Some(value) = written {
            let message = "`access_key` is given here and elsewhere";
            value.problem(message, "one too many", Some("keep one of them"));
            return None;
        }
        return Some(elsewhere?.expose_secret().to_owned());
    }
    let Some(value) = written else {
        let message = format!("{} lacks `access_key`", section.title);
        let hint = "write its id: access_key = \"…\"; the secret key stands elsewhere";
        let span = section.span.clone();
        section.sink.problem(span, message, "no access key", Some(hint));
        return None;
    };
    Some(value.text()?.text.to_owned())
}
