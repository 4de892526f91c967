//! What users are called (event-api.md §8.3); their addresses and numbers are lists like others.

use super::pbx::put;
use super::{Answer, Call, core, shown, user};
use crate::error::Refusal;
use crate::objects::Kind;
use crate::start::Shared;

pub(super) fn read(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let objects = shared.configuration.now();
    let user = user(&objects, call)?;
    match objects.get(Kind::Contact, &user.id) {
        Some(contact) => Ok(Answer::Json(shown(shared, contact))),
        None => Err(Refusal::not_found("No contact exists for the user.")),
    }
}

pub(super) async fn change(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let given = call.object()?;
    let objects = shared.configuration.now();
    let core = core(&objects, call)?.id.clone();
    let user = user(&objects, call)?.id.clone();
    put(shared, Kind::Contact, &core, &user, &given).await
}
