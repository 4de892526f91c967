import assert from "node:assert/strict";
import { test } from "node:test";

import { offersVideo } from "../phone/peer.js";

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
