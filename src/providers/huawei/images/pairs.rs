//! Single shares of an image whose member list the cloud does not show.
//!
//! Some clouds call an image private once its last share has ended, and show
//! no list of a private image. Whether a share is gone is then for the pair
//! itself to tell: without an answer about it nothing is.

use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Method, StatusCode};

use super::{
    super::{
        api::{Ask, Refusal, Service},
        wire::ims,
    },
    Lookout, image_path,
    members::{Membership, is_shared},
    path_segment,
};
use crate::{
    model::{Failure, FailureClass, Id},
    providers::calls::Operation,
};

/// What an image service says of a pair, whether there is one or not, while
/// the image is not shared: the share may sleep, and wake with the image.
const SLEEPS: &str = "only shared images have members";

/// What the cloud says of one pair.
enum Pair {
    Here(Box<ims::Member>),
    NotThere,
    /// It does not say.
    Untold,
}

impl Lookout<'_> {
    /// The shares of `subjects` among the members of an image that was seen as
    /// private and the owner's; the other members stay unknown. `NotShared`
    /// where one of them cannot be told.
    pub async fn pairs(self, image: &Id, subjects: &[Id]) -> Result<Membership, Failure> {
        if subjects.is_empty() {
            return Ok(Membership::NotShared);
        }
        let questions = subjects.iter().cloned();
        let questions = questions.map(async |subject| self.pair(image, &subject).await);
        let answers: Vec<Pair> = stream::iter(questions)
            .buffered(self.habits.concurrency)
            .try_collect()
            .await?;
        let mut rows = Vec::new();
        for answer in answers {
            match answer {
                Pair::Here(row) => rows.push(*row),
                Pair::NotThere => {}
                Pair::Untold => return Ok(Membership::NotShared),
            }
        }
        // Of an image that these calls do not see they know no pair either.
        match self.is_seen_alone(image).await? {
            true => Ok(Membership::Members(rows)),
            false => Ok(match self.find(image).await? {
                None => Membership::Gone,
                Some(_) => Membership::NotShared,
            }),
        }
    }

    async fn pair(self, image: &Id, subject: &Id) -> Result<Pair, Failure> {
        let operation = Operation::ListMembers;
        let subject = path_segment(operation, "project", subject.as_str())?;
        let path = format!("{}/members/{subject}", image_path(operation, image)?);
        match self.api.send(&show(operation, path)).await {
            Ok(answer) => {
                let row = answer.json(StatusCode::OK)?;
                Ok(Pair::Here(Box::new(row)))
            }
            Err(Refusal::NotThere(failure) | Refusal::WrongId(failure)) => {
                let sleeps = failure.detail.to_lowercase().contains(SLEEPS);
                Ok(if sleeps { Pair::Untold } else { Pair::NotThere })
            }
            Err(Refusal::Failed(failure)) if failure.class == FailureClass::Refused => Ok(Pair::Untold),
            Err(Refusal::Failed(failure)) => Err(failure),
        }
    }

    /// Whether the call that the pairs hang on shows the image, private and
    /// the owner's: the list can show images that it does not.
    async fn is_seen_alone(self, image: &Id) -> Result<bool, Failure> {
        let operation = Operation::ShowImage;
        match self
            .api
            .send(&show(operation, image_path(operation, image)?))
            .await
        {
            Ok(answer) => {
                let row: ims::Image = answer.json(StatusCode::OK)?;
                let is_it = row.id == image.as_str() && row.owner == self.owner.as_str();
                Ok(is_it && row.visibility == "private" && !is_shared(&row))
            }
            Err(Refusal::NotThere(_) | Refusal::WrongId(_)) => Ok(false),
            Err(Refusal::Failed(failure)) if failure.class == FailureClass::Refused => Ok(false),
            Err(Refusal::Failed(failure)) => Err(failure),
        }
    }
}

fn show(operation: Operation, path: String) -> Ask<'static> {
    Ask {
        operation,
        method: Method::GET,
        service: Service::Images,
        path,
        query: Vec::new(),
        json: None,
    }
}
