//! The url-encoding of header values (event-socket.md §1.5).

/// Bytes that are written as `%XX`. Letters, digits and `! $ ' ( ) * , - . / _ ~` stay readable.
const fn needs_escape(byte: u8) -> bool {
    byte < 0x20
        || byte > 0x7E
        || matches!(
            byte,
            b' ' | b'"'
                | b'#'
                | b'%'
                | b'&'
                | b'+'
                | b':'
                | b';'
                | b'<'
                | b'='
                | b'>'
                | b'?'
                | b'@'
                | b'['
                | b'\\'
                | b']'
                | b'^'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
        )
}

static ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = needs_escape(byte as u8);
        byte += 1;
    }
    table
};

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `value`, url-encoded, to `out`.
///
/// A `%` already followed by two characters out of `0-9A-F` is copied as it is, as every client of
/// the original expects; so the encoding cannot be undone in all cases.
pub fn encode_into(out: &mut Vec<u8>, value: &[u8]) {
    let mut plain_from = 0;
    for (at, &byte) in value.iter().enumerate() {
        if !ESCAPED[byte as usize] {
            continue;
        }
        if byte == b'%' && looks_encoded(&value[at + 1..]) {
            continue;
        }
        out.extend_from_slice(&value[plain_from..at]);
        out.extend_from_slice(&[b'%', HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize]]);
        plain_from = at + 1;
    }
    out.extend_from_slice(&value[plain_from..]);
}

/// `value`, url-encoded.
pub fn encode(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len() + 16);
    encode_into(&mut out, value.as_bytes());
    String::from_utf8(out).expect("encoding leaves only ASCII")
}

/// Undoes the encoding. A `%` without two hex digits (either case) behind it stays; bytes that are
/// not UTF-8 afterwards become U+FFFD.
pub fn decode(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%'
            && let (Some(high), Some(low)) =
                (hex_digit(bytes.get(at + 1)), hex_digit(bytes.get(at + 2)))
        {
            out.push(high << 4 | low);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out)
        .unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())
}

fn looks_encoded(after_percent: &[u8]) -> bool {
    let upper_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    after_percent.len() >= 2 && after_percent[..2].iter().all(upper_hex)
}

fn hex_digit(byte: Option<&u8>) -> Option<u8> {
    match byte? {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        digit @ b'a'..=b'f' => Some(digit - b'a' + 10),
        digit @ b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_recorded_encodings() {
        // golden event-04-encoding-plain
        assert_eq!(encode("a b  c "), "a%20b%20%20c%20");
        assert_eq!(encode("100% %20"), "100%25%20%20");
        assert_eq!(encode("\"a\" 'b'"), "%22a%22%20'b'");
        assert_eq!(encode("<x>&</x>"), "%3Cx%3E%26%3C/x%3E");
        assert_eq!(encode("a\\b"), "a%5Cb");
        assert_eq!(encode("h\u{e9}llo \u{4e2d}"), "h%C3%A9llo%20%E4%B8%AD");
        assert_eq!(
            encode("!#$()*+,-./;=?@[]^_`{|}~"),
            "!%23$()*%2B,-./%3B%3D%3F%40%5B%5D%5E_%60%7B%7C%7D~"
        );
        assert_eq!(encode("a\tb"), "a%09b");
    }

    #[test]
    fn an_encoded_looking_percent_is_left_alone_in_upper_case_only() {
        assert_eq!(encode("a%20b"), "a%20b");
        assert_eq!(encode("a%2fb"), "a%252fb");
        assert_eq!(encode("%2"), "%252");
        assert_eq!(encode("%"), "%25");
    }

    #[test]
    fn decoding_is_lenient() {
        assert_eq!(decode("%2BOK%0A"), "+OK\n");
        assert_eq!(decode("%3a%3A"), "::");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%ff"), "\u{fffd}");
    }

    proptest! {
        #[test]
        fn without_percent_signs_decoding_undoes_encoding(text in "[^%]{0,80}") {
            prop_assert_eq!(decode(&encode(&text)), text);
        }

        #[test]
        fn encoded_text_is_printable_ascii_without_blanks(text in ".{0,80}") {
            prop_assert!(encode(&text).bytes().all(|b| b.is_ascii_graphic()));
        }
    }
}
