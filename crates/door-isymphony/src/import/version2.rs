//! What a 2.x installation had (event-api.md §9): locations with tenants, tenants with extensions, profiles, queues,
//! conference rooms and parking lots, which become objects of the Configuration API.
//!
//! Each tenant becomes a core server: the only one `default`, as clients expect it, otherwise each by its own name.
//! Objects are found again by what must differ among them, so that a second import writes nothing.

use serde_json::json;

use super::Notes;
use super::tree::{ReadError, Thing, plain};
use crate::objects::{Configuration, KeepError, Kind, Object, Place, complete, overlay};
use crate::rest::password;
use crate::wire::{Map, Value};

/// What was read, not written yet.
#[derive(Debug, Default)]
pub struct Version2 {
    cores: Vec<Core>,
    /// What is configuration here.
    pub panel: PanelLines,
    /// What there is to say about it.
    pub notes: Notes,
}

/// A tenant.
#[derive(Debug, Default)]
struct Core {
    slug: String,
    name: String,
    /// By kind, then in the order of the file.
    objects: Vec<(Kind, Map)>,
    /// Whose extensions are: name of the user, number of the extension.
    bindings: Vec<(String, String)>,
    /// Number of an extension, and what reaches its user.
    contacts: Vec<(String, Kind, Map)>,
}

/// How many objects there are now that were in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Were not there.
    pub made: usize,
    /// Were otherwise.
    pub changed: usize,
    /// Were so already.
    pub unchanged: usize,
}

/// Why an import ended in the middle. What was written before is there; it can be run again.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// What is there cannot be read.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// An object cannot be kept.
    #[error("{what}: {why}")]
    Object {
        /// Which.
        what: String,
        /// Why.
        why: String,
    },
}

/// Fields of an object: what 2.x calls them, with other spellings, and what they are here.
type Fields = &'static [(&'static [&'static str], &'static str)];

const EXTENSION: Fields = &[
    (&["extension_val", "extension"], "extension"),
    (&["name"], "displayName"),
    (&["peer"], "peer"),
    (&["voice_mail"], "voiceMailBox"),
    (&["voice_mail_context"], "voiceMailContext"),
    (&["auto_answer"], "autoAnswer"),
    (&["agent_login_name"], "agentName"),
    (&["agent_login_interface"], "agentInterface"),
    (&["agent_login_penalty"], "agentPenalty"),
    // Of the overrides only that they are is known, not what they are called.
    (
        &["originating_context_override", "originating_context"],
        "originatingContextOverride",
    ),
    (
        &["redirecting_context_override", "redirecting_context"],
        "redirectingContextOverride",
    ),
];
const PROFILE: Fields = &[(&["name"], "username"), (&["password"], "password")];
const QUEUE: Fields = &[
    (&["queue_val"], "identifier"),
    (&["name"], "displayName"),
    (&["extension_val"], "destinationExtension"),
    (&["context"], "destinationContext"),
];
const ROOM: Fields = &[
    (&["room_number"], "identifier"),
    (&["name"], "name"),
    (&["extension_val"], "destinationExtension"),
    (&["context"], "destinationContext"),
];
/// Nothing is known of its fields: those of its neighbours.
const LOT: Fields = &[
    (&["identifier", "lot", "name"], "identifier"),
    (&["name"], "name"),
    (&["extension_val"], "destinationExtension"),
    (&["context"], "destinationContext"),
];

/// Reads the file: XML, or JSON with the same names.
///
/// # Errors
/// [`ReadError`].
pub fn version_2(text: &str) -> Result<Version2, ReadError> {
    let root = Thing::read(text)?;
    let mut found = Version2::default();
    let mut tenants: Vec<&Thing> = of_kind(&root, "tenant");
    if tenants.is_empty() {
        found
            .notes
            .left("there is no tenant in it; all of it is taken for one");
        tenants.push(&root);
    }
    let one = tenants.len() == 1;
    for tenant in tenants {
        let name = tenant.field(&["name"]).unwrap_or("default");
        let core = Core {
            slug: if one {
                "default".to_owned()
            } else {
                slug(name)
            },
            name: name.to_owned(),
            ..Core::default()
        };
        if found.cores.iter().any(|other| other.slug == core.slug) {
            found.notes.left(format!(
                "tenant {name}: another one has become {}",
                core.slug
            ));
            continue;
        }
        found.tenant(core, tenant);
    }
    Ok(found)
}

/// Things of a kind, wherever they stand but in a permission group, which only names them; lists of them are none themselves.
fn of_kind<'a>(root: &'a Thing, kind: &str) -> Vec<&'a Thing> {
    let mut all = vec![root];
    let mut next = 0;
    while let Some(thing) = all.get(next).copied() {
        let is_group = thing.kind() == "permissiongroup";
        all.extend(thing.within.iter().filter(|_| !is_group));
        next += 1;
    }
    all.retain(|thing| thing.kind() == kind && !thing.fields.is_empty());
    all
}

