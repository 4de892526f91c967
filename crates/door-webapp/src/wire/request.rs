//! What a web application is told.

use std::collections::BTreeMap;

use serde::Serialize;

/// The body of a request.
#[derive(Serialize, Debug)]
pub(crate) struct Request {
    /// 1; it changes when something is taken away.
    pub(crate) version: u32,
    /// The same for every try of the same request, and for no other.
    pub(crate) id: String,
    /// Counts the requests of this run of `webapp`, from 1.
    pub(crate) serial: u32,
    pub(crate) event: Happening,
    pub(crate) call: Call,
    /// What came of the actions of the answer before.
    pub(crate) results: Vec<Done>,
    /// Those asked for that are set.
    pub(crate) variables: BTreeMap<String, String>,
    /// What was wrong with the answer before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// Why it is told.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Happening {
    /// A call has come.
    Begin,
    /// The actions are done.
    Done,
    /// The call is not the application's any more. The answer to this means nothing.
    Ended,
}

#[derive(Serialize, Clone, Debug)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) direction: &'static str,
    pub(crate) caller: Caller,
    pub(crate) callee: String,
    pub(crate) context: String,
    /// `ringing`, `early`, `answered`, `hangup`
    pub(crate) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hangup_cause: Option<&'static str>,
}

#[derive(Serialize, Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) number: String,
}

/// One action that was done.
#[derive(Serialize, Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Done {
    pub(crate) action: &'static str,
    pub(crate) outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) digits: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) terminator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hangup_cause: Option<String>,
}

impl Done {
    pub(crate) fn new(action: &'static str, outcome: impl Into<String>) -> Self {
        Self {
            action,
            outcome: outcome.into(),
            ..Self::default()
        }
    }
}
