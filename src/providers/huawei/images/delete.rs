//! Deleting an image.

use reqwest::Method;

use super::{
    super::api::{Api, Ask, Service},
    image_path, outcome_of_one,
};
use crate::{
    model::{Id, Outcome},
    providers::calls::Operation,
};

/// Sends no body: the only thing that one can ask for is to destroy the backup
/// behind an image of a whole server as well. A protected image is refused, and
/// so is, on some clouds, one that is shared with a domain: its protection and
/// its shares are somebody else's to lift.
pub async fn delete(api: &Api, image: &Id) -> Outcome {
    let operation = Operation::DeleteImage;
    let path = match image_path(operation, image) {
        Ok(path) => path,
        Err(failure) => return Outcome::Failed(failure),
    };
    let ask = Ask {
        operation,
        method: Method::DELETE,
        service: Service::Images,
        path,
        query: Vec::new(),
        json: None,
    };
    outcome_of_one(api.send(&ask).await)
}
