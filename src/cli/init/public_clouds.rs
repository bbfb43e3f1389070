//! Addresses that follow from one another on the public clouds, so that nobody
//! has to look them up.

use url::Url;

/// Open Telekom Cloud or Huawei Cloud, at one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicCloud {
    pub flavour: &'static str,
    pub region: String,
    /// What the names of its hosts end with.
    suffix: &'static str,
}

pub const OPEN_TELEKOM_CLOUD: &str = "open-telekom-cloud";
pub const HUAWEI_CLOUD: &str = "huawei-cloud";

const SUFFIXES: &[(&str, &str)] = &[
    ("otc.t-systems.com", OPEN_TELEKOM_CLOUD),
    ("myhuaweicloud.com", HUAWEI_CLOUD),
    (EUROPEAN, HUAWEI_CLOUD),
];
/// Of the one region that has hosts of its own.
const EUROPEAN: &str = "myhuaweicloud.eu";
const EUROPEAN_REGION: &str = "eu-west-101";

impl PublicCloud {
    pub fn of(flavour: &str, region: &str) -> Option<PublicCloud> {
        let is_european = region == EUROPEAN_REGION;
        let fits = |suffix: &str| flavour != HUAWEI_CLOUD || (suffix == EUROPEAN) == is_european;
        let (suffix, flavour) = SUFFIXES
            .iter()
            .find(|(suffix, of)| *of == flavour && fits(suffix))?;
        Some(PublicCloud {
            flavour,
            region: region.to_owned(),
            suffix,
        })
    }

    /// What the address of an identity service says: `https://iam.REGION.…`.
    pub fn at(auth_url: &str) -> Option<PublicCloud> {
        let url = Url::parse(auth_url).ok()?;
        let host = url.host_str()?.strip_prefix("iam.")?;
        SUFFIXES.iter().find_map(|(suffix, flavour)| {
            let region = host.strip_suffix(suffix)?.strip_suffix('.')?;
            (!region.is_empty() && !region.contains('.')).then(|| PublicCloud {
                flavour,
                region: region.to_owned(),
                suffix,
            })
        })
    }

    pub fn auth_url(&self) -> String {
        format!("https://iam.{}.{}/v3", self.region, self.suffix)
    }

    pub fn registry(&self) -> String {
        format!("https://swr-api.{}.{}", self.region, self.suffix)
    }

    /// `None` where sources disagree on it: then it has to be given.
    pub fn images(&self) -> Option<String> {
        (self.suffix != EUROPEAN).then(|| format!("https://ims.{}.{}", self.region, self.suffix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_its_region_and_gives_the_other_addresses() {
        let cloud = PublicCloud::at("https://iam.eu-de.otc.t-systems.com/v3").unwrap();
        assert_eq!(
            (cloud.flavour, cloud.region.as_str()),
            (OPEN_TELEKOM_CLOUD, "eu-de")
        );
        assert_eq!(cloud.registry(), "https://swr-api.eu-de.otc.t-systems.com");
        assert_eq!(
            cloud.images().as_deref(),
            Some("https://ims.eu-de.otc.t-systems.com")
        );
        assert_eq!(PublicCloud::of(OPEN_TELEKOM_CLOUD, "eu-de"), Some(cloud));
    }

    #[test]
    fn the_one_european_region_has_hosts_of_its_own() {
        let cloud = PublicCloud::of(HUAWEI_CLOUD, "eu-west-101").unwrap();
        assert_eq!(cloud.auth_url(), "https://iam.eu-west-101.myhuaweicloud.eu/v3");
        assert_eq!(cloud.images(), None);
        let other = PublicCloud::of(HUAWEI_CLOUD, "cn-north-4").unwrap();
        assert_eq!(other.auth_url(), "https://iam.cn-north-4.myhuaweicloud.com/v3");
    }

    #[test]
    fn other_addresses_tell_nothing() {
        for address in [
            "https://keystone.example.com/v3",
            "https://iam.otc.t-systems.com/v3",
            "https://iam.eu-de.otc.t-systems.com.example.com/v3",
            "http://127.0.0.1:1/v3",
            "no address",
        ] {
            assert_eq!(PublicCloud::at(address), None, "{address}");
        }
    }
}
