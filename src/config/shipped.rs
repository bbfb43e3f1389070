//! The examples in `config/`, as they are shipped. The demo and the simulator
//! write them out, leading to a cloud of their own.

const CONFIG: &str = include_str!("../../config/revokd.toml");

/// Where the cloud with a registry begins, which the simulated one is not.
const REGISTRY: &str = "\n# A cloud with a container registry";

/// File names and texts, as they stand in `config/policies/`, but for those
/// about the cloud with a registry.
pub const POLICIES: &[(&str, &str)] = &[
    (
        "10-partner-shares.toml",
        include_str!("../../config/policies/10-partner-shares.toml"),
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
];

/// The secret that the shipped configuration names, beside it.
pub const PASSWORD_FILE: &str = "example-password";

/// The shipped `revokd.toml` with its first cloud, the account there and its
/// own address replaced, and without the cloud that has a registry.
pub fn for_cloud(auth_url: &str, user: &str, project: &str, listen: &str) -> String {
    let one_cloud = CONFIG.split(REGISTRY).next().unwrap_or(CONFIG);
    one_cloud
        .replace("\"https://keystone.example.com/v3\"", &format!("{auth_url:?}"))
        .replace("user        = \"revokd\"", &format!("user        = {user:?}"))
        .replace(
            "project        = \"images\"",
            &format!("project        = {project:?}"),
        )
        .replace("listen = \"127.0.0.1:9469\"", &format!("listen = {listen:?}"))
        .replace("requests_per_second = 20\n", "# requests_per_second = 20\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_that_leads_to_the_cloud_is_replaced() {
        let text = for_cloud("http://127.0.0.1:5000/v3", "somebody", "somewhere", "127.0.0.1:0");
        for (old, new) in [
            ("keystone.example.com", "\"http://127.0.0.1:5000/v3\""),
            ("\"revokd\"", "\"somebody\""),
            ("\"images\"", "\"somewhere\""),
            ("\"127.0.0.1:9469\"", "\"127.0.0.1:0\""),
            ("\nrequests_per_second", "# requests_per_second"),
            ("clouds.registry", "[clouds.example.auth]"),
        ] {
            assert!(!text.contains(old), "{old} is still there");
            assert!(text.contains(new), "{new} is missing");
        }
    }

    #[test]
    fn every_shipped_policy_file_is_known_here_or_about_the_registry() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/policies");
        let mut known = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_known = POLICIES.contains(&(name, &text));
            let about_registry = text.contains("clouds      = [\"registry\"]");
            assert!(is_known != about_registry, "{name}");
            known += usize::from(is_known);
        }
        assert_eq!(known, POLICIES.len());
    }
}
