//! The calls of the Image API v2 that revokd makes, each once, with ids as path
//! segments.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{
    api::{Api, Service},
    wire::{Image, Member, MembersResponse},
};
use crate::{
    model::{Caller, Failure, FailureClass, Id},
    providers::{
        address::{next_query, segment},
        calls::Operation,
        http::Answer,
    },
};

pub struct Glance(Arc<Api>);

/// One page of images. The rows are left as they came: one that cannot be
/// read shall not hide the others.
pub struct Page {
    pub rows: Vec<Value>,
    /// The query of the page after it.
    pub next: Option<String>,
}

/// What a call about one thing found.
pub enum Found<T> {
    Here(T),
    /// 404: gone, or merely invisible.
    NotThere(Failure),
}

#[derive(Deserialize)]
struct RawPage {
    images: Vec<Value>,
    next: Option<String>,
}

impl Glance {
    pub fn new(api: Arc<Api>) -> Glance {
        Glance(api)
    }

    pub async fn caller(&self) -> Result<Caller, Failure> {
        self.0.caller().await
    }

    /// The page of the list of images that `query` asks for.
    pub async fn list(&self, query: &str) -> Result<Page, Failure> {
        let (answer, url) = self
            .call(Operation::ListImages, Method::GET, "images", Some(query))
            .await?;
        let page: RawPage = answer.json(StatusCode::OK)?;
        let next = page
            .next
            .map(|link| next_query(&url, &link, "/v2/images"))
            .transpose();
        Ok(Page {
            rows: page.images,
            next: next.map_err(|why| answer.malformed(&why))?,
        })
    }

    pub async fn show(&self, image: &Id) -> Result<Found<Image>, Failure> {
        let path = image_path(Operation::ShowImage, image)?;
        let (answer, _) = self.call(Operation::ShowImage, Method::GET, &path, None).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(Found::NotThere(answer.failure()));
        }
        answer.json(StatusCode::OK).map(Found::Here)
    }

    pub async fn members(&self, image: &Id) -> Result<Found<Vec<Member>>, Failure> {
        let path = format!("{}/members", image_path(Operation::ListMembers, image)?);
        let (answer, _) = self
            .call(Operation::ListMembers, Method::GET, &path, None)
            .await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(Found::NotThere(answer.failure()));
        }
        let members: MembersResponse = answer.json(StatusCode::OK)?;
        Ok(Found::Here(members.members))
    }

    /// Ends one project's access. Any success is one, whatever its body.
    pub async fn remove_member(&self, image: &Id, project: &Id) -> Result<Found<()>, Failure> {
        let operation = Operation::RemoveMember;
        let image = image_path(operation, image)?;
        let project = path_segment(operation, "project", project)?;
        self.delete(operation, &format!("{image}/members/{project}"))
            .await
    }

    pub async fn delete_image(&self, image: &Id) -> Result<Found<()>, Failure> {
        let path = image_path(Operation::DeleteImage, image)?;
        self.delete(Operation::DeleteImage, &path).await
    }

    async fn call(
        &self,
        operation: Operation,
        method: Method,
        path: &str,
        query: Option<&str>,
    ) -> Result<(Answer, Url), Failure> {
        self.0.call(operation, Service::Images, method, path, query).await
    }

    async fn delete(&self, operation: Operation, path: &str) -> Result<Found<()>, Failure> {
        let (answer, _) = self.call(operation, Method::DELETE, path, None).await?;
        match answer.status {
            status if status.is_success() => Ok(Found::Here(())),
            StatusCode::NOT_FOUND => Ok(Found::NotThere(answer.failure())),
            _ => Err(answer.failure()),
        }
    }
}

fn image_path(operation: Operation, image: &Id) -> Result<String, Failure> {
    Ok(format!("images/{}", path_segment(operation, "image", image)?))
}

fn path_segment(operation: Operation, what: &str, id: &Id) -> Result<String, Failure> {
    segment(id.as_str()).ok_or_else(|| {
        let step = operation.step();
        let detail = format!("{step}: no path can hold the {what} id {:?}", id.as_str());
        Failure::new(FailureClass::Refused, detail)
    })
}
