//! IMS: `/v1` and `/v2`.

use axum::response::Response;

use super::{
    Shared,
    answers::{self, Problem},
    dispatch::Incoming,
};

pub(super) fn answer(shared: &Shared, incoming: &Incoming) -> Response {
    if let Err(problem) = shared.caller(incoming) {
        return answers::gateway(&problem);
    }
    answers::gateway(&Problem::new(404, "APIGW.0101", "The API does not exist"))
}
