//! Requests carried out: the dispatch, one file per family (event-socket.md §2).

mod channel;
mod connect;
mod console;
mod events;
pub(crate) mod login;
mod own;
mod sendevent;
mod sendmsg;

use esl::command::{self, Command, Gates};
use esl::{Request, reply};

use crate::ending::End;
use crate::session::Session;

impl Session {
    /// Carries out one request and answers it: exactly one reply frame.
    pub(crate) async fn handle(&mut self, request: &Request) -> Result<(), End> {
        self.carry_out(request).await?;
        self.program_spoke().await
    }

    async fn carry_out(&mut self, request: &Request) -> Result<(), End> {
        let outbound = self.controlled.as_ref().and_then(|c| c.outbound.as_ref());
        let gates = Gates {
            authenticated: self.access.is_known(),
            controls_channel: self.controlled.is_some(),
            full: outbound.is_none_or(|outbound| outbound.full),
        };
        let command = Command::parse(request, gates);
        if !self.access.permits(&command) {
            return self.answer(command::PERMISSION_DENIED);
        }
        match command {
            Command::Exit => {
                self.answer(command::BYE)?;
                Err(End::Goodbye)
            }
            Command::Auth(auth) => self.auth(&auth).await,
            Command::UserAuth(user) => self.user_auth(user.as_ref()).await,
            Command::Filter(filter) => {
                self.catch_up()?;
                self.delivery.filter(&filter);
                self.answer(&filter.reply())
            }
            Command::Event(names) => self.event(&names).await,
            Command::NixEvent(names) => self.nix_event(&names).await,
            Command::NoEvents => self.no_events().await,
            Command::MyEvents(my_events) => self.my_events(&my_events).await,
            Command::DivertEvents(divert) => self.divert_events(divert),
            Command::Resume => self.resume().await,
            Command::Connect => self.connect(),
            Command::GetVar(get) => self.get_var(&get.name).await,
            Command::Linger(linger) => self.linger(linger),
            Command::NoLinger => self.no_linger(),
            Command::SendMsg(message) => self.sendmsg(&message).await,
            Command::SendEvent(event) => self.sendevent(event).await,
            Command::Api(api) => self.api(api).await,
            Command::BgApi(job) => self.bgapi(job).await,
            Command::Log(log) => self.log(&log),
            Command::NoLog => self.no_log(),
            Command::Own(own) => self.own(own),
            Command::Unknown => self.answer(command::NOT_FOUND),
        }
    }

    /// A command reply.
    fn answer(&self, text: &str) -> Result<(), End> {
        self.send(reply::command_reply(text))
    }
}
