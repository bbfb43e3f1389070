//! Which endpoint of a token's catalogue is a service in one region.

use std::collections::BTreeSet;

use url::Url;

use super::openstack::wire::{CatalogEndpoint, CatalogService};

/// Some clouds give services without a region this word for one.
const ANY_REGION: &str = "*";

/// The service of the first of `kinds` that the catalogue has, as it is written
/// there, or `None` where it has none of them. The error says in words for
/// people what the catalogue offers instead.
pub fn endpoint(
    catalog: &[CatalogService],
    kinds: &[&str],
    region: Option<&str>,
    interface: &str,
) -> Result<Option<Url>, String> {
    for kind in kinds {
        let services = catalog.iter().filter(|service| service.kind == *kind);
        let endpoints: Vec<&CatalogEndpoint> = services.flat_map(|service| &service.endpoints).collect();
        if !endpoints.is_empty() {
            return chosen(kind, &endpoints, region, interface).map(Some);
        }
    }
    Ok(None)
}

fn chosen(
    kind: &str,
    endpoints: &[&CatalogEndpoint],
    region: Option<&str>,
    interface: &str,
) -> Result<Url, String> {
    let offered = endpoints.iter().copied();
    let offered: Vec<&CatalogEndpoint> = offered
        .filter(|endpoint| endpoint.interface == interface)
        .collect();
    if offered.is_empty() {
        let interfaces = listed(endpoints.iter().map(|endpoint| endpoint.interface.as_str()));
        return Err(format!(
            "the {kind} service has no interface {interface:?}, only {interfaces}"
        ));
    }
    let endpoint = match region {
        Some(region) => in_region(kind, &offered, region)?,
        None => in_only_region(kind, &offered)?,
    };
    let url = Url::parse(&endpoint.url).ok().filter(|url| url.host().is_some());
    url.ok_or_else(|| format!("the {kind} service's endpoint in the catalogue is no URL"))
}

fn in_region<'a>(
    kind: &str,
    offered: &[&'a CatalogEndpoint],
    region: &str,
) -> Result<&'a CatalogEndpoint, String> {
    let exact = offered
        .iter()
        .find(|endpoint| region_of(endpoint) == Some(region));
    let found = exact.or_else(|| offered.iter().find(|endpoint| region_of(endpoint).is_none()));
    found.copied().ok_or_else(|| {
        let regions = listed(offered.iter().filter_map(|endpoint| region_of(endpoint)));
        format!("the {kind} service is not in region {region:?}, only in {regions}")
    })
}

fn in_only_region<'a>(kind: &str, offered: &[&'a CatalogEndpoint]) -> Result<&'a CatalogEndpoint, String> {
    let regions: BTreeSet<Option<&str>> = offered.iter().map(|endpoint| region_of(endpoint)).collect();
    if regions.len() > 1 {
        let regions = listed(regions.into_iter().flatten());
        return Err(format!(
            "the {kind} service is in several regions, set one of {regions}"
        ));
    }
    Ok(offered[0])
}

fn region_of(endpoint: &CatalogEndpoint) -> Option<&str> {
    let region = endpoint.region_id.as_deref().or(endpoint.region.as_deref());
    region.filter(|region| !region.is_empty() && *region != ANY_REGION)
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: BTreeSet<String> = words.map(|word| format!("{word:?}")).collect();
    words.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(interface: &str, region: &str, url: &str) -> CatalogEndpoint {
        CatalogEndpoint {
            interface: interface.to_owned(),
            region_id: (!region.is_empty()).then(|| region.to_owned()),
            region: None,
            url: url.to_owned(),
        }
    }

    fn catalogue(endpoints: Vec<CatalogEndpoint>) -> Vec<CatalogService> {
        let identity = CatalogService {
            kind: "identity".to_owned(),
            endpoints: vec![endpoint("public", "*", "https://iam.example/v3")],
        };
        let image = CatalogService {
            kind: "image".to_owned(),
            endpoints,
        };
        vec![identity, image]
    }

    fn endpoint_of(
        catalogue: &[CatalogService],
        region: Option<&str>,
        interface: &str,
    ) -> Result<Url, String> {
        super::endpoint(catalogue, &["image"], region, interface).map(Option::unwrap)
    }

    #[test]
    fn interface_and_region_choose() {
        let catalogue = catalogue(vec![
            endpoint("public", "one", "https://one.example"),
            endpoint("public", "two", "https://two.example/image/v2.1/"),
            endpoint("internal", "two", "https://inside.example"),
        ]);
        let root = |region, interface| endpoint_of(&catalogue, region, interface).map(String::from);
        assert_eq!(
            root(Some("two"), "public").as_deref(),
            Ok("https://two.example/image/v2.1/")
        );
        assert_eq!(
            root(Some("two"), "internal").as_deref(),
            Ok("https://inside.example/")
        );
        assert_eq!(
            root(None, "internal").as_deref(),
            Ok("https://inside.example/"),
            "the only region"
        );
        let several = root(None, "public").unwrap_err();
        assert!(several.ends_with(r#"set one of "one", "two""#), "{several}");
        let unknown = root(Some("three"), "public").unwrap_err();
        assert!(unknown.ends_with(r#"only in "one", "two""#), "{unknown}");
        let interface = root(Some("one"), "admin").unwrap_err();
        assert!(interface.ends_with(r#"only "internal", "public""#), "{interface}");
    }

    #[test]
    fn an_endpoint_of_no_region_serves_every_region() {
        for region in ["*", ""] {
            let catalogue = catalogue(vec![endpoint("public", region, "https://one.example")]);
            assert!(endpoint_of(&catalogue, Some("anywhere"), "public").is_ok());
            assert!(endpoint_of(&catalogue, None, "public").is_ok());
        }
    }

    #[test]
    fn a_catalogue_without_a_usable_service_is_told_apart() {
        assert_eq!(super::endpoint(&[], &["image"], None, "public"), Ok(None));
        let garbage = catalogue(vec![endpoint("public", "one", "not a url")]);
        assert!(
            endpoint_of(&garbage, None, "public")
                .unwrap_err()
                .contains("no URL")
        );
    }

    #[test]
    fn the_first_kind_that_is_there_counts() {
        let catalogue = catalogue(vec![endpoint("public", "one", "https://one.example")]);
        let found = super::endpoint(&catalogue, &["swrv2", "image", "identity"], None, "public");
        assert_eq!(found.unwrap().unwrap().as_str(), "https://one.example/");
    }
}
