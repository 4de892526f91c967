// Tones to send, and ears: what was sent and what came back, recorded on one clock.

let made;

// One for all, whoever asks first.
async function clock() {
  made ??= (async () => {
    const context = new AudioContext({ sampleRate: 48000 });
    await context.audioWorklet.addModule('recorder.js');
    return context;
  })();
  const context = await made;
  await context.resume();
  return context;
}

// A stream with a tone made in the page; `level` in dBFS. It can be switched, to see how long it takes.
export async function tone(hertz, level) {
  const audio = await clock();
  const oscillator = audio.createOscillator();
  oscillator.frequency.value = hertz;
  const gain = audio.createGain();
  gain.gain.value = 10 ** (level / 20);
  const target = audio.createMediaStreamDestination();
  target.channelCount = 1;
  oscillator.connect(gain).connect(target);
  oscillator.start();
  return {
    stream: target.stream,
    set: (dbfs) => {
      gain.gain.value = dbfs === null ? 0 : 10 ** (dbfs / 20);
    },
  };
}

// The browser's own microphone, untouched: its clean-up takes a steady tone for noise.
export function microphone(video) {
  return navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 },
    video: video ? { width: 320, height: 240, frameRate: 15 } : false,
  });
}

// Records both streams for so many seconds; base64 of 32 bit floats.
export async function record(sent, got, seconds, meanwhile) {
  const audio = await clock();
  const recorder = new AudioWorkletNode(audio, 'recorder', { numberOfInputs: 2, numberOfOutputs: 0 });
  const sources = [sent, got].map((stream, side) => {
    if (!stream || stream.getAudioTracks().length === 0) return null;
    const source = audio.createMediaStreamSource(new MediaStream(stream.getAudioTracks()));
    source.connect(recorder, 0, side);
    return source;
  });
  const parts = [[], []];
  recorder.port.onmessage = ({ data }) => data.forEach((samples, side) => parts[side].push(samples));
  if (meanwhile) setTimeout(meanwhile, 300);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  recorder.port.postMessage('stop');
  for (const source of sources) if (source) source.disconnect();
  return { rate: audio.sampleRate, sent: base64(parts[0]), got: base64(parts[1]) };
}

function base64(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  let text = '';
  for (let start = 0; start < bytes.length; start += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  }
  return btoa(text);
}
