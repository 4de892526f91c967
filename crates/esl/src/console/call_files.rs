//! Commands about the files that records of calls are written to (docs/protocols/event-socket.md).

use super::CallFiles;
use super::call::{Call, OK, usage};

/// `rotate`
pub(super) async fn cdr_csv(call: &Call<'_>) -> String {
    rotate(call, CallFiles::Csv).await
}

/// `rotate`
pub(super) async fn xml_cdr(call: &Call<'_>) -> String {
    rotate(call, CallFiles::Xml).await
}

async fn rotate(call: &Call<'_>, files: CallFiles) -> String {
    if call.args.trim() != "rotate" {
        return usage("rotate");
    }
    match call.console.host.rotate(files).await {
        Ok(()) => OK.to_owned(),
        Err(error) => format!("-ERR {error}\n"),
    }
}
