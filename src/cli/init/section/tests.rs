use proptest::{option, prelude::*};
use toml::{Table, Value};

use super::*;

fn account() -> impl Strategy<Value = Account> {
    let text = any::<String>;
    let project = prop_oneof![text().prop_map(Project::Name), text().prop_map(Project::Id)];
    let password =
        (text(), text(), project.clone(), text()).prop_map(|(user, user_domain, project, project_domain)| {
            OpenStackLogin::Password {
                user,
                user_domain,
                project,
                project_domain,
            }
        });
    let credential = text().prop_map(|id| OpenStackLogin::ApplicationCredential { id });
    let openstack = (text(), prop_oneof![password, credential])
        .prop_map(|(auth_url, login)| Account::OpenStack { auth_url, login });
    let login = prop_oneof![
        text().prop_map(|user| HuaweiLogin::Password { user }),
        text().prop_map(|access_key| HuaweiLogin::AccessKey { access_key }),
    ];
    let huawei = (text(), option::of(text()), option::of(text()), project, login).prop_map(
        |(auth_url, flavour, domain, project, login)| Account::Huawei {
            auth_url,
            flavour,
            domain,
            project,
            login,
        },
    );
    let yaml = (text(), option::of(text())).prop_map(|(entry, file)| Account::CloudsYaml { entry, file });
    prop_oneof![openstack, huawei, yaml]
}

fn answers() -> impl Strategy<Value = Answers> {
    let optional = || option::of(any::<String>());
    let rest = (optional(), optional(), optional(), optional());
    (any::<String>(), account(), rest).prop_map(|(name, account, (region, ca_file, image, registry))| {
        Answers {
            name,
            account,
            region,
            ca_file,
            image,
            registry,
        }
    })
}

/// All values that the section must hold, by their keys.
fn expected(answers: &Answers, path: &str) -> Table {
    let (mut cloud, mut auth, mut endpoints) = (Table::new(), Table::new(), Table::new());
    let set = |table: &mut Table, key: &str, value: &str| {
        table.insert(key.to_owned(), Value::from(value));
    };
    let set_project = |table: &mut Table, project: &Project| match project {
        Project::Name(name) => set(table, "project", name),
        Project::Id(id) => set(table, "project_id", id),
    };
    match &answers.account {
        Account::CloudsYaml { entry, file } => {
            set(&mut cloud, "cloud", entry);
            file.iter().for_each(|file| set(&mut cloud, "clouds_file", file));
        }
        Account::OpenStack { auth_url, login } => {
            set(&mut cloud, "provider", "openstack");
            set(&mut cloud, "auth_url", auth_url);
            match login {
                OpenStackLogin::Password {
                    user,
                    user_domain,
                    project,
                    project_domain,
                } => {
                    set(&mut auth, "method", "password");
                    set(&mut auth, "user", user);
                    set(&mut auth, "user_domain", user_domain);
                    set(&mut auth, "password_file", path);
                    set_project(&mut cloud, project);
                    if matches!(project, Project::Name(_)) {
                        set(&mut cloud, "project_domain", project_domain);
                    }
                }
                OpenStackLogin::ApplicationCredential { id } => {
                    set(&mut auth, "method", "application-credential");
                    set(&mut auth, "id", id);
                    set(&mut auth, "secret_file", path);
                }
            }
        }
        Account::Huawei {
            auth_url,
            flavour,
            domain,
            project,
            login,
        } => {
            set(&mut cloud, "provider", "huawei");
            set(&mut cloud, "auth_url", auth_url);
            flavour
                .iter()
                .for_each(|flavour| set(&mut cloud, "flavour", flavour));
            domain.iter().for_each(|domain| set(&mut cloud, "domain", domain));
            set_project(&mut cloud, project);
            match login {
                HuaweiLogin::Password { user } => {
                    set(&mut auth, "method", "password");
                    set(&mut auth, "user", user);
                    set(&mut auth, "password_file", path);
                }
                HuaweiLogin::AccessKey { access_key } => {
                    set(&mut auth, "method", "ak-sk");
                    set(&mut auth, "access_key", access_key);
                    set(&mut auth, "secret_key_file", path);
                }
            }
        }
    }
    for (table, key, value) in [
        ("cloud", "region", &answers.region),
        ("cloud", "ca_file", &answers.ca_file),
    ]
    .into_iter()
    .chain([
        ("endpoints", "image", &answers.image),
        ("endpoints", "swr", &answers.registry),
    ]) {
        let table = if table == "cloud" {
            &mut cloud
        } else {
            &mut endpoints
        };
        value.iter().for_each(|value| set(table, key, value));
    }
    for (key, table) in [("auth", auth), ("endpoints", endpoints)] {
        if !table.is_empty() {
            cloud.insert(key.to_owned(), table.into());
        }
    }
    let clouds = Table::from_iter([(answers.name.clone(), Value::from(cloud))]);
    Table::from_iter([("clouds".to_owned(), Value::from(clouds))])
}