/// As in a URL.
fn slug(name: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let slug: String = name.chars().map(letter).collect();
    let slug = slug.trim_matches('-');
    if slug.is_empty() {
        "default".to_owned()
    } else {
        slug.to_owned()
    }
}

impl Version2 {
    fn tenant(&mut self, mut core: Core, tenant: &Thing) {
        let mut counts = Vec::new();
        for (name, kind, fields) in [
            ("extension", Kind::Extension, EXTENSION),
            ("profile", Kind::User, PROFILE),
            ("queue", Kind::Queue, QUEUE),
            ("conferenceroom", Kind::ConferenceRoom, ROOM),
            ("parkinglot", Kind::ParkingLot, LOT),
        ] {
            let mut count = 0;
            for thing in of_kind(tenant, name) {
                if let Some(members) = self.object(kind, fields, thing) {
                    self.beside(&mut core, kind, thing, &members);
                    core.objects.push((kind, members));
                    count += 1;
                }
            }
            counts.push(format!("{count} {name}s"));
        }
        self.panel.take(tenant, &mut self.notes);
        self.notes.took(format!(
            "tenant {} → core server {}: {}",
            core.name,
            core.slug,
            counts.join(", ")
        ));
        self.cores.push(core);
    }

    /// The members of an object; `None` for one without what it needs.
    fn object(&mut self, kind: Kind, fields: Fields, thing: &Thing) -> Option<Map> {
        let mut given = Map::new();
        for (names, member) in fields {
            let Some(value) = thing.field(names) else {
                continue;
            };
            let value = match value {
                // Flags of 2.x: which of these it has is not known.
                "1" | "yes" | "on" if is_flag(kind, member) => "true",
                "0" | "no" | "off" if is_flag(kind, member) => "false",
                value => value,
            };
            given.insert((*member).to_owned(), value.into());
        }
        if kind == Kind::User {
            let name = given.get("username").cloned().unwrap_or_default();
            given.insert("displayName".to_owned(), name);
        }
        let known = |name: &str| {
            let name = plain(name);
            let mut spelt = fields.iter().flat_map(|(names, _)| *names);
            spelt.any(|own| plain(own) == name)
                || BESIDE.contains(&name.as_str())
                || kind == Kind::ConferenceRoom && panel::is_flag_of_conference(&name)
        };
        for (name, _) in thing.fields.iter().filter(|(name, _)| !known(name)) {
            self.notes.left(format!("{}: {name}", thing.kind()));
        }
        match complete(kind, &given) {
            Ok(_) => Some(given),
            Err(refusal) => {
                let name = thing.field(&["name"]).unwrap_or("without a name");
                self.notes
                    .left(format!("{} {name}: {}", thing.kind(), refusal.text()));
                None
            }
        }
    }

    /// What a thing says that are objects of their own here.
    fn beside(&mut self, core: &mut Core, kind: Kind, thing: &Thing, members: &Map) {
        let text = |name: &str| {
            members
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        if kind == Kind::Extension {
            let number = text("extension");
            for (field, kind, members) in [
                ("email", Kind::EmailAddress, ("Work", "address")),
                ("cell_phone", Kind::PhoneNumber, ("Mobile", "number")),
            ] {
                if let Some(value) = thing.field(&[field]) {
                    let (of, member) = members;
                    let contact = json!({"type": of, member: value});
                    let contact = contact.as_object().cloned().unwrap_or_default();
                    core.contacts.push((number.clone(), kind, contact));
                }
            }
            return;
        }
        if kind == Kind::User {
            let inner = thing
                .within
                .iter()
                .filter(|inner| plain(&inner.name) == "managedextension");
            let numbers = inner.clone().flat_map(|inner| &inner.fields).chain(
                thing
                    .fields
                    .iter()
                    .filter(|(name, _)| plain(name) == "managedextension"),
            );
            // Each alone, or several with something between.
            for (_, value) in numbers {
                let parts = value.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
                let parts = parts.filter(|part| !part.is_empty());
                core.bindings
                    .extend(parts.map(|number| (text("username"), number.to_owned())));
            }
            if thing.field(&["can_view_everyone_directory"]).is_some() {
                self.notes.left(
                    "profile: can_view_everyone_directory; who sees others is said by groups here",
                );
            }
        }
    }

    /// Writes it where a server keeps its objects, which must not be running: it would not see them.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn write(&mut self, place: &Place) -> Result<Outcome, ImportError> {
        let configuration = Configuration::open(place).await?;
        let mut outcome = Outcome::default();
        for core in &self.cores {
            let mut writer = Writer {
                configuration: &configuration,
                outcome: &mut outcome,
            };
            writer.core(core, &mut self.notes).await?;
        }
        Ok(outcome)
    }
}

/// Fields that become something beside the object, or were said already; as they are compared.
const BESIDE: [&str; 6] = [
    "email",
    "permissiongroup",
    "cellphone",
    "managedextension",
    "canvieweveryonedirectory",
    "text",
];

