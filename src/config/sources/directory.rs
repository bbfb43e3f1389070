//! Directories: SCIM, and LDAP.

use super::{address, fields, login, naming};
use crate::{
    config::{
        ca_file,
        people::{Ldap, LdapBind, List, Scim},
        reader::Table,
        secret::{self, Host, PASSWORD},
        value::Text,
    },
    model::UserKey,
};

const SCIM_PAGE_SIZE: u32 = 100;
const LDAP_PAGE_SIZE: u32 = 500;
const LDAP_FILTER: &str = "(objectClass=person)";

pub fn scim(section: &mut Table<'_>, host: &Host<'_>) -> Option<(UserKey, List)> {
    let allow_http = flag(section, "allow_http", false).unwrap_or_default();
    let access = login::access(section, allow_http, host);
    let hint = "the base of the service: url = \"https://id.example.com/scim/v2\"";
    let url = section.require("url", hint);
    let url = url.and_then(|value| address::of_scim(&value.text()?, allow_http));
    let filter = match section.take("filter") {
        Some(value) => value.text().and_then(|text| scim_filter(&text)).map(Some),
        None => Some(None),
    };
    let page_size = page_size(section, SCIM_PAGE_SIZE);
    let (to, fields) = fields::read(section, &naming::SCIM_ATTRIBUTE)?;
    let scim = Scim {
        url: url?,
        access: access?,
        filter: filter?,
        page_size: page_size?,
        fields,
    };
    Some((to, List::Scim(scim)))
}

pub fn ldap(section: &mut Table<'_>, host: &Host<'_>) -> Option<(UserKey, List)> {
    let start_tls = flag(section, "start_tls", false);
    let allow_plain = flag(section, "allow_plain", false);
    let hint = "where the directory is: url = \"ldaps://ldap.example.com\"";
    let url = section.require("url", hint);
    let (tls, plain) = (start_tls.unwrap_or_default(), allow_plain.unwrap_or_default());
    let url = url.and_then(|value| address::of_ldap(&value.text()?, tls, plain));
    let hint = "below which entry people are: base = \"ou=people,dc=example,dc=com\"";
    let base = section.require("base", hint).and_then(|value| value.text());
    let filter = match section.take("filter") {
        Some(value) => value.text().and_then(|text| ldap_filter(&text)),
        None => Some(LDAP_FILTER.to_owned()),
    };
    let page_size = page_size(section, LDAP_PAGE_SIZE);
    let bind = bind(section, host);
    let encrypted = tls || url.as_ref().is_none_or(|url| url.scheme() == "ldaps");
    let ca_file = match section.take("ca_file") {
        Some(value) if !encrypted => {
            let hint = "add: start_tls = true; or leave it out";
            value.problem("`ca_file` does nothing without TLS", "not encrypted", Some(hint));
            None
        }
        Some(value) => ca_file::read(&value, host).map(Some),
        None => Some(None),
    };
    let (to, fields) = fields::read(section, &naming::LDAP_ATTRIBUTE)?;
    let ldap = Ldap {
        url: url?,
        start_tls: start_tls?,
        bind: bind?,
        base: base?.text.to_owned(),
        filter: filter?,
        page_size: page_size?,
        ca_file: ca_file?,
        fields,
    };
    Some((to, List::Ldap(ldap)))
}

/// A key that is true or false; `None` where it is neither.
pub fn flag(section: &mut Table<'_>, key: &'static str, default: bool) -> Option<bool> {
    match section.take(key) {
        Some(value) => value.boolean(),
        None => Some(default),
    }
}

fn page_size(section: &mut Table<'_>, default: u32) -> Option<u32> {
    match section.take("page_size") {
        Some(value) => u32::try_from(value.integer(1, 1000)?).ok(),
        None => Some(default),
    }
}

/// `None` inside: anonymous.
fn bind(section: &mut Table<'_>, host: &Host<'_>) -> Option<Option<LdapBind>> {
    if let Some(dn) = section.take("bind_dn") {
        let password = secret::read(section, &PASSWORD, host);
        return Some(Some(LdapBind {
            dn: dn.text()?.text.to_owned(),
            password: password?,
        }));
    }
    let password = secret::read_if_named(section, &PASSWORD, host)?;
    if password.is_none() {
        return Some(None);
    }
    let message = format!("{} has a password and no `bind_dn`", section.title);
    let hint = "add: bind_dn = \"cn=revokd,dc=example,dc=com\"";
    section
        .sink
        .problem(section.span.clone(), message, "no user", Some(hint));
    None
}

fn scim_filter(text: &Text<'_>) -> Option<String> {
    if !text.text.contains(char::is_control) {
        return Some(text.text.to_owned());
    }
    text.problem("this filter holds a control character", "no filter", None);
    None
}

/// As far as can be told without the directory. Parentheses that are meant as
/// such are written `\28` and `\29`, so all others are the filter's own.
fn ldap_filter(text: &Text<'_>) -> Option<String> {
    let mut open = 0_usize;
    let mut wrong = text.text.contains(char::is_control) || !text.text.starts_with('(');
    for (position, character) in text.text.char_indices() {
        match character {
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            ')' => wrong = true,
            _ => {}
        }
        let is_last = position + character.len_utf8() == text.text.len();
        wrong |= open == 0 && !is_last;
    }
    if !wrong && open == 0 {
        return Some(text.text.to_owned());
    }
    let hint = "one filter in parentheses that fit, for example: (&(objectClass=person)(mail=*))";
    text.problem("this is no LDAP filter", "no filter", Some(hint));
    None
}
