use std::sync::Arc;

use serde_json::{Map, Value};

use super::account::{AccountAdd, DeviceToken};
use super::addressbook::Update;
use super::message::{
    AccountDisposition, AccountMessage, Conversation, RemoveMessage, SyncConversations,
};
use super::session::{
    DtmfInfo, SessionAnswer, SessionCreate, SessionMessage, SessionUpdate, Trickle,
};
use super::videoroom::{Join, RoomRequest};
use super::{Fields, Invalid};

/// Every request there is, in the shape of D2.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Request {
    Ping,
    LookupPublicKey { uri: Arc<str> },
    AccountAdd(AccountAdd),
    AccountRemove { account: Arc<str> },
    AccountRegister { account: Arc<str> },
    AccountUnregister { account: Arc<str> },
    AccountDeviceToken(DeviceToken),
    AccountMessage(AccountMessage),
    AccountDisposition(AccountDisposition),
    AccountSyncConversations(SyncConversations),
    AccountMarkConversationRead(Conversation),
    AccountRemoveMessage(RemoveMessage),
    AccountRemoveConversation(Conversation),
    AccountFetchAddressBook { account: Arc<str> },
    AccountUpdateAddressBook(Update),
    SessionCreate(SessionCreate),
    SessionAnswer(SessionAnswer),
    SessionTrickle(Trickle),
    SessionTerminate { session: Arc<str> },
    SessionUpdate(SessionUpdate),
    SessionMessage(SessionMessage),
    SessionDtmfInfo(DtmfInfo),
    VideoroomJoin(Join),
    Videoroom(RoomRequest),
}

/// Why there is no request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NoRequest {
    /// No request of that name.
    Unknown(String),
    /// A member is missing or wrong.
    Invalid(Invalid),
}

impl Request {
    /// Reads a request in the shape of D2. `old_tokens`: `account-devicetoken` in the form of D1.
    pub(crate) fn read(
        name: &str,
        members: &Map<String, Value>,
        old_tokens: bool,
    ) -> Result<Self, NoRequest> {
        let fields = |request| Fields::new(request, members);
        let read = match name {
            "ping" => Ok(Self::Ping),
            "lookup-public-key" => fields("LookupPublicKeyRequest")
                .aor("uri")
                .map(|uri| Self::LookupPublicKey { uri }),
            "account-add" => AccountAdd::read(&fields("AccountAddRequest")).map(Self::AccountAdd),
            "account-remove" => fields("AccountRemoveRequest")
                .aor("account")
                .map(|account| Self::AccountRemove { account }),
            "account-register" => fields("AccountRegisterRequest")
                .aor("account")
                .map(|account| Self::AccountRegister { account }),
            "account-unregister" => fields("AccountUnregisterRequest")
                .aor("account")
                .map(|account| Self::AccountUnregister { account }),
            "account-devicetoken" => {
                DeviceToken::read(&fields("AccountDeviceTokenRequest"), old_tokens)
                    .map(Self::AccountDeviceToken)
            }
            "account-message" => AccountMessage::read(&fields("AccountMessageRequest"), members)
                .map(Self::AccountMessage),
            "account-disposition-notification" => {
                AccountDisposition::read(&fields("AccountDispositionNotificationRequest"))
                    .map(Self::AccountDisposition)
            }
            "account-sync-conversations" => {
                SyncConversations::read(&fields("AccountSyncConversationsRequest"))
                    .map(Self::AccountSyncConversations)
            }
            "account-mark-conversation-read" => {
                Conversation::read(&fields("AccountMarkConversationReadRequest"))
                    .map(Self::AccountMarkConversationRead)
            }
            "account-remove-message" => RemoveMessage::read(&fields("AccountMessageRemoveRequest"))
                .map(Self::AccountRemoveMessage),
            "account-remove-conversation" => {
                Conversation::read(&fields("AccountConversationRemoveRequest"))
                    .map(Self::AccountRemoveConversation)
            }
            "account-fetch-addressbook" => fields("AccountFetchAddressbookRequest")
                .aor("account")
                .map(|account| Self::AccountFetchAddressBook { account }),
            "account-update-addressbook" => {
                Update::read(&fields("AccountUpdateAddressbookRequest"))
                    .map(Self::AccountUpdateAddressBook)
            }
            "session-create" => {
                SessionCreate::read(&fields("SessionCreateRequest")).map(Self::SessionCreate)
            }
            "session-answer" => {
                SessionAnswer::read(&fields("SessionAnswerRequest")).map(Self::SessionAnswer)
            }
            "session-trickle" => {
                Trickle::read(&fields("SessionTrickleRequest")).map(Self::SessionTrickle)
            }
            "session-terminate" => fields("SessionTerminateRequest")
                .id("session")
                .map(|session| Self::SessionTerminate { session }),
            "session-update" => {
                SessionUpdate::read(&fields("SessionUpdateRequest")).map(Self::SessionUpdate)
            }
            "session-message" => {
                SessionMessage::read(&fields("SessionMessageRequest")).map(Self::SessionMessage)
            }
            "session-dtmf-info" => {
                DtmfInfo::read(&fields("SessionDTMFInfoRequest")).map(Self::SessionDtmfInfo)
            }
            "videoroom-join" => {
                Join::read(&fields("VideoroomJoinRequest")).map(Self::VideoroomJoin)
            }
            other => match RoomRequest::read(other, &fields("VideoroomRequest")) {
                Some(read) => read.map(Self::Videoroom),
                None => {
                    return Err(NoRequest::Unknown(
                        other.chars().take(super::fields::MAX_ID).collect(),
                    ));
                }
            },
        };
        read.map_err(NoRequest::Invalid)
    }
}
