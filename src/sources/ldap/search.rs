//! The search: page after page, until the directory says that there are no more.

use ldap3::{
    Ldap, ResultEntry, Scope,
    asn1::{StructureTag, parse_tag},
    controls::{Control, ControlType, PagedResults},
};

use super::{attributes::Attributes, person, words};
use crate::{config::people, model::Entry, sources::MOST_ENTRIES};

/// Of names and values together.
const MAX_BYTES: usize = 512 << 20;

/// Everybody whom the search finds.
///
/// The request sets no limit of size or time of its own: one that the directory
/// reaches could not be told from its own limits, and the `timeout` of the
/// source ends a read that takes too long by closing the connection.
///
/// # Errors
/// Whatever is less than the whole, with what to do about it.
pub async fn people(session: &mut Ldap, settings: &people::Ldap) -> Result<Vec<Entry>, String> {
    let attributes = person::attributes_needed(&settings.fields);
    let mut found = Found::default();
    let mut cookie = Vec::new();
    loop {
        // Not critical: a directory without paging that tells everybody at once
        // and calls it a success has told everybody.
        let page = PagedResults {
            size: i32::try_from(settings.page_size).unwrap_or(i32::MAX),
            cookie,
        };
        let searching = session.with_controls(page).streaming_search(
            &settings.base,
            Scope::Subtree,
            &settings.filter,
            attributes.as_slice(),
        );
        let mut results = searching.await.map_err(|error| found.broken(&error))?;
        while let Some(result) = results.next().await.map_err(|error| found.broken(&error))? {
            found.take(result, settings)?;
        }
        let end = results.finish().await;
        words::success(&format!("the search, after {},", found.count()), &end, &[])?;
        cookie = cookie_of(&end.ctrls)?;
        if cookie.is_empty() {
            return Ok(found.entries);
        }
    }
}

#[derive(Default)]
struct Found {
    entries: Vec<Entry>,
    bytes: usize,
}

impl Found {
    fn take(&mut self, result: ResultEntry, settings: &people::Ldap) -> Result<(), String> {
        // Only extensions that were not asked for send these.
        if result.is_intermediate() {
            return Ok(());
        }
        if result.is_ref() {
            return Err(reference(result.0));
        }
        let Some((dn, attributes)) = entry_of(result.0) else {
            return Err(format!(
                "the search, after {}, got an entry that is not LDAP",
                self.count()
            ));
        };
        self.bytes += dn.len() + attributes.bytes();
        if self.entries.len() == MOST_ENTRIES || self.bytes > MAX_BYTES {
            return Err(format!(
                "the search finds more than {MOST_ENTRIES} entries or {} MiB; narrow `base` or `filter`",
                MAX_BYTES >> 20
            ));
        }
        self.entries
            .push(person::entry(dn, &attributes, &settings.fields));
        Ok(())
    }

    fn broken(&self, error: &ldap3::LdapError) -> String {
        format!(
            "the search broke off after {}: {}",
            self.count(),
            words::of_error(error)
        )
    }

    fn count(&self) -> String {
        match self.entries.len() {
            1 => "1 entry".to_owned(),
            entries => format!("{entries} entries"),
        }
    }
}

/// Those behind it were not seen, and nothing tells whether they are people:
/// Active Directory refers to its zones of DNS wherever a search begins at the
/// top of a domain.
fn reference(result: StructureTag) -> String {
    let addresses = result.expect_constructed().unwrap_or_default().into_iter();
    let addresses = addresses.filter_map(StructureTag::expect_primitive);
    let addresses: Vec<String> = addresses
        .map(|address| String::from_utf8_lossy(&address).into_owned())
        .collect();
    format!(
        "the directory keeps a part of the tree elsewhere, at {}; name a narrower `base`, such as OU=people,…",
        words::referrals(&addresses)
    )
}

fn entry_of(result: StructureTag) -> Option<(String, Attributes)> {
    let mut parts = result.match_id(4)?.expect_constructed()?.into_iter();
    let dn = parts.next()?.expect_primitive()?;
    let dn = String::from_utf8_lossy(&dn).into_owned();
    Some((dn, Attributes::parse(parts.next()?)?))
}

/// Where the next page begins; empty: there is none.
fn cookie_of(controls: &[Control]) -> Result<Vec<u8>, String> {
    let paged = controls
        .iter()
        .find(|control| matches!(control.0, Some(ControlType::PagedResults)));
    let Some(Control(_, paged)) = paged else {
        return Ok(Vec::new());
    };
    let parse = |value: &[u8]| {
        let (_, sequence) = parse_tag(value).ok()?;
        let cookie = sequence.expect_constructed()?.into_iter().nth(1)?;
        cookie.expect_primitive()
    };
    let cookie = paged.val.as_deref().and_then(parse);
    cookie.ok_or_else(|| "the directory does not say whether another page follows".to_owned())
}
