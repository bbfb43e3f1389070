//! From answers to the text of a section `[clouds.NAME]`, explained key by key.
//! Pure: whatever was typed stands in the text as the value that it is.

use super::{
    answers::{Account, Answers, HuaweiLogin, OpenStackLogin, Project, SecretPlace},
    remarks::{Shipped, comment},
};

/// The section with all that belongs to it, from its first remark on.
pub fn text(answers: &Answers, secret: Option<&SecretPlace>) -> String {
    let shipped = match &answers.account {
        Account::Huawei { .. } => Shipped::Registry,
        Account::OpenStack { .. } | Account::CloudsYaml { .. } => Shipped::OpenStack,
    };
    let mut section = Section {
        text: String::new(),
        shipped,
        prefix: format!("clouds.{}", key(&answers.name)),
    };
    section.begin();
    section.account(answers);
    section.limits();
    section.endpoints(answers);
    section.login(&answers.account, secret);
    section.text
}

/// A text as a TOML string of one line, whatever is in it.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A key, bare where TOML lets it be.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

struct Section {
    text: String,
    shipped: Shipped,
    /// `clouds.NAME`
    prefix: String,
}

impl Section {
    fn begin(&mut self) {
        let introduction = self.shipped.introduction();
        // What the account has to be allowed is said behind which cloud it is.
        let remark = match introduction.find("Its user needs") {
            Some(begin) => &introduction[begin..],
            None => &introduction,
        };
        self.text.push_str(&comment(remark));
        self.header("");
    }

    fn account(&mut self, answers: &Answers) {
        match &answers.account {
            Account::CloudsYaml { entry, file } => {
                self.remark("Address, login and project come from this entry of clouds.yaml, the file of OpenStack's own tools. The daemon has to be able to read that file.");
                self.set("cloud", entry);
                self.set_if("clouds_file", file.as_deref());
                self.set_if("region", answers.region.as_deref());
            }
            Account::OpenStack { auth_url, login } => {
                self.place("openstack", auth_url, answers.region.as_deref());
                if let OpenStackLogin::Password {
                    project,
                    project_domain,
                    ..
                } = login
                {
                    self.remark_of("project");
                    self.project(project);
                    if matches!(project, Project::Name(_)) {
                        self.set("project_domain", project_domain);
                    }
                }
            }
            Account::Huawei {
                auth_url,
                flavour,
                domain,
                project,
                ..
            } => {
                self.place("huawei", auth_url, answers.region.as_deref());
                self.remark_of("domain");
                self.set_if("domain", domain.as_deref());
                self.project(project);
                self.remark_of("flavour");
                match flavour {
                    Some(flavour) => self.set("flavour", flavour),
                    None => self.switched_off("flavour"),
                }
                self.remark_of("enterprise_project");
                self.switched_off("enterprise_project");
            }
        }
        if let Some(ca_file) = &answers.ca_file {
            self.remark(&Shipped::OpenStack.remark("ca_file"));
            self.set("ca_file", ca_file);
        }
    }

    fn place(&mut self, provider: &str, auth_url: &str, region: Option<&str>) {
        self.set("provider", provider);
        self.set("auth_url", auth_url);
        self.set_if("region", region);
    }

    fn project(&mut self, project: &Project) {
        match project {
            Project::Name(name) => self.set("project", name),
            Project::Id(id) => self.set("project_id", id),
        }
    }

    /// For later, with what holds without them.
    fn limits(&mut self) {
        let of_all = Shipped::OpenStack;
        self.remark(&of_all.remark("concurrency"));
        for key in [
            "concurrency",
            "requests_per_second",
            "connect_timeout",
            "request_timeout",
            "page_size",
        ] {
            self.switched_off_as(key, of_all.value(key));
        }
        if self.shipped == Shipped::Registry {
            self.remark_of("batch_resources");
            self.switched_off("batch_resources");
            self.switched_off("batch_subjects");
        }
    }

    fn endpoints(&mut self, answers: &Answers) {
        if answers.image.is_none() && answers.registry.is_none() {
            return;
        }
        let remark = self.shipped.of_endpoints();
        self.remark(&remark);
        self.header(".endpoints");
        self.set_if("swr", answers.registry.as_deref());
        self.set_if("image", answers.image.as_deref());
    }

    fn login(&mut self, account: &Account, secret: Option<&SecretPlace>) {
        let (Some(words), Some(place)) = (account.secret(), secret) else {
            return;
        };
        self.text.push('\n');
        self.header(".auth");
        let methods = self.shipped.remark("method");
        let methods = methods
            .split_once(". ")
            .map_or(methods.as_str(), |(first, _)| first);
        self.text
            .push_str(&comment(&format!("{}.", methods.trim_end_matches('.'))));
        match account {
            Account::OpenStack { login, .. } => match login {
                OpenStackLogin::Password {
                    user, user_domain, ..
                } => {
                    self.set("method", "password");
                    self.set("user", user);
                    self.set("user_domain", user_domain);
                }
                OpenStackLogin::ApplicationCredential { id } => {
                    self.set("method", "application-credential");
                    self.set("id", id);
                }
            },
            Account::Huawei { login, .. } => match login {
                HuaweiLogin::Password { user } => {
                    self.set("method", "password");
                    self.set("user", user);
                }
                HuaweiLogin::AccessKey { access_key } => {
                    self.set("method", "ak-sk");
                    self.set("access_key", access_key);
                }
            },
            Account::CloudsYaml { .. } => {}
        }
        self.remark(&Shipped::OpenStack.remark("password_env"));
        let (file, environment) = (format!("{}_file", words.key), format!("{}_env", words.key));
        match place {
            SecretPlace::File(path) => {
                let example = format!("\"REVOKD_{}\"", words.key.to_uppercase());
                self.switched_off_as(&environment, Some(&example));
                self.set(&file, path);
            }
            SecretPlace::Environment(variable) => self.set(&environment, variable),
        }
    }

    fn header(&mut self, below: &str) {
        self.text.push_str(&format!("[{}{below}]\n", self.prefix));
    }

    /// A paragraph of its own.
    fn remark(&mut self, remark: &str) {
        self.text.push('\n');
        self.text.push_str(&comment(remark));
    }

    fn remark_of(&mut self, key: &str) {
        let remark = self.shipped.remark(key);
        self.remark(&remark);
    }

    fn set(&mut self, key: &str, value: &str) {
        self.text.push_str(&format!("{key} = {}\n", quoted(value)));
    }

    fn set_if(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    /// A key that is not set, as the shipped configuration has it.
    fn switched_off(&mut self, key: &str) {
        self.switched_off_as(key, self.shipped.value(key));
    }

    fn switched_off_as(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text.push_str(&format!("# {key} = {value}\n"));
        }
    }
}

#[cfg(test)]
mod tests;
