//! Which endpoint of the catalogue is the image service of one region.

use std::collections::BTreeSet;

use url::Url;

use super::{
    address::versioned,
    wire::{CatalogEndpoint, CatalogService},
};

/// Some clouds give services without a region this word for one.
const ANY_REGION: &str = "*";

/// The root of the Image API v2. The error says in words for people what the
/// catalogue offers instead.
pub fn image_root(catalog: &[CatalogService], region: Option<&str>, interface: &str) -> Result<Url, String> {
    let services = catalog.iter().filter(|service| service.kind == "image");
    let endpoints: Vec<&CatalogEndpoint> = services.flat_map(|service| &service.endpoints).collect();
    if endpoints.is_empty() {
        return Err("the catalogue has no image service; set its endpoint in the configuration".to_owned());
    }
    let offered: Vec<&CatalogEndpoint> = endpoints
        .iter()
        .copied()
        .filter(|endpoint| endpoint.interface == interface)
        .collect();
    if offered.is_empty() {
        let interfaces = listed(endpoints.iter().map(|endpoint| endpoint.interface.as_str()));
        return Err(format!(
            "the image service has no interface {interface:?}, only {interfaces}"
        ));
    }
    let endpoint = match region {
        Some(region) => in_region(&offered, region)?,
        None => in_only_region(&offered)?,
    };
    let url = Url::parse(&endpoint.url).ok().filter(|url| url.host().is_some());
    let url = url.ok_or("the image service's endpoint in the catalogue is no URL")?;
    Ok(versioned(&url, "v2"))
}

fn in_region<'a>(offered: &[&'a CatalogEndpoint], region: &str) -> Result<&'a CatalogEndpoint, String> {
    let exact = offered
        .iter()
        .find(|endpoint| region_of(endpoint) == Some(region));
    let found = exact.or_else(|| offered.iter().find(|endpoint| region_of(endpoint).is_none()));
    found.copied().ok_or_else(|| {
        let regions = listed(offered.iter().filter_map(|endpoint| region_of(endpoint)));
        format!("the image service is not in region {region:?}, only in {regions}")
    })
}

fn in_only_region<'a>(offered: &[&'a CatalogEndpoint]) -> Result<&'a CatalogEndpoint, String> {
    let regions: BTreeSet<Option<&str>> = offered.iter().map(|endpoint| region_of(endpoint)).collect();
    if regions.len() > 1 {
        let regions = listed(regions.into_iter().flatten());
        return Err(format!(
            "the image service is in several regions, set one of {regions}"
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

    #[test]
    fn interface_and_region_choose() {
        let catalogue = catalogue(vec![
            endpoint("public", "one", "https://one.example"),
            endpoint("public", "two", "https://two.example/image/v2.1/"),
            endpoint("internal", "two", "https://inside.example"),
        ]);
        let root = |region, interface| image_root(&catalogue, region, interface).map(String::from);
        assert_eq!(
            root(Some("two"), "public").as_deref(),
            Ok("https://two.example/image/v2")
        );
        assert_eq!(
            root(Some("two"), "internal").as_deref(),
            Ok("https://inside.example/v2")
        );
        assert_eq!(
            root(None, "internal").as_deref(),
            Ok("https://inside.example/v2"),
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
            assert!(image_root(&catalogue, Some("anywhere"), "public").is_ok());
            assert!(image_root(&catalogue, None, "public").is_ok());
        }
    }

    #[test]
    fn a_catalogue_without_a_usable_image_service_is_named() {
        let error = image_root(&[], None, "public").unwrap_err();
        assert!(error.contains("no image service"), "{error}");
        let garbage = catalogue(vec![endpoint("public", "one", "not a url")]);
        assert!(
            image_root(&garbage, None, "public")
                .unwrap_err()
                .contains("no URL")
        );
    }
}
