//! `revokd init`: from nothing to a configuration that works.
//!
//! Everything is made in memory, compiled as if it were written, and tried on
//! the cloud before the first byte is written.

mod answers;
mod ask;
mod dialogue;
mod document;
mod existing;
mod flags;
mod hidden;
mod look;
mod paths;
mod proposal;
mod public_clouds;
mod remarks;
mod secret;
mod section;
mod whole;
mod write;

use std::path::Path;

use jiff::Timestamp;

use self::{
    ask::{Ask, Nobody, Terminal, Usage},
    existing::Existing,
    look::Seen,
    paths::folder_of,
    proposal::Proposal,
    secret::Secret,
};
use super::{
    Exit, assemble,
    output::{self, print_line},
};
use crate::{config::Problems, model::CloudName};
pub use flags::Flags as Arguments;

/// Where the service looks for its configuration.
const OF_THE_SERVICE: &str = "/etc/revokd/revokd.toml";

pub async fn main(config: &Path, flags: &Arguments) -> anyhow::Result<Exit> {
    let ended = match ask::somebody_is_there() && !flags.yes {
        true => run(config, flags, &mut Terminal).await,
        false => run(config, flags, &mut Nobody).await,
    };
    match ended {
        Err(error) if error.is::<Usage>() => {
            output::print_error(&error);
            Ok(Exit::Usage)
        }
        Err(error) => match error.downcast::<Problems>() {
            Ok(problems) => {
                assemble::show(&problems);
                Ok(Exit::ConfigurationInvalid)
            }
            Err(error) => Err(error),
        },
        Ok(exit) => Ok(exit),
    }
}

async fn run(config: &Path, flags: &Arguments, ask: &mut dyn Ask) -> anyhow::Result<Exit> {
    let folder = folder_of(config);
    let existing = Existing::read(config)?;
    let name = dialogue::name(flags, ask)?;
    if let Some(existing) = &existing {
        existing.refuse_cloud(&name)?;
    }
    let is_new = existing.is_none();
    let answers = dialogue::answers(flags, name, &folder, ask)?;
    let secret = Secret::get(flags, &answers, &folder, ask)?;
    let proposal = Proposal::new(config, existing, &answers, secret);
    let loaded = proposal.compile(&answers.name, Timestamp::now())?;
    assemble::show_warnings(&loaded.warnings);
    if config == Path::new(OF_THE_SERVICE)
        && let Some(remark) = proposal.secret().unreadable()
    {
        output::tell(&format!("{remark}\n"));
    }
    let cloud = CloudName::from(answers.name.as_str());
    let neighbours = proposal.neighbours(&cloud, Timestamp::now())?;
    for line in neighbours.lines(cloud.as_str()) {
        print_line(&line)?;
    }
    // Before the login: who does not want that needs none.
    if !flags.dry_run && !neighbours.agreed(cloud.as_str(), flags, ask)? {
        output::tell("nothing was written\n");
        return Ok(Exit::Failed);
    }
    let mut is_sound = true;
    if !flags.no_test {
        let seen = look::look(&cloud, &loaded).await?;
        is_sound = seen == Seen::Problems(0);
        if seen == Seen::NoLogin
            && !ask.confirm(
                "Nobody is logged in there. Write the configuration all the same?",
                false,
            )?
        {
            output::tell(
                "nothing was written; mend what is said above, or write it untested with --no-test\n",
            );
            return Ok(Exit::Failed);
        }
    }
    if flags.dry_run {
        proposal.show()?;
        return Ok(Exit::Done);
    }
    for file in proposal.files() {
        print_line(&format!("  {file}"))?;
    }
    if !ask.confirm("Write this?", true)? {
        output::tell("nothing was written\n");
        return Ok(Exit::Failed);
    }
    proposal.write()?;
    print_line("written")?;
    conclude(config, is_new, is_sound)
}

/// Reads what was written as the daemon will, and says how to go on.
fn conclude(config: &Path, is_new: bool, is_sound: bool) -> anyhow::Result<Exit> {
    match assemble::load(config, Timestamp::now()) {
        Ok(loaded) => assemble::show_warnings(&loaded.warnings),
        Err(problems) => {
            output::tell_coloured(&problems.render(output::colour_on_stderr(), output::width()));
            output::tell("the section was written, but the configuration as a whole is not valid yet\n");
            return Ok(Exit::ConfigurationInvalid);
        }
    }
    let is_of_the_service = config == Path::new(OF_THE_SERVICE);
    if !is_sound {
        print_line("some of it does not work yet, as said above; after mending it: revokd doctor")?;
    }
    let revokd = match is_of_the_service {
        true => "revokd".to_owned(),
        false => format!("revokd --config {}", config.display()),
    };
    print_line("next:")?;
    print_line(&format!("  {revokd} check"))?;
    print_line(&format!("  {revokd} plan"))?;
    print_line(&match is_of_the_service {
        true => format!("  {}", start(is_new)),
        false => format!("  {revokd} run"),
    })?;
    Ok(Exit::Done)
}

/// To enable a service that runs does nothing to it.
fn start(is_new: bool) -> &'static str {
    match is_new {
        true => "systemctl enable --now revokd",
        false => {
            "systemctl enable --now revokd   \
             (if it runs already: systemctl restart revokd, since a reload takes no new cloud)"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_may_run_already_is_to_be_restarted() {
        assert_eq!(start(true), "systemctl enable --now revokd");
        let told = start(false);
        assert!(told.contains("systemctl restart revokd"), "{told}");
    }
}
