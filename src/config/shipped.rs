//! The examples in `config/`, as they are shipped. The demo and the simulator
//! write them out, leading to clouds of their own.

const CONFIG: &str = include_str!("../../config/revokd.toml");

/// Where the section of each cloud begins.
const EXAMPLE: &str = "\n# One section for each cloud.";
const REGISTRY: &str = "\n# A cloud with a container registry";

/// File names and texts, as they stand in `config/policies/`.
const POLICIES: &[(&str, &str)] = &[
    (
        "10-partner-shares.toml",
        include_str!("../../config/policies/10-partner-shares.toml"),
    ),
    (
        "15-people-who-left.toml",
        include_str!("../../config/policies/15-people-who-left.toml"),
    ),
    (
        "20-golden-images.toml",
        include_str!("../../config/policies/20-golden-images.toml"),
    ),
    (
        "30-expiry-dates.toml",
        include_str!("../../config/policies/30-expiry-dates.toml"),
    ),
    (
        "40-stale-images.toml",
        include_str!("../../config/policies/40-stale-images.toml"),
    ),
    (
        "50-observed.toml",
        include_str!("../../config/policies/50-observed.toml"),
    ),
    (
        "60-registry-leavers.toml",
        include_str!("../../config/policies/60-registry-leavers.toml"),
    ),
    (
        "70-registry-shares.toml",
        include_str!("../../config/policies/70-registry-shares.toml"),
    ),
    (
        "80-partner-images.toml",
        include_str!("../../config/policies/80-partner-images.toml"),
    ),
    (
        "90-old-images.toml",
        include_str!("../../config/policies/90-old-images.toml"),
    ),
    // No policy: the list that one of them names, beside it.
    ("leavers.csv", include_str!("../../config/policies/leavers.csv")),
];

/// What editors hold both kinds of files against, as it stands in
/// `config/schema/`; the first line of each shipped file leads there.
pub const SCHEMA_OF_REVOKD: &str = include_str!("../../config/schema/revokd.schema.json");
pub const SCHEMA_OF_POLICIES: &str = include_str!("../../config/schema/policies.schema.json");

/// File names and texts of a directory `schema` beside `revokd.toml`.
pub const SCHEMAS: &[(&str, &str)] = &[
    ("revokd.schema.json", SCHEMA_OF_REVOKD),
    ("policies.schema.json", SCHEMA_OF_POLICIES),
];

/// The secrets that the shipped configuration names, beside it.
pub const PASSWORD_FILE: &str = "example-password";
pub const REGISTRY_PASSWORD_FILE: &str = "registry-password";
/// Named in a remark on how to log in by an access key.
pub const REGISTRY_SECRET_KEY_FILE: &str = "registry-secret-key";

/// What stands in place of the shipped values in `[clouds.example]`.
pub struct Example<'a> {
    pub auth_url: &'a str,
    pub user: &'a str,
    pub project: &'a str,
}

/// What stands in place of the shipped values in `[clouds.registry]`.
pub struct Registry<'a> {
    pub auth_url: &'a str,
    pub registry_url: &'a str,
    pub image_url: &'a str,
    /// As written.
    pub flavour: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    pub user: &'a str,
    pub project: &'a str,
}

/// The shipped `revokd.toml` with the daemon's own address and what leads to
/// the clouds replaced, without the clouds that are `None`.
pub fn config(listen: &str, example: Option<&Example<'_>>, registry: Option<&Registry<'_>>) -> String {
    let (rest, of_registry) = cut(CONFIG, REGISTRY);
    let (daemon, of_example) = cut(rest, EXAMPLE);
    let listen = ("listen = \"127.0.0.1:9469\"", format!("listen = {listen:?}"));
    let mut text = replaced(daemon, &[listen]);
    if let Some(example) = example {
        text.push_str(&example_section(of_example, example));
    }
    if let Some(registry) = registry {
        text.push_str(&registry_section(of_registry, registry));
    }
    text
}

/// The shipped policies about no other clouds than these. What goes by lists of
/// people is about those with a registry.
pub fn policies(example: bool, registry: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_of = |text: &str, cloud: &str| text.contains(&format!("clouds      = [\"{cloud}\"]"));
    let policies = POLICIES.iter().copied();
    let is_about_people = |name: &str, text: &str| name.ends_with(".csv") || text.contains("\n[source.");
    policies.filter(move |(name, text)| {
        let needs_registry = is_of(text, "registry") || is_about_people(name, text);
        (example || !is_of(text, "example")) && (registry || !needs_registry)
    })
}

