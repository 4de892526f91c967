//! Actions of the Live API become commands of the switch (event-api.md §7.3).

mod originate;
mod queue;
mod segment;

use std::sync::Arc;

use api::Switch;
use api::view::{Channel, Extension, View};

use crate::error::Refusal;
use crate::objects::{Object, Objects};
use crate::rest::{Act, Answer, Call, core_of};
use crate::rights::{Calls, Person, Right, Rights};
use crate::start::Shared;
use crate::wire::{Map, Value};

/// What an action is about.
pub(crate) struct Order<'a> {
    shared: &'a Arc<Shared>,
    objects: Arc<Objects>,
    view: Arc<View>,
    core: Arc<Object>,
    call: &'a Call,
    parameters: Map,
}

/// Does an action.
///
/// # Errors
/// Why not: 404 for what is not there, 412 for what is not given, 500 for what the switch refuses.
pub(crate) async fn perform(
    shared: &Arc<Shared>,
    act: Act,
    call: &Call,
) -> Result<Answer, Refusal> {
    let objects = shared.configuration.now();
    let order = Order {
        shared,
        view: shared.switch.view(),
        core: core_of(&objects, call.named(0))?,
        objects,
        call,
        parameters: call.parameters()?,
    };
    match act {
        Act::Originate => order.originate().await?,
        Act::DoNotDisturb(on) => order.do_not_disturb(on).await?,
        Act::LogIn => order.log_in().await?,
        Act::LogOut => order.log_out().await?,
        Act::AgentLogOut => order.agent_log_out().await?,
        Act::AgentPause(on) => order.agent_pause(on).await?,
        Act::AgentPenalty => order.agent_penalty().await?,
        Act::Transfer => order.transfer().await?,
        Act::Hangup => order.hangup().await?,
        Act::Hold(on) => order.hold(on).await?,
        Act::Park => order.park().await?,
        Act::Record(on) => order.record(on).await?,
        Act::Mute(on) => order.mute(on).await?,
        Act::ToVoicemail => order.to_voicemail().await?,
    }
    Ok(Answer::Done)
}

impl Order<'_> {
    /// Refuses what whoever asks may not do. Programs may do everything.
    fn require(&self, right: Right, rights: impl FnOnce(&Person) -> Rights) -> Result<(), Refusal> {
        match self.call.person() {
            Some(person) if !rights(person).has(right) => Err(Refusal::forbidden()),
            Some(_) | None => Ok(()),
        }
    }

    fn require_extension(&self, right: Right, extension: &Object) -> Result<(), Refusal> {
        self.require(right, |person| {
            person.rights(&person.extension(extension, &self.objects))
        })
    }

    fn require_call(&self, right: Right, channel: &Channel) -> Result<(), Refusal> {
        self.require(right, |person| {
            let calls = Calls::new(&self.objects, &self.view);
            let rights = calls.rights(person, channel);
            // Who may take calls that wait may send those elsewhere.
            if rights.has(Right::Take) && calls.waits(channel) {
                rights.with(Right::Transfer).with(Right::Park)
            } else {
                rights
            }
        })
    }

    fn switch(&self) -> &Switch {
        &self.shared.switch
    }

    /// A parameter that is a text, or a number written as one.
    fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.parameters.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok((!text.is_empty()).then(|| text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(Refusal::invalid(name)),
        }
    }

    fn number(&self, name: &str) -> Result<Option<u32>, Refusal> {
        let number = self.text(name)?.map(|text| text.parse().ok());
        match number {
            None => Ok(None),
            Some(Some(number)) => Ok(Some(number)),
            Some(None) => Err(Refusal::invalid(name)),
        }
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.parameters.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) => match text.parse() {
                Ok(flag) => Ok(Some(flag)),
                Err(_) => Err(Refusal::invalid(name)),
            },
            Some(_) => Err(Refusal::invalid(name)),
        }
    }

    fn directory_user(&self, extension: &Object) -> Result<Extension, Refusal> {
        let none = || Refusal::not_found("The switch has no user of that extension.");
        directory_user(&self.view, extension).ok_or_else(none)
    }

    /// The dialplan context for calls: the door's, else one the objects name. `None`: what the switch has.
    fn context(&self, extension: Option<&Object>, kind: Context) -> Option<Arc<str>> {
        if let Some(context) = &self.shared.config.context {
            return Some(context.as_str().into());
        }
        let (of_extension, of_core) = match kind {
            Context::Originating => ("originatingContextOverride", "originatingContext"),
            Context::Redirecting => ("redirectingContextOverride", "redirectingContext"),
        };
        let own = extension.map(|extension| extension.text(of_extension));
        let settings = self
            .objects
            .get(crate::objects::Kind::PbxSettings, &self.core.id);
        let usual = settings.map(|settings| settings.text(of_core));
        let mut named = [own, usual].into_iter().flatten();
        named.find(|name| !name.is_empty()).map(Arc::from)
    }
}

/// What a context is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Context {
    Originating,
    Redirecting,
}

/// The directory user behind an extension: of its number, or its peer's (event-api.md §8.4).
pub(crate) fn directory_user(view: &View, extension: &Object) -> Option<Extension> {
    let number = extension.text("extension");
    let peer = extension.text("peer").rsplit_once('/');
    let peer = peer.map(|(_, peer)| peer);
    let mut names = [Some(number), peer].into_iter().flatten();
    names.find_map(|name| {
        let mut domains = view.directory.domains.iter();
        let user = domains.find_map(|domain| domain.users.get(*domain.index.get(name)?))?;
        Some(Extension {
            user: user.id.clone(),
            domain: user.domain.clone(),
        })
    })
}
