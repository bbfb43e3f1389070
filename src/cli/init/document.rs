//! The files around a section: the whole configuration where there is none yet,
//! and a policy to begin with. Pure.

use super::section::quoted;
use crate::config::shipped;

/// Where a package keeps the configuration, and the daemon's state.
const PACKAGED: &str = "/etc/revokd";
const PACKAGED_STORE: &str = "sqlite:/var/lib/revokd/revokd.db";
const SHIPPED_STORE: &str = "store = \"sqlite:revokd.db\"";

/// The policies' directory of a new configuration, beside it.
pub const POLICIES: &str = "policies";

/// What a new `revokd.toml` says before its first cloud. `schema` is where an
/// editor finds what the file may hold.
pub fn daemon(folder: &str, schema: Option<&str>) -> String {
    let text = shipped::config("127.0.0.1:9469", None, None);
    let store = match folder {
        PACKAGED => format!("store = {}", quoted(PACKAGED_STORE)),
        _ => SHIPPED_STORE.to_owned(),
    };
    let text = text.replacen(SHIPPED_STORE, &store, 1);
    directive(schema) + &without_examples_of_protection(&text)
}

/// The name of the starter policy of a cloud, and of its file.
pub fn policy_name(cloud: &str) -> String {
    const PREFIX: &str = "old-shares-";
    const LONGEST: usize = 63;
    let cloud: String = cloud.chars().take(LONGEST - PREFIX.len()).collect();
    format!("{PREFIX}{cloud}")
}

/// A policy that looks and removes nothing.
pub fn policy(cloud: &str, schema: Option<&str>) -> String {
    let (name, quoted_cloud) = (quoted(&policy_name(cloud)), quoted(cloud));
    let directive = directive(schema);
    format!(
        r#"{directive}# Shares of images that are older than 30 days. The mode `observe` decides,
# shows and counts, and removes nothing; see what it finds: revokd plan

[[policy]]
name        = {name}
description = "Shares of images that are older than 30 days; looked at, not removed."
schedule    = "0 6 * * *"             # every day at six
timezone    = "UTC"
clouds      = [{quoted_cloud}]
resource    = "image-share"
mode        = "observe"               # then "approve", then "enforce"

# All keys of a match must hold.
[policy.match]
granted_before = "30d"
# image.name   = "partner-*"

# Before it enforces: the most that one run may remove, and who is spared.
# [policy.limits]
# max_revocations = 20
# max_percent     = 10
#
# [[policy.exempt]]
# subject = "ID-OF-A-PROJECT"
# until   = 2099-12-31
# reason  = "why it keeps its share until then"
"#
    )
}

fn directive(schema: Option<&str>) -> String {
    schema.map_or_else(String::new, |schema| format!("#:schema {schema}\n\n"))
}

/// The shipped entries name things of a cloud that is nobody's.
fn without_examples_of_protection(text: &str) -> String {
    let mut is_inside = false;
    let mut kept = String::with_capacity(text.len() + 16);
    for line in text.lines() {
        is_inside |= line.starts_with("protect = [");
        if is_inside {
            kept.push_str("# ");
        }
        kept.push_str(line);
        kept.push('\n');
        is_inside &= line != "]";
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_configuration_protects_nothing_of_the_examples() {
        let text = daemon("/somewhere", None);
        let table: toml::Table = text.parse().unwrap();
        let daemon = table["daemon"].as_table().unwrap();
        assert!(!daemon.contains_key("protect") && text.contains("# protect = ["));
        assert_eq!(daemon["store"].as_str(), Some("sqlite:revokd.db"));
        assert_eq!(daemon["policies"].as_str(), Some(POLICIES));
        assert!(!table.contains_key("clouds"));
    }

    #[test]
    fn the_package_keeps_its_store_where_the_service_may_write() {
        let table: toml::Table = daemon("/etc/revokd", None).parse().unwrap();
        assert_eq!(table["daemon"]["store"].as_str(), Some(PACKAGED_STORE));
    }

    #[test]
    fn an_editor_is_told_of_the_schema_in_the_first_line() {
        assert!(daemon("/x", Some("/s.json")).starts_with("#:schema /s.json\n"));
        assert!(policy("c", Some("/p.json")).starts_with("#:schema /p.json\n"));
        assert!(policy("c", None).starts_with("# Shares"));
    }

    #[test]
    fn the_longest_name_of_a_cloud_still_gives_a_name_for_a_policy() {
        assert_eq!(policy_name(&"n".repeat(63)).len(), 63);
        assert_eq!(policy_name("prod"), "old-shares-prod");
    }
}
