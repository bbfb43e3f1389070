//! `…/access` of namespaces and repositories.

use axum::response::Response;
use serde_json::json;

use super::{
    Context, Problem, done,
    problems::{Doing, invalid, invalid_level, invalid_user_name, refused},
};
use crate::{
    model::{Id, Level},
    providers::huawei::{
        simulated::answers,
        wire::swr::{Access, UserAuth, UserIds},
    },
    simulator::registry::{PermissionRow, Place},
};

pub(super) fn show(context: &Context<'_>, place: Place<'_>) -> Result<Response, Problem> {
    let (actor, options) = (&context.actor, context.options());
    let access = context.shared.world().read_access(actor, place);
    let access = access.map_err(|refusal| refused(doing(place), refusal))?;
    let (own, others): (Vec<PermissionRow>, Vec<PermissionRow>) =
        access.rows.into_iter().partition(|row| row.user == actor.user);
    let shown = UserAuth {
        user_id: actor.user.to_string(),
        user_name: actor.user_name.clone(),
        auth: number(access.own_level),
    };
    let self_auth = (!own.is_empty() || !options.nulls).then_some(shown);
    let own = own.into_iter().filter(|_| options.others_include_caller);
    let others: Vec<UserAuth> = own.chain(others).map(wire_row).collect();
    let body = Access {
        id: access.id,
        name: match place {
            Place::Namespace(name) | Place::Repository(_, name) => name.to_string(),
        },
        self_auth: self_auth.filter(|_| !options.hides_own_level),
        others_auths: (!others.is_empty() || !options.nulls).then_some(others),
    };
    let mut body = json!(body);
    if let Place::Namespace(_) = place {
        body["creator_name"] = access.creator_name.into();
    }
    Ok(answers::json(200, &body))
}

pub(super) fn grant(context: &Context<'_>, place: Place<'_>) -> Result<Response, Problem> {
    let rows = rows_of_body(context, doing(place))?;
    let granted = context
        .shared
        .world()
        .grant_permissions(&context.actor, place, rows);
    granted.map_err(|refusal| refused(doing(place), refusal))?;
    Ok(match place {
        Place::Namespace(_) => done(200),
        Place::Repository(..) => done(201),
    })
}

pub(super) fn change(context: &Context<'_>, place: Place<'_>) -> Result<Response, Problem> {
    let rows = rows_of_body(context, doing(place))?;
    let changed = context
        .shared
        .world()
        .change_permissions(&context.actor, place, rows);
    changed.map_err(|refusal| refused(doing(place), refusal))?;
    Ok(done(201))
}

pub(super) fn remove(context: &Context<'_>, place: Place<'_>) -> Result<Response, Problem> {
    let ids: UserIds = serde_json::from_slice(&context.incoming.body)
        .map_err(|_| invalid("the body is no array of user ids"))?;
    if ids.is_empty() || ids.iter().any(String::is_empty) {
        return Err(invalid("the body names no user"));
    }
    let users: Vec<Id> = ids.into_iter().map(Id::from).collect();
    let now = context.shared.now();
    let mut world = context.shared.world();
    let removed = world.remove_permissions(&context.actor, place, &users, now);
    removed.map_err(|refusal| refused(doing(place), refusal))?;
    Ok(done(204))
}

/// 7 manage, 3 write, 1 read.
pub(super) fn number(level: Level) -> i64 {
    match level {
        Level::Manage => 7,
        Level::Write => 3,
        Level::Read => 1,
    }
}

fn level(number: i64) -> Option<Level> {
    Level::ALL
        .iter()
        .copied()
        .find(|level| self::number(*level) == number)
}

fn doing(place: Place<'_>) -> Doing {
    match place {
        Place::Namespace(_) => Doing::NamespacePermission,
        Place::Repository(..) => Doing::RepositoryPermission,
    }
}

fn rows_of_body(context: &Context<'_>, doing: Doing) -> Result<Vec<PermissionRow>, Problem> {
    let rows: Vec<UserAuth> = serde_json::from_slice(&context.incoming.body)
        .map_err(|_| invalid("the body is no array of permissions"))?;
    if rows.is_empty() || rows.iter().any(|row| row.user_id.is_empty()) {
        return Err(invalid("the body names no user"));
    }
    let read = |row: UserAuth| {
        if row.user_name.is_empty() {
            return Err(invalid_user_name());
        }
        Ok(PermissionRow {
            user: Id::from(row.user_id),
            user_name: row.user_name,
            level: level(row.auth).ok_or_else(|| invalid_level(doing))?,
        })
    };
    rows.into_iter().map(read).collect()
}

fn wire_row(row: PermissionRow) -> UserAuth {
    UserAuth {
        user_id: row.user.to_string(),
        user_name: row.user_name,
        auth: number(row.level),
    }
}
