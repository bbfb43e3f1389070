//! `GET /v2/images`: its many parameters, and its links.

use axum::response::Response;
use jiff::{Timestamp, civil, tz::TimeZone};
use url::form_urlencoded::{self, Serializer};

use super::{
    Shared,
    answers::{self, Problem},
    images::wire_image,
};
use crate::{
    model::{Id, MemberStatus, Visibility},
    providers::openstack::wire,
    simulator::{Actor, Direction, ListQuery, Refusal, SortKey, TimeField, TimeTest, VisibilityFilter},
};

type Parameters = Vec<(String, String)>;

pub(super) fn list(shared: &Shared, actor: &Actor, query: &str) -> Result<Response, Problem> {
    let parameters: Parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let query = parse(shared, &parameters)?;
    let mut world = shared.world();
    world.settle(shared.now());
    let rows = world.list_images(actor, &query).map_err(|refusal| {
        let marker = query.marker.as_ref().map_or("", Id::as_str);
        match refusal {
            Refusal::HiddenMarker => {
                Problem::new(403, format!("Forbidding request, image {marker} not visible"))
            }
            _ => Problem::new(400, format!("No image found with ID {marker}")),
        }
    })?;
    // A page that was read full has a successor, even if rows are dropped from
    // it, and even if nothing follows.
    let next_marker = rows.last().filter(|_| rows.len() == query.limit);
    let next_marker = next_marker.map(|row| row.id().to_string());
    let shown = rows
        .iter()
        .filter(|row| !shared.options.dropped_from_lists.contains(row.id()));
    let images = shown.map(|row| wire_image(row)).collect();
    drop(world);

    let mut kept = last_of_each(&parameters);
    let first = link(&kept);
    let next = next_marker.map(|marker| {
        kept.push(("marker".to_string(), marker));
        link(&kept)
    });
    let answer = wire::ImagesResponse {
        images,
        next,
        first: Some(first),
        schema: "/v2/schemas/images".to_string(),
    };
    Ok(answers::json(200, &answer))
}

/// The service builds its links from a table of the parameters, in which a
/// repeated one (`tag`) survives only once, with its last value.
fn last_of_each(parameters: &Parameters) -> Parameters {
    let mut kept: Parameters = Vec::new();
    for (key, value) in parameters.iter().filter(|(key, _)| key != "marker") {
        match kept.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => old.clone_from(value),
            None => kept.push((key.clone(), value.clone())),
        }
    }
    kept
}

fn link(parameters: &Parameters) -> String {
    if parameters.is_empty() {
        return "/v2/images".to_string();
    }
    format!(
        "/v2/images?{}",
        Serializer::new(String::new()).extend_pairs(parameters).finish()
    )
}

fn parse(shared: &Shared, parameters: &Parameters) -> Result<ListQuery, Problem> {
    let mut query = ListQuery {
        limit: shared.options.page_default.min(shared.options.page_max),
        member_status: Some(MemberStatus::Accepted),
        hidden: Some(false),
        sort: sorting(parameters)?,
        ..ListQuery::default()
    };
    for (key, value) in parameters {
        match key.as_str() {
            "limit" => query.limit = limit(value)?.min(shared.options.page_max),
            "marker" => query.marker = Some(Id::from(value.as_str())),
            "visibility" => query.visibility = visibility(value)?,
            "member_status" => query.member_status = member_status(value)?,
            "os_hidden" => query.hidden = Some(boolean(key, &value.to_lowercase())?),
            "protected" => query.protected = Some(boolean(key, value)?),
            "owner" => query.owner = Some(Id::from(value.as_str())),
            "tag" => query.tags.push(value.clone()),
            "id" => query.ids = one_of(value),
            "name" => query.names = one_of(value),
            "status" => query.statuses = one_of(value),
            "size_min" => query.size_min = Some(size(value)?),
            "size_max" => query.size_max = Some(size(value)?),
            "created_at" => query.times.push(time(TimeField::Created, value)?),
            "updated_at" => query.times.push(time(TimeField::Updated, value)?),
            "changes-since" => {
                return Err(bad("The \"changes-since\" filter is no longer available on v2."));
            }
            "sort" | "sort_key" | "sort_dir" => {}
            _ => query.properties.push((key.clone(), value.clone())),
        }
    }
    Ok(query)
}

fn limit(value: &str) -> Result<usize, Problem> {
    let limit: i64 = value.parse().map_err(|_| bad("limit param must be an integer"))?;
    usize::try_from(limit).map_err(|_| bad("limit param must be positive"))
}

