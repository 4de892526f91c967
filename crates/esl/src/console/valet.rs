//! `valet_info`: who is parked (event-socket.md §6.8).

use super::call::Call;
use crate::serialise::xml::write_text;

pub(super) async fn valet_info(call: &Call<'_>) -> String {
    let view = call.view();
    let wanted = call.args.trim();
    let mut out = String::from("<lots>\n");
    let lots = view.lots.values();
    for lot in lots.filter(|lot| wanted.is_empty() || &*lot.name == wanted) {
        out.push_str(&format!("  <lot name=\"{}\">\n", escaped(&lot.name)));
        for parked in &lot.parked {
            let (channel, slot) = (escaped(parked.channel.as_str()), escaped(&parked.slot));
            out.push_str(&format!(
                "    <extension uuid=\"{channel}\">{slot}</extension>\n"
            ));
        }
        out.push_str("  </lot>\n");
    }
    out.push_str("</lots>\n");
    out
}

fn escaped(text: &str) -> String {
    let mut out = Vec::new();
    write_text(&mut out, text);
    String::from_utf8_lossy(&out).replace('"', "&quot;")
}
