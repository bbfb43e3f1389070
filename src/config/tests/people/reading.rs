//! What comes out of good sources.

use secrecy::ExposeSecret;

use super::*;
use crate::{
    config::people::{HttpLogin, List},
    model::UserKey,
};

#[test]
fn a_csv_file_is_found_beside_the_file_that_names_it() {
    let found = source(&format!(
        "{CSV}\n{ROSTER}\nmax_unusable = 2\ntimeout = \"5s\"\ndelimiter = \"tab\"\nleaves = \"until\"\nreturns = \"back\"\nprojects = \"p\"\naccounts = \"a\"\ngone = {{ column = \"status\", is = \"left\" }}"
    ));
    assert_eq!(found.to, UserKey::Email);
    assert_eq!(found.timeout.as_secs(), 5);
    assert_eq!(
        (found.demands.min_entries, found.demands.max_unusable),
        (Some(50), 2)
    );
    assert_eq!(found.demands.max_shrink_percent, Some(30.0));
    assert_eq!(found.demands.max_age.as_ref().unwrap().written, "26h");
    assert!(found.demands.prove_absence());
    let List::Csv(csv) = found.list else { panic!("csv") };
    assert_eq!(csv.path, Path::new("policies/l.csv"));
    assert_eq!((csv.delimiter, csv.fields.key.as_str()), (b'\t', "email"));
    let gone = csv.fields.gone.unwrap();
    assert_eq!(
        (gone.field.as_str(), gone.values),
        ("status", vec!["left".to_owned()])
    );
    let named = [
        csv.fields.leaves,
        csv.fields.returns,
        csv.fields.projects,
        csv.fields.accounts,
    ];
    assert_eq!(named.map(Option::unwrap), ["until", "back", "p", "a"]);
    let of_main = format!("{SMALLEST}{HUAWEI}[source.leavers]\n{CSV}\n");
    let policy = naming("\"repository-permission\"", "subject_in = \"leavers\"");
    let loaded = compile_texts(&of_main, &[&policy]).unwrap();
    let List::Csv(csv) = &loaded.config.sources["leavers"].list else {
        panic!("csv")
    };
    assert_eq!(csv.path, Path::new("/nonexistent/l.csv"));
}

#[test]
fn a_file_that_is_not_there_yet_is_worth_a_warning() {
    for text in [CSV, JSON] {
        let warnings = loaded(&[&leavers_of(text)]).warnings.to_string();
        assert!(
            warnings.contains("is not there: until it can be read"),
            "{warnings}"
        );
    }
}

#[test]
fn every_type_has_its_defaults() {
    let List::Http(http) = source(HTTP).list else {
        panic!("http")
    };
    assert!(matches!(http.access.login, HttpLogin::None));
    assert_eq!(http.url.query(), Some("all=1"));
    let List::Scim(scim) = source(SCIM).list else {
        panic!("scim")
    };
    assert_eq!((scim.page_size, scim.filter), (100, None));
    let List::Ldap(ldap) = source(LDAP).list else {
        panic!("ldap")
    };
    assert_eq!(
        (ldap.page_size, ldap.filter.as_str()),
        (500, "(objectClass=person)")
    );
    assert!(ldap.bind.is_none() && !ldap.start_tls);
    assert_eq!(source(LDAP).to, UserKey::Attribute("mail".to_owned()));
    let found = source(KEYSTONE);
    assert_eq!((found.to.clone(), found.timeout.as_secs()), (UserKey::Id, 30));
    let List::Keystone(keystone) = found.list else {
        panic!("keystone")
    };
    assert!(keystone.disabled && keystone.deleted && keystone.not_seen_for.is_none());
}

#[test]
fn servers_are_logged_in_at_by_token_or_password() {
    for text in [HTTP, SCIM] {
        let login = |lines: &str| match source(&format!("{text}\n{lines}")).list {
            List::Http(http) => http.access.login,
            List::Scim(scim) => scim.access.login,
            other => panic!("{other:?}"),
        };
        let HttpLogin::Bearer(token) = login("token_env = \"SECRET\"") else {
            panic!("{text}")
        };
        assert_eq!(token.expose_secret(), "hunter2");
        let HttpLogin::Basic { user, password } = login("user = \"u\"\npassword_env = \"SECRET\"") else {
            panic!("{text}")
        };
        assert_eq!((user.as_str(), password.expose_secret()), ("u", "hunter2"));
    }
    let List::Ldap(ldap) = source(&format!("{LDAP}\nbind_dn = \"cn=r\"\npassword_env = \"SECRET\"")).list
    else {
        panic!("ldap")
    };
    assert_eq!(ldap.bind.unwrap().dn, "cn=r");
}

#[test]
fn a_line_that_stays_on_this_machine_need_not_be_encrypted() {
    for (good, part, instead) in [
        (HTTP, "https://hr.example.com", "http://127.0.0.1:8080"),
        (SCIM, "https://id.example.com", "http://localhost:8080"),
        (LDAP, "ldaps://ldap.example.com", "ldap://127.0.0.1:389"),
        (LDAP, "ldaps://ldap.example.com", "ldap://[::1]:389"),
        (
            LDAP,
            "ldaps://ldap.example.com\"",
            "ldap://ldap.example.com\"\nstart_tls = true",
        ),
        (
            LDAP,
            "ldaps://ldap.example.com\"",
            "ldap://ldap.example.com\"\nallow_plain = true",
        ),
        (HTTP, "url = \"https", "allow_http = true\nurl = \"http"),
    ] {
        source(&good.replace(part, instead));
    }
}

#[test]
fn a_secret_in_an_address_is_warned_of_and_not_shown() {
    let text = leavers_of(&HTTP.replace("all=1", "api_key=abc123"));
    let warnings = loaded(&[&text]).warnings;
    assert!(
        warnings
            .to_string()
            .contains("`api_key` in this address looks like a secret"),
        "{warnings}"
    );
    assert!(!warnings.render_warnings(false, 100).contains("abc123"));
}
