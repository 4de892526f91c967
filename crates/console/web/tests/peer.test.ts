import assert from "node:assert/strict";
import { test } from "node:test";

import { inStereo, offersVideo } from "../phone/peer.js";

const sdp = (...media: string[]) => ["v=0", "s=-", ...media.flatMap((one) => one.split("|"))].join("\r\n") + "\r\n";

test("a picture is offered by a video line that sends", () => {
  assert.equal(offersVideo(sdp("m=audio 9 RTP/AVP 0|a=sendrecv", "m=video 9 RTP/AVP 96|a=sendrecv")), true);
  assert.equal(offersVideo(sdp("m=video 9 RTP/AVP 96|a=sendonly")), true);
  assert.equal(offersVideo(sdp("m=video 9 RTP/AVP 96")), true);
  assert.equal(offersVideo(sdp("m=audio 9 RTP/AVP 0|a=sendrecv")), false);
  assert.equal(offersVideo(sdp("m=video 0 RTP/AVP 96|a=sendrecv")), false);
  assert.equal(offersVideo(sdp("m=video 0 RTP/AVP 96|a=bundle-only|a=sendrecv")), true);
  assert.equal(offersVideo(sdp("m=video 9 RTP/AVP 96|a=inactive")), false);
  assert.equal(offersVideo(sdp("m=video 9 RTP/AVP 96|a=recvonly", "m=audio 9 RTP/AVP 0|a=sendonly")), false);
});

test("both ears are asked for wherever Opus is", () => {
  const chromium = sdp("m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0|a=rtpmap:111 opus/48000/2|a=fmtp:111 minptime=10;useinbandfec=1|a=rtpmap:63 red/48000/2|a=fmtp:63 111/111");
  const asked = inStereo(chromium);
  assert.ok(asked.includes("a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n"), asked);
  assert.equal(asked.length, chromium.length + ";stereo=1".length, "and nothing else is changed");
  assert.equal(inStereo(asked), asked);
  const firefox = sdp("m=audio 9 UDP/TLS/RTP/SAVPF 109|a=rtpmap:109 opus/48000/2|a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1");
  assert.equal(inStereo(firefox), firefox);
  const without = sdp("m=audio 9 RTP/AVP 0|a=rtpmap:0 PCMU/8000");
  assert.equal(inStereo(without), without);
});