fn is_flag(kind: Kind, member: &str) -> bool {
    let mut fields = kind.fields().iter();
    fields.any(|field| field.name == member && field.is == crate::objects::FieldType::Flag)
}

/// One import on its way.
struct Writer<'a> {
    configuration: &'a Configuration,
    outcome: &'a mut Outcome,
}

impl Writer<'_> {
    async fn core(&mut self, core: &Core, notes: &mut Notes) -> Result<(), ImportError> {
        let members = json!({"slug": core.slug, "name": core.name});
        let members = members.as_object().cloned().unwrap_or_default();
        let server = self.put(Kind::CoreServer, "", &members).await?;
        for (kind, members) in &core.objects {
            self.put(*kind, &server.id, members).await?;
        }
        for (name, number) in &core.bindings {
            self.bind(&server, name, number, notes).await?;
        }
        for (number, kind, members) in &core.contacts {
            let objects = self.configuration.now();
            let extension = objects.having(Kind::Extension, &server.id, "extension", number);
            let Some(user) = extension.and_then(|extension| objects.managing_user(extension))
            else {
                notes.left(format!(
                    "extension {number}: it has no user for its address or telephone"
                ));
                continue;
            };
            let same = |other: &&std::sync::Arc<Object>| {
                members
                    .iter()
                    .all(|(name, value)| other.members.get(name) == Some(value))
            };
            if objects
                .of(*kind, &user.id)
                .any(|other| same(&&other.clone()))
            {
                self.outcome.unchanged += 1;
                continue;
            }
            let members =
                complete(*kind, members).map_err(|refusal| failed(number, refusal.text()))?;
            let made = self
                .configuration
                .create(*kind, &user.id, None, members)
                .await;
            made.map_err(|refusal| failed(number, refusal.text()))?;
            self.outcome.made += 1;
        }
        Ok(())
    }

    /// Makes an object, or changes the one that has its unique member.
    async fn put(
        &mut self,
        kind: Kind,
        parent: &str,
        given: &Map,
    ) -> Result<std::sync::Arc<Object>, ImportError> {
        let unique = kind.fields().iter().find(|field| field.unique);
        let key = unique.map_or("", |field| field.name);
        let value = given.get(key).and_then(Value::as_str).unwrap_or_default();
        let what = format!("{} {value}", kind.name());
        let objects = self.configuration.now();
        let hashed = given
            .get("password")
            .and_then(Value::as_str)
            .is_some_and(is_hash);
        let done = if let Some(old) = objects.having(kind, parent, key, value) {
            let change = |members: &mut Map| {
                let before = members.clone();
                overlay(kind, members, given)?;
                password::of_changed(&before, given, members, hashed, false);
                Ok(())
            };
            let new = self
                .configuration
                .update(kind, parent, &old.id, change)
                .await;
            let same = new.as_ref().is_ok_and(|new| new.members == old.members);
            *(if same {
                &mut self.outcome.unchanged
            } else {
                &mut self.outcome.changed
            }) += 1;
            new
        } else {
            let mut members =
                complete(kind, given).map_err(|refusal| failed(&what, refusal.text()))?;
            password::of_new(kind, given, &mut members, hashed);
            self.outcome.made += 1;
            self.configuration.create(kind, parent, None, members).await
        };
        done.map_err(|refusal| failed(&what, refusal.text()))
    }

    async fn bind(
        &mut self,
        server: &Object,
        name: &str,
        number: &str,
        notes: &mut Notes,
    ) -> Result<(), ImportError> {
        let objects = self.configuration.now();
        let user = objects.having(Kind::User, &server.id, "username", name);
        let extension = objects.having(Kind::Extension, &server.id, "extension", number);
        let (Some(user), Some(extension)) = (user, extension) else {
            notes.left(format!("profile {name}: there is no extension {number}"));
            return Ok(());
        };
        let mut members = Map::new();
        members.insert("userId".to_owned(), json!(&*user.id));
        let kind = Kind::ManagingUser;
        let done = match objects.get(kind, &extension.id) {
            Some(old) if old.members == members => {
                self.outcome.unchanged += 1;
                return Ok(());
            }
            Some(_) => {
                self.outcome.changed += 1;
                let change = |old: &mut Map| overlay(kind, old, &members);
                self.configuration
                    .update(kind, &server.id, &extension.id, change)
                    .await
            }
            None => {
                self.outcome.made += 1;
                self.configuration
                    .create(kind, &server.id, Some(&extension.id), members)
                    .await
            }
        };
        done.map_err(|refusal| failed(name, refusal.text()))?;
        Ok(())
    }
}

/// Whether a password is a hash already: how 2.x keeps them is not known, and nobody types forty hexadecimal digits.
fn is_hash(password: &str) -> bool {
    password.len() == 40
        && password
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn failed(what: &str, why: &str) -> ImportError {
    ImportError::Object {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}

mod panel;

pub use panel::{ConferenceLines, PanelLines};

#[cfg(test)]
mod tests;
