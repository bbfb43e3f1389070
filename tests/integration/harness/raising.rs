//! The clouds of a scene, started, and the configuration that leads to them.

use std::{fs, path::Path, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use revokd::{
    config::types::Flavour,
    daemon::clock::Clock,
    model::CloudName,
    providers::{
        huawei::simulated::{Options as HuaweiOptions, SimulatedHuawei},
        openstack::simulated::{Options, SimulatedCloud},
    },
    simulator::AccessKey,
};

use super::{
    clock::ManualClock,
    scene::{CloudScene, OWN_PROJECT, USER},
    simulated::Simulated,
    staged_cloud::{StagedCloud, removables},
};

/// Whose cloud it is, and what only one of that make has.
pub(super) enum Make {
    OpenStack,
    Huawei(Box<Huawei>),
}

pub(super) struct Huawei {
    pub flavour: Flavour,
    pub account: String,
    /// How far its clock goes ahead of the daemon's.
    pub clock_ahead: SignedDuration,
    /// What the daemon signs with, in place of a password.
    pub access_key: Option<AccessKey>,
}

impl CloudScene {
    /// The cloud and its sections of `revokd.toml`; secrets are written beside
    /// it.
    pub(super) async fn start(
        self,
        clock: &Arc<ManualClock>,
        real_time: bool,
        directory: &Path,
    ) -> (StagedCloud, String) {
        let at_first = removables(&self.world, &self.places);
        let password = password(&self.name);
        let mut secrets = vec![password.clone()];
        write_secret(&directory.join(format!("{}-password", self.name)), &password);
        let (simulated, section) = match self.make {
            Make::OpenStack => {
                // All tokens of these clouds begin with this.
                secrets.push("gAAAAA-simulated-token".to_owned());
                let mut options = Options::new(time(clock, real_time, SignedDuration::ZERO));
                options.page_max = self.page_max;
                let cloud = SimulatedCloud::start(self.world, options).await;
                let cloud = cloud.expect("a port on loopback");
                let section = openstack_section(&self.name, &cloud, &self.settings);
                (Simulated::OpenStack(cloud), section)
            }
            Make::Huawei(huawei) => {
                secrets.push("MIISimulatedToken".to_owned());
                let time = time(clock, real_time, huawei.clock_ahead);
                let mut options = HuaweiOptions::new(time, huawei.flavour);
                options.image_page_max = self.page_max;
                let region = options.region.clone();
                let cloud = SimulatedHuawei::start(self.world, options).await;
                let cloud = cloud.expect("a port on loopback");
                if let Some(key) = &huawei.access_key {
                    secrets.push(key.secret_key.clone());
                    write_secret(
                        &directory.join(format!("{}-secret-key", self.name)),
                        &key.secret_key,
                    );
                }
                let section = huawei_section(&self.name, &huawei, &cloud, &region, &self.settings);
                (Simulated::Huawei(cloud), section)
            }
        };
        let staged = StagedCloud {
            name: CloudName::from(self.name),
            simulated,
            own: self.own,
            password,
            secrets,
            images: self.images,
            projects: self.projects,
            users: self.users,
            places: self.places,
            at_first,
        };
        (staged, section)
    }
}

fn time(
    clock: &Arc<ManualClock>,
    real_time: bool,
    ahead: SignedDuration,
) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
    let clock = clock.clone();
    match real_time {
        true => Arc::new(move || Timestamp::now() + ahead),
        false => Arc::new(move || clock.now() + ahead),
    }
}

fn openstack_section(name: &str, cloud: &SimulatedCloud, settings: &[String]) -> String {
    format!(
        "[clouds.{name}]\nprovider = \"openstack\"\nauth_url = {:?}\nregion = \"RegionOne\"\n\
         project = {OWN_PROJECT:?}\nproject_domain = \"Default\"\n{}\n\
         [clouds.{name}.auth]\nmethod = \"password\"\nuser = {USER:?}\nuser_domain = \"Default\"\n\
         password_file = \"{name}-password\"\n\n",
        cloud.auth_url(),
        lines(settings),
    )
}

fn huawei_section(
    name: &str,
    huawei: &Huawei,
    cloud: &SimulatedHuawei,
    region: &str,
    settings: &[String],
) -> String {
    let flavour = match huawei.flavour {
        Flavour::HuaweiCloud => "huawei-cloud",
        Flavour::OpenTelekomCloud => "open-telekom-cloud",
    };
    let auth = match &huawei.access_key {
        None => {
            format!("method = \"password\"\nuser = {USER:?}\npassword_file = \"{name}-password\"\n")
        }
        Some(key) => format!(
            "method = \"ak-sk\"\naccess_key = {:?}\nsecret_key_file = \"{name}-secret-key\"\n",
            key.access_key
        ),
    };
    format!(
        "[clouds.{name}]\nprovider = \"huawei\"\nflavour = {flavour:?}\nauth_url = {:?}\n\
         region = {region:?}\ndomain = {:?}\nproject = {OWN_PROJECT:?}\n{}\n\
         [clouds.{name}.endpoints]\nimage = {:?}\nswr = {:?}\n[clouds.{name}.auth]\n{auth}\n",
        cloud.auth_url(),
        huawei.account,
        lines(settings),
        cloud.image_url(),
        cloud.registry_url(),
    )
}

fn lines(settings: &[String]) -> String {
    let has_timeout = settings.iter().any(|line| line.starts_with("request_timeout"));
    let timeout = if has_timeout {
        ""
    } else {
        "request_timeout = \"10s\"\n"
    };
    format!("{timeout}{}", settings.join("\n"))
}

/// Unlike anything else that could stand in an output.
pub(super) fn password(cloud: &str) -> String {
    format!("correct-horse-{cloud}-staple")
}

pub(super) fn write_secret(path: &Path, secret: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, secret).expect("writing a secret");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("closing a secret");
}
