//! Asking a web server: one POST, one answer, one connection. Redirects are answers like any other.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue,
};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::dial::dial;
use crate::http_url::HttpUrl;

/// Most bytes of headers an answer may have; the library below does not go lower than half of it.
const MOST_HEADER_BYTES: usize = 16 << 10;

/// Most headers an answer may have.
const MOST_HEADERS: usize = 64;

/// What came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpAnswer {
    /// As 200.
    pub status: u16,
    /// `Content-Type`, where it is text.
    pub content_type: Option<String>,
    /// `Content-Encoding` was there: the body is not what it says.
    pub encoded: bool,
    /// All of it.
    pub body: Bytes,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Not found, or nobody there. It has seen nothing of the request.
    #[error("cannot be reached: {0}")]
    Unreachable(#[source] io::Error),
    /// It did not prove who it is.
    #[error("TLS: {0}")]
    Tls(#[source] io::Error),
    /// Its name cannot stand in a certificate.
    #[error("the host's name cannot be checked")]
    Name,
    /// The request cannot be sent like that.
    #[error("the request is wrong: {0}")]
    Request(#[from] hyper::http::Error),
    /// It went away, or what it said is not HTTP.
    #[error("HTTP: {0}")]
    Broken(#[from] hyper::Error),
    /// More than was allowed.
    #[error("the answer is longer than {0} bytes")]
    Long(usize),
}

/// Posts `body` and reads the answer, up to `most` bytes. Bounds the time to connect and no other; dropping the future ends
/// the connection. Without `tls` no address with `https` can be asked.
///
/// # Errors
/// [`HttpError`].
pub async fn post(
    url: &HttpUrl,
    tls: &TlsConnector,
    headers: &[(&'static str, String)],
    body: Bytes,
    connect: Duration,
    most: usize,
) -> Result<HttpAnswer, HttpError> {
    let site = &url.site;
    let mut request = Request::post(&url.path);
    if let Some(fields) = request.headers_mut() {
        let host = HeaderValue::try_from(host_of(url)).map_err(hyper::http::Error::from)?;
        fields.insert(HOST, host);
        fields.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        fields.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(body))?;
    let dialled = dial(&site.host, site.port, connect).await;
    let stream = dialled.map_err(HttpError::Unreachable)?;
    if site.secure {
        let name = ServerName::try_from(site.host.clone()).map_err(|_| HttpError::Name)?;
        let shaken = tls.connect(name, stream).await.map_err(HttpError::Tls)?;
        exchange(shaken, request, most).await
    } else {
        exchange(stream, request, most).await
    }
}

/// As it stands in the address: without the usual port.
fn host_of(url: &HttpUrl) -> String {
    let site = &url.site;
    let usual = if site.secure { ":443" } else { ":80" };
    let shown = site.to_string();
    let host = shown.split_once("://").map_or(&*shown, |(_, host)| host);
    host.strip_suffix(usual).unwrap_or(host).to_owned()
}

async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    most: usize,
) -> Result<HttpAnswer, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let shaken = http1::Builder::new()
        .max_buf_size(MOST_HEADER_BYTES)
        .max_headers(MOST_HEADERS)
        .handshake(TokioIo::new(stream));
    let (mut sender, connection) = shaken.await?;
    let mut answer = pin!(async {
        let response = sender.send_request(request).await?;
        collect(response, most).await
    });
    let mut connection = pin!(connection);
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            // What it ended with is told to whoever waits for the answer; what came before may still be read.
            _ = &mut connection, if open => open = false,
        }
    }
}

async fn collect(response: Response<Incoming>, most: usize) -> Result<HttpAnswer, HttpError> {
    let (head, mut body) = response.into_parts();
    let fits = |length: u64| usize::try_from(length).is_ok_and(|length| length <= most);
    if !fits(body.size_hint().lower()) {
        return Err(HttpError::Long(most));
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers say nothing to us.
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        if whole.len() + data.len() > most {
            return Err(HttpError::Long(most));
        }
        whole.extend_from_slice(&data);
    }
    let content_type = head.headers.get(CONTENT_TYPE);
    Ok(HttpAnswer {
        status: head.status.as_u16(),
        content_type: content_type
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        encoded: head.headers.contains_key(CONTENT_ENCODING),
        body: whole.freeze(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{Trust, connector};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    const WITHIN: Duration = Duration::from_secs(20);

    /// A server that says `answer` to one request, and what it was asked.
    async fn asked(answer: &'static [u8], most: usize) -> (Result<HttpAnswer, HttpError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/a?b=c", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"{}") {
                assert!(stream.read_buf(&mut seen).await.unwrap() > 0, "cut off");
            }
            stream.write_all(answer).await.ok();
            String::from_utf8(seen).unwrap()
        });
        let url = HttpUrl::parse(&url).unwrap();
        let headers = [("X-One", "two".to_owned())];
        let body = Bytes::from_static(b"{}");
        let answered = post(
            &url,
            &connector(&Trust::WellKnown).unwrap(),
            &headers,
            body,
            WITHIN,
            most,
        )
        .await;
        (answered, served.await.unwrap())
    }

    #[tokio::test]
    async fn an_answer_and_what_was_asked() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi";
        let (answer, asked) = asked(text, 2).await;
        let answer = answer.unwrap();
        assert_eq!((answer.status, &*answer.body), (200, &b"hi"[..]));
        assert_eq!(answer.content_type.as_deref(), Some("text/plain"));
        let asked = asked.to_ascii_lowercase();
        assert!(asked.starts_with("post /a?b=c http/1.1\r\n"), "{asked}");
        for line in ["x-one: two", "content-length: 2", "host: 127.0.0.1:"] {
            assert!(asked.contains(&format!("\r\n{line}")), "{line} in {asked}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer() {
        let text =
            b"HTTP/1.1 302 Found\r\nLocation: http://b.example/\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(asked(text, 0).await.0.unwrap().status, 302);
    }

    #[tokio::test]
    async fn long_answers_are_cut_off_announced_or_not() {
        let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
        let until_end = b"HTTP/1.1 200 OK\r\n\r\nhello";
        for text in [&announced[..], chunked, until_end] {
            let long = asked(text, 4).await.0;
            assert!(matches!(long, Err(HttpError::Long(4))), "{long:?}");
            assert_eq!(&*asked(text, 5).await.0.unwrap().body, b"hello");
        }
    }

    #[tokio::test]
    async fn what_is_no_http_or_ends_early_is_an_error() {
        for text in [
            &b"SSH-2.0-x\r\n\r\n"[..],
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        ] {
            let answer = asked(text, 100).await.0;
            assert!(matches!(answer, Err(HttpError::Broken(_))), "{answer:?}");
        }
    }

    #[test]
    fn the_host_as_browsers_say_it() {
        for (url, host) in [
            ("http://a.example/", "a.example"),
            ("https://a.example:443/", "a.example"),
            ("http://a.example:443/", "a.example:443"),
            ("http://[::1]:8000/", "[::1]:8000"),
        ] {
            assert_eq!(host_of(&HttpUrl::parse(url).unwrap()), host);
        }
    }
}
