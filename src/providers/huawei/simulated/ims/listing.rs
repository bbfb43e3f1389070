//! `GET /v2/cloudimages`, and `GET /v2/images` as Glance has it.

use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::{
    bad_parameter,
    image::{ENTERPRISE_PROJECT, enterprise_project, image_type, visibility, wire_image},
    parameters, problem,
};
use crate::{
    model::{Id, MemberStatus, Visibility},
    providers::huawei::{
        simulated::{
            Shared,
            answers::{self, Problem},
        },
        wire::ims::{ImageList, PageInfo},
    },
    simulator::{Actor, Direction, ImageRecord, ListQuery, SortKey, TimeField, TimeTest},
};

/// What this service asks of an image beyond what Glance does.
#[derive(Default)]
struct Also {
    visibility: Option<Visibility>,
    image_type: Option<String>,
    /// `None` for all of them.
    enterprise_project: Option<String>,
}

impl Also {
    fn holds(&self, record: &ImageRecord) -> bool {
        self.visibility.is_none_or(|wanted| wanted == visibility(record))
            && self
                .image_type
                .as_ref()
                .is_none_or(|wanted| wanted == image_type(record))
            && self
                .enterprise_project
                .as_ref()
                .is_none_or(|wanted| wanted == enterprise_project(record))
    }
}

/// There is no next link, and on one flavour nothing that tells of more at all.
pub(super) fn list(shared: &Shared, actor: &Actor, query: &str) -> Result<Response, Problem> {
    let parameters = parameters(query);
    let (query, mut also) = parse(shared, &parameters, shared.options.image_page_default)?;
    also.enterprise_project = wanted_enterprise_project(shared, &parameters);
    let (images, last) = page(shared, actor, &query, &also)?;
    let page_info = last
        .filter(|_| !shared.is_open_telekom_cloud())
        .map(|last| PageInfo {
            next_marker: Some(last),
            current_count: None,
        });
    Ok(answers::json(200, &ImageList { images, page_info }))
}

/// Of accounts with enterprise projects only the default one is listed, unless
/// asked otherwise; one flavour has none of this.
fn wanted_enterprise_project(shared: &Shared, parameters: &[(String, String)]) -> Option<String> {
    if shared.is_open_telekom_cloud() {
        return None;
    }
    let mut given = parameters.iter().filter(|(key, _)| key == ENTERPRISE_PROJECT);
    match given.next() {
        Some((_, value)) if value == "all_granted_eps" => None,
        Some((_, value)) => Some(value.clone()),
        None => Some("0".to_string()),
    }
}

pub(super) fn list_natively(shared: &Shared, actor: &Actor, query: &str) -> Result<Response, Problem> {
    let mut parameters = parameters(query);
    let (query, also) = parse(shared, &parameters, shared.options.native_image_page_default)?;
    let (images, last) = page(shared, actor, &query, &also)?;
    parameters.retain(|(key, _)| key != "marker");
    let link = |parameters: &[(String, String)]| match parameters {
        [] => "/v2/images".to_string(),
        _ => format!(
            "/v2/images?{}",
            Serializer::new(String::new()).extend_pairs(parameters).finish()
        ),
    };
    let mut body = json!({
        "images": images,
        "first": link(&parameters),
        "schema": "/v2/schemas/images",
    });
    if let Some(last) = last {
        parameters.push(("marker".to_string(), last));
        body["next"] = link(&parameters).into();
    }
    Ok(answers::json(200, &body))
}

/// The rows, and the marker of the next page if this one is full.
fn page(
    shared: &Shared,
    actor: &Actor,
    query: &ListQuery,
    also: &Also,
) -> Result<(Vec<Value>, Option<String>), Problem> {
    let mut world = shared.world();
    world.settle(shared.now());
    let listed = world.list_images_where(actor, query, |record| also.holds(record));
    let rows = listed.map_err(|refusal| problem(shared, &refusal, "", ""))?;
    let last = rows.last().filter(|_| rows.len() == query.limit);
    let last = last.map(|row| row.id().to_string());
    let form = |row: &&ImageRecord| {
        serde_json::to_value(wire_image(shared, row))
            .map_err(|error| Problem::new(500, "IMG.0061", error.to_string()))
    };
    let rows: Result<Vec<Value>, Problem> = rows.iter().map(form).collect();
    Ok((rows?, last))
}

/// Of a parameter given twice the last one counts; what the world's images do
/// not know of is asked of their properties.
fn parse(
    shared: &Shared,
    parameters: &[(String, String)],
    page_default: usize,
) -> Result<(ListQuery, Also), Problem> {
    let most = shared.options.image_page_max;
    let mut query = ListQuery {
        limit: page_default.min(most),
        member_status: Some(MemberStatus::Accepted),
        ..ListQuery::default()
    };
    let mut also = Also::default();
    let (mut key, mut direction) = (None, Direction::Descending);
    for (name, value) in parameters {
        let bad = || bad_parameter(name);
        match name.as_str() {
            "limit" => query.limit = value.parse::<usize>().map_err(|_| bad())?.min(most),
            "marker" => query.marker = Some(Id::from(value.as_str())),
            "id" => query.ids = vec![value.clone()],
            "name" => query.names = vec![value.clone()],
            "owner" => query.owner = Some(Id::from(value.as_str())),
            "status" => query.statuses = vec![value.clone()],
            "tag" => query.tags = vec![value.clone()],
            "protected" => query.protected = Some(value.to_lowercase().parse().map_err(|_| bad())?),
            "visibility" => also.visibility = Some(Visibility::parse(value).ok_or_else(bad)?),
            "member_status" => query.member_status = Some(MemberStatus::parse(value).ok_or_else(bad)?),
            "__imagetype" => also.image_type = Some(value.clone()),
            "created_at" => query.times.push(time(TimeField::Created, value).ok_or_else(bad)?),
            "updated_at" => query.times.push(time(TimeField::Updated, value).ok_or_else(bad)?),
            "sort_key" => key = Some(sort_key(value).ok_or_else(bad)?),
            "sort_dir" => direction = sort_direction(value).ok_or_else(bad)?,
            // All images are registered, and none is of a whole server.
            ENTERPRISE_PROJECT | "__isregistered" | "__whole_image" => {}
            _ => query.properties.push((name.clone(), value.clone())),
        }
    }
    // The default order has an index.
    let key = key.unwrap_or(SortKey::CreatedAt);
    if (key, direction) != (SortKey::CreatedAt, Direction::Descending) {
        query.sort = vec![(key, direction)];
    }
    Ok((query, also))
}

fn time(field: TimeField, value: &str) -> Option<(TimeField, TimeTest, Timestamp)> {
    let (operator, bound) = value.split_once(':')?;
    let test = match operator {
        "gt" => TimeTest::Greater,
        "gte" => TimeTest::GreaterOrEqual,
        "lt" => TimeTest::Less,
        "lte" => TimeTest::LessOrEqual,
        "eq" => TimeTest::Equal,
        "neq" => TimeTest::NotEqual,
        _ => return None,
    };
    Some((field, test, bound.parse().ok()?))
}

fn sort_key(word: &str) -> Option<SortKey> {
    Some(match word {
        "name" => SortKey::Name,
        "status" => SortKey::Status,
        "id" => SortKey::Id,
        "size" => SortKey::Size,
        "created_at" => SortKey::CreatedAt,
        "updated_at" => SortKey::UpdatedAt,
        _ => return None,
    })
}

fn sort_direction(word: &str) -> Option<Direction> {
    match word {
        "asc" => Some(Direction::Ascending),
        "desc" => Some(Direction::Descending),
        _ => None,
    }
}
