//! One `[[policy.exempt]]`: what is spared, until when, and why.

use jiff::{Timestamp, civil, tz::TimeZone};
use toml::de::DeValue;

use super::{
    matcher::patterns,
    problem::Problem,
    reader::Table,
    registry_names::{Fault, Name, check_repository_id},
    value::Value,
};
use crate::{
    engine::{patterns::Patterns, policy::Exemption},
    model::{Kind, Service},
};

pub fn read(
    mut section: Table<'_>,
    kinds: &[Kind],
    zone: Option<&TimeZone>,
    now: Timestamp,
) -> Option<Exemption> {
    let subject = match kinds.iter().find(|kind| kind.subject().is_none()) {
        Some(kind) => {
            let message = format!("`subject` is about grants; kind `{kind}` has none");
            let hint = "spare an image by `resource` or `image.name`";
            section.refuse("subject", &message, Some(hint));
            None
        }
        None => section.take("subject").and_then(|value| patterns(&value)),
    };
    let resource = section
        .take("resource")
        .and_then(|value| resources(&value, kinds));
    let image_name = match kinds.iter().find(|kind| kind.service() != Service::Images) {
        Some(kind) => {
            let message = format!("`image` is about images of machines; kind `{kind}` has none");
            let hint = "spare a repository by `resource`: \"NAMESPACE/REPOSITORY\"";
            section.refuse("image", &message, Some(hint));
            None
        }
        None => image_name(&mut section),
    };
    let until = section.require("until", "an exemption always ends: until = 2027-01-31");
    let ends = until.as_ref().and_then(|value| end(value, zone?, now));
    let hint = "whoever reads it in a year will want to know why: reason = \"contract 4711\"";
    let reason = section.require("reason", hint).and_then(|value| value.text());
    if !["subject", "resource", "image"]
        .iter()
        .any(|key| section.has(key))
    {
        let hint = "name a `subject`, a `resource` or an `image.name`";
        let span = section.span.clone();
        section
            .sink
            .problem(span, "this exemption spares nothing", "no pattern", Some(hint));
    }
    section.finish();
    let (ends, until) = ends?;
    Some(Exemption {
        subject,
        resource,
        image_name,
        ends,
        until,
        reason: reason?.text.to_owned(),
    })
}

fn image_name(section: &mut Table<'_>) -> Option<Patterns> {
    let mut image = section.take("image")?.table("`image` of [[policy.exempt]]")?;
    let name = image.require("name", "name the image: image.name = \"golden-*\"");
    let name = name.and_then(|value| patterns(&value));
    image.finish();
    name
}

/// Ids of resources. One that no resource of the kinds can have would spare
/// nothing, and nobody would see it.
fn resources(value: &Value<'_>, kinds: &[Kind]) -> Option<Patterns> {
    let found = patterns(value)?;
    let mut all_good = true;
    for text in value.texts()? {
        if let Some(fault) = resource_fault(text.text, kinds) {
            fault.tell(&text);
            all_good = false;
        }
    }
    all_good.then_some(found)
}

/// Why none of the kinds has such a resource: what is wrong for the last.
fn resource_fault(pattern: &str, kinds: &[Kind]) -> Option<Fault> {
    let mut fault = None;
    for kind in kinds {
        let checked = match kind {
            Kind::NamespacePermission => Name::Namespace.check(pattern),
            Kind::RepositoryPermission | Kind::RepositoryShare => check_repository_id(pattern),
            Kind::ImageShare | Kind::Image => Ok(()),
        };
        fault = Some(checked.err()?);
    }
    fault
}

/// The first moment at which it no longer holds, and the words for it.
fn end(value: &Value<'_>, zone: &TimeZone, now: Timestamp) -> Option<(Timestamp, String)> {
    let DeValue::Datetime(written) = value.value else {
        let hint = "dates are written without quotes: until = 2027-01-31";
        value.problem(
            "`until` must be a date or a date with a time",
            "no date",
            Some(hint),
        );
        return None;
    };
    let written = written.to_string();
    let Some(ends) = moment_after(&written, zone) else {
        let hint = "give the day: until = 2027-01-31";
        value.problem(
            format!("`{written}` is no day of the calendar"),
            "no date",
            Some(hint),
        );
        return None;
    };
    if ends <= now {
        let place = value.sink.file.place(value.span.clone());
        let warning = Problem::at(place, "this exemption has ended and spares nothing any more");
        value.sink.warn(
            warning
                .label("in the past")
                .hint("remove it, or give it a new end"),
        );
    }
    Some((ends, written))
}

/// A bare date means through the end of that day in the policy's zone.
fn moment_after(written: &str, zone: &TimeZone) -> Option<Timestamp> {
    if !written.contains(':') {
        let day: civil::Date = written.parse().ok()?;
        return Some(day.tomorrow().ok()?.to_zoned(zone.clone()).ok()?.timestamp());
    }
    if let Ok(moment) = written.parse::<Timestamp>() {
        return Some(moment);
    }
    let local: civil::DateTime = written.parse().ok()?;
    Some(local.to_zoned(zone.clone()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_ends_with_its_day_in_the_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let after = |written| moment_after(written, &berlin).map(|moment| moment.to_string());
        assert_eq!(after("2027-01-31").as_deref(), Some("2027-01-31T23:00:00Z"));
        assert_eq!(
            after("2027-01-31T12:00:00").as_deref(),
            Some("2027-01-31T11:00:00Z")
        );
        assert_eq!(
            after("2027-01-31T12:00:00Z").as_deref(),
            Some("2027-01-31T12:00:00Z")
        );
        assert_eq!(after("12:00:00"), None);
        assert_eq!(after("9999-12-31"), None);
    }
}
