//! Logins that were refused in this pass. Several sections may log in as the
//! same account, and clouds and directories lock one after a few wrong tries:
//! so what was refused once is tried nowhere else, not even with another
//! secret, since a person is there who can say which one is right.

use super::finding::Finding;
use crate::config::login::Login;

/// Those that were refused, each with who tried it.
#[derive(Default)]
pub struct Refusals(Vec<(Login, String)>);

impl Refusals {
    /// `by` is whose login it was: `cloud prod`.
    pub fn note(&mut self, login: Login, by: String) {
        self.0.push((login, by));
    }

    /// What is told in place of a try that must not be made.
    pub fn instead_of(&self, login: &Login, check: &str, again: &str) -> Option<Finding> {
        let (_, by) = self.0.iter().find(|(refused, _)| refused == login)?;
        let why = format!("the same login as {by}, which was refused, and not tried again");
        Some(Finding::not_checked(
            check,
            why,
            format!("mend the login of {by} first, then: {again}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::people::{Access, Fields, HttpLogin, List, Scim};

    fn login(user: &str, password: &str) -> Login {
        let list = List::Scim(Scim {
            url: "https://people.example/scim".parse().unwrap(),
            access: Access {
                login: HttpLogin::Basic {
                    user: user.to_owned(),
                    password: password.into(),
                },
                ca_file: None,
                allow_http: false,
            },
            filter: None,
            page_size: 100,
            fields: Fields {
                key: "userName".to_owned(),
                gone: None,
                leaves: None,
                returns: None,
                projects: None,
                accounts: None,
            },
        });
        Login::of_list(&list).unwrap()
    }

    #[test]
    fn an_account_that_was_refused_is_left_out_with_any_secret() {
        let mut refusals = Refusals::default();
        refusals.note(login("revokd", "one"), "source hr".to_owned());
        let told = |login| refusals.instead_of(&login, "login", "revokd doctor");
        for password in ["one", "two"] {
            let same = told(login("revokd", password)).expect("refused before");
            assert!(same.seen.contains("source hr"), "{}", same.seen);
        }
        assert_eq!(told(login("other", "one")), None);
    }
}
