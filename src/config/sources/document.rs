//! Lists in JSON: a file, or what an HTTP server answers.

use serde_json_path::JsonPath;

use super::{address, directory::flag, fields, file, login, naming};
use crate::{
    config::{
        people::{Document, Http, Json, List},
        reader::Table,
        secret::Host,
    },
    model::UserKey,
};

pub fn json(section: &mut Table<'_>, host: &Host<'_>) -> Option<(UserKey, List)> {
    let path = file::path(section, host, "leavers.json");
    let (to, document) = document(section)?;
    let json = Json {
        path: path?,
        document,
    };
    Some((to, List::Json(json)))
}

pub fn http(section: &mut Table<'_>, host: &Host<'_>) -> Option<(UserKey, List)> {
    let allow_http = flag(section, "allow_http", false).unwrap_or_default();
    let access = login::access(section, allow_http, host);
    let hint = "where the list is: url = \"https://hr.example.com/leavers.json\"";
    let url = section.require("url", hint);
    let url = url.and_then(|value| address::of_document(&value.text()?, allow_http));
    let found = document(section);
    let (to, document) = found?;
    let http = Http {
        url: url?,
        access: access?,
        document,
    };
    Some((to, List::Http(http)))
}

fn document(section: &mut Table<'_>) -> Option<(UserKey, Document)> {
    let list = match section.take("list") {
        Some(value) => value.text().and_then(|text| naming::path(&text)),
        None => JsonPath::parse("$").ok(),
    };
    let made = section.take("made");
    let made = made.and_then(|value| naming::path(&value.text()?));
    let (to, fields) = fields::read(section, &naming::PATH)?;
    let document = Document {
        list: list?,
        made,
        fields,
    };
    Some((to, document))
}
