//! Hangup causes: the field's names and numbers, and how they meet SIP status codes
//! (event-socket.md appendices B and C).

use std::fmt;

macro_rules! causes {
    ($($variant:ident, $name:literal, $number:literal;)*) => {
        /// Why a channel ended, or why a call could not be made.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[allow(missing_docs, reason = "each variant is the cause of that name")]
        pub enum HangupCause { $($variant,)* }

        impl HangupCause {
            /// All causes in ascending number.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the wire, as `NORMAL_CLEARING`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The number; up to 127 it is the Q.850 cause.
            pub fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)* }
            }
        }
    };
}

causes! {
    None, "NONE", 0;
    UnallocatedNumber, "UNALLOCATED_NUMBER", 1;
    NoRouteTransitNet, "NO_ROUTE_TRANSIT_NET", 2;
    NoRouteDestination, "NO_ROUTE_DESTINATION", 3;
    ChannelUnacceptable, "CHANNEL_UNACCEPTABLE", 6;
    CallAwardedDelivered, "CALL_AWARDED_DELIVERED", 7;
    NormalClearing, "NORMAL_CLEARING", 16;
    UserBusy, "USER_BUSY", 17;
    NoUserResponse, "NO_USER_RESPONSE", 18;
    NoAnswer, "NO_ANSWER", 19;
    SubscriberAbsent, "SUBSCRIBER_ABSENT", 20;
    CallRejected, "CALL_REJECTED", 21;
    NumberChanged, "NUMBER_CHANGED", 22;
    RedirectionToNewDestination, "REDIRECTION_TO_NEW_DESTINATION", 23;
    ExchangeRoutingError, "EXCHANGE_ROUTING_ERROR", 25;
    DestinationOutOfOrder, "DESTINATION_OUT_OF_ORDER", 27;
    InvalidNumberFormat, "INVALID_NUMBER_FORMAT", 28;
    FacilityRejected, "FACILITY_REJECTED", 29;
    ResponseToStatusEnquiry, "RESPONSE_TO_STATUS_ENQUIRY", 30;
    NormalUnspecified, "NORMAL_UNSPECIFIED", 31;
    NormalCircuitCongestion, "NORMAL_CIRCUIT_CONGESTION", 34;
    NetworkOutOfOrder, "NETWORK_OUT_OF_ORDER", 38;
    NormalTemporaryFailure, "NORMAL_TEMPORARY_FAILURE", 41;
    SwitchCongestion, "SWITCH_CONGESTION", 42;
    AccessInfoDiscarded, "ACCESS_INFO_DISCARDED", 43;
    RequestedChanUnavail, "REQUESTED_CHAN_UNAVAIL", 44;
    PreEmpted, "PRE_EMPTED", 45;
    FacilityNotSubscribed, "FACILITY_NOT_SUBSCRIBED", 50;
    OutgoingCallBarred, "OUTGOING_CALL_BARRED", 52;
    IncomingCallBarred, "INCOMING_CALL_BARRED", 54;
    BearercapabilityNotauth, "BEARERCAPABILITY_NOTAUTH", 57;
    BearercapabilityNotavail, "BEARERCAPABILITY_NOTAVAIL", 58;
    ServiceUnavailable, "SERVICE_UNAVAILABLE", 63;
    BearercapabilityNotimpl, "BEARERCAPABILITY_NOTIMPL", 65;
    ChanNotImplemented, "CHAN_NOT_IMPLEMENTED", 66;
    FacilityNotImplemented, "FACILITY_NOT_IMPLEMENTED", 69;
    ServiceNotImplemented, "SERVICE_NOT_IMPLEMENTED", 79;
    InvalidCallReference, "INVALID_CALL_REFERENCE", 81;
    IncompatibleDestination, "INCOMPATIBLE_DESTINATION", 88;
    InvalidMsgUnspecified, "INVALID_MSG_UNSPECIFIED", 95;
    MandatoryIeMissing, "MANDATORY_IE_MISSING", 96;
    MessageTypeNonexist, "MESSAGE_TYPE_NONEXIST", 97;
    WrongMessage, "WRONG_MESSAGE", 98;
    IeNonexist, "IE_NONEXIST", 99;
    InvalidIeContents, "INVALID_IE_CONTENTS", 100;
    WrongCallState, "WRONG_CALL_STATE", 101;
    RecoveryOnTimerExpire, "RECOVERY_ON_TIMER_EXPIRE", 102;
    MandatoryIeLengthError, "MANDATORY_IE_LENGTH_ERROR", 103;
    ProtocolError, "PROTOCOL_ERROR", 111;
    Interworking, "INTERWORKING", 127;
    Success, "SUCCESS", 142;
    OriginatorCancel, "ORIGINATOR_CANCEL", 487;
    Crash, "CRASH", 700;
    SystemShutdown, "SYSTEM_SHUTDOWN", 701;
    LoseRace, "LOSE_RACE", 702;
    ManagerRequest, "MANAGER_REQUEST", 703;
    BlindTransfer, "BLIND_TRANSFER", 800;
    AttendedTransfer, "ATTENDED_TRANSFER", 801;
    AllottedTimeout, "ALLOTTED_TIMEOUT", 802;
    UserChallenge, "USER_CHALLENGE", 803;
    MediaTimeout, "MEDIA_TIMEOUT", 804;
    PickedOff, "PICKED_OFF", 805;
    UserNotRegistered, "USER_NOT_REGISTERED", 806;
    ProgressTimeout, "PROGRESS_TIMEOUT", 807;
    InvalidGateway, "INVALID_GATEWAY", 808;
    GatewayDown, "GATEWAY_DOWN", 809;
    InvalidUrl, "INVALID_URL", 810;
    InvalidProfile, "INVALID_PROFILE", 811;
    NoPickup, "NO_PICKUP", 812;
    SrtpReadError, "SRTP_READ_ERROR", 813;
    Bowout, "BOWOUT", 814;
    BusyEverywhere, "BUSY_EVERYWHERE", 815;
    Decline, "DECLINE", 816;
    DoesNotExistAnywhere, "DOES_NOT_EXIST_ANYWHERE", 817;
    NotAcceptable, "NOT_ACCEPTABLE", 818;
    Unwanted, "UNWANTED", 819;
    NoIdentity, "NO_IDENTITY", 820;
    BadIdentityInfo, "BAD_IDENTITY_INFO", 821;
    UnsupportedCertificate, "UNSUPPORTED_CERTIFICATE", 822;
    InvalidIdentity, "INVALID_IDENTITY", 823;
    StaleDate, "STALE_DATE", 824;
    RejectAll, "REJECT_ALL", 825;
}

