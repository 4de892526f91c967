//! Figures for Prometheus.

use std::sync::atomic::Ordering;

use api::Switch;
use embedded::Embedded;
use eventlog::EventLog;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use store::Store;

/// Bounds of the step histogram in seconds; the budget is the fourth.
const STEP_BOUNDS: [f64; 8] = [
    0.000_025, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.005, 0.05,
];

/// Sets the recorder of the process up.
///
/// # Errors
/// When there is one already.
pub(crate) fn start() -> anyhow::Result<PrometheusHandle> {
    let steps = Matcher::Full("jackfield_switch_step_seconds".to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(steps, &STEP_BOUNDS)?
        .install_recorder()?;
    Ok(handle)
}

/// Brings the figures that are not counted where they happen up to date.
pub(crate) fn refresh(
    switch: &Switch,
    embedded: &Embedded,
    store: &Store,
    event_log: Option<&EventLog>,
) {
    let view = switch.view();
    let census = embedded.census();
    #[allow(
        clippy::cast_precision_loss,
        reason = "a gauge of that many channels may be off by one"
    )]
    let set = |name: &'static str, value: u64| gauge!(name).set(value as f64);
    set("jackfield_channels", view.channels.size() as u64);
    set("jackfield_rooms", view.rooms.size() as u64);
    set("jackfield_registrations", view.registrations.size() as u64);
    set("jackfield_scheduled_tasks", view.tasks.size() as u64);
    set("jackfield_sip_sessions", census.sip_sessions as u64);
    set("jackfield_sip_subscriptions", census.subscriptions as u64);
    set("jackfield_playbacks", census.plays as u64);
    set("jackfield_recordings", census.records as u64);
    set("jackfield_timers", census.timers as u64);
    set("jackfield_store_connected", u64::from(store.is_connected()));
    set("jackfield_draining", u64::from(view.settings.draining));
    gauge!("jackfield_idle_cpu_percent")
        .set(f64::from(embedded.idle_cpu().centi_percent()) / 100.0);

    let bus = switch.bus_counters();
    let count = |name: &'static str, value: &std::sync::atomic::AtomicU64| {
        counter!(name).absolute(value.load(Ordering::Relaxed));
    };
    count("jackfield_bus_events_published_total", &bus.published);
    count("jackfield_bus_events_delivered_total", &bus.delivered);
    count("jackfield_bus_overruns_total", &bus.overruns);
    set(
        "jackfield_bus_subscribers",
        bus.subscribers.load(Ordering::Relaxed),
    );
    if let Some(log) = event_log {
        let counters = log.counters();
        count("jackfield_event_log_records_total", &counters.records);
        count("jackfield_event_log_bytes_total", &counters.bytes);
        count("jackfield_event_log_lost_total", &counters.lost);
        count("jackfield_event_log_gaps_total", &counters.gaps);
        count("jackfield_event_log_failures_total", &counters.failures);
        count("jackfield_event_log_torn_bytes_total", &counters.torn_bytes);
        set("jackfield_event_log_size_bytes", log.bytes());
    }
    counter!("jackfield_sessions_total").absolute(view.counters.sessions_since_startup);

    for (index, worker) in embedded.media_counters().iter().enumerate() {
        let count = |name: &'static str, value: u64| {
            counter!(name, "worker" => index.to_string()).absolute(value);
        };
        count("jackfield_media_ticks_total", worker.ticks.get());
        count(
            "jackfield_media_ticks_skipped_total",
            worker.skipped_ticks.get(),
        );
        count(
            "jackfield_media_busy_microseconds_total",
            worker.busy_us.get(),
        );
        count(
            "jackfield_media_datagrams_in_total",
            worker.datagrams_in.get(),
        );
        count(
            "jackfield_media_datagrams_out_total",
            worker.datagrams_out.get(),
        );
        count("jackfield_media_encoded_total", worker.encoded.get());
        count("jackfield_media_rendered_total", worker.rendered.get());
        count(
            "jackfield_media_send_failures_total",
            worker.send_failures.get(),
        );
        count(
            "jackfield_media_web_dropped_total",
            worker.web_dropped.get(),
        );
        count(
            "jackfield_media_reports_dropped_total",
            worker.reports_dropped.get(),
        );
        let set = |name: &'static str, value: u64| {
            #[allow(clippy::cast_precision_loss, reason = "as above")]
            gauge!(name, "worker" => index.to_string()).set(value as f64);
        };
        set(
            "jackfield_media_worst_lateness_microseconds",
            worker.worst_lateness_us.get(),
        );
        set("jackfield_media_legs", worker.legs.get());
        set(
            "jackfield_media_reports_waiting",
            worker.reports_waiting.get(),
        );
    }

    {
        let web = embedded.web_counters();
        let count = |name: &'static str, value: u64| counter!(name).absolute(value);
        count("jackfield_web_datagrams_in_total", web.datagrams_in.get());
        count("jackfield_web_datagrams_out_total", web.datagrams_out.get());
        count("jackfield_web_send_failures_total", web.send_failures.get());
        count("jackfield_web_strangers_total", web.strangers.get());
        count("jackfield_web_audio_dropped_total", web.audio_dropped.get());
        count("jackfield_web_audio_refused_total", web.audio_refused.get());
        count(
            "jackfield_web_video_forwarded_total",
            web.video_forwarded.get(),
        );
        count("jackfield_web_video_refused_total", web.video_refused.get());
        count(
            "jackfield_web_audio_forwarded_total",
            web.audio_forwarded.get(),
        );
        count(
            "jackfield_web_keyframes_asked_total",
            web.keyframes_asked.get(),
        );
        count("jackfield_web_feeds_refused_total", web.feeds_refused.get());
        count("jackfield_web_failures_total", web.failures.get());
        count("jackfield_web_busy_microseconds_total", web.busy_us.get());
        set("jackfield_web_peers", web.peers.get());
        set("jackfield_web_feeds", web.feeds.get());
        set("jackfield_web_lines", web.lines.get());
        set("jackfield_web_reports_waiting", web.reports_waiting.get());
    }
}
