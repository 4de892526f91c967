//! Commands about the machine the server runs on: files, the environment, certificates, programs (event-socket.md §6.8;
//! golden api-01-system, api-11-system-cmds).

use super::call::{Call, OK, usage};
use api::command::server::Fire;
use api::event::CustomEvent;

/// Of what is not there.
const UNDEFINED: &str = "_undef_";

/// `<file>`
pub(super) async fn file_exists(call: &Call<'_>) -> String {
    let path = call.args.to_owned();
    call.console.host.file_exists(path).await.to_string()
}

/// `<name>`. What the configuration reads a secret from is not told.
pub(super) async fn getenv(call: &Call<'_>) -> String {
    let found = call.console.host.environment_variable(call.args);
    found.unwrap_or_else(|| UNDEFINED.to_owned())
}

/// The answer does not wait for the certificates to be read; whoever reads them logs how that went.
pub(super) async fn reloadcert(call: &Call<'_>) -> String {
    call.console.host.reload_certificates();
    let event = CustomEvent {
        name: "CERT_RELOAD".into(),
        subclass: None,
        headers: Vec::new(),
        body: None,
        from_client: false,
    };
    // A switch that has stopped tells nobody.
    call.ask(Fire { event }).await.ok();
    "+OK cert reload event sent\n".to_owned()
}

/// `<command>`: what a shell prints who runs it.
pub(super) async fn system(call: &Call<'_>) -> String {
    if call.args.is_empty() {
        return usage("<command>");
    }
    let output = call.console.host.run_program(call.args.to_owned()).await;
    String::from_utf8_lossy(&output).into_owned()
}

/// The same; nobody waits for it, and nobody reads what it prints.
pub(super) async fn bg_system(call: &Call<'_>) -> String {
    if call.args.is_empty() {
        return usage("<command>");
    }
    let program = call.console.host.run_program(call.args.to_owned());
    let job = Box::pin(async move { drop(program.await) });
    if call.console.host.spawn(job) {
        OK.to_owned()
    } else {
        "-ERR too many jobs\n".to_owned()
    }
}
