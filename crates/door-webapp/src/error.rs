use net::http_client::HttpError;

use crate::counters::Outcome;
use crate::wire::Wrong;

/// Why there is no answer to follow.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Http(#[from] HttpError),
    #[error("no answer in time")]
    Late,
    #[error("status {0}")]
    Status(u16),
    #[error("the answer is not application/json")]
    Type,
    #[error("{0}")]
    Wrong(#[from] Wrong),
}

impl Failure {
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Http(HttpError::Unreachable(_) | HttpError::Name | HttpError::Request(_)) => {
                Outcome::Unreachable
            }
            Self::Http(HttpError::Tls(_)) => Outcome::TlsFailed,
            Self::Http(HttpError::Broken(_)) => Outcome::Broken,
            Self::Http(HttpError::Long(_)) => Outcome::Long,
            Self::Late => Outcome::Late,
            Self::Status(_) => Outcome::Status,
            Self::Type | Self::Wrong(_) => Outcome::Wrong,
        }
    }

    /// The application has not seen the request, or has said that it is not well itself.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Http(HttpError::Unreachable(_)) => true,
            Self::Status(status) => (500..600).contains(status),
            Self::Http(
                HttpError::Tls(_)
                | HttpError::Name
                | HttpError::Request(_)
                | HttpError::Broken(_)
                | HttpError::Long(_),
            )
            | Self::Late
            | Self::Type
            | Self::Wrong(_) => false,
        }
    }

    /// Whether somebody is there who could be told about it.
    pub(crate) fn was_reached(&self) -> bool {
        match self {
            Self::Http(HttpError::Broken(_) | HttpError::Long(_))
            | Self::Late
            | Self::Status(_)
            | Self::Type
            | Self::Wrong(_) => true,
            Self::Http(
                HttpError::Unreachable(_)
                | HttpError::Tls(_)
                | HttpError::Name
                | HttpError::Request(_),
            ) => false,
        }
    }
}
