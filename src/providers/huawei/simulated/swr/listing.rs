//! Lists of repositories and of the tags in one.

use axum::response::Response;
use serde_json::{Value, json};

use super::{
    Context, Doing, Problem,
    problems::{invalid, invalid_page_size, refused},
    query::{Page, Parameters},
    rows,
};
use crate::{
    providers::huawei::simulated::answers,
    simulator::{
        Direction,
        registry::{RepositoryOrder, RepositoryQuery, TagRecord},
    },
};

/// `GET /v2/manage/repos`
pub(super) fn own(context: &Context<'_>) -> Result<Response, Problem> {
    let (query, page, _) = read(context)?;
    let world = context.shared.world();
    let found = world.list_repositories(&context.actor, &query);
    let total = found.len();
    let row = |listed| rows::listed(context, &world, listed, false, total);
    Ok(paged(page, total, page.cut(found).into_iter().map(row).collect()))
}

/// `GET /v2/manage/shared-repositories`
pub(super) fn shared(context: &Context<'_>) -> Result<Response, Problem> {
    let (query, page, center) = read(context)?;
    let world = context.shared.world();
    let found: Vec<_> = match center.as_deref() {
        Some("self") => {
            let found = world.list_shared_out(&context.actor, &query).into_iter();
            found.map(|listed| (listed, false)).collect()
        }
        Some("thirdparty") => {
            let now = context.shared.now();
            let found = world.list_shared_in(&context.actor, &query).into_iter();
            found
                .map(|(listed, share)| (listed, share.is_valid(now)))
                .collect()
        }
        _ => return Err(invalid("center is self or thirdparty")),
    };
    let total = found.len();
    let row = |(listed, status)| rows::listed(context, &world, listed, status, total);
    Ok(paged(page, total, page.cut(found).into_iter().map(row).collect()))
}

/// `GET /v3/manage/repos`: a full page names a next one, even if it is empty.
pub(super) fn by_marker(context: &Context<'_>) -> Result<Response, Problem> {
    let parameters = Parameters::of_query(&context.incoming.query);
    let mut query = parameters.repositories(false)?;
    query.order = Some((RepositoryOrder::Id, Direction::Ascending));
    let number = |name: &str| parameters.get(name).map(str::parse::<i64>).transpose();
    let (limit, marker) = (number("limit"), number("marker"));
    let limit = match limit.map_err(|_| invalid_page_size())? {
        None => context.options().page_default,
        Some(limit) => usize::try_from(limit).unwrap_or(0),
    };
    let marker = marker.map_err(|_| invalid("marker is no number"))?.unwrap_or(0);
    if !(1..=context.options().page_max).contains(&limit) {
        return Err(invalid_page_size());
    }
    let world = context.shared.world();
    let mut found = world.list_repositories(&context.actor, &query);
    found.retain(|(_, repository)| repository.id() > marker);
    found.truncate(limit);
    let last = found.last().filter(|_| found.len() == limit);
    let next = last.map(|(_, repository)| repository.id());
    let repos: Vec<Value> = found
        .into_iter()
        .map(|listed| rows::listed_by_marker(&world, listed))
        .collect();
    let mut body = json!({ "repos": repos });
    if let Some(next) = next {
        body["nextMarker"] = next.into();
    }
    Ok(answers::json(200, &body))
}

/// `GET …/repos/{repository}/tags`
pub(super) fn tags(context: &Context<'_>, (namespace, name): (&str, &str)) -> Result<Response, Problem> {
    let plain = Parameters::of_query(&context.incoming.query);
    let filter = plain.filter()?;
    let parameters = filter.as_ref().unwrap_or(&plain);
    let page = parameters.page(context.options())?;
    let order = parameters.order_words()?;
    let world = context.shared.world();
    let shown = world.show_repository(&context.actor, namespace, name);
    let listed = shown.map_err(|refusal| refused(Doing::Repository, refusal))?;
    let wanted = |tag: &TagRecord| parameters.get("tag").is_none_or(|part| tag.name.contains(part));
    let numbered = listed.1.tags.iter().enumerate();
    let mut found: Vec<(usize, &TagRecord)> = numbered.filter(|(_, tag)| wanted(tag)).collect();
    match order.map(|(column, _)| column) {
        None | Some("updated_at") => found.sort_by_key(|(_, tag)| tag.updated_at),
        Some("tag") => found.sort_by_key(|(_, tag)| &tag.name),
        Some(_) => return Err(invalid("order_column is unknown")),
    }
    if order.is_none_or(|(_, direction)| direction == Direction::Descending) {
        found.reverse();
    }
    let total = found.len();
    let row = |(number, tag)| rows::tag(context, listed, number, tag);
    Ok(paged(page, total, page.cut(found).into_iter().map(row).collect()))
}

fn read(context: &Context<'_>) -> Result<(RepositoryQuery, Page, Option<String>), Problem> {
    let plain = Parameters::of_query(&context.incoming.query);
    let filter = plain.filter()?;
    let parameters = filter.as_ref().unwrap_or(&plain);
    let query = parameters.repositories(filter.is_some())?;
    let center = parameters.get("center").or_else(|| plain.get("center"));
    Ok((
        query,
        parameters.page(context.options())?,
        center.map(ToString::to_string),
    ))
}

fn paged(page: Page, total: usize, rows: Vec<Value>) -> Response {
    let range = page.content_range(rows.len(), total);
    answers::with_header(answers::json(200, &rows), "content-range", &range)
}
