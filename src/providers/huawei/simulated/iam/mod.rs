//! IAM: `/v3` and `/v3.0`.

use axum::response::Response;

use super::{
    Shared,
    answers::{self, Problem},
    dispatch::Incoming,
};

mod login;

pub(super) fn answer(shared: &Shared, incoming: &Incoming) -> Response {
    let answered = match (incoming.method.as_str(), incoming.segments().as_slice()) {
        ("POST", ["v3", "auth", "tokens"]) => login::log_in(shared, incoming),
        _ => return answers::gateway(&Problem::new(404, "APIGW.0101", "The API does not exist")),
    };
    answered.unwrap_or_else(|problem| answers::identity(shared, &problem))
}
