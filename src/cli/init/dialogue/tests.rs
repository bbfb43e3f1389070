use std::collections::VecDeque;

use clap::Parser;
use secrecy::SecretString;

use super::*;
use crate::cli::init::ask::Nobody;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: Flags,
}

fn flags(arguments: &[&str]) -> Flags {
    let line = Line::try_parse_from([&["init"], arguments].concat());
    line.map_err(|error| error.to_string()).unwrap().flags
}

/// Somebody who says what was written down before, and notes what was asked.
#[derive(Default)]
struct Scripted {
    answers: VecDeque<&'static str>,
    asked: Vec<String>,
}

impl Scripted {
    fn next(&mut self, flag: &str) -> &'static str {
        self.asked.push(flag.to_owned());
        self.answers
            .pop_front()
            .unwrap_or_else(|| panic!("nothing to say about {flag}"))
    }
}

impl Ask for Scripted {
    fn text(&mut self, question: &Question<'_>) -> anyhow::Result<String> {
        let answer = match (self.next(question.flag), question.default) {
            ("", Some(default)) => default.to_owned(),
            (answer, _) => answer.to_owned(),
        };
        (question.check)(&answer).map_err(Usage)?;
        Ok(answer)
    }

    fn choice(&mut self, flag: &str, _: &str, options: &[&str]) -> anyhow::Result<usize> {
        let answer = self.next(flag);
        Ok(options
            .iter()
            .position(|option| *option == answer)
            .expect("one of the options"))
    }

    fn secret(&mut self, flag: &str, _: &str) -> anyhow::Result<SecretString> {
        Ok(SecretString::from(self.next(flag)))
    }

    fn confirm(&mut self, _: &str, default: bool) -> anyhow::Result<bool> {
        Ok(default)
    }

    fn consent(&mut self, flag: &str, _: &str) -> anyhow::Result<bool> {
        Ok(self.next(flag) == "yes")
    }
}

