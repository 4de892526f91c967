//! `vm_boxcount`, `vm_list`, `vm_delete`, `vm_read`, `vm_inject`, `vm_prefs`: what is in voicemail boxes (event-socket.md §6.8).

use super::call::{Call, OK, usage};
use crate::serialise::xml::write_text;
use api::command::voicemail::{
    DeleteVoiceMessage, FindGreeting, InjectVoiceMessage, MarkVoiceMessage,
};
use api::view::{Extension, Mailbox, VoiceMessage};
use api::{CommandError, ErrorKind};
use std::sync::Arc;

const NO_SUCH_BOX: &str = "-ERR No such box!\n";
const NO_SUCH_MESSAGE: &str = "-ERR No such message!\n";

/// `[<profile>/]<user>@<domain>[/<profile>]`. A box is the same in every profile.
fn mailbox(call: &Call<'_>, text: &str) -> Option<Arc<Mailbox>> {
    let text = text.strip_prefix("sip:").unwrap_or(text);
    let (user, domain) = text.split_once('@')?;
    let user = user.rsplit_once('/').map_or(user, |(_, user)| user);
    let domain = domain.split_once('/').map_or(domain, |(domain, _)| domain);
    call.view().mailbox(user, domain)
}

/// A box that is not there has no messages, as clients of the original know it.
pub(super) async fn vm_boxcount(call: &Call<'_>) -> String {
    const SYNTAX: &str = "[profile/]<user>@<domain>[|[new|saved|new-urgent|saved-urgent|all]]";
    let (name, what) = call
        .args
        .trim()
        .split_once('|')
        .unwrap_or((call.args.trim(), "new"));
    if name.is_empty() {
        return usage(SYNTAX);
    }
    let mailbox = mailbox(call, name);
    let new = mailbox.as_ref().map_or(0, |mailbox| mailbox.new_messages());
    let saved = mailbox
        .as_ref()
        .map_or(0, |mailbox| mailbox.saved_messages());
    match what {
        "new" => new.to_string(),
        "saved" => saved.to_string(),
        // Nothing is urgent here.
        "new-urgent" | "saved-urgent" => "0".to_owned(),
        "all" => format!("{new}:{saved}:0:0"),
        _ => usage(SYNTAX),
    }
}

pub(super) async fn vm_list(call: &Call<'_>) -> String {
    let words = call.words();
    let (name, format) = match words.as_slice() {
        [name] => (name, "text"),
        [name, format] => (name, format.as_str()),
        _ => return usage("<id>@<domain>[/profile] [xml]"),
    };
    let Some(mailbox) = mailbox(call, name) else {
        return NO_SUCH_BOX.to_owned();
    };
    let rows = mailbox
        .messages
        .iter()
        .map(|message| row(&mailbox, message));
    if format != "xml" {
        return rows
            .map(|row| row.map(|(_, value)| value).join(":") + "\n")
            .collect();
    }
    let mut out = String::from("<voicemail>\n");
    for row in rows {
        out.push_str(" <message>\n");
        for (name, value) in row {
            let mut escaped = Vec::new();
            write_text(&mut escaped, &value);
            let value = String::from_utf8_lossy(&escaped);
            out.push_str(&format!("  <{name}>{value}</{name}>\n"));
        }
        out.push_str(" </message>\n");
    }
    out.push_str("</voicemail>\n");
    out
}

