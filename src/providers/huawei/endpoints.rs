//! Where the services of one cloud are, and what differs between the clouds
//! that are built alike.

use url::{Host, Url};

use super::api::Service;
use crate::{
    config::types::{Cloud, Flavour},
    model::Endpoints,
    providers::{
        address::unversioned,
        catalogue::endpoint,
        http::{is_allowed, origin},
        openstack::wire::CatalogService,
    },
};

/// In what the clouds differ, as data.
#[derive(Debug)]
pub struct Differences {
    /// What follows the region in the names of the services' hosts.
    pub domains: &'static [&'static str],
    /// Whether member lists of images come in pages.
    pub members_are_paged: bool,
    /// The word of `enterprise_project_id` for all that the caller may see.
    pub all_enterprise_projects: Option<&'static str>,
    /// Whether a job can be asked for without its project. Where it can, the
    /// other call is on its way out.
    pub tells_progress_of_jobs: bool,
}

const HUAWEI_CLOUD: Differences = Differences {
    domains: &["myhuaweicloud.com", "myhuaweicloud.eu"],
    members_are_paged: true,
    all_enterprise_projects: Some("all_granted_eps"),
    tells_progress_of_jobs: true,
};
const OPEN_TELEKOM_CLOUD: Differences = Differences {
    domains: &["otc.t-systems.com"],
    members_are_paged: false,
    all_enterprise_projects: None,
    tells_progress_of_jobs: false,
};

pub fn differences(flavour: Flavour) -> &'static Differences {
    match flavour {
        Flavour::HuaweiCloud => &HUAWEI_CLOUD,
        Flavour::OpenTelekomCloud => &OPEN_TELEKOM_CLOUD,
    }
}

/// The addresses of the services, without a version in their paths. One that
/// cannot be found does not keep the others away: the text says why.
#[derive(Clone, Debug, PartialEq)]
pub struct Roots {
    pub identity: Url,
    pub images: Result<Url, String>,
    pub registry: Result<Url, String>,
}

impl Roots {
    /// What the configuration gives counts first, then the catalogue, then the
    /// region. `project_name` is the region, or begins with it.
    pub fn find(
        config: &Cloud,
        flavour: Flavour,
        catalog: &[CatalogService],
        project_name: Option<&str>,
    ) -> Roots {
        let finder = Finder {
            config,
            differences: differences(flavour),
            catalog,
            project_region: project_name.and_then(|name| name.split('_').next()),
        };
        Roots {
            identity: unversioned(&config.auth_url),
            images: finder.find(&IMAGES, config.endpoints.image.as_ref()),
            registry: finder.find(&REGISTRY, config.endpoints.registry.as_ref()),
        }
    }

    /// # Errors
    /// Why it is not known, for people.
    pub fn root(&self, service: Service) -> Result<&Url, &str> {
        let found = match service {
            Service::Identity => return Ok(&self.identity),
            Service::Images => &self.images,
            Service::Registry => &self.registry,
        };
        found.as_ref().map_err(String::as_str)
    }

    /// Which cloud it is, as far as it is known where it is.
    pub fn endpoints(&self) -> Endpoints {
        let text = |root: &Result<Url, String>| root.as_ref().ok().map(ToString::to_string);
        Endpoints {
            images: text(&self.images),
            registry: text(&self.registry),
        }
    }
}

impl AsRef<Roots> for Roots {
    fn as_ref(&self) -> &Roots {
        self
    }
}

/// What one service is called in three places.
struct Names {
    /// The key of the configuration's section of endpoints.
    key: &'static str,
    /// In the catalogue.
    kinds: &'static [&'static str],
    /// The first part of the host's name.
    host: &'static str,
}

const IMAGES: Names = Names {
    key: "image",
    kinds: &["image"],
    host: "ims",
};
const REGISTRY: Names = Names {
    key: "swr",
    kinds: &["swrv2", "swr"],
    host: "swr-api",
};

struct Finder<'a> {
    config: &'a Cloud,
    differences: &'static Differences,
    catalog: &'a [CatalogService],
    project_region: Option<&'a str>,
}

