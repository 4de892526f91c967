//! The objects a new installation begins with: the users of the directory, each with their number.

use api::view::Directory;
use serde_json::json;

use super::keep::Configuration;
use super::kind::Kind;
use super::{complete, snapshot::Object};
use crate::error::Refusal;
use crate::wire::{Map, Value};

/// Makes a core server `default`, and an extension and a user bound to it for everybody in the directory. Their
/// passwords are empty: nobody can log in with one.
///
/// # Errors
/// Storage failed.
pub(crate) async fn from_directory(
    configuration: &Configuration,
    directory: &Directory,
) -> Result<(), Refusal> {
    let make = async |kind: Kind, parent: &str, id: Option<&str>, members: Value| {
        let members = complete(kind, members.as_object().unwrap_or(&Map::new()))?;
        configuration.create(kind, parent, id, members).await
    };
    let core = json!({"slug": "default", "name": "Jackfield"});
    let core = make(Kind::CoreServer, "", None, core).await?;
    let settings = json!({"originatingContext": "default", "redirectingContext": "default"});
    make(Kind::PbxSettings, &core.id, Some(&core.id), settings).await?;
    let users = directory.domains.iter().flat_map(|domain| &domain.users);
    for user in users {
        let number = &*user.id;
        if is_there(configuration, &core, number) {
            // The same number in another domain.
            continue;
        }
        let name = user.variable("effective_caller_id_name");
        let name = name.unwrap_or(number);
        let extension =
            json!({"extension": number, "displayName": name, "peer": format!("SIP/{number}")});
        let extension = make(Kind::Extension, &core.id, None, extension).await?;
        let user = json!({"username": number, "displayName": name});
        let user = make(Kind::User, &core.id, None, user).await?;
        let binding = json!({"userId": &*user.id});
        make(Kind::ManagingUser, &core.id, Some(&extension.id), binding).await?;
    }
    Ok(())
}

fn is_there(configuration: &Configuration, core: &Object, number: &str) -> bool {
    let objects = configuration.now();
    objects
        .having(Kind::Extension, &core.id, "extension", number)
        .is_some()
}