impl HangupCause {
    /// Reads a name (any case) or a number; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(number) = text.parse::<u16>() {
            return Self::from_number(number);
        }
        Self::ALL
            .iter()
            .copied()
            .find(|c| c.name().eq_ignore_ascii_case(text))
    }

    /// As clients may write it: anything unknown is [`HangupCause::NormalClearing`].
    pub fn from_client(text: &str) -> Self {
        Self::parse(text).unwrap_or(Self::NormalClearing)
    }

    /// The cause of that number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.number() == number)
    }

    /// The Q.850 number: the cause's own up to 127, else 16 (`hangup_cause_q850`).
    pub fn q850(self) -> u16 {
        match self.number() {
            number @ 0..=127 => number,
            _ => 16,
        }
    }

    /// The cause a SIP status stands for when no `Reason` header says better (appendix C, left).
    pub fn from_sip_status(status: u16) -> Self {
        match status {
            200 => Self::NormalClearing,
            401 | 402 | 403 | 407 | 603 | 608 => Self::CallRejected,
            404 => Self::UnallocatedNumber,
            485 | 604 => Self::NoRouteDestination,
            408 | 504 => Self::RecoveryOnTimerExpire,
            410 => Self::NumberChanged,
            413 | 414 | 416 | 420 | 421 | 423 | 505 | 513 => Self::Interworking,
            480 => Self::NoUserResponse,
            400 | 481 | 500 | 503 => Self::NormalTemporaryFailure,
            486 | 600 => Self::UserBusy,
            484 => Self::InvalidNumberFormat,
            488 | 606 => Self::IncompatibleDestination,
            502 => Self::NetworkOutOfOrder,
            405 => Self::ServiceUnavailable,
            406 | 415 | 501 => Self::ServiceNotImplemented,
            482 | 483 => Self::ExchangeRoutingError,
            487 => Self::OriginatorCancel,
            607 => Self::Unwanted,
            428 => Self::NoIdentity,
            429 => Self::BadIdentityInfo,
            437 => Self::UnsupportedCertificate,
            438 => Self::InvalidIdentity,
            _ => Self::NormalUnspecified,
        }
    }

    /// The SIP status an unanswered call is refused with (appendix C, right).
    pub fn sip_status(self) -> u16 {
        match self {
            Self::UnallocatedNumber | Self::NoRouteTransitNet | Self::NoRouteDestination => 404,
            Self::UserBusy => 486,
            Self::NoUserResponse => 408,
            Self::CallRejected | Self::Decline | Self::RejectAll => 603,
            Self::NumberChanged | Self::RedirectionToNewDestination => 410,
            Self::DestinationOutOfOrder | Self::InvalidProfile => 502,
            Self::InvalidNumberFormat | Self::InvalidUrl | Self::InvalidGateway => 484,
            Self::FacilityRejected | Self::FacilityNotImplemented | Self::ServiceNotImplemented => {
                501
            }
            Self::RequestedChanUnavail
            | Self::NormalCircuitCongestion
            | Self::SwitchCongestion
            | Self::NetworkOutOfOrder
            | Self::NormalTemporaryFailure
            | Self::BearercapabilityNotavail
            | Self::GatewayDown => 503,
            Self::OutgoingCallBarred
            | Self::IncomingCallBarred
            | Self::BearercapabilityNotauth
            | Self::StaleDate => 403,
            Self::IncompatibleDestination | Self::BearercapabilityNotimpl => 488,
            Self::RecoveryOnTimerExpire => 504,
            Self::OriginatorCancel => 487,
            Self::ExchangeRoutingError => 483,
            Self::BusyEverywhere => 600,
            Self::DoesNotExistAnywhere => 604,
            Self::NotAcceptable => 606,
            Self::Unwanted => 607,
            Self::NoIdentity => 428,
            Self::BadIdentityInfo => 429,
            Self::UnsupportedCertificate => 437,
            Self::InvalidIdentity => 438,
            Self::None
            | Self::ChannelUnacceptable
            | Self::CallAwardedDelivered
            | Self::NormalClearing
            | Self::NoAnswer
            | Self::SubscriberAbsent
            | Self::ResponseToStatusEnquiry
            | Self::NormalUnspecified
            | Self::AccessInfoDiscarded
            | Self::PreEmpted
            | Self::FacilityNotSubscribed
            | Self::ServiceUnavailable
            | Self::ChanNotImplemented
            | Self::InvalidCallReference
            | Self::InvalidMsgUnspecified
            | Self::MandatoryIeMissing
            | Self::MessageTypeNonexist
            | Self::WrongMessage
            | Self::IeNonexist
            | Self::InvalidIeContents
            | Self::WrongCallState
            | Self::MandatoryIeLengthError
            | Self::ProtocolError
            | Self::Interworking
            | Self::Success
            | Self::Crash
            | Self::SystemShutdown
            | Self::LoseRace
            | Self::ManagerRequest
            | Self::BlindTransfer
            | Self::AttendedTransfer
            | Self::AllottedTimeout
            | Self::UserChallenge
            | Self::MediaTimeout
            | Self::PickedOff
            | Self::UserNotRegistered
            | Self::ProgressTimeout
            | Self::NoPickup
            | Self::SrtpReadError
            | Self::Bowout => 480,
        }
    }
}