fn row(mailbox: &Mailbox, message: &VoiceMessage) -> [(&'static str, String); 10] {
    let read = message.read_at.map_or(0, |at| at.as_seconds());
    [
        ("created_epoch", message.left_at.as_seconds().to_string()),
        ("read_epoch", read.to_string()),
        ("user", mailbox.name.user.to_string()),
        ("domain", mailbox.name.domain.to_string()),
        ("folder", "inbox".to_owned()),
        ("path", message.path.to_string()),
        ("uuid", message.id.to_string()),
        ("cid-name", message.caller_name.to_string()),
        ("cid-number", message.caller_number.to_string()),
        ("message-len", message.seconds().to_string()),
    ]
}

/// The messages meant: one, or all of the box.
fn chosen(mailbox: &Mailbox, uuid: Option<&String>) -> Vec<Arc<str>> {
    let all = mailbox.messages.iter().map(|message| message.id.clone());
    all.filter(|id| uuid.is_none_or(|uuid| **id == **uuid))
        .collect()
}

pub(super) async fn vm_delete(call: &Call<'_>) -> String {
    let words = call.words();
    let (name, uuid) = match words.as_slice() {
        [name] => (name, None),
        [name, uuid] => (name, Some(uuid)),
        _ => return usage("<id>@<domain>[/profile] [<uuid>]"),
    };
    let Some(mailbox) = mailbox(call, name) else {
        return NO_SUCH_BOX.to_owned();
    };
    let messages = chosen(&mailbox, uuid);
    if messages.is_empty() && uuid.is_some() {
        return NO_SUCH_MESSAGE.to_owned();
    }
    for message in messages {
        let command = DeleteVoiceMessage {
            mailbox: mailbox.name.clone(),
            message,
        };
        if let Err(error) = call.ask(command).await {
            return format!("-ERR {}\n", error.detail);
        }
    }
    OK.to_owned()
}

pub(super) async fn vm_read(call: &Call<'_>) -> String {
    const SYNTAX: &str = "<id>@<domain>[/profile] <read|unread> [<uuid>]";
    let words = call.words();
    let (name, word, uuid) = match words.as_slice() {
        [name, word] => (name, word, None),
        [name, word, uuid] => (name, word, Some(uuid)),
        _ => return usage(SYNTAX),
    };
    let read = match word.as_str() {
        "read" => true,
        "unread" => false,
        _ => return usage(SYNTAX),
    };
    let Some(mailbox) = mailbox(call, name) else {
        return NO_SUCH_BOX.to_owned();
    };
    let messages = chosen(&mailbox, uuid);
    if messages.is_empty() && uuid.is_some() {
        return NO_SUCH_MESSAGE.to_owned();
    }
    for message in messages {
        let command = MarkVoiceMessage {
            mailbox: mailbox.name.clone(),
            message,
            read,
        };
        if let Err(error) = call.ask(command).await {
            return format!("-ERR {}\n", error.detail);
        }
    }
    OK.to_owned()
}

/// What a refusal is answered with.
fn refused(error: &CommandError) -> String {
    match error.kind {
        ErrorKind::NotFound(_) => NO_SUCH_BOX.to_owned(),
        ErrorKind::AlreadyExists(_)
        | ErrorKind::InvalidState
        | ErrorKind::InvalidArgument(_)
        | ErrorKind::NotSupported
        | ErrorKind::Forbidden
        | ErrorKind::Unavailable
        | ErrorKind::TimedOut
        | ErrorKind::LimitReached
        | ErrorKind::CallFailed
        | ErrorKind::Internal => format!("-ERR {}\n", error.detail),
    }
}

/// Names of voicemail that stand in front of a user or behind a domain, as in `default/1000@example.org`.
fn profile_of(text: &str) -> Option<Arc<str>> {
    let (user, domain) = text.split_once('@').unwrap_or((text, ""));
    let behind = domain.split_once('/').map(|(_, profile)| profile);
    let front = user.split_once('/').map(|(profile, _)| profile);
    behind
        .or(front)
        .filter(|name| !name.is_empty())
        .map(Into::into)
}

/// Boxes that a message is for: those of a group, of a domain, or one. Without a domain it is the first of the directory.
fn receivers(call: &Call<'_>, text: &str) -> Vec<Extension> {
    let view = call.view();
    let first = view
        .directory
        .domains
        .first()
        .map(|domain| domain.name.clone());
    let in_domain = |text: &str| -> (String, String) {
        match text.split_once('@') {
            Some((name, domain)) => (name.to_owned(), domain.to_owned()),
            None => (
                text.to_owned(),
                first.as_deref().unwrap_or_default().to_owned(),
            ),
        }
    };
    let boxes = |users: &mut dyn Iterator<Item = Option<Extension>>| -> Vec<Extension> {
        let mut found: Vec<Extension> = Vec::new();
        // Several users may share one.
        for mailbox in users.flatten() {
            if !found.contains(&mailbox) {
                found.push(mailbox);
            }
        }
        found
    };
    if let Some(group) = text.strip_prefix("group=") {
        let (name, domain) = in_domain(group);
        let Some(domain) = view.directory.domain(&domain) else {
            return Vec::new();
        };
        let groups = domain.groups.iter();
        let groups = groups.filter(|group| *group.name == *name);
        let users = groups.flat_map(|group| &group.users);
        let mut users = users.map(|user| view.directory.user(&domain.name, user)?.mailbox());
        return boxes(&mut users);
    }
    if let Some(domain) = text.strip_prefix("domain=") {
        let domain = view.directory.domain(domain);
        let users = domain.into_iter().flat_map(|domain| &domain.users);
        return boxes(&mut users.map(|user| user.mailbox()));
    }
    let (user, domain) = in_domain(text);
    let one = mailbox(call, &format!("{user}@{domain}"));
    one.map(|mailbox| mailbox.name.clone())
        .into_iter()
        .collect()
}

/// A sound becomes a message, in one box or in many.
pub(super) async fn vm_inject(call: &Call<'_>) -> String {
    const SYNTAX: &str = "[group=<group>[@domain]|domain=<domain>|<box>[@<domain>]] <sound_file> [<cid_num>] [<cid_name>]";
    let words = call.words_of(4);
    let [target, file, caller @ ..] = words.as_slice() else {
        return usage(SYNTAX);
    };
    let receivers = receivers(call, target);
    if receivers.is_empty() {
        return NO_SUCH_BOX.to_owned();
    }
    let said = |at: usize, otherwise: &str| -> Arc<str> {
        let word = caller.get(at).map(String::as_str);
        word.filter(|word| !word.is_empty())
            .unwrap_or(otherwise)
            .into()
    };
    for mailbox in receivers {
        let command = InjectVoiceMessage {
            mailbox,
            profile: None,
            file: file.as_str().into(),
            caller_name: said(1, "Anonymous"),
            caller_number: said(0, "anonymous"),
        };
        if let Err(error) = call.ask(command).await {
            return refused(&error);
        }
    }
    OK.to_owned()
}

/// There are no names here, the greeting is a file, and the password is that of the directory.
pub(super) async fn vm_prefs(call: &Call<'_>) -> String {
    const SYNTAX: &str = "[profile/]<user>@<domain>[|[name_path|greeting_path|password]]";
    let (name, what) = call
        .args
        .trim()
        .split_once('|')
        .unwrap_or((call.args.trim(), ""));
    if name.is_empty() || !["", "name_path", "greeting_path", "password"].contains(&what) {
        return usage(SYNTAX);
    }
    let Some(mailbox) = mailbox(call, name) else {
        return NO_SUCH_BOX.to_owned();
    };
    let view = call.view();
    let Extension { user, domain } = &mailbox.name;
    let user = view.directory.user(domain, user);
    let password = user.and_then(|user| user.param("vm-password"));
    let password = password.unwrap_or_default();
    let greeting = if matches!(what, "" | "greeting_path") {
        let command = FindGreeting {
            mailbox: mailbox.name.clone(),
            profile: profile_of(name),
        };
        match call.ask(command).await {
            Ok(file) => file,
            Err(error) => return refused(&error),
        }
    } else {
        "".into()
    };
    match what {
        "name_path" => String::new(),
        "greeting_path" => greeting.to_string(),
        "password" => password.to_owned(),
        _ => format!(":{greeting}:{password}"),
    }
}
