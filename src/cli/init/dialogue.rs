//! From flags, and from whoever can be asked for the rest, to answers.

use std::path::Path;

use url::Url;

use super::{
    answers::{Account, Answers, HuaweiLogin, OpenStackLogin, Project, check_name},
    ask::{Ask, Question, Usage},
    flags::{Flags, Method, Provider},
    paths::in_configuration,
    public_clouds::{HUAWEI_CLOUD, OPEN_TELEKOM_CLOUD, PublicCloud},
};

/// The name comes first: whether it is still free can be told before anything
/// else is asked.
///
/// # Errors
/// [`Usage`] where it is no name, or nobody can be asked.
pub fn name(flags: &Flags, ask: &mut dyn Ask) -> anyhow::Result<String> {
    let mut dialogue = Dialogue { flags, ask };
    let question = Question {
        flag: "the NAME of the cloud",
        text: "A name for the cloud, which policies will call it by",
        default: None,
        check: check_name,
    };
    dialogue.given_or_asked(flags.name.as_deref(), &question)
}

/// Everything else. Files are named as the configuration in `folder` does.
///
/// # Errors
/// [`Usage`] where flags contradict one another, or nobody can be asked.
pub fn answers(flags: &Flags, name: String, folder: &Path, ask: &mut dyn Ask) -> anyhow::Result<Answers> {
    let mut dialogue = Dialogue { flags, ask };
    let make = dialogue.make()?;
    let answers = match make {
        Make::CloudsYaml => dialogue.clouds_yaml(folder)?,
        Make::OpenStack => dialogue.openstack()?,
        Make::Huawei(flavour) => dialogue.huawei(flavour)?,
    };
    let ca_file = match (&flags.ca_file, &answers.account) {
        (Some(path), _) => Some(in_configuration(path, folder)?),
        (None, _) if answers.knows_its_authority() => None,
        (None, _) => {
            let text = "A file with the certificate authority, if it is one of your own";
            let asked = dialogue.optional("--ca-file", text)?;
            asked
                .map(|path| in_configuration(Path::new(&path), folder))
                .transpose()?
        }
    };
    Ok(Answers {
        name,
        ca_file,
        ..answers.into()
    })
}

enum Make {
    OpenStack,
    /// Of a flavour that was chosen, or that follows from the address.
    Huawei(Option<&'static str>),
    CloudsYaml,
}

/// The answers before it is known which authority is trusted.
struct Place {
    account: Account,
    region: Option<String>,
    image: Option<String>,
    registry: Option<String>,
}

impl Place {
    /// Public clouds need none of one's own, and clouds.yaml names its own.
    fn knows_its_authority(&self) -> bool {
        match &self.account {
            Account::CloudsYaml { .. } => true,
            Account::Huawei { auth_url, .. } => PublicCloud::at(auth_url).is_some(),
            Account::OpenStack { auth_url, .. } => auth_url.starts_with("http:"),
        }
    }
}

impl From<Place> for Answers {
    fn from(place: Place) -> Answers {
        Answers {
            name: String::new(),
            account: place.account,
            region: place.region,
            ca_file: None,
            image: place.image,
            registry: place.registry,
        }
    }
}

struct Dialogue<'a> {
    flags: &'a Flags,
    ask: &'a mut dyn Ask,
}

