//! `vm_boxcount`, `vm_list`, `vm_delete`, `vm_read`: what is in voicemail boxes (event-socket.md §6.8).

use super::call::{Call, OK, usage};
use crate::serialise::xml::write_text;
use api::command::voicemail::{DeleteVoiceMessage, MarkVoiceMessage};
use api::view::{Mailbox, VoiceMessage};
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
