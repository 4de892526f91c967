//! The argument of `webapp`: whom to ask, and what else.

use std::sync::Arc;

use api::HangupCause;
use net::{HttpUrl, UrlError};

use crate::config::{Application, Config};
use crate::wire::{is_context, is_extension, variable_names};

/// Who is asked about a call.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) url: HttpUrl,
    /// Whose secret signs the requests.
    pub(crate) application: Option<Arc<Application>>,
}

/// What becomes of a call whose web application does not say what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fallback {
    /// The next action of the dialplan.
    Continue,
    Hangup(HangupCause),
    Transfer {
        extension: String,
        context: Option<String>,
    },
}

/// `<url>|<name> [<option>=<value> ...]`
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    pub(crate) target: Target,
    pub(crate) fallback: Fallback,
    /// Variables the application is told from the start.
    pub(crate) variables: Vec<String>,
}

/// What is wrong with an argument.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("webapp does not say whom to ask")]
    Nobody,
    #[error("no web application is called {0:?}")]
    Unknown(String),
    #[error("the address of the web application: {0}")]
    Url(#[from] UrlError),
    #[error("{0} is no host that may be asked ([door.webapp] hosts)")]
    Forbidden(String),
    #[error("webapp: what is {0:?}?")]
    Option(String),
}

impl Argument {
    pub(crate) fn parse(text: &str, config: &Config) -> Result<Self, ArgumentError> {
        let mut words = text.split_ascii_whitespace();
        let target = target(words.next().ok_or(ArgumentError::Nobody)?, config)?;
        let (mut fallback, mut variables) = (Fallback::Continue, Vec::new());
        for word in words {
            let wrong = || ArgumentError::Option(word.to_owned());
            match word.split_once('=').ok_or_else(wrong)? {
                ("fallback", value) => fallback = Fallback::parse(value).ok_or_else(wrong)?,
                ("vars", value) => {
                    variables = value.split(',').map(str::to_owned).collect();
                    variable_names(&variables).map_err(|_| wrong())?;
                }
                _ => return Err(wrong()),
            }
        }
        Ok(Self {
            target,
            fallback,
            variables,
        })
    }
}

fn target(text: &str, config: &Config) -> Result<Target, ArgumentError> {
    if !text.contains("://") {
        let application = config.named(text);
        let application = application.ok_or_else(|| ArgumentError::Unknown(text.to_owned()))?;
        return Ok(Target {
            url: application.url.clone(),
            application: Some(application.clone()),
        });
    }
    let url = HttpUrl::parse(text)?;
    let application = config.application_of(&url).cloned();
    if application.is_none() && !config.allows(&url.site) {
        return Err(ArgumentError::Forbidden(url.site.to_string()));
    }
    Ok(Target { url, application })
}

impl Fallback {
    /// `continue`, `hangup[/<cause>]`, `transfer/<extension>[/<context>]`
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let fallback = match (parts.next()?, parts.next(), parts.next()) {
            ("continue", None, None) => Self::Continue,
            ("hangup", None, None) => Self::Hangup(HangupCause::NormalClearing),
            ("hangup", Some(cause), None) => Self::Hangup(HangupCause::parse(cause)?),
            ("transfer", Some(extension), context)
                if is_extension(extension) && context.is_none_or(is_context) =>
            {
                Self::Transfer {
                    extension: extension.to_owned(),
                    context: context.map(str::to_owned),
                }
            }
            _ => return None,
        };
        parts.next().is_none().then_some(fallback)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let application = Application {
            name: "menu".to_owned(),
            url: HttpUrl::parse("https://ivr.example/menu").unwrap(),
            secret: None,
        };
        Config {
            applications: vec![Arc::new(application)],
            ..Config::default()
        }
    }

    #[test]
    fn whom_to_ask() {
        let read = |text: &str| Argument::parse(text, &config());
        let menu = read("menu").unwrap();
        assert_eq!(menu.target.url.to_string(), "https://ivr.example:443/menu");
        assert_eq!(menu.fallback, Fallback::Continue);
        let below =
            read("https://ivr.example/menu/two vars=a,b fallback=hangup/USER_BUSY").unwrap();
        assert!(below.target.application.is_some());
        assert_eq!(below.variables, ["a", "b"]);
        assert_eq!(below.fallback, Fallback::Hangup(HangupCause::UserBusy));
        assert!(
            read("http://localhost:5000/x")
                .unwrap()
                .target
                .application
                .is_none()
        );
        for (text, says) in [
            ("", "does not say"),
            ("other", "no web application is called"),
            ("https://ivr.example/other", "is no host that may be asked"),
            ("http://ivr.example/menu", "is no host that may be asked"),
            ("http://169.254.169.254/", "is no host that may be asked"),
            ("ftp://localhost/", "it is no address"),
            ("menu full", "what is \"full\"?"),
            ("menu vars=", "what is \"vars=\"?"),
            ("menu fallback=", "what is"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn fallbacks() {
        let transfer = |extension: &str, context: Option<&str>| Fallback::Transfer {
            extension: extension.to_owned(),
            context: context.map(str::to_owned),
        };
        let read = Fallback::parse;
        assert_eq!(
            read("hangup"),
            Some(Fallback::Hangup(HangupCause::NormalClearing))
        );
        assert_eq!(read("transfer/1001"), Some(transfer("1001", None)));
        assert_eq!(
            read("transfer/1001/public"),
            Some(transfer("1001", Some("public")))
        );
        for wrong in [
            "",
            "hang",
            "continue/1",
            "hangup/NOTHING",
            "transfer",
            "transfer/",
            "transfer/1/a/b",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
