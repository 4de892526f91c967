//! The 94 event names (event-socket.md §4.1 and appendix A).

macro_rules! event_names {
    ($($variant:ident = $text:literal,)*) => {
        /// A name events are subscribed to and fired under. The order is the original's.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[allow(missing_docs, reason = "each variant is its own text")]
        pub enum EventName { $($variant,)* }

        impl EventName {
            /// All names in their order.
            pub const EVERY: [Self; COUNT] = [$(Self::$variant,)*];

            /// The text of `Event-Name`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

/// How many names there are, `ALL` included.
pub const COUNT: usize = 94;

event_names! {
    Custom = "CUSTOM", Clone = "CLONE", ChannelCreate = "CHANNEL_CREATE", ChannelDestroy = "CHANNEL_DESTROY",
    ChannelState = "CHANNEL_STATE", ChannelCallstate = "CHANNEL_CALLSTATE", ChannelAnswer = "CHANNEL_ANSWER",
    ChannelHangup = "CHANNEL_HANGUP", ChannelHangupComplete = "CHANNEL_HANGUP_COMPLETE",
    ChannelExecute = "CHANNEL_EXECUTE", ChannelExecuteComplete = "CHANNEL_EXECUTE_COMPLETE",
    ChannelHold = "CHANNEL_HOLD", ChannelUnhold = "CHANNEL_UNHOLD", ChannelBridge = "CHANNEL_BRIDGE",
    ChannelUnbridge = "CHANNEL_UNBRIDGE", ChannelProgress = "CHANNEL_PROGRESS",
    ChannelProgressMedia = "CHANNEL_PROGRESS_MEDIA", ChannelOutgoing = "CHANNEL_OUTGOING",
    ChannelPark = "CHANNEL_PARK", ChannelUnpark = "CHANNEL_UNPARK", ChannelApplication = "CHANNEL_APPLICATION",
    ChannelOriginate = "CHANNEL_ORIGINATE", ChannelUuid = "CHANNEL_UUID", Api = "API", Log = "LOG",
    InboundChan = "INBOUND_CHAN", OutboundChan = "OUTBOUND_CHAN", Startup = "STARTUP", Shutdown = "SHUTDOWN",
    Publish = "PUBLISH", Unpublish = "UNPUBLISH", Talk = "TALK", Notalk = "NOTALK",
    SessionCrash = "SESSION_CRASH", ModuleLoad = "MODULE_LOAD", ModuleUnload = "MODULE_UNLOAD", Dtmf = "DTMF",
    Message = "MESSAGE", PresenceIn = "PRESENCE_IN", NotifyIn = "NOTIFY_IN", PresenceOut = "PRESENCE_OUT",
    PresenceProbe = "PRESENCE_PROBE", MessageWaiting = "MESSAGE_WAITING", MessageQuery = "MESSAGE_QUERY",
    Roster = "ROSTER", Codec = "CODEC", BackgroundJob = "BACKGROUND_JOB", DetectedSpeech = "DETECTED_SPEECH",
    DetectedTone = "DETECTED_TONE", PrivateCommand = "PRIVATE_COMMAND", Heartbeat = "HEARTBEAT", Trap = "TRAP",
    AddSchedule = "ADD_SCHEDULE", DelSchedule = "DEL_SCHEDULE", ExeSchedule = "EXE_SCHEDULE",
    ReSchedule = "RE_SCHEDULE", Reloadxml = "RELOADXML", Notify = "NOTIFY", PhoneFeature = "PHONE_FEATURE",
    PhoneFeatureSubscribe = "PHONE_FEATURE_SUBSCRIBE", SendMessage = "SEND_MESSAGE", RecvMessage = "RECV_MESSAGE",
    RequestParams = "REQUEST_PARAMS", ChannelData = "CHANNEL_DATA", General = "GENERAL", Command = "COMMAND",
    SessionHeartbeat = "SESSION_HEARTBEAT", ClientDisconnected = "CLIENT_DISCONNECTED",
    ServerDisconnected = "SERVER_DISCONNECTED", SendInfo = "SEND_INFO", RecvInfo = "RECV_INFO",
    RecvRtcpMessage = "RECV_RTCP_MESSAGE", SendRtcpMessage = "SEND_RTCP_MESSAGE", CallSecure = "CALL_SECURE",
    Nat = "NAT", RecordStart = "RECORD_START", RecordStop = "RECORD_STOP", PlaybackStart = "PLAYBACK_START",
    PlaybackStop = "PLAYBACK_STOP", CallUpdate = "CALL_UPDATE", Failure = "FAILURE", SocketData = "SOCKET_DATA",
    MediaBugStart = "MEDIA_BUG_START", MediaBugStop = "MEDIA_BUG_STOP",
    ConferenceDataQuery = "CONFERENCE_DATA_QUERY", ConferenceData = "CONFERENCE_DATA",
    CallSetupReq = "CALL_SETUP_REQ", CallSetupResult = "CALL_SETUP_RESULT", CallDetail = "CALL_DETAIL",
    DeviceState = "DEVICE_STATE", Text = "TEXT", ShutdownRequested = "SHUTDOWN_REQUESTED",
    CertReload = "CERT_RELOAD", All = "ALL",
}

/// Characters that may stand in front of a name and are skipped; the length of `SWITCH_EVENT_`.
const PREFIX_LEN: usize = 13;

impl EventName {
    /// A name as a client writes it: any case, and any 13 characters in front (event-socket.md §2.5).
    pub fn from_word(word: &str) -> Option<Self> {
        Self::exact(word).or_else(|| Self::exact(word.get(PREFIX_LEN..)?))
    }

    fn exact(word: &str) -> Option<Self> {
        Self::EVERY
            .into_iter()
            .find(|name| name.as_str().eq_ignore_ascii_case(word))
    }

    /// Position in the list, `0..COUNT`.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A set of names, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct NameSet(u128);

impl NameSet {
    /// Every name.
    pub const EVERY: Self = Self((1 << COUNT) - 1);

    /// Adds a name.
    pub fn insert(&mut self, name: EventName) {
        self.0 |= 1 << name.index();
    }

    /// Takes a name out.
    pub fn remove(&mut self, name: EventName) {
        self.0 &= !(1 << name.index());
    }

    /// Whether the name is in.
    pub const fn contains(self, name: EventName) -> bool {
        self.0 & (1 << name.index()) != 0
    }

    /// The names in, in their order.
    pub fn iter(self) -> impl Iterator<Item = EventName> {
        EventName::EVERY
            .into_iter()
            .filter(move |&name| self.contains(name))
    }
}

impl FromIterator<EventName> for NameSet {
    fn from_iter<I: IntoIterator<Item = EventName>>(names: I) -> Self {
        let mut set = Self::default();
        names.into_iter().for_each(|name| set.insert(name));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_appendix() {
        assert_eq!(EventName::Custom.index(), 0);
        assert_eq!(EventName::ChannelExecuteComplete.index(), 10);
        assert_eq!(EventName::Unpublish.index(), 30);
        assert_eq!(EventName::Heartbeat.index(), 50);
        assert_eq!(EventName::RecvInfo.index(), 70);
        assert_eq!(EventName::Failure.index(), 80);
        assert_eq!(EventName::All.index(), 93);
    }

    #[test]
    fn words_in_any_case_and_with_thirteen_characters_in_front() {
        assert_eq!(
            EventName::from_word("heartbeat"),
            Some(EventName::Heartbeat)
        );
        assert_eq!(
            EventName::from_word("SWITCH_EVENT_DTMF"),
            Some(EventName::Dtmf)
        );
        assert_eq!(
            EventName::from_word("xxxxxxxxxxxxxDTMF"),
            Some(EventName::Dtmf)
        );
        assert_eq!(EventName::from_word("xDTMF"), None);
        assert_eq!(EventName::from_word("CHANNEL_CREATE,CHANNEL_ANSWER"), None);
        assert_eq!(EventName::from_word(""), None);
        assert_eq!(EventName::from_word("éééééééééééééééé"), None);
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let mut set: NameSet = [EventName::Dtmf, EventName::Custom].into_iter().collect();
        set.remove(EventName::Custom);
        assert_eq!(set.iter().collect::<Vec<_>>(), [EventName::Dtmf]);
        assert_eq!(NameSet::EVERY.iter().count(), COUNT);
    }
}
