//! IMS: the images of one project, and the projects they are shared with.

use crate::{
    config::types::{CloudLimits, Huawei},
    model::{Failure, FailureClass, Id, Outcome},
    providers::{address::segment, calls::Operation, http::Answer, patience::Patience},
};

use super::{
    api::{Api, Refusal},
    endpoints::Differences,
};

mod batch;
mod collect;
mod delete;
mod job;
mod list;
mod look;
mod members;
mod pairs;
#[cfg(test)]
mod tests;
mod translate;

pub use self::{
    batch::{reach, remove_share, remove_shares},
    collect::{ImageView, collect},
    delete::delete,
    job::job,
    list::probe,
    look::look,
};

/// What more than this asked for in one page of images comes to is not
/// documented; it is also what the service gives unasked.
const MOST_IMAGES_A_PAGE: u32 = 500;
const MOST_MEMBERS_A_PAGE: u32 = 1000;

/// How the image service of one cloud wants to be asked.
#[derive(Clone, Debug)]
pub struct Habits {
    /// `enterprise_project_id` of the list of images; `None` sends none.
    enterprise_project: Option<String>,
    /// The word for all of them, where the flavour has one.
    all_enterprise_projects: Option<&'static str>,
    /// Rows asked for in one page.
    images_a_page: u32,
    /// `None` where the list of members is not known to be paged.
    members_a_page: Option<u32>,
    /// After which a listing is called endless.
    max_pages: u32,
    /// Member lists asked for at once.
    concurrency: usize,
}

impl Habits {
    pub fn of(huawei: &Huawei, limits: &CloudLimits, differences: &Differences) -> Habits {
        let members_a_page = limits.page_size.min(MOST_MEMBERS_A_PAGE);
        Habits {
            enterprise_project: huawei.enterprise_project.clone(),
            all_enterprise_projects: differences.all_enterprise_projects,
            images_a_page: limits.page_size.min(MOST_IMAGES_A_PAGE),
            members_a_page: differences.members_are_paged.then_some(members_a_page),
            max_pages: limits.max_pages,
            concurrency: limits.concurrency.max(1),
        }
    }
}

/// Reads with the eyes of the project `owner`.
#[derive(Clone, Copy)]
pub struct Lookout<'a> {
    pub api: &'a Api,
    pub habits: &'a Habits,
    pub owner: &'a Id,
    pub patience: Patience,
}

/// What a call about one thing found.
enum Found<T> {
    Here(T),
    /// Gone, or merely invisible.
    NotThere(Failure),
}

impl<T> Found<T> {
    /// A refusal that may mean that there is no such thing is no failure yet.
    fn or(refusal: Refusal) -> Result<Found<T>, Failure> {
        match refusal {
            Refusal::NotThere(failure) | Refusal::WrongId(failure) => Ok(Found::NotThere(failure)),
            Refusal::Failed(failure) => Err(failure),
        }
    }
}

/// What the answer to a call for a single target means. Any success is one,
/// whatever its body.
fn outcome_of_one(answer: Result<Answer, Refusal>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Accepted,
        Err(Refusal::NotThere(_) | Refusal::WrongId(_)) => Outcome::NotThere,
        Err(Refusal::Failed(failure)) => Outcome::Failed(failure),
    }
}

fn image_path(operation: Operation, image: &Id) -> Result<String, Failure> {
    Ok(format!(
        "/v2/images/{}",
        path_segment(operation, "image", image.as_str())?
    ))
}

fn path_segment(operation: Operation, what: &str, id: &str) -> Result<String, Failure> {
    segment(id).ok_or_else(|| {
        let detail = format!("{}: no path can hold the {what} id {id:?}", operation.step());
        Failure::new(FailureClass::Refused, detail)
    })
}

fn malformed(operation: Operation, why: &str) -> Failure {
    Failure::new(FailureClass::Malformed, format!("{}: {why}", operation.step()))
}
