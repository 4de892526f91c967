//! Header names: the ones looked up often, with their compact forms.

macro_rules! names {
    ($($variant:ident $canonical:literal $lower:literal $($compact:literal)?;)*) => {
        /// A header name (RFC 3261 §7.3.3 and §20, IANA registry).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum HeaderName {
            $(#[doc = concat!("`", $canonical, "`.")] $variant,)*
            /// A name without a variant here; compare the printed name.
            Other,
        }

        impl HeaderName {
            /// Recognises a long or compact name without regard to case.
            pub fn from_bytes(name: &[u8]) -> Self {
                let mut lower = [0_u8; LONGEST];
                let Some(lower) = lower.get_mut(..name.len()) else { return Self::Other };
                lower.copy_from_slice(name);
                lower.make_ascii_lowercase();
                match &*lower {
                    $($lower $(| $compact)? => Self::$variant,)*
                    _ => Self::Other,
                }
            }

            /// The name as we print it; empty for [`HeaderName::Other`].
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $canonical,)*
                    Self::Other => "",
                }
            }
        }
    };
}

/// Length of the longest name in the table.
const LONGEST: usize = 19;

names! {
    Via "Via" b"via" b"v";
    From "From" b"from" b"f";
    To "To" b"to" b"t";
    CallId "Call-ID" b"call-id" b"i";
    CSeq "CSeq" b"cseq";
    Contact "Contact" b"contact" b"m";
    ContentLength "Content-Length" b"content-length" b"l";
    ContentType "Content-Type" b"content-type" b"c";
    ContentEncoding "Content-Encoding" b"content-encoding" b"e";
    MaxForwards "Max-Forwards" b"max-forwards";
    Route "Route" b"route";
    RecordRoute "Record-Route" b"record-route";
    Require "Require" b"require";
    ProxyRequire "Proxy-Require" b"proxy-require";
    Supported "Supported" b"supported" b"k";
    Unsupported "Unsupported" b"unsupported";
    Allow "Allow" b"allow";
    AllowEvents "Allow-Events" b"allow-events" b"u";
    Accept "Accept" b"accept";
    Authorization "Authorization" b"authorization";
    ProxyAuthorization "Proxy-Authorization" b"proxy-authorization";
    WwwAuthenticate "WWW-Authenticate" b"www-authenticate";
    ProxyAuthenticate "Proxy-Authenticate" b"proxy-authenticate";
    Expires "Expires" b"expires";
    MinExpires "Min-Expires" b"min-expires";
    Event "Event" b"event" b"o";
    SubscriptionState "Subscription-State" b"subscription-state";
    Reason "Reason" b"reason";
    ReferTo "Refer-To" b"refer-to" b"r";
    ReferredBy "Referred-By" b"referred-by" b"b";
    Replaces "Replaces" b"replaces";
    RetryAfter "Retry-After" b"retry-after";
    UserAgent "User-Agent" b"user-agent";
    Server "Server" b"server";
    Date "Date" b"date";
    Path "Path" b"path";
    SessionExpires "Session-Expires" b"session-expires" b"x";
    MinSe "Min-SE" b"min-se";
    RSeq "RSeq" b"rseq";
    RAck "RAck" b"rack";
    Subject "Subject" b"subject" b"s";
    Warning "Warning" b"warning";
    RemotePartyId "Remote-Party-ID" b"remote-party-id";
    PAssertedIdentity "P-Asserted-Identity" b"p-asserted-identity";
    Privacy "Privacy" b"privacy";
    Diversion "Diversion" b"diversion";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_compact_and_odd_case_name_the_same_header() {
        for name in ["Via", "v", "V", "vIA"] {
            assert_eq!(
                HeaderName::from_bytes(name.as_bytes()),
                HeaderName::Via,
                "{name}"
            );
        }
        assert_eq!(
            HeaderName::from_bytes(b"p-asserted-IDENTITY"),
            HeaderName::PAssertedIdentity
        );
        assert_eq!(HeaderName::from_bytes(b"X-Mine"), HeaderName::Other);
        assert_eq!(HeaderName::from_bytes(&[b'a'; 300]), HeaderName::Other);
    }
}