fn example_section(section: &str, example: &Example<'_>) -> String {
    let replacements = [
        ("\"https://keystone.example.com/v3\"", quoted(example.auth_url)),
        (
            "user        = \"revokd\"",
            format!("user        = {:?}", example.user),
        ),
        (
            "project        = \"images\"",
            format!("project        = {:?}", example.project),
        ),
        (
            "requests_per_second = 20\n",
            "# requests_per_second = 20\n".to_owned(),
        ),
    ];
    replaced(section, &replacements)
}

fn registry_section(section: &str, registry: &Registry<'_>) -> String {
    let replacements = [
        (
            "\"https://iam.eu-de.otc.t-systems.com/v3\"",
            quoted(registry.auth_url),
        ),
        (
            "\"https://swr-api.eu-de.otc.t-systems.com\"",
            quoted(registry.registry_url),
        ),
        (
            "\"https://ims.eu-de.otc.t-systems.com\"",
            quoted(registry.image_url),
        ),
        (
            "region   = \"eu-de\"",
            format!("region   = {:?}", registry.region),
        ),
        (
            "# flavour = \"open-telekom-cloud\"",
            format!("flavour = {:?}", registry.flavour),
        ),
        ("\"OTC-EU-DE-00000000001000000001\"", quoted(registry.account)),
        ("\"eu-de_images\"", quoted(registry.project)),
        (
            "user          = \"revokd\"",
            format!("user          = {:?}", registry.user),
        ),
    ];
    replaced(section, &replacements)
}

/// The text before the mark, and from the mark on.
fn cut<'a>(text: &'a str, mark: &str) -> (&'a str, &'a str) {
    text.split_at(text.find(mark).unwrap_or(text.len()))
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn replaced(text: &str, replacements: &[(&str, String)]) -> String {
    let text = text.to_owned();
    replacements
        .iter()
        .fold(text, |text, (old, new)| text.replace(old, new))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELSEWHERE: Example<'_> = Example {
        auth_url: "http://127.0.0.1:5000/v3",
        user: "somebody",
        project: "somewhere",
    };
    const REGISTRY_ELSEWHERE: Registry<'_> = Registry {
        auth_url: "http://127.0.0.1:5001/v3",
        registry_url: "http://127.0.0.1:5001",
        image_url: "http://127.0.0.1:5002",
        flavour: "huawei-cloud",
        region: "eu-west-101",
        account: "acct",
        user: "anybody",
        project: "anywhere",
    };

    #[test]
    fn every_place_that_leads_to_a_cloud_is_replaced() {
        let text = config("127.0.0.1:0", Some(&ELSEWHERE), Some(&REGISTRY_ELSEWHERE));
        for (old, new) in [
            ("keystone.example.com", "\"http://127.0.0.1:5000/v3\""),
            ("user        = \"revokd\"", "\"somebody\""),
            ("\"images\"", "\"somewhere\""),
            ("\"127.0.0.1:9469\"", "\"127.0.0.1:0\""),
            ("\nrequests_per_second", "# requests_per_second"),
            ("iam.eu-de.otc", "auth_url = \"http://127.0.0.1:5001/v3\""),
            ("swr-api", "swr = \"http://127.0.0.1:5001\""),
            ("ims.eu-de.otc", "# image = \"http://127.0.0.1:5002\""),
            ("open-telekom-cloud\"", "\nflavour = \"huawei-cloud\""),
            ("\"eu-de\"", "region   = \"eu-west-101\""),
            ("OTC-EU-DE", "domain  = \"acct\""),
            ("\"eu-de_images\"", "project = \"anywhere\""),
            ("user          = \"revokd\"", "\"anybody\""),
        ] {
            assert!(!text.contains(old), "{old} is still there");
            assert!(text.contains(new), "{new} is missing");
        }
    }

    #[test]
    fn a_cloud_that_is_not_wanted_is_left_out_with_its_policies() {
        let sections = |text: &str| {
            let of = |name: &str| text.contains(&format!("[clouds.{name}"));
            (of("example"), of("registry"))
        };
        let listen = "127.0.0.1:0";
        assert_eq!(sections(&config(listen, Some(&ELSEWHERE), None)), (true, false));
        let only_registry = config(listen, None, Some(&REGISTRY_ELSEWHERE));
        assert_eq!(sections(&only_registry), (false, true));
        assert!(only_registry.contains("[daemon.retry]"));
        for (example, registry, others) in [(true, false, "[\"registry\"]"), (false, true, "[\"example\"]")] {
            let written: Vec<_> = policies(example, registry).collect();
            assert!(!written.is_empty() && written.len() < POLICIES.len());
            assert!(written.iter().all(|(_, text)| !text.contains(others)));
        }
    }

    #[test]
    fn every_shipped_policy_file_is_known_here() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/policies");
        let mut known = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(
                policies(true, true).any(|policy| policy == (name, &text)),
                "{name}"
            );
            known += 1;
        }
        assert_eq!(known, POLICIES.len());
    }
}