proptest! {
    #[test]
    fn whatever_was_typed_is_read_back_as_the_same_values(answers in answers(), path: String) {
        let place = SecretPlace::File(path.clone());
        let place = answers.account.secret().map(|_| place);
        let text = text(&answers, place.as_ref());
        let read: Table = text.parse().map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(read, expected(&answers, &path));
    }

    #[test]
    fn a_quoted_text_is_one_line_and_means_the_same(typed: String) {
        let line = format!("key = {}", quoted(&typed));
        prop_assert_eq!(line.lines().count(), 1);
        let read: Table = line.parse().map_err(|error| TestCaseError::fail(format!("{error}\n{line}")))?;
        prop_assert_eq!(read["key"].as_str(), Some(typed.as_str()));
    }
}

#[test]
fn quotes_and_newlines_do_not_end_a_value() {
    let typed = "x\"\n[daemon]\nlisten = \"0.0.0.0:1\\";
    let answers = Answers {
        name: "a.b".to_owned(),
        account: Account::CloudsYaml {
            entry: typed.to_owned(),
            file: None,
        },
        region: None,
        ca_file: None,
        image: None,
        registry: None,
    };
    let read: Table = text(&answers, None).parse().unwrap();
    assert_eq!(read.keys().collect::<Vec<_>>(), ["clouds"]);
    assert_eq!(read["clouds"]["a.b"]["cloud"].as_str(), Some(typed));
}

#[test]
fn a_section_explains_itself_in_the_words_of_the_shipped_configuration() {
    let answers = Answers {
        name: "otc".to_owned(),
        account: Account::Huawei {
            auth_url: "https://iam.eu-de.otc.t-systems.com/v3".to_owned(),
            flavour: None,
            domain: Some("OTC".to_owned()),
            project: Project::Name("eu-de".to_owned()),
            login: HuaweiLogin::Password {
                user: "revokd".to_owned(),
            },
        },
        region: Some("eu-de".to_owned()),
        ca_file: None,
        image: None,
        registry: Some("https://swr-api.eu-de.otc.t-systems.com".to_owned()),
    };
    let place = SecretPlace::File("secrets/otc-password".to_owned());
    let text = text(&answers, Some(&place));
    let begin = "# Its user needs to manage the namespaces (SWR Admin)";
    assert!(text.starts_with(begin), "{text}");
    for remark in [
        "\n# The account, and the project whose images are watched.",
        "\n# flavour = \"open-telekom-cloud\"\n",
        "\n# concurrency = 8\n",
        "\n# batch_subjects = 100\n",
        "\n# The registry is often missing in the catalogue.",
        "\n# password, ak-sk or token.\nmethod = \"password\"\n",
        "\n# password_env = \"REVOKD_PASSWORD\"\npassword_file = \"secrets/otc-password\"\n",
    ] {
        assert!(text.contains(remark), "{remark:?} in:\n{text}");
    }
}