impl Dialogue<'_> {
    fn make(&mut self) -> anyhow::Result<Make> {
        if self.flags.clouds_yaml.is_some() {
            return Ok(Make::CloudsYaml);
        }
        let provider = match self.flags.provider {
            Some(provider) => provider,
            None => {
                let options = [
                    "OpenStack",
                    "Open Telekom Cloud",
                    "Huawei Cloud",
                    "OpenStack, by an entry of clouds.yaml",
                ];
                match self.ask.choice("--provider", "Which cloud is it?", &options)? {
                    0 => Provider::Openstack,
                    1 => Provider::OpenTelekomCloud,
                    2 => Provider::HuaweiCloud,
                    _ => return Ok(Make::CloudsYaml),
                }
            }
        };
        Ok(match provider {
            Provider::Openstack => Make::OpenStack,
            Provider::Huawei => Make::Huawei(None),
            Provider::HuaweiCloud => Make::Huawei(Some(HUAWEI_CLOUD)),
            Provider::OpenTelekomCloud => Make::Huawei(Some(OPEN_TELEKOM_CLOUD)),
        })
    }

    fn clouds_yaml(&mut self, folder: &Path) -> anyhow::Result<Place> {
        let flags = self.flags;
        let entry = self.required(
            flags.clouds_yaml.as_deref(),
            "--clouds-yaml",
            "The entry of clouds.yaml",
        )?;
        let file = flags.clouds_file.as_deref();
        Ok(Place {
            account: Account::CloudsYaml {
                entry,
                file: file.map(|file| in_configuration(file, folder)).transpose()?,
            },
            region: flags.region.clone(),
            image: flags.image.clone(),
            registry: None,
        })
    }

    fn openstack(&mut self) -> anyhow::Result<Place> {
        let flags = self.flags;
        let text = "Its identity service, like https://keystone.example.com/v3";
        let auth_url = self.address(flags.auth_url.as_deref(), "--auth-url", text, None)?;
        let region = match &flags.region {
            Some(region) => Some(region.clone()),
            None => self.optional("--region", "Its region, if it has several")?,
        };
        let login = match self.openstack_method()? {
            Method::ApplicationCredential => {
                let text = "The id of the application credential";
                let id = flags.application_credential_id.as_deref();
                OpenStackLogin::ApplicationCredential {
                    id: self.required(id, "--application-credential-id", text)?,
                }
            }
            Method::Password => {
                let user = self.required(flags.user.as_deref(), "--user", "The user's name")?;
                let user_domain = self.domain(flags.user_domain.as_deref(), "--user-domain", "user")?;
                let project = self.project(None)?;
                let project_domain = match project {
                    Project::Id(_) => String::new(),
                    Project::Name(_) => {
                        self.domain(flags.project_domain.as_deref(), "--project-domain", "project")?
                    }
                };
                OpenStackLogin::Password {
                    user,
                    user_domain,
                    project,
                    project_domain,
                }
            }
            Method::AkSk => {
                let message = "an access key is for Huawei Cloud and Open Telekom Cloud, not for OpenStack";
                return Err(Usage(message.to_owned()).into());
            }
        };
        Ok(Place {
            account: Account::OpenStack { auth_url, login },
            region,
            image: flags.image.clone(),
            registry: None,
        })
    }

    fn openstack_method(&mut self) -> anyhow::Result<Method> {
        let flags = self.flags;
        if let Some(method) = flags.method {
            return Ok(method);
        }
        if flags.application_credential_id.is_some() {
            return Ok(Method::ApplicationCredential);
        }
        if flags.user.is_some() {
            return Ok(Method::Password);
        }
        let options = ["a user and a password", "an application credential"];
        let chosen = self
            .ask
            .choice("--method", "How does revokd log in there?", &options)?;
        Ok([Method::Password, Method::ApplicationCredential][chosen])
    }

    fn huawei(&mut self, chosen: Option<&'static str>) -> anyhow::Result<Place> {
        let flags = self.flags;
        let told = flags.auth_url.as_deref().and_then(PublicCloud::at);
        let text = "Its region, like eu-de";
        let region = match (&flags.region, &told) {
            (Some(region), _) => region.clone(),
            (None, Some(cloud)) => cloud.region.clone(),
            (None, None) => self.required(None, "--region", text)?,
        };
        let public = chosen.and_then(|flavour| PublicCloud::of(flavour, &region));
        let default = public.map(|cloud| cloud.auth_url());
        let text = "Its identity service, like https://iam.eu-de.otc.t-systems.com/v3";
        let auth_url = self.address(flags.auth_url.as_deref(), "--auth-url", text, default.as_deref())?;
        let public = PublicCloud::at(&auth_url);
        let login = self.huawei_login()?;
        let project = self.project(Some(&region))?;
        let by_id = matches!(
            (&login, &project),
            (HuaweiLogin::AccessKey { .. }, Project::Id(_))
        );
        let domain = match by_id {
            true => None,
            false => {
                let text = "The account, like OTC-EU-DE-00000000001000000001";
                Some(self.required(flags.domain.as_deref(), "--domain", text)?)
            }
        };
        let registry = public.as_ref().map(PublicCloud::registry);
        let registry = match (&flags.swr, registry) {
            (Some(address), _) => Some(address.clone()),
            (None, Some(address)) => Some(address),
            (None, None) => self.optional("--swr", "The address of its registry (SWR), if it is used")?,
        };
        let image = match (&flags.image, &login) {
            (Some(address), _) => Some(address.clone()),
            (None, HuaweiLogin::Password { .. }) => None,
            (None, HuaweiLogin::AccessKey { .. }) => {
                // No catalogue comes with an access key.
                let default = public.as_ref().and_then(PublicCloud::images);
                let text = "The address of its image service (IMS)";
                Some(self.address(None, "--image", text, default.as_deref())?)
            }
        };
        let follows = public.map_or(HUAWEI_CLOUD, |cloud| cloud.flavour);
        Ok(Place {
            account: Account::Huawei {
                auth_url,
                flavour: chosen.filter(|chosen| *chosen != follows).map(str::to_owned),
                domain,
                project,
                login,
            },
            region: Some(region),
            image,
            registry,
        })
    }

    fn huawei_login(&mut self) -> anyhow::Result<HuaweiLogin> {
        let flags = self.flags;
        let method = match (flags.method, &flags.access_key, &flags.user) {
            (Some(method), ..) => method,
            (None, Some(_), _) => Method::AkSk,
            (None, None, Some(_)) => Method::Password,
            (None, None, None) => {
                let options = ["a user and a password", "an access key (AK/SK)"];
                let chosen = self
                    .ask
                    .choice("--method", "How does revokd log in there?", &options)?;
                [Method::Password, Method::AkSk][chosen]
            }
        };
        match method {
            Method::Password => {
                let user = self.required(flags.user.as_deref(), "--user", "The user's name")?;
                Ok(HuaweiLogin::Password { user })
            }
            Method::AkSk => {
                let text = "The id of the access key (AK); the secret key is asked for later";
                let access_key = self.required(flags.access_key.as_deref(), "--access-key", text)?;
                Ok(HuaweiLogin::AccessKey { access_key })
            }
            Method::ApplicationCredential => {
                let message = "an application credential is for OpenStack, not for Huawei Cloud";
                Err(Usage(message.to_owned()).into())
            }
        }
    }

    fn project(&mut self, region: Option<&str>) -> anyhow::Result<Project> {
        let flags = self.flags;
        if let Some(id) = &flags.project_id {
            return Ok(Project::Id(id.clone()));
        }
        let text = "The project whose images are watched, by its name";
        let text = match region {
            Some(region) => format!("{text} (the first one of a region is called {region})"),
            None => text.to_owned(),
        };
        let name = self.required(flags.project.as_deref(), "--project or --project-id", &text)?;
        Ok(Project::Name(name))
    }

    fn domain(&mut self, given: Option<&str>, flag: &str, of: &str) -> anyhow::Result<String> {
        let question = Question {
            flag,
            text: &format!("The domain of the {of}"),
            default: Some("Default"),
            check: anything,
        };
        self.given_or_asked(given, &question)
    }

    fn address(
        &mut self,
        given: Option<&str>,
        flag: &str,
        text: &str,
        default: Option<&str>,
    ) -> anyhow::Result<String> {
        let question = Question {
            flag,
            text,
            default,
            check: an_address,
        };
        self.given_or_asked(given, &question)
    }

    fn required(&mut self, given: Option<&str>, flag: &str, text: &str) -> anyhow::Result<String> {
        let question = Question {
            flag,
            text,
            default: None,
            check: anything,
        };
        self.given_or_asked(given, &question)
    }

    fn optional(&mut self, flag: &str, text: &str) -> anyhow::Result<Option<String>> {
        let question = Question {
            flag,
            text,
            default: Some(""),
            check: anything,
        };
        let answer = self.ask.text(&question)?;
        Ok(Some(answer).filter(|answer| !answer.is_empty()))
    }

    fn given_or_asked(&mut self, given: Option<&str>, question: &Question<'_>) -> anyhow::Result<String> {
        let Some(given) = given else {
            return self.ask.text(question);
        };
        match (question.check)(given) {
            Ok(()) => Ok(given.to_owned()),
            Err(reason) => Err(Usage(format!("{}: {reason}", question.flag)).into()),
        }
    }
}

fn anything(_: &str) -> Result<(), String> {
    Ok(())
}

fn an_address(text: &str) -> Result<(), String> {
    match Url::parse(text) {
        Ok(url) if url.has_host() => Ok(()),
        _ => Err("this is no address; write: https://HOST/PATH".to_owned()),
    }
}

#[cfg(test)]
mod tests;
