//! What a request is about, for faults and counters.

use super::dispatch::{Incoming, Service};
use crate::{
    model::Id,
    providers::huawei::wire::{ims::MemberBatch, swr::UserIds},
    simulator::{Call, CallKind},
};

pub(super) fn call(incoming: &Incoming) -> Call {
    let path = incoming.segments();
    let about = match incoming.service {
        Service::Identity => identity(incoming, &path),
        Service::Images => images(incoming, &path),
        Service::Registry => registry(incoming, &path),
    };
    let ids = |names: Vec<String>| names.into_iter().map(Id::from).collect();
    Call {
        kind: about.kind,
        method: incoming.method.to_string(),
        resources: ids(about.resources),
        subjects: ids(about.subjects),
    }
}

struct About {
    kind: CallKind,
    resources: Vec<String>,
    subjects: Vec<String>,
}

fn about(kind: CallKind, resource: Option<String>, subject: Option<&str>) -> About {
    About {
        kind,
        resources: resource.into_iter().collect(),
        subjects: subject.map(ToString::to_string).into_iter().collect(),
    }
}

fn identity(incoming: &Incoming, path: &[&str]) -> About {
    match (incoming.method.as_str(), path) {
        ("POST", ["v3", "auth", "tokens"]) => about(CallKind::Login, None, None),
        ("GET", ["v3", "users"]) => about(CallKind::ListUsers, None, None),
        ("GET", ["v3.0", "OS-USER", "users", user]) => about(CallKind::ShowUser, None, Some(user)),
        _ => about(CallKind::OtherIdentity, None, None),
    }
}

fn images(incoming: &Incoming, path: &[&str]) -> About {
    let one = |kind, image: &str, member| about(kind, Some(image.to_string()), member);
    match (incoming.method.as_str(), path) {
        ("GET", ["v2", "cloudimages" | "images"]) => about(CallKind::ListImages, None, None),
        ("GET", ["v2", "images", image]) => one(CallKind::ShowImage, image, None),
        ("DELETE", ["v2", "images", image]) => one(CallKind::DeleteImage, image, None),
        ("GET", ["v2", "images", image, "members"] | ["v1", _, "cloudimages", image, "members"]) => {
            one(CallKind::ListMembers, image, None)
        }
        ("DELETE", ["v2", "images", image, "members", member]) => {
            one(CallKind::RemoveMember, image, Some(member))
        }
        (method, ["v1", "cloudimages", "members"]) => {
            let batch: MemberBatch = serde_json::from_slice(&incoming.body).unwrap_or_default();
            let removes = method == "DELETE";
            About {
                kind: if removes {
                    CallKind::RemoveMembers
                } else {
                    CallKind::OtherData
                },
                resources: batch.images,
                subjects: batch.projects,
            }
        }
        ("GET", ["v1", _, "jobs", _] | ["v1", "cloudimages", "job", _]) => {
            about(CallKind::ShowJob, None, None)
        }
        (_, ["v2", "images", image, "members", member]) => one(CallKind::OtherData, image, Some(member)),
        (_, ["v2", "images" | "cloudimages", image, ..]) => one(CallKind::OtherData, image, None),
        _ => about(CallKind::OtherData, None, None),
    }
}

fn registry(incoming: &Incoming, path: &[&str]) -> About {
    let repository = |namespace: &str, name: &str| Some(format!("{namespace}/{}", name.replace('$', "/")));
    let access = |resource: Option<String>| match incoming.method.as_str() {
        "GET" => about(CallKind::ListPermissions, resource, None),
        "DELETE" => About {
            kind: CallKind::RemovePermissions,
            resources: resource.into_iter().collect(),
            subjects: serde_json::from_slice::<UserIds>(&incoming.body).unwrap_or_default(),
        },
        _ => about(CallKind::OtherData, resource, None),
    };
    match (incoming.method.as_str(), &path[2..]) {
        ("GET", ["namespaces"]) => about(CallKind::ListNamespaces, None, None),
        ("GET", ["repos"]) => about(CallKind::ListRepositories, None, None),
        ("GET", ["shared-repositories"]) => about(CallKind::ListSharedRepositories, None, None),
        (_, ["namespaces", namespace, "access"]) => access(Some(namespace.to_string())),
        (_, ["namespaces", namespace, "repos", name, "access"]) => access(repository(namespace, name)),
        ("GET", ["namespaces", namespace, "repositories", name, "access-domains"]) => {
            about(CallKind::ListAccountShares, repository(namespace, name), None)
        }
        (
            method,
            [
                "namespaces",
                namespace,
                "repositories",
                name,
                "access-domains",
                account,
            ],
        ) => {
            let kind = match method {
                "DELETE" => CallKind::RemoveAccountShare,
                _ => CallKind::OtherData,
            };
            about(kind, repository(namespace, name), Some(account))
        }
        (_, ["namespaces", namespace]) => about(CallKind::OtherData, Some(namespace.to_string()), None),
        _ => about(CallKind::OtherData, None, None),
    }
}