impl Finder<'_> {
    fn find(&self, names: &Names, given: Option<&Url>) -> Result<Url, String> {
        let found = match given {
            Some(url) => Ok(url.clone()),
            None => match self.in_catalogue(names)? {
                Some(url) => Ok(url),
                None => self.by_region(names).ok_or_else(|| {
                    let Names { key, host, .. } = names;
                    format!(
                        "it is not known where the service {host} is; set `{key}` in the cloud's endpoints"
                    )
                }),
            },
        }?;
        if !is_allowed(&found, self.config.allow_http) {
            return Err(format!(
                "the endpoint {} would carry secrets unencrypted; set `{}` in the cloud's endpoints, \
                 or `allow_http = true`",
                origin(&found),
                names.key
            ));
        }
        Ok(unversioned(&found))
    }

    fn in_catalogue(&self, names: &Names) -> Result<Option<Url>, String> {
        let Cloud {
            region, interface, ..
        } = self.config;
        let find = |region| endpoint(self.catalog, names.kinds, region, interface);
        let found = match (find(region.as_deref()), region, self.project_region) {
            // Of several regions, the project's is meant.
            (Err(why), None, Some(region)) => find(Some(region)).map_err(|_| why),
            (found, ..) => found,
        };
        let advice = |why| format!("{why}; set `{}` in the cloud's endpoints", names.key);
        found.map_err(advice)
    }

    /// `iam.REGION.DOMAIN` and `iam.DOMAIN` have `ims.REGION.DOMAIN` beside them.
    fn by_region(&self, names: &Names) -> Option<Url> {
        let Some(Host::Domain(host)) = self.config.auth_url.host() else {
            return None;
        };
        let rest = host.strip_prefix("iam.")?;
        let known = self.differences.domains.iter().copied();
        let known = known.filter_map(|domain| Some((rest.strip_suffix(domain)?, domain)));
        // The region may be missing from the host's name, but nothing else may stand there.
        let known = known.filter_map(|(before, domain)| match before.strip_suffix('.') {
            Some(region) if !region.contains('.') => Some((Some(region), domain)),
            None if before.is_empty() => Some((None, domain)),
            _ => None,
        });
        let (region_of_host, known_domain) = known.max().unzip();
        let region = self.config.region.as_deref();
        let region = region.or(region_of_host.flatten()).or(self.project_region)?;
        let domain = known_domain.or_else(|| rest.strip_prefix(region)?.strip_prefix('.'))?;
        Url::parse(&format!("https://{}.{region}.{domain}", names.host)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::types::{self, Auth, CloudLimits, Named, Provider},
        providers::openstack::wire::CatalogEndpoint,
    };

    fn cloud(auth_url: &str, region: Option<&str>) -> Cloud {
        Cloud {
            provider: Provider::OpenStack(Auth::Token {
                token: "t".into(),
                project: Named::Id("p".to_owned()),
            }),
            auth_url: Url::parse(auth_url).unwrap(),
            region: region.map(str::to_owned),
            interface: "public".to_owned(),
            endpoints: types::Endpoints::default(),
            allow_http: false,
            ca_file: None,
            limits: CloudLimits::default(),
        }
    }

    fn service(kind: &str, regions: &[(&str, &str)]) -> CatalogService {
        let endpoint = |(region, url): &(&str, &str)| CatalogEndpoint {
            interface: "public".to_owned(),
            region_id: Some((*region).to_owned()),
            region: None,
            url: (*url).to_owned(),
        };
        CatalogService {
            kind: kind.to_owned(),
            endpoints: regions.iter().map(endpoint).collect(),
        }
    }

    #[test]
    fn hosts_follow_from_the_region() {
        let otc = Flavour::OpenTelekomCloud;
        let huawei = Flavour::HuaweiCloud;
        for (flavour, auth_url, region, project, domain) in [
            (
                otc,
                "https://iam.eu-de.otc.t-systems.com/v3",
                None,
                None,
                Some("eu-de.otc.t-systems.com"),
            ),
            (
                otc,
                "https://iam.eu-de.otc.t-systems.com:443/v3",
                None,
                Some("eu-nl_x"),
                Some("eu-de.otc.t-systems.com"),
            ),
            (
                huawei,
                "https://iam.eu-west-101.myhuaweicloud.eu/v3",
                None,
                None,
                Some("eu-west-101.myhuaweicloud.eu"),
            ),
            (
                huawei,
                "https://iam.myhuaweicloud.com/v3",
                Some("cn-north-4"),
                None,
                Some("cn-north-4.myhuaweicloud.com"),
            ),
            (
                huawei,
                "https://iam.myhuaweicloud.com",
                None,
                Some("cn-north-4_team"),
                Some("cn-north-4.myhuaweicloud.com"),
            ),
            (huawei, "https://iam.myhuaweicloud.com", None, None, None),
            (
                huawei,
                "https://iam.r1.cloud.example/v3",
                Some("r1"),
                None,
                Some("r1.cloud.example"),
            ),
            (huawei, "https://iam.r1.cloud.example/v3", Some("r2"), None, None),
            (huawei, "https://iam.r1.cloud.example/v3", None, None, None),
            (
                otc,
                "https://iam-pub.eu-ch2.sc.otc.t-systems.com",
                Some("eu-ch2"),
                None,
                None,
            ),
            (
                otc,
                "https://iam.eu-ch2.sc.otc.t-systems.com",
                Some("eu-ch2"),
                None,
                Some("eu-ch2.sc.otc.t-systems.com"),
            ),
            (otc, "http://127.0.0.1:9/v3", Some("eu-de"), None, None),
        ] {
            let roots = Roots::find(&cloud(auth_url, region), flavour, &[], project);
            let expected = |host: &str| domain.map(|domain| format!("https://{host}.{domain}/"));
            assert_eq!(
                roots.images.clone().ok().map(String::from),
                expected("ims"),
                "{auth_url}"
            );
            assert_eq!(
                roots.registry.clone().ok().map(String::from),
                expected("swr-api"),
                "{auth_url}"
            );
            if let Err(why) = roots.registry {
                assert!(why.contains("set `swr` in the cloud's endpoints"), "{why}");
            }
        }
    }

    #[test]
    fn what_is_given_counts_before_the_catalogue_and_that_before_the_region() {
        let mut config = cloud("https://iam.eu-de.otc.t-systems.com/v3", None);
        let catalogue = [
            service(
                "image",
                &[
                    ("eu-de", "https://ims.eu-de.example/v2/"),
                    ("eu-nl", "https://ims.eu-nl.example"),
                ],
            ),
            service("swr", &[("*", "https://swr.example/x/v2.0")]),
        ];
        let find =
            |config: &Cloud| Roots::find(config, Flavour::OpenTelekomCloud, &catalogue, Some("eu-nl_team"));
        let roots = find(&config);
        assert_eq!(roots.images.unwrap().as_str(), "https://ims.eu-nl.example/");
        assert_eq!(roots.registry.unwrap().as_str(), "https://swr.example/x");
        config.region = Some("eu-de".to_owned());
        config.endpoints.registry = Some(Url::parse("https://given.example/").unwrap());
        let roots = find(&config);
        assert_eq!(roots.images.unwrap().as_str(), "https://ims.eu-de.example/");
        assert_eq!(roots.registry.unwrap().as_str(), "https://given.example/");
        config.region = Some("us".to_owned());
        let why = find(&config).images.unwrap_err();
        assert!(
            why.contains(r#"only in "eu-de", "eu-nl""#) && why.contains("set `image`"),
            "{why}"
        );
    }

    #[test]
    fn an_unencrypted_endpoint_is_refused_unless_allowed() {
        let mut config = cloud("https://iam.example", None);
        let catalogue = [service("image", &[("*", "http://ims.example")])];
        let find = |config: &Cloud| Roots::find(config, Flavour::HuaweiCloud, &catalogue, None).images;
        let why = find(&config).unwrap_err();
        assert!(why.contains("`allow_http = true`"), "{why}");
        config.allow_http = true;
        assert!(find(&config).is_ok());
    }
}
