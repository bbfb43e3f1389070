//! Whole files: what loads, and what every mistake looks like.

mod clouds;
mod huawei;
mod kinds;
mod mistakes;
mod no_panic;
mod people;
mod reading;
pub mod schema;
mod shipped;
mod wake_token;

use std::path::Path;

use super::{source::SourceFile, *};

const SMALLEST: &str = r#"
[clouds.one]
provider = "openstack"
auth_url = "https://keystone.example.com/v3"
project = "p"
[clouds.one.auth]
method = "password"
user = "u"
password_env = "SECRET"
"#;

const POLICY: &str = r#"
[[policy]]
name = "a"
description = "A."
schedule = "*/15 * * * *"
clouds = ["one"]
resource = "image-share"
match.granted_before = "30d"
"#;

/// Open Telekom Cloud; every policy of the registry needs such a cloud.
const HUAWEI: &str = r#"
[clouds.otc]
provider = "huawei"
auth_url = "https://iam.eu-de.otc.t-systems.com/v3"
region = "eu-de"
domain = "OTC-1"
project = "eu-de_sandbox"
[clouds.otc.auth]
method = "password"
user = "revoker"
password_env = "SECRET"
"#;

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn environment(name: &str) -> Option<String> {
    (name == "SECRET").then(|| "hunter2".to_owned())
}

fn compile_texts(config: &str, policies: &[&str]) -> Result<Loaded, Problems> {
    let policies = policies.iter().enumerate();
    let policies = policies
        .map(|(n, text)| SourceFile::new(format!("policies/{n}.toml"), *text))
        .collect();
    let config = SourceFile::new("revokd.toml", config);
    compile(
        Files::of_texts(Path::new("/nonexistent"), config, policies),
        now(),
        &environment,
    )
}

fn policy_compiled(policy: &str) -> Loaded {
    compile_texts(SMALLEST, &[policy]).unwrap_or_else(|problems| panic!("{problems}"))
}

/// `LINE:COLUMN message` of each problem.
fn told(problems: &Problems) -> Vec<String> {
    let one = |problem: &Problem| match &problem.place {
        Some(place) => {
            let (line, column) = place.line_and_column();
            format!("{}:{line}:{column} {}", problem.file, problem.message)
        }
        None => format!("{} {}", problem.file, problem.message),
    };
    problems.iter().map(one).collect()
}

fn mistakes_of(config: &str, policies: &[&str]) -> Vec<String> {
    told(&compile_texts(config, policies).expect_err("there is a mistake"))
}

fn huawei(cloud: &types::Cloud) -> &types::Huawei {
    match &cloud.provider {
        types::Provider::Huawei(huawei) => huawei,
        other => panic!("{other:?}"),
    }
}

fn openstack_login(cloud: &types::Cloud) -> &types::Auth {
    match &cloud.provider {
        types::Provider::OpenStack(auth) => auth,
        other => panic!("{other:?}"),
    }
}
