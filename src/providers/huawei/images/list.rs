//! The list of images, which is also how a single one is looked up: an id that
//! nobody knows gives an empty list.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{
    super::{
        api::{Api, Ask, Refusal, Service},
        wire::ims::ImageList,
    },
    Lookout,
};
use crate::{
    model::{Failure, Id},
    providers::calls::Operation,
};

/// One page of images. The rows are left as they came: one that cannot be read
/// shall not hide the others.
pub struct Page {
    pub rows: Vec<Value>,
    /// The marker of the page after it. There always is one after a page with
    /// rows: a short page is no end.
    pub next: Option<String>,
}

/// Who must have an image for a look-up to find it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// What the configured enterprise project shows, whoever owns it.
    Visible,
    /// The owner's images in every enterprise project.
    Owned,
}

impl Lookout<'_> {
    /// The owner's images after `marker`, by id: the other orders shift while
    /// images come and go.
    pub async fn page(self, marker: Option<&str>) -> Result<Page, Failure> {
        let mut query = vec![
            ("owner", self.owner.to_string()),
            ("limit", self.habits.images_a_page.to_string()),
            ("sort_key", "id".to_owned()),
            ("sort_dir", "asc".to_owned()),
        ];
        query.extend(enterprise_project(self.habits.enterprise_project.as_deref()));
        query.extend(marker.map(|marker| ("marker", marker.to_owned())));
        let list = self.patience.read(|| read(self.api, query.clone())).await?;
        let named = list.page_info.and_then(|info| info.next_marker);
        let next = named.filter(|marker| !marker.is_empty());
        let last = list.images.last();
        Ok(Page {
            next: next.or_else(|| Some(last?["id"].as_str().unwrap_or_default().to_owned())),
            rows: list.images,
        })
    }

    /// The rows for one id: none where there is no such image among those.
    pub async fn rows_of(self, image: &Id, among: Among) -> Result<Vec<Value>, Failure> {
        let mut query = vec![("id", image.to_string())];
        match among {
            Among::Visible => query.extend(enterprise_project(self.habits.enterprise_project.as_deref())),
            Among::Owned => {
                query.push(("owner", self.owner.to_string()));
                query.extend(enterprise_project(self.habits.all_enterprise_projects));
            }
        }
        let list = self.patience.read(|| read(self.api, query.clone())).await?;
        Ok(list.images)
    }
}

/// The cheapest call.
pub async fn probe(api: &Api) -> Result<(), Failure> {
    read(api, vec![("limit", "1".to_owned())]).await.map(drop)
}

async fn read(api: &Api, query: Vec<(&str, String)>) -> Result<ImageList, Failure> {
    let ask = Ask {
        operation: Operation::ListImages,
        method: Method::GET,
        service: Service::Images,
        path: "/v2/cloudimages".to_owned(),
        query,
        json: None,
    };
    let answer = api.send(&ask).await.map_err(Refusal::into_failure)?;
    answer.json(StatusCode::OK)
}

fn enterprise_project(id: Option<&str>) -> Option<(&'static str, String)> {
    id.map(|id| ("enterprise_project_id", id.to_owned()))
}