fn visibility(value: &str) -> Result<VisibilityFilter, Problem> {
    if value == "all" {
        return Ok(VisibilityFilter::All);
    }
    let visibility = Visibility::parse(value).map(VisibilityFilter::Only);
    visibility.ok_or_else(|| bad(&format!("Invalid visibility value: {value}")))
}

fn member_status(value: &str) -> Result<Option<MemberStatus>, Problem> {
    if value == "all" {
        return Ok(None);
    }
    MemberStatus::parse(value)
        .map(Some)
        .ok_or_else(|| bad(&format!("Invalid status: {value}")))
}

fn boolean(key: &str, value: &str) -> Result<bool, Problem> {
    value.parse().map_err(|_| {
        bad(&format!(
            "Invalid value '{value}' for '{key}' filter. Valid values are 'true' or 'false'."
        ))
    })
}

fn size(value: &str) -> Result<u64, Problem> {
    value
        .parse()
        .map_err(|_| bad("Unable to filter on a range with a non-numeric value."))
}

/// `in:a,b` names several, each in quotes or not; all else names itself.
fn one_of(value: &str) -> Vec<String> {
    match value.strip_prefix("in:") {
        None => vec![value.to_string()],
        Some(list) => list
            .split(',')
            .map(|word| word.trim_matches('"').to_string())
            .collect(),
    }
}

fn time(field: TimeField, value: &str) -> Result<(TimeField, TimeTest, Timestamp), Problem> {
    if let Some(at) = moment(value) {
        return Ok((field, TimeTest::Equal, at));
    }
    let (operator, bound) = value.split_once(':').ok_or_else(|| bad("Invalid time format"))?;
    let test = match operator {
        "gt" => TimeTest::Greater,
        "gte" => TimeTest::GreaterOrEqual,
        "lt" => TimeTest::Less,
        "lte" => TimeTest::LessOrEqual,
        "eq" => TimeTest::Equal,
        "neq" => TimeTest::NotEqual,
        _ => return Err(bad("Unable to filter on a unknown operator.")),
    };
    let at = moment(bound).ok_or_else(|| bad(&format!("Bad \"{bound}\" query filter format.")))?;
    Ok((field, test, at))
}

fn moment(text: &str) -> Option<Timestamp> {
    let without_zone = || {
        let civil: civil::DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    text.parse().ok().or_else(without_zone)
}

fn sorting(parameters: &Parameters) -> Result<Vec<(SortKey, Direction)>, Problem> {
    let all = |name: &str| -> Vec<&str> {
        parameters
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    };
    let (joined, keys, directions) = (all("sort"), all("sort_key"), all("sort_dir"));
    let mut sort = Vec::new();
    if let Some(joined) = joined.last() {
        if !keys.is_empty() || !directions.is_empty() {
            return Err(bad("Old and new sorting syntax cannot be combined"));
        }
        for part in joined.split(',') {
            let (key, word) = part.split_once(':').unwrap_or((part, "desc"));
            let direction = direction(word)?;
            sort.extend(sort_key(key.trim())?.map(|key| (key, direction)));
        }
        return Ok(sort);
    }
    let only = match directions.as_slice() {
        [] => Some("desc"),
        [only] => Some(*only),
        several if several.len() == keys.len() => None,
        _ => return Err(bad("Number of sort dirs does not match the number of sort keys")),
    };
    let keys = if keys.is_empty() { vec!["created_at"] } else { keys };
    for (position, key) in keys.iter().enumerate() {
        let direction = direction(only.unwrap_or_else(|| directions[position]))?;
        sort.extend(sort_key(key)?.map(|key| (key, direction)));
    }
    // The default order has an index.
    let default = [(SortKey::CreatedAt, Direction::Descending)];
    Ok(if sort == default { Vec::new() } else { sort })
}

fn direction(word: &str) -> Result<Direction, Problem> {
    match word.trim() {
        "asc" => Ok(Direction::Ascending),
        "desc" => Ok(Direction::Descending),
        _ => Err(bad(&format!("Invalid sort direction: {word}"))),
    }
}

/// `None` for what is the same of all images.
fn sort_key(word: &str) -> Result<Option<SortKey>, Problem> {
    Ok(Some(match word {
        "name" => SortKey::Name,
        "status" => SortKey::Status,
        "size" => SortKey::Size,
        "id" => SortKey::Id,
        "created_at" => SortKey::CreatedAt,
        "updated_at" => SortKey::UpdatedAt,
        "container_format" | "disk_format" => return Ok(None),
        _ => {
            return Err(bad(&format!(
                "Invalid sort key: {word}. It must be one of the following: name, status, container_format, \
                 disk_format, size, id, created_at, updated_at."
            )));
        }
    }))
}

fn bad(message: &str) -> Problem {
    Problem::new(400, message)
}