fn asked(arguments: &[&str], said: &[&'static str]) -> (Answers, Vec<String>) {
    let mut ask = Scripted {
        answers: said.iter().copied().collect(),
        asked: vec![],
    };
    let flags = flags(arguments);
    let name = name(&flags, &mut ask).unwrap();
    let answers = answers(&flags, name, Path::new("/etc/revokd"), &mut ask).unwrap();
    assert!(ask.answers.is_empty(), "not asked for: {:?}", ask.answers);
    (answers, ask.asked)
}

fn refused(arguments: &[&str]) -> String {
    let flags = flags(arguments);
    let ended = name(&flags, &mut Nobody)
        .and_then(|name| answers(&flags, name, Path::new("/etc/revokd"), &mut Nobody));
    let error = ended.unwrap_err();
    assert!(error.is::<Usage>(), "{error}");
    error.to_string()
}

#[test]
fn somebody_who_gives_no_flag_is_asked_for_everything() {
    let said = [
        "prod",
        "OpenStack",
        "https://keystone.example.com/v3",
        "",
        "a user and a password",
        "revokd",
        "",
        "images",
        "Partners",
        "",
    ];
    let (answers, asked) = asked(&[], &said);
    let expected = Answers {
        name: "prod".to_owned(),
        account: Account::OpenStack {
            auth_url: "https://keystone.example.com/v3".to_owned(),
            login: OpenStackLogin::Password {
                user: "revokd".to_owned(),
                user_domain: "Default".to_owned(),
                project: Project::Name("images".to_owned()),
                project_domain: "Partners".to_owned(),
            },
        },
        region: None,
        ca_file: None,
        image: None,
        registry: None,
    };
    assert_eq!(answers, expected);
    assert_eq!(asked.last().map(String::as_str), Some("--ca-file"));
}

#[test]
fn on_a_public_cloud_the_addresses_follow_from_the_region() {
    let said = [
        "Open Telekom Cloud",
        "eu-de",
        "",
        "an access key (AK/SK)",
        "AK",
        "eu-de",
        "OTC-1",
        "",
    ];
    let (answers, _) = asked(&["otc"], &said);
    let Account::Huawei {
        auth_url,
        flavour,
        domain,
        ..
    } = &answers.account
    else {
        panic!("{answers:?}")
    };
    assert_eq!(auth_url, "https://iam.eu-de.otc.t-systems.com/v3");
    assert_eq!((flavour, domain.as_deref()), (&None, Some("OTC-1")));
    assert_eq!(
        answers.registry.as_deref(),
        Some("https://swr-api.eu-de.otc.t-systems.com")
    );
    assert_eq!(
        answers.image.as_deref(),
        Some("https://ims.eu-de.otc.t-systems.com")
    );
    assert_eq!(answers.region.as_deref(), Some("eu-de"));
}

#[test]
fn the_region_follows_from_the_address() {
    let arguments = [
        "hwc",
        "--provider=huawei",
        "--auth-url=https://iam.cn-north-4.myhuaweicloud.com/v3",
        "--domain=acct",
        "--user=revokd",
        "--project-id=p1",
    ];
    let flags = flags(&arguments);
    let answers = answers(&flags, "hwc".to_owned(), Path::new("/etc/revokd"), &mut Nobody).unwrap();
    assert_eq!(answers.region.as_deref(), Some("cn-north-4"));
    assert_eq!(
        answers.registry.as_deref(),
        Some("https://swr-api.cn-north-4.myhuaweicloud.com")
    );
}

#[test]
fn a_flavour_is_written_only_where_the_address_does_not_tell_it() {
    let told = |address: &'static str| {
        let address = format!("--auth-url={address}");
        let arguments = [
            "c",
            "--provider=open-telekom-cloud",
            "--region=eu-de",
            &address,
            "--domain=acct",
            "--user=revokd",
            "--project=p",
            "--swr=https://swr.example.com",
        ];
        let flags = flags(&arguments);
        let answers = answers(&flags, "c".to_owned(), Path::new("/x"), &mut Nobody).unwrap();
        let Account::Huawei { flavour, .. } = answers.account else {
            panic!("not Huawei")
        };
        flavour
    };
    assert_eq!(told("https://iam.eu-de.otc.t-systems.com/v3"), None);
    assert_eq!(told("http://127.0.0.1:1/v3").as_deref(), Some(OPEN_TELEKOM_CLOUD));
}

#[test]
fn where_nobody_can_be_asked_the_missing_flag_is_named() {
    assert!(refused(&[]).starts_with("the NAME of the cloud is missing"));
    assert!(refused(&["c"]).starts_with("--provider is missing"));
    assert!(refused(&["c", "--provider=openstack"]).starts_with("--auth-url is missing"));
    let openstack = ["c", "--provider=openstack", "--auth-url=https://k.example.com/v3"];
    assert!(refused(&openstack).starts_with("--method is missing"));
    let with_user = [&openstack[..], &["--user=u"]].concat();
    assert!(refused(&with_user).starts_with("--project or --project-id is missing"));
    assert!(refused(&["c", "--provider=huawei"]).starts_with("--region is missing"));
    let otc = [
        "c",
        "--provider=open-telekom-cloud",
        "--region=eu-de",
        "--user=u",
        "--project=p",
    ];
    assert!(refused(&otc).starts_with("--domain is missing"));
}

#[test]
fn what_cannot_be_is_refused_as_such() {
    assert!(refused(&["a/b", "--provider=openstack"]).contains("names are up to 63"));
    let no_address = ["c", "--provider=openstack", "--auth-url=keystone"];
    assert!(refused(&no_address).contains("this is no address"));
    let openstack = ["c", "--provider=openstack", "--auth-url=https://k.example.com/v3"];
    assert!(refused(&[&openstack[..], &["--method=ak-sk"]].concat()).contains("not for OpenStack"));
    let otc = ["c", "--provider=open-telekom-cloud", "--region=eu-de"];
    let credential = [&otc[..], &["--method=application-credential"]].concat();
    assert!(refused(&credential).contains("not for Huawei Cloud"));
}
