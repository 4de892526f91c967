//! One call: asking, doing, asking again, until the application lets it go or it ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::command::control::{BeginControl, ClaimControl, ControlId, EndControl, ExecuteControlled};
use api::event::ControllerWanted;
use api::view::{AnswerState, Channel};
use api::{ChannelId, Origin};
use bytes::Bytes;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::address::{Argument, Fallback, Target};
use crate::commands::{self, Follows};
use crate::counters::Outcome;
use crate::error::Failure;
use crate::events::Over;
use crate::farewell;
use crate::post;
use crate::start::{NAME, Shared};
use crate::wire::{Call, Caller, Done, Happening, Request};

/// What is left for the door between the last try and saying that it failed.
const MARGIN: Duration = Duration::from_secs(2);

/// Time for the switch to say how a channel left, once it has left.
const LAST_WORD: Duration = Duration::from_secs(5);

/// The variable that says how it went, for what comes next in the dialplan.
const RESULT: &str = "webapp_result";

/// The channel is not the application's any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left;

/// A channel an application controls.
pub(crate) struct Controlled<'a> {
    pub(crate) id: &'a ChannelId,
    pub(crate) control: ControlId,
    shared: &'a Shared,
    origin: Origin,
}

impl Controlled<'_> {
    pub(crate) async fn ask(&self, command: ExecuteControlled) -> Result<(), Left> {
        let asked = self.shared.switch.ask(command, self.origin.clone()).await;
        asked.map(|_| ()).map_err(|_| Left)
    }

    /// As it is now; `None` when it was hung up.
    pub(crate) fn seen(&self) -> Option<Arc<Channel>> {
        let view = self.shared.switch.view();
        view.channels.get(self.id).filter(|c| !c.is_down()).cloned()
    }
}

/// Hears, once, that the channel left; knows it afterwards.
struct Ending {
    over: Over,
    heard: Option<Option<Arc<Channel>>>,
}

impl Ending {
    /// Cancel-safe.
    async fn wait(&mut self) -> Option<Arc<Channel>> {
        if let Some(seen) = &self.heard {
            return seen.clone();
        }
        // Without a sender the door ends, and so does everything.
        let seen = (&mut self.over).await.ok().flatten();
        self.heard = Some(seen.clone());
        seen
    }

    /// After it has left. A hangup is said soon, and a switch that has stopped says nothing.
    async fn soon(&mut self) -> Option<Arc<Channel>> {
        timeout(LAST_WORD, self.wait()).await.ok().flatten()
    }
}

/// Why the conversation is over.
enum End {
    /// The application said so, or nobody is to be asked any more; the fallback says what to do.
    Fallback(Outcome, Option<Failure>),
    Continue,
    Left,
}

/// From the wish to the end.
pub(crate) async fn serve(shared: Arc<Shared>, wish: ControllerWanted, over: Over) {
    let origin = Origin {
        door: NAME,
        peer: NAME.into(),
        connection: wish.control.0,
    };
    let claim = ClaimControl {
        channel: wish.channel.clone(),
        control: wish.control,
        within: shared.config.answer_time + MARGIN,
    };
    if shared.switch.ask(claim, origin.clone()).await.is_err() {
        // The call has ended.
        return;
    }
    let argument = match Argument::parse(&wish.address, &shared.config) {
        Ok(argument) => argument,
        Err(error) => {
            shared.counters.count(Outcome::Refused);
            tracing::warn!(channel = %wish.channel, %error, "No web application is asked");
            let_go(&shared, &wish).await;
            return;
        }
    };
    let channel = Controlled {
        id: &wish.channel,
        control: wish.control,
        shared: &shared,
        origin,
    };
    let mut ending = Ending { over, heard: None };
    let mut talk = Talk {
        target: argument.target,
        variables: argument.variables,
        run: Uuid::new_v4(),
        serial: 0,
        begun: false,
        told: false,
        seen: None,
        results: Vec::new(),
    };
    let end = match shared.places.clone().try_acquire_owned() {
        Ok(_place) => talk.hold(&shared, &channel, &mut ending).await,
        Err(_) => End::Fallback(Outcome::TooMany, None),
    };
    let problem = match &end {
        End::Fallback(outcome, failure) => {
            shared.counters.count(*outcome);
            let why = match failure {
                Some(failure) => failure.to_string(),
                None => outcome.name().to_owned(),
            };
            tracing::warn!(channel = %wish.channel, url = %talk.target.url, why, fallback = ?argument.fallback, "A call goes on without its web application");
            let told = failure.as_ref().is_some_and(Failure::was_reached);
            talk.told |= told;
            Some(why)
        }
        End::Continue | End::Left => None,
    };
    if let Some(seen) = channel.seen() {
        talk.seen = Some(seen);
    }
    let left = match end {
        End::Fallback(outcome, _) => {
            let fallback = &argument.fallback;
            fall_back(&channel, talk.begun, fallback, outcome).await
        }
        End::Continue => commands::set(&channel, RESULT, "continue").await,
        End::Left => Err(Left),
    };
    if left.is_err()
        && let Some(seen) = ending.soon().await
    {
        talk.seen = Some(seen);
    }
    if talk.told
        && let Some((id, body)) = talk.request(Happening::Ended, problem)
    {
        farewell::send(&shared, talk.target, id, body);
    }
    let_go(&shared, &wish).await;
}