impl fmt::Display for HangupCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whose doing a call's end was. Kept beside the cause so that dashboards are honest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blame {
    /// The switch or an operator of it.
    Ours,
    /// The side that called.
    Caller,
    /// The side that was called.
    Callee,
    /// Something beyond the peer: a gateway, the network.
    Upstream,
    /// Cannot be told.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_round_trip() {
        for cause in HangupCause::ALL {
            assert_eq!(HangupCause::parse(cause.name()), Some(*cause));
            assert_eq!(
                HangupCause::parse(&cause.number().to_string()),
                Some(*cause)
            );
        }
    }

    #[test]
    fn clients_may_write_anything() {
        assert_eq!(HangupCause::from_client("user_busy"), HangupCause::UserBusy);
        assert_eq!(HangupCause::from_client("17"), HangupCause::UserBusy);
        assert_eq!(
            HangupCause::from_client("rubbish"),
            HangupCause::NormalClearing
        );
    }

    #[test]
    fn q850_stays_below_128() {
        assert_eq!(HangupCause::UserBusy.q850(), 17);
        assert_eq!(HangupCause::OriginatorCancel.q850(), 16);
    }

    #[test]
    fn busy_maps_both_ways() {
        assert_eq!(HangupCause::from_sip_status(486), HangupCause::UserBusy);
        assert_eq!(HangupCause::UserBusy.sip_status(), 486);
    }
}
