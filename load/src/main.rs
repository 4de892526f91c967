//! Measures a running server from outside: what it delivers, and what that costs it.
//!
//! Every figure is printed with the command that made it and the machine it was made on. Each starts
//! a server of its own on free ports of 127.0.0.1 and ends it, so figures do not colour each other.

mod api_calls;
mod calls;
mod digest;
mod event_client;
mod events;
mod janus;
mod latency;
mod machine;
mod originates;
mod panel;
mod parked;
mod parked_events;
mod process;
mod programs;
mod registrations;
mod relay;
mod rooms;
mod server;
mod sip_agent;
mod spread;
mod web;

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use web::{PageCodec, Wanted, Which};

/// Load figures of a Jackfield server.
#[derive(Parser)]
#[command(name = "jackfield-load")]
struct Arguments {
    /// The server's binary.
    #[arg(long, global = true, default_value = "target/release/jackfield")]
    server: PathBuf,
    #[command(subcommand)]
    figure: Figure,
}

#[derive(Subcommand)]
enum Figure {
    /// Every figure with its defaults.
    All,
    /// Events delivered per second to event-socket clients.
    Events {
        /// Numbers of clients, one run each.
        #[arg(long, value_delimiter = ',', default_value = "1,10,100")]
        clients: Vec<usize>,
        /// plain, json or xml.
        #[arg(long, default_value = "plain")]
        format: String,
        /// Over TLS.
        #[arg(long)]
        tls: bool,
        /// Length of one run.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// Connections per second to a program that controls channels (`socket`).
    Programs {
        /// Channels in all.
        #[arg(long, default_value_t = 2000)]
        calls: usize,
        /// Channels at a time.
        #[arg(long, default_value_t = 32)]
        at_a_time: usize,
    },
    /// `bgapi originate` at a given rate: none lost, how late, at what cost.
    Originates {
        /// Jobs per second.
        #[arg(long, default_value_t = 1000)]
        rate: usize,
        /// Length of the measurement.
        #[arg(long, default_value_t = 10)]
        seconds: usize,
        /// Whom they call.
        #[arg(long, default_value = "loopback/9196")]
        dial: String,
        /// What whoever was answered does.
        #[arg(long, default_value = "&hangup()")]
        then: String,
    },
    /// Time from `sendevent` on one connection to the event on another.
    Latency {
        /// How many events are sent.
        #[arg(long, default_value_t = 1000)]
        samples: usize,
        /// How many per second.
        #[arg(long, default_value_t = 100)]
        rate: u64,
    },
    /// `api create_uuid`, one at a time and pipelined.
    Api {
        /// How many commands each way.
        #[arg(long, default_value_t = 50_000)]
        commands: usize,
    },
    /// Processor time per bridged call, signalling only.
    Calls {
        /// Calls in all.
        #[arg(long, default_value_t = 1000)]
        calls: usize,
        /// Calls begun per second.
        #[arg(long, default_value_t = 100)]
        rate: u64,
    },
    /// Processor time per pair of REGISTER requests with digest.
    Registrations {
        /// Pairs in all.
        #[arg(long, default_value_t = 20_000)]
        pairs: usize,
        /// Pairs in flight.
        #[arg(long, default_value_t = 16)]
        in_flight: usize,
    },
    /// Memory per binding.
    Bindings {
        /// Users, each of whom registers once.
        #[arg(long, default_value_t = 20_000)]
        users: usize,
    },
    /// Processor time per relayed RTP packet.
    Relay {
        /// Bridged calls, each with a packet of 172 bytes every 20 ms both ways.
        #[arg(long, default_value_t = 100)]
        calls: usize,
        /// Length of the measurement.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// Calls between pages and a telephone: set-up, processor time, memory.
    WebCalls {
        /// Which servers, one after the other. Janus needs an address that is not loopback, as in load/beside-janus.sh.
        #[arg(long, value_enum, value_delimiter = ',', default_value = "jackfield")]
        servers: Vec<Which>,
        /// Calls at a time.
        #[arg(long, default_value_t = 100)]
        calls: usize,
        /// What the pages talk with; the telephone talks G.711.
        #[arg(long, value_enum, default_value = "pcmu")]
        codec: PageCodec,
        /// Length of the measurement.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Where pages and server send their audio.
        #[arg(long, default_value = "127.0.0.1")]
        address: IpAddr,
    },
    /// Memory per connection of a page that waits.
    WebIdle {
        /// How many, of each kind.
        #[arg(long, default_value_t = 1000)]
        connections: usize,
    },
    /// Members of a conference in Opus: processor time, lateness, memory.
    Rooms {
        /// Which servers, one after the other and again from the first.
        #[arg(long, value_enum, value_delimiter = ',', default_value = "jackfield")]
        servers: Vec<rooms::Mixer>,
        /// Members of the conference.
        #[arg(long, default_value_t = 60)]
        members: usize,
        /// How many of them talk, the others sending nothing; everybody if not said.
        #[arg(long)]
        talkers: Option<usize>,
        /// Length of a measurement.
        #[arg(long, default_value_t = 15)]
        seconds: u64,
        /// Measurements of each server.
        #[arg(long, default_value_t = 1)]
        runs: usize,
    },
    /// Events of the panel's door to many clients with filters: none lost, none too many, how late, at what cost.
    PanelEvents {
        /// Clients.
        #[arg(long, default_value_t = 1000)]
        subscribers: usize,
        /// Events of the switch per second.
        #[arg(long, default_value_t = 5000)]
        rate: usize,
        /// Length of a measurement.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Measurements.
        #[arg(long, default_value_t = 3)]
        runs: usize,
    },
    /// REST reads per second of the panel's door.
    PanelReads {
        /// Extensions there are.
        #[arg(long, default_value_t = 10_000)]
        extensions: usize,
        /// Length of the measurement.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Connections, each with one request at a time.
        #[arg(long, default_value_t = 16)]
        connections: usize,
    },
    /// How soon a server is there again that has kept many configuration objects.
    PanelStart {
        /// How many.
        #[arg(long, default_value_t = 100_000)]
        objects: usize,
        /// Starts.
        #[arg(long, default_value_t = 5)]
        runs: usize,
    },
    /// Memory per parked leg, and what idle ones cost.
    Parked {
        /// Legs of each kind.
        #[arg(long, default_value_t = 500)]
        legs: usize,
    },
    /// Parked legs that tell all their variables every second, to one who listens to everything.
    ParkedEvents {
        /// Legs of each kind.
        #[arg(long, default_value_t = 1000)]
        legs: usize,
        /// Length of the measurement.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    println!("machine: {}", machine::description());
    match measure(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jackfield-load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: Arguments) -> Result<()> {
    let server = arguments.server;
    match arguments.figure {
        Figure::All => {
            events::run(&server, &[1, 10, 100], "plain", false, 5).await?;
            events::run(&server, &[1, 10, 100], "plain", true, 5).await?;
            programs::run(&server, 2000, 32).await?;
            latency::run(&server, 1000, 100).await?;
            api_calls::run(&server, 50_000).await?;
            registrations::run(&server, 20_000, 16).await?;
            registrations::bindings(&server, 20_000).await?;
            calls::run(&server, 1000, 100).await?;
            relay::run(&server, 100, 5).await?;
            parked::run(&server, 500).await?;
            parked_events::run(&server, 1000, 10).await?;
            originates::run(&server, &originates::Wanted::ordinary()).await?;
            for codec in [PageCodec::Pcmu, PageCodec::Opus] {
                web::calls(&server, &Wanted::alone(codec)).await?;
            }
            rooms::run(&server, &rooms::Wanted::alone(60, 60)).await?;
            rooms::run(&server, &rooms::Wanted::alone(300, 3)).await?;
            panel::events(&server, 1000, 5000, 5, 1).await?;
            panel::reads(&server, 10_000, 5, 16).await?;
            panel::start_up(&server, 100_000, 5).await?;
            web::idle(&server, 1000).await
        }
        Figure::Events {
            clients,
            format,
            tls,
            seconds,
        } => events::run(&server, &clients, &format, tls, seconds).await,
        Figure::Programs { calls, at_a_time } => programs::run(&server, calls, at_a_time).await,
        Figure::Latency { samples, rate } => latency::run(&server, samples, rate).await,
        Figure::Api { commands } => api_calls::run(&server, commands).await,
        Figure::Calls { calls, rate } => calls::run(&server, calls, rate).await,
        Figure::Registrations { pairs, in_flight } => {
            registrations::run(&server, pairs, in_flight).await
        }
        Figure::Bindings { users } => registrations::bindings(&server, users).await,
        Figure::Relay { calls, seconds } => relay::run(&server, calls, seconds).await,
        Figure::WebCalls {
            servers,
            calls,
            codec,
            seconds,
            address,
        } => {
            let wanted = Wanted {
                servers,
                calls,
                seconds,
                codec,
                address,
            };
            web::calls(&server, &wanted).await
        }
        Figure::WebIdle { connections } => web::idle(&server, connections).await,
        Figure::Rooms {
            servers,
            members,
            talkers,
            seconds,
            runs,
        } => {
            let wanted = rooms::Wanted {
                mixers: servers,
                members,
                talkers: talkers.unwrap_or(members),
                seconds,
                runs,
            };
            rooms::run(&server, &wanted).await
        }
        Figure::PanelEvents {
            subscribers,
            rate,
            seconds,
            runs,
        } => panel::events(&server, subscribers, rate, seconds, runs).await,
        Figure::PanelReads {
            extensions,
            seconds,
            connections,
        } => panel::reads(&server, extensions, seconds, connections).await,
        Figure::PanelStart { objects, runs } => panel::start_up(&server, objects, runs).await,
        Figure::Parked { legs } => parked::run(&server, legs).await,
        Figure::ParkedEvents { legs, seconds } => parked_events::run(&server, legs, seconds).await,
        Figure::Originates {
            rate,
            seconds,
            dial,
            then,
        } => {
            let wanted = originates::Wanted {
                rate,
                seconds,
                dial,
                then,
            };
            originates::run(&server, &wanted).await
        }
    }
}
