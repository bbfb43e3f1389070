//! Lists of images: what a project sees of the world, page by page.

use std::{
    cmp::{Ordering, Reverse},
    ops::Bound,
};

use jiff::Timestamp;

use super::{Actor, ImageRecord, ListKey, Refusal, Role, World};
use crate::model::{Id, MemberStatus, Visibility};

/// What to list. The default is everything of one's own, what is public, and
/// what others share with one; newest first.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Rows to read, at most.
    pub limit: usize,
    /// The image after which to go on.
    pub marker: Option<Id>,
    pub visibility: VisibilityFilter,
    /// Which shares of other projects' images count; `None` for all.
    pub member_status: Option<MemberStatus>,
    pub hidden: Option<bool>,
    pub owner: Option<Id>,
    pub protected: Option<bool>,
    /// All of them.
    pub tags: Vec<String>,
    /// One of them; empty for any.
    pub ids: Vec<String>,
    pub names: Vec<String>,
    pub statuses: Vec<String>,
    pub size_min: Option<u64>,
    pub size_max: Option<u64>,
    pub times: Vec<(TimeField, TimeTest, Timestamp)>,
    pub properties: Vec<(String, String)>,
    /// Empty for newest first.
    pub sort: Vec<(SortKey, Direction)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VisibilityFilter {
    /// All but the community images of others.
    #[default]
    Usual,
    All,
    Only(Visibility),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeField {
    Created,
    Updated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeTest {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    Name,
    Status,
    Size,
    Id,
    CreatedAt,
    UpdatedAt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

impl World {
    /// One page: at most as many images as the query's limit.
    ///
    /// # Errors
    /// [`Refusal::UnknownMarker`] and [`Refusal::HiddenMarker`].
    pub fn list_images(&self, actor: &Actor, query: &ListQuery) -> Result<Vec<&ImageRecord>, Refusal> {
        self.list_images_where(actor, query, |_| true)
    }

    /// The same, of those images alone for which `also` holds.
    ///
    /// # Errors
    /// As for [`World::list_images`].
    pub fn list_images_where(
        &self,
        actor: &Actor,
        query: &ListQuery,
        also: impl Fn(&ImageRecord) -> bool,
    ) -> Result<Vec<&ImageRecord>, Refusal> {
        let marker = self.marker(actor, query)?;
        let selects = |record: &ImageRecord| query.selects(actor, record) && also(record);
        Ok(if query.sort.is_empty() {
            self.page_newest_first(query, marker, selects)
        } else {
            self.page_sorted(query, marker, selects)
        })
    }

    fn marker(&self, actor: &Actor, query: &ListQuery) -> Result<Option<&ImageRecord>, Refusal> {
        let Some(id) = &query.marker else {
            return Ok(None);
        };
        let record = self.images.get(id).ok_or(Refusal::UnknownMarker)?;
        if record.is_visible_to(actor) {
            Ok(Some(record))
        } else {
            Err(Refusal::HiddenMarker)
        }
    }

    /// Walks an index from the marker on, so that a page costs a page.
    fn page_newest_first(
        &self,
        query: &ListQuery,
        marker: Option<&ImageRecord>,
        selects: impl Fn(&ImageRecord) -> bool,
    ) -> Vec<&ImageRecord> {
        let index = match &query.owner {
            None => Some(&self.newest_first),
            Some(owner) => self.newest_first_by_owner.get(owner),
        };
        let start = marker.map_or(Bound::Unbounded, |record| Bound::Excluded(record.list_key()));
        index
            .into_iter()
            .flat_map(|index| index.range::<ListKey, _>((start.clone(), Bound::Unbounded)))
            .filter_map(|(_, Reverse(id))| self.images.get(id))
            .filter(|record| selects(record))
            .take(query.limit)
            .collect()
    }

    fn page_sorted(
        &self,
        query: &ListQuery,
        marker: Option<&ImageRecord>,
        selects: impl Fn(&ImageRecord) -> bool,
    ) -> Vec<&ImageRecord> {
        let mut rows: Vec<&ImageRecord> = self.images.values().filter(|record| selects(record)).collect();
        rows.sort_by(|a, b| query.order(a, b));
        let after_marker =
            |row: &&ImageRecord| marker.is_none_or(|marker| query.order(row, marker) == Ordering::Greater);
        rows.into_iter().filter(after_marker).take(query.limit).collect()
    }
}

impl ListQuery {
    fn selects(&self, actor: &Actor, record: &ImageRecord) -> bool {
        self.hidden.is_none_or(|hidden| hidden == record.hidden)
            && self.shows(actor, record)
            && self.owner.as_ref().is_none_or(|owner| owner == record.owner())
            && self
                .protected
                .is_none_or(|protected| protected == record.protected)
            && self.tags.iter().all(|tag| record.tags.contains(tag))
            && is_one_of(&self.ids, record.id().as_str())
            && is_one_of(&self.names, &record.name)
            && is_one_of(&self.statuses, &record.status)
            && self
                .size_min
                .is_none_or(|least| record.size.is_some_and(|size| size >= least))
            && self
                .size_max
                .is_none_or(|most| record.size.is_some_and(|size| size <= most))
            && self
                .times
                .iter()
                .all(|(field, test, bound)| test.holds(field.of(record), *bound))
            && self
                .properties
                .iter()
                .all(|(key, value)| record.properties.get(key) == Some(value))
    }

    fn shows(&self, actor: &Actor, record: &ImageRecord) -> bool {
        let own = *record.owner() == actor.project;
        let asked_for = match self.visibility {
            VisibilityFilter::Usual => own || record.visibility != Visibility::Community,
            VisibilityFilter::All => true,
            VisibilityFilter::Only(visibility) => record.visibility == visibility,
        };
        asked_for && (own || actor.role == Role::Admin || self.shows_foreign(actor, record))
    }

    fn shows_foreign(&self, actor: &Actor, record: &ImageRecord) -> bool {
        match record.visibility {
            Visibility::Public | Visibility::Community => true,
            Visibility::Private => false,
            Visibility::Shared => record
                .member(actor.project.as_str())
                .is_some_and(|member| self.member_status.is_none_or(|status| status == member.status)),
        }
    }

    /// Ties are broken as in the default order.
    fn order(&self, a: &ImageRecord, b: &ImageRecord) -> Ordering {
        for (key, direction) in &self.sort {
            let ascending = key.compare(a, b);
            let order = match direction {
                Direction::Ascending => ascending,
                Direction::Descending => ascending.reverse(),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        a.list_key().cmp(&b.list_key())
    }
}

impl SortKey {
    fn compare(self, a: &ImageRecord, b: &ImageRecord) -> Ordering {
        match self {
            SortKey::Name => a.name.cmp(&b.name),
            SortKey::Status => a.status.cmp(&b.status),
            SortKey::Size => a.size.cmp(&b.size),
            SortKey::Id => a.id().cmp(b.id()),
            SortKey::CreatedAt => a.created_at().cmp(&b.created_at()),
            SortKey::UpdatedAt => a.updated_at.cmp(&b.updated_at),
        }
    }
}

impl TimeField {
    fn of(self, record: &ImageRecord) -> Timestamp {
        match self {
            TimeField::Created => record.created_at(),
            TimeField::Updated => record.updated_at,
        }
    }
}

impl TimeTest {
    fn holds(self, value: Timestamp, bound: Timestamp) -> bool {
        match self {
            TimeTest::Greater => value > bound,
            TimeTest::GreaterOrEqual => value >= bound,
            TimeTest::Less => value < bound,
            TimeTest::LessOrEqual => value <= bound,
            TimeTest::Equal => value == bound,
            TimeTest::NotEqual => value != bound,
        }
    }
}

fn is_one_of(wanted: &[String], value: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|word| word == value)
}
