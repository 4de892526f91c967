use super::*;
use proptest::prelude::*;

fn all(bytes: &[u8]) -> Vec<Request> {
    let mut decoder = Decoder::new();
    decoder.push(bytes);
    let mut requests = Vec::new();
    while let Some(request) = decoder.next_request().expect("valid input") {
        requests.push(request);
    }
    requests
}

fn lines(bytes: &[u8]) -> Vec<String> {
    all(bytes).into_iter().map(|request| request.line).collect()
}

fn error(bytes: &[u8]) -> FrameError {
    let mut decoder = Decoder::new();
    decoder.push(bytes);
    decoder.next_request().expect_err("invalid input")
}

#[test]
fn all_line_endings_of_the_recording() {
    // golden frame-01-line-endings
    assert_eq!(lines(b"api echo crlf\r\n\r\n"), ["api echo crlf"]);
    assert_eq!(lines(b"api echo mixed1\r\n\n"), ["api echo mixed1"]);
    assert_eq!(lines(b"api echo mixed2\n\r\n"), ["api echo mixed2"]);
    assert_eq!(
        lines(b"\n\n\napi echo leading-lf\n\n"),
        ["api echo leading-lf"]
    );
    assert_eq!(
        lines(b"\r\n\r\napi echo leading-crlf\r\n\r\n"),
        ["api echo leading-crlf"]
    );
    assert_eq!(
        lines(b"api echo extra\n\n\n\napi echo after\n\n"),
        ["api echo extra", "api echo after"]
    );
    assert_eq!(
        lines(b" api echo leading-space\n\n"),
        [" api echo leading-space"]
    );
    assert_eq!(
        lines(b"api echo no-colon-header\nfoo\n\n"),
        ["api echo no-colon-header"]
    );
    assert_eq!(lines(b"api echo a\rb\n\n"), ["api echo a"]);
    assert_eq!(lines(b"api echo bare-cr\r\r\n\n"), ["api echo bare-cr"]);
}

#[test]
fn headers_keep_trailing_blanks_and_lose_leading_ones() {
    let request = &all(b"sendevent X\nSpaces:   a b  c \nEmpty: \nColon: a:b: c\n\n")[0];
    assert_eq!(request.headers.get("spaces").as_deref(), Some("a b  c "));
    assert_eq!(request.headers.get("Colon").as_deref(), Some("a:b: c"));
    assert!(request.headers.get("Empty").is_none());
}

#[test]
fn the_body_is_counted_in_bytes_and_keeps_nul() {
    let request = &all(b"sendevent CUSTOM\r\ncontent-length: 4\r\nFoo: bar\r\n\r\na\0bc")[0];
    assert_eq!(request.body(), b"a\0bc");
    assert_eq!(request.headers.get("Foo").as_deref(), Some("bar"));
}

#[test]
fn content_length_is_read_as_in_the_recording() {
    // golden frame-05-content-length
    assert_eq!(
        lines(b"api echo x\nContent-Length: 5\nContent-Length: 3\n\nabcdefghapi b\n\n"),
        ["api echo x", "api b"]
    );
    assert_eq!(
        lines(b"api echo x\nContent-Length:3\n\nabcapi b\n\n"),
        ["api echo x", "api b"]
    );
    assert_eq!(
        lines(b"api echo x\nContent-Length : 3\n\nabcapi b\n\n"),
        ["api echo x", "abcapi b"]
    );
    assert_eq!(
        lines(b"api echo x\nContent-Length: 3 \n\nabcapi b\n\n"),
        ["api echo x", "api b"]
    );
    assert_eq!(
        lines(b"sendevent X\nContent-Length: abc\n\n"),
        ["sendevent X"]
    );
    for length in ["16777217", "-1", "99999999999", "2147483648"] {
        let request = format!("sendevent CUSTOM\nContent-Length: {length}\n\n");
        assert_eq!(
            error(request.as_bytes()),
            FrameError::ContentLengthOutOfRange,
            "{length}"
        );
    }
}

#[test]
fn the_largest_body_fits_and_several_lengths_share_the_limit() {
    let mut bytes = format!("sendevent X\nContent-Length: {MAX_BODY}\n\n").into_bytes();
    bytes.resize(bytes.len() + MAX_BODY, b'x');
    assert_eq!(all(&bytes)[0].body().len(), MAX_BODY);
    let two = format!("x\nContent-Length: {MAX_BODY}\nContent-Length: 1\n\n");
    assert_eq!(error(two.as_bytes()), FrameError::ContentLengthOutOfRange);
}

#[test]
fn nul_bytes_end_the_header_block() {
    // golden frame-04-garbage
    assert_eq!(error(b"\0\0\0\0\n\n"), FrameError::NoCommandLine);
    assert_eq!(
        error(b"\0\0\0\0\n\n").reply_text(),
        Some("-ERR command parse error.")
    );
    assert_eq!(lines(b"api echo a\0b\n\n"), ["api echo a"]);
}

#[test]
fn an_endless_header_block_is_refused() {
    let mut decoder = Decoder::new();
    let chunk = [b'a'; 65_536];
    let mut pushed = 0;
    loop {
        decoder.push(&chunk);
        pushed += chunk.len();
        match decoder.next_request() {
            Ok(request) => assert!(request.is_none()),
            Err(error) => {
                assert_eq!(error, FrameError::HeaderBlockTooLarge);
                break;
            }
        }
    }
    assert!((MAX_HEADER_BLOCK..MAX_HEADER_BLOCK + chunk.len()).contains(&pushed));
    decoder.push(b"api status\n\n");
    assert_eq!(decoder.next_request(), Ok(None));
}

#[test]
fn too_many_header_lines_are_refused() {
    let request = format!("x\n{}\n", "a:b\n".repeat(MAX_HEADERS + 1));
    assert_eq!(error(request.as_bytes()), FrameError::HeaderBlockTooLarge);
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_requests(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "api status\n\n", "sendevent X\r\nA: b\r\nContent-Length: 3\r\n\r\nxyz", "\n", "\r\n", "\r",
                "event plain ALL\n\r\r\n", "x\nContent-Length: 2\nContent-Length: 1\n\nabc", "abc", "a:b\n\n",
            ]),
            0..12,
        ),
        cuts in prop::collection::vec(1_usize..9, 1..40),
    ) {
        let bytes = parts.concat().into_bytes();
        let whole = all(&bytes);
        let mut decoder = Decoder::new();
        let mut pieces = Vec::new();
        let (mut at, mut cut) = (0, cuts.iter().cycle());
        while at < bytes.len() {
            let end = (at + cut.next().expect("a cycle never ends")).min(bytes.len());
            decoder.push(&bytes[at..end]);
            at = end;
            while let Some(request) = decoder.next_request().expect("valid input") {
                pieces.push(request);
            }
        }
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut decoder = Decoder::new();
        for byte in bytes {
            decoder.push(&[byte]);
            while let Ok(Some(_)) = decoder.next_request() {}
        }
    }
}
