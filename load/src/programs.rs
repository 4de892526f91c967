//! Outbound connections: channels that ask for a program, which looks at each and hangs it up.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::event_client::EventClient;
use crate::server::{SMALL_REPLAY, Server};
use crate::spread::Spread;

/// Calls before anything is counted.
const WARM_UP: usize = 50;

pub(crate) async fn run(binary: &Path, calls: usize, at_a_time: usize) -> Result<()> {
    println!("\n# jackfield-load programs --calls {calls} --at-a-time {at_a_time}");
    let server = Server::start_with(binary, SMALL_REPLAY, &[]).await?;
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .context("listening as a program")?;
    let mut console = EventClient::connect(server.event_socket).await?;
    served(&mut console, &listener, WARM_UP.min(calls), at_a_time).await?;
    let processor = server.processor_time()?;
    let began = Instant::now();
    let times = served(&mut console, &listener, calls, at_a_time).await?;
    let took = began.elapsed();
    let used = server.processor_time()? - processor;
    println!(
        "{calls} channels were dialled for, looked at and hung up, {:.0}/s: {:.2} ms of processor each; from the connection to its end {}",
        calls as f64 / took.as_secs_f64(),
        used.as_secs_f64() * 1000.0 / calls as f64,
        Spread::of(times)
    );
    server.stop().await
}

/// As soon as one channel has ended the next is made, up to so many.
async fn served(
    console: &mut EventClient,
    listener: &TcpListener,
    calls: usize,
    at_a_time: usize,
) -> Result<Vec<std::time::Duration>> {
    let port = listener.local_addr()?.port();
    let request = format!("bgapi originate null/x '&socket(127.0.0.1:{port} async full)'");
    let (mut begun, mut times, mut sessions) = (0, Vec::with_capacity(calls), JoinSet::new());
    while times.len() < calls {
        while begun < calls && begun - times.len() < at_a_time.max(1) {
            console.command(&request).await?;
            begun += 1;
        }
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.context("accepting a connection of the server")?;
                sessions.spawn(session(stream));
            }
            Some(ended) = sessions.join_next() => times.push(ended.context("joining a session")??),
        }
    }
    Ok(times)
}

async fn session(stream: TcpStream) -> Result<std::time::Duration> {
    let began = Instant::now();
    stream.set_nodelay(true).context("setting TCP_NODELAY")?;
    let mut program = EventClient::accepted(stream);
    program.command("connect").await?;
    program
        .command("sendmsg\ncall-command: hangup\nhangup-cause: NORMAL_CLEARING")
        .await?;
    // Until the server says goodbye.
    while program.next().await.is_ok() {}
    Ok(began.elapsed())
}
