//! SWR: `/v2/manage`.

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
    let problem = Problem::new(404, "SVCSTG.SWR.4040083", "The requested URL is not found");
    answers::registry(shared, &problem)
}