/// The channel goes on in its dialplan, should it still wait for us.
pub(crate) async fn let_go(shared: &Shared, wish: &ControllerWanted) {
    let end = EndControl {
        channel: wish.channel.clone(),
        control: wish.control,
    };
    // A switch that has stopped has no calls.
    shared.switch.ask(end, Origin::internal(NAME)).await.ok();
}

/// Does what was declared for this case. `Err`: the channel has left.
async fn fall_back(
    channel: &Controlled<'_>,
    begun: bool,
    fallback: &Fallback,
    outcome: Outcome,
) -> Result<(), Left> {
    if !begun {
        begin(channel).await?;
    }
    commands::set(channel, RESULT, outcome.name()).await?;
    match fallback {
        Fallback::Continue => {}
        Fallback::Hangup(cause) => {
            commands::run(channel, "hangup", cause.name()).await?;
        }
        Fallback::Transfer { extension, context } => {
            let context = context.as_deref().unwrap_or_default();
            let to = format!("{extension} XML {context}");
            commands::run(channel, "transfer", to.trim_end()).await?;
        }
    }
    Ok(())
}

async fn begin(channel: &Controlled<'_>) -> Result<(), Left> {
    let begin = BeginControl {
        channel: channel.id.clone(),
        control: channel.control,
    };
    let switch = &channel.shared.switch;
    let begun = switch.ask(begin, channel.origin.clone()).await;
    begun.map(|_| ()).map_err(|_| Left)
}

/// What was said so far.
struct Talk {
    target: Target,
    /// Which the application is told.
    variables: Vec<String>,
    /// Tells this run from every other, of this server and others.
    run: Uuid,
    serial: u32,
    /// The switch knows that there is an application.
    begun: bool,
    /// The application knows of the call.
    told: bool,
    seen: Option<Arc<Channel>>,
    /// What came of the actions of the last answer.
    results: Vec<Done>,
}

impl Talk {
    async fn hold(
        &mut self,
        shared: &Shared,
        channel: &Controlled<'_>,
        ending: &mut Ending,
    ) -> End {
        let until = Instant::now() + shared.config.call_time;
        let stop = shared.drain.connection().told;
        loop {
            let Some(seen) = channel.seen() else {
                return End::Left;
            };
            self.seen = Some(seen);
            if self.serial >= shared.config.max_requests || Instant::now() >= until {
                return End::Fallback(Outcome::Exhausted, None);
            }
            let event = if self.begun {
                Happening::Done
            } else {
                Happening::Begin
            };
            let Some((id, body)) = self.request(event, None) else {
                return End::Left;
            };
            let asked = tokio::select! {
                biased;
                _ = ending.wait() => {
                    // It may have been heard before the hangup.
                    self.told = true;
                    return End::Left;
                }
                () = stop.cancelled() => return End::Continue,
                asked = post::ask(shared, &self.target, &id, &body) => asked,
            };
            let answer = match asked {
                Ok(answer) => answer,
                Err(failure) => return End::Fallback(failure.outcome(), Some(failure)),
            };
            shared.counters.count(Outcome::Answered);
            self.told = true;
            self.results.clear();
            if let Some(next) = &answer.next
                && let Ok(url) = self.target.url.next(next)
            {
                self.target.url = url;
            }
            if let Some(variables) = answer.variables {
                self.variables = variables;
            }
            if !self.begun {
                if begin(channel).await.is_err() {
                    return End::Left;
                }
                self.begun = true;
            }
            for action in answer.actions {
                match commands::perform(channel, action).await {
                    Ok(Follows::Next(done)) => self.results.push(done),
                    Ok(Follows::Continue) => return End::Continue,
                    Err(Left) => return End::Left,
                }
            }
        }
    }

    /// The next request; `None` when nothing is known of the channel.
    fn request(&mut self, event: Happening, problem: Option<String>) -> Option<(String, Bytes)> {
        let seen = self.seen.as_ref()?;
        self.serial += 1;
        let id = format!("{}-{}", self.run, self.serial);
        let variables = self.variables.iter().filter_map(|name| {
            let value = seen.variables.get(name)?;
            Some((name.clone(), value.to_text().to_string()))
        });
        let request = Request {
            version: 1,
            id: id.clone(),
            serial: self.serial,
            event,
            call: described(seen),
            results: self.results.clone(),
            variables: variables.collect::<BTreeMap<_, _>>(),
            problem,
        };
        // Texts and numbers always have a form in JSON.
        let body = serde_json::to_vec(&request).ok()?;
        Some((id, body.into()))
    }
}

fn described(seen: &Channel) -> Call {
    let profile = seen.profile.as_deref();
    let text = |of: fn(&api::view::CallerProfile) -> &Arc<str>| {
        profile
            .map(|profile| of(profile).to_string())
            .unwrap_or_default()
    };
    let state = if seen.is_down() {
        AnswerState::Hangup
    } else {
        seen.answer
    };
    Call {
        id: seen.id.as_str().to_owned(),
        direction: seen.direction.name(),
        caller: Caller {
            name: text(|profile| &profile.caller_id_name),
            number: text(|profile| &profile.caller_id_number),
        },
        callee: text(|profile| &profile.destination_number),
        context: text(|profile| &profile.context),
        state: state.name(),
        hangup_cause: seen.hangup.map(|hangup| hangup.cause.name()),
    }
}
