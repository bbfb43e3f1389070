//! What every provider must do, whatever the cloud behind it looks like: each
//! behaviour of [`Reader`](super::Reader) and [`Revoker`](super::Revoker)
//! written once, and run against every make of cloud, simulated over HTTP.
//!
//! What is special to one cloud is tested beside its code.

/// The behaviours named, as tests of one make.
macro_rules! of_make {
    ($module:ident, $make:ident: $($behaviour:ident)+) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $behaviour() {
                    super::$behaviour($crate::providers::conformance::stage::Make::$make).await;
                }
            )+
        }
    };
}

macro_rules! of_every_make {
    ($($behaviour:ident),+ $(,)?) => {
        of_make!(openstack, OpenStack: $($behaviour)+);
        of_make!(huawei_cloud, HuaweiCloud: $($behaviour)+);
        of_make!(open_telekom_cloud, OpenTelekomCloud: $($behaviour)+);
    };
}

/// Of those that have a container registry.
macro_rules! of_every_registry {
    ($($behaviour:ident),+ $(,)?) => {
        of_make!(huawei_cloud, HuaweiCloud: $($behaviour)+);
        of_make!(open_telekom_cloud, OpenTelekomCloud: $($behaviour)+);
    };
}

mod collecting;
mod failing;
mod logging_in;
mod looking;
mod people;
mod registry;
mod removing;
mod stage;
