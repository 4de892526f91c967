// What the library does to every description it is given (sylkrtc.md §5.5): takes it apart, changes what
// old gateways got wrong, and puts it together again. What does not survive this never reaches the browser.

import { parse, write } from './sdp_transform.js';

// Which media a description is about. The library looks for "sendrecv" literally.
export function mediaTypes(sdp) {
  const types = { audio: false, video: false };
  for (const media of parse(sdp).media) {
    if (media.port !== 0 && media.direction === 'sendrecv' && media.type in types) types[media.type] = true;
  }
  return types;
}

// As the browser gets it.
export function mangled(sdp) {
  const description = parse(sdp);
  for (const media of description.media) {
    if (media.rtcpFb) media.rtcpFb = media.rtcpFb.filter(({ payload }) => payload !== '*');
    if (media.type === 'video') addProfile(media);
  }
  return write(description);
}

function addProfile(media) {
  const first = media.rtp.find(({ codec }) => codec.toUpperCase() === 'H264');
  if (!first) return;
  const given = media.fmtp.find(({ payload }) => payload === first.payload);
  if (given && given.config.includes('profile-level-id')) return;
  const config = 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1';
  if (given) given.config = config;
  else media.fmtp.push({ payload: first.payload, config });
}
