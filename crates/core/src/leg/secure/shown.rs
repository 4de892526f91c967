//! Session descriptions as variables and events tell them: without keys, which records of calls and logs of events would keep
//! for longer than the call they belong to.

/// A description with `…` in place of every key of `a=crypto` (RFC 4568 §6.1: `inline:<key||salt>[|lifetime][|MKI:length]`).
/// What is no UTF-8 in it is shown as U+FFFD.
pub(crate) fn shown_description(description: &[u8]) -> String {
    const KEY: &str = "inline:";
    let text = String::from_utf8_lossy(description);
    if !text.contains(KEY) {
        return text.into_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let Some((attribute, _)) = line.split_once(':') else {
            shown.push_str(line);
            continue;
        };
        if !attribute.trim().eq_ignore_ascii_case("a=crypto") {
            shown.push_str(line);
            continue;
        }
        let mut pieces = line.split(KEY);
        shown.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            shown.push_str(KEY);
            shown.push('…');
            let end = piece.find(['|', ';', ' ', '\t', '\r', '\n']);
            shown.push_str(end.map_or("", |end| &piece[end..]));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::shown_description;

    #[test]
    fn a_description_is_told_without_its_keys() {
        let description = "v=0\r\nm=audio 4000 RTP/SAVP 0\r\n\
            a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MTIz|2^20|1:4;inline:NDU2|2^20|2:4 WSH=64\r\n\
            A=CRYPTO:2 AES_CM_128_HMAC_SHA1_32 inline:Nzg5\r\na=x:inline:abc\r\n";
        assert_eq!(
            shown_description(description.as_bytes()),
            "v=0\r\nm=audio 4000 RTP/SAVP 0\r\n\
            a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:…|2^20|1:4;inline:…|2^20|2:4 WSH=64\r\n\
            A=CRYPTO:2 AES_CM_128_HMAC_SHA1_32 inline:…\r\na=x:inline:abc\r\n"
        );
        assert_eq!(shown_description(b"v=0\r\n"), "v=0\r\n");
        assert_eq!(
            shown_description(b"a=crypto:1 S inline:MTIz"),
            "a=crypto:1 S inline:…"
        );
    }
}
